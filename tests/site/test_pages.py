"""Every page: asks nobody, has no error, shows no raw LaTeX, is accessible, light and linked."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from visiting import PAGES, PREFIX, ROOT, STRICT, Served, Visit, compressed

BASE = urlsplit(yaml.safe_load((ROOT / "_config.yml").read_text())["html"]["baseurl"]).path
MOST_BYTES = 3_000_000
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
CONTRAST = {"type": "rule", "values": ["color-contrast"]}  # all that a dark page can do worse

RAW_LATEX = re.compile(r"\\[a-zA-Z]{2,}|\\[()\[\]]|\$[^$\n]+\$|\{(?:eq|cite|ref|numref)[:}]")
FILE_NAME = re.compile(r"[0-9a-f]{12}|\.(?:png|svg|webp|jpe?g)\b|^_?images?/")

Open = Callable[..., Visit]

PROSE = """() => {
  const copy = document.querySelector("main article, main").cloneNode(true);
  copy.querySelectorAll("pre, code, script, math, noscript, style").forEach(
    (node) => node.remove());
  return copy.textContent;
}"""

LOAD_PICTURES = """() => Promise.all([...document.querySelectorAll("img")].map((img) => {
  img.loading = "eager";
  return img.complete || new Promise((done) => { img.onload = img.onerror = done; });
}))"""

PICTURES = """() => [...document.querySelectorAll("main article img")].map(
  (img) => [img.getAttribute("alt"), img.currentSrc.slice(0, 80), img.naturalWidth])"""


@pytest.fixture(scope="module", params=PAGES)
def page(request: pytest.FixtureRequest) -> str:
    """Return each page in turn; tests of one page come one after another and share its visit."""
    return str(request.param)


@pytest.fixture(scope="module")
def seen(page: str, visitor: Open, served: Served, measured: dict[str, Any]) -> Visit:
    """Return the page as a new reader opens it: nothing cached, scrolled to its end.

    A strict policy forbids inline scripts. (Inline styles are: formulas and the theme have them.)
    """
    visit = visitor(served.url(page, STRICT))
    paint = "performance.getEntriesByName('first-contentful-paint').map((e) => e.startTime)[0]"
    name = "first contentful paint, cold cache, ms"
    measured.setdefault(name, {})[page] = round(visit.page.evaluate(paint) or 0)
    visit.page.mouse.wheel(0, 100_000)
    visit.page.evaluate(LOAD_PICTURES)
    return visit


def test_page_is_whole_and_asks_nobody(seen: Visit) -> None:
    seen.check()
    text = seen.page.evaluate(PROSE)
    raw = RAW_LATEX.findall(text)
    assert not raw, f"LaTeX that no one typeset: {raw[:5]}"
    assert seen.page.locator(".math > code").count() == 0, "a formula that is no formula"
    assert "??" not in text, "an unresolved reference"


def test_every_picture_says_what_it_shows(seen: Visit) -> None:
    for alt, source, width in seen.page.evaluate(PICTURES):
        assert width > 0, f"{source} is not a picture"
        assert alt, f"{source} has no alternative text"
        assert not FILE_NAME.search(alt), f"the alternative text of {source} is a name: {alt}"
        assert len(alt.split()) >= 4, f"the alternative text of {source} says too little: {alt}"


def test_page_weighs_at_most_three_megabytes(
    page: str, seen: Visit, site: Path, measured: dict[str, Any]
) -> None:
    places = {unquote(urlsplit(address).path) for address in seen.loaded}
    files = [site / place.removeprefix(STRICT + "/") for place in places if STRICT in place]
    weight = sum(compressed(file) for file in files if file.is_file())
    measured.setdefault("page weight, compressed, bytes", {})[page] = weight
    assert 50_000 < weight <= MOST_BYTES


@pytest.mark.parametrize(("scheme", "rules"), [("light", WCAG), ("dark", CONTRAST)])
def test_page_is_accessible(seen: Visit, scheme: Literal["light", "dark"], rules: Any) -> None:
    seen.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    expect(seen.page.locator("html")).to_have_attribute("data-theme", scheme)
    seen.page.wait_for_timeout(400)  # colours change gradually
    found = Axe().run(seen.page, options={"runOnly": rules, "resultTypes": ["violations"]})
    violations = [
        (v["id"], [(n["target"], n["html"][:120]) for n in v["nodes"][:3]])
        for v in found.response["violations"]
    ]
    assert not violations


def test_nothing_is_wider_than_a_phone(seen: Visit) -> None:
    seen.page.set_viewport_size({"width": 360, "height": 780})
    seen.page.wait_for_timeout(200)
    wide = seen.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 360, f"{wide} pixels wide on a phone of 360"


def test_the_site_works_from_the_root_too(visit: Open, served: Served) -> None:
    """As with `make serve`; the sub-path of all other tests is that of a project's pages."""
    mounts = served.mounts
    mounts[""] = mounts[PREFIX]
    try:
        root = visit(f"{served.origin}/index.html")
        root.page.wait_for_url("**/book/intro.html")
        root.page.wait_for_load_state("networkidle")
        root.check()
    finally:
        del mounts[""]


class Links(HTMLParser):
    """The addresses and the anchors of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.anchors |= {v for k in ("id", "name") if (v := values.get(k))}
        for key in ("href", "src"):
            if value := values.get(key):
                self.links.append(value)


def test_links_inside_the_site_work(site: Path) -> None:
    # 404.html is shown at any address, so it names the published site: see test_finding.
    others = {"lite", "_static", "404.html"}
    pages = [p for p in site.rglob("*.html") if not others & {*p.parts}]
    parsed = {page.resolve(): Links(page) for page in pages}
    assert len(parsed) >= len(PAGES)
    broken = []
    for page, found in parsed.items():
        for link in found.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            path = unquote(parts.path)
            if path.startswith(f"{BASE}/"):  # on the page that stands anywhere, 404.html
                target = (site / path.removeprefix(f"{BASE}/")).resolve()
            else:
                target = (page.parent / path).resolve() if path else page
            anchors = parsed[target].anchors if target in parsed else {parts.fragment, ""}
            if not target.exists() or unquote(parts.fragment) not in anchors | {""}:
                broken.append((page.name, link))
    assert not broken


def test_a_docstring_reads_as_it_is_written(book_site: ModuleType) -> None:
    config = SimpleNamespace(bibtex_bibfiles=["book/references.bib"])
    app = SimpleNamespace(srcdir=ROOT, config=config)

    def processed(what: str, *lines: str) -> list[str]:
        given = list(lines)
        book_site.api.process(app, what, "name", None, None, given)
        return given

    assert processed("function", "    m.", "a * b, achour2021") == [
        r"    \m.",
        r"a \* b, :cite:t:`achour2021`",
    ]
    assert processed("data", "Inches, 16:9: wide.") == ["\\", "Inches, 16:9: wide."]
