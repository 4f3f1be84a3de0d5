"""Measure how fast laboratories answer: the work of one redraw, as fast as here and 4 times slower.

    python tests/benchmarks/laboratories.py

For every laboratory all its ranges are moved through their span, once per frame. Timed by the wall
clock is the work within a frame, from its beginning to the end of the drawing and its layout; by
the processor's clock, which other programs do not disturb, all that the page's main thread does for
the move. The goal is a median of 16 ms and a 95th percentile of 33 ms, and 100 ms with the
processor slowed four times. Frames that follow, in which the laboratory of the step size fills in
its curve, do at most 6 ms of work each.
Writes laboratories.json beside this file.
"""

import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "book" / "_ext")]

from book_site.labs import classic  # noqa: E402

from lnn.book.labs import ring, staircase, step, valley  # noqa: E402

LABORATORIES = (valley.Valley, staircase.Staircase, ring.Ring, step.Step)
MOVES = 40

# Move one range to a share of its span, and wait until that is drawn and on the screen.
MOVE = """async ([kind, index, share]) => {
  const input = document.getElementById(kind).querySelectorAll("input[type=range]")[index];
  const low = Number(input.min), high = Number(input.max);
  input.value = low + (high - low) * share;
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  await frame();
  const before = performance.now();
  input.dispatchEvent(new Event("input", {bubbles: true}));
  const handled = performance.now() - before;
  const drawn = await new Promise((done) => requestAnimationFrame((began) => {
    document.getElementById(kind).querySelector("svg").getBoundingClientRect();
    done(performance.now() - began);
  }));
  return handled + drawn;
}"""


def summary(times: list[float]) -> dict[str, float]:
    """Return median and 95th percentile."""
    ordered = sorted(times)
    return {
        "median": round(statistics.median(ordered), 1),
        "95th percentile": round(ordered[int(0.95 * (len(ordered) - 1))], 1),
    }


def main() -> None:
    """Measure, print, write down."""
    source = ROOT / "lnn" / "book" / "labs"
    figures = "".join(lab.placed().figure(name=lab.kind) for lab in LABORATORIES)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_file = Path(folder) / "page.html"
        (page_file.parent / "lab.js").write_text(classic((source / "lab.js").read_text()))
        shutil.copy(source / "lab.css", folder)
        page_file.write_text(
            '<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="lab.css">'
            f'<script defer src="lab.js"></script><main style="max-width: 46rem">{figures}</main>'
        )
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 800, "height": 900})
        results: dict[str, dict[str, dict[str, float]]] = {}
        client = page.context.new_cdp_session(page)
        client.send("Performance.enable", {"timeDomain": "threadTicks"})

        def worked() -> float:
            """Return the processor time of the page's main thread, in ms."""
            metrics = client.send("Performance.getMetrics")["metrics"]
            return 1000 * next(m["value"] for m in metrics if m["name"] == "TaskDuration")

        for slowed in (1, 4):
            page.goto(page_file.as_uri())
            page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
            page.locator("#step .lnn-stage:not([data-busy])").wait_for()
            client.send("Emulation.setCPUThrottlingRate", {"rate": slowed})
            for lab in LABORATORIES:
                page.locator(f"#{lab.kind}").scroll_into_view_if_needed()
                wall, processor = [], []
                ranges = page.locator(f"#{lab.kind} input[type=range]")
                for index in [i for i in range(ranges.count()) if ranges.nth(i).is_visible()]:
                    for k in range(MOVES):
                        before = worked()
                        wall.append(page.evaluate(MOVE, [lab.kind, index, k / (MOVES - 1)]))
                        processor.append(worked() - before)
                    page.locator(f"#{lab.kind} .lnn-stage:not([data-busy])").wait_for()
                found = {"wall clock": wall} | ({"processor": processor} if slowed == 1 else {})
                for clock, times in found.items():
                    name = f"{clock}, processor {slowed} times slower, ms per redraw"
                    results.setdefault(name, {})[lab.kind] = summary(times)
        browser.close()
    text = json.dumps(results, indent=2)
    print(text)
    (HERE / "laboratories.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
