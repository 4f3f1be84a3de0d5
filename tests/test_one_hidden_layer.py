"""One hidden layer: derivatives against slow references, the spurious minimum, noise, intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

import lnn
from lnn import one_hidden_layer as nonlinear
from lnn.book.chapters.nonlinear import explorers
from lnn.descent import Stop
from lnn.network import flatten, unflatten
from lnn.problem import Problem

ACTIVATIONS = (nonlinear.RELU, nonlinear.TANH, nonlinear.IDENTITY)


def _case(seed, units=3, d_x=2, d_y=2, m=7):
    rng = np.random.default_rng(seed)
    X = nonlinear.with_ones(rng.standard_normal((d_x, m)))
    problem = Problem(X, rng.standard_normal((d_y, m)))
    weights = tuple(rng.standard_normal(shape) for shape in ((units, d_x + 1), (d_y, units)))
    return problem, weights


def _slow_loss(weights, problem, activation):
    """Sample by sample, unit by unit."""
    total = 0.0
    for x, y in zip(problem.X.T, problem.Y.T, strict=True):
        hidden = [activation.value(np.array(np.dot(row, x))) for row in weights[0]]
        for target, out in zip(y, weights[1], strict=True):
            total += (target - sum(v * h for v, h in zip(out, hidden, strict=True))) ** 2
    return float(total)


def _slow_gradient(weights, problem, activation, step=1e-6):
    vector, widths = flatten(weights), lnn.network.widths_of(weights)
    moves = step * np.eye(vector.size)
    return np.array(
        [
            (
                _slow_loss(unflatten(vector + e, widths), problem, activation)
                - _slow_loss(unflatten(vector - e, widths), problem, activation)
            )
            / (2 * step)
            for e in moves
        ]
    )


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda a: a.name)
@pytest.mark.parametrize("seed", range(3))
def test_derivatives_match_slow_references(activation, seed):
    problem, weights = _case(seed)
    assert np.isclose(
        nonlinear.loss(weights, problem, activation), _slow_loss(weights, problem, activation)
    )
    slope = flatten(nonlinear.gradient(weights, problem, activation))
    np.testing.assert_allclose(slope, _slow_gradient(weights, problem, activation), rtol=1e-6)

    vector, widths, step = flatten(weights), lnn.network.widths_of(weights), 1e-6

    def at(v):
        return flatten(nonlinear.gradient(unflatten(v, widths), problem, activation))

    columns = [
        (at(vector + step * e) - at(vector - step * e)) / (2 * step) for e in np.eye(len(vector))
    ]
    np.testing.assert_allclose(
        nonlinear.hessian(weights, problem, activation), np.array(columns), rtol=1e-6, atol=1e-6
    )


def test_identity_activation_is_the_linear_network():
    problem, weights = _case(5)
    linear = nonlinear.IDENTITY
    assert np.isclose(nonlinear.loss(weights, problem, linear), lnn.loss(weights, problem))
    for a, b in zip(
        nonlinear.gradient(weights, problem, linear), lnn.gradient(weights, problem), strict=True
    ):
        np.testing.assert_allclose(a, b)
    np.testing.assert_allclose(
        nonlinear.hessian(weights, problem, linear), lnn.hessian(weights, problem)
    )


def test_ensembles_broadcast():
    problem, _ = _case(0)
    rng = np.random.default_rng(1)
    stack = tuple(rng.standard_normal((4, 2, *shape)) for shape in ((3, 3), (2, 3)))
    losses = nonlinear.loss(stack, problem)
    slopes = nonlinear.gradient(stack, problem)
    for index in np.ndindex(4, 2):
        member = tuple(w[index] for w in stack)
        assert np.isclose(losses[index], nonlinear.loss(member, problem))
        for a, b in zip(slopes, nonlinear.gradient(member, problem), strict=True):
            np.testing.assert_allclose(a[index], b)


def test_counts_weigh_samples():
    problem, weights = _case(2)
    counts = np.array([2.0, 0, 0, 1, 0, 0, 0])
    repeated = Problem(problem.X[:, [0, 0, 3]], problem.Y[:, [0, 0, 3]])
    for a, b in zip(
        nonlinear.gradient(weights, problem, counts=counts),
        nonlinear.gradient(weights, repeated),
        strict=True,
    ):
        np.testing.assert_allclose(a, b)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), d_y=st.integers(1, 3), extra=st.integers(1, 3))
def test_linear_minimum_is_a_local_minimum_within_its_radius(seed, d_y, extra):
    problem, _ = _case(seed, d_y=d_y)
    weights = nonlinear.linear_minimum(problem, d_y + extra)
    assert np.isclose(nonlinear.loss(weights, problem), problem.residual)
    radius = float(nonlinear.active_radius(weights, problem.X))
    assert radius > 0
    rng = np.random.default_rng(seed)
    first = rng.standard_normal((200, *weights[0].shape))
    first *= (0.999 * radius) / np.linalg.norm(first, axis=(-2, -1), keepdims=True)
    second = weights[1] + rng.standard_normal((200, *weights[1].shape))
    around = nonlinear.loss((weights[0] + first, second), problem)
    assert (around >= problem.residual * (1 - 1e-9)).all()
    assert np.linalg.eigvalsh(nonlinear.hessian(weights, problem))[0] > -1e-6 * radius**2 - 1e-6


def test_active_radius_is_sharp():
    problem, _ = _case(3)
    weights = nonlinear.linear_minimum(problem, 4)
    radius = float(nonlinear.active_radius(weights, problem.X))
    x = problem.X / np.linalg.norm(problem.X, axis=0)
    unit, sample = np.unravel_index(np.argmin(weights[0] @ x), (4, x.shape[1]))
    move = np.zeros_like(weights[0])
    move[unit] = -x[:, sample]
    inside = (weights[0] + 0.999 * radius * move, weights[1])
    outside = (weights[0] + 1.001 * radius * move, weights[1])
    assert float(nonlinear.active_radius(inside, problem.X)) > 0
    assert float(nonlinear.active_radius(outside, problem.X)) < 0


def test_the_hinge_has_a_spurious_minimum():
    problem = nonlinear.hinge_problem()
    spurious, best = explorers.hinge_minima()
    assert np.isclose(nonlinear.loss(spurious, problem), 0.7)
    assert nonlinear.loss(best, problem) == 0
    run = nonlinear.descend(spurious, problem, 0.005, 500)
    assert np.isclose(run.losses[-1], 0.7)


def test_descent_is_plain_gradient_descent():
    problem, weights = _case(4)
    run = nonlinear.descend(weights, problem, 0.01, 7)
    state = weights
    for step in range(7):
        assert np.isclose(run.losses[step], _slow_loss(state, problem, nonlinear.RELU))
        slopes = nonlinear.gradient(state, problem)
        state = tuple(w - 0.01 * g for w, g in zip(state, slopes, strict=True))
    for a, b in zip(run.weights, state, strict=True):
        np.testing.assert_allclose(a, b)
    assert run.stop == Stop.STEPS
    assert list(run.recorded) == list(range(8))


def test_batches_are_unbiased():
    problem, weights = _case(6)
    copies = tuple(np.broadcast_to(w, (20_000, *w.shape)) for w in weights)
    rng = np.random.default_rng(0)
    moved = nonlinear.descend(copies, problem, 1.0, 1, rng=rng, batch=2).weights
    for after, before, slope in zip(
        moved, weights, nonlinear.gradient(weights, problem), strict=True
    ):
        error = (before - after).mean(axis=0) - slope
        assert (np.abs(error) <= 5 * after.std(axis=0) / np.sqrt(20_000) + 1e-12).all()


def test_noise_has_the_stated_size_and_falls_silent():
    problem, weights = _case(7)
    copies = tuple(np.broadcast_to(w, (20_000, *w.shape)) for w in weights)
    still = nonlinear.descend(weights, problem, 0.1, 1).weights
    loud = nonlinear.descend(copies, problem, 0.1, 1, rng=np.random.default_rng(0), noise=3.0)
    for a, b in zip(loud.weights, still, strict=True):
        np.testing.assert_allclose((a - b).std(axis=0), 0.3, rtol=0.05)
    quiet = nonlinear.descend(
        weights, problem, 0.1, 1, rng=np.random.default_rng(0), noise=3.0, quiet=1
    )
    for a, b in zip(quiet.weights, still, strict=True):
        np.testing.assert_array_equal(a, b)
    both = nonlinear.descend(
        weights, problem, 0.1, 1, rng=np.random.default_rng(0), noise=np.array([0.0, 3.0])
    )
    for a, b in zip(both.weights, still, strict=True):
        np.testing.assert_array_equal(a[0], b)
        assert (a[1] != b).all()
    # With batches too, the last so many steps are plain ones, and the one before them is not.
    for steps, silent in ((3, 3), (4, 3)):
        run = nonlinear.descend(
            weights, problem, 0.01, steps, rng=np.random.default_rng(0), batch=1, quiet=silent
        )
        plain = nonlinear.descend(weights, problem, 0.01, steps)
        same = [np.array_equal(a, b) for a, b in zip(run.weights, plain.weights, strict=True)]
        assert all(same) == (silent == steps)


def test_divergence_is_a_result():
    problem, weights = _case(8)
    run = nonlinear.descend(weights, problem, 1e6, 50, activation=nonlinear.IDENTITY)
    assert run.stop == Stop.DIVERGED
    assert run.losses[-1] == np.inf


@pytest.mark.parametrize(("k", "n"), [(0, 10), (3, 10), (10, 10), (57, 100)])
def test_interval_is_clopper_pearson(k, n):
    share = nonlinear.success_rate(np.arange(n) < k)
    exact = binomtest(k, n).proportion_ci(0.95, method="exact")
    np.testing.assert_allclose([share.low, share.high], [exact.low, exact.high], atol=1e-12)
    assert share.rate == k / n


def test_a_rate_needs_a_trial():
    assert nonlinear.success_rate(1.0).rate == 1
    with pytest.raises(ValueError, match="the number of trials is 0"):
        nonlinear.success_rate([])


def test_full_rank_hidden_layer_bounds_the_loss():
    problem, weights = _case(9, units=9)
    hidden = np.tanh(weights[0] @ problem.X)
    smallest = np.linalg.svd(hidden, compute_uv=False)[-1]
    slope = nonlinear.gradient(weights, problem, nonlinear.TANH)[1]
    bound = np.sum(slope**2) / (4 * smallest**2)
    assert 0 < nonlinear.loss(weights, problem, nonlinear.TANH) <= bound


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"rng": None, "batch": 2}, "rng is None"),
        ({"rng": None, "noise": 1.0}, "rng is None"),
        ({"rng": None, "noise": np.array([0.0, 1.0])}, "rng is None"),
        ({"step_size": 0.0}, "step_size"),
        ({"noise": -1.0}, "noise"),
        ({"quiet": -1}, "quiet"),
    ],
)
def test_bad_arguments_are_named(change, match):
    problem, weights = _case(0)
    arguments = {"step_size": 0.1, "steps": 1, "rng": np.random.default_rng(0), **change}
    with pytest.raises(ValueError, match=match):
        nonlinear.descend(weights, problem, **arguments)


def test_wrong_networks_are_refused():
    problem, weights = _case(0)
    with pytest.raises(ValueError, match="one hidden layer"):
        nonlinear.loss((*weights, np.eye(2)), problem)
    with pytest.raises(ValueError, match="d_y \\+ 1 = 3"):
        nonlinear.linear_minimum(problem, 2)
    without = Problem(problem.X[:-1], problem.Y)
    with pytest.raises(ValueError, match="with_ones"):
        nonlinear.linear_minimum(without, 4)
    many = Problem(np.stack([problem.X] * 2), np.stack([problem.Y] * 2))
    with pytest.raises(ValueError, match="single problem"):
        nonlinear.descend(weights, many, 0.1, 1)


def test_ensembles_of_inputs():
    X = np.random.default_rng(0).standard_normal((3, 4, 2, 5))
    ones = nonlinear.with_ones(X)
    assert ones.shape == (3, 4, 3, 5)
    np.testing.assert_array_equal(ones[:, :, :2], X)
    assert (ones[:, :, 2] == 1).all()
    weights = lnn.gaussian((3, 6, 1), np.random.default_rng(1))
    radius = nonlinear.active_radius(weights, ones)
    for i, j in np.ndindex(3, 4):
        x = ones[i, j]
        distances = (weights[0] @ x) / np.sqrt((x**2).sum(axis=0))
        np.testing.assert_allclose(radius[i, j], distances.min(), rtol=1e-12)


def test_one_count_for_all_samples_multiplies_the_gradient():
    rng = np.random.default_rng(3)
    problem = Problem(rng.standard_normal((2, 6)), rng.standard_normal((1, 6)))
    weights = lnn.gaussian((2, 4, 1), rng)
    once = nonlinear.gradient(weights, problem)
    for number, each in ((1.0, np.ones(6)), (2.5, np.full(6, 2.5))):
        whole = nonlinear.gradient(weights, problem, counts=number)
        listed = nonlinear.gradient(weights, problem, counts=each)
        for a, b, c in zip(once, whole, listed, strict=True):
            np.testing.assert_allclose(b, number * a, rtol=1e-12)
            np.testing.assert_allclose(c, number * a, rtol=1e-12)


def test_symmetries():
    # Order of samples, orthonormal bases of the targets, order of units, the scale between the
    # layers of a ReLU, signs of an odd activation, units of inputs and targets.
    problem, (first, second) = _case(4, units=4)
    rng = np.random.default_rng(4)
    order, units = rng.permutation(7), rng.permutation(4)
    turn = np.linalg.qr(rng.standard_normal((2, 2)))[0]
    scale = rng.uniform(0.3, 3.0, (4, 1))
    signs = np.array([[1.0], [-1.0], [-1.0], [1.0]])
    shuffled = Problem(problem.X[:, order], problem.Y[:, order])
    turned = Problem(problem.X, turn @ problem.Y)
    for activation in ACTIVATIONS:
        one = nonlinear.loss((first, second), problem, activation)
        slopes = nonlinear.gradient((first, second), problem, activation)
        spectrum = np.linalg.eigvalsh(nonlinear.hessian((first, second), problem, activation))
        for others, other, expected in [
            ((first, second), shuffled, slopes),
            ((first, turn @ second), turned, (slopes[0], turn @ slopes[1])),
            ((first[units], second[:, units]), problem, (slopes[0][units], slopes[1][:, units])),
        ]:
            np.testing.assert_allclose(nonlinear.loss(others, other, activation), one, rtol=1e-12)
            found = nonlinear.gradient(others, other, activation)
            for ours, theirs in zip(found, expected, strict=True):
                np.testing.assert_allclose(ours, theirs, atol=1e-10)
            same = np.linalg.eigvalsh(nonlinear.hessian(others, other, activation))
            np.testing.assert_allclose(same, spectrum, atol=1e-9 * spectrum[-1])
        between = signs if activation is nonlinear.TANH else scale
        others = (between * first, second / between.T)
        np.testing.assert_allclose(nonlinear.loss(others, problem, activation), one, rtol=1e-12)
        found = nonlinear.gradient(others, problem, activation)
        np.testing.assert_allclose(found[0], slopes[0] / between, atol=1e-10)
        np.testing.assert_allclose(found[1], slopes[1] * between.T, atol=1e-10)
        units_of = Problem(4 * problem.X, 8 * problem.Y)
        others = (first / 4, 8 * second)
        np.testing.assert_allclose(nonlinear.loss(others, units_of, activation), 64 * one)
    radius = nonlinear.active_radius((first, second), problem.X)
    for others, X in [
        ((first[units], second), problem.X[:, order]),
        ((first @ np.diag([1, -1, 1]), second), np.diag([1, -1, 1]) @ problem.X),
        ((first, second), 3 * problem.X),
    ]:
        np.testing.assert_allclose(nonlinear.active_radius(others, X), radius, rtol=1e-12)
