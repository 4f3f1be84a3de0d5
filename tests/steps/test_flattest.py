"""The least sharpness in closed form: below every minimizer's, attained, by hand, at a tie."""

import numpy as np
import pytest

from lnn import (
    Problem,
    divergence_bound,
    factorize,
    flattest_minimizer,
    least_sharpness,
    loss,
    product,
    step_problem,
)
from lnn.steps import certified_least_sharpness
from tests.cases import curvature, random_minimizer, random_problem, whitened

FULL = [(3, 2), (3, 3, 3), (3, 4, 2), (3, 5, 5, 3), (2, 3, 2, 3), (4, 3, 5, 3, 3), (3,) * 6]
LIMITED = [(4, 2, 4), (4, 3, 4), (4, 1, 4), (4, 2, 2, 4), (4, 5, 2, 4), (5, 2, 3, 3, 4)]


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
    flat = certified_least_sharpness(problem, widths)
    assert flat.lower == flat.value  # no search is needed, also where modes are lost


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
    for _ in range(30 if widths in FULL else 8):
        problem = random_problem(rng, widths[0], widths[-1])
        weights = random_minimizer(rng, problem, widths)
        assert loss(weights, problem) == pytest.approx(problem.floor(min(widths)), rel=1e-9)
        assert curvature(weights, problem) >= (1 - 1e-9) * least_sharpness(problem, widths)


def test_product_and_dual_form_agree():
    # 2 N max_v |A v|^{2/N} |B v|^{2 − 2/N}, by random search and ascent, from below.
    from scipy.optimize import minimize

    rng = np.random.default_rng(2)
    for widths in [(3, 3, 3), (3, 5, 4, 3), (3, 3, 3, 3, 3)]:
        problem = random_problem(rng, 3, 3)
        a, n = problem.root_xx, len(widths) - 1
        b = problem.least_squares @ a

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


@pytest.mark.parametrize("widths", [(2, 2, 2), (2, 1, 3, 2)])
@pytest.mark.parametrize("zero", ["inputs", "targets"])
def test_without_a_target_all_weights_zero_is_flat(widths, zero):
    x, y = (0, 1) if zero == "inputs" else (1, 0)
    problem = Problem(x * np.eye(2), y * np.eye(2))
    assert least_sharpness(problem, widths) == 0
    assert divergence_bound(problem, widths) == np.inf
    for w in flattest_minimizer(problem, widths):
        np.testing.assert_array_equal(w, 0.0)


def test_ensembles_broadcast():
    problems = step_problem(np.random.default_rng(0), size=(2, 2))
    for widths in [(5, 5, 5, 5), (5, 2, 5), (5, 5)]:
        bound = divergence_bound(problems, widths)
        weights = flattest_minimizer(problems, widths)
        assert bound.shape == (2, 2)
        for i in np.ndindex(2, 2):
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


def test_ten_layers_whose_ends_look_in_different_directions():
    # 2 λ_max(e^{9t} diag(1, 1e−6) + 9 e^{−t} diag(0, 1)) is least where both entries are equal.
    problem = Problem(np.diag([1.0, 1e-3]), np.diag([0.0, 1.0]))
    equal = (9 / (1 - 1e-6)) ** (1 / 10)
    least = least_sharpness(problem, (2,) * 11)
    np.testing.assert_allclose(least, 2 * equal**9, rtol=1e-9)


@pytest.mark.parametrize("widths", [(3, 2, 3), (3, 1, 2, 3), (3, 2, 2, 2, 3)])
def test_where_all_modes_tie_the_weakest_input_bounds_the_sharpness(widths):
    # T R is twice a rotation: a best map keeps any r of its directions, and |W* R v| = 2 for one v.
    rng = np.random.default_rng(12)
    scales, n, rank = np.array([3.0, 2.0, 0.5]), len(widths) - 1, min(widths)
    turn = 2 * np.linalg.qr(rng.standard_normal((3, 3)))[0]
    alone = random_problem(rng, 3, 3)
    tied = Problem(np.diag(scales), turn)
    floor = 2 * n * 0.5 ** (2 / n) * 2 ** (2 - 2 / n)
    assert least_sharpness(tied, widths) == pytest.approx(floor, rel=1e-9)
    for _ in range(50):
        kept = np.linalg.qr(rng.standard_normal((3, rank)))[0]
        best = kept @ kept.T @ turn / scales
        weights = factorize(best, widths, balanced=True)
        assert loss(weights, tied) == pytest.approx(4 * (3 - rank), rel=1e-9)
        assert curvature(weights, tied) >= floor
    # Beside a problem without a tie, each keeps its own value.
    both = Problem(np.stack([tied.X, alone.root_xx]), np.stack([turn, alone.fitted]))
    expected = [floor, least_sharpness(Problem(alone.root_xx, alone.fitted), widths)]
    np.testing.assert_allclose(least_sharpness(both, widths), expected, rtol=1e-6)
