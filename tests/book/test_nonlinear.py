"""The studies of the non-linear chapter: what is stored is what the code computes."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from lnn.book.chapters.nonlinear import figures, studies
from lnn.one_hidden_layer import gradient, hessian, loss


@pytest.mark.parametrize(("start", "method", "row", "options"), [
    ("line", "noise 0.008", 6, {"noise": 6.0}),
    ("random", "batch", 2, {"batch": 1}),
    ("dead", "full", 2, {}),
])  # fmt: skip
def test_stored_exits_are_those_of_the_code(start, method, row, options):
    durations = studies.DURATIONS[:2]
    ends = studies.exit_run(start, 0.008, durations=durations, **options)
    stored = studies.exits(start, method)[row, :2]
    # The last bits of a processor may send a run or two another way.
    assert np.mean(ends != stored) < 0.02


def test_stored_widths_are_those_of_the_code():
    row, seed = studies.WIDTHS.index(2), 3
    _, losses = studies.width_run("tanh", 2, seed)
    stored = studies.width_ends("tanh")[row, seed]
    assert np.mean((losses < 0.01) != (stored < 0.01)) < 0.1
    np.testing.assert_allclose(np.median(losses), np.median(stored), rtol=0.05)


def test_shapes_of_what_is_stored():
    runs = (len(studies.DURATIONS), studies.RUNS)
    assert studies.exits("line", "noise 0.004").shape == (len(studies.NOISES), *runs)
    assert studies.exits("dead", "batch").shape == (len(studies.BATCH_STEPS), *runs)
    shape = (len(studies.WIDTHS), studies.DATA_SETS, studies.WIDTH_RUNS)
    assert studies.width_ends("ReLU").shape == shape


def test_settling_tells_the_five_ends_apart():
    spurious, best = studies.hinge_minima()
    dead = (np.array([[0.0, -2.0], [0.0, -2.0]]), np.ones((1, 2)))
    gone = tuple(np.full_like(w, np.nan) for w in best)
    points = [np.stack(layer) for layer in zip(best, spurious, dead, gone, strict=True)]
    assert studies.settle(points).tolist() == [0, 2, 3, 4]


def test_the_median_exit_is_interpolated_in_the_logarithm():
    ends = np.full((len(studies.DURATIONS), 200), 2)
    ends[3:, :150] = 1  # at 1000 steps none has left, at 2000 three quarters
    expected = 1000 * 2 ** (0.5 / 0.75)
    assert float(studies.median_exit(ends)) == pytest.approx(expected)
    assert np.isnan(studies.median_exit(np.full_like(ends, 2)))


def test_the_trap_is_a_strict_minimum_of_its_tile_but_not_its_least():
    trap = studies.trap()
    assert trap.least < 0.9 * trap.loss
    assert trap.margin > 0.05
    assert float(loss(trap.weights, trap.problem)) == pytest.approx(trap.loss)
    assert max(np.abs(g).max() for g in gradient(trap.weights, trap.problem)) < 1e-5
    spectrum = np.linalg.eigvalsh(hessian(trap.weights, trap.problem))
    # Two directions rescale a unit; in all others the loss rises.
    assert np.abs(spectrum[:2]).max() < 1e-4
    assert spectrum[2] > 0.1
    pattern = (trap.weights[0] @ trap.problem.X > 0).astype(float)
    assert len({tuple(column) for column in pattern.T}) > 1  # gated, not linear
    start = tuple(w[None] for w in trap.weights)
    _, stays = studies.gated_descent(start, trap.problem, pattern, 200)
    assert float(stays[0]) == pytest.approx(trap.loss, rel=1e-6)


def test_the_walk_leaves_the_line_only_after_a_unit_has_left_its_tile():
    units, ends = studies.noisy_walk()
    active = (units[..., :1] * np.arange(5) + units[..., 1:] > 0).sum(axis=-1)
    assert ends[-1] == 0
    assert active[-1].min() < 5
    whole = (active == 5).all(axis=-1)
    assert whole.sum() > 100
    assert set(ends[whole]) == {2}


def test_the_name_of_a_seam_stands_on_it():
    ax = Figure().add_subplot()
    ax.set(xlim=(-2, 2), ylim=(-5, 5))
    samples = np.array([0.0, 1.0, 4.0])
    for name, sample in zip(figures.draw_seam_names(ax, samples), samples, strict=True):
        w, b = name.get_position()
        assert name.get_text() == f"x={sample:g}"
        assert w * sample + b == pytest.approx(0)
        assert -2 < w < 0
        assert b < 5
