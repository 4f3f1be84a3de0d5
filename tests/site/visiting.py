"""The site under test: its pages, a server of it, and what a page does while it is visited."""

import gzip
import http.server
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml
from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
SITE = ROOT / "_build" / "html"
MEASUREMENTS = ROOT / "_build" / "measurements.json"
PREFIX = "/some/where/book"
STRICT = "/strict/book"
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'"
)
LITE_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-eval' 'wasm-unsafe-eval'; "
    "worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self' data:; object-src 'none'"
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def toc_pages() -> list[str]:
    """Return the documents of the table of contents, the landing page first."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    found = [toc["root"]]

    def collect(entries: list[dict[str, Any]]) -> None:
        for entry in entries:
            found.append(entry["file"])
            collect(entry.get("sections", []))

    for part in toc.get("parts") or [toc]:
        collect(part.get("chapters", []))
    return found


def chapters() -> list[str]:
    """Return the documents that are notebooks."""
    return [p for p in toc_pages() if (ROOT / f"{p}.ipynb").exists()]


PAGES = [f"{p}.html" for p in toc_pages()] + ["search.html", "genindex.html"]


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serve the site under a sub-path; `lite/` can be served from elsewhere."""

    mounts: dict[str, Path]

    def translate_path(self, path: str) -> str:
        plain = unquote(urlsplit(path).path)
        for prefix in sorted(self.mounts, key=len, reverse=True):
            if plain.startswith(prefix + "/"):
                rest = Path(plain[len(prefix) + 1 :])
                if ".." not in rest.parts:
                    target = self.mounts[prefix] / rest
                    return str(target) + ("/" if plain.endswith("/") else "")
        return str(ROOT / "_build" / "no such file")

    def end_headers(self) -> None:
        if self.path.startswith(STRICT):
            lite = self.path.startswith(f"{STRICT}/lite/")
            self.send_header("Content-Security-Policy", LITE_POLICY if lite else POLICY)
        super().end_headers()

    def log_message(self, *args: object) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    """A server that is not upset by a browser that leaves in the middle of an answer."""

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@dataclass
class Served:
    """A server on this machine."""

    origin: str
    mounts: dict[str, Path]

    def url(self, page: str, prefix: str = PREFIX) -> str:
        """Return the address of a page of the site."""
        return f"{self.origin}{prefix}/{page}"


@dataclass
class Visit:
    """What a page did while it loaded and was used."""

    page: Page
    outside: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Fail where the page asked another host, missed a file or had a script error."""
        assert not self.outside, f"requests to other hosts: {self.outside}"
        assert not self.failed, f"files that are not there: {self.failed}"
        assert not self.errors, f"script errors: {self.errors}"


def compressed(path: Path) -> int:
    """Return the size of a file as a server would send it."""
    data = path.read_bytes()
    return min(len(data), len(gzip.compress(data, 6)))
