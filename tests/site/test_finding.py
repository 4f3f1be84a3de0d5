"""Finding things: search, previews, references, what others show of a page, the missing page."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from visiting import PAGES, POLICY, PREFIX, ROOT, STRICT, Served, Visit, chapters

Open = Callable[..., Visit]

ABOUT = {
    "saddle": r"saddles\.html$",
    "plateaus": r"plateaus\.html$",
    "divergence": r"divergence\.html$|divergence-bound",
    "sharpness": r"term-sharpness",
    "convergence_bound": r"#lnn\..*convergence_bound$",
    "bottleneck": r"term-bottleneck|bottleneck",
}
"""Where the first result for a word leads."""


def ask(page: Page, words: str) -> Any:
    """Type into the theme's search dialog; return the results."""
    page.keyboard.press("Control+k")
    field = page.locator("#pst-search-dialog input[type=search]")
    field.fill(words)
    results = page.locator("#pst-search-dialog .find-results > li")
    results.first.wait_for()
    return results


@pytest.mark.parametrize("word", ABOUT)
def test_the_page_about_a_word_comes_first(word: str, visit: Open, served: Served) -> None:
    seen = visit(served.url(PAGES[0]))
    assert not [a for a in seen.loaded if "find.json" in a], "the index is loaded unasked"
    results = ask(seen.page, word)
    link = results.first.locator("a")
    address = link.get_attribute("href") or ""
    assert re.search(ABOUT[word], address), f"{word} leads to {address}"
    grounds = seen.page.evaluate(
        """["#pst-search-dialog", "body"].map((one) =>
             getComputedStyle(document.querySelector(one)).backgroundColor)"""
    )
    assert grounds[0] == grounds[1], "the page shines through the results"
    for snippet in results.locator("p").all_inner_texts()[:10]:
        assert "Contents" not in snippet
        assert "Show code cell" not in snippet
    seen.check()


def test_a_hit_opens_its_section(visit: Open, served: Served) -> None:
    seen = visit(served.url(PAGES[0]))
    results = ask(seen.page, "saddle")
    section = results.locator("a[href*='#']").first
    words = section.inner_text()
    section.click()
    seen.page.wait_for_url(re.compile("#"))
    target = seen.page.locator(":target")
    assert words.casefold() in target.inner_text().casefold()
    box = target.bounding_box()
    assert box is not None
    assert -60 < box["y"] < 300, "the section is not at the top of the window"
    seen.check()


def test_search_without_results_says_so_and_the_page_answers_too(
    visit: Open, served: Served
) -> None:
    seen = visit(served.url("search.html?q=saddle"))
    expect(seen.page.locator("main .find-results > li")).not_to_have_count(0)
    field = seen.page.locator("main form.bd-search input")
    field.fill("zyzzyva")
    status = seen.page.locator("main .find-status")
    status.get_by_text("no results").wait_for()
    seen.check()


PREVIEWED = {
    "an equation": "a.reference.internal[href*='#equation-']",
    "a theorem": "a.reference.internal[href*='#thm-']",
    "a figure": "a.reference.internal[href*='#fig-']",
    "a reference": "a.reference.internal[href*='bibliography.html#']",
    "a chapter": "a.reference.internal[href*='html#ch-']",
    "a term": "a.reference.internal[href*='#term-']",
}


@pytest.mark.parametrize("kind", PREVIEWED)
def test_what_a_link_leads_to_is_shown_beside_it(
    kind: str, visit: Open, served: Served, site: Path
) -> None:
    plain = PREVIEWED[kind].split("'")[1]
    holds = re.compile(rf'<a class="[^"]*internal[^"]*" href="[^"]*{re.escape(plain)}')
    name = next((p for p in PAGES if holds.search(_article(site / p))), None)
    assert name is not None, f"no page has a link to {kind}"
    seen = visit(served.url(name, STRICT))
    seen.page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    link = seen.page.locator(f"article {PREVIEWED[kind]}").locator("visible=true").first
    link.scroll_into_view_if_needed()
    seen.page.wait_for_timeout(300)  # pictures near it load now
    for way in ("mouse", "keyboard"):
        if way == "mouse":
            link.hover()
        else:
            seen.page.mouse.move(0, 0)
            seen.page.locator(".preview").wait_for(state="hidden")
            link.focus()
            seen.page.keyboard.press("Shift+Tab")
            seen.page.keyboard.press("Tab")
        box = seen.page.locator(".preview")
        box.wait_for()
        assert len(box.inner_text().strip()) > 3 or box.locator("img").count()
        assert link.get_attribute("aria-describedby") == box.get_attribute("id")
        place = box.bounding_box()
        assert place is not None
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= 1280
        pictures = box.locator("img").evaluate_all(
            "(all) => Promise.all(all.map((i) => i.decode().then(() => i.naturalWidth, () => 0)))"
        )
        assert all(pictures), "a picture in the preview does not load"
        ids = seen.page.evaluate("[...document.querySelectorAll('[id]')].map((e) => e.id)")
        assert len(ids) == len(set(ids))
        seen.page.keyboard.press("Escape")
        assert box.is_hidden()
    seen.check()


def _article(page: Path) -> str:
    text = page.read_text(encoding="utf-8")
    return text[text.find("<article") : text.find("</article>")]


def test_citations_and_bibliography_agree_and_identifiers_are_linked(site: Path) -> None:
    text = _article(site / "book" / "bibliography.html")
    assert not re.search(r'<span class="fn-bracket">\[</span>\d+<', text), "numbered entries"
    entries = re.findall(r'<div class="citation".*?</div>', text, re.DOTALL)
    assert len(entries) > 10
    for entry in entries:
        assert re.search(r"(\d{4}[a-z]?)<span class=\"fn-bracket\">\]", entry), entry[:200]
        plain = re.sub(r"<a .*?</a>", "", entry, flags=re.DOTALL)
        assert not re.search(r"arXiv:\d|doi:|10\.\d{4}/", plain), f"an unlinked identifier: {plain}"
    years = set(re.findall(r"(\d{4}[a-z]?)</?(?:span|a)", text))
    for chapter in chapters():
        for cited in re.findall(
            r"\[<a[^>]*bibliography\.html#[^>]*>([^<]+)</a>", _article(site / f"{chapter}.html")
        ):
            assert cited.split(",")[-1].strip() in years, f"{chapter} cites {cited}"


class Head(HTMLParser):
    """The metadata of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.meta: dict[str, list[str]] = {}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        name = values.get("property") or values.get("name")
        if tag == "meta" and name:
            self.meta.setdefault(name, []).append(values.get("content") or "")


def test_every_page_can_be_shared(site: Path) -> None:
    descriptions = {}
    for page in PAGES:
        meta = Head(site / page).meta
        for name in ("description", "og:title", "og:description", "og:image", "og:url", "viewport"):
            assert len(meta.get(name, [])) == 1, f"{page} has {meta.get(name)} for {name}"
        words = descriptions[page] = meta["description"][0]
        assert 40 <= len(words) <= 201, f"{page}: {words}"
        assert "\\" not in words, f"{page}: {words}"
        assert meta["og:url"][0].startswith("https://")
        assert meta["og:url"][0].endswith(page)
        assert "not set" not in meta["og:site_name"][0]
        base = meta["og:url"][0].removesuffix(page)
        picture = site / meta["og:image"][0].removeprefix(base)
        with Image.open(picture) as image:
            assert image.width >= 600, "too small for a preview"
    own = [words for page, words in descriptions.items() if page.startswith("book/")]
    assert len(set(own)) > len(own) / 2, "the same words for every page"


@pytest.mark.parametrize("depth", ["nowhere.html", "book/gone.html", "a/b/c/d.html"])
def test_the_missing_page_finds_home_at_any_depth(
    depth: str, visit: Open, served: Served, site: Path, book_site: ModuleType
) -> None:
    source = book_site.missing.policy()
    assert source in (ROOT / "README.md").read_text(), f"the README's policy lacks {source}"
    text = (site / "404.html").read_text()
    assert not re.search(r'(?:src|href)="(?!/)', text), "an address that is relative"
    seen = visit(served.url(PAGES[0]))
    policy = POLICY.replace("script-src 'self'", f"script-src 'self' {source}")
    seen.page.route(
        f"**/{depth}",
        lambda route: route.fulfill(
            status=404,
            body=text,
            headers={"Content-Type": "text/html", "Content-Security-Policy": policy},
        ),
    )
    seen.page.goto(served.url(depth))
    home = seen.page.locator("#home")
    expect(home).to_have_attribute("href", f"{PREFIX}/index.html")
    home.click()
    seen.page.wait_for_url("**/book/intro.html")
    seen.page.go_back()
    assert "no such page" in seen.page.inner_text("h1")


def test_the_index_of_the_search_has_text_and_no_menus(site: Path) -> None:
    entries = json.loads((site / "find.json").read_text())
    assert {e["kind"] for e in entries} == {"page", "section", "term", "name"}
    for entry in entries:
        page, _, anchor = entry["at"].partition("#")
        assert f'id="{anchor}"' in (site / page).read_text() or not anchor
        assert entry["title"], entry
        assert "data:image" not in entry["text"]
