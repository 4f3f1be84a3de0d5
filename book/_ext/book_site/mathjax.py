"""MathJax comes with the site: copied from a Python package, checked by hash.

``sphinx-mathjax-offline`` carries the files of MathJax 3.2.2. A page loads the TeX to CHTML bundle
and the fonts it uses; the extensions of TeX and of accessibility are there for those who ask.
"""

import shutil
from importlib.metadata import distribution
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from book_site.fingerprint import digest

DISTRIBUTION = "sphinx-mathjax-offline"
PREFIX = "sphinx-mathjax-offline/static/mathjax"
PARTS = (
    "tex-chtml.js",
    "output/chtml/fonts/woff-v2/*.woff",
    "input/tex/extensions/*.js",
    "input/mml.js",
    "a11y/*.js",
    "sre/mathmaps/base.json",
    "sre/mathmaps/en.json",
)
DIGEST = "4a15d93fcde1342a"


def setup(app: Sphinx) -> None:
    """Copy after the pages are written, and only where pages are written."""
    app.connect("build-finished", _copy)


def files() -> dict[Path, Path]:
    """Return the files to copy, by their place under ``_static/mathjax``, once their hash agrees.

    Raises
    ------
    ExtensionError
        Where the files are not those that the book was tested with.
    """
    source = Path(str(distribution(DISTRIBUTION).locate_file(PREFIX)))
    found = {p.relative_to(source): p for part in PARTS for p in source.glob(part)}
    actual = digest(found.values())
    if actual != DIGEST:
        raise ExtensionError(
            f"MathJax in {source} has digest {actual}, not {DIGEST}: "
            f"install {DISTRIBUTION} at the version in requirements-build.txt"
        )
    return found


def _copy(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    for place, path in files().items():
        target = Path(app.outdir) / "_static" / "mathjax" / place
        if not target.exists() or target.stat().st_size != path.stat().st_size:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
