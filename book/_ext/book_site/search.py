"""The index of the book's own search, ``find.json``: sections, terms and names with their text.

Sphinx ranks a page by where words stand in its index and shows whatever text comes first, menus
too. This index has one entry for each section, glossary term and documented name; the page that
looks things up, ``book/_site/find.js``, loads it when a reader first searches.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

from bs4 import BeautifulSoup, Tag
from sphinx.application import Sphinx

from book_site.pages import written

_DATA = re.compile(r'"data:[^"]*"|<script\b.*?</script>', re.DOTALL)
_HEADING = re.compile("^h[1-6]$")
_LEFT_OUT = (
    "script, style, noscript, .headerlink, .cell_input, .output.traceback, details.hide > summary, "
    ".highlight, .copybtn, .caption-number, .eqno, .lnn-controls, img"
)
LEFT_OUT_PAGES = {"search.html", "genindex.html", "py-modindex.html", "prf-prf.html", "404.html"}


class Found(TypedDict):
    """One entry: where it is, what it is called, what it says."""

    at: str
    page: str
    title: str
    kind: str
    text: str


def setup(app: Sphinx) -> None:
    """Write the index once the pages are mended."""
    app.connect("build-finished", _write, priority=910)


def _write(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    found = [
        entry
        for page in written(out)
        if page.name not in LEFT_OUT_PAGES and page.parent != out
        for entry in entries(page.read_text(encoding="utf-8"), page.relative_to(out).as_posix())
    ]
    (out / "find.json").write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")


def entries(page: str, address: str) -> Iterator[Found]:
    """Yield the entries of a page: its sections in order, its terms, its names.

    Parameters
    ----------
    page : str
        The written page.
    address : str
        Its address in the site.
    """
    soup = BeautifulSoup(_DATA.sub('""', page), "html.parser")
    article = soup.select_one("article.bd-article")
    if article is None:
        return
    for junk in article.select(_LEFT_OUT):
        junk.decompose()
    title = _text(article.select_one("h1"))
    for term in article.select("dl.glossary > dt[id]"):
        yield _entry(address, title, "term", term, _text(term.find_next_sibling("dd")))
    for name in article.select("dt.sig[id]"):
        says = name.find_next_sibling("dd")
        first = says.find("p") if isinstance(says, Tag) else None
        yield _entry(address, title, "name", name, _text(first), str(name["id"]))
    for listing in article.select("dl.py, dl.glossary"):
        listing.decompose()
    # Boxes have sections, too, without a heading.
    sections = [s for s in article.select("section[id]") if s.find(_HEADING, recursive=False)]
    parts = []
    for section in reversed(sections):  # innermost first: what is taken is gone
        heading = section.find(_HEADING, recursive=False)
        name = _text(heading)
        if isinstance(heading, Tag):
            heading.decompose()
        anchor = "" if section is sections[0] else f"#{section['id']}"
        kind = "section" if anchor else "page"
        parts.append(
            Found(at=address + anchor, page=title, title=name, kind=kind, text=_text(section))
        )
        section.decompose()
    yield from reversed(parts)


def _entry(address: str, page: str, kind: str, at: Tag, text: str, title: str = "") -> Found:
    return Found(
        at=f"{address}#{at['id']}", page=page, title=title or _text(at), kind=kind, text=text
    )


def _text(tag: object) -> str:
    """Return the words of an element on one line."""
    if not isinstance(tag, Tag):
        return ""
    for formula in tag.find_all("math"):
        formula.replace_with(formula.get_text())
    words = " ".join(tag.get_text(" ").split())
    return re.sub(r"\s+([,.;:!?)\]])", r"\1", re.sub(r"^\d+(\.\d+)*\.\s+", "", words))
