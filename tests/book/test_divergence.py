"""The studies of the chapter on divergence: what is stored is what the code computes."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from lnn.book.chapters.divergence import figures, studies


@pytest.mark.parametrize(("widths", "start"), [((5, 2, 5), "balanced"), ((5, 8, 8, 5), "gaussian")])
def test_stored_step_sizes_are_those_of_the_code(widths, start):
    beforehand, reached, proved = studies.tightness_runs(widths, start, members=slice(3, 6))
    stored = studies.tightness(widths, start).samples
    for name, found in (
        ("convergence bound", beforehand),
        ("observed edge", studies._largest(reached)),
        ("proved along the run", studies._largest(proved)),
    ):
        np.testing.assert_allclose(found, stored[name][3:6], rtol=1e-9, err_msg=name)


def test_counts_agree_with_the_largest_step_that_worked():
    study = studies.tightness((5, 8, 8, 5), "gaussian")
    edges = study.samples["observed edge"]
    for place, ratio in enumerate(studies.RATIOS):
        assert study.arrived[place] >= np.isclose(edges, ratio).sum()
    assert study.arrived[:3].tolist() == [studies.PROBLEMS] * 3
    assert study.arrived[-4] == np.isclose(edges, 0.99).sum() > study.proved[-4]


def test_a_table_of_counts_shows_each_count_at_its_step_size_and_the_bound_between_two():
    ax = Figure().add_subplot()
    counts = np.array([[24, 7, 0], [0, 0, 0]])
    figures.draw_counts(ax, np.array([0.9, 0.99, 1.01]), counts, of=24)
    shown = {text.get_position(): text.get_text() for text in ax.texts}
    assert [shown[column, 0] for column in range(3)] == ["24", "7", "0"]
    assert [shown[column, 1] for column in range(3)] == ["–", "–", "–"]
    (line,) = ax.lines
    assert set(line.get_xdata()) == {1.5}
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0.9", "0.99", "1.01"]


def test_shapes_of_what_is_stored():
    for widths in studies.SHAPES:
        for start in studies.STARTS:
            study = studies.tightness(widths, start)
            assert study.above == 3 * studies.PROBLEMS
            assert study.reached == 0
            assert {v.shape for v in study.samples.values()} == {(studies.PROBLEMS,)}
    failures, limits = studies.search()
    assert failures.shape == limits.shape == (studies.DRAWS,)
    assert sorted(studies.narrow_study().costs) == sorted(studies.NARROW_SHAPES)


def test_stored_runs_beyond_the_bound_are_those_of_the_code():
    tried, found = studies.beyond()
    assert found == 0
    counts = [30 if min(w) < min(w[0], w[-1]) else 150 for w in studies.WIDER]
    assert tried == len(studies.SIZES) * sum(counts)
    number = studies.WIDER.index((4, 2, 4))
    assert studies.beyond_runs(number) == (90, 0)


def test_the_stored_search_is_that_of_the_code():
    failures, limits = studies.search_runs(slice(10, 14))
    stored_failures, stored_limits = studies.search()
    np.testing.assert_allclose(limits, stored_limits[10:14], rtol=1e-9)
    np.testing.assert_allclose(failures, stored_failures[10:14], rtol=1e-9)


def test_stored_costs_of_a_bottleneck_are_those_of_the_code():
    first = studies.NARROW_SHAPES[0]
    costs, gap, found = studies.narrow_runs(first, np.random.default_rng(0))
    stored = studies.narrow_study()
    np.testing.assert_allclose(costs, stored.costs[first], rtol=1e-6)
    assert gap < 1e-5
    assert stored.gap < 1e-5
    assert -1e-6 < found[0] < 1e-2
    assert stored.found[0] == pytest.approx(found[0], abs=1e-4)


def test_edge_ends_of_several_steps_are_those_of_each():
    together = studies.edge_ends(3, (0.5, 0.9), steps=400)
    alone = [float(studies.edge_ends(3, (ratio,), steps=400)[0]) for ratio in (0.5, 0.9)]
    assert together == pytest.approx(alone, rel=1e-9)


def test_layers_are_drawn_with_the_singular_values_of_each():
    ax = Figure().add_subplot()
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    lines = figures.draw_layers(ax, (turn @ np.diag([3.0, 1.0]), np.diag([0.5, 2.0]) @ turn))
    np.testing.assert_allclose([line.get_ydata() for line in lines], [[3, 2], [1, 0.5]])
    assert all(line.get_xdata().tolist() == [1, 2] for line in lines)


def test_jumps_bear_their_steps_on_the_side_away_from_the_floor():
    ax = Figure().add_subplot()
    path = np.array([(2.0, 0.5 + 0.02 * k * (-1) ** k) for k in range(12)])
    figures.draw_bounce(ax, path, (1.0, 1.5))
    shown = {text.get_text(): text for text in ax.texts}
    assert list(shown) == ["5", "6", "7", "8", "9", "10"]
    for step, text in shown.items():
        assert text.xy == tuple(path[int(step)])
        assert text.get_va() == ("top" if int(step) % 2 else "bottom")
