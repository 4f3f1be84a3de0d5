"""The lemmas of the first-order theorem, as properties over random networks."""

import itertools

import numpy as np
import pytest
import reference
from cases import random_network, random_problem
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lnn import Problem, factorize, product
from lnn.landscape import lift_perturbation, numerical_rank, raise_to_full_rank, release
from lnn.landscape.lifting import _rank

WIDTHS = st.lists(st.integers(1, 5), min_size=2, max_size=7).map(tuple)
SEEDS = st.integers(0, 2**32 - 1)


def change(before, after):
    return np.sqrt(sum(np.sum((b - a) ** 2) for a, b in zip(before, after, strict=True)))


def near(rng, matrix, rank, size):
    """A matrix of rank `rank` close to `matrix`: move it, then cut its decomposition."""
    moved = matrix + size * rng.standard_normal(matrix.shape)
    u, s, v = np.linalg.svd(moved, full_matrices=False)
    return (u[:, :rank] * s[:rank]) @ v[:rank]


@settings(max_examples=60, deadline=None)
@given(widths=WIDTHS, seed=SEEDS)
def test_a_perturbation_of_the_product_lifts_at_a_bounded_ratio(widths, seed):
    rng = np.random.default_rng(seed)
    weights = random_network(rng, widths)
    W = product(weights)
    r = min(widths)
    # The constant grows with the condition of the partial products; keep to ordinary ones.
    cuts = [
        np.linalg.svd(product(part), compute_uv=False)
        for i, j in itertools.combinations(range(len(weights) + 1), 2)
        for part in [weights[i:j]]
    ]
    assume(min(s[min(r, s.size) - 1] for s in cuts) > 0.05)
    ratios = []
    for size in (1e-4, 1e-5, 1e-6):
        target = near(rng, W, r, size * np.linalg.norm(W))
        lifted = lift_perturbation(weights, target)
        np.testing.assert_allclose(product(lifted), target, rtol=0, atol=1e-11 * np.linalg.norm(W))
        ratios.append(change(weights, lifted) / np.linalg.norm(target - W))
        changed = [bool((a != b).any()) for a, b in zip(weights, lifted, strict=True)]
        assert not any(changed[1:-1])
    assert max(ratios) < 3 / min(1.0, *(s[min(r, s.size) - 1] for s in cuts)) ** 2


def test_the_lift_obeys_the_bound_that_the_chapter_derives():
    rng = np.random.default_rng(0)
    weights = random_network(rng, (4, 3, 2, 3, 5))
    W = product(weights)
    least = lambda m: np.linalg.svd(m, compute_uv=False)[-1]  # noqa: E731
    A, B = product(weights[:2]), product(weights[2:])
    C, D = weights[1], weights[2]
    for size in (1e-2, 1e-4, 1e-7):
        target = near(rng, W, 2, size * least(A) * least(B))
        gap = np.linalg.norm(target - W, 2)
        assert gap < least(A) * least(B) / 2
        lifted = lift_perturbation(weights, target)
        assert np.linalg.norm(lifted[0] - weights[0], 2) <= gap / (least(B) * least(C)) * (1 + 1e-6)
        assert np.linalg.norm(lifted[-1] - weights[-1], 2) <= 2 * gap / (least(A) * least(D))


def test_lifting_broadcasts():
    rng = np.random.default_rng(1)
    weights = random_network(rng, (3, 2, 4, 3), size=(5,))
    targets = np.array([near(rng, W, 2, 1e-5) for W in product(weights)])
    lifted = lift_perturbation(weights, targets)
    np.testing.assert_allclose(product(lifted), targets, rtol=0, atol=1e-11)
    one = lift_perturbation(tuple(w[3] for w in weights), targets[3])
    for many, single in zip(lifted, one, strict=True):
        np.testing.assert_allclose(many[3], single, rtol=0, atol=1e-12)


def test_lifting_says_why_it_cannot():
    rng = np.random.default_rng(2)
    weights = random_network(rng, (3, 2, 3))
    with pytest.raises(ValueError, match=r"target has rank 3, but widths \(3, 2, 3\)"):
        lift_perturbation(weights, np.eye(3))
    with pytest.raises(ValueError, match=r"product of the weights has rank 1.*min\(widths\) = 2"):
        lift_perturbation((np.diag([1.0, 0.0]), np.eye(2)), np.eye(2))
    with pytest.raises(ValueError, match=r"expected \(\.\.\., 3, 3\)"):
        lift_perturbation(weights, np.eye(2))
    with pytest.raises(ValueError, match="too far"):
        lift_perturbation((np.eye(1, 2), np.eye(2, 1)), np.diag([0.0, 1.0]))


def test_without_full_rank_a_small_perturbation_need_not_lift():
    # At U = e_1, V = 0 the product is 0; for ε e_2 e_2ᵀ the column U has to come near ± e_2.
    start = (np.zeros((1, 2)), np.eye(2)[:, :1])
    for size in (1e-2, 1e-4, 1e-6):
        target = np.diag([0.0, size])
        factors = factorize(target, (2, 1, 2))
        np.testing.assert_allclose(product(factors), target, atol=1e-15)
        least = np.inf  # over all other factorizations, which are rescalings of this one
        for t in np.geomspace(1e-8, 1e8, 200):
            others = (factors[0] / t, factors[1] * t)
            np.testing.assert_allclose(product(others), target, rtol=1e-12)
            moves = [np.linalg.norm(a - b) for a, b in zip(others, start, strict=True)]
            least = min(least, np.hypot(*moves))
        assert 1.0 <= least < 1.01
        with pytest.raises(ValueError, match=r"has rank 0, below min\(widths\) = 1"):
            lift_perturbation(start, target)


@settings(max_examples=60, deadline=None)
@given(widths=WIDTHS, seed=SEEDS, data=st.data())
def test_a_rank_deficient_point_moves_to_full_rank_at_equal_loss(widths, seed, data):
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, widths[0], widths[-1])
    rank = data.draw(st.integers(0, min(widths)))
    left = rng.standard_normal((widths[-1], rank))
    weights = factorize(left @ rng.standard_normal((rank, widths[0])), widths)
    raised = raise_to_full_rank(weights, problem, rng)
    assert tuple(w.shape for w in raised) == tuple(w.shape for w in weights)
    assert numerical_rank(product(raised), 1e-10) == min(widths)
    np.testing.assert_allclose(
        reference.loss(raised, problem.X, problem.Y),
        reference.loss(weights, problem.X, problem.Y),
        rtol=1e-8,
    )


def _deficient(rng, widths, rank):
    """Weights with many zero blocks in a random basis: products of every rank pattern."""
    diagonals = []
    for rows, columns in zip(widths[1:], widths[:-1], strict=True):
        core = np.zeros((rows, columns))
        core[:rank, :rank] = np.eye(rank)
        block = rng.standard_normal((rows - rank, columns - rank))
        keep = rng.integers(0, min(block.shape) + 1) if block.size else 0
        if block.size:
            u, s, v = np.linalg.svd(block, full_matrices=False)
            core[rank:, rank:] = (u[:, :keep] * s[:keep]) @ v[:keep]
        diagonals.append(core)
    bases = [np.linalg.qr(rng.standard_normal((d, d)))[0] for d in widths]
    return tuple(bases[j + 1] @ w @ bases[j].T for j, w in enumerate(diagonals))


@settings(max_examples=150, deadline=None)
@given(widths=WIDTHS, seed=SEEDS, data=st.data())
def test_a_rank_deficient_point_is_released_at_an_unchanged_product(widths, seed, data):
    rng = np.random.default_rng(seed)
    rank = data.draw(st.integers(0, min(widths) - 1))
    weights = _deficient(rng, widths, rank)
    W = product(weights)
    assume(numerical_rank(W, 1e-8) < min(widths) or not W.any())
    problem = random_problem(rng, widths[0], widths[-1])
    size = 0.1
    released = release(weights, problem, size)
    np.testing.assert_allclose(product(released), W, rtol=0, atol=1e-10)
    for w, moved in zip(weights, released, strict=True):
        assert np.linalg.norm(moved - w, 2) <= size * (1 + 1e-12)
    error = (W - problem.least_squares) @ problem.cov_xx
    slope = max(np.linalg.norm(g) for g in reference.gradient(released, problem.X, problem.Y))
    assert slope > 0.2 * size ** (len(weights) - 1) * np.linalg.norm(error, 2) / len(weights)


def test_release_turns_the_flattest_saddle_into_a_slope_of_known_size():
    # All weights zero, N layers: the slope in the first layer is 2 size^{N-1} times ‖E‖₂.
    problem = Problem(np.eye(2), np.diag([3.0, 1.0]))
    for depth, size in itertools.product((2, 3, 4, 5), (0.1, 0.01)):
        zero = (np.zeros((2, 2)),) * depth
        released = release(zero, problem, size)
        slopes = reference.gradient(released, problem.X, problem.Y)
        assert not product(released).any()
        np.testing.assert_allclose(
            np.linalg.norm(slopes[0]), 2 * size ** (depth - 1) * 3.0, rtol=1e-12
        )


@pytest.mark.parametrize("sign", [1, -1])
def test_release_takes_the_steepest_of_its_multiples(sign):
    # Of the changes by ± size one undoes what there is, with slope 0, and the other doubles it.
    problem, size = Problem(np.eye(2), np.diag([2.0, 1.0])), 0.1
    row = np.array([[sign * size, 0.0]])
    for start, layer in (((row, np.zeros((2, 1))), 1), ((np.zeros((1, 2)), row.T), 0)):
        slopes = reference.gradient(release(start, problem, size), problem.X, problem.Y)
        np.testing.assert_allclose(np.linalg.norm(slopes[layer]), 2 * 2.0 * 2 * size, rtol=1e-12)


def test_the_lemmas_say_where_there_is_nothing_to_do():
    rng = np.random.default_rng(4)
    problem = Problem(np.eye(2), np.diag([2.0, 0.0]))
    optimal = factorize(np.diag([2.0, 0.0]), (2, 2, 2))
    for move in (
        lambda w: raise_to_full_rank(w, problem, rng),
        lambda w: release(w, problem),
    ):
        with pytest.raises(ValueError, match="optimal among all maps"):
            move(optimal)
        with pytest.raises(ValueError, match="one network at a time"):
            move(tuple(np.stack([w, w]) for w in optimal))
    full = (np.eye(2), np.eye(2))
    assert raise_to_full_rank(full, problem, rng) == full
    with pytest.raises(ValueError, match="full rank 2"):
        release(full, problem)
    with pytest.raises(ValueError, match="size"):
        release((np.zeros((2, 2)),) * 2, problem, size=0.0)


@pytest.mark.parametrize("seed", range(5))
def test_an_optimum_up_to_rounding_is_one(seed):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((4, 9))
    problem = Problem(X, np.outer(rng.standard_normal(3), rng.standard_normal(4)) @ X)
    optimal = factorize(problem.least_squares, (4, 2, 3))  # of rank 1
    error = product(optimal) @ problem.cov_xx - problem.cov_yx
    assert error.any()
    for move in (
        lambda w: raise_to_full_rank(w, problem, rng),
        lambda w: release(w, problem),
    ):
        with pytest.raises(ValueError, match="optimal among all maps"):
            move(optimal)
        # Not so a little beside it.
        move((1 + 1e-6) * w for w in optimal)


@pytest.mark.parametrize(("size", "rank"), [(1e-10, 1), (1.4e-10, 2)])
def test_a_direction_counts_beyond_ten_digits_of_the_factors(size, rank):
    assert _rank(np.diag([3.0, 3 * size]), (np.diag([1.0, size]), 3 * np.eye(2))) == rank
