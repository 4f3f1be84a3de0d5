"""The kernel in the browser, with Pyodide hosted by the site: every chapter runs there, offline.

Pyodide is not part of the repository. ``LNN_PYODIDE`` names a tarball or an unpacked folder;
without it ``../shared/pyodide`` is tried, where continuous integration has it. Elsewhere the tests
say what they lack.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import nbformat
import pytest
from notebooks import lite_with_pyodide
from playwright.sync_api import expect
from visiting import (
    LITE_POLICY,
    POLICY,
    PREFIX,
    ROOT,
    SITE,
    STRICT,
    Served,
    Visit,
    chapters,
    compressed,
)

Open = Callable[..., Visit]

SECONDS = 600  # for the longest chapter, on a busy machine

# The cells of the open notebook once all have been run, or one has failed.
FINISHED = """() => {
  const panel = window.jupyterapp?.shell?.currentWidget;
  if (panel?.sessionContext?.session?.kernel?.status !== "idle") return null;
  const cells = panel.content.model.toJSON().cells;
  const code = cells.filter((c) => c.cell_type === "code" && c.source.length);
  const failed = code.some((c) => c.outputs.some((o) => o.output_type === "error"));
  return failed || code.every((c) => c.execution_count) ? cells : null;
}"""


@pytest.fixture(scope="module")
def hosted(served: Served) -> Iterator[Served]:
    """Serve the site with a JupyterLite that hosts Pyodide."""
    mount = f"{PREFIX}/lite"
    served.mounts[mount] = lite_with_pyodide()
    yield served
    del served.mounts[mount]


def printed(cell: dict[str, Any]) -> str:
    """Return the text that a cell printed or displayed, as nbval would compare it."""
    texts = []
    for output in cell.get("outputs", []):
        data = output.get("text") or output.get("data", {}).get("text/plain", "")
        if output.get("name") != "stderr":
            texts.append("".join(data))
    return "".join(texts).strip()


# The ledger runs all checks of the appendix; one of the notebooks that show them stands for them.
APPENDIX = [c for c in chapters() if c.startswith("book/audit_")]
IN_THE_BROWSER = [c for c in chapters() if c not in APPENDIX[:-1]]

# Another notebook takes the place of the open one; its kernel stays and forgets all names.
NEXT = """async (name) => {
  const panel = jupyterapp.shell.currentWidget;
  const { content } = await jupyterapp.serviceManager.contents.get(name, { content: true });
  for (const cell of content.cells.filter((c) => c.cell_type === "code"))
    Object.assign(cell, { execution_count: null, outputs: [] });
  panel.content.model.fromJSON(content);
  const forget = "import ipywidgets; ipywidgets.Widget.close_all(); get_ipython().reset()";
  await panel.sessionContext.session.kernel.requestExecute({ code: forget }).done;
  await jupyterapp.commands.execute("notebook:run-all-cells");
}"""


class Kernel:
    """A tab with a kernel in which chapters run one after another: it takes long to start."""

    def __init__(self, visitor: Open) -> None:
        self.visitor = visitor
        self.tab: Visit | None = None
        self.first: list[str] = []  # addresses of what the first chapter loaded

    def run(self, address: str) -> tuple[list[dict[str, Any]], str]:
        """Run a notebook to its end or its first error; return its cells and how it began."""
        begun = "in a kernel that is there" if self.tab else "from the click"
        if self.tab is None:
            self.tab = self.visitor(address)
        else:
            self.tab.page.evaluate(NEXT, parse_qs(urlsplit(address).query)["path"][0])
        page = self.tab.page
        found = page.wait_for_function(FINISHED, timeout=1000 * SECONDS, polling=200)
        cells: list[dict[str, Any]] = found.json_value()
        self.first = self.first or list(self.tab.loaded)
        assert not self.tab.outside, f"requests to other hosts: {self.tab.outside}"
        lost = [f for f in self.tab.failed if "api/contents" not in f and "favicon" not in f]
        assert not lost
        if any(o["output_type"] == "error" for c in cells for o in c.get("outputs", [])):
            page.close()
            self.tab = None  # the next chapter does not suffer from it
        return cells, begun


def address_in_lite(name: str) -> str:
    """Return the address, in the site, at which a notebook opens and runs."""
    return f"lite/notebooks/index.html?path={Path(name).name}.ipynb&run=all"


@pytest.fixture(scope="module")
def kernel(visitor: Open, hosted: Served) -> Kernel:
    """Return the kernel that this process's chapters share."""
    return Kernel(visitor)


@pytest.mark.parametrize("name", IN_THE_BROWSER)
def test_a_chapter_runs_to_its_end_with_the_stored_numbers(
    name: str, visit: Open, kernel: Kernel, hosted: Served, measured: dict[str, Any]
) -> None:
    stored = nbformat.read(ROOT / f"{name}.ipynb", as_version=4).cells
    button = visit(hosted.url(f"{name}.html")).page.locator("a.btn-run-in-browser").first
    address = button.evaluate("(link) => link.href")  # it opens in a new tab
    assert address == hosted.url(address_in_lite(name))
    start = time.monotonic()
    cells, begun = kernel.run(address)
    measured[f"browser kernel: {name} {begun} to its end, s"] = round(time.monotonic() - start, 1)
    errors = [o for c in cells for o in c.get("outputs", []) if o["output_type"] == "error"]
    assert not errors, json.dumps(errors)[:2000]
    code = [(old, new) for old, new in zip(stored, cells, strict=True) if old.cell_type == "code"]
    assert all(new["execution_count"] for old, new in code if old.source.strip())
    checked = [(o, n) for o, n in code if "nbval-check-output" in o.metadata.get("tags", [])]
    for old, new in checked:
        assert printed(new) == printed(json.loads(json.dumps(old))), old.source


@pytest.mark.parametrize("width", [1280, 390])
def test_an_explorer_is_taken_live_in_its_page(
    width: int, visit: Open, hosted: Served, measured: dict[str, Any]
) -> None:
    seen = visit(hosted.url(f"{with_explorer()}.html"), width)
    seen.page.evaluate(UNFOLD)
    assert not [a for a in seen.loaded if "/lite/" in a], "loaded before the click"
    figure = seen.page.locator("figure.lnn-explorer").first
    button = figure.get_by_role("button", name="Take it live")
    assert re.search(r"\d+ MB", button.inner_text()), "the size is not said before the click"
    start = time.monotonic()
    button.click()
    stages = set()
    ready = figure.locator("iframe.lnn-frame.is-ready")
    while not ready.count() and time.monotonic() < start + SECONDS:
        if not figure.evaluate("(f) => f.classList.contains('is-live')"):
            assert figure.locator("img.lnn-picture").is_visible(), "the picture went too early"
        stages.add(re.sub(r",? \d+ s.*", "", figure.locator(".kernel-status").inner_text()))
        seen.page.wait_for_timeout(250)
    assert ready.count(), stages
    measured[f"browser kernel: click to live explorer, {width} wide, s"] = round(
        time.monotonic() - start, 1
    )
    assert len(stages) >= 3, f"no progress was told: {stages}"
    frame = figure.frame_locator("iframe.lnn-frame")
    picture = frame.locator(".jp-OutputArea img[alt]")
    handle = frame.locator(".noUi-handle").first
    seen.page.wait_for_timeout(1000)  # the application lays itself out anew
    for part in (picture, handle):
        box = part.bounding_box()
        assert box is not None
        frame_box = frame.locator(".jp-CodeConsole-content").bounding_box()
        assert frame_box is not None
        assert box["y"] >= frame_box["y"] - 1, "scrolled out of the frame"
        assert box["y"] + box["height"] <= frame_box["y"] + frame_box["height"] + 1
        assert 0 <= box["x"] <= box["x"] + box["width"] <= width
    track = frame.locator(".noUi-target").first.bounding_box()
    assert track is not None
    assert track["width"] >= 120, "too short to be moved with a finger"
    assert frame.locator('[data-mime-type*="stderr"]:visible').count() == 0, "noise in red"
    seen.page.screenshot(path=ROOT / "_build" / f"live-{width}.png")
    before = picture.get_attribute("alt")
    for wait in range(100):
        if picture.get_attribute("alt") != before:
            break
        if wait % 20 == 0:  # again: the application, still laying itself out, may lose a key
            handle.press("ArrowRight")
        seen.page.wait_for_timeout(250)
    assert picture.get_attribute("alt") != before
    assert picture.count() == 1
    figure.get_by_role("button", name="Close").click()
    assert figure.locator("img.lnn-picture").is_visible()
    assert figure.locator("iframe").count() == 0
    assert button.is_visible()
    assert not seen.outside, f"requests to other hosts: {seen.outside}"


UNFOLD = "document.querySelectorAll('details').forEach((one) => (one.open = true))"


def with_explorer() -> str:
    """Return the first page that has an explorer."""
    marker = '<figure class="lnn-explorer"'
    return next(c for c in chapters() if marker in (SITE / f"{c}.html").read_text())


def test_running_a_chapter_is_asked_before_anything_is_loaded(visit: Open, hosted: Served) -> None:
    seen = visit(hosted.url(f"{chapters()[1]}.html"))
    run = seen.page.locator("a.btn-run-in-browser").first
    run.click()
    dialog = seen.page.locator("dialog.kernel-dialog")
    assert re.search(r"about \d+ MB", dialog.inner_text())
    dialog.get_by_text("Python can be reached.").wait_for()
    asked = [a for a in seen.loaded if "/lite/" in a]
    assert sorted(a.rsplit("/", 1)[-1] for a in asked) == ["jupyter-lite.json", "pyodide-lock.json"]
    start = dialog.get_by_role("link", name="Start")
    assert start.evaluate("(a) => a.href") == run.evaluate("(a) => a.href")
    seen.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert run.evaluate("(link) => link === document.activeElement")
    seen.check()


def test_what_is_wrong_is_said_and_nothing_is_lost(visit: Open, hosted: Served) -> None:
    """Pyodide cannot be reached: on the page, for an explorer, and in the notebook."""
    seen = visit(hosted.url(f"{with_explorer()}.html"))
    seen.page.evaluate(UNFOLD)
    seen.page.route("**/pyodide-lock.json", lambda route: route.abort())
    seen.page.locator("a.btn-run-in-browser").first.click()
    dialog = seen.page.locator("dialog.kernel-dialog")
    dialog.get_by_text("Python's files cannot be reached").wait_for()
    assert "make book" in dialog.inner_text()
    dialog.get_by_role("button", name="Close").click()

    figure = seen.page.locator("figure.lnn-explorer").first
    figure.get_by_role("button", name="Take it live").click()
    figure.get_by_text("Python's files cannot be reached").wait_for()
    assert figure.locator("img.lnn-picture").is_visible()
    assert figure.locator("iframe").count() == 0
    figure.get_by_role("button", name="Close").click()
    assert figure.get_by_role("button", name="Take it live").is_visible()

    name = next(c for c in chapters() if "nbval-check-output" in (ROOT / f"{c}.ipynb").read_text())
    context = seen.page.context
    context.route("**/pyodide-lock.json", lambda route: route.abort())
    notebook = context.new_page()
    notebook.goto(hosted.url(address_in_lite(name)))
    notebook.locator("#run-all").get_by_text("Python cannot be reached").wait_for(timeout=60_000)
    kept = notebook.locator(".jp-OutputArea-output").first
    kept.wait_for(state="attached", timeout=60_000)
    assert (kept.text_content() or "").strip(), "the stored outputs are gone"
    notebook.locator("#run-all").get_by_role("button", name="Close").click()
    assert notebook.locator("#run-all").count() == 0


def test_the_kernel_starts_under_the_policy_of_the_readme(
    visit: Open, hosted: Served, measured: dict[str, Any]
) -> None:
    for policy in (POLICY, LITE_POLICY):
        assert policy in " ".join((ROOT / "README.md").read_text().split()), policy
    mount = f"{STRICT}/lite"
    hosted.mounts[mount] = hosted.mounts[f"{PREFIX}/lite"]
    try:
        code = quote("%pip install -q lnn\nimport lnn\nprint('ready', lnn.__name__)")
        start = time.monotonic()
        seen = visit(
            hosted.url(f"lite/repl/index.html?kernel=python&execute=1&code={code}", STRICT)
        )
        seen.page.get_by_text(re.compile("ready lnn")).last.wait_for(timeout=1000 * SECONDS)
        measured["browser kernel: ready with lnn, s"] = round(time.monotonic() - start, 1)
        assert not seen.outside, f"requests to other hosts: {seen.outside}"
        assert not [e for e in seen.errors if "Content Security Policy" in e]
    finally:
        del hosted.mounts[mount]


def test_the_size_that_pages_say_is_what_a_browser_loads(
    kernel: Kernel, hosted: Served, book_site: ModuleType, measured: dict[str, Any]
) -> None:
    """To within a quarter, for one chapter, as a server with compression sends it."""
    if not kernel.first:
        kernel.run(hosted.url(address_in_lite(chapters()[0])))
    folder = hosted.mounts[f"{PREFIX}/lite"]
    places = {unquote(urlsplit(address).path) for address in kernel.first}
    files = [folder / p.split("/lite/", 1)[1] for p in places if "/lite/" in p]
    total = sum(compressed(file) for file in files if file.is_file()) / 1e6
    measured["browser kernel: loaded for one chapter, MB"] = round(total, 1)
    assert abs(total / book_site.lite.MEGABYTES - 1) < 0.25, f"{total:.1f} MB"


def test_a_package_of_that_name_is_never_taken_from_the_public_index(
    visit: Open, hosted: Served
) -> None:
    """Where the site's own wheel is not found, installing fails; it asks no other host."""
    settings = json.loads((hosted.mounts[f"{PREFIX}/lite"] / "jupyter-lite.json").read_text())
    plugins = settings["jupyter-config-data"]["litePluginSettings"]
    kernel = plugins["@jupyterlite/pyodide-kernel-extension:kernel"]
    assert kernel["disablePyPIFallback"] is True
    assert kernel["pipliteUrls"][0].startswith("./pypi/")
