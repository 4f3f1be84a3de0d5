"""Results are never stale: what `lnn` computes is cached under a hash of `lnn`.

Jupyter Book's cache is keyed on the notebook alone, so after an edit of `lnn` it would show old
results. Here the cache folder is named by a hash of the package, the pinned requirements and the
Python version. A configuration value with that hash makes Sphinx read every page again.
"""

import hashlib
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

CACHES = ".jupyter_cache"
"""Folder beside the built pages that holds the cache, in a folder named by its fingerprint."""


def setup(app: Sphinx) -> None:
    """Register the hash as a configuration value, and set it once the configuration is read."""
    app.add_config_value("book_fingerprint", "", "env", str)
    app.connect("config-inited", _configure)


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


def fingerprint(root: Path) -> str:
    """Return a hash of all that a result of the checkout at `root` depends on."""
    pins = [p for p in (root / "requirements-build.txt",) if p.exists()]
    return digest([*computing_files(root), *pins], sys.version)


def _configure(app: Sphinx, config: Config) -> None:
    config.book_fingerprint = fingerprint(Path(app.srcdir))
    caches = Path(app.outdir).parent / CACHES
    ours = caches / config.book_fingerprint
    config.nb_execution_cache_path = str(ours)
    for other in caches.glob("*") if caches.exists() else ():
        if other != ours:
            shutil.rmtree(other) if other.is_dir() else other.unlink()
