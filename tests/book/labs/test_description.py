"""Traits are the one source of state: what they allow, what the page is told, what is refused."""

import json
import re

import pytest

from lnn.book.labs import ring, staircase, step, valley
from lnn.book.labs.laboratory import html_figure

LABORATORIES = [valley.Valley, staircase.Staircase, step.Step, ring.Ring]


@pytest.mark.parametrize("lab", LABORATORIES)
def test_the_page_is_told_the_state_and_the_bounds(lab):
    html = lab.placed().figure(name="here")
    found = json.loads(re.search(r'<script type="application/json">(.*)</script>', html)[1])
    assert found == lab.placed().describe()
    assert set(found["state"]) == {p["name"] for p in found["parameters"]}
    for p in found["parameters"]:
        assert p["label"] != p["name"] or p["control"] == "none", f"{p['name']} has no label"
        if p["type"] in ("int", "float"):
            assert p["min"] <= found["state"][p["name"]] <= p["max"]


def test_a_state_out_of_bounds_is_refused_with_the_remedy():
    with pytest.raises(ValueError, match=r"step is 9\.0: give a number from 0\.001 to 2\.0"):
        valley.Valley.placed(step=9.0)
    with pytest.raises(ValueError, match="layers is 4: give one of 2, 3"):
        valley.Valley.placed(layers=4, step=0.1)
    with pytest.raises(ValueError, match="no parameter 'eta': it has"):
        valley.Valley.placed(eta=0.1)
    with pytest.raises(ValueError, match="name is 'My valley'"):
        valley.Valley.placed().figure(name="My valley")


def test_controls_can_be_taken_out_of_the_fold():
    lab = staircase.Staircase.placed(layers=3)
    described = {p["name"]: p["control"] for p in lab.describe(front=("layers",))["parameters"]}
    assert described.pop("layers") == "range"
    for p in lab.describe()["parameters"]:
        assert p["name"] == "layers" or described[p["name"]] == p["control"]
    with pytest.raises(ValueError, match="front has 'scale': the folded controls are"):
        lab.describe(front=("scale",))


def test_outside_a_notebook_it_says_so():
    with pytest.raises(RuntimeError, match="need a notebook"):
        valley.show()


def test_no_text_closes_the_script():
    html = html_figure("x", {"kind": "choice", "question": "</script><b>", "parameters": []}, "")
    assert html.count("</script>") == 1
    assert "<b>" not in html


def test_places_are_numbered():
    figures = [valley.Valley.placed().figure() for _ in range(2)]
    first, second = (re.search(r'id="([^"]+)"', html)[1] for html in figures)
    number = int(first.removeprefix("valley").lstrip("-") or 1)
    assert second == f"valley-{number + 1}"


def test_each_has_its_widget_with_the_same_traits():
    from lnn.book.labs import _widgets as widgets

    assert set(widgets.WIDGETS) == set(LABORATORIES)
    for lab in LABORATORIES:
        state = lab.placed().state()
        widget = widgets.live(lab.placed(), lab.placed().describe())
        assert {name: getattr(widget, name) for name in state} == state
        assert widget.description == lab.placed().describe()
        widget.close()
