"""Notebooks in their hosts: JupyterLab on this machine, Pyodide for the kernel in the browser."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from executed import alone
from visiting import ROOT, chapters

SECONDS = 120  # to start a server or a kernel on a busy machine

# Laboratories and predictions, which test_hosts tries in each host.
WIDGETS = (
    "from lnn.book import predict\nfrom lnn.book.labs import ring, staircase, step, valley",
    "valley.show(step=0.2)",
    "staircase.show()",
    "ring.show()",
    "step.show()",
    'predict.choice("Which?", ["this", "that"], answer=1)',
    'print("what comes " "after")',
    'predict.choice("And now?", ["this", "that"], answer=0)\nprint("in the same " "cell")',
    "from ipywidgets import Widget\n"
    "print([w.step for w in Widget.widgets.values() if hasattr(w, 'description')"
    " and getattr(w, 'kind', '') == 'valley'])",
)

# Run all cells of the notebook that is open, once its kernel is there.
RUN_ALL = """async () => {
  const panel = jupyterapp.shell.currentWidget;
  await panel.context.ready;
  await panel.sessionContext.ready;
  await panel.sessionContext.session.kernel.info;
  await jupyterapp.commands.execute("notebook:run-all-cells");
}"""


def notebook_of(cells: Sequence[str]) -> nbformat.NotebookNode:
    """Return a notebook with code cells."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    code = [nbformat.v4.new_code_cell(cell, id=f"cell-{n}") for n, cell in enumerate(cells)]
    return nbformat.v4.new_notebook(cells=code, metadata={"kernelspec": kernel})


@contextmanager
def jupyterlab(folder: Path, cells: Sequence[str]) -> Iterator[str]:
    """Serve a notebook in JupyterLab; give its address. The folder is gone afterwards."""
    (folder / "work").mkdir()
    nbformat.write(notebook_of(cells), folder / "work" / "live.ipynb")
    settings = folder / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    # Keep all cells in the page, wherever it is scrolled to.
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')

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
        yield f"{_address(folder, server)}lab/tree/live.ipynb?reset"
    finally:
        server.terminate()
        server.wait(30)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


def _address(folder: Path, server: subprocess.Popen[bytes]) -> str:
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


def find_pyodide() -> Path:
    """Return the Pyodide distribution to host; where there is none, say so."""
    named = os.environ.get("LNN_PYODIDE")
    if named:
        return Path(named)
    found = sorted((ROOT.parent / "shared" / "pyodide").glob("pyodide-*.tar.bz2"))
    if found:
        return found[-1]
    lacking = "no Pyodide: set LNN_PYODIDE to a tarball of Pyodide 0.27.7 or its unpacked folder"
    if os.environ.get("CI"):
        pytest.fail(lacking)
    pytest.skip(lacking)


def lite_with_pyodide() -> Path:
    """Build a JupyterLite that hosts Pyodide, with the chapters and `WIDGETS` in live.ipynb."""
    from book_site import lite

    folder = ROOT / "_build" / "lite with pyodide"
    live = ROOT / "_build" / "live.ipynb"
    with alone("lite"):
        nbformat.write(notebook_of(WIDGETS), live)
        notebooks = [*(ROOT / f"{c}.ipynb" for c in chapters()), live]
        lite.build(ROOT, notebooks, folder, find_pyodide())
    return folder
