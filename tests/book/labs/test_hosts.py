"""The same module in its other hosts: JupyterLab, with a kernel, and the kernel in the browser."""

import functools
import threading
from collections.abc import Iterator

import pytest
from notebooks import RUN_ALL, SECONDS, WIDGETS, jupyterlab, lite_with_pyodide
from playwright.sync_api import Browser, Page
from visiting import PREFIX, Handler, Server


@pytest.fixture(scope="module")
def browser_kernel() -> Iterator[str]:
    """Serve JupyterLite with a hosted Pyodide; return the address of the notebook in it."""
    lite = lite_with_pyodide()
    mounts = {PREFIX: lite}
    handler = functools.partial(type("Mounted", (Handler,), {"mounts": mounts}), directory=lite)
    server = Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    origin = f"http://127.0.0.1:{server.server_port}"
    yield f"{origin}{PREFIX}/notebooks/index.html?path=live.ipynb&run=all"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the notebook in JupyterLab; return its address."""
    with jupyterlab(tmp_path_factory.mktemp("lab"), WIDGETS) as address:
        yield address


@pytest.fixture(scope="module", params=["lab", "browser_kernel"])
def host(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    """Open the notebook in each host and run its cells."""
    address = request.getfixturevalue(request.param)
    # So tall that no cell is out of the window, which would take it off the page.
    context = chromium.new_context(viewport={"width": 1200, "height": 6000})
    page = context.new_page()
    page.set_default_timeout(1000 * SECONDS)
    outside = []
    origin = "/".join(address.split("/")[:3])
    own = (origin, origin.replace("http", "ws"), "data:", "blob:")
    page.on("request", lambda r: None if r.url.startswith(own) else outside.append(r.url))
    page.goto(address)
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    if request.param == "lab":
        page.evaluate(RUN_ALL)
    page.locator(".lnn-predict").nth(1).wait_for()
    yield page
    context.close()
    assert not outside


def words(page: Page, kind: str) -> str:
    """Return what a laboratory says."""
    place = page.locator(f".lnn-lab[data-kind={kind}]")
    place.locator(".lnn-stage[data-drawn]:not([data-busy])").wait_for()
    return place.locator(".lnn-words").inner_text()


@pytest.mark.parametrize("kind", ["valley", "staircase", "ring", "step"])
def test_a_laboratory_is_alive(host: Page, kind: str) -> None:
    before = words(host, kind)
    control = host.locator(f".lnn-lab[data-kind={kind}] input[type=range]").first
    control.scroll_into_view_if_needed()
    control.focus()
    said = control.get_attribute("aria-valuetext")
    for _ in range(30):
        host.keyboard.press("ArrowRight")  # not taken by the notebook's own shortcuts
    assert control.get_attribute("aria-valuetext") != said
    host.wait_for_timeout(100)
    assert words(host, kind) != before
    box = control.bounding_box()
    assert box is not None
    assert box["width"] > 120


def test_the_handle_of_the_valley_is_dragged(host: Page) -> None:
    before = words(host, "valley")
    handle = host.locator(".lnn-lab[data-kind=valley] .lnn-handle")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box is not None
    host.mouse.move(box["x"] + 22, box["y"] + 22)
    host.mouse.down()
    host.mouse.move(box["x"] + 52, box["y"] + 62)
    host.mouse.up()
    host.wait_for_timeout(100)
    assert words(host, "valley") != before


def test_python_shares_the_state(host: Page) -> None:
    control = host.locator(".lnn-lab[data-kind=valley] input[type=range]").first
    control.focus()
    host.keyboard.press("End")
    host.wait_for_timeout(400)  # changes are sent a few times a second
    cell = host.locator(".jp-CodeCell").filter(has_text="Widget.widgets").last
    cell.locator(".cm-content").click()
    host.keyboard.press("Control+Enter")
    cell.locator(".jp-OutputArea-output", has_text="[2.0]").wait_for()


def test_what_comes_after_a_prediction_is_covered_until_the_answer(host: Page) -> None:
    for number, text in ((0, "what comes after"), (1, "in the same cell")):
        after = host.locator(".jp-OutputArea-output", has_text=text)
        after.wait_for(state="attached")
        assert not after.is_visible()
        asked = host.locator(".lnn-predict").nth(number)
        asked.locator("label").first.click()
        asked.get_by_role("button", name="This is my answer").click()
        after.wait_for()


def test_it_follows_the_dark_theme(host: Page) -> None:
    colour = "(e) => getComputedStyle(e).getPropertyValue('--lab-ink').trim()"
    place = host.locator(".lnn-lab").first
    light = place.evaluate(colour)
    host.evaluate("document.body.dataset.jpThemeLight = 'false'")
    assert place.evaluate(colour) != light
    host.evaluate("document.body.dataset.jpThemeLight = 'true'")
