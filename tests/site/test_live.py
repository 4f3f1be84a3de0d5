"""Every explorer, live in a real JupyterLab: its controls change its one picture in place."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from find_explorers import book_explorers
from notebooks import RUN_ALL, SECONDS, jupyterlab
from playwright.sync_api import Browser, Locator, Page, expect

EXPLORERS = book_explorers()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a notebook with every explorer of the book in JupyterLab; return its address."""
    cells = [f"from {e.__module__} import {e.__name__}\n{e.__name__}.show()" for e in EXPLORERS]
    with jupyterlab(tmp_path_factory.mktemp("lab"), cells) as address:
        yield address


@pytest.fixture(scope="module")
def page(chromium: Browser, lab: str) -> Iterator[Page]:
    """Open the notebook and run its cells."""
    context = chromium.new_context(viewport={"width": 1200, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(1000 * SECONDS)
    page.goto(lab)
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    page.evaluate(RUN_ALL)
    page.wait_for_function(
        "(n) => document.querySelectorAll('.jp-OutputArea img[alt]').length === n",
        arg=len(EXPLORERS),
    )
    page.add_style_tag(content="[class*=noUi] { transition: none !important; }")  # no gliding
    yield page
    context.close()


# Watch a cell: from the next change of a control to another picture, in milliseconds.
WATCH = """(cell) => {
  const source = () => cell.querySelector("img[alt]").src;
  const before = source();
  let start;
  const begin = () => { start ??= performance.now(); };
  for (const event of ["pointerdown", "change"])
    cell.addEventListener(event, begin, {capture: true, once: true});
  window.moved = (async () => {
    const limit = performance.now() + 1500;
    while (source() === before && performance.now() < limit)
      await new Promise((done) => setTimeout(done, 2));
    return source() === before ? null : performance.now() - start;
  })();
}"""


def moves(cell: Locator) -> Iterator[Callable[[], Any]]:
    """Return what a reader can do to the controls of an explorer."""
    page = cell.page
    for track in cell.locator(".noUi-target").all():
        for share in (0.02, 0.98, 0.3, 0.7, 0.45):
            box = track.bounding_box()
            assert box is not None
            at = box["x"] + share * box["width"], box["y"] + box["height"] / 2
            yield functools.partial(page.mouse.click, *at)
    for choice in cell.locator("select").all():
        for index in [*range(1, choice.locator("option").count()), 0]:
            yield functools.partial(choice.select_option, index=index)


def test_a_dragged_slider_changes_the_one_picture(page: Page) -> None:
    cell = page.locator(".jp-CodeCell", has=page.locator(".noUi-handle")).first
    picture = cell.locator("img[alt]")
    assert picture.count() == 1
    before = picture.get_attribute("src"), picture.get_attribute("alt")
    handle = cell.locator(".noUi-handle").first
    handle.hover()  # once the application has laid itself out
    track = cell.locator(".noUi-target").first.bounding_box()
    assert track is not None
    page.mouse.down()
    for share in (0.3, 0.6, 0.9):
        page.mouse.move(track["x"] + share * track["width"], track["y"] + track["height"] / 2)
        page.wait_for_timeout(200)
    page.mouse.up()
    expect(picture).not_to_have_attribute("src", before[0] or "", timeout=10_000)
    expect(picture).not_to_have_attribute("alt", before[1] or "")
    assert picture.count() == 1, "pictures are stacked"
    assert cell.locator(".jp-OutputArea-child").count() == 1


def test_every_control_redraws(page: Page, measured: dict[str, Any]) -> None:
    times = {}
    cells = page.locator(".jp-Notebook .jp-CodeCell").all()
    for explorer, cell in zip(EXPLORERS, cells, strict=True):
        cell.scroll_into_view_if_needed()
        found = []
        for move in moves(cell):
            cell.evaluate(WATCH)
            move()
            found.append(page.evaluate("window.moved"))
        # A control may already stand where it is moved to, or draw two of its values alike.
        times[explorer.__name__] = [t for t in found if t is not None]
        assert len(times[explorer.__name__]) >= 2 * len(explorer.parameters), f"{explorer}: {found}"
        assert cell.locator("img[alt]").count() == 1, "pictures are stacked"
    print({k: [round(t) for t in v] for k, v in times.items()})
    ordered = sorted(t for each in times.values() for t in each)
    measured["slider to picture, live in JupyterLab, ms"] = {
        "median": round(ordered[len(ordered) // 2]),
        "95th percentile": round(ordered[int(0.95 * (len(ordered) - 1))]),
    }
