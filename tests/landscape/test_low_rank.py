"""The rank-constrained optimum and exact factors, against references that share no code."""

import itertools

import numpy as np
import pytest
import reference
from cases import random_problem
from hypothesis import given, settings
from hypothesis import strategies as st

from lnn import Problem, best_of_rank, factorize, product
from lnn.landscape import numerical_rank, rotate_modes


def objective(M, problem):
    return np.sum((problem.Y - M @ problem.X) ** 2)


@pytest.mark.parametrize("seed", range(12))
def test_best_of_rank_is_whitening_then_eckart_young(seed):
    from scipy.linalg import sqrtm

    rng = np.random.default_rng(seed)
    d_x, d_y = rng.integers(1, 9, size=2)
    problem = random_problem(rng, d_x, d_y, samples=20)
    root = np.real(sqrtm(problem.X @ problem.X.T))
    target = np.linalg.solve(root, problem.X @ problem.Y.T).T  # T Σ_XX^{1/2}
    u, s, v = np.linalg.svd(target)
    for rank in range(min(d_x, d_y) + 1):
        expected = (u[:, :rank] * s[:rank]) @ v[:rank] @ np.linalg.inv(root)
        found = best_of_rank(problem, rank)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * np.abs(target).max())
        assert numerical_rank(found) == rank
        value = objective(found, problem)
        np.testing.assert_allclose(value, problem.floor(rank), rtol=1e-9)
        np.testing.assert_allclose(value, np.sum(problem.Y**2) - np.sum(s[:rank] ** 2), rtol=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_best_of_rank_is_where_alternating_least_squares_ends(seed):
    rng = np.random.default_rng(100 + seed)
    d_x, d_y = rng.integers(3, 9, size=2)
    rank = int(rng.integers(1, min(d_x, d_y)))
    # Modes well apart, so that the iteration converges to rounding.
    X = rng.standard_normal((d_x, 30))
    spread = np.linalg.qr(rng.standard_normal((d_x, d_x)))[0][: min(d_x, d_y)]
    scale = 4.0 ** -np.arange(min(d_x, d_y))
    Y = np.linalg.qr(rng.standard_normal((d_y, d_y)))[0][:, : min(d_x, d_y)] * scale @ spread @ X
    problem = Problem(X, Y)
    B = rng.standard_normal((d_y, rank))
    for _ in range(200):
        A = np.linalg.lstsq(B, Y, rcond=None)[0] @ np.linalg.pinv(X)
        B = Y @ np.linalg.pinv(A @ X)
    np.testing.assert_allclose(B @ A, best_of_rank(problem, rank), rtol=0, atol=1e-9)


def test_best_of_rank_beats_every_other_matrix_of_its_rank():
    rng = np.random.default_rng(5)
    problem = random_problem(rng, 4, 3)
    for rank in range(1, 4):
        best = best_of_rank(problem, rank)
        for size in (1e-3, 1e-1, 1.0):
            left = rng.standard_normal((3, rank))
            near = best + size * left @ rng.standard_normal((rank, 4))
            u, s, v = np.linalg.svd(near, full_matrices=False)
            other = (u[:, :rank] * s[:rank]) @ v[:rank]
            assert objective(other, problem) >= objective(best, problem)


def test_best_of_rank_of_an_ensemble_is_that_of_its_members():
    rng = np.random.default_rng(6)
    problem = Problem(rng.standard_normal((2, 3, 4, 9)), rng.standard_normal((3, 3, 9)))
    stack = best_of_rank(problem, 2)
    assert stack.shape == (2, 3, 3, 4)
    for index in np.ndindex(2, 3):
        np.testing.assert_allclose(
            stack[index], best_of_rank(problem[index], 2), rtol=0, atol=1e-12
        )


def test_ranks_at_and_beyond_the_ends():
    problem = random_problem(np.random.default_rng(7), 4, 3)
    assert not best_of_rank(problem, 0).any()
    for rank in (3, 4, 9):
        np.testing.assert_allclose(best_of_rank(problem, rank), problem.least_squares, atol=1e-12)


def test_best_of_rank_refuses_what_it_cannot_do():
    X = np.array([[1.0, 2.0], [2.0, 4.0]])
    with pytest.raises(ValueError, match=r"X has not full row rank.*drop dependent rows"):
        best_of_rank(Problem(X, X), 1)
    with pytest.raises(ValueError, match=r"rank is -1"):
        best_of_rank(Problem(np.eye(2), np.eye(2)), -1)
    with pytest.raises(ValueError, match=r"rank is 1\.5"):
        best_of_rank(Problem(np.eye(2), np.eye(2)), 1.5)


@settings(max_examples=60, deadline=None)
@given(
    widths=st.lists(st.integers(1, 8), min_size=2, max_size=7),
    seed=st.integers(0, 2**32 - 1),
    balanced=st.booleans(),
    scale=st.sampled_from([1e-8, 1.0, 1e6]),
    data=st.data(),
)
def test_factors_of_any_depth_and_widths_multiply_to_the_matrix(
    widths, seed, balanced, scale, data
):
    rank = data.draw(st.integers(0, min(widths)))
    rng = np.random.default_rng(seed)
    matrix = (
        scale * rng.standard_normal((widths[-1], rank)) @ rng.standard_normal((rank, widths[0]))
    )
    weights = factorize(matrix, widths, balanced=balanced)
    assert tuple(w.shape for w in weights) == tuple((b, a) for a, b in itertools.pairwise(widths))
    size = np.linalg.norm(matrix)
    np.testing.assert_allclose(product(weights), matrix, rtol=0, atol=1e-13 * size)
    if balanced and rank:
        top = np.linalg.norm(matrix, 2) ** (2 / len(weights))
        for below, above in itertools.pairwise(weights):
            np.testing.assert_allclose(above.T @ above, below @ below.T, rtol=0, atol=1e-12 * top)
        for w in weights:
            np.testing.assert_allclose(np.linalg.norm(w, 2) ** 2, top, rtol=1e-10)


def test_the_unbalanced_factors_are_the_reports():
    # Identities between, singular values in the first layer, orthonormal columns in the last.
    M = np.diag([3.0, 2.0, 0.0])
    first, second, third, last = factorize(M, (3, 4, 2, 5, 3))
    np.testing.assert_array_equal(second, np.eye(2, 4))
    np.testing.assert_array_equal(third, np.eye(5, 2))
    np.testing.assert_allclose(last.T @ last, np.diag([1.0, 1, 0, 0, 0]), atol=1e-15)
    np.testing.assert_allclose(first @ first.T, np.diag([9.0, 4, 0, 0]), atol=1e-14)


def test_factorize_broadcasts():
    rng = np.random.default_rng(8)
    stack = rng.standard_normal((2, 5, 3, 2)) @ rng.standard_normal((2, 5, 2, 4))
    for balanced in (False, True):
        weights = factorize(stack, (4, 2, 6, 3), balanced=balanced)
        np.testing.assert_allclose(product(weights), stack, rtol=0, atol=1e-13)
        member = factorize(stack[1, 3], (4, 2, 6, 3), balanced=balanced)
        for w, single in zip(weights, member, strict=True):
            np.testing.assert_allclose(np.broadcast_to(w, (2, 5, *w.shape[-2:]))[1, 3], single)


def test_factorize_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match=r"rank 3 .*\(3, 2, 3\).*rank 2.*best_of_rank"):
        factorize(np.eye(3), (3, 2, 3))
    with pytest.raises(ValueError, match=r"shape \(3, 3\).*use d_0 = 3 and d_N = 3"):
        factorize(np.eye(3), (4, 2, 3))
    with pytest.raises(ValueError, match="nan"):
        factorize([[np.nan]], (1, 1))


def test_rounding_does_not_count_as_rank_unless_told():
    M = np.diag([1.0, 1e-17])
    np.testing.assert_array_equal(product(factorize(M, (2, 1, 2))), np.diag([1.0, 0.0]))
    with pytest.raises(ValueError, match="rank 2"):
        factorize(M, (2, 1, 2), tolerance=1e-20)
    assert numerical_rank(np.diag([1.0, 1e-3]), tolerance=1e-2) == 1
    assert numerical_rank(np.zeros((2, 3))) == 0


def test_the_global_value_of_the_network_is_the_floor_of_its_bottleneck():
    rng = np.random.default_rng(9)
    problem = random_problem(rng, 5, 4)
    for widths in ((5, 4), (5, 2, 4), (5, 3, 6, 4), (5, 1, 1, 1, 1, 4)):
        weights = factorize(best_of_rank(problem, min(widths)), widths)
        value = reference.loss(weights, problem.X, problem.Y)
        np.testing.assert_allclose(value, problem.floor(min(widths)), rtol=1e-9)


@pytest.mark.parametrize(("modes", "old", "new"), [([0, 2], 2, 1), ([3], 3, 0), ([0, 1], 0, 3)])
def test_the_loss_along_a_rotation_has_its_closed_form(modes, old, new):
    rng = np.random.default_rng(10)
    problem = random_problem(rng, 5, 4)
    theta = np.linspace(0, np.pi / 2, 9)
    path = rotate_modes(problem, modes, old, new, theta)
    sigma = np.sqrt(problem.eigenvalues)
    others = sum(problem.eigenvalues[k] for k in modes if k != old)
    size = sigma[old] * np.cos(theta) ** 2 + sigma[new] * np.sin(theta) ** 2
    expected = np.sum(problem.Y**2) - others - size**2
    values = [objective(M, problem) for M in path]
    np.testing.assert_allclose(values, expected, rtol=1e-9)
    assert (np.sign(np.diff(values)) == np.sign(new - old)).all()
    assert (numerical_rank(path, 1e-10) == len(modes)).all()
    chosen = problem.eigenvectors[:, modes]
    np.testing.assert_allclose(
        path[0], chosen @ chosen.T @ problem.least_squares, rtol=0, atol=1e-12
    )
    np.testing.assert_allclose(
        rotate_modes(problem, modes, old, new, 0.3),
        rotate_modes(problem, modes, old, new, [0.3])[0],
    )


def test_a_rotation_refuses_modes_that_make_no_sense():
    problem = Problem(np.eye(3), np.diag([2.0, 1.0, 0.0]))
    with pytest.raises(ValueError, match="old must be one of modes"):
        rotate_modes(problem, [0], 1, 2, 0.1)
    with pytest.raises(ValueError, match="new another"):
        rotate_modes(problem, [0, 1], 0, 1, 0.1)
    for modes, old, new in (([0], 0, problem.d_y), ([0, problem.d_y], 0, 1), ([0], -1, 1)):
        with pytest.raises(ValueError, match=r"old is|must be one of modes"):
            rotate_modes(problem, modes, old, new, 0.1)
    with pytest.raises(ValueError, match=r"modes 0 and 2.*positive"):
        rotate_modes(problem, [0], 0, 2, 0.1)
    with pytest.raises(ValueError, match=r"modes 2 and 1.*positive"):
        rotate_modes(problem, [2], 2, 1, 0.1)
    nearly = [Problem(np.eye(2), np.diag([1.0, weak])) for weak in (1.4e-12, 0.7e-12)]
    assert rotate_modes(nearly[0], [0], 0, 1, 0.1).shape == (2, 2)
    with pytest.raises(ValueError, match=r"modes 0 and 1.*positive"):
        rotate_modes(nearly[1], [0], 0, 1, 0.1)
    with pytest.raises(ValueError, match="ensemble"):
        rotate_modes(problem.broadcast_to((2,)), [0], 0, 1, 0.1)
