"""Each notebook is executed once: by nbval, whose run the numbers in sentences and the site share.

While nbval runs the code cells of a notebook, a `Recorder` keeps their outputs and, with the same
kernel, asks for the numbers that stand between them. A notebook that ran to its end goes into the
cache from which the site's build takes outputs. The kernel is told that the book is being built, so
explorers draw their frames.
"""

import fcntl
import os
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import pytest
from book_text.numbers import answers, ask, execute
from nbval.plugin import IPyNbCell, IPyNbFile

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "_build"

_recorders: dict[Path, "Recorder"] = {}


@contextmanager
def alone(purpose: str) -> Iterator[None]:
    """Wait until no other process of this checkout does the same."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / f".{purpose}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Let the kernel of a notebook, which starts with its first cell, know that this is a build."""
    if isinstance(item, IPyNbCell):
        os.environ["LNN_FREEZE"] = "1"
    try:
        return (yield)
    finally:
        if isinstance(item, IPyNbCell):
            del os.environ["LNN_FREEZE"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Keep what a cell gave, after nbval has run it and found it right."""
    if isinstance(item, IPyNbCell):
        item.output_timeout = 60  # seconds, for what a busy machine has still to print
        if item.cell_num == 0:
            _recorders[item.path] = Recorder(item.parent)
    yield
    if isinstance(item, IPyNbCell) and item.path in _recorders:
        _recorders[item.path].take(item)


def numbers_of(path: Path) -> tuple[nbformat.NotebookNode, list[str]]:
    """Return an executed notebook and its numbers' values: of nbval's run, if there was one."""
    recorder = _recorders.get(path)
    if recorder is not None and not recorder.waiting:
        return answers(recorder.notebook)
    return execute(nbformat.read(path, as_version=4), str(path.parent))


class Recorder:
    """The notebook of one file, filled while nbval runs its cells.

    Attributes
    ----------
    notebook : NotebookNode
        With the questions of `ask` as further code cells.
    waiting : list of NotebookNode
        Its code cells that have not been run.
    """

    def __init__(self, file: IPyNbFile) -> None:
        self.path, self.kernel = Path(file.path), file.kernel
        self.start = time.monotonic()
        self.notebook = ask(file.nb)
        about = self.kernel.kc.kernel_info(reply=True, timeout=60)["content"]
        self.notebook.metadata["language_info"] = about["language_info"]  # colours of code
        self.waiting = [cell for cell in self.notebook.cells if cell.cell_type == "code"]
        self._ask_what_comes_next()

    def take(self, item: IPyNbCell) -> None:
        """Keep the outputs of a cell, unless one before it failed; ask for the numbers after it."""
        if not self.waiting or self.waiting[0].id != item.cell.id:
            return
        cell = self.waiting.pop(0)
        cell.execution_count = item.cell_num + 1
        cell.outputs = [nbformat.from_dict(dict(output)) for output in item.test_outputs]
        self._ask_what_comes_next()
        if not self.waiting:
            self._put_into_the_cache()

    def _ask_what_comes_next(self) -> None:
        while self.waiting and "book_text" in self.waiting[0].metadata:
            cell = self.waiting.pop(0)
            cell.outputs = _run(self.kernel, cell.source)

    def _put_into_the_cache(self) -> None:
        from book_site.execution import store
        from book_site.fingerprint import CACHES, fingerprint
        from jupyter_cache import get_cache

        plain, _ = answers(self.notebook)
        with alone("cache"):
            cache = get_cache(BUILD / CACHES / fingerprint(ROOT))
            store(cache, self.path, plain, time.monotonic() - self.start)


def _run(kernel: Any, source: str) -> list[nbformat.NotebookNode]:
    """Run code in nbval's kernel; return its outputs."""
    asked = kernel.execute_cell_input(source, allow_stdin=False)
    kernel.await_reply(asked, timeout=60)
    outputs = []
    while True:
        message = kernel.get_message("iopub", timeout=60)
        if message["parent_header"].get("msg_id") != asked:
            continue
        kind, content = message["msg_type"], message["content"]
        if kind == "status" and content["execution_state"] == "idle":
            return outputs
        if kind == "error":
            raise AssertionError(f"{source}\n{content['ename']}: {content['evalue']}")
        if kind == "stream":
            outputs.append(nbformat.v4.output_from_msg(message))
