"""Figures of the chapters on step sizes: bars and lines show the numbers that they are given."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lnn.book.chapters.step_size.figures import draw_depth, draw_falls, draw_ladder, draw_runs
from lnn.book.chapters.step_size.studies import bounds_by_depth
from lnn.book.chapters.step_size_experiments import studies
from lnn.book.chapters.step_size_experiments.figures import (
    FLOOR,
    draw_doublings,
    draw_fates,
    draw_pairs,
    draw_ride,
    draw_search,
)
from lnn.data import step_problem
from lnn.initialization import gaussian
from lnn.objective import sharpness
from lnn.steps.convergence import convergence_bound, shrink_to_alpha
from lnn.studies import member_generator


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


def test_a_note_stands_in_its_own_picture():
    axes = Figure().subplots(1, 2)
    draw_fates(axes, {"a": np.ones(3), "b": np.ones(3)}, ["first", "second"])
    assert [[text.get_text() for text in ax.texts] for ax in axes] == [["first"], ["second"]]


def test_a_search_marks_where_each_run_is_and_what_the_failing_one_spans():
    steps = np.array([1.0, 2.0, 4.0, 8.0])
    losses = np.array([[9.0, 8, 7, 6], [9, 5, 3, 2], [9, 1, 0.1, 1e-9], [9, 4, 30, 5]])
    ax = Figure().add_subplot()
    way, there, *fails = draw_search(ax, steps, losses, last=2)
    np.testing.assert_array_equal(way.get_xydata(), [[1, 6], [2, 2]])
    np.testing.assert_array_equal(there.get_xydata(), [[4, FLOOR]])
    (bar,) = [a for a in fails if hasattr(a, "get_segments")]
    np.testing.assert_allclose(bar.get_segments()[0], [[8, 5], [8, 30]])
    assert "3 doublings" in [text.get_text() for text in ax.texts]


def test_pairs_are_drawn_around_the_line_of_equality():
    ax = Figure().add_subplot()
    line, dots = draw_pairs(ax, np.array([1.0, 4]), np.array([2.0, 8]), xlabel="x", ylabel="y")
    np.testing.assert_array_equal(dots.get_xydata(), [[1, 2], [4, 8]])
    np.testing.assert_array_equal(line.get_xydata(), [[0.5, 0.5], [16, 16]])


def test_the_ride_is_drawn_as_it_is_given_with_the_edge_at_one():
    ax = Figure().add_subplot()
    line, _ = draw_ride(ax, np.array([1, 10]), {"whole": np.array([0.2, 1.0])})
    np.testing.assert_array_equal(line.get_xydata(), [[1, 0.2], [10, 1.0]])
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [1, 1])


def test_the_ride_begins_at_the_sharpness_of_the_start_in_units_of_the_edge():
    rng = member_generator(studies.SEED, 1)
    problem = step_problem(rng)
    start = shrink_to_alpha(gaussian((5, 5, 5, 5), rng), problem, studies.ALPHA)
    found = {"failing": np.array([0.0, 0.004])}
    whole, half = studies.ride(found, 1, np.array([0, 1, 2]))
    assert whole[0] == half[0] == pytest.approx(sharpness(start, problem) * 0.002 / 2)
    assert half[2] == pytest.approx(whole[1], rel=1e-2)  # two half steps are nearly one
    assert whole[1] != pytest.approx(whole[0], rel=1e-9)


def test_one_more_layer_costs_what_the_bound_says_while_its_curvature_decides():
    rng = member_generator(studies.SEED, 0)
    problem = step_problem(rng)
    values = {}
    for n in (2, 3):
        start = shrink_to_alpha(gaussian((5,) * (n + 1), rng), problem, 1e-9)
        values[n] = convergence_bound(start, problem)
    cost = studies.cost_of_a_layer(2, float(values[2].M))
    found = float(values[2].step_size / values[3].step_size)
    assert cost == pytest.approx(found, rel=0.15)


def test_a_run_is_drawn_to_where_it_leaves_and_named_beside_its_line():
    losses = np.array([[4.0, 3, 2, 1], [4, 50, 7e3, 1], [4, np.inf, np.inf, np.inf]])
    places = {"settles": (1.0, 2.0), "leaves": (2.0, 20.0), "diverges": (3.0, 30.0)}
    ax = Figure().add_subplot()
    settles, leaves, diverges, *names = draw_runs(ax, np.arange(4), losses, places, ceiling=100)
    np.testing.assert_array_equal(settles.get_ydata(), losses[0])
    np.testing.assert_array_equal(leaves.get_xydata(), [[0, 4], [1, 50], [2, 1000]])
    np.testing.assert_array_equal(diverges.get_xydata(), [[0, 4], [1, 1000]])
    assert [name.get_text() for name in names] == list(places)
    assert [name.get_color() for name in names] == [a.get_color() for a in ax.lines]


def test_falls_show_the_loss_at_its_step_and_are_named_by_depth_and_seed():
    losses = np.linspace(1, 0, 601)
    ax = Figure().add_subplot()
    line, other, _ = draw_falls(ax, {(2, 0.01): losses, (3, 0.01): losses})
    np.testing.assert_allclose(line.get_ydata(), 1 - np.asarray(line.get_xdata()) / 600)
    assert line.get_label() == "N = 2, ε = 0.01"
    assert line.get_color() != other.get_color()


def test_curvature_and_drift_share_the_proved_step_at_every_depth():
    depths = np.array([2, 5, 40, 400])
    found = bounds_by_depth(depths)
    both = 1 / (1 / found.curvature + 1 / found.drift)
    np.testing.assert_allclose(found.step_sizes, both, rtol=1e-10)
    off = np.abs(found.drift / found.limit - 1)  # of order 1/N
    assert (np.diff(off) < 0).all()
    assert off[-1] < 0.02


def test_each_term_of_the_bound_is_drawn_under_its_name():
    depths = np.array([2, 4])
    allowed = {"curvature": np.array([3.0, 2]), "drift": np.array([5.0, 1])}
    ax = Figure().add_subplot()
    first, second, proved, _ = draw_depth(ax, depths, np.array([1.9, 0.7]), allowed)
    for line, name in ((first, "curvature"), (second, "drift")):
        np.testing.assert_array_equal(line.get_ydata(), allowed[name])
        assert line.get_label() == f"{name} alone"
    np.testing.assert_array_equal(proved.get_xydata(), [[2, 1.9], [4, 0.7]])
