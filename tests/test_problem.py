"""What a Problem knows about its data, against the definitions."""

import numpy as np
import pytest
from cases import random_problem

import lnn


@pytest.fixture(params=[(4, 3), (3, 3), (3, 5)], ids=["tall", "square", "wide"])
def problem(request):
    d_x, d_y = request.param
    return random_problem(np.random.default_rng(2), d_x, d_y)


def test_covariances_and_least_squares(problem):
    X, Y = problem.X, problem.Y
    np.testing.assert_allclose(problem.cov_xx, X @ X.T)
    np.testing.assert_allclose(problem.cov_yx, Y @ X.T)
    np.testing.assert_allclose(problem.cov_yy, Y @ Y.T)
    np.testing.assert_allclose(problem.root_xx @ problem.root_xx.T, X @ X.T, rtol=1e-10)
    solution = np.linalg.lstsq(X.T, Y.T, rcond=None)[0].T
    np.testing.assert_allclose(problem.least_squares, solution, rtol=1e-9, atol=1e-10)
    assert problem.residual == pytest.approx(np.sum((Y - solution @ X) ** 2))
    np.testing.assert_allclose(
        problem.singular_values_x, np.linalg.svd(X, compute_uv=False), rtol=1e-10
    )


def test_the_spectrum_is_that_of_sigma(problem):
    X, Y = problem.X, problem.Y
    sigma = Y @ X.T @ np.linalg.inv(X @ X.T) @ X @ Y.T
    values, U = problem.eigenvalues, problem.eigenvectors
    assert (np.diff(values) <= 0).all()
    np.testing.assert_allclose(U @ np.diag(values) @ U.T, sigma, atol=1e-9 * values[0])
    np.testing.assert_allclose(U.T @ U, np.eye(problem.d_y), atol=1e-12)
    peaks = np.take_along_axis(U, np.abs(U).argmax(axis=0)[None], axis=0)
    assert (peaks > 0).all()


def test_floor_is_the_trace_formula(problem):
    for rank in range(problem.d_y + 1):
        expected = np.trace(problem.cov_yy) - problem.eigenvalues[:rank].sum()
        assert problem.floor(rank) == pytest.approx(expected, rel=1e-9)


def test_an_ensemble_of_problems_is_its_members():
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((4, 3, 9)), rng.standard_normal((2, 4, 2, 9))
    together = lnn.Problem(X, Y)
    assert together.ensemble == (2, 4)
    for i, j in np.ndindex(2, 4):
        alone, member = lnn.Problem(X[j], Y[i, j]), together[i, j]
        for name in (
            "X",
            "Y",
            "cov_xx",
            "cov_yx",
            "cov_yy",
            "root_xx",
            "least_squares",
            "residual",
            "eigenvalues",
            "eigenvectors",
            "singular_values_x",
        ):
            np.testing.assert_allclose(
                getattr(member, name), getattr(alone, name), rtol=1e-9, atol=1e-10
            )
    assert together.reshape(8)[5].residual == together[1, 1].residual
    assert together[0, 0].broadcast_to((3,)).ensemble == (3,)


def test_no_array_of_a_problem_but_the_data_grows_with_the_samples():
    problem = random_problem(np.random.default_rng(0), 3, 2, samples=500)
    for name in vars(problem):
        if name not in ("X", "Y"):
            assert getattr(problem, name).size <= 9


def test_the_data_of_the_report():
    rng = np.random.default_rng(0)
    saddle = lnn.saddle_problem(rng)
    assert saddle.X.shape == saddle.Y.shape == (5, 1000)
    beta = np.diag([5.0, 4.0, 3.0, 2.0, 1.0])
    noise = saddle.Y - beta @ saddle.X
    assert noise.std() == pytest.approx(0.1, rel=0.05)
    assert (
        lnn.saddle_problem(rng, noise=0.5).Y.std(axis=1).argsort() == np.arange(4, -1, -1)
    ).all()
    steps = lnn.step_problem(rng, size=(2000,))
    assert steps.X.shape == (2000, 5, 5)
    noise = steps.Y - np.diag([1.0, 2.0, 3.0, 4.0, 5.0]) @ steps.X
    assert noise.std() == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize(
    ("X", "Y", "message"),
    [
        ([[1.0, np.nan]], [[1.0, 2.0]], r"X holds nan at index \(0, 1\)"),
        ([[1.0, 2.0]], [[np.inf, 2.0]], r"Y holds inf at index \(0, 0\)"),
        ([[1.0, 2.0]], [[1.0, 2.0, 3.0]], "X has 2 samples"),
        ([1.0, 2.0], [[1.0, 2.0]], "expected a matrix"),
        (np.ones((2, 0)), np.ones((2, 0)), "empty array"),
        (np.ones((2, 3, 4)), np.ones((3, 3, 4)), "do not broadcast"),
    ],
)
def test_bad_data_are_named(X, Y, message):
    with pytest.raises(ValueError, match=message):
        lnn.Problem(X, Y)


def test_the_report_s_problems_need_a_sample_and_a_spread():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="samples is 0: expected a whole number of at least 1"):
        lnn.saddle_problem(rng, samples=0)
    with pytest.raises(ValueError, match="noise is -1"):
        lnn.step_problem(rng, noise=-1.0)


def test_full_row_rank_is_demanded_where_it_is_needed():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((3, 10))
    assert lnn.Problem(X, X).require_full_row_rank() == pytest.approx(
        np.linalg.svd(X, compute_uv=False)[-1]
    )
    X[2] = X[0] - X[1]
    with pytest.raises(ValueError, match="X has not full row rank"):
        lnn.Problem(X, X).require_full_row_rank()
    with pytest.raises(ValueError, match="at least 3 samples"):
        lnn.Problem(X[:, :2], X[:, :2]).require_full_row_rank()


def test_the_inverse_root_is_one_on_the_row_space_alone():
    rng = np.random.default_rng(5)
    root = rng.standard_normal((4, 2)) @ rng.standard_normal((2, 4))  # rank 2
    inverse, seen = lnn.problem.inverse_root(root)
    np.testing.assert_allclose(inverse @ root, seen, atol=1e-12)
    np.testing.assert_allclose(seen @ seen, seen, atol=1e-12)
    assert np.trace(seen) == pytest.approx(2)
    np.testing.assert_allclose(inverse @ root @ inverse, inverse, atol=1e-12)
    np.testing.assert_allclose(root @ inverse @ root, root, atol=1e-12)


@pytest.mark.parametrize(("angle", "rank"), [(4e-14, 1), (8e-14, 2)])
def test_inputs_apart_by_more_than_rounding_count(angle, rank):
    # Two rows at a small angle: the singular values are √2 and angle / √2, and 64 · 2 ε = 2.8e-14.
    _, seen = lnn.problem.inverse_root(np.array([[1.0, 0.0], [1.0, angle]]))
    assert np.trace(seen) == pytest.approx(rank)
