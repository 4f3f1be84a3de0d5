"""Plateaus: when runs leave, which saddles stand beside, how long the non-strict one holds."""

import numpy as np
import pytest
import reference

from lnn import Kind, classify, critical_point, descend, gaussian, hessian, product, saddle_problem
from lnn.descent.plateaus import (
    first_below,
    flat_escape_time,
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
    # No farther than a small multiple of the perturbation, though the exact point was given up.
    size = np.sqrt(sum(np.sum(e**2) for e in noise))
    assert found.to_strict < found.to_flat < 2 * size
    np.testing.assert_allclose(product(found.flat), product(flat), atol=1e-8)


def test_neighbours_need_three_layers(rng):
    problem = saddle_problem(rng, samples=20)
    with pytest.raises(ValueError, match="three or more"):
        neighbours(gaussian((5, 4, 5), rng), problem, 0)


def test_the_quadrature_is_the_time_of_descent(rng):
    """Every draw by itself, both signs of the middle weight, as ε → 0."""
    problem = saddle_problem(rng)
    flat = critical_point(problem, WIDTHS, range(3))
    u_q = problem.eigenvectors[:, 3:]
    K = u_q.T @ problem.cov_yx
    noise = gaussian(WIDTHS, rng, size=(12,))
    signs = np.sign(noise[1][:, 3, 3])
    assert 0 < np.sum(signs > 0) < 12
    errors = []
    for eps in (1e-2, 1e-3):
        run = descend(
            [w + eps * e for w, e in zip(flat, noise, strict=True)], problem, 2e-5, int(150 / eps)
        )
        steps = first_below(run.losses, run.recorded, midpoints(problem, 4)[3])
        predicted = [
            flat_escape_time(eps * b[3], eps * z[3, 3], eps * (u_q.T @ a[:, 3]), K) / 2e-5
            for b, z, a in zip(*noise, strict=True)
        ]
        errors.append(np.abs(steps / predicted - 1))
    assert np.max(errors[1]) < 0.05
    assert np.median(errors[1]) < np.median(errors[0]) / 2


def test_the_quadrature_is_homogeneous_and_has_its_closed_form():
    np.testing.assert_allclose(flat_escape_time([0.2], 0.2, [0.2], [[3.0]]), 1 / 1.2, rtol=1e-6)
    rng = np.random.default_rng(0)
    b, z, a, K = rng.standard_normal(3), -0.7, rng.standard_normal(2), rng.standard_normal((2, 3))
    one = flat_escape_time(b, z, a, K)
    np.testing.assert_allclose(flat_escape_time(b / 10, z / 10, a / 10, K), 10 * one, rtol=1e-6)
    np.testing.assert_allclose(flat_escape_time(b, z, a, 2 * K), one / 2, rtol=1e-6)
    # Flipping the signs of two layers leaves the product, and the time, as they were.
    np.testing.assert_allclose(flat_escape_time(-b, -z, a, K), one, rtol=1e-6)
    with pytest.raises(ValueError, match="z_middle is 0"):
        flat_escape_time(b, 0.0, a, K)


def test_a_strict_saddle_is_left_at_the_rate_of_its_curvature(rng):
    """Loss gaps grow by (1 + η |μ|)² a step, μ the smallest Hessian eigenvalue, −2 z κ."""
    problem = saddle_problem(rng)
    strict = critical_point(problem, WIDTHS, range(3), kind=Kind.STRICT_SADDLE)
    u_q = problem.eigenvectors[:, 3:]
    kappa = np.linalg.norm(u_q.T @ problem.cov_yx, 2)
    lowest = np.linalg.eigvalsh(hessian(strict, problem))[0]
    np.testing.assert_allclose(lowest, -2 * strict[1][3, 3] * kappa, rtol=1e-9)
    found = classify(strict, problem)
    eta, steps = 2e-6, 400
    start = [w + 1e-5 * v for w, v in zip(strict, found.escape, strict=True)]
    run = descend(start, problem, eta, steps)
    gap = float(problem.floor(3)) - run.losses
    np.testing.assert_allclose(gap[300] / gap[100], (1 - eta * lowest) ** 400, rtol=1e-3)
