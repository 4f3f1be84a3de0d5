"""Nothing is cut: every formula, picture, block of code and table, measured at three widths."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from find_explorers import book_explorers
from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.text import Text
from visiting import PAGES, Served, Visit

from lnn.book.sliders.explorer import _PLACES, STYLE, Explorer

Open = Callable[..., Visit]

WIDTHS = (390, 1280, 1400)
PHONE = 390
LEAST_LABEL = 11.0
"""Height of the letters of a label in pixels, as a phone shows it."""

SHOWN = PHONE - 32
"""Width of a picture in pixels on a phone: all but the margins of the page."""

UNFOLD = """() => {
  document.querySelectorAll("details").forEach((one) => (one.open = true));
  document.querySelectorAll(".toggle-hidden").forEach((one) =>
    one.classList.remove("toggle-hidden"));
  return Promise.all([...document.querySelectorAll("img")].map((one) => {
    one.loading = "eager";
    return one.decode().catch(() => null);
  }));
}"""

# Cues follow a change of the width in the next frame of the animation.
SETTLE = """() => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 100))))"""

# What is wider than the box that it stands in, and whether the reader can scroll there.
MEASURE = """() => {
  const shown = (one) => one.getClientRects().length > 0;
  const scrolls = (one) =>
    ["auto", "scroll"].includes(getComputedStyle(one).overflowX) &&
    one.scrollWidth > one.clientWidth + 1;
  // The nearest ancestor that cuts or scrolls what is wider than it, or the window.
  const frame = (one) => {
    for (let box = one.parentElement; box; box = box.parentElement)
      if (getComputedStyle(box).overflowX !== "visible") return box;
    return document.documentElement;
  };
  const name = (one) => one.textContent.trim().replace(/\\s+/g, " ").slice(0, 90);
  const outside = (one) => {
    const box = frame(one);
    const cut = box.getBoundingClientRect();
    const own = one.getBoundingClientRect();
    return (own.right > cut.right + 1 || own.left < cut.left - 1) &&
      (box === document.documentElement || !scrolls(box));
  };
  const describe = (one, box) => ({
    name: name(one),
    wide: scrolls(box),
    cut: outside(one),
    cue: box.classList.contains("more-right") || box.classList.contains("more-left"),
    stop: box.hasAttribute("tabindex"),
  });
  const all = (selector) => [...document.querySelectorAll(selector)].filter(shown);
  return {
    inline: all("article span.math math").map((m) => describe(m, m.closest("span.math"))),
    display: all("article div.math > .formula").map((one) => ({
      ...describe(one, one),
      cut: [...one.querySelectorAll(":scope > math")].some(outside),
    })),
    code: all("article pre").map((one) => describe(one, one)),
    table: all("article table").map((one) => describe(one, frame(one))),
    roots: all("article msqrt").map((one) => {
      const room = one.getBoundingClientRect().right;
      return (room - one.lastElementChild.getBoundingClientRect().right) /
        parseFloat(getComputedStyle(one).fontSize);
    }),
    page: document.documentElement.scrollWidth,
    pictures: all("article .cell_output img, article figure img")
      .filter((one) => one.src.includes("_images/"))
      .map((one) => [one.src.split("/").pop(), one.clientWidth]),
    laboratories: all("figure.lnn-lab svg text")
      .filter((one) => one.textContent.trim())
      .map((one) => {
        const scale = one.getScreenCTM();
        return parseFloat(getComputedStyle(one).fontSize) * Math.hypot(scale.a, scale.b);
      }),
  };
}"""


@pytest.fixture(scope="module")
def measures(visitor: Open, served: Served) -> dict[tuple[str, int], dict[str, Any]]:
    """Measure every page at every width, with all folds open."""
    found = {}
    for page in PAGES:
        seen = visitor(served.url(page))
        seen.page.add_style_tag(content="* { transition: none !important; }")  # of the sidebar
        seen.page.evaluate(UNFOLD)
        for width in WIDTHS:
            seen.page.set_viewport_size({"width": width, "height": 900})
            seen.page.evaluate(SETTLE)
            found[page, width] = seen.page.evaluate(MEASURE)
        seen.page.close()
    return found


def every(
    measures: dict[tuple[str, int], dict[str, Any]], kind: str, *widths: int
) -> Iterator[tuple[str, int, Any]]:
    """Yield what was measured of one kind, with its page and the width."""
    for (page, width), found in measures.items():
        if width in widths:
            yield from ((page, width, one) for one in found[kind])


@pytest.mark.parametrize("kind", ["inline", "display", "code", "table"])
def test_nothing_is_cut(measures: dict[tuple[str, int], dict[str, Any]], kind: str) -> None:
    assert len(list(every(measures, kind, PHONE))) > 20, "too few were measured"
    cut = [(page, w, one["name"]) for page, w, one in every(measures, kind, *WIDTHS) if one["cut"]]
    assert not cut
    silent = [
        (page, w, one["name"])
        for page, w, one in every(measures, kind, *WIDTHS)
        if one["wide"] and not one["cue"]
    ]
    assert not silent, "it scrolls, and nothing shows that"


def test_formulas_fit_a_desk_and_are_no_tab_stops(
    measures: dict[tuple[str, int], dict[str, Any]],
) -> None:
    for kind in ("inline", "display"):
        for page, width, one in every(measures, kind, 1280, 1400):
            assert not one["wide"], f"{page} at {width}: {one['name']}"
            assert not one["stop"], f"{page} at {width}: a tab stop, {one['name']}"


def test_no_gap_follows_a_root(measures: dict[tuple[str, int], dict[str, Any]]) -> None:
    """The browser leaves the room of the widest root sign of the font behind every root."""
    gaps = [gap for _, _, gap in every(measures, "roots", PHONE)]
    assert len(gaps) > 20, "too few were measured"
    assert max(gaps) < 0.05


def test_at_most_a_third_of_displays_scroll_on_a_phone(
    measures: dict[tuple[str, int], dict[str, Any]], measured: dict[str, Any]
) -> None:
    displays = [one for _, _, one in every(measures, "display", PHONE)]
    share = sum(one["wide"] for one in displays) / len(displays)
    measured["displayed formulas that scroll on a phone, share"] = round(share, 3)
    assert share <= 1 / 3


def test_code_fits_a_desk(
    measures: dict[tuple[str, int], dict[str, Any]], measured: dict[str, Any]
) -> None:
    blocks = [(page, one) for page, _, one in every(measures, "code", 1400)]
    wide = [(page, one["name"]) for page, one in blocks if one["wide"]]
    measured["blocks of code that scroll at 1400 pixels, share"] = round(len(wide) / len(blocks), 3)
    assert len(wide) <= 0.05 * len(blocks), wide


def test_tables_fit_a_desk(measures: dict[tuple[str, int], dict[str, Any]]) -> None:
    wide = [
        (p, w, one["name"]) for p, w, one in every(measures, "table", 1280, 1400) if one["wide"]
    ]
    assert not wide


def test_names_in_tables_are_whole_on_a_phone(visitor: Open, served: Served) -> None:
    page = visitor(served.url("book/reference.html"), PHONE).page
    names = page.locator("article table code.literal .pre")
    assert names.count() > 20
    broken = names.evaluate_all(
        """(all) => all.filter((n) =>
             new Set([...n.getClientRects()].map((r) => Math.round(r.y))).size > 1)
             .map((n) => n.textContent)"""
    )
    assert not broken


def test_no_page_is_wider_than_its_window(measures: dict[tuple[str, int], dict[str, Any]]) -> None:
    wide = [(page, width) for (page, width), found in measures.items() if found["page"] > width]
    assert not wide


SVG = "{http://www.w3.org/2000/svg}"
SCALE = re.compile(r"scale\(([\d.]+)[ ,]+-?([\d.]+)\)")


def label_sizes(picture: Path) -> tuple[float, list[float]]:
    """Return the width of an SVG of Matplotlib, and the font sizes of its texts, in its units.

    Matplotlib draws a text of n points as a group that is scaled by n / 100. A superscript is
    scaled again inside it, and does not count.
    """
    root = ElementTree.parse(picture).getroot()
    width = float(root.attrib["viewBox"].split()[2])
    sizes = []
    for group in root.iter(f"{SVG}g"):
        if group.attrib.get("id", "").startswith("text_"):
            inner = next(
                (g for g in group.iter(f"{SVG}g") if "scale(" in g.get("transform", "")), None
            )
            if inner is not None:
                found = SCALE.search(inner.attrib["transform"])
                assert found is not None
                sizes.append(100 * float(found[1]))
    return width, sizes


def test_labels_of_figures_can_be_read_on_a_phone(
    measures: dict[tuple[str, int], dict[str, Any]], site: Path, measured: dict[str, Any]
) -> None:
    smallest = {}
    for page, _, (name, pixels) in every(measures, "pictures", PHONE):
        assert name.endswith(".svg"), f"{page}: {name} is no vector picture"
        width, sizes = label_sizes(site / "_images" / name)
        if sizes:
            smallest[page, name] = min(sizes) * pixels / width
    assert len(smallest) > 20, "too few figures were found"
    measured["smallest label of a figure on a phone, pixels"] = round(min(smallest.values()), 1)
    small = {key: round(size, 1) for key, size in smallest.items() if size < LEAST_LABEL}
    assert not small


def test_labels_of_laboratories_can_be_read_on_a_phone(
    measures: dict[tuple[str, int], dict[str, Any]], measured: dict[str, Any]
) -> None:
    sizes = [(page, size) for page, _, size in every(measures, "laboratories", PHONE)]
    assert len({page for page, _ in sizes}) >= 5, "too few laboratories were found"
    measured["smallest label of a laboratory on a phone, pixels"] = round(
        min(size for _, size in sizes), 1
    )
    assert not [(page, size) for page, size in sizes if size < LEAST_LABEL]


@pytest.mark.parametrize("one", book_explorers(), ids=lambda one: one.__name__)
def test_labels_of_explorers_can_be_read_on_a_phone(one: Explorer) -> None:
    """Their pictures are as wide as the page, `SHOWN` pixels: test_explorers looks."""
    with style.context([STYLE, _PLACES]):
        figure = Figure(figsize=one.size)
        one.draw(figure, **one.default)
        figure.draw_without_rendering()
        texts = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
    assert texts
    smallest = min(text.get_fontsize() for text in texts)
    assert smallest * SHOWN / (72 * one.size[0]) >= LEAST_LABEL


def test_ids_are_unique(site: Path) -> None:
    for page in PAGES:
        ids = re.findall(
            r'\sid="([^"]*)"',
            re.sub(r"<script.*?</script>", "", (site / page).read_text(), flags=re.S),
        )
        twice = {one for one in ids if ids.count(one) > 1}
        assert not twice, page
