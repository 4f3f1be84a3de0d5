"""Step sizes: the theorem's bound in both conventions, its safety, and the first that fails."""

from itertools import pairwise

import numpy as np
import pytest
import reference
from cases import WIDTHS, random_network, random_problem

import lnn
from lnn.book.chapters.step_size_experiments.studies import ALPHA
from lnn.descent import Stop
from lnn.steps import attempt, fails
from lnn.studies import member_generator

DEEP = {name: widths for name, widths in WIDTHS.items() if len(widths) > 2}


def theorem(weights, X, Y, delta=None):
    """Theorem 2.4 in the authors' convention, 1/2 of the squared norm, term by term."""
    n = len(weights)
    norm = lambda a: np.linalg.svd(a, compute_uv=False)[0]  # noqa: E731
    half_loss = reference.loss(weights, X, Y) / 2
    sigma_min = np.linalg.svd(X, compute_uv=False)[X.shape[0] - 1]
    M = (np.sqrt(2 * half_loss) + norm(Y)) / sigma_min
    if delta is None:
        delta = M ** (2 / n) / (n * (n + 1) ** 2)
    alpha = max(norm(b.T @ b - a @ a.T) for a, b in pairwise(weights)) / delta
    K = M ** (2 / n) + (n + 1) ** 2 * delta
    B = 2 * np.e * n * K ** (n - 1) * norm(X) ** 2
    B += np.sqrt(np.e) * n * K ** (n / 2 - 1) * norm(X @ Y.T)
    eta = 2 * (1 - alpha) * delta / (4 * half_loss + (1 - alpha) * delta * B)
    return {"half_step_size": eta, "delta": delta, "alpha": alpha, "M": M, "K": K, "B": B}


@pytest.mark.parametrize("widths", DEEP.values(), ids=DEEP)
@pytest.mark.parametrize("delta", [None, 0.9])
def test_the_bound_is_the_theorems_and_half_of_it_without_the_half(widths, delta):
    rng = np.random.default_rng(0)
    problem = random_problem(rng, widths[0], widths[-1])
    weights = lnn.steps.shrink_to_alpha(random_network(rng, widths), problem, 0.4)
    if delta is not None:
        weights = lnn.steps.rescaled(weights, 0.3)
    bound = lnn.convergence_bound(weights, problem, delta)
    for name, value in theorem(weights, problem.X, problem.Y, delta).items():
        assert float(getattr(bound, name)) == pytest.approx(value, rel=1e-10), name
    assert float(bound.step_size) == pytest.approx(float(bound.half_step_size) / 2)


def test_with_the_default_delta_K_is_not_exponential_in_depth():
    problem = random_problem(np.random.default_rng(1), 3, 3)
    for depth in range(2, 30):
        weights = lnn.balanced((3,) * (depth + 1), [1.0, 0.5], np.random.default_rng(2))
        bound = lnn.convergence_bound(weights, problem)
        assert float(bound.K ** (depth - 1)) <= np.e * float(bound.M) ** (2 - 2 / depth)


@pytest.mark.parametrize("widths", DEEP.values(), ids=DEEP)
def test_the_proofs_steps_hold_along_runs_at_the_bound(widths):
    # δ-balanced, bounded, monotone, and curvature at most B: all that the proof uses.
    rng = np.random.default_rng(3)
    problem = random_problem(rng, widths[0], widths[-1])
    weights = lnn.steps.shrink_to_alpha(random_network(rng, widths, size=(20,)), problem, 0.7)
    bound = lnn.convergence_bound(weights, problem)
    for _ in range(10):
        run = lnn.descend(weights, problem, bound.step_size, 200)
        assert (np.diff(run.losses, axis=-1) <= 0).all()
        weights = run.weights
        assert (lnn.balancedness(weights) <= bound.delta).all()
        W = np.linalg.norm(lnn.product(weights), 2, axis=(-2, -1))
        assert (bound.M >= W).all()
        for w in weights:
            assert (np.linalg.norm(w, 2, axis=(-2, -1)) ** 2 <= bound.K).all()
        # B bounds the curvature of the loss with 1/2; it has room for a factor e.
        assert (np.linalg.eigvalsh(lnn.hessian(weights, problem))[:, -1] / 2 <= bound.B).all()


def test_the_run_at_the_bound_converges_to_a_critical_point():
    # Well conditioned, or 2000 steps would not do.
    problem = lnn.Problem(np.eye(2), np.diag([2.0, 1.0]))
    start = lnn.initialization.with_balancedness(
        (2, 2, 2), [1.0, 0.5], 0.01, np.random.default_rng(4)
    )
    bound = lnn.convergence_bound(start, problem)
    run = lnn.descend(start, problem, bound.step_size, 200_000, tolerance=1e-8, record_every=100)
    assert run.stop is Stop.CONVERGED
    assert run.losses[-1] == pytest.approx(0.0, abs=1e-12)


def test_M_bounds_the_product_on_the_sublevel_set_and_is_attained():
    # W X = −(√L + ‖Y‖) along the one direction: equality.
    problem = lnn.Problem([[2.0]], [[3.0]])
    weights = (np.array([[-2.0]]), np.array([[1.0]]))
    assert float(lnn.steps.product_norm_ceiling(weights, problem)) == pytest.approx((7 + 3) / 2)
    mirrored = (np.array([[5.0]]), np.array([[1.0]]))  # same loss, at M
    assert float(lnn.loss(mirrored, problem)) == pytest.approx(float(lnn.loss(weights, problem)))


def test_alpha_of_one_or_more_says_what_would_have_to_change():
    problem = lnn.Problem(np.eye(2), np.eye(2))
    weights = (np.eye(2), 3 * np.eye(2))  # balancedness constant 8
    message = r"alpha = .*constant 8.*smaller or better balanced weights.*delta above 8"
    with pytest.raises(ValueError, match=message):
        lnn.convergence_bound(weights, problem)
    assert float(lnn.convergence_bound(weights, problem, 8.1).alpha) == pytest.approx(8 / 8.1)
    with pytest.raises(ValueError, match="alpha = 1 "):
        lnn.convergence_bound(weights, problem, 8.0)
    assert np.isnan(lnn.convergence_bound(weights, problem, on_unbalanced="nan").step_size)
    assert np.isnan(lnn.convergence_bound(weights, problem, 8.0, on_unbalanced="nan").step_size)
    with pytest.raises(ValueError, match="1 of 2 networks have alpha >= 1, the largest alpha = 1 "):
        lnn.convergence_bound((np.eye(2), np.stack([3 * np.eye(2), np.eye(2)])), problem, 8.0)


def test_an_ensemble_says_how_many_are_unbalanced_and_may_leave_them_out():
    problem = lnn.step_problem(np.random.default_rng(5), size=(40,))
    weights = lnn.gaussian((5, 5, 5), np.random.default_rng(6), size=(40,), std=0.6)
    bound = lnn.convergence_bound(weights, problem, on_unbalanced="nan")
    bad = bound.alpha >= 1
    assert 0 < bad.sum() < 40
    np.testing.assert_array_equal(np.isnan(bound.step_size), bad)
    with pytest.raises(ValueError, match=rf"{bad.sum()} of 40 networks"):
        lnn.convergence_bound(weights, problem)
    for i in np.flatnonzero(~bad)[:5]:
        alone = lnn.convergence_bound(tuple(w[i] for w in weights), problem[i])
        assert float(alone.step_size) == pytest.approx(bound.step_size[i], rel=1e-12)


def test_rank_deficient_data_are_refused():
    X = np.ones((2, 4))
    with pytest.raises(ValueError, match="X has not full row rank"):
        lnn.convergence_bound((np.eye(2), np.eye(2)), lnn.Problem(X, X))


def test_shrinking_reaches_alpha_exactly_and_never_enlarges():
    problem = lnn.step_problem(np.random.default_rng(7), size=(300,))
    weights = lnn.gaussian((5, 2, 2, 5), np.random.default_rng(8), size=(300,))
    small = lnn.steps.shrink_to_alpha(weights, problem, 0.6)
    factor = small[0][:, 0, 0] / weights[0][:, 0, 0]
    alpha = lnn.convergence_bound(small, problem).alpha
    assert (factor <= 1).all()
    np.testing.assert_allclose(alpha[factor < 1], 0.6, rtol=1e-9)
    assert (alpha[factor == 1] <= 0.6).all()
    assert (factor < 1).any()
    with pytest.raises(ValueError, match=r"alpha is 1\.0"):
        lnn.steps.shrink_to_alpha(weights, problem, 1.0)


@pytest.mark.parametrize("factor", [0.5, 0.99, 1.0, 1.01])
def test_the_quadratic_converges_iff_the_step_is_below_its_limit(factor):
    rng = np.random.default_rng(9)
    root = rng.standard_normal((3, 3))
    Q, b = root @ root.T + np.eye(3), rng.standard_normal(3)
    minimizer = np.linalg.solve(Q, b)
    x = np.zeros(3)
    for _ in range(4_000):
        x = x - factor * lnn.steps.quadratic_limit(Q) * (Q @ x - b)
        if np.linalg.norm(x) > 1e6:
            break
    error = np.linalg.norm(x - minimizer)
    if factor < 1:
        assert error < 1e-9
    elif factor == 1:  # at the edge one component flips its sign for ever
        direction = np.linalg.eigh(Q)[1][:, -1]
        assert error == pytest.approx(abs(direction @ minimizer), rel=1e-6)
    else:
        assert error > 1e5


@pytest.mark.parametrize(
    "Q", [np.array([[1.0, 2.0], [0.0, 1.0]]), np.diag([1.0, -1.0]), np.ones((2, 3))]
)
def test_what_is_no_positive_definite_matrix_is_refused(Q):
    with pytest.raises(ValueError, match=r"Q has"):
        lnn.steps.quadratic_limit(Q)


def test_the_stability_limit_separates_attraction_from_repulsion():
    problem = lnn.Problem([[1.0]], [[1.0]])
    minimizer = (np.array([[0.5]]), np.array([[2.0]]))  # λ_max = 2 (w_1² + w_2²)
    limit = float(lnn.stability_limit(minimizer, problem))
    assert limit == pytest.approx(1 / 4.25)
    near = (np.array([[0.5 + 1e-6]]), np.array([[2.0]]))
    below = lnn.descend(near, problem, 0.98 * limit, 2000)
    beyond = lnn.descend(near, problem, 1.02 * limit, 200)
    assert below.losses[-1] < 1e-20
    assert beyond.losses.max() > 1e6 * beyond.losses[0]


def test_the_first_failure_of_a_quadratic_is_the_first_doubling_above_its_limit():
    # L = (y − w x)² converges iff η < 1/x².
    x = np.array([0.5, 1.0, 2.0, 3.0])
    problem = lnn.Problem(x[:, None, None], 3 * x[:, None, None])
    start = (np.zeros((4, 1, 1)),)
    eta = np.array([0.3, 0.01, 0.07, 1.0])
    failure = lnn.steps.first_failure(start, problem, eta)
    expected = np.ceil(np.log2(1 / x**2 / eta)).clip(0)
    np.testing.assert_array_equal(failure.doublings, expected)
    np.testing.assert_allclose(failure.step_size, eta * 2.0**expected)
    assert failure.diverged.all()
    assert failure.weights[0][-1] == 0  # the very first step size failed: nothing was reached
    assert failure.weights[0][:3].ravel() == pytest.approx([3.0] * 3, abs=1e-3)


def test_a_search_near_a_guess_finds_the_same():
    problem = lnn.step_problem(np.random.default_rng(10), size=(60,))
    weights = lnn.steps.shrink_to_alpha(
        lnn.gaussian((5, 2, 5), np.random.default_rng(11), size=(60,)), problem, 0.7
    )
    start = 0.9 * lnn.convergence_bound(weights, problem).step_size
    slow = lnn.steps.first_failure(weights, problem, start, steps=300)
    for factor in (0.1, 1.0, 10.0):
        fast = lnn.steps.first_failure(
            weights, problem, start, guess=factor * slow.step_size, steps=300
        )
        np.testing.assert_array_equal(fast.doublings, slow.doublings)
        for a, b in zip(fast.weights, slow.weights, strict=True):
            np.testing.assert_array_equal(a, b)
    later = lnn.steps.first_failure(
        weights, problem, start, guess=slow.step_size, divergence_only=True, steps=300
    )
    assert (later.step_size >= slow.step_size).all()
    assert later.diverged.all()
    assert (later.step_size > slow.step_size).any()


def test_a_guess_below_the_start_begins_at_the_start():
    # L = (3 − w)² converges iff η < 1: already the start fails, whatever lies below it.
    start = (np.zeros((1, 1)),), lnn.Problem([[1.0]], [[3.0]])
    failure = lnn.steps.first_failure(*start, 4.0, guess=0.1, steps=300)
    assert (failure.step_size, failure.doublings) == (4.0, 0)


def test_an_oscillation_fails_without_diverging():
    # Just beyond the edge, two layers settle into a cycle instead of blowing up.
    problem = lnn.Problem([[1.0]], [[1.0]])
    start = (np.array([[0.9]]), np.array([[0.9]]))
    tried = attempt(start, problem, [0.49, 0.53, 5.0])
    failed, diverged = tried.failed, tried.diverged
    assert (fails(start, problem, [0.49, 0.53, 5.0]) == failed).all()
    assert failed.tolist() == [False, True, True]
    assert diverged.tolist() == [False, False, True]


def test_giving_up_is_infinite():
    failure = lnn.steps.first_failure(
        (np.zeros((1, 1)),), lnn.Problem([[1.0]], [[3.0]]), 1e-6, steps=5, most=3
    )
    assert failure.step_size == np.inf
    # The first failure is at 1.6, two doublings above: (1 − 2 η)² > 1 from η = 1 on.
    for most, step_size in ((2, 1.6), (1, np.inf)):
        failure = lnn.steps.first_failure(
            (np.zeros((1, 1)),), lnn.Problem([[1.0]], [[3.0]]), 0.4, most=most
        )
        assert (failure.step_size, failure.doublings) == (pytest.approx(step_size), 2)


def test_both_engines_find_the_same():
    problem = lnn.step_problem(np.random.default_rng(12), size=(9,))
    weights = lnn.gaussian((5, 4, 5), np.random.default_rng(13), size=(9,), std=0.2)
    arguments = (weights, problem, 1e-4)
    slow = lnn.steps.first_failure(*arguments, steps=200, engine="numpy")
    fast = lnn.steps.first_failure(*arguments, steps=200, engine="compiled")
    np.testing.assert_array_equal(slow.doublings, fast.doublings)


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_overflow_of_either_sign_is_divergence(engine):
    # In this draw the sum of a quadratic form, evaluated beyond overflow, is −inf.
    rng = member_generator(54, 47_798)
    problem = lnn.step_problem(rng)
    weights = lnn.steps.shrink_to_alpha(lnn.gaussian((5, 5, 5, 5), rng), problem, ALPHA)
    run = lnn.descend(weights, problem, 0.004310783969922751, 5000, record_every=50, engine=engine)
    assert run.stop is Stop.DIVERGED
    assert run.losses[-1] == np.inf


def doubling(error):
    """Weights of L = (3 − w)² as far from 3 as told, and the step that turns this into −2 times."""
    return (np.array([[3.0 - error]]),), lnn.Problem([[1.0]], [[3.0]]), 1.5


@pytest.mark.parametrize(("growth", "diverged"), [(0.7e6, False), (1.4e6, True)])
def test_an_attempt_has_diverged_a_millionfold_above_its_start(growth, diverged):
    start, problem, _ = doubling(3.0)
    tried = attempt(start, problem, (1 + growth**0.5) / 2, steps=1)
    assert tried.failed
    assert tried.diverged == diverged


@pytest.mark.parametrize(("size", "failed"), [(0.7, False), (1.4, True)])
def test_a_settled_run_rises_by_a_billionth_at_most_in_twenty_steps(size, failed):
    # After one step more the error is 2 e, and the largest rise 4 e² (4²⁰ − 4¹⁹), of ‖Y‖² = 9.
    error = np.sqrt(size * 9e-9 / (4 * 3 * 4.0**19))
    target = lnn.Problem([[1.0]], [[3.0]])
    tried = attempt((np.array([[3.0 - error]]),), target, 1.5, steps=1)
    error = 3.0 - tried.weights[0].item()  # as rounded
    assert error**2 * 3 * 4.0**19 == pytest.approx(size * 9e-9, rel=0.1)
    assert tried.failed == failed


def test_an_attempt_is_looked_at_every_fifty_steps():
    start, problem, step_size = doubling(3.0)
    tried = attempt(start, problem, step_size, steps=120)
    assert tried.diverged
    np.testing.assert_allclose(3.0 - tried.weights[0], 3.0 * 2.0**50, rtol=1e-12)


@pytest.mark.parametrize(("share", "symmetric"), [(0.7, True), (1.4, False)])
def test_a_matrix_is_symmetric_to_ten_digits(share, symmetric):
    Q = np.array([[2e6, 1e6], [1e6 * (1 + share * 1e-10), 2e6]])
    if symmetric:
        np.testing.assert_allclose(lnn.steps.quadratic_limit(Q), 2 / 3e6)
    else:
        with pytest.raises(ValueError, match="square and symmetric"):
            lnn.steps.quadratic_limit(Q)
