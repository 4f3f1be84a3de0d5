"""Reading without a mouse, without a script, with a thumb, on paper."""

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Browser
from visiting import PAGES, Served, Visit, chapters

Open = Callable[..., Visit]

# Whether the element that has the focus shows that: an outline, or a box shadow.
FOCUSED = """() => {
  const at = document.activeElement;
  const style = getComputedStyle(at);
  const box = at.getBoundingClientRect();
  return {
    tag: at.tagName,
    name: (at.getAttribute("aria-label") || at.textContent || at.title).trim().slice(0, 40),
    inside: at.closest("main") ? "main" : at.closest("#pst-primary-sidebar") ? "sidebar" : "",
    skip: at.closest("#pst-skip-link") !== null,
    math: at.closest("math, .math") !== null,
    shown: box.width > 0 && box.height > 0,
    outline: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
  };
}"""


def test_the_keyboard_goes_from_the_text_to_the_sidebar_and_is_seen(
    visit: Open, served: Served
) -> None:
    """Skip link first, then main, then the sidebar; the focus is visible on each stop."""
    seen = visit(served.url(f"{chapters()[2]}.html"))
    stops: list[dict[str, Any]] = []
    for _ in range(400):
        seen.page.keyboard.press("Tab")
        stop = seen.page.evaluate(FOCUSED)
        if stop["tag"] == "BODY" or (stops and stop["skip"]):
            break
        stops.append(stop)
    assert len(stops) > 20
    assert stops[0]["skip"]
    places = [stop["inside"] for stop in stops if stop["inside"]]
    assert places == sorted(places), "main and the sidebar take turns"
    assert {"main", "sidebar"} <= set(places)
    unseen = [stop for stop in stops if stop["shown"] and not stop["outline"]]
    assert not unseen
    assert not [stop for stop in stops if stop["math"] and stop["tag"] != "A"]


@pytest.mark.parametrize("width", [390, 1280])
def test_pictures_keep_their_shape(visit: Open, served: Served, width: int) -> None:
    """No white band above and below a picture that is narrower than it was drawn."""
    seen = visit(served.url(f"{chapters()[1]}.html"), width=width)
    seen.page.evaluate("document.querySelectorAll('article details').forEach(d => d.open = true)")
    pictures = seen.page.locator("article .cell_output img")
    shapes = []
    for index in range(pictures.count()):
        picture = pictures.nth(index)
        if not picture.is_visible():
            continue
        picture.scroll_into_view_if_needed()
        shapes.append(
            picture.evaluate(
                """image => image.decode().then(() => {
                const box = image.getBoundingClientRect();
                return [box.width / box.height, image.naturalWidth / image.naturalHeight];
            })"""
            )
        )
    assert len(shapes) > 3
    for shown, drawn in shapes:
        assert shown == pytest.approx(drawn, rel=0.02)


def test_assistive_technology_reads_formulas(visit: Open, served: Served) -> None:
    seen = visit(served.url(f"{chapters()[1]}.html"))
    session = seen.page.context.new_cdp_session(seen.page)
    tree = session.send("Accessibility.getFullAXTree")["nodes"]
    roles = [node["role"]["value"] for node in tree if not node["ignored"]]
    maths = seen.page.evaluate(
        """[...document.querySelectorAll("article math")]
             .filter((m) => m.checkVisibility({
               opacityProperty: true, visibilityProperty: true})).length"""
    )
    heard = sum(role in ("math", "MathMLMath") for role in roles)
    assert maths > 20
    assert heard >= maths, f"{heard} of {maths} formulas; roles: {sorted(set(roles))}"


def test_a_vertical_swipe_that_begins_on_a_slider_scrolls(
    chromium: Browser, served: Served, site: Path
) -> None:
    marker = '<figure class="lnn-explorer"'
    name = next(c for c in chapters() if marker in (site / f"{c}.html").read_text())
    context = chromium.new_context(
        viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(served.url(f"{name}.html"))
    page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    slider = page.locator("figure.lnn-explorer input[type=range]").first
    slider.evaluate("(s) => s.scrollIntoView({block: 'center', behavior: 'instant'})")
    page.wait_for_timeout(300)
    value, top = slider.input_value(), page.evaluate("scrollY")
    box = slider.bounding_box()
    assert box is not None
    share = 0.25 if int(value) > int(slider.get_attribute("max") or 0) / 2 else 0.75
    x, y = box["x"] + share * box["width"], box["y"] + box["height"] / 2
    session = context.new_cdp_session(page)

    def touch(kind: str, *points: dict[str, float]) -> None:
        event = {"type": f"touch{kind}", "touchPoints": list(points)}
        session.send("Input.dispatchTouchEvent", event)

    touch("Start", {"x": x, "y": y})
    for step in range(1, 16):
        touch("Move", {"x": x, "y": y - 16 * step})
        page.wait_for_timeout(16)
    touch("End")
    page.wait_for_timeout(500)
    assert page.evaluate("scrollY") > top + 100, "the page did not scroll"
    assert slider.input_value() == value, "the slider moved"
    context.close()


def test_without_javascript_text_and_formulas_are_there(chromium: Browser, served: Served) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    for name in chapters():
        page.goto(served.url(f"{name}.html"))
        article = page.locator("article.bd-article")
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert len(article.inner_text()) > 1000
            if article.locator("math").count() > 20:
                assert article.locator("math:visible").count() > 5
        raw = re.findall(
            r"\\[a-z]{3,}|\$[^$\n]+\$",
            re.sub(
                r"(?s)<pre.*?</pre>|<code.*?</code>|<script.*?</script>", "", article.inner_html()
            ),
        )
        assert not raw, f"{name}: {raw[:3]}"
    context.close()


def test_folded_parts_and_explorers_print(visit: Open, served: Served, tmp_path: Path) -> None:
    """Solutions and proofs have their bodies on paper, and buttons are not printed."""
    from pypdf import PdfReader

    seen = visit(served.url(f"{chapters()[2]}.html"))
    hidden = seen.page.evaluate(
        """[...document.querySelectorAll(
             "details:not([open]) p, .toggle-hidden p, .sd-summary-text")]
             .filter((p) => !p.closest("details.hide > summary")) // prompts of cells
             .filter((p) => !p.querySelector("math") && p.textContent.trim().length > 40)
             .map((p) => p.textContent.trim().split(/\\s+/).slice(0, 4).join(" "))"""
    )
    assert hidden, "nothing is folded here"
    file = tmp_path / "page.pdf"
    seen.page.pdf(path=file, format="A4")
    text = " ".join(" ".join(p.extract_text() for p in PdfReader(file).pages).split())
    text = unicodedata.normalize("NFKC", text)  # without ligatures
    plain = re.sub(r"\W", "", text)
    missing = [words for words in hidden if re.sub(r"\W", "", words) not in plain]
    assert not missing
    assert "Take it live" not in text


def test_pages_load_what_the_first_screen_needs(site: Path) -> None:
    """One style sheet; one script may hold the page up, the one that sets its colours."""
    for name in PAGES:
        page = BeautifulSoup((site / name).read_text(), "html.parser")
        assert len(page.select("head link[rel=stylesheet]")) == 1, name
        waiting = "script[src]:not([defer]):not([async]):not([type=module])"
        blocking = [script["src"] for script in page.select(waiting)]
        assert len(blocking) <= 1, f"{name}: {blocking}"
