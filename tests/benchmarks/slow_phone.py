"""How soon a slow phone shows the text and the formulas of each page.

Run as ``python tests/benchmarks/slow_phone.py [page ...]`` after the book is built. Chromium is
slowed as its developers' tools slow it for "Fast 3G": 1.44 Mbit/s, 562 ms a journey, a processor
four times slower; the server compresses, as those of public hosts do. Times are from the request to
the first text on the screen, and to the last formula of the first screen in its own font. They are
reported, never asserted: they depend on the machine and on what else it does.
"""

import gzip
import http.server
import shutil
import sys
import threading
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, sync_playwright

SITE = Path(__file__).parents[2] / "_build" / "html"
FAST_3G = {
    "offline": False,
    "latency": 562.5,
    "downloadThroughput": 1.6e6 * 0.9 / 8,
    "uploadThroughput": 750e3 * 0.9 / 8,
}
SLOWER = 4
WATCH = """() => {
  window.seen = {};
  new PerformanceObserver((list) => {
    for (const entry of list.getEntriesByName("first-contentful-paint"))
      window.seen.text = entry.startTime;
  }).observe({type: "paint", buffered: true});
  document.fonts.ready.then(() => { window.seen.fonts = performance.now(); });
}"""


@lru_cache(maxsize=512)
def packed(path: Path) -> bytes:
    """Return a file as a server sends it."""
    return gzip.compress(path.read_bytes(), 6)


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serve the site compressed, over connections that stay open."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with the compressed file."""
        path = SITE / unquote(urlsplit(self.path).path).lstrip("/")
        if not path.is_file():
            self.send_error(404)
            return
        data = packed(path)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def measure(browser: Browser, address: str) -> dict[str, float]:
    """Return the times of one page in seconds, and its bytes until then in kilobytes."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, device_scale_factor=2, is_mobile=True
    )
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", FAST_3G)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    total = [0.0]
    session.on("Network.dataReceived", lambda e: total.append(e["encodedDataLength"]))
    page.add_init_script(f"({WATCH})()")
    page.goto(address, wait_until="load", timeout=120_000)
    page.wait_for_function("window.seen.text && window.seen.fonts", timeout=120_000)
    found: dict[str, float] = page.evaluate(
        """() => {
          const font = performance.getEntriesByType("resource").filter(
            (e) => e.name.includes("math.woff2")).map((e) => e.responseEnd);
          return {text: window.seen.text, formulas: Math.max(window.seen.text, ...font)};
        }"""
    )
    context.close()
    return {k: v / 1000 for k, v in found.items()} | {"kB": sum(total) / 1000}


def main(pages: list[str]) -> None:
    """Print a table."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None or not SITE.exists():
        raise SystemExit("needs Chromium, and a built book: make book")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pages = pages or [f"book/{p.name}" for p in sorted((SITE / "book").glob("*.html"))]
    print("| page | text, s | formulas, s | loaded, kB |\n| --- | --: | --: | --: |")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        for page in pages:
            found = measure(browser, f"http://127.0.0.1:{server.server_port}/{page}")
            print(
                f"| {page} | {found['text']:.1f} | {found['formulas']:.1f} | {found['kB']:.0f} |",
                flush=True,
            )
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main(sys.argv[1:])
