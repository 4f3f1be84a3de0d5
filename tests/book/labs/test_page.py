"""Laboratories on a page: every control by mouse, touch and keys; the address; the code; no script.

The page has nothing but the laboratory's own element, script and style, and is served under the
policy that the README promises.
"""

import base64
import contextlib
import io
import math
import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from lnn.book.labs import ring, staircase, step, valley

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PLACES = {
    "valley": valley.Valley,
    "staircase": staircase.Staircase,
    "ring": ring.Ring,
    "step": step.Step,
}


def html(kind, **state):
    return PLACES[kind].placed(**state).figure(name=kind)


def drawn(page, kind):
    """Return what the laboratory shows: picture and words."""
    place = page.locator(f"#{kind}")
    place.locator(".lnn-stage[data-drawn]:not([data-busy])").wait_for()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return place.locator(".lnn-stage > svg").inner_html(), place.locator(".lnn-words").inner_text()


def centre(locator):
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def unfold(page):
    page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")


@pytest.fixture(params=PLACES)
def kind(request):
    """Return each laboratory in turn."""
    return request.param


def test_every_control_answers_to_keys(kind, open_page):
    page = open_page(html(kind))
    unfold(page)
    seen = drawn(page, kind)
    controls = page.locator(f"#{kind}").locator("input[type=range], select, .lnn-handle, .lnn-gate")
    assert controls.count() >= 2
    for control in controls.all():
        if not control.is_visible():
            continue
        pictures = {seen}
        control.focus()
        for key in ("ArrowUp", "ArrowLeft", "ArrowLeft", "ArrowDown", "ArrowDown", " "):
            page.keyboard.press(key)
            pictures.add(drawn(page, kind))
        assert len(pictures) > 1, control.get_attribute("aria-label") or control.get_attribute("id")


@pytest.mark.parametrize("touch", [False, True])
def test_every_range_answers_to_a_press(kind, touch, open_page):
    page = open_page(html(kind), width=390 if touch else 1000, has_touch=touch)
    unfold(page)
    drawn(page, kind)
    for control in page.locator(f"#{kind} input[type=range]").all():
        if not control.is_visible():
            continue
        seen = set()
        for share in (0.1, 0.9):
            control.scroll_into_view_if_needed()
            box = control.bounding_box()
            assert box["width"] >= 120, "too short to be moved with a finger"
            press = page.touchscreen.tap if touch else page.mouse.click
            press(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
            seen.add(control.get_attribute("aria-valuetext"))
        assert len(seen) == 2, control.get_attribute("id")
        output = control.locator("xpath=preceding-sibling::output")
        assert output.inner_text() == control.get_attribute("aria-valuetext")


@pytest.mark.parametrize("touch", [False, True])
def test_the_start_of_the_valley_is_dragged(touch, open_page):
    page = open_page(html("valley"), width=390 if touch else 1000, has_touch=touch)
    before = drawn(page, "valley")
    handle = page.locator(".lnn-handle")
    said = handle.get_attribute("aria-valuetext")
    x, y = centre(handle)
    box = handle.bounding_box()
    assert (box["width"], box["height"]) == (44, 44)
    if touch:
        client = page.context.new_cdp_session(page)
        scroll = page.evaluate("scrollY")
        for kind, points in (
            ("touchStart", [{"x": x, "y": y}]),
            ("touchMove", [{"x": x + 10, "y": y + 20}]),
            ("touchMove", [{"x": x + 30, "y": y + 60}]),
            ("touchEnd", []),
        ):
            client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        assert page.evaluate("scrollY") == scroll
    else:
        page.mouse.move(x + 3, y + 3)
        page.mouse.down()
        page.mouse.move(x + 20, y + 30)
        page.mouse.move(x + 33, y + 63)
        page.mouse.up()
    assert drawn(page, "valley")[0] != before[0]
    assert handle.get_attribute("aria-valuetext") != said
    new = handle.bounding_box()
    assert new["x"] - box["x"] == pytest.approx(30, abs=1)
    assert new["y"] - box["y"] == pytest.approx(60, abs=1)


def test_a_press_in_the_plane_moves_the_start(open_page):
    page = open_page(html("valley"))
    drawn(page, "valley")
    x, y = centre(page.locator(".lnn-handle"))
    page.mouse.click(x + 90, y + 70)
    drawn(page, "valley")
    assert centre(page.locator(".lnn-handle")) == pytest.approx((x + 90, y + 70), abs=1)


def test_a_finger_that_swipes_over_a_range_scrolls_the_page(open_page):
    page = open_page(html("valley"), width=390, has_touch=True)
    drawn(page, "valley")
    control = page.locator("#valley input[type=range]").first
    box = control.bounding_box()
    value = control.get_attribute("aria-valuetext")
    x, y = box["x"] + 0.85 * box["width"], box["y"] + box["height"] / 2
    client = page.context.new_cdp_session(page)
    client.send(
        "Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]}
    )
    for k in range(1, 11):
        point = {"x": x, "y": y - 14 * k}
        client.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        page.wait_for_timeout(16)
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(200)
    assert page.evaluate("scrollY") > 50
    assert control.get_attribute("aria-valuetext") == value


def test_the_address_holds_the_state_once_something_is_touched(kind, open_page):
    page = open_page(html(kind), query="q=saddle")
    before = drawn(page, kind)
    page.wait_for_timeout(400)
    assert page.url.endswith("?q=saddle"), "nothing was touched yet"
    page.locator(f"#{kind} input[type=range]").first.press("ArrowRight")
    now = drawn(page, kind)
    assert now != before
    page.wait_for_url(re.compile(rf"\?q=saddle&{kind}\.\w+=[\d.]+$"))
    address = page.url

    page.reload()
    assert drawn(page, kind) == now
    page.goto("about:blank")
    page.go_back()
    assert page.url == address
    assert drawn(page, kind) == now

    page.get_by_role("button", name="Reset").click()
    assert drawn(page, kind) == before
    page.wait_for_url(re.compile(r"\?q=saddle$"))


def test_a_link_shows_its_state_and_nonsense_is_ignored(open_page):
    query = "valley.step=0.4&valley.w1=nonsense&valley.w2=99&valley.layers=7&valley.%E0=1&x=%"
    page = open_page(html("valley") + html("valley").replace('id="valley"', 'id="other"'), query)
    words = drawn(page, "valley")[1]
    assert words.startswith("Step size 0.4 from w₁ = −1, w₂ = 2.5.")
    assert drawn(page, "other")[1].startswith("Step size 0.05 from w₁ = −1, w₂ = 1.6.")


def test_back_to_another_state_of_the_same_page(open_page):
    page = open_page(html("valley") + '<a href="?valley.step=0.3">larger</a>')
    drawn(page, "valley")
    page.locator("a").click()
    assert drawn(page, "valley")[1].startswith("Step size 0.3 ")
    page.go_back()
    assert drawn(page, "valley")[1].startswith("Step size 0.05 ")


def test_the_code_for_the_state_runs(kind, open_page):
    page = open_page(html(kind))
    drawn(page, kind)
    page.locator(f"#{kind} input[type=range]").first.press("ArrowRight")
    page.get_by_role("button", name="Copy the lnn code").click()
    code = page.locator(f"#{kind} .lnn-code").inner_text()
    assert "import lnn" in code
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    assert printed.getvalue().strip()


@pytest.mark.parametrize("state", [{}, {"step": 0.6, "w1": 2.0, "w2": 2.2}, {"layers": 3}])
def test_the_code_of_the_valley_gives_what_is_shown(open_page, call, state):
    page = open_page(html("valley", **state))
    drawn(page, "valley")
    page.get_by_role("button", name="Copy the lnn code").click()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(page.locator(".lnn-code").inner_text(), {})
    run = call("valleyRun", valley.Valley.placed(**state).state())
    stop, loss = printed.getvalue().split()[:2]
    if run["diverged"]:
        assert (stop, loss) == ("DIVERGED", "inf")
    else:
        assert stop == "STEPS"
        assert float(loss) == pytest.approx(run["losses"][-1], rel=1e-6, abs=1e-15)
        assert float(printed.getvalue().split()[2]) == pytest.approx(run["sharpness"][-1], rel=1e-6)


@pytest.mark.parametrize("layers", [2, 3])
def test_the_valley_marks_what_is_flat_enough_and_where_runs_end(layers, open_page, call):
    state = {"shows": "ends", "step": 0.2, "steps": 200, "layers": layers}
    page = open_page(valley.Valley.placed(**state).figure(name="valley", front=("shows",)))
    _, said = drawn(page, "valley")
    ends = call("valleyEnds", valley.Valley.placed(**state).state())["ends"]
    assert page.locator("#valley .settled").count() == len(ends) > 100
    assert f"{len(ends)} have settled" in said
    flat = page.locator("#valley path.flat")
    assert flat.count() == 2
    wide = flat.first.bounding_box()["width"]
    page.locator("#valley input[data-parameter=step]").fill(str(math.log10(0.3)))
    drawn(page, "valley")
    assert 0 < flat.first.bounding_box()["width"] < 0.9 * wide
    page.get_by_role("button", name="Copy the lnn code").click()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(page.locator(".lnn-code").inner_text(), {})
    count = page.locator("#valley .settled").count()
    assert abs(int(printed.getvalue().split()[-2]) - count) <= 4
    page.locator("#valley select[data-parameter=shows]").select_option("one run")
    drawn(page, "valley")
    assert page.locator("#valley .settled").count() == flat.count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1000])
def test_accessible(kind, open_page, width, scheme):
    page = open_page(html(kind), width=width, scheme=scheme)
    if scheme == "dark":
        page.add_style_tag(content="body { background: #121212; color: #eee }")
    unfold(page)
    drawn(page, kind)
    page.get_by_role("button", name="Copy the lnn code").click()
    found = Axe().run(page, options={"runOnly": WCAG, "resultTypes": ["violations"]})
    violations = [
        (v["id"], [n["html"][:150] for n in v["nodes"][:3]]) for v in found.response["violations"]
    ]
    assert not violations


SIZES = """(texts) => texts.map((text) => {
  const svg = text.ownerSVGElement;
  const zoom = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  return parseFloat(getComputedStyle(text).fontSize) * zoom;
})"""
CUT = """(svg) => {
  const box = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text")].filter((text) => {
    const b = text.getBoundingClientRect();
    return b.left < box.left - 1 || b.right > box.right + 1 || b.bottom > box.bottom + 1;
  }).map((text) => text.textContent);
}"""


def test_legible_on_a_phone(kind, open_page):
    page = open_page(html(kind), width=390)
    unfold(page)
    drawn(page, kind)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    sizes = page.locator(f"#{kind} svg text").evaluate_all(SIZES)
    assert sizes
    assert min(sizes) >= 11
    cut = page.locator(f"#{kind} svg").evaluate(CUT)
    assert not cut, "labels that leave the picture"


def test_what_is_heard_comes_once_a_move_is_over(open_page):
    page = open_page(html("valley"))
    drawn(page, "valley")
    heard = page.locator(".lnn-heard")
    control = page.locator("#valley input[type=range]").first
    for _ in range(5):
        control.press("ArrowRight")
    assert heard.inner_text() == ""
    page.locator(".lnn-heard", has_text="Step size").wait_for(state="attached")
    assert heard.inner_text() == drawn(page, "valley")[1]


def test_play_runs_to_the_end_and_stops(open_page):
    page = open_page(html("valley", steps=10))
    drawn(page, "valley")
    play = page.get_by_role("button", name="Play")
    play.click()
    page.get_by_role("button", name="Pause").click()
    steps = page.locator("#valley input[data-parameter=steps]")
    stopped = int(steps.get_attribute("aria-valuetext"))
    page.wait_for_timeout(200)
    assert int(steps.get_attribute("aria-valuetext")) == stopped
    page.get_by_role("button", name="Step", exact=True).click()
    assert int(steps.get_attribute("aria-valuetext")) == stopped + 1


def test_without_a_script_the_picture_of_the_state_stands(kind, open_page):
    page = open_page(html(kind), java_script_enabled=False)
    picture = page.locator(f"#{kind} img.lnn-picture")
    assert len(picture.get_attribute("alt").split()) > 10
    assert picture.bounding_box()["height"] > 150
    assert picture.evaluate("(i) => i.naturalWidth") > 300
    assert "needs JavaScript" in page.locator(f"#{kind}").inner_text()


def test_the_picture_without_a_script_is_legible_on_a_phone(kind, open_page):
    page = open_page(html(kind), width=390, java_script_enabled=False)
    picture = page.locator(f"#{kind} img.lnn-picture")
    svg = base64.b64decode(picture.get_attribute("src").partition(",")[2]).decode()
    points = float(re.search(r'viewBox="0 0 ([\d.]+)', svg)[1])
    # What stands in one <text> alone; exponents, the smaller part of a number, are in a tspan.
    sizes = [float(size) for size in re.findall(r'<text style="[^"]*?([\d.]+)px', svg)]
    assert len(sizes) >= 5
    assert min(sizes) * picture.bounding_box()["width"] / points >= 11
