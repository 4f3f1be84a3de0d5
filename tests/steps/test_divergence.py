"""The divergence bound: proven below every minimizer's sharpness, attained, and obeyed by runs."""

import numpy as np
import pytest

from lnn import (
    Problem,
    descend,
    divergence_bound,
    flattest_minimizer,
    gaussian,
    hessian,
    least_sharpness,
    loss,
    product,
    step_problem,
)
from lnn.descent import Stop
from tests.cases import random_problem

FULL = [(3, 2), (3, 3, 3), (3, 4, 2), (3, 5, 5, 3), (2, 3, 2, 3), (4, 3, 5, 3, 3), (3,) * 6]
LIMITED = [(4, 2, 4), (4, 3, 4), (4, 1, 4), (4, 2, 2, 4), (4, 5, 2, 4), (5, 2, 3, 3, 4)]


def curvature(weights, problem):
    return np.linalg.eigvalsh(hessian(weights, problem))[..., -1]


def whitened(rng, singular_values):
    """X Xᵀ = I and T with the given singular values."""
    n = len(singular_values)
    q, _ = np.linalg.qr(rng.standard_normal((8, n)))
    u, _ = np.linalg.qr(rng.standard_normal((n, n)))
    return Problem(q.T, (u * singular_values) @ q.T)


def random_minimizer(rng, problem, widths):
    """A random global minimizer: a random factorization, with random blocks beside the rank."""
    rank, depth = min(widths), len(widths) - 1
    if depth == 1:
        return (problem.least_squares,)
    u = problem.eigenvectors[:, :rank]
    rest = problem.eigenvectors[:, rank:]
    narrow = int(np.argmin(widths))
    bases = [np.eye(d) + 0.4 * rng.standard_normal((d, d)) for d in widths]
    result = []
    for j in range(1, depth + 1):
        w = np.zeros((widths[j], widths[j - 1]))
        w[:rank, :rank] = np.eye(rank)
        w[rank:, rank:] = 0.5 * rng.standard_normal((widths[j] - rank, widths[j - 1] - rank))
        if j == 1:
            top = u.T @ problem.least_squares
            low = 0.5 * rng.standard_normal((widths[1] - rank, widths[0]))
            low = low if narrow > 0 else np.zeros_like(low)
            w = np.vstack([top, low])
        if j == depth:
            w = np.hstack([u, rest @ w[rank:, rank:]]) if rest.size else w[:, : widths[-2]]
            if not rest.size:
                w = np.hstack([u, np.zeros((widths[-1], widths[-2] - rank))])
        left = bases[j] if j < depth else np.eye(widths[-1])
        right = np.linalg.inv(bases[j - 1]) if j > 1 else np.eye(widths[0])
        result.append(left @ w @ right)
    return tuple(result)


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
@pytest.mark.parametrize("hidden", [4, 2, 6])
def test_whitened_data_give_the_known_closed_form(depth, hidden):
    s = np.array([3.0, 2.0, 0.7, 0.1])
    problem = whitened(np.random.default_rng(depth), s)
    widths = (4, *([hidden] * (depth - 1)), 4)
    expected = 2 * depth * s[0] ** (2 - 2 / depth)
    assert least_sharpness(problem, widths) == pytest.approx(expected, rel=1e-12)
    attained = curvature(flattest_minimizer(problem, widths), problem)
    assert attained == pytest.approx(expected, rel=1e-9)
    assert divergence_bound(problem, widths) == pytest.approx(2 / expected, rel=1e-12)


@pytest.mark.parametrize("widths", FULL)
def test_the_bound_is_attained_where_the_widths_let_least_squares_through(widths):
    for seed in range(20):
        problem = random_problem(np.random.default_rng(seed), widths[0], widths[-1])
        weights = flattest_minimizer(problem, widths)
        np.testing.assert_allclose(product(weights), problem.least_squares, atol=1e-9)
        least = least_sharpness(problem, widths)
        assert curvature(weights, problem) == pytest.approx(least, rel=1e-8)


@pytest.mark.parametrize("widths", FULL + LIMITED)
def test_no_global_minimizer_is_flatter(widths):
    rng = np.random.default_rng(1)
    for _ in range(30):
        problem = random_problem(rng, widths[0], widths[-1])
        weights = random_minimizer(rng, problem, widths)
        assert loss(weights, problem) == pytest.approx(problem.floor(min(widths)), rel=1e-9)
        assert curvature(weights, problem) >= (1 - 1e-9) * least_sharpness(problem, widths)


@pytest.mark.parametrize("widths", [(3, 3, 3), (3, 3, 3, 3), (4, 2, 4), (4, 2, 2, 4)])
def test_minimizing_over_the_factorizations_does_not_beat_the_bound(widths):
    # Descent on λ_max over invertible changes of basis, from the flattest minimizer and from afar.
    from scipy.optimize import minimize

    rng = np.random.default_rng(5)
    problem = random_problem(rng, widths[0], widths[-1])
    rank = min(widths)
    shapes = (len(widths) - 2, rank, rank)
    flat = flattest_minimizer(problem, widths)

    def moved(x):
        d = [np.eye(widths[0]), *(np.eye(rank) + x.reshape(shapes)), np.eye(widths[-1])]
        return tuple(d[j + 1] @ w @ np.linalg.inv(d[j]) for j, w in enumerate(flat))

    least = least_sharpness(problem, widths)
    best = np.inf
    for spread in (0.0, 0.3):
        x = spread * rng.standard_normal(int(np.prod(shapes)))
        found = minimize(
            lambda x: curvature(moved(x), problem), x, method="Powell", options={"maxiter": 6}
        )
        best = min(best, found.fun)
    assert (1 - 1e-9) * least <= best <= 1.1 * least


def test_product_and_dual_form_agree():
    # 2 N max_v |A v|^{2/N} |B v|^{2 − 2/N}, by random search and ascent, from below.
    from scipy.optimize import minimize

    rng = np.random.default_rng(2)
    for widths in [(3, 3, 3), (3, 2, 4, 3), (3, 3, 3, 3, 3)]:
        problem = random_problem(rng, 3, 3)
        u = problem.eigenvectors[:, : min(widths)]
        a, n = problem.root_xx, len(widths) - 1
        b = u @ u.T @ problem.least_squares @ a

        def negative(v, a=a, b=b, n=n):
            v = v / np.linalg.norm(v)
            return -2 * n * np.linalg.norm(a @ v) ** (2 / n) * np.linalg.norm(b @ v) ** (2 - 2 / n)

        best = max(-minimize(negative, rng.standard_normal(3)).fun for _ in range(8))
        assert least_sharpness(problem, widths) == pytest.approx(best, rel=1e-6)


def test_scalar_chain_by_hand():
    # (y − w_N ... w_1 x)² with x = 2: λ_max = 2 x² Σ_j (Π_{k≠j} w_k)², least where |w_j| are equal.
    problem = Problem([[2.0]], [[16.0]])  # T = 8
    for n in (1, 2, 3, 4):
        assert least_sharpness(problem, (1,) * (n + 1)) == pytest.approx(8 * n * 8 ** (2 - 2 / n))


@pytest.mark.parametrize("widths", [(4, 2, 4), (4, 2, 2, 4)])
def test_ties_at_the_cut_are_safe(widths):
    rng = np.random.default_rng(3)
    problem = whitened(rng, np.array([2.0, 1.0, 1.0, 0.5]))
    n = len(widths) - 1
    assert least_sharpness(problem, widths) == pytest.approx(2 * n * 2 ** (2 - 2 / n), rel=1e-9)
    same = whitened(rng, np.ones(4))
    assert least_sharpness(same, widths) == pytest.approx(2 * n, rel=1e-9)


def test_no_target_means_no_bound():
    problem = Problem(np.eye(2), np.zeros((2, 2)))
    assert least_sharpness(problem, (2, 2, 2)) == 0
    assert divergence_bound(problem, (2, 2, 2)) == np.inf
    with pytest.raises(ValueError, match="T = 0"):
        flattest_minimizer(problem, (2, 2, 2))


def test_ensembles_broadcast():
    problems = step_problem(np.random.default_rng(0), size=(2, 3))
    for widths in [(5, 5, 5, 5), (5, 2, 5), (5, 5)]:
        bound = divergence_bound(problems, widths)
        weights = flattest_minimizer(problems, widths)
        assert bound.shape == (2, 3)
        for i in np.ndindex(2, 3):
            assert bound[i] == pytest.approx(
                float(divergence_bound(problems[i], widths)), rel=1e-12
            )
            alone = flattest_minimizer(problems[i], widths)
            for w, v in zip(weights, alone, strict=True):
                np.testing.assert_allclose(w[i], v, rtol=1e-6, atol=1e-9)


def test_inputs_that_do_not_span_are_allowed():
    rng = np.random.default_rng(4)
    problem = Problem(rng.standard_normal((4, 2)), rng.standard_normal((3, 2)))
    widths = (4, 3, 3)
    weights = flattest_minimizer(problem, widths)
    assert loss(weights, problem) < 1e-18
    least = least_sharpness(problem, widths)
    assert curvature(weights, problem) == pytest.approx(least, rel=1e-8)


def test_widths_must_fit():
    with pytest.raises(ValueError, match="use d_0 = 2"):
        divergence_bound(Problem(np.eye(2), np.eye(2)), (3, 2, 2))


def near(weights, rng, size, spread):
    return tuple(w + spread * rng.standard_normal((size, *w.shape)) for w in weights)


@pytest.mark.parametrize("widths", [(3, 3, 3), (3, 3, 3, 3), (3, 4, 2)])
def test_the_bound_separates_attraction_from_repulsion(widths):
    # Started beside the flattest minimizer, runs stay there just below the bound and leave above.
    rng = np.random.default_rng(6)
    problem = random_problem(rng, widths[0], widths[-1])
    bound = divergence_bound(problem, widths)
    start = near(flattest_minimizer(problem, widths), rng, 20, 1e-5)
    floor = problem.floor(min(widths))
    scale = np.trace(problem.cov_yy)
    below = descend(start, problem, 0.98 * bound, 6000, record_every=100)
    assert (below.losses[:, -1] - floor <= 1e-12 * scale).all()
    above = descend(start, problem, 1.02 * bound, 6000, record_every=100)
    assert (above.losses[:, -1] - floor > 1e-12 * scale).all()


DEPTHS = [(3,) * (n + 1) for n in (2, 3, 4, 5)] + [(4, 2, 4), (4, 2, 2, 4), (3, 5, 3), (2, 4, 4, 3)]


@pytest.mark.parametrize("widths", DEPTHS)
def test_no_run_above_the_bound_reaches_a_global_minimum(widths):
    # 150 problems for each of 8 tuples of widths: 1200, each from three sizes of start.
    rng = np.random.default_rng(sum(widths))
    X = rng.standard_normal((150, widths[0], 8))
    Y = rng.standard_normal((150, widths[-1], widths[0])) @ X + 0.1 * rng.standard_normal(
        (150, widths[-1], 8)
    )
    problems = Problem(X, Y)
    bound = divergence_bound(problems, widths)
    floor = problems.floor(min(widths))
    for std in (0.1, 0.4, 0.8):
        start = gaussian(widths, rng, std=std, size=(150,))
        run = descend(start, problems, 1.01 * bound, 800, record_every=200)
        ended = run.losses[:, -1]
        reached = (run.stop != Stop.DIVERGED) & (ended - floor <= 1e-8 * floor)
        assert not reached.any()
        # The same starts with a small step do reach it, so that the test is one.
        if std == 0.4:
            small = descend(start, problems, 0.2 * bound, 3000, record_every=500)
            assert np.mean(small.losses[:, -1] - floor <= 1e-2 * floor) > 0.1
