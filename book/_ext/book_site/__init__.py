"""The machinery of the book's site, as one Sphinx extension; each file has one purpose.

fingerprint  results are never stale: the execution cache is named by a hash of `lnn`
execution    notebooks run in parallel before Sphinx reads them, with explorers frozen
formulas     formulas as MathML, set while the book is built
pages        buttons, and pages that need no other host and no inline script
labs         laboratories: their script and style, covers over what is predicted
lite         the kernel in the browser: JupyterLite with `lnn` and every chapter
api          the docstrings of `lnn`, made safe for reStructuredText
"""

from typing import Any

from sphinx.application import Sphinx

from book_site import api, execution, fingerprint, formulas, labs, lite, pages


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the parts, in the order in which a build needs them."""
    for part in (fingerprint, execution, formulas, pages, labs, lite, api):
        part.setup(app)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}
