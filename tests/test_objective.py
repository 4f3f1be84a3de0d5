"""Loss, gradient and Hessian against slow references from the definition."""

import numpy as np
import pytest
import reference
from cases import WIDTHS, random_network, random_problem

import lnn


@pytest.fixture(params=WIDTHS.values(), ids=WIDTHS.keys())
def case(request):
    rng = np.random.default_rng(7)
    widths = request.param
    return random_network(rng, widths), random_problem(rng, widths[0], widths[-1])


def test_loss_is_the_sum_over_samples(case):
    weights, problem = case
    expected = reference.loss(weights, problem.X, problem.Y)
    assert lnn.loss(weights, problem) == pytest.approx(expected, rel=1e-12)


def test_gradient_is_the_derivative_of_the_loss(case):
    weights, problem = case
    expected = reference.gradient(weights, problem.X, problem.Y)
    for ours, theirs in zip(lnn.gradient(weights, problem), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-9 * np.abs(theirs).max())


def test_hessian_is_the_derivative_of_the_gradient(case):
    weights, problem = case
    expected = reference.hessian(weights, problem.X, problem.Y)
    ours = lnn.hessian(weights, problem)
    np.testing.assert_allclose(ours, expected, atol=1e-6 * np.abs(expected).max())
    np.testing.assert_allclose(ours, ours.T, atol=1e-12 * np.abs(expected).max())


def test_hessian_vector_is_a_product_with_the_hessian(case):
    weights, problem = case
    rng = np.random.default_rng(8)
    direction = random_network(rng, lnn.network.widths_of(weights))
    ours = lnn.network.flatten(lnn.hessian_vector(weights, problem, direction))
    expected = lnn.hessian(weights, problem) @ lnn.network.flatten(direction)
    np.testing.assert_allclose(ours, expected, rtol=1e-10, atol=1e-10 * np.abs(expected).max())


def test_sharpness_is_the_largest_eigenvalue(case):
    weights, problem = case
    expected = np.linalg.eigvalsh(lnn.hessian(weights, problem))[-1]
    assert lnn.sharpness(weights, problem) == pytest.approx(expected, rel=1e-9)


def test_sharpness_of_a_single_weight():
    # (3 − 2w)² has second derivative 8, for one parameter Lanczos has nothing to iterate on.
    assert lnn.sharpness((np.ones((1, 1)),), lnn.Problem([[2.0]], [[3.0]])) == pytest.approx(8.0)


def test_sharpness_where_the_hessian_vanishes():
    problem = random_problem(np.random.default_rng(0), 3, 2)
    zero = tuple(np.zeros(s) for s in [(4, 3), (4, 4), (2, 4)])
    assert lnn.sharpness(zero, problem) == 0.0


def test_sharpness_is_the_top_eigenvalue_and_not_the_one_of_largest_modulus():
    # L = (1 − w₂ w₁)² at w₁ = 2, w₂ = −2: Hessian 2 [[4, −9], [−9, 4]], eigenvalues 26 and −10.
    # L at w₁ = w₂ = 0 with y = 3: Hessian 6 [[0, −1], [−1, 0]], eigenvalues ±6.
    two, zero = np.full((1, 1), 2.0), np.zeros((1, 1))
    assert lnn.sharpness((two, -two), lnn.Problem([[1.0]], [[1.0]])) == pytest.approx(26.0)
    assert lnn.sharpness((zero, zero), lnn.Problem([[1.0]], [[3.0]])) == pytest.approx(6.0)


@pytest.mark.parametrize("function", [lnn.loss, lnn.gradient, lnn.hessian, lnn.sharpness])
def test_an_ensemble_is_its_members(function):
    rng = np.random.default_rng(3)
    weights = random_network(rng, (3, 4, 2, 3), size=(2, 5))
    problem = lnn.Problem(rng.standard_normal((5, 3, 8)), rng.standard_normal((5, 3, 8)))
    together = function(weights, problem)
    for i, j in np.ndindex(2, 5):
        alone = function(tuple(w[i, j] for w in weights), problem[j])
        if function is lnn.gradient:
            for a, b in zip(together, alone, strict=True):
                np.testing.assert_allclose(a[i, j], b, rtol=1e-12, atol=1e-12)
        else:
            np.testing.assert_allclose(together[i, j], alone, rtol=1e-9, atol=1e-11)


def test_hessian_vector_of_an_ensemble_is_that_of_its_members():
    rng = np.random.default_rng(4)
    weights, direction = (random_network(rng, (3, 2, 3), size=(4,)) for _ in range(2))
    problem = random_problem(rng, 3, 3)
    together = lnn.hessian_vector(weights, problem, direction)
    for i in range(4):
        alone = lnn.hessian_vector(
            tuple(w[i] for w in weights), problem, tuple(v[i] for v in direction)
        )
        for a, b in zip(together, alone, strict=True):
            np.testing.assert_allclose(a[i], b, rtol=1e-12, atol=1e-12)


def test_loss_does_not_cancel_near_a_perfect_fit():
    rng = np.random.default_rng(5)
    T = rng.standard_normal((3, 3))
    X = 1e4 * rng.standard_normal((3, 50))
    problem = lnn.Problem(X, T @ X)
    off = 1e-9 * rng.standard_normal((3, 3))
    exact = np.sum((off @ X) ** 2)
    assert lnn.loss((T + off,), problem) == pytest.approx(exact, rel=1e-4)


def test_loss_with_fewer_samples_than_inputs():
    rng = np.random.default_rng(6)
    X, Y = rng.standard_normal((5, 3)), rng.standard_normal((2, 3))
    problem = lnn.Problem(X, Y)
    weights = random_network(rng, (5, 4, 2))
    assert lnn.loss(weights, problem) == pytest.approx(reference.loss(weights, X, Y))
    for ours, theirs in zip(
        lnn.gradient(weights, problem), reference.gradient(weights, X, Y), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-10)


def test_wrong_widths_are_named():
    problem = random_problem(np.random.default_rng(0), 3, 2)
    with pytest.raises(ValueError, match=r"use d_0 = 3 and d_N = 2"):
        lnn.loss((np.ones((2, 4)),), problem)
    with pytest.raises(ValueError, match="do not chain"):
        lnn.gradient((np.ones((4, 3)), np.ones((2, 5))), problem)
    with pytest.raises(ValueError, match="direction has widths"):
        lnn.hessian_vector((np.ones((2, 3)),), problem, (np.ones((3, 2)),))
    with pytest.raises(ValueError, match="diverged"):
        lnn.sharpness((np.full((2, 3), np.nan),), problem)
