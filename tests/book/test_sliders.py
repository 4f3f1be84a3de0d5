"""Explorers: what they are made of, and that each of the book's draws every state of its grid."""

import base64
import gc
import io
import itertools
import json
import re
import subprocess
import sys
import weakref
from html import unescape

import numpy as np
import pytest
from find_explorers import book_explorers
from matplotlib.figure import Figure
from PIL import Image

from lnn.book.chapters.linear_networks import explorers as chains
from lnn.book.sliders.explorer import Explorer, explorer
from lnn.book.sliders.frozen import MOST_BYTES, MOST_FRAMES, frame, frames, freeze
from lnn.book.sliders.live import live, picture
from lnn.book.sliders.parameters import Choice, Slider

EXPLORERS = book_explorers()
BY_NAME = pytest.mark.parametrize("book", EXPLORERS, ids=lambda e: f"{e.__module__}.{e.__name__}")


@explorer(
    Slider("power", "Power", values=range(1, 5), value=2),
    Slider("shift", "Shift", values=(0.0, 0.5, 1.5), unit="m"),
    Choice("sign", "Sign", options=("plus", "minus <&>")),
    question="Where is <it>?",
)
def curve(figure, power, shift, sign):
    """A curve that has all kinds of parameters."""
    assert type(power) is int
    assert type(shift) is float
    x = np.linspace(-1, 1, 50)
    figure.add_subplot().plot(x, (1 if sign == "plus" else -1) * (x - shift) ** power)
    return f"The {sign} curve of power {power}, moved by {shift:g}."


def payload(html):
    """Return the data of a frozen explorer."""
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', html, re.S)[1])


class TestParameters:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"values": (1,)}, r"values of slider 'k' are \(1,\): give at least two"),
            ({"values": (1, 1)}, "increasing"),
            ({"values": (2.0, 1.0)}, "increasing"),
            ({"values": (0.0, float("inf"))}, "give finite numbers"),
            ({"values": (0.0, 1.0), "log": True}, "give positive, finite numbers"),
            ({"values": (0, 1), "value": 2}, "value of slider 'k' is 2: give one of values"),
        ],
    )
    def test_slider_says_what_is_wrong(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            Slider("k", "k", **arguments)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"options": ("a",)}, "options of choice 'c' are .*: give at least two, distinct"),
            ({"options": ("a", "a")}, "distinct"),
            ({"options": "ab"}, "give at least two"),
            ({"options": ("a", "b"), "value": "c"}, "value of choice 'c' is 'c': give one of"),
        ],
    )
    def test_choice_says_what_is_wrong(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            Choice("c", "c", **arguments)

    @pytest.mark.parametrize("value", [-1, 5, 2.5, "2", float("nan"), None])
    def test_integers_are_checked(self, value):
        with pytest.raises(ValueError, match=r"power is .*: give an integer from 1 to 4"):
            curve.draw(Figure(), power=value)

    @pytest.mark.parametrize("value", [-0.1, 1.6, "1", None])
    def test_numbers_are_checked(self, value):
        with pytest.raises(ValueError, match=r"shift is .*: give a number from 0\.0 to 1\.5"):
            curve.draw(Figure(), shift=value)

    def test_options_and_names_are_checked(self):
        with pytest.raises(ValueError, match="sign is 'no': give one of 'plus', 'minus <&>'"):
            curve.draw(Figure(), sign="no")
        with pytest.raises(ValueError, match="curve has no parameter 'depth': it has"):
            curve.draw(Figure(), depth=2)

    def test_numpy_numbers_become_python_numbers(self):
        slider = Slider("x", "x", values=np.linspace(0, 1, 3))
        assert slider.grid == (0.0, 0.5, 1.0)
        assert all(type(v) is float for v in slider.grid)
        assert "power 3, moved by 1." in curve.draw(Figure(), power=np.int64(3), shift=1)

    def test_readout_is_exact(self):
        assert Slider("x", "x", values=(0.1, 0.30000000000000004)).text(0.1 + 0.2) == "0.3"
        assert Slider("x", "x", values=(1e-5, 1e-4)).text(1e-5) == "1e-05"
        assert Slider("n", "n", values=(1, 4000), unit="steps").text(4000) == "4000 steps"


class TestExplorer:
    def test_declaration_must_match_the_function(self):
        with pytest.raises(ValueError, match="declare one Slider or Choice an argument"):
            explorer(Slider("a", "a", values=(1, 2)), question="?")(lambda figure, b: "")
        with pytest.raises(ValueError, match=r"question of .* is empty"):
            explorer(Slider("a", "a", values=(1, 2)), question=" ")(lambda figure, a: "")

    def test_states_are_the_product_with_the_last_fastest(self):
        states = curve.states()
        assert len(states) == 4 * 3 * 2
        assert states[0] == {"power": 1, "shift": 0.0, "sign": "plus"}
        assert states[1] == {"power": 1, "shift": 0.0, "sign": "minus <&>"}
        assert curve.default == {"power": 2, "shift": 0.0, "sign": "plus"}
        assert curve.default in states

    def test_a_function_without_alternative_text_is_refused(self):
        silent = explorer(Slider("a", "a", values=(1, 2)), question="?")(lambda figure, a: None)
        with pytest.raises(ValueError, match=r"returned None for .*: return the alternative"):
            silent.draw(Figure())

    def test_show_outside_a_notebook_says_what_to_do(self):
        with pytest.raises(RuntimeError, match=r"needs a notebook; in a script call curve\.render"):
            curve.show()

    def test_margins_do_not_depend_on_the_state(self):
        boxes = set()
        for state in chains.line.states()[::7]:
            figure = Figure()
            chains.line.draw(figure, **state)
            boxes.add(tuple(np.round(figure.axes[0].get_position().bounds, 6)))
        assert len(boxes) == 1

    def test_importing_the_module_loads_no_drawing_and_no_widgets(self):
        code = (
            "import sys, lnn.book.sliders.parameters, lnn.book.sliders.frozen; "
            "print([m for m in ('matplotlib', 'ipywidgets', 'PIL', 'joblib') if m in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.stdout.strip() == "[]", done.stdout + done.stderr


class TestFrozen:
    def test_page_data_agrees_with_the_states(self):
        html = freeze(curve)
        data = payload(html)
        states = curve.states()
        assert [len(r) for r in data["readouts"]] == [4, 3, 2]
        assert data["readouts"][1] == ["0 m", "0.5 m", "1.5 m"]
        assert len(data["pictures"]) == len(data["alts"]) == len(states)
        assert data["alts"] == [curve.draw(Figure(), **s) for s in states]
        # The default's frame is the <img> of the page, and is not there twice.
        assert [i for i, uri in enumerate(data["frames"]) if not uri] == [
            data["pictures"][states.index(curve.default)]
        ]
        assert unescape(re.search(r'<img class="lnn-picture" alt="([^"]*)"', html)[1]) == (
            "The plus curve of power 2, moved by 0."
        )

    def test_frames_are_lossless_pictures_of_the_states(self):
        state = {"power": 3, "shift": 0.5, "sign": "plus"}
        drawn = frame(curve, state)
        decoded = np.asarray(Image.open(io.BytesIO(drawn.webp)).convert("RGB"), dtype=int)
        exact = np.asarray(curve.render(180, **state)[0], dtype=int)
        assert decoded.shape == exact.shape == (drawn.height, drawn.width, 3)
        assert (decoded[0, 0] == 255).all(), "paper is white"
        assert np.abs(decoded - exact).mean() < 1
        assert np.abs(decoded - exact).max() < 64

    def test_equal_frames_are_kept_once(self):
        @explorer(Slider("a", "a", values=range(6)), question="?")
        def steps(figure, a):
            figure.add_subplot().plot([0, a // 2])
            return f"At {a}."

        data = payload(freeze(steps))
        assert len(data["frames"]) == 3
        assert data["pictures"] == [0, 0, 1, 1, 2, 2]

    def test_text_cannot_break_out_of_the_markup(self):
        html = freeze(curve)
        assert "Where is &lt;it&gt;?" in html
        assert "minus &lt;&amp;&gt;" in html
        assert html.count("<script") == html.count("</script") == 1
        assert "minus <&>" in payload(html)["alts"][1]

    def test_controls_are_labelled(self):
        html = freeze(curve)
        for target in re.findall(r'<label for="([^"]+)">', html):
            assert html.count(f'id="{target}"') == 1
        assert html.count("<label") == 3
        assert html.count('type="range"') == 2
        assert 'value="1" aria-valuetext="2"' in html

    def test_ids_of_a_second_show_differ(self):
        ids = [set(re.findall(r' id="([^"]+)"', freeze(curve))) for _ in range(2)]
        assert not ids[0] & ids[1]

    def test_too_many_states_are_refused(self):
        many = explorer(
            Slider("a", "a", values=range(9)), Slider("b", "b", values=range(8)), question="?"
        )(lambda figure, a, b: "x")
        with pytest.raises(ValueError, match=r"has 72 states \(9 x 8\), more than 60"):
            frames(many)

    def test_too_heavy_frames_are_refused(self, monkeypatch):
        monkeypatch.setattr("lnn.book.sliders.frozen.MOST_BYTES", 1000)
        with pytest.raises(ValueError, match=r"the 24 frames of curve take \d+ bytes, more"):
            frames(curve)

    def test_processes_draw_the_same_frames(self, monkeypatch):
        monkeypatch.setattr("lnn.book.sliders.frozen._SERIAL_SECONDS", 0.0)
        few = chains.line.states()[::6]
        monkeypatch.setattr(chains.line, "states", lambda: few)
        assert frames(chains.line, processes=2) == frames(chains.line)

    def test_progress_goes_to_the_terminal_it_is_given(self, tmp_path, monkeypatch, capfd):
        monkeypatch.setenv("LNN_PROGRESS", str(tmp_path / "terminal"))
        frames(curve)
        assert "frames of curve" in (tmp_path / "terminal").read_text()
        assert capfd.readouterr() == ("", "")


class TestLive:
    def test_any_value_in_range_redraws_one_picture_in_place(self):
        view = live(curve)
        heading, power, shift, sign, shown = view.children
        assert "Where is &lt;it&gt;?" in heading.value
        seen = [shown.value]
        shift.value = 0.123456
        assert 'alt="The plus curve of power 2, moved by 0.123456."' in shown.value
        seen.append(shown.value)
        power.value = 4
        sign.value = "minus <&>"
        assert "The minus &lt;&amp;&gt; curve of power 4" in shown.value
        seen.append(shown.value)
        assert len(set(seen)) == 3
        assert shown.value.count("<img") == 1
        data = re.search(r"data:image/png;base64,([^\"]+)", shown.value)[1]
        assert Image.open(io.BytesIO(base64.b64decode(data))).width == round(5.6 * 110)

    def test_logarithmic_slider_reaches_its_ends(self):
        slider = Slider("x", "x", values=(1e-3, 1e-2, 0.3), log=True)
        import ipywidgets

        widget = slider.widget(ipywidgets)
        for end in (1e-3, 0.3):
            widget.value = end
            assert slider.read(widget) == pytest.approx(end)
        whole = Slider("n", "n", values=(1, 10, 1000), log=True)
        widget = whole.widget(ipywidgets)
        widget.value = 31.6
        assert whole.read(widget) == 32

    def test_a_picture_does_not_depend_on_what_was_drawn_before(self):
        states = ({"power": 2}, {"power": 3, "sign": "minus <&>"}, {"power": 2})
        first, other, again = (np.asarray(curve.render(90, **s)[0]) for s in states)
        assert np.array_equal(first, again)
        assert not np.array_equal(first, other)

    @pytest.mark.parametrize("collects", [True, False])
    def test_the_garbage_collector_is_left_as_it_was(self, collects):
        (gc.enable if collects else gc.disable)()
        try:
            curve.render(50)
            assert gc.isenabled() == collects
            with pytest.raises(ValueError, match="power"):
                curve.render(50, power=99)
            assert gc.isenabled() == collects
        finally:
            gc.enable()

    def test_a_figure_is_gone_once_its_picture_is_there(self):
        drawn = []

        @explorer(Slider("a", "a", values=(0, 1)), question="?")
        def remember(figure, a):
            drawn.append(weakref.ref(figure))
            figure.subplots()
            return "Axes."

        remember.render(50)
        gc.collect(0)  # it is still young: nothing has let it age
        assert drawn[0]() is None

    def test_an_error_is_shown_where_the_picture_was(self):
        @explorer(Slider("a", "a", values=(0, 1)), question="?")
        def fails(figure, a):
            if a:
                raise ValueError("X has rank 1 < 2: give more samples")
            return "Fine so far."

        view = live(fails)
        view.children[1].value = 1
        assert "rank 1 &lt; 2" in view.children[-1].value
        view.children[1].value = 0
        assert "Fine so far." in view.children[-1].value


@BY_NAME
class TestBook:
    """Every explorer of the book."""

    def test_draws_every_state_with_its_own_text(self, book: Explorer) -> None:
        texts = {}
        for state in book.states():
            figure = Figure(figsize=book.size)
            alt = book.draw(figure, **state)
            assert figure.axes, f"{state} draws nothing"
            assert len(alt.split()) >= 4, f"{alt!r} says too little"
            assert "$" not in alt
            assert "\\" not in alt
            texts[tuple(state.values())] = alt
        values = list(texts)
        for p in range(len(book.parameters)):
            changed = any(
                texts[a] != texts[b]
                for a, b in itertools.combinations(values, 2)
                if all(a[i] == b[i] for i in range(len(a)) if i != p)
            )
            assert changed, f"{book.parameters[p].name} never changes the alternative text"

    def test_is_within_the_frame_budget(self, book: Explorer) -> None:
        """All states are counted; the frames of a few foretell the bytes of all."""
        states = book.states()
        assert 2 <= len(states) <= MOST_FRAMES
        sample = [frame(book, s) for s in states[:: max(1, len(states) // 5)]]
        mean = sum(len(f.webp) for f in sample) / len(sample)
        assert mean * len(states) < 1.2 * MOST_BYTES
        assert len({f.webp for f in sample}) > 1, "all states look alike"

    def test_labels_have_no_latex(self, book: Explorer) -> None:
        for text in (book.question, *(p.label for p in book.parameters)):
            assert text.strip()
            assert not set("$\\{}") & set(text), text

    def test_live_takes_values_off_the_grid(self, book: Explorer) -> None:
        for parameter in book.parameters:
            if isinstance(parameter, Slider):
                low, high = parameter.grid[0], parameter.grid[-1]
                between = low + 0.37 * (high - low)
                value = round(between) if parameter.whole else between
                assert "<img" in picture(book, **{parameter.name: value})

    def test_live_view_builds(self, book: Explorer) -> None:
        *_, shown = live(book).children
        assert shown.value.startswith("<img alt=")
