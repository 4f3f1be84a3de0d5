"""What the shared drawings show, read off the artists."""

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

from lnn.book.chapters.exact_dynamics.figures import draw_against_prediction, draw_gram_schmidt
from lnn.book.chapters.linear_networks.figures import draw_layer_between
from lnn.book.chapters.saddles.figures import draw_ring
from lnn.book.drawing import draw_pipes, draw_proof_map
from lnn.book.style import MODE_COLOURS


def pipes(*args, **kwargs):
    """Draw pipes; return the extents (left, right, bottom, top) of the open parts and stripes."""
    ax = Figure().add_subplot()
    bands = [a for a in draw_pipes(ax, *args, **kwargs) if isinstance(a, PolyCollection)]
    corners = [band.get_paths()[0].vertices for band in bands]
    return [
        (*c[:, 0][[c[:, 0].argmin(), c[:, 0].argmax()]], c[:, 1].min(), c[:, 1].max())
        for c in corners
    ]


def test_a_layer_is_open_as_wide_as_its_rank_and_the_product_has_one_stripe_per_mode():
    *layers, first, second = pipes((5, 4, 2, 5), ranks=(3, 2, 2))
    assert [(left, right, top - bottom) for left, right, bottom, top in layers] == [
        (0, 1, 3),
        (1, 2, 2),
        (2, 3, 2),
    ]
    for left, right, bottom, top in (first, second):
        assert left < 0
        assert right > 3
        assert -1 < bottom < top < 1
    assert first[2] > second[3], "the first mode is above"


def test_by_default_the_widths_decide():
    assert len(pipes((5, 4, 2, 5))) == 3 + 2
    assert len(pipes((5, 4, 2, 5), through=0)) == 3


def test_there_are_colours_for_the_modes_of_the_book():
    assert len(pipes((7, 7), through=7)) == 1 + 7
    assert len(MODE_COLOURS) < 7, "the seventh stripe has the first colour again"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ranks": (5, 2, 2)}, r"ranks are \[5, 2, 2\]: give one per layer.*\[4, 2, 2\]"),
        ({"ranks": (2, 2)}, "one per layer"),
        ({"ranks": (2, -1, 2)}, "from 0"),
        ({"through": 3}, "through is 3: give a number from 0 to 2"),
        ({"ranks": (2, 1, 2), "through": 2}, "from 0 to 1"),
    ],
)
def test_impossible_ranks_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        draw_pipes(Figure().add_subplot(), (5, 4, 2, 5), **options)


def test_a_proof_map_has_one_step_between_any_two_boxes():
    ax = Figure().add_subplot()
    artists = draw_proof_map(ax, ("first", "second", "third"), ("one", "two"))
    written = [a.get_text() for a in artists if isinstance(a, Text)]
    assert [text for text in written if text] == ["first", "second", "one", "third", "two"]
    heights = [a.get_position()[1] for a in artists if isinstance(a, Text) and a.get_text()]
    assert heights[0] > heights[2] > heights[1] > heights[4] > heights[3]
    with pytest.raises(ValueError, match="steps are 1 for 3 boxes: give one between any two"):
        draw_proof_map(ax, ("first", "second", "third"), ("one",))


@pytest.mark.parametrize("depth", [2, 4])
def test_a_string_runs_beside_its_nodes_and_a_gap_is_marked_between_them(depth):
    """Node a stands a + 1/2 places after the data, clockwise; layer h stands h places after."""
    ax = Figure().add_subplot()
    arcs = [(depth, 2), (1, depth - 1), (1, 1)]
    whole, part, beside, *others = draw_ring(ax, arcs, depth, used=(0,), gaps=(1,))

    def places(line):
        x, y = line.get_data()
        return np.degrees(np.arctan2(x, y)) % 360 / 360 * (depth + 1), np.hypot(x, y)

    turns, radius = places(whole)  # from node N past the data to node 0
    assert turns[0] == pytest.approx(depth + 0.18)
    assert turns[-1] == pytest.approx(0.82)
    turns, _ = places(part)
    assert (turns[0], turns[-1]) == pytest.approx((1.18, depth - 0.18))
    assert places(beside)[1].max() < radius.min(), "strings at one node do not overlap"
    assert whole.get_linewidth() > part.get_linewidth()
    labels = {a.get_text(): a for a in others if isinstance(a, Text)}
    assert labels["W₁"].get_fontweight() == "bold"
    assert labels["W₂"].get_fontweight() == "normal"
    x, y = labels["W₁"].get_position()
    assert np.degrees(np.arctan2(x, y)) == pytest.approx(360 / (depth + 1))
    assert {text for text in labels if text.isdigit()} == {str(a) for a in range(depth + 1)}
    x, y = labels[str(depth)].get_position()
    assert np.degrees(np.arctan2(-x, y)) == pytest.approx(180 / (depth + 1)), "N, before the data"


def test_what_is_left_of_a_slower_mode_is_orthogonal_to_the_faster_one():
    ax = Figure().add_subplot()
    fast, slow = np.array([2.0, 1.0]), np.array([1.0, 2.0])
    draw_gram_schmidt(ax, fast, slow)
    tips = [text.xy for text in ax.texts if text.get_text() == ""]
    assert tips[:2] == [tuple(fast), tuple(slow)]
    assert tips[2] == tips[3] == pytest.approx((-0.6, 1.2))


def test_a_run_that_is_late_lies_above_the_line():
    ax = Figure().add_subplot()
    draw_against_prediction(ax, np.array([[1.0, 2.0]]), np.array([[1.1, 1.9]]), ["all"])
    _, points = ax.lines
    assert points.get_ydata() == pytest.approx([10, -5])


def test_the_brackets_leave_out_the_marked_layer_only():
    ax = Figure().add_subplot()
    draw_layer_between(ax, 5, 2)
    brackets = [line.get_xdata() for line in ax.lines][:2]
    inside = [[k for k in range(1, 6) if x.min() < k < x.max()] for x in map(np.array, brackets)]
    assert inside == [[1], [3, 4, 5]]
    texts = {text.get_text() for text in ax.texts}
    assert {"Q₂: what comes before", "P₂: what comes after", "2 P₂ᵀ E Q₂ᵀ"} <= texts
