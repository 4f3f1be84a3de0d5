"""The book as one PDF: contents with numbers, everything unfolded, live addresses, links inside."""

import re
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader
from visiting import chapters


@pytest.fixture(scope="module")
def printed(
    site: Path, book_site: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[PdfReader, list[str]]]:
    """Print three chapters, from a copy of the site; return the PDF and the text of its pages."""
    from book_site import paper

    copy = tmp_path_factory.mktemp("paper") / "html"
    shutil.copytree(site, copy, ignore=shutil.ignore_patterns("lite"))
    order = paper.reading_order(copy)
    assert set(order) >= {f"{c}.html" for c in chapters()}
    kept = [*order[:3], order[-1]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paper, "reading_order", lambda _: kept)
        paper.main(copy)
    reader = PdfReader(copy / paper.NAME)
    yield reader, [page.extract_text() for page in reader.pages]
    for page in kept:
        assert paper.NAME in (copy / page).read_text(), f"{page} does not link the PDF"


def test_the_contents_say_on_which_page_a_chapter_is(
    printed: tuple[PdfReader, list[str]],
) -> None:
    reader, texts = printed
    numbers = {
        name.removeprefix("/"): reader.get_destination_page_number(place)
        for name, place in reader.named_destinations.items()
    }
    assert len(numbers) > 10
    contents = " ".join(" ".join(texts[:4]).split())
    found = 0
    for name, index in numbers.items():
        if index is not None and f"{index + 1}" in contents and name.startswith("book-"):
            found += 1
    assert found > 5
    marks = [one for one in reader.outline if not isinstance(one, list)]
    assert len(marks) == 4, "one bookmark for each chapter"
    for mark in marks:
        index = reader.get_destination_page_number(mark)
        assert index is not None
        title = " ".join(unicodedata.normalize("NFKC", texts[index]).split())
        assert unicodedata.normalize("NFKC", str(mark.title)) in title, "not where it says"
    assert any(isinstance(one, list) for one in reader.outline), "no sections below them"


def test_everything_is_unfolded_and_buttons_are_not_printed(
    printed: tuple[PdfReader, list[str]], site: Path
) -> None:
    _, texts = printed
    text = unicodedata.normalize("NFKC", " ".join(" ".join(texts).split()))  # no ligatures
    assert "Take it live" not in text
    assert "Show code cell" not in text
    assert "Details" not in text, "a fold without its own title"
    shown = re.compile(r'<figure class="lnn-(?:explorer|lab)[" ]')
    live = [c for c in chapters()[:3] if shown.search((site / f"{c}.html").read_text())]
    assert live
    for page in live:
        assert f"/{page}.html#" in text.replace(" ", ""), "no address of what is live"


def test_links_of_the_book_lead_inside_it(printed: tuple[PdfReader, list[str]]) -> None:
    reader, _ = printed
    inside = outside = 0
    for page in reader.pages:
        for one in page.get("/Annots") or []:
            link = one.get_object()
            if "/Dest" in link or link.get("/A", {}).get("/S") == "/GoTo":
                inside += 1
            elif (uri := link.get("/A", {}).get("/URI")) is not None:
                assert not str(uri).startswith("file:"), f"a link to this machine: {uri}"
                outside += 1
    assert inside > 20
    assert outside > 3


def test_no_page_is_blank(printed: tuple[PdfReader, list[str]]) -> None:
    _, texts = printed
    assert not [n for n, text in enumerate(texts, 1) if len(text.split()) < 2], "only its number"


def test_a_card_that_stands_elsewhere_is_a_line(book_site: ModuleType) -> None:
    from book_site import paper

    card = (
        '<article class="audit-item"><p class="audit-head"><b>Eq. (1)</b> '
        '<span>x<sub>i</sub></span> <span class="audit-verdict">holds</span></p>'
        '<p class="audit-links"><a href="#chapter">Explained</a>{}</p></article>'
    )
    whole, short = card.format(""), card.format(' · <a href="#audit--1">The test</a>')
    soup = BeautifulSoup(f"<div>{short}{short}<p>Words.</p>{whole}</div>", "html.parser")
    assert soup.div is not None
    paper._cards_to_lines(soup.div)
    line = (
        '<li><a href="#audit--1">Eq. (1) x<sub>i</sub></a><span data-page="audit--1"></span></li>'
    )
    assert str(soup.div) == f'<div><ol class="elsewhere">{2 * line}</ol><p>Words.</p>{whole}</div>'
    assert ">7</span>" in paper.with_numbers(str(soup), {"audit--1": 7})
