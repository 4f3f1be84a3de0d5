"""Frozen explorers on a page: their state stands in the address, is linkable, and Back works."""

import functools
import re
import shutil
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from visiting import ROOT, STRICT, Handler, Server

from lnn.book.sliders.explorer import explorer
from lnn.book.sliders.frozen import freeze
from lnn.book.sliders.parameters import Choice, Slider


@explorer(
    Slider("step", "Step", values=(0.1, 0.2, 0.5), value=0.2),
    Choice("kind", "Kind", options=("flat & wide", "steep")),
    question="What is drawn?",
)
def drawn(figure, step, kind):
    """Draw a line."""
    figure.add_subplot().plot([0, step])
    return f"A line to {step}, which is {kind}."


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a page with the explorer under the strict policy; return its address."""
    folder = tmp_path_factory.mktemp("frozen")
    shutil.copy(ROOT / "book" / "_site" / "explorer.js", folder)
    html = freeze(drawn)
    (folder / "page.html").write_text(
        '<!doctype html><meta charset="utf-8"><title>Page</title>'
        '<link rel="icon" href="data:,"><script defer src="explorer.js"></script>' + html,
        encoding="utf-8",
    )
    mounts = {STRICT: folder}
    handler = functools.partial(type("Mounted", (Handler,), {"mounts": mounts}), directory=folder)
    server = Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}{STRICT}/page.html"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """Return an empty page that is watched for errors."""
    context, errors = chromium.new_context(), []
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors


def shown(page: Page) -> str | None:
    return page.locator("img.lnn-picture").get_attribute("alt")


def test_the_address_follows_the_reader_and_the_page_the_address(page: Page, address: str) -> None:
    page.goto(f"{address}?q=line#there")
    assert shown(page) == "A line to 0.2, which is flat & wide."
    page.wait_for_timeout(400)
    assert page.url == f"{address}?q=line#there", "nothing was touched yet"
    page.locator("input[type=range]").press("ArrowRight")
    page.locator("select").select_option("steep")
    page.wait_for_url(re.compile(r"\?q=line&lnn-drawn\.step=0\.5&lnn-drawn\.kind=steep#there$"))
    page.reload()
    assert shown(page) == "A line to 0.5, which is steep."
    page.goto("about:blank")
    page.go_back()
    assert shown(page) == "A line to 0.5, which is steep."
    page.locator("input[type=range]").press("ArrowLeft")
    page.locator("select").select_option("flat & wide")
    page.wait_for_url(re.compile(r"\?q=line#there$"))


def test_nonsense_in_the_address_is_the_default(page: Page, address: str) -> None:
    page.goto(f"{address}?lnn-drawn.step=7&lnn-drawn.kind=flat+%26+wide&%E0=%")
    assert shown(page) == "A line to 0.2, which is flat & wide."
    page.goto(f"{address}?lnn-drawn.step=0.1&x")
    assert shown(page) == "A line to 0.1, which is flat & wide."


def test_back_within_the_page(page: Page, address: str) -> None:
    page.goto(address)
    page.evaluate("history.pushState(null, '', '?lnn-drawn.step=0.5')")
    page.go_back()
    assert shown(page) == "A line to 0.2, which is flat & wide."
    page.go_forward()
    page.get_by_alt_text("A line to 0.5, which is flat & wide.").wait_for()
