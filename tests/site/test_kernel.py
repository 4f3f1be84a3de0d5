"""The kernel in the browser, with Pyodide hosted by the site: every chapter runs there, offline.

Pyodide is not part of the repository. ``LNN_PYODIDE`` names a tarball or an unpacked folder;
without it ``../shared/pyodide`` is tried, where continuous integration has it. Elsewhere the tests
say what they lack.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any
from urllib.parse import quote

import nbformat
import pytest
from executed import alone
from notebooks import find_pyodide
from visiting import PREFIX, ROOT, Served, Visit, chapters

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
def hosted(served: Served, book_site: ModuleType) -> Iterator[Served]:
    """Serve the site with a JupyterLite that hosts Pyodide."""
    pyodide = find_pyodide()
    folder = ROOT / "_build" / "lite with pyodide"
    with alone("lite"):
        book_site.lite.build(ROOT, [ROOT / f"{c}.ipynb" for c in chapters()], folder, pyodide)
    mount = f"{PREFIX}/lite"
    served.mounts[mount] = folder
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


@pytest.mark.parametrize("name", chapters())
def test_a_chapter_runs_to_its_end_with_the_stored_numbers(
    name: str, visit: Open, hosted: Served, measured: dict[str, Any]
) -> None:
    stored = nbformat.read(ROOT / f"{name}.ipynb", as_version=4).cells
    button = visit(hosted.url(f"{name}.html")).page.locator("a.btn-run-in-browser").first
    address = button.evaluate("(link) => link.href")  # it opens in a new tab
    start = time.monotonic()
    seen = visit(address)
    found = seen.page.wait_for_function(FINISHED, timeout=1000 * SECONDS, polling=200)
    cells = found.json_value()
    measured[f"browser kernel: {name} from the click to its end, s"] = round(
        time.monotonic() - start, 1
    )
    errors = [o for c in cells for o in c.get("outputs", []) if o["output_type"] == "error"]
    assert not errors, json.dumps(errors)[:2000]
    code = [(old, new) for old, new in zip(stored, cells, strict=True) if old.cell_type == "code"]
    assert all(new["execution_count"] for old, new in code if old.source.strip())
    checked = [(o, n) for o, n in code if "nbval-check-output" in o.metadata.get("tags", [])]
    assert checked, f"{name} has no checked numbers"
    for old, new in checked:
        assert printed(new) == printed(json.loads(json.dumps(old))), old.source
    assert not seen.outside, f"requests to other hosts: {seen.outside}"
    assert not seen.failed or all("api/contents" in f or "favicon" in f for f in seen.failed)


def test_an_explorer_is_taken_live_in_its_page(
    visit: Open, hosted: Served, measured: dict[str, Any]
) -> None:
    seen = visit(hosted.url(f"{chapters()[0]}.html"))
    assert not [a for a in seen.loaded if "/lite/" in a], "loaded before the click"
    button = seen.page.get_by_role("button", name="Take it live").first
    start = time.monotonic()
    button.click()
    frame = seen.page.frame_locator("iframe.lnn-frame").first
    picture = frame.locator(".jp-OutputArea img[alt]")
    picture.wait_for(timeout=1000 * SECONDS)
    measured["browser kernel: click to live explorer, s"] = round(time.monotonic() - start, 1)
    before = picture.get_attribute("alt")
    handle = frame.locator(".noUi-handle").first
    handle.focus()
    for _ in range(3):
        handle.press("ArrowLeft")
        handle.press("ArrowRight")
        handle.press("ArrowRight")
    for _ in range(600):
        if picture.get_attribute("alt") != before:
            break
        seen.page.wait_for_timeout(50)
    assert picture.get_attribute("alt") != before
    assert picture.count() == 1
    assert not seen.outside, f"requests to other hosts: {seen.outside}"


def test_the_kernel_is_ready_with_the_package(
    visit: Open, hosted: Served, measured: dict[str, Any]
) -> None:
    code = "%pip install -q lnn\nimport lnn\nprint('ready', lnn.__name__)"
    start = time.monotonic()
    seen = visit(hosted.url("lite/repl/index.html?kernel=python&execute=1&code=" + quote(code)))
    seen.page.get_by_text(re.compile("ready lnn")).last.wait_for(timeout=1000 * SECONDS)
    measured["browser kernel: ready with lnn, s"] = round(time.monotonic() - start, 1)
    assert not seen.outside, f"requests to other hosts: {seen.outside}"


def test_a_package_of_that_name_is_never_taken_from_the_public_index(
    visit: Open, hosted: Served
) -> None:
    """Where the site's own wheel is not found, installing fails; it asks no other host."""
    settings = json.loads((hosted.mounts[f"{PREFIX}/lite"] / "jupyter-lite.json").read_text())
    plugins = settings["jupyter-config-data"]["litePluginSettings"]
    kernel = plugins["@jupyterlite/pyodide-kernel-extension:kernel"]
    assert kernel["disablePyPIFallback"] is True
    assert kernel["pipliteUrls"][0].startswith("./pypi/")
