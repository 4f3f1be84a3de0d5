"""Predictions: what is shown before an answer, what after, with and without a script."""

import numpy as np
import pytest

from lnn.book import predict

PICTURE = (
    '<details class="lnn-covered" data-by="predict"><summary>The picture</summary>'
    '<p id="seen">Here</p></details>'
)


@pytest.fixture
def shown(monkeypatch):
    """Collect the HTML that predictions display while the book is built."""
    found = []
    monkeypatch.setenv("LNN_FREEZE", "1")
    monkeypatch.setattr(predict, "display_html", found.append)
    monkeypatch.setattr(predict, "next_place", lambda kind: kind)
    return found


def test_a_choice_is_made_before_anything_is_seen(shown, open_page):
    predict.choice("What comes?", ["rain", "sun", "<snow>"], answer=1, because="It is May.")
    page = open_page(shown[0] + PICTURE)
    assert not page.locator("#seen").is_visible()
    assert "May" not in page.locator("#predict").inner_text()
    commit = page.get_by_role("button", name="This is my answer")
    assert commit.is_disabled()
    page.get_by_label("<snow>").focus()
    page.keyboard.press("Space")
    commit.press("Enter")
    assert page.locator("#seen").is_visible()
    assert page.locator(".lnn-words").inner_text() == "Not so. It is May."
    marks = page.locator(".lnn-option").evaluate_all("(o) => o.map((x) => x.dataset.mark ?? '')")
    assert marks == ["", "right", "yours"]


def test_a_right_choice_is_told_so(shown, open_page):
    predict.choice("What comes?", ["rain", "sun"], answer=1)
    page = open_page(shown[0])
    page.get_by_label("sun").check()
    page.get_by_role("button", name="This is my answer").click()
    assert page.locator(".lnn-words").inner_text() == "Yes."
    assert page.locator("[data-mark]").count() == 1


SKETCH = {"x_label": "time", "y_label": "size", "because": "It is a line."}


@pytest.mark.parametrize("touch", [False, True])
def test_a_sketch_is_drawn_then_compared(shown, open_page, touch):
    predict.sketch("How does it grow?", [0, 1, 2], [0, 1, 2], y_range=(0, 4), **SKETCH)
    page = open_page(shown[0], width=390 if touch else 1000, has_touch=touch)
    compare = page.get_by_role("button", name="Compare with the curve")
    assert compare.is_disabled()
    assert page.locator(".lnn-stage .path").count() == 0
    page.locator(".lnn-stage").scroll_into_view_if_needed()
    box = page.locator(".lnn-stage").bounding_box()
    points = [(box["x"] + 70 + 0.7 * box["width"] * t, box["y"] + 60 + 40 * t) for t in (0, 0.5, 1)]
    if touch:
        client = page.context.new_cdp_session(page)
        for kind, at in zip(("touchStart", "touchMove", "touchMove"), points, strict=True):
            touched = [{"x": at[0], "y": at[1]}]
            client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touched})
        client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    else:
        page.mouse.move(*points[0])
        page.mouse.down()
        for at in points[1:]:
            page.mouse.move(*at)
        page.mouse.up()
    assert compare.is_enabled()
    compare.click()
    assert page.locator(".lnn-stage .path").count() == 1
    assert page.locator(".lnn-stage .sketched").get_attribute("d").count("L") > 10
    assert page.locator(".lnn-words").inner_text() == "It is a line."


def test_a_sketch_is_drawn_with_the_keys(shown, open_page):
    predict.sketch("How does it grow?", [1, 10, 100], [1, 3, 9], log_x=True, log_y=True, **SKETCH)
    page = open_page(shown[0])
    pen = page.get_by_role("slider", name="Pen")
    pen.focus()
    before = pen.get_attribute("aria-valuetext")
    for key in ["ArrowUp"] + ["ArrowRight", "ArrowUp"] * 14:
        page.keyboard.press(key)
    assert pen.get_attribute("aria-valuetext") != before
    assert 10 ** float(pen.get_attribute("aria-valuenow")) > 1
    page.get_by_role("button", name="Start again").click()
    assert page.get_by_role("button", name="Compare with the curve").is_disabled()


def test_the_numbers_of_a_pen_are_without_powers_of_ten(shown, open_page):
    """Assistive technology does not read 1e-9 as the number of a slider."""
    predict.sketch("How does it fall?", [2, 3, 4], [1e-6, 1e-9, 1e-12], log_y=True, **SKETCH)
    pen = open_page(shown[0]).get_by_role("slider", name="Pen")
    names = ("aria-valuemin", "aria-valuenow", "aria-valuemax")
    low, now, high = (pen.get_attribute(name) for name in names)
    assert not any("e" in number for number in (low, now, high))
    assert float(low) <= -12 < float(now) < -6 <= float(high)


def test_without_a_script_answers_are_folded(shown, open_page):
    predict.choice("What comes?", ["rain", "sun"], answer=1, because="It is May.")
    predict.sketch("How?", [0, 1], [0, 1], **SKETCH)
    predict.check("Is it so?", "It is & was.")
    page = open_page("".join(shown).replace('id="predict"', ""), java_script_enabled=False)
    text = page.locator("main").inner_text()
    assert "May" not in text
    assert "line" not in text
    assert "was" not in text
    for fold in page.locator("summary").all():
        fold.click()
    text = page.locator("main").inner_text()
    assert "sun. It is May." in text
    assert "It is a line." in text
    assert "It is & was." in text
    assert page.locator("figure svg").bounding_box()["height"] > 100


def test_a_long_curve_is_thinned_and_keeps_its_shape(shown):
    x = np.linspace(0, 5, 4001)
    predict.sketch("How?", x, np.exp(-x), **SKETCH)
    assert len(shown[0]) < 12_000


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: predict.choice("q", ["one"], answer=0), "at least two"),
        (lambda: predict.choice("q", ["a", "a"], answer=0), "distinct"),
        (lambda: predict.choice("q", ["a", "b"], answer=2), "answer is 2: give an index"),
        (lambda: predict.choice(" ", ["a", "b"], answer=1), "question is ' '"),
        (lambda: predict.sketch("q", [0, 1], [1, 2, 3], **SKETCH), "two vectors of one length"),
        (lambda: predict.sketch("q", [1, 0], [1, 2], **SKETCH), "x increasing"),
        (lambda: predict.sketch("q", [0, 1], [0, 2], log_y=True, **SKETCH), "y falls to 0"),
        (lambda: predict.sketch("q", [0, 1], [0, np.inf], **SKETCH), "not finite"),
        (lambda: predict.sketch("q", [0, 1], [0, 1], y_range=(2, 1), **SKETCH), "low < high"),
        (lambda: predict.check("q", ""), "answer is ''"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_outside_a_notebook_it_says_so(monkeypatch):
    monkeypatch.setenv("LNN_FREEZE", "1")
    with pytest.raises(RuntimeError, match="need a notebook"):
        predict.check("Is it?", "It is.")
