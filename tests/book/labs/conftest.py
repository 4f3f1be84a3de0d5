"""The module of the laboratories in a real browser: alone, and on a page as the book builds it."""

import base64
import functools
import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from visiting import ROOT, STRICT, Handler, Server

import lnn.book.labs

FOLDER = Path(lnn.book.labs.__file__).parent

# Typed arrays as lists; Playwright keeps infinities and nan.
PLAIN = """const plain = (v) => ArrayBuffer.isView(v) ? [...v]
  : Array.isArray(v) ? v.map(plain)
  : v && typeof v === "object"
    ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, plain(x)]))
  : v;"""
LOAD = """async (source) => {
  window.lab = await import(`data:text/javascript;charset=utf-8;base64,${source}`);
}"""


@pytest.fixture(scope="session")
def call(chromium: Browser) -> Iterator[Any]:
    """Return a function that calls an export of the module, on a blank page, its ``page``."""
    source = base64.b64encode((FOLDER / "lab.js").read_bytes()).decode()
    context = chromium.new_context()
    page = context.new_page()
    page.evaluate(LOAD, source)

    def run(name: str, *arguments: Any) -> Any:
        return page.evaluate(
            f"([name, xs]) => {{ {PLAIN} return plain(window.lab[name](...xs)); }}",
            [name, list(arguments)],
        )

    run.page = page
    yield run
    context.close()


@pytest.fixture(scope="session")
def book_site_labs() -> Iterator[ModuleType]:
    """Import the part of the Sphinx extension that puts laboratories on pages."""
    sys.path.insert(0, str(ROOT / "book" / "_ext"))
    try:
        yield importlib.import_module("book_site.labs")
    finally:
        sys.path.pop(0)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory, book_site_labs: ModuleType) -> Path:
    """Return a folder with script and style as the book's build writes them."""
    site = tmp_path_factory.mktemp("labs")
    script = book_site_labs.classic((FOLDER / "lab.js").read_text(encoding="utf-8"))
    (site / "lab.js").write_text(script, encoding="utf-8")
    (site / "lab.css").write_bytes((FOLDER / "lab.css").read_bytes())
    return site


@pytest.fixture(scope="session")
def origin(folder: Path) -> Iterator[str]:
    """Serve that folder under the strict Content-Security-Policy; return its address."""
    mounts = {STRICT: folder}
    handler = functools.partial(type("Mounted", (Handler,), {"mounts": mounts}), directory=folder)
    server = Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}{STRICT}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def open_page(chromium: Browser, folder: Path, origin: str) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page with the given HTML, and watches it for errors."""
    contexts, errors = [], []

    def open_html(
        html: str, query: str = "", width: int = 1000, scheme: str = "light", **options: Any
    ) -> Page:
        (folder / "page.html").write_text(
            f'<!doctype html><html lang="en" data-theme="{scheme}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width"><title>Laboratory</title>'
            '<link rel="stylesheet" href="lab.css"><script defer src="lab.js"></script></head>'
            f'<body><main style="max-width: 46rem"><h1>Page</h1>{html}'
            '<div style="height: 60rem"></div></main></body></html>',
            encoding="utf-8",
        )
        context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
        page.goto(f"{origin}/page.html{query and '?'}{query}")
        return page

    yield open_html
    for context in contexts:
        context.close()
    assert not errors
