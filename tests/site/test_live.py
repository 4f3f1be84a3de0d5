"""Live explorers in a real JupyterLab: a slider is dragged, and one picture changes in place."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, Page
from visiting import ROOT

SECONDS = 120  # to start a server or a kernel on a busy machine


def first_explorer() -> tuple[str, str]:
    """Return module and name of an explorer of the book with a slider."""
    from find_explorers import book_explorers

    from lnn.widgets import Slider

    explorer = next(e for e in book_explorers() if isinstance(e.parameters[0], Slider))
    return explorer.__module__, explorer.__name__


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a notebook with one explorer in JupyterLab; return its address."""
    folder = tmp_path_factory.mktemp("lab")
    module, name = first_explorer()
    cell = nbformat.v4.new_code_cell(f"from {module} import {name}\n{name}.show()")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})
    (folder / "work").mkdir()
    nbformat.write(notebook, folder / "work" / "live.ipynb")

    environment = {k: v for k, v in os.environ.items() if not k.startswith("LNN_")}
    environment |= {
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "IPYTHONDIR": str(folder / "ipython"),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0"]
    command += [
        "--ip=127.0.0.1",
        "--IdentityProvider.token=",
        f"--ServerApp.root_dir={folder}/work",
    ]
    command += ["--LabApp.expose_app_in_browser=True"]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    command += ["--LabApp.news_url="]
    log = (folder / "log.txt").open("w")
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
    try:
        yield wait_for_address(folder, server)
    finally:
        server.terminate()
        server.wait(30)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


def wait_for_address(folder: Path, server: subprocess.Popen[bytes]) -> str:
    """Return the server's address once it has written it down."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        for file in (folder / "runtime").glob("jpserver-*.json"):
            try:
                return str(json.loads(file.read_text())["url"])
            except json.JSONDecodeError:
                continue  # it is being written
        time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{(folder / 'log.txt').read_text()[-3000:]}")


RUN_ALL = """async () => {
  const panel = jupyterapp.shell.currentWidget;
  await panel.context.ready;
  await panel.sessionContext.ready;
  await panel.sessionContext.session.kernel.info;
  await jupyterapp.commands.execute("notebook:run-all-cells");
}"""


@pytest.fixture
def page(chromium: Browser, lab: str) -> Iterator[Page]:
    """Open the notebook and run its cell."""
    context = chromium.new_context(viewport={"width": 1200, "height": 1000})
    page = context.new_page()
    page.goto(f"{lab}lab/tree/live.ipynb?reset")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=1000 * SECONDS)
    page.evaluate(RUN_ALL)
    page.wait_for_selector(".jp-OutputArea img[alt]", timeout=1000 * SECONDS)
    yield page
    context.close()


# Press an arrow key, wait for another picture (not for the end of the slider, which has none).
MOVES = """async (count) => {
  const handle = document.querySelector(".jp-OutputArea .noUi-handle");
  const source = () => document.querySelector(".jp-OutputArea img[alt]").src;
  const times = [];
  for (const key of [...Array(count).fill("Left"), ...Array(count).fill("Right")]) {
    const before = source(), start = performance.now();
    handle.dispatchEvent(new KeyboardEvent("keydown", {key: `Arrow${key}`, bubbles: true}));
    while (source() === before && performance.now() - start < 3000)
      await new Promise((done) => setTimeout(done, 2));
    if (source() !== before) times.push(performance.now() - start);
  }
  return times;
}"""


def test_a_dragged_slider_changes_the_one_picture(page: Page, measured: dict[str, Any]) -> None:
    picture = page.locator(".jp-OutputArea img[alt]")
    assert picture.count() == 1
    before = picture.get_attribute("src"), picture.get_attribute("alt")
    handle = page.locator(".jp-OutputArea .noUi-handle").first
    track = page.locator(".jp-OutputArea .noUi-target").first.bounding_box()
    box = handle.bounding_box()
    assert box is not None
    assert track is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    for share in (0.3, 0.6, 0.9):
        page.mouse.move(track["x"] + share * track["width"], box["y"] + box["height"] / 2)
        page.wait_for_timeout(200)
    page.mouse.up()
    page.wait_for_function(
        "(old) => document.querySelector('.jp-OutputArea img[alt]').src !== old", arg=before[0]
    )
    after = picture.get_attribute("src"), picture.get_attribute("alt")
    assert after[0] != before[0]
    assert after[1] != before[1]
    assert picture.count() == 1, "pictures are stacked"
    assert page.locator(".jp-OutputArea .jp-OutputArea-child").count() == 1

    times = sorted(page.evaluate(MOVES, 8))
    assert times, "no key moved the slider"
    measured["slider to picture, live in JupyterLab, ms"] = {
        "median": round(times[len(times) // 2]),
        "95th percentile": round(times[int(0.95 * (len(times) - 1))]),
    }
