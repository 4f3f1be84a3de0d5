"""The built site, a server of it under a sub-path, and a real browser.

Nothing here is skipped: without Chromium or without a built site the tests fail and say why.
"""

import functools
import importlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest
from executed import alone
from playwright.sync_api import Browser, Request, Response
from visiting import MEASUREMENTS, PREFIX, ROOT, SITE, STRICT, Handler, Served, Server, Visit


@pytest.fixture(scope="session")
def site() -> Path:
    """Build the site as a reader does, or find that nothing has changed."""
    start = "from jupyter_book.cli.main import main; main()"
    command = [sys.executable, "-c", start, "build", ".", "-W", "-n", "--keep-going"]
    environment = {k: v for k, v in os.environ.items() if k not in {"LNN_FREEZE", "LNN_PYODIDE"}}
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    result = ROOT / "_build" / "site of run.txt"  # the run's name, and what went wrong
    with alone("site"):
        if not result.exists() or result.read_text().partition("\n")[0] != run:
            done = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
            )
            wrong = f"{done.stdout[-3000:]}{done.stderr[-6000:]}" if done.returncode else ""
            result.write_text(f"{run}\n{wrong}")
    if wrong := result.read_text().partition("\n")[2]:
        pytest.fail(f"the book does not build:\n{wrong}")
    return SITE


@pytest.fixture(scope="session")
def book_site() -> Iterator[ModuleType]:
    """Import the book's Sphinx extension."""
    sys.path.insert(0, str(ROOT / "book" / "_ext"))
    try:
        yield importlib.import_module("book_site")
    finally:
        sys.path.pop(0)


@pytest.fixture(scope="session")
def served(site: Path) -> Iterator[Served]:
    """Serve the site under a sub-path, and again with a strict Content-Security-Policy."""
    mounts = {PREFIX: site, STRICT: site}
    handler = functools.partial(type("Mounted", (Handler,), {"mounts": mounts}), directory=site)
    server = Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Served(f"http://127.0.0.1:{server.server_port}", mounts)
    server.shutdown()
    server.server_close()
    thread.join()


@contextmanager
def visiting(chromium: Browser, served: Served) -> Iterator[Callable[..., Visit]]:
    """Give a function that opens a page in a new browser context and watches it."""
    contexts = []

    def open_page(url: str, width: int = 1280) -> Visit:
        context = chromium.new_context(viewport={"width": width, "height": 900})
        contexts.append(context)
        seen = Visit(context.new_page())

        def on_request(request: Request) -> None:
            if not request.url.startswith((served.origin, "data:", "blob:")):
                seen.outside.append(request.url)

        def on_response(response: Response) -> None:
            seen.loaded.append(response.url)
            if response.status >= 400:
                seen.failed.append(response.url)

        seen.page.on("request", on_request)
        seen.page.on("response", on_response)
        seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
        seen.page.on("console", lambda m: seen.errors.append(m.text) if m.type == "error" else None)
        seen.page.goto(url)
        seen.page.wait_for_load_state("networkidle")
        return seen

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def visit(chromium: Browser, served: Served) -> Iterator[Callable[..., Visit]]:
    """Return a function that opens a page; it closes with the test."""
    with visiting(chromium, served) as open_page:
        yield open_page


@pytest.fixture(scope="module")
def visitor(chromium: Browser, served: Served) -> Iterator[Callable[..., Visit]]:
    """Return a function that opens a page for several tests."""
    with visiting(chromium, served) as open_page:
        yield open_page


@pytest.fixture(scope="session")
def measured() -> Iterator[dict[str, object]]:
    """Collect what was measured; written to ``_build/measurements.json``, asserted nowhere."""
    results: dict[str, object] = {}
    yield results
    if results:
        with alone("measurements"):
            all_of_them = json.loads(MEASUREMENTS.read_text()) if MEASUREMENTS.exists() else {}
            for name, value in results.items():
                old = all_of_them.get(name)
                both = isinstance(old, dict) and isinstance(value, dict)
                all_of_them[name] = old | value if both else value
            MEASUREMENTS.write_text(json.dumps(all_of_them, indent=2, sort_keys=True) + "\n")
        print(f"\nmeasured: {json.dumps(results, sort_keys=True)}")
