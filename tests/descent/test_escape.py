"""Escape from saddles: the quadratures against gradient descent, and their symmetries."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.special import elliprf

from lnn import (
    Kind,
    Problem,
    classify,
    critical_point,
    descend,
    gaussian,
    gradient_flow,
    hessian,
    saddle_problem,
)
from lnn.descent import first_below, flat_escape_time, midpoints, strict_escape_time

WIDTHS = (5, 4, 4, 5)


@pytest.fixture
def rng():
    return np.random.default_rng(4)


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


def test_the_time_from_a_strict_saddle_is_predicted_draw_by_draw(rng):
    problem, eta = saddle_problem(rng), 1e-5
    start = critical_point(problem, WIDTHS, range(3), kind=Kind.STRICT_SADDLE)
    u = problem.eigenvectors[:, 3:]
    noise = gaussian(WIDTHS, rng, size=(12,))
    for size, tolerance in ((0.01, 0.05), (1e-4, 0.02)):
        run = descend([w + size * e for w, e in zip(start, noise, strict=True)], problem, eta, 600)
        steps = first_below(run.losses, run.recorded, midpoints(problem, 4)[3])
        flow = [
            strict_escape_time(
                size * b[3], start[1][3, 3], size * (u.T @ a[:, 3]), u.T @ problem.cov_yx,
                problem.cov_xx,
            )
            for b, _, a in zip(*noise, strict=True)
        ]  # fmt: skip
        # Descent multiplies by 1 + η |μ| per step, the flow by e^{η |μ|}.
        mu = -classify(start, problem).smallest_eigenvalue
        predicted = np.array(flow) * mu / np.log1p(eta * mu)
        np.testing.assert_allclose(steps, predicted, rtol=tolerance)


def test_symmetries_of_the_strict_time(rng):
    b, a = 1e-6 * rng.standard_normal(3), 1e-6 * rng.standard_normal(2)
    K, cov = rng.standard_normal((2, 3)), np.diag([1.0, 2.0, 3.0])
    one = strict_escape_time(b, 0.7, a, K, cov)
    np.testing.assert_allclose(strict_escape_time(-b, 0.7, -a, K, cov), one, rtol=1e-9)
    # Data in other units: K and Σ_XX times c, and the flow runs c times as fast.
    np.testing.assert_allclose(strict_escape_time(b, 0.7, a, 4 * K, 4 * cov), one / 4, rtol=1e-9)
    q = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    turned = strict_escape_time(q @ b, 0.7, a, K @ q.T, q @ cov @ q.T)
    np.testing.assert_allclose(turned, one, rtol=1e-9)
    # Less left to fall takes longer, and a start without a growing part never leaves.
    assert strict_escape_time(b, 0.7, a, K, cov, share=0.1) > one
    assert strict_escape_time([0.0], 1.0, [0.0], [[1.0]], [[1.0]]) == np.inf


@pytest.mark.parametrize("share", [0.9, 0.5, 0.1])
@pytest.mark.parametrize(("first", "middle"), [(0.05, 0.5), (0.4, 0.3), (1e-3, 2.0)])
def test_the_strict_time_is_exact_for_a_chain_with_equal_ends(first, middle, share):
    # Three weights a, z, a: the loss of the flow is `share` of ‖Y‖² at that time, z ≫ a or not.
    cov, target = 1.7, 3.0
    time = strict_escape_time([first], middle, [first], [[cov * target]], [[cov]], share=share)
    problem = Problem([[np.sqrt(cov)]], [[np.sqrt(cov) * target]])
    there = np.hypot(middle, first)  # z² − a² is conserved: the middle weight at a = first
    start = tuple(np.full((1, 1), w) for w in (first, there, first))
    flow = gradient_flow(start, problem, [time])
    np.testing.assert_allclose(flow.losses, share * cov * target**2, rtol=1e-6)


def test_beyond_the_level_no_time_is_left():
    assert strict_escape_time([1.5], 1.0, [1.5], [[3.0]], [[1.0]]) == 0.0


@pytest.mark.parametrize("seed", range(6))
def test_the_flat_time_is_that_of_the_equation(seed):
    rng = np.random.default_rng(seed)
    b0, z0, a0 = rng.standard_normal(4), rng.standard_normal(), rng.standard_normal(3)
    K = rng.standard_normal((3, 4))

    def velocity(_, state):
        a, b, z = state[:3], state[3:7], state[7]
        return 2 * np.concatenate([z * (K @ b), z * (K.T @ a), [a @ K @ b]])

    def far(_, state):
        return np.linalg.norm(state) - 1e6

    far.terminal = True
    start = np.concatenate([a0, b0, [z0]])
    found = solve_ivp(velocity, (0, 100), start, method="LSODA", events=far, rtol=1e-10, atol=1e-12)
    assert found.status == 1
    np.testing.assert_allclose(flat_escape_time(b0, z0, a0, K), found.t[-1], rtol=1e-4)


@pytest.mark.parametrize("middle", [0.3, -0.3, 3.0, 0.9999])
@pytest.mark.parametrize("turned", [0.0, 1e-8, 0.4])
def test_the_flat_time_of_modes_of_one_size_is_an_elliptic_integral(middle, turned):
    # f = z² + p² (x − 1) + m² (1/x − 1) with x = e^{2 ρ τ}, ρ = 2 κ: a quadratic in x over x.
    kappa, rng = 1.3, np.random.default_rng(6)
    q = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    side, other = rng.standard_normal(3), rng.standard_normal(3)
    minus = side / np.linalg.norm(side)
    plus = turned * other + (1e-9 if turned else 0.6) * minus
    a, b = plus + minus, np.sign(middle) * (plus - minus)
    p, m, rate = np.linalg.norm(plus), 1.0, 2 * kappa
    offset = middle**2 - a @ a + 2 * plus @ minus  # z² − p² − m²
    first, second = np.roots([p**2, offset, m**2]).astype(complex)
    forwards = elliprf(1, 1 - first, 1 - second).real / (rate * p)
    if first.imag == 0 and first.real > 1:  # f has zeros, y = 1/x: z turns at the first of them
        near, far = 1 / min(first.real, second.real), 1 / max(first.real, second.real)
        back = elliprf(near, 0, near - far) / (rate * m)
        expected = 2 * back - elliprf(1, 1 - near, 1 - far) / (rate * m)
    else:
        expected = forwards
    found = flat_escape_time(b, middle, q @ a, kappa * q)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_where_nothing_grows_there_is_no_flat_time():
    assert flat_escape_time([-0.2], 0.3, [0.2], [[3.0]]) == np.inf
    # z turns where the middle is smaller: z² − a² is conserved, and a b < 0 shrinks it to below 0.
    assert flat_escape_time([-0.2], 0.1, [0.2], [[3.0]]) < np.inf


@pytest.mark.parametrize(("z", "share"), [(0.0, 0.5), (-1.0, 0.5), (1.0, 0.0), (1.0, 1.0)])
def test_the_strict_time_refuses_what_it_does_not_cover(z, share):
    with pytest.raises(ValueError, match="z_middle" if z <= 0 else "share"):
        strict_escape_time([0.1], z, [0.1], [[1.0]], [[1.0]], share=share)
