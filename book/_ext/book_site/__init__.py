"""The machinery of the book's site, as one Sphinx extension; each file has one purpose.

fingerprint  results are never stale: the execution cache is named by a hash of `lnn`
execution    notebooks run in parallel before Sphinx reads them, with explorers frozen
formulas     formulas as MathML, set while the book is built
together     widths such as 5-4-4-5 on one line, numbers beside their formula
bibliography the bibliography in the style of the citations
sharing      description and picture of a page, for those who pass it on
pages        buttons, and pages that need no other host and no inline script
assets       one style sheet, small fonts, scripts that wait
pictures     pictures and the frames of explorers, which wait
search       the index of the book's own search
missing      the page for addresses that lead nowhere
labs         laboratories: their script and style, covers over what is predicted
audit        the table of the audit as files, and the script that filters it
lite         the kernel in the browser: JupyterLite with `lnn` and every chapter
slides       the pictures for a lecture, to be taken along
api          the docstrings of `lnn`, made safe for reStructuredText
"""

from typing import Any

from sphinx.application import Sphinx

from book_site import (
    api,
    audit,
    bibliography,
    execution,
    fingerprint,
    formulas,
    labs,
    lite,
    missing,
    pages,
    search,
    sharing,
    slides,
    together,
)

PARTS = (
    fingerprint,
    execution,
    formulas,
    together,
    bibliography,
    sharing,
    pages,
    labs,
    audit,
    search,
    missing,
    lite,
    slides,
    api,
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the parts, in the order in which a build needs them."""
    for part in PARTS:
        part.setup(app)
    return {"version": "1.0", "parallel_read_safe": True, "parallel_write_safe": True}
