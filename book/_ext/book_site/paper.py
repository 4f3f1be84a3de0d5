"""The book on paper: one PDF of all pages, made by Chromium from the built site.

Run as ``python -m book_site.paper _build/html`` after the site is built. Folded parts stand open,
an explorer or a laboratory is its default picture with the address of the live one, a card that
stands on another page in full is a line with that page's number, and links inside the book lead
inside the PDF. It is printed twice: the first print says on which page each heading is, the second
has these numbers.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from html import escape, unescape
from pathlib import Path
from posixpath import normpath
from urllib.parse import quote, unquote, urldefrag, urlsplit

from bs4 import BeautifulSoup, Tag
from pypdf import PdfReader, PdfWriter

NAME = "linear-networks.pdf"
ONLINE = ("book/api_figures.html",)
"""Pages that are not printed: every function that draws, which is looked up and not read."""
LINK = '<p class="book-paper"><a href="{root}' + NAME + '">The whole book as a PDF</a></p>'
_ENTRY = re.compile(r'<li class="(page|section)"><a href="#([^"]+)">([^<]*)</a>')
_UNCOLOURED = ".highlight span:is(.n, .p, .w)"
"""Words of code in the colour of the text. Each span is an object of the PDF."""
_FOOTER = '<div class="extra_footer">'
_LEFT_OUT = (
    "script, noscript, button, .headerlink, .lnn-controls, .lnn-lab-controls, input, select, "
    "details.hide > summary, details.lnn-covered > summary, .copybtn, dialog, output"
)
STYLE = """
@page { size: A4; margin: 20mm 18mm; @bottom-center { content: counter(page); font-size: 9pt; } }
@page :first { @bottom-center { content: none; } }
html { font-size: 10.5pt; }
body { margin: 0; background: white; }
html[data-theme] { --pst-color-shadow: transparent !important; }
article.bd-article { max-width: none; padding: 0; break-before: page; }
.title { display: flex; flex-direction: column; justify-content: center; height: 240mm; }
.title h1 { font-size: 34pt; }
.contents { break-before: page; font-size: 0.95em; line-height: 1.45; }
:is(.contents ol, .elsewhere) { padding: 0; list-style: none; }
:is(.contents, .elsewhere) li { display: flex; justify-content: space-between; gap: 1em; }
:is(.contents, .elsewhere) li { break-inside: avoid; }
.contents li.page { margin-top: 0.6em; font-weight: 600; }
.contents li.section { padding-left: 1.5em; }
:is(.contents, .elsewhere) a { color: inherit; text-decoration: none; }
:is(h1, h2, h3, h4, .audit-head, .audit-item > blockquote) { break-inside: avoid; }
:is(h1, h2, h3, h4, summary, .audit-head, .audit-item > blockquote) { break-after: avoid; }
.admonition-title { break-after: avoid; }
.sd-summary-state-marker { display: none !important; }
:is(.admonition, .sd-card, .audit-item) { box-decoration-break: clone; }
:is(.admonition, .hide [class*="highlight"]) { break-inside: auto !important; }
:is(p, pre) { orphans: 3; widows: 3; }
:is(figure, .cell_output) img { max-width: 120mm !important; max-height: 80mm; }
:is(figure, .cell_output) img { object-fit: contain; }
.lnn-explorer img.lnn-picture, .lnn-lab img.lnn-picture { max-width: 105mm !important; }
pre { white-space: pre-wrap !important; overflow: visible !important; overflow-wrap: anywhere; }
pre { font-size: 0.8rem; }
.hide pre, .audit-item pre { font-size: 0.7rem; }
figcaption :is(p, span) { font-weight: 400; color: black; }
.live { margin: 0.25rem 0; font-size: 0.85rem; overflow-wrap: anywhere; }
"""


def main(site: Path) -> None:
    """Print the book into the site, and link it from every page."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit(
            "make pdf prints with Chromium, which is not installed: apt install chromium"
        )
    if not (site / "find.json").exists():
        raise SystemExit(f"no book is built in {site}: run 'make book' first")
    pages = reading_order(site)
    title, base = about(site, pages[0])
    text = assemble(site, pages, title, base)
    with tempfile.TemporaryDirectory() as folder:
        first = Path(folder) / "first.pdf"
        _print(chromium, site, text, first)
        numbered = with_numbers(text, page_numbers(first))
        second = Path(folder) / "second.pdf"
        _print(chromium, site, numbered, second)
        count = with_bookmarks(second, numbered, site / NAME)
    link(site)
    print(f"Printed {site / NAME}: {count} pages")


def reading_order(site: Path) -> list[str]:
    """Return the addresses of the pages that are printed, in the order of the contents."""
    index = (site / "index.html").read_text(encoding="utf-8")
    found = re.search(r'url=([^"]+)"', index)
    root = normpath(found[1]) if found else "index.html"
    soup = BeautifulSoup((site / root).read_text(encoding="utf-8"), "html.parser")
    folder = Path(root).parent
    links = [str(a["href"]) for a in soup.select(".bd-docs-nav a[href]")]
    pages = [root, *(normpath((folder / link).as_posix()) for link in links if link != "#")]
    return [p for p in dict.fromkeys(pages) if (site / p).is_file() and p not in ONLINE]


def about(site: Path, page: str) -> tuple[str, str]:
    """Return the title of the book, and the address of the published site."""
    soup = BeautifulSoup((site / page).read_text(encoding="utf-8"), "html.parser")
    name = soup.select_one('meta[property="og:site_name"]')
    url = soup.select_one('meta[property="og:url"]')
    assert name is not None
    assert url is not None
    return str(name["content"]), str(url["content"]).removesuffix(page)


def key(address: str) -> str:
    """Return the name of a place in the PDF: of a page, or of an element in it."""
    page, fragment = urldefrag(address)
    stem = page.removesuffix(".html").replace("/", "-")
    return f"{stem}--{unquote(fragment)}" if fragment else stem


def assemble(site: Path, pages: list[str], title: str, base: str) -> str:
    """Return one document with a title page, contents and all pages."""
    articles = [_article(site, page, set(pages), base) for page in pages]
    sheets = {sheet: None for page in pages for sheet in _sheets(site, page)}
    links = "".join(f'<link rel="stylesheet" href="{sheet}">' for sheet in sheets)
    entries = "\n".join(
        f'<li class="{kind}"><a href="#{escape(place)}">{escape(words)}</a>'
        f'<span data-page="{escape(place)}"></span></li>'
        for article in articles
        for kind, place, words in _headings(article)
    )
    body = "\n".join(str(article) for article in articles)
    return f"""<!DOCTYPE html>
<html lang="en" data-theme="light"><head><meta charset="utf-8"><title>{escape(title)}</title>
{links}<style>{STYLE}</style></head><body>
<section class="title"><h1>{escape(title)}</h1><p>The book with its sliders, live:
<a href="{escape(base)}">{escape(base)}</a></p></section>
<nav class="contents"><h1>Contents</h1><ol>{entries}</ol></nav>
{body}</body></html>"""


def _sheets(site: Path, page: str) -> Iterator[str]:
    """Yield the style sheets of a page, as addresses in the site."""
    head = (site / page).read_text(encoding="utf-8").split("</head>", 1)[0]
    for sheet in re.findall(r'<link rel="stylesheet"[^>]* href="([^"?]+)', head):
        yield normpath((Path(page).parent / sheet).as_posix())


def _headings(article: Tag) -> Iterator[tuple[str, str, str]]:
    """Yield what the contents say of an article: its title and its sections."""
    for section in article.select("section[id]"):
        heading = section.find(["h1", "h2"], recursive=False)
        if isinstance(heading, Tag):
            kind = "page" if heading.name == "h1" else "section"
            yield kind, str(section["id"]), " ".join(heading.get_text(" ").split())


def _article(site: Path, page: str, pages: set[str], base: str) -> Tag:
    """Return the article of a page as it is printed."""
    soup = BeautifulSoup((site / page).read_text(encoding="utf-8"), "html.parser")
    article = soup.select_one("article.bd-article")
    assert article is not None, page
    for figure in article.select("figure.lnn-explorer, figure.lnn-lab"):
        place = figure.get("id") or next((e["id"] for e in figure.select("[id]")), "")
        address = f"{base}{page}#{quote(str(place))}"
        figure.append(BeautifulSoup(f'<p class="live">Live: {escape(address)}</p>', "html.parser"))
    for junk in article.select(_LEFT_OUT):
        junk.decompose()
    for fold in article.select("details.hide, details.lnn-covered"):
        fold.name = "div"  # without its title it would get another, "Details"
    for fold in article.select("details"):
        fold["open"] = ""
    for fold in article.select(".toggle"):
        fold["class"] = [name for name in fold["class"] if not name.startswith("toggle")]
    for image in article.select("img[src]"):
        if not str(image["src"]).startswith("data:"):
            image["src"] = normpath((Path(page).parent / str(image["src"])).as_posix())
        image["loading"] = "eager"
    for link in article.select("a[href]"):
        link["href"] = _target(str(link["href"]), page, pages, base)
    for words in article.select(_UNCOLOURED):
        words.unwrap()
    _cards_to_lines(article)
    article.smooth()
    for element in article.select("[id]"):
        element["id"] = key(f"{page}#{element['id']}")
    article["id"] = key(page)
    return article


def _cards_to_lines(article: Tag) -> None:
    """Put, in place of a card that links to its whole, a line with the page of the whole."""
    for card in article.select(".audit-item"):
        whole = card.select_one('.audit-links a[href^="#"]:last-child:not(:first-child)')
        head = card.select_one(".audit-head")
        if whole is None or head is None:
            continue
        place = str(whole["href"]).removeprefix("#")
        name = " ".join(
            part.decode_contents() for part in head.select(":scope > :not(:last-child)")
        )
        line = f'<li><a href="#{place}">{name}</a><span data-page="{place}"></span></li>'
        before = card.find_previous_sibling()
        if before is None or "elsewhere" not in before.get("class", []):
            card.insert_before(BeautifulSoup('<ol class="elsewhere"></ol>', "html.parser"))
        lines = card.find_previous_sibling("ol")
        assert isinstance(lines, Tag)
        lines.append(BeautifulSoup(line, "html.parser"))
        card.decompose()


def _target(link: str, page: str, pages: set[str], base: str) -> str:
    """Return where a link leads in the PDF: inside it where the target is, else to the site."""
    if urlsplit(link).scheme:
        return link
    path, fragment = urldefrag(link)
    target = normpath((Path(page).parent / path).as_posix()) if path else page
    suffix = f"#{fragment}" if fragment else ""
    return f"#{key(target + suffix)}" if target in pages else f"{base}{target}{suffix}"


def _print(chromium: str, site: Path, text: str, target: Path) -> None:
    """Print a document that lies in the site."""
    document = site / "paper.html"
    document.write_text(text, encoding="utf-8")
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    command += ["--disable-background-networking"]
    command += ["--virtual-time-budget=60000", f"--print-to-pdf={target.resolve()}"]
    try:
        done = subprocess.run(
            [*command, document.resolve().as_uri()], capture_output=True, text=True, check=False
        )
    finally:
        document.unlink()
    if done.returncode != 0 or not target.exists():
        raise SystemExit(f"Chromium could not print the book:\n{done.stderr[-2000:]}")


def page_numbers(pdf: Path) -> dict[str, int]:
    """Return the page of each place to which a link of the PDF leads, from 1."""
    reader = PdfReader(pdf)
    places = reader.named_destinations.items()
    numbers = {name: reader.get_destination_page_number(place) for name, place in places}
    return {name.removeprefix("/"): n + 1 for name, n in numbers.items() if n is not None}


def with_numbers(text: str, numbers: dict[str, int]) -> str:
    """Return the document with page numbers in its contents."""

    def number(match: re.Match[str]) -> str:
        return f"{match[0]}{numbers.get(match[1], '')}"

    return re.sub(r'<span data-page="([^"]+)">', number, text)


def with_bookmarks(pdf: Path, text: str, target: Path) -> int:
    """Write the PDF with the entries of its contents as bookmarks; return its number of pages.

    (Chromium's own bookmarks have each line of a heading twice.)
    """
    numbers, writer, chapter = page_numbers(pdf), PdfWriter(clone_from=pdf), None
    for kind, place, words in _ENTRY.findall(text):
        if place in numbers:
            parent = chapter if kind == "section" else None
            mark = writer.add_outline_item(
                title=unescape(words), page_number=numbers[place] - 1, parent=parent
            )
            chapter = mark if kind == "page" else chapter
    writer.write(target)
    return len(writer.pages)


def link(site: Path) -> None:
    """Link the PDF from the foot of every page."""
    from book_site.pages import written

    for page in written(site):
        text = page.read_text(encoding="utf-8")
        if _FOOTER in text and NAME not in text:
            root = "../" * (len(page.relative_to(site).parts) - 1)
            page.write_text(
                text.replace(_FOOTER, _FOOTER + LINK.format(root=root)), encoding="utf-8"
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
