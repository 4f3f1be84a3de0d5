"""Notebooks run in parallel before Sphinx reads them, with explorers frozen.

Sphinx reads one page after another, and MyST-NB executes a notebook where it reads it: on two
cores half the machine would wait. So the notebooks that are about to be read and are not in the
cache are executed first, several at a time, into the same cache. One that fails is left to
MyST-NB, which executes it again and reports the error in its own way.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from tqdm import tqdm

LOGGER = logging.getLogger(__name__)


def setup(app: Sphinx) -> None:
    """Tell kernels that the book is being built, and execute before pages are read."""
    app.connect("builder-inited", _announce)
    app.connect("env-before-read-docs", _execute, priority=400)


def _announce(app: Sphinx) -> None:
    """Set what the kernels inherit: explorers freeze, and their progress bars find a terminal."""
    cores = os.cpu_count() or 1
    os.environ["LNN_FREEZE"] = str(cores)
    # A kernel's standard error would become an output of the page.
    if hasattr(os, "ttyname") and os.isatty(2):
        os.environ["LNN_PROGRESS"] = os.ttyname(2)
    # Matrices here are small: one thread a kernel, one kernel a core.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")


def store(cache: JupyterCacheAbstract, path: Path, executed: NotebookNode, seconds: float) -> None:
    """Put an executed notebook into the cache from which pages take their outputs."""
    bundle = CacheBundleIn(executed, str(path), data={"execution_seconds": seconds})
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def _execute(app: Sphinx, env: BuildEnvironment, docnames: Sequence[str]) -> None:
    """Execute the notebooks among `docnames` that the cache does not hold."""
    if app.config.nb_execution_mode != "cache":
        return
    cache = get_cache(app.config.nb_execution_cache_path)
    waiting: dict[Path, NotebookNode] = {}
    for name in docnames:
        path = Path(env.doc2path(name))
        if path.suffix == ".ipynb" and path.exists():
            notebook = nbformat.read(path, as_version=4)
            try:
                cache.match_cache_notebook(notebook)
            except KeyError:
                waiting[path] = notebook
    workers = min(os.cpu_count() or 1, len(waiting))
    if workers < 2:
        return
    os.environ["LNN_FREEZE"] = "1"  # the cores are busy with notebooks

    def run(path: Path) -> ExecutionResult:
        return single_nb_execution(
            waiting[path],
            cwd=str(path.parent),
            timeout=app.config.nb_execution_timeout,
            allow_errors=False,
        )

    with ThreadPoolExecutor(workers) as pool:
        jobs = {pool.submit(run, path): path for path in waiting}
        for job in tqdm(as_completed(jobs), "executing notebooks", len(jobs), unit="notebook"):
            path, result = jobs[job], job.result()
            if result.err is None:
                store(cache, path, result.nb, result.time)
            LOGGER.info("%s: %.1f s%s", path.name, result.time, " (failed)" * bool(result.err))
    os.environ["LNN_FREEZE"] = str(os.cpu_count() or 1)
