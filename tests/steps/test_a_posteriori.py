"""The trapping bound: what it proves, tested on the runs it speaks about."""

import numpy as np
import pytest

from lnn import Problem, descend, flattest_minimizer, gaussian, hessian, loss, product, sharpness
from lnn.network import flatten, unflatten
from lnn.steps import trapping_bound
from lnn.steps.a_posteriori import _tangent_gram
from tests.cases import random_network, random_problem

WIDTHS = [(3, 2), (3, 3, 3), (3, 4, 2), (3, 3, 4, 3), (2, 2, 2, 2, 2)]


def near_a_minimizer(widths, seed, spread):
    """Weights at a random distance of order `spread` from a minimizer of loss zero."""
    rng = np.random.default_rng(seed)
    X = (
        np.diag(rng.uniform(0.7, 1.5, widths[0]))
        @ np.linalg.qr(rng.standard_normal((9, 3)))[0].T[: widths[0]]
    )
    T = np.eye(widths[-1], widths[0]) + 0.2 * rng.standard_normal((widths[-1], widths[0]))
    problem = Problem(X, T @ X)
    exact = flattest_minimizer(problem, widths)
    return tuple(w + spread * rng.standard_normal(w.shape) for w in exact), problem


@pytest.mark.parametrize("widths", WIDTHS)
def test_below_the_step_runs_descend_to_a_global_minimum_inside_the_ball(widths):
    tested = 0
    for seed in range(6):
        weights, problem = near_a_minimizer(widths, seed, 10.0 ** (-2 - seed % 3))
        bound = trapping_bound(weights, problem)
        if bound.step_size == 0:
            continue
        tested += 1
        run = descend(weights, problem, 0.999 * bound.step_size, 3000)
        excess = run.losses
        eta = run.step_size
        rate = 1 - 4 * eta * bound.conditioning**2 * (1 - eta * bound.curvature / 2)
        assert 0 <= rate < 1
        above_rounding = excess[:-1] > 1e-20 * excess[0]
        assert (excess[1:] <= rate * excess[:-1] * (1 + 1e-6))[above_rounding].all()
        assert np.linalg.norm(flatten(run.weights) - flatten(weights)) <= bound.radius
    assert tested >= 3


@pytest.mark.parametrize("widths", WIDTHS)
def test_curvature_and_conditioning_hold_in_the_ball(widths):
    rng = np.random.default_rng(3)
    weights, problem = near_a_minimizer(widths, 1, 1e-3)
    bound = trapping_bound(weights, problem)
    assert bound.step_size > 0
    error = loss(weights, problem)
    for _ in range(50):
        move = random_network(rng, widths)
        length = np.linalg.norm(flatten(move)) / (bound.radius * rng.uniform())
        there = tuple(w + v / length for w, v in zip(weights, move, strict=True))
        if loss(there, problem) <= error:
            assert np.linalg.eigvalsh(hessian(there, problem))[-1] <= bound.curvature * (1 + 1e-9)
        # ‖∇L‖ ≥ 2 σ e needs K onto with singular values at least σ.
        assert least_singular_value(there, problem) >= bound.conditioning * (1 - 1e-9)


def least_singular_value(weights, problem):
    """Of V ↦ (dW·V) A, from the Hessian at zero residual: H = 2 Kᵀ K if T is the product."""
    exact = Problem(problem.root_xx, product(weights) @ problem.root_xx)
    eigenvalues = np.linalg.eigvalsh(hessian(weights, exact))[::-1] / 2
    return np.sqrt(max(eigenvalues[problem.d_x * problem.d_y - 1], 0.0))


@pytest.mark.parametrize("widths", WIDTHS)
def test_at_a_minimizer_it_is_two_over_the_sharpness(widths):
    weights, problem = near_a_minimizer(widths, 2, 1e-9)
    step = trapping_bound(weights, problem).step_size
    assert 0.999 * 2 / sharpness(weights, problem) < step <= 2 / sharpness(weights, problem)


def test_nothing_is_proved_far_away_at_saddles_or_below_full_rank():
    rng = np.random.default_rng(0)
    problem = random_problem(rng, 3, 3)
    assert trapping_bound(gaussian((3, 3, 3), rng, std=5.0), problem).step_size == 0
    zero = tuple(np.zeros((3, 3)) for _ in range(3))
    assert trapping_bound(zero, problem).step_size == 0
    narrow = gaussian((3, 1, 3), rng)
    assert trapping_bound(narrow, problem).step_size == 0
    blown = tuple(np.full((3, 3), np.nan) for _ in range(2))
    assert trapping_bound(blown, problem).step_size == 0


@pytest.mark.parametrize("share", [0.05, 0.2, 0.245])
def test_the_curvature_holds_far_from_minimizers_too(share):
    # Two scalar layers of one size whose product is e below its target, e up to nearly σ_0² / 4,
    # beyond which nothing is proved. Further out the loss is e² again, the product e above.
    w, target = np.array([[1.0]]), 1 + share * 2
    problem = Problem([[1.0]], [[target]])
    bound = trapping_bound((w, w), problem)
    radius, e = float(bound.radius), target - 1
    assert bound.step_size > 0
    # κ_0 = σ_0 = √2, γ = 1
    assert bound.curvature == pytest.approx(2 * (np.sqrt(2) + radius) ** 2 + 2 * e)
    assert bound.conditioning == pytest.approx(np.sqrt(2) - radius)
    expected = 2 / bound.curvature * (1 - e / (radius * bound.conditioning))
    assert bound.step_size == pytest.approx(float(expected))
    far = min(np.sqrt(1 + 2 * e), 1 + radius / np.sqrt(2))
    there = (far * w, far * w)
    assert loss(there, problem) <= e**2 * (1 + 1e-9)
    assert np.linalg.eigvalsh(hessian(there, problem))[-1] <= bound.curvature
    if share > 0.24:  # with the sign of 2 e γ turned round this would be false
        assert np.linalg.eigvalsh(hessian(there, problem))[-1] > bound.curvature - 4 * e


def test_one_layer_is_the_quadratic():
    # L is a quadratic: every η < 2 / λ_max(∇²L) converges from everywhere.
    rng = np.random.default_rng(1)
    problem = random_problem(rng, 3, 2)
    weights = gaussian((3, 2), rng)
    bound = trapping_bound(weights, problem)
    limit = 2 / np.linalg.eigvalsh(hessian(weights, problem))[-1]
    assert (1 - 1e-6) * limit < bound.step_size <= limit * (1 + 1e-12)
    # e / (ρ σ) is 1e-9 for the largest of the radii, which is the best of them.
    error = np.sqrt(loss(weights, problem) - problem.residual)
    np.testing.assert_allclose(bound.radius * bound.conditioning, 1e9 * error, rtol=1e-11)


@pytest.mark.parametrize(("size", "proved"), [(0.7e30, True), (1.4e30, False)])
def test_nothing_is_proved_where_the_numbers_are_too_large(size, proved):
    bound = trapping_bound((np.array([[size]]),), Problem([[1.0]], [[1.0]]))
    assert (bound.step_size > 0) == proved
    far = np.full((1, 1), size)
    assert trapping_bound((far, far), Problem([[1.0]], [[1.0]])).radius == 0


@pytest.mark.parametrize("offset", [0.0, 1e-6, 0.05])
def test_the_radius_is_one_of_ten_in_each_of_nine_decades(offset):
    # Two scalar layers of size 1 have σ_0 = √2 and γ = 1: nothing is proved from ρ = √2 on.
    one = np.ones((1, 1))
    bound = trapping_bound((one, one), Problem([[1.0]], [[1 + offset]]))
    tenths = 10 * np.log10(np.sqrt(2) / bound.radius)
    assert tenths == pytest.approx(round(float(tenths)), abs=1e-9)
    if offset == 0:  # at a minimizer the smallest is the best
        assert tenths == pytest.approx(90)


def test_ensembles_broadcast():
    rng = np.random.default_rng(2)
    problem = random_problem(rng, 3, 3)
    weights = gaussian((3, 3, 3), rng, std=0.3, size=(5,))
    run = descend(weights, problem, 0.1 / sharpness(weights, problem), 20_000, record_every=1000)
    together = trapping_bound(run.weights, problem)
    for i in range(5):
        alone = trapping_bound(tuple(w[i] for w in run.weights), problem)
        assert together.step_size[i] == pytest.approx(float(alone.step_size), rel=1e-9)


def test_the_tangent_gram_is_that_of_the_derivative():
    rng = np.random.default_rng(3)
    widths = (3, 2, 4, 2)
    problem = random_problem(rng, 3, 2)
    weights = random_network(rng, widths)
    columns = []
    for unit in np.eye(flatten(weights).size):
        move = unflatten(unit, widths)  # the product is linear in each single entry
        moved = tuple(w + v for w, v in zip(weights, move, strict=True))
        columns.append(((product(moved) - product(weights)) @ problem.root_xx).ravel())
    k = np.array(columns).T
    np.testing.assert_allclose(
        _tangent_gram(weights, problem.root_xx), k @ k.T, rtol=1e-10, atol=1e-9
    )


@pytest.mark.parametrize("widths", [(3, 3, 2), (3, 3, 4, 2), (2, 3, 2, 3, 2)])
def test_the_bound_is_that_of_its_radius(widths):
    """Every number of it from its formula, by loops, at points away from the minimizers."""
    d_x, depth = widths[0], len(widths) - 1
    used = []
    for seed, spread in enumerate((1e-4, 1e-3, 3e-3, 1e-2)):
        weights, problem = near_a_minimizer(widths, seed, spread)
        found = trapping_bound(weights, problem)
        if found.step_size == 0:
            continue
        root = np.linalg.cholesky(problem.cov_xx)
        columns = []  # of the derivative of W A, an entry of a layer at a time
        for j, w in enumerate(weights):
            for k in range(w.size):
                total = root
                for i, other in enumerate(weights):
                    total = (other if i != j else np.eye(w.size)[k].reshape(w.shape)) @ total
                columns.append(total.ravel())
        singular = np.linalg.svd(np.array(columns), compute_uv=False)
        total = root
        for w in weights:
            total = w @ total
        error = np.linalg.norm(total - problem.least_squares @ root)
        grown = [np.linalg.norm(w, 2) + found.radius for w in weights]
        pairs = np.array(
            [
                [(i != j) * np.prod([grown[k] for k in range(depth) if k not in (i, j)])
                 for j in range(depth)]
                for i in range(depth)
            ]
        )  # fmt: skip
        gamma = np.linalg.norm(pairs, 2) * np.linalg.norm(root, 2)
        least, largest = singular[widths[-1] * d_x - 1], singular[0]
        curvature = 2 * (largest + gamma * found.radius) ** 2 + 2 * error * gamma
        conditioning = least - gamma * found.radius
        np.testing.assert_allclose(found.curvature, curvature, rtol=1e-9)
        np.testing.assert_allclose(found.conditioning, conditioning, rtol=1e-9)
        step = 2 / curvature * (1 - error / (found.radius * conditioning))
        np.testing.assert_allclose(found.step_size, step, rtol=1e-6)
        used.append(found.radius / max(grown))
    assert max(used) > 1e-4
