"""Figures of the chapters on step sizes: bars and lines show the numbers that they are given."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lnn.book.chapters.step_size.figures import draw_falls, draw_ladder
from lnn.book.chapters.step_size_experiments.figures import draw_doublings, draw_fates


def _bars(artists):
    return {
        round(a.get_x() + a.get_width() / 2): a.get_height()
        for a in artists
        if isinstance(a, Rectangle)
    }


def test_every_rung_of_the_ladder_is_one_delta_higher():
    assert _bars(draw_ladder(Figure().add_subplot(), 4)) == {1: 0, 2: 1, 3: 2, 4: 3}


def test_shares_of_doublings_are_shares_of_networks():
    bars = _bars(draw_doublings(Figure().add_subplot(), np.array([9, 9, 12, 9])))
    assert bars == pytest.approx({9: 0.75, 12: 0.25})


def test_a_run_that_blows_up_is_drawn_out_of_the_picture_and_no_further():
    settles, blows = np.geomspace(100, 1, 50), np.array([1, 10, 1e3, 1e12, np.inf, np.inf])
    axes = Figure().subplots(1, 2)
    whole, cut = draw_fates(axes, {"settles": settles, "blows up": blows})
    np.testing.assert_array_equal(whole.get_ydata(), settles)
    np.testing.assert_array_equal(cut.get_ydata(), [1, 10, 1e3, 1e9])
    assert axes[1].get_ylim()[1] < 1e9


def test_falls_show_the_loss_at_its_step_and_are_named_by_depth_and_seed():
    losses = np.linspace(1, 0, 601)
    ax = Figure().add_subplot()
    line, other, _ = draw_falls(ax, {(2, 0.01): losses, (3, 0.01): losses})
    np.testing.assert_allclose(line.get_ydata(), 1 - np.asarray(line.get_xdata()) / 600)
    assert line.get_label() == "N = 2, ε = 0.01"
    assert line.get_color() != other.get_color()
