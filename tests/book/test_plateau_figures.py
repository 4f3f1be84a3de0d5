"""Figures of the chapter on plateaus: lines for orientation, and steps that are counted."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from lnn.book.chapters.plateaus.figures import draw_passing, draw_scaling


def _named(ax, name):
    (line,) = [line for line in ax.lines if line.get_label() == name]
    return line


def test_a_reference_line_has_its_slope_and_goes_through_the_smallest_size():
    sizes = np.array([0.4, 0.2, 0.1])
    values = np.array([9.0, 5.0, 2.0])
    ax = Figure().add_subplot()
    draw_scaling(ax, sizes, {"seen": np.stack([values - 1, values, values + 1])}, slope=2)
    line = _named(ax, "slope 2")
    np.testing.assert_allclose(line.get_ydata(), [32, 8, 2])
    assert "theory" not in [text.get_text() for text in ax.get_legend().get_texts()]


def test_the_reference_line_of_a_shifted_label_is_shifted_with_it():
    sizes, values = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    ax = Figure().add_subplot()
    both = {name: np.stack([values] * 3) for name in ("one", "other")}
    draw_scaling(ax, sizes, both, slope=-1, apart=1.5)
    _named(ax, "slope −1")
    drawn = [line for line in ax.lines if line.get_linestyle() == ":"]
    np.testing.assert_allclose(drawn[1].get_xdata(), [1.5, 3.0])
    np.testing.assert_allclose(drawn[1].get_ydata(), [3.0, 1.5])


@pytest.mark.parametrize(("layers", "steps"), [(2, 2), (3, 3)])
def test_the_legend_counts_the_steps_until_the_loss_is_below_one_half(layers, steps):
    path = np.array([[[0.1, 0.1], [0.5, 0.5], [0.6, 0.6], [0.8, 0.8], [1.0, 1.0]]])
    ax = Figure().add_subplot()
    draw_passing(ax, path, layers=layers, every=2)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [f"{steps} steps"]
