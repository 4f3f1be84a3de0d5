"""Frozen explorers: every slider moves by keyboard and by mouse, with no kernel and no network."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml
from playwright.sync_api import Locator
from visiting import ROOT, Served, Visit, chapters

Open = Callable[..., Visit]

# Pages that have no slider of Matplotlib frames; the landing page has a laboratory instead.
WITHOUT = ("intro", "ledger", "audit_", "reference", "bibliography")
WITH = [c for c in chapters() if not c.rsplit("/", 1)[-1].startswith(WITHOUT)]

LATENCY = """async (figure) => {
  const times = [], picture = figure.querySelector("img.lnn-picture");
  for (const input of figure.querySelectorAll("input[type=range]")) {
    const start = input.value;
    for (let i = Number(input.min); i <= Number(input.max); i++) {
      input.value = i;
      const began = performance.now();
      input.dispatchEvent(new Event("input", {bubbles: true}));
      await picture.decode();
      times.push(performance.now() - began);
    }
    input.value = start;
    input.dispatchEvent(new Event("input", {bubbles: true}));
  }
  return times;
}"""


def shown(figure: Locator) -> tuple[str | None, str | None]:
    """Return what the explorer shows: the picture and its alternative text."""
    picture = figure.locator("img.lnn-picture")
    return picture.get_attribute("src"), picture.get_attribute("alt")


def explorers(seen: Visit) -> list[Locator]:
    """Return the explorers of a page, with all folded cells open."""
    seen.page.evaluate("document.querySelectorAll('details').forEach((d) => d.open = true)")
    return seen.page.locator("figure.lnn-explorer").all()


def test_the_book_has_at_least_ten_explorers(site: Path) -> None:
    marker = '<figure class="lnn-explorer"'
    counts = {c: (site / f"{c}.html").read_text().count(marker) for c in WITH}
    assert sum(counts.values()) >= 10, counts
    assert all(counts[c] for c in WITH), f"a chapter without an explorer: {counts}"


@pytest.fixture(scope="module", params=WITH)
def chapter(request: pytest.FixtureRequest) -> str:
    """Return each chapter in turn."""
    return str(request.param)


@pytest.fixture(scope="module")
def seen(chapter: str, visitor: Open, served: Served) -> Visit:
    """Return the chapter, open on a desk."""
    return visitor(served.url(f"{chapter}.html"))


def test_sliders_move_by_keyboard(seen: Visit) -> None:
    for figure in explorers(seen):
        for control in figure.locator("input, select").all():
            states = {shown(figure)}
            control.focus()
            readings = {control.get_attribute("aria-valuetext") or control.input_value()}
            for key in ("End", "ArrowLeft", "Home", "ArrowRight", "ArrowRight"):
                arrow = {"ArrowLeft": "ArrowUp", "ArrowRight": "ArrowDown"}
                select = control.evaluate("(c) => c.tagName") == "SELECT"
                seen.page.keyboard.press(arrow.get(key, key) if select else key)
                states.add(shown(figure))
                readings.add(control.get_attribute("aria-valuetext") or control.input_value())
            assert len(readings) > 1, f"{control} does not move"
            assert len({alt for _, alt in states}) > 1, "the alternative text stays"
            assert len({source for source, _ in states}) > 1, "the picture stays"
    seen.check()


@pytest.mark.parametrize("width", [1280, 390])
def test_sliders_move_by_mouse(seen: Visit, width: int) -> None:
    seen.page.set_viewport_size({"width": width, "height": 900})
    seen.page.wait_for_timeout(500)  # the theme's sidebar moves away gradually
    for figure in explorers(seen):
        for slider in figure.locator("input[type=range]").all():
            slider.evaluate("(s) => s.scrollIntoView({block: 'center', behavior: 'instant'})")
            box = slider.bounding_box()
            assert box is not None
            assert box["width"] >= 120, "too short to be moved with a finger"
            states = set()
            middle = box["y"] + box["height"] / 2
            seen.page.mouse.move(box["x"] + 2, middle)
            seen.page.mouse.down()
            for share in (0.02, 0.5, 0.98):
                seen.page.mouse.move(box["x"] + share * box["width"], middle)
                states.add(shown(figure))
            seen.page.mouse.up()
            assert len({alt for _, alt in states}) > 1, "the alternative text stays"
            assert len({source for source, _ in states}) > 1, "the picture stays"
            readout = slider.locator("xpath=following-sibling::output")
            assert readout.inner_text() == slider.get_attribute("aria-valuetext")
        picture = figure.locator("img.lnn-picture").bounding_box()
        assert picture is not None
        assert picture["width"] >= 0.85 * min(width, 500) - 20, "the picture wastes the screen"
    seen.check()


def test_a_move_shows_its_picture_at_once(
    chapter: str, seen: Visit, measured: dict[str, Any]
) -> None:
    times = sorted(t for f in explorers(seen) for t in f.evaluate(LATENCY))
    name = "slider to picture, frozen, 95th percentile, ms"
    if times:
        measured.setdefault(name, {})[chapter] = round(times[int(0.95 * (len(times) - 1))], 1)
    seen.check()


def test_without_javascript_the_default_shows(chromium: Any, served: Served) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(served.url(f"{WITH[0]}.html"))
    picture = page.locator("figure.lnn-explorer img.lnn-picture").first
    assert picture.get_attribute("alt")
    covered = page.locator("details.lnn-covered", has=picture)
    if covered.count():  # a question comes first; the fold opens without a script, too
        covered.locator("summary").first.click()
    box = picture.bounding_box()
    assert box is not None
    assert box["height"] > 100
    context.close()


def test_chapters_have_the_same_set_up_cell() -> None:
    """It finds `lnn` on Colab, from the repository that the configuration names."""
    url = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["url"]
    cells = {}
    for chapter in chapters():
        notebook = nbformat.read(ROOT / f"{chapter}.ipynb", as_version=4)
        tagged = [c for c in notebook.cells if "setup" in c.metadata.get("tags", [])]
        assert len(tagged) == 1, f"{chapter} has {len(tagged)} cells tagged setup"
        assert "remove-cell" in tagged[0].metadata.tags, chapter
        cells[chapter] = tagged[0].source
    assert len(set(cells.values())) == 1, f"set-up cells differ: {cells}"
    assert f"git+{url}" in next(iter(cells.values()))
