"""The kernel in the browser: JupyterLite with `lnn` and every chapter, under ``lite/``.

Of the two ways that were tried, this calls JupyterLite's own build. jupyterlite-sphinx does the
same call and adds directives for frames; but its directives stand in the source, where a frozen
explorer knows its code only when it runs, it builds again at every change of any page, and its
frames name the kernel's files by paths that break in a subfolder. What is left of it, two
addresses, is `explorer.js` (the prompt of JupyterLite, running one explorer in the page) and
`pages.py` (a chapter as a notebook).

The kernel installs `lnn` from a wheel of this checkout. The public index is switched off, since a
package of that name there is a stranger's. Pyodide itself comes from its own CDN when a reader
starts the kernel; the environment variable ``LNN_PYODIDE``, a Pyodide tarball or the folder in it,
makes it part of the site.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import nbformat
from book_text.numbers import without_comments
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging

from book_site import references, wheels
from book_site.fingerprint import digest, package_files

LOGGER = logging.getLogger(__name__)

PYODIDE = "LNN_PYODIDE"
PYODIDE_CDN = "https://cdn.jsdelivr.net/pyodide/v0.27.7/full/pyodide.js"
MEGABYTES = 40
"""What a browser loads for one chapter the first time, as a test measures; pages say it."""

KERNEL = "@jupyterlite/pyodide-kernel-extension"
EXTENSIONS = (
    "@jupyter-widgets/jupyterlab-manager",
    "anywidget",  # laboratories and predictions
    KERNEL,
    "jupyterlab_pygments",
    "jupyterlab-myst",  # theorems, admonitions and numbered equations, as on the page
)
APPS = ("notebooks", "repl", "lab")
RUN_ALL = Path(__file__).with_name("run_all")
"""Our own extension: an address with ``run=all`` opens a notebook and runs it."""

_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)

SETUP_TAG = "setup"
SETUP = """\
# The book's package, from this site; Python runs in your browser.
%pip install -q lnn ipywidgets anywidget matplotlib
import logging

logging.getLogger("matplotlib.font_manager").setLevel("ERROR")\
"""
"""What the set-up cell of a chapter becomes in its copy for the browser."""


def setup(app: Sphinx) -> None:
    """Build after the pages."""
    app.connect("build-finished", _after_build, priority=950)


def _after_build(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    names = app.env.found_docs
    chapters = [p for n in sorted(names) if (p := Path(app.env.doc2path(n))).suffix == ".ipynb"]
    pyodide = Path(os.environ[PYODIDE]).resolve() if os.environ.get(PYODIDE) else None
    build(Path(app.srcdir), chapters, Path(app.outdir) / "lite", pyodide)


def build(root: Path, chapters: Iterable[Path], out: Path, pyodide: Path | None = None) -> None:
    """Build JupyterLite into `out`, unless it is there and nothing it is made of has changed.

    Parameters
    ----------
    root : Path
        The checkout, with ``pyproject.toml`` and ``lnn``.
    chapters : iterable of Path
        Notebooks.
    out : Path
        The folder, made anew.
    pyodide : Path, optional
        A Pyodide distribution to host: the tarball or its unpacked folder.

    Raises
    ------
    ExtensionError
        Where a part is missing, with what the tools said.
    """
    chapters = list(chapters)
    if pyodide is not None and not pyodide.exists():
        raise ExtensionError(f"{PYODIDE} is {pyodide}: no such file or folder")
    ours = [
        *Path(__file__).parents[1].rglob("*.py"),
        *RUN_ALL.rglob("*.js*"),
        *package_files(root),
        root / "pyproject.toml",
        *(root / "book").glob("*.md"),
        root / "book" / "references.bib",
    ]
    packages = ("jupyterlite-core", "jupyterlite-pyodide-kernel", "jupyterlab-myst")
    packages += wheels.INSTALLED
    stamp = digest([*ours, *chapters], str(pyodide), *(f"{p} {version(p)}" for p in packages))
    built = out / "built.txt"
    if built.exists() and built.read_text() == stamp:
        return
    LOGGER.info("building the kernel in the browser")
    shutil.rmtree(out, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        wheels.build(root, work / "wheels")
        copies = work / "chapters"
        copies.mkdir()
        for name, notebook in browser_copies(root, chapters).items():
            nbformat.write(notebook, copies / name)
        _run_build(work, copies, out, pyodide)
    for page in out.rglob("index.html"):
        _without_inline_script(page)
    built.write_text(stamp)


def _without_inline_script(page: Path) -> None:
    """Move the script that starts an application into a file: a policy can forbid inline ones."""
    text = page.read_text(encoding="utf-8")
    page.write_text(_INLINE.sub(r'<script src="start.js"></script>', text), encoding="utf-8")
    scripts = _INLINE.findall(text)
    if scripts:
        page.with_name("start.js").write_text("\n".join(scripts), encoding="utf-8")


def browser_copies(root: Path, chapters: Iterable[Path]) -> dict[str, nbformat.NotebookNode]:
    """Return the chapters as they open in the browser, by file name, with links to each other."""
    copies = {c: browser_copy(c) for c in chapters}
    pages = [(c, "\n".join(x.source for x in notebook.cells)) for c, notebook in copies.items()]
    pages += [(page, page.read_text()) for page in (root / "book").glob("*.md")]
    links = references.page_links(pages)
    citations = references.author_year(root / "book" / "references.bib")
    for chapter, notebook in copies.items():
        elsewhere = {k: link for k, link in links.items() if f"({chapter.name})" not in link}
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                text = without_comments(cell.source)
                cell.source = references.spell_out(text, elsewhere, citations)
    return {c.name: notebook for c, notebook in copies.items()}


def browser_copy(chapter: Path) -> nbformat.NotebookNode:
    """Return a chapter as it opens in the browser: not run, for that kernel and set up for it.

    Stored outputs stay.
    """
    notebook = nbformat.read(chapter, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count = None
    notebook.metadata["kernelspec"] = {
        "name": "python",
        "display_name": "Python (Pyodide)",
        "language": "python",
    }
    tagged = [c for c in notebook.cells if SETUP_TAG in c.metadata.get("tags", [])]
    for cell in tagged:
        cell.source = SETUP
    if not tagged:
        notebook.cells.insert(0, nbformat.v4.new_code_cell(SETUP, metadata={"tags": [SETUP_TAG]}))
    return notebook


def _run_build(work: Path, copies: Path, out: Path, pyodide: Path | None) -> None:
    """Run JupyterLite's build in `work`."""
    lite = work / "lite"
    lite.mkdir()
    settings: dict[str, object] = {"disablePyPIFallback": True}
    command = [sys.executable, "-m", "jupyterlite_core", "build", "--no-sourcemaps"]
    command += ["--no-libarchive", "--no-unused-shared-packages"]
    if pyodide is None:
        settings["pyodideUrl"] = PYODIDE_CDN
    elif pyodide.is_dir():
        (lite / "static").mkdir()
        (lite / "static" / "pyodide").symlink_to(pyodide)
    else:
        command += ["--pyodide", str(pyodide)]
    page = {
        "appName": "Linear networks",
        "exposeAppInBrowser": True,  # the tests run a chapter through it
        "litePluginSettings": {f"{KERNEL}:kernel": settings},
    }
    config = {"jupyter-lite-schema-version": 0, "jupyter-config-data": page}
    (lite / "jupyter-lite.json").write_text(json.dumps(config))

    installed = Path(sys.prefix) / "share" / "jupyter" / "labextensions"
    options = {
        "LiteBuildConfig": {
            "apps": APPS,
            "contents": [str(copies)],
            "lite_dir": str(lite),
            "output_dir": str(out.resolve()),
            "ignore_sys_prefix": ["federated_extensions"],  # not what else is installed here
            "federated_extensions": [*(str(installed / e) for e in EXTENSIONS), str(RUN_ALL)],
        },
        "PipliteAddon": {"piplite_urls": [str(work / "wheels")]},
    }
    (work / "options.json").write_text(json.dumps(options))
    command += ["--config", str(work / "options.json")]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ExtensionError(f"JupyterLite's build failed:\n{done.stdout}{done.stderr}")
