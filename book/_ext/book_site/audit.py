"""The table of the audit as ``audit.csv`` and ``audit.json``, and the script that filters it.

The ledger computes the table where it is executed, and carries it in its page as a block of data.
Here the block becomes two files, and leaves the page.
"""

import json
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from lnn.book.audit import table

LEDGER = "book/ledger"
_DATA = re.compile(r'<script type="application/json" id="audit-data">(.*?)</script>', re.DOTALL)


def setup(app: Sphinx) -> None:
    """Write the files once the pages are written, before others look at them."""
    app.connect("html-page-context", _add_script)
    app.connect("build-finished", _write, priority=890)


def _add_script(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    if page == LEDGER:
        app.add_js_file("ledger.js", loading_method="defer")


def _write(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    page, files = out / f"{LEDGER}.html", (out / "audit.json", out / "audit.csv")
    if not page.exists():  # not a page of this book
        return
    text = page.read_text(encoding="utf-8")
    found = _DATA.search(text)
    if found is None:
        if all(file.exists() for file in files):
            return  # the page was not written anew
        raise ExtensionError(f"{LEDGER} carries no table: show_counts() makes it where it is built")
    rows = json.loads(found[1])
    for file, content in zip(files, (table.to_json(rows), table.to_csv(rows)), strict=True):
        file.write_text(content, encoding="utf-8", newline="")
    page.write_text(_DATA.sub("", text), encoding="utf-8")
