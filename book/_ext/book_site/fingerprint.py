"""Results are never stale: what `lnn` computes is cached under a hash of `lnn`.

Jupyter Book's cache is keyed on the notebook alone, so after an edit of `lnn` it would show old
results. Here the cache folder is named by a hash of the package, the pinned requirements, the
Python version and the verdicts in the chapters' stored outputs, which the ledger collects. A
configuration value with that hash makes Sphinx read every page again.
"""

import hashlib
import shutil
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment

from lnn.book.audit.table import read_evidence


def setup(app: Sphinx) -> None:
    """Register the hash as a configuration value, and set it once the configuration is read."""
    app.add_config_value("book_fingerprint", "", "env", str)
    app.add_config_value("book_reads_chapters", [], "env", list)
    app.connect("config-inited", _configure)
    app.connect("env-get-outdated", _readers_of_changed_chapters)


def digest(files: Iterable[Path], *extra: str) -> str:
    """Return a short hash of the names and contents of files, and of further text."""
    total = hashlib.sha256()
    for text in extra:
        total.update(text.encode() + b"\0")
    for path in sorted(files):
        total.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]


def package_files(root: Path) -> list[Path]:
    """Return the files of `lnn`."""
    files = (p for p in (root / "lnn").rglob("*") if p.is_file())
    return [p for p in files if "__pycache__" not in p.parts]


def computing_files(root: Path) -> list[Path]:
    """Return the files of `lnn` on which a result can depend: not what runs in the page."""
    page = {root / "lnn" / "book" / "labs" / name for name in ("lab.js", "lab.css")}
    return [path for path in package_files(root) if path not in page]


def _configure(app: Sphinx, config: Config) -> None:
    root = Path(app.srcdir)
    pins = [p for p in (root / "requirements-build.txt",) if p.exists()]
    verdicts = repr(read_evidence((root / "book").glob("*.ipynb")))
    config.book_fingerprint = digest([*computing_files(root), *pins], sys.version, verdicts)
    caches = Path(app.outdir).parent / ".jupyter_cache"
    ours = caches / config.book_fingerprint
    config.nb_execution_cache_path = str(ours)
    for other in caches.glob("*") if caches.exists() else ():
        if other != ours:
            shutil.rmtree(other) if other.is_dir() else other.unlink()


def _readers_of_changed_chapters(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Return the pages that read other chapters, where one of those has changed; forget results."""
    readers = [name for name in app.config.book_reads_chapters if name in env.found_docs]
    others = (Path(env.doc2path(name)) for name in env.found_docs if name not in readers)
    now = digest(path for path in others if path.suffix == ".ipynb")
    if getattr(env, "book_chapters", None) == now:
        return []
    env.book_chapters = now  # type: ignore[attr-defined]
    cache = get_cache(app.config.nb_execution_cache_path)
    for name in readers:
        notebook = nbformat.read(env.doc2path(name), as_version=4)
        with suppress(KeyError):
            cache.remove_cache(cache.match_cache_notebook(notebook).pk)
    return readers
