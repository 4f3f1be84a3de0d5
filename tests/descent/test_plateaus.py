"""Plateaus: when runs leave, which saddles stand beside."""

import numpy as np
import pytest
import reference

from lnn import Kind, Problem, classify, critical_point, gaussian, product, saddle_problem
from lnn.descent.plateaus import (
    first_below,
    flattest_losses,
    follow,
    midpoints,
    neighbours,
)

WIDTHS = (5, 4, 4, 5)


@pytest.fixture
def rng():
    return np.random.default_rng(4)


def test_levels_lie_halfway_between_least_losses(rng):
    problem = saddle_problem(rng)
    expected = [(problem.floor(r) + problem.floor(r + 1)) / 2 for r in range(4)]
    np.testing.assert_allclose(midpoints(problem, 4), expected)


def test_first_step_below_a_level():
    losses = np.array([[4.0, 3.0, 2.0, 1.0], [4.0, 3.9, 3.8, 3.7]])
    np.testing.assert_array_equal(first_below(losses, [0, 5, 10, 15], 2.0), [15, np.inf])
    np.testing.assert_array_equal(first_below(losses, [0, 5, 10, 15], [3.5, 3.95]), [5, 5])


def test_flattest_losses_finds_each_plateau():
    t = np.arange(300)
    curve = 10 - 5 / (1 + np.exp(-(t - 100) / 5)) - 4 / (1 + np.exp(-(t - 200) / 5))
    np.testing.assert_allclose(flattest_losses(curve, [np.inf, 7.5, 3.0]), [10, 5, 1], atol=1e-3)
    assert np.isnan(flattest_losses(curve, [20.0, 15.0, 12.0])[1])
    # What rests on a level itself lies on neither side of it.
    np.testing.assert_array_equal(flattest_losses([9, 4, 3, 3, 3, 2, 0], [5.0, 3.0]), [4, 2])


def test_a_path_is_gradient_descent(rng):
    problem = saddle_problem(rng, samples=40)
    start = gaussian(WIDTHS, rng, std=0.3, size=(2,))
    path = follow(start, problem, 1e-4, [0, 3, 7])
    for member in range(2):
        expected = [w[member] for w in start]
        for step in range(8):
            if step in (0, 3, 7):
                k = [0, 3, 7].index(step)
                for ours, theirs in zip(path.weights, expected, strict=True):
                    np.testing.assert_allclose(ours[member, k], theirs, rtol=1e-9)
                value = reference.loss(expected, problem.X, problem.Y)
                np.testing.assert_allclose(path.losses[member, k], value, rtol=1e-9)
                slopes = reference.gradient(expected, problem.X, problem.Y)
                norm = np.sqrt(sum(np.sum(g**2) for g in slopes))
                np.testing.assert_allclose(path.gradient_norms[member, k], norm, rtol=1e-9)
            slopes = reference.gradient(expected, problem.X, problem.Y)
            expected = [w - 1e-4 * g for w, g in zip(expected, slopes, strict=True)]


@pytest.mark.parametrize("rank", [0, 1, 3])
def test_neighbours_are_critical_points_of_their_kinds_at_their_distance(rng, rank):
    problem = saddle_problem(rng, samples=60)
    flat = critical_point(problem, WIDTHS, range(rank))
    noise = gaussian(WIDTHS, rng, std=1e-2)
    weights = [w + e for w, e in zip(flat, noise, strict=True)]
    found = neighbours(weights, problem, rank)
    for point, kind, distance in (
        (found.flat, Kind.NON_STRICT_SADDLE, found.to_flat),
        (found.strict, Kind.STRICT_SADDLE, found.to_strict),
    ):
        verdict = classify(point, problem)
        assert (verdict.kind, verdict.rank) == (kind, rank)
        gaps = [np.sum((a - b) ** 2) for a, b in zip(point, weights, strict=True)]
        np.testing.assert_allclose(distance, np.sqrt(sum(gaps)), rtol=1e-10)
    # What the strict one keeps of the middle layer lies outside the signal on both sides.
    sides = []
    for signal in (found.flat[0], found.flat[1] @ found.flat[0]):
        basis = np.linalg.svd(signal)[0][:, :rank]
        sides.append(np.eye(4) - basis @ basis.T)
    kept = found.strict[1] - found.flat[1]
    np.testing.assert_allclose(kept, sides[1] @ weights[1] @ sides[0], atol=1e-9)
    # No farther than a small multiple of the perturbation, though the exact point was given up.
    size = np.sqrt(sum(np.sum(e**2) for e in noise))
    assert found.to_strict < found.to_flat < 2 * size
    np.testing.assert_allclose(product(found.flat), product(flat), atol=1e-8)


@pytest.mark.parametrize(("weak", "kept"), [(1.4e-8, True), (0.7e-8, False)])
def test_a_direction_that_the_first_layers_all_but_lose_is_restored_in_the_first(weak, kept):
    # Where W_2 W_1 counts as having it, the last layer has to grow to 1 / weak instead.
    weights, problem = (np.diag([1.0, weak]), np.eye(2), np.eye(2)), Problem(np.eye(2), np.eye(2))
    found = neighbours(weights, problem, 2)
    np.testing.assert_allclose(product(found.flat), np.eye(2), atol=1e-7)
    assert (found.to_flat > 1e7) == kept


def test_neighbours_need_three_layers(rng):
    problem = saddle_problem(rng, samples=20)
    with pytest.raises(ValueError, match="three or more"):
        neighbours(gaussian((5, 4, 5), rng), problem, 0)
