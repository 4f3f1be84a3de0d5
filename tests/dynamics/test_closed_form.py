"""Exact dynamics: scalar theory against gradient flow of whole networks."""

import numpy as np
import pytest

from lnn import Problem, gradient_flow, loss, product
from lnn.dynamics import mode_flow, mode_time
from lnn.dynamics.closed_form import chain_flow, escape_time, unbalanced_flow
from lnn.dynamics.mode_basis import aligned, effective_start, mode_values, singular_modes
from tests.cases import random_problem


def commuting(rng, targets, curvatures, d_y=None):
    """T and Σ_XX with common singular vectors, plus noise orthogonal to the inputs."""
    n = len(targets)
    d_y = d_y or n
    v = np.linalg.qr(rng.standard_normal((n, n)))[0]
    u = np.linalg.qr(rng.standard_normal((d_y, n)))[0]
    q = np.linalg.qr(rng.standard_normal((10, 10)))[0]
    X = (v * np.sqrt(curvatures)) @ q[:, :n].T
    noise = 0.1 * rng.standard_normal((d_y, 10 - n)) @ q[:, n:].T
    return Problem(X, (u * targets) @ v.T @ X + noise)


def test_modes_of_commuting_data():
    rng = np.random.default_rng(0)
    found = singular_modes(
        commuting(rng, np.array([1.0, 3.0, 2.0]), np.array([12.0, 2.0, 1.0]), d_y=4)
    )
    np.testing.assert_allclose(found.targets, [3.0, 1.0, 2.0], rtol=1e-10)  # 18, 12, 4
    np.testing.assert_allclose(found.curvatures, [2.0, 12.0, 1.0], rtol=1e-10)
    assert found.coupling < 1e-12
    assert found.left.shape == (4, 3)


def test_modes_of_general_data_are_coupled():
    problem = random_problem(np.random.default_rng(1), 4, 3)
    found = singular_modes(problem)
    assert found.coupling > 0.01
    rebuilt = (found.left * found.targets) @ found.right.T
    np.testing.assert_allclose(rebuilt, problem.least_squares, atol=1e-10)


@pytest.mark.parametrize("widths", [(3, 3, 3), (3, 4, 3, 4), (3, 5, 4, 3, 4), (3, 3, 3, 3, 3, 4)])
def test_balanced_modes_follow_the_closed_form(widths):
    rng = np.random.default_rng(2)
    s, a = np.array([3.0, 2.0, 1.0]), np.array([1.0, 1.2, 2.0])
    problem = commuting(rng, s, a, d_y=widths[-1])
    n = len(widths) - 1
    order = np.argsort(-a * s**2)
    s, a = s[order], a[order]
    p0 = np.array([0.05, 0.03, 0.04])
    weights = aligned(problem, widths, p0 ** (1 / n))
    np.testing.assert_allclose(mode_values(weights, problem), p0, rtol=1e-10)
    times = np.linspace(0, 2.0 * float(mode_time(0.9 * s, p0, s, a, n).max()), 40)
    flow = gradient_flow(weights, problem, times)
    theory = mode_flow(times, p0, s, a, n)
    np.testing.assert_allclose(mode_values(flow.weights, problem), theory.T, atol=1e-5)
    predicted = problem.residual + np.sum(a[:, None] * (s[:, None] - theory) ** 2, axis=0)
    np.testing.assert_allclose(flow.losses, predicted, atol=1e-4)


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_unbalanced_layers_follow_the_chain(depth):
    rng = np.random.default_rng(3)
    s, a = np.array([3.0, 1.0]), np.array([2.0, 1.0])
    problem = commuting(rng, s, a)
    layers = rng.uniform(0.2, 1.0, (depth, 2))
    weights = aligned(problem, (2,) * (depth + 1), layers)
    times = np.linspace(0, 2, 20)
    flow = gradient_flow(weights, problem, times)
    theory = np.prod(chain_flow(times, layers.T, s, a), axis=-1)
    np.testing.assert_allclose(mode_values(flow.weights, problem), theory.T, atol=1e-5)


@pytest.mark.parametrize("start", [(0.3, 1.1), (0.0, 0.7), (-0.4, 0.5), (2.0, 1.9)])
def test_two_unequal_layers_in_closed_form(start):
    s, a = 1.7, 0.6
    times = np.linspace(0, 4, 30)
    w = chain_flow(times, start, s, a)
    kappa = abs(start[1] ** 2 - start[0] ** 2)
    exact = unbalanced_flow(times, start[0] * start[1], s, a, kappa)
    np.testing.assert_allclose(np.prod(w, axis=-1), exact, atol=1e-7)


def test_small_imbalance_tends_to_the_logistic_curve():
    times = np.linspace(0, 5, 30)
    logistic = mode_flow(times, 0.01, 1.5, 0.8, 2)
    np.testing.assert_allclose(unbalanced_flow(times, 0.01, 1.5, 0.8, 1e-9), logistic, rtol=1e-6)


def test_a_chain_conserves_its_imbalances():
    w = chain_flow(np.linspace(0, 3, 7), [0.9, 0.2, 0.5], 2.0, 0.5)
    differences = w**2 - w[:, :1] ** 2
    np.testing.assert_allclose(differences, np.broadcast_to(differences[0], w.shape), atol=1e-8)


@pytest.mark.parametrize(("depth", "power"), [(3, 1 / 3), (4, 1 / 2), (6, 2 / 3)])
def test_escape_time_is_a_power_of_the_start(depth, power):
    starts = np.array([1e-10, 1e-12])
    exact = mode_time(0.5, starts, 1.0, 0.7, depth)
    np.testing.assert_allclose(escape_time(starts, 1.0, 0.7, depth), exact, rtol=0.02)
    measured = np.log(exact[1] / exact[0]) / np.log(starts[0] / starts[1])
    assert measured == pytest.approx(power, rel=0.01)


def test_escape_time_of_two_layers_is_logarithmic():
    starts = np.array([1e-6, 1e-9])
    exact = mode_time(0.5, starts, 1.0, 0.7, 2)
    np.testing.assert_allclose(np.diff(exact), np.diff(escape_time(starts, 1.0, 0.7, 2)), rtol=1e-5)


def test_one_mode_loss_is_its_share_of_the_spectrum():
    # At p = s a mode has lowered the loss by a s² = λ.
    rng = np.random.default_rng(4)
    problem = commuting(rng, np.array([3.0, 2.0]), np.array([2.0, 1.0]))
    found = singular_modes(problem)
    gain = found.curvatures * found.targets**2
    np.testing.assert_allclose(gain, problem.eigenvalues, rtol=1e-9)
    first = aligned(problem, (2, 2, 2), [np.sqrt(found.targets[0])])
    assert loss(first, problem) == pytest.approx(problem.floor(1))
    np.testing.assert_allclose(mode_values(first, problem), [found.targets[0], 0], atol=1e-12)
    assert np.linalg.matrix_rank(product(first)) == 1


def test_ensembles_broadcast():
    rng = np.random.default_rng(5)
    X, Y = rng.standard_normal((4, 3, 8)), rng.standard_normal((4, 2, 8))
    problems = Problem(X, Y)
    found = singular_modes(problems)
    weights = aligned(problems, (3, 3, 2), [0.3, 0.2])
    values = mode_values(weights, problems)
    for i in range(4):
        np.testing.assert_allclose(found.targets[i], singular_modes(problems[i]).targets)
        np.testing.assert_allclose(
            values[i], mode_values(tuple(w[i] for w in weights), problems[i])
        )
    np.testing.assert_allclose(values, np.tile([0.09, 0.04], (4, 1)), rtol=1e-10)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: aligned(p, (2, 2, 2), [1.0, 1.0, 1.0]), "strengths have shape"),
        (lambda p: aligned(p, (2, 2, 2), []), "strengths have shape"),
        (lambda p: aligned(p, (2, 2), [1.0]), "at least two"),
        (lambda p: aligned(p, (2, 2, 2), 1.0), "strengths have shape"),
        (lambda p: escape_time(2.0, 1.0, 1.0, 3), "has escaped"),
        (lambda p: escape_time(1.0, 1.0, 1.0, 3), "has escaped"),
        (lambda p: escape_time(0.1, 1.0, 1.0, 1), "depth is 1"),
        (lambda p: mode_time(0.5, 0.1, 1.0, 1.0, 0), "depth is 0"),
        (lambda p: mode_flow([0.5], 0.1, 1.0, 1.0, 0), "depth is 0"),
        (lambda p: unbalanced_flow([0.0], 0.0, 1.0, 1.0, 0.0), "imbalance"),
        (lambda p: mode_flow([0.5], 1.0, 1.0, 1.0, 3), "start < target"),
        (lambda p: chain_flow([1.0, 0.5], [1.0, 1.0], 1.0, 1.0), "increasing"),
        (lambda p: chain_flow([0.5, 0.5], [1.0, 1.0], 1.0, 1.0), "increasing"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(Problem(np.eye(2), np.eye(2)))


@pytest.mark.parametrize(("widths", "d_y"), [((4, 4, 4), 4), ((4, 6, 5), 5), ((4, 2, 4), 4)])
def test_small_random_layers_behave_like_their_effective_start(widths, d_y):
    rng = np.random.default_rng(6)
    s, a = np.array([2.0, 3.0, 1.0, 1.5]), np.array([3.0, 1.0, 2.0, 0.8])
    problem = commuting(rng, s, a, d_y=d_y)
    found = singular_modes(problem)
    learned = min(widths)
    for std, tolerance in [(1e-2, 0.02), (1e-4, 0.005)]:
        weights = tuple(
            std * rng.standard_normal((widths[j], widths[j - 1])) for j in range(1, len(widths))
        )
        start = effective_start(weights, problem)
        fastest = np.argsort(-found.curvatures * found.targets)[:learned]
        assert (start[np.setdiff1d(np.arange(4), fastest)] == 0).all()
        half = mode_time(
            found.targets[fastest] / 2,
            start[fastest],
            found.targets[fastest],
            found.curvatures[fastest],
            2,
        )
        flow = gradient_flow(weights, problem, np.append(0.0, np.sort(half)))
        values = mode_values(flow.weights, problem)[1:][:, fastest[np.argsort(half)]]
        # At the predicted time the mode is half learned: compare on the time axis, d log p / dt.
        speed = 2 * (found.curvatures * found.targets)[fastest][np.argsort(half)]
        reached = np.diag(values) / found.targets[fastest][np.argsort(half)]
        delay = np.log(reached / (1 - reached)) / (2 * speed)
        assert (np.abs(delay) <= tolerance * np.sort(half)).all()


def test_the_effective_start_is_for_two_layers():
    problem = Problem(np.eye(2), np.eye(2))
    with pytest.raises(ValueError, match="two layers only"):
        effective_start((np.eye(2),) * 3, problem)


@pytest.mark.parametrize("depth", [3, 4, 5, 7])
def test_modes_only_ever_rise(depth):
    # The inversion must not step over the end of its range, where ₂F₁ is singular.
    s = np.array([5.0, 4.0, 3.0, 2.0])
    for start in (1e-4, 1e-2, 0.5):
        end = 1.12 * mode_time(0.95 * s, start, s, 1.0, depth).max()
        curves = mode_flow(np.linspace(0, end, 997), np.full(4, start), s, np.ones(4), depth)
        assert (np.diff(curves, axis=1) >= -1e-9).all()
        assert (curves <= s[:, None]).all()


def test_equal_singular_values_are_coupled_only_by_the_data():
    rng = np.random.default_rng(3)
    X = rng.standard_normal((3, 20))
    found = singular_modes(Problem(X, X))  # T = I: every basis is one of singular vectors
    assert float(found.coupling) < 1e-12
    np.testing.assert_allclose(found.curvatures, np.linalg.eigvalsh(X @ X.T)[::-1], rtol=1e-10)
    # Two of three equal, with inputs that mix them; a batch in which only one problem has ties.
    q = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    root = np.linalg.cholesky(
        q @ np.array([[3.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 5.0]]) @ q.T
    )
    maps = np.stack([q @ np.diag(s) @ q.T for s in ([2.0, 2.0, 1.0], [2.0, 1.5, 1.0])])
    both = singular_modes(Problem(root, maps @ root))
    np.testing.assert_allclose(
        both.coupling, [0.0, np.sqrt(2) / np.sqrt(9 + 4 + 25 + 2)], atol=1e-12
    )
    rebuilt = (both.left * both.targets[:, None, :]) @ both.right.mT
    np.testing.assert_allclose(rebuilt, maps, atol=1e-12)


@pytest.mark.parametrize("depth", [2, 3, 5])
def test_the_rise_scales_with_a_power_of_the_target(depth):
    # From 10 to 90 % a mode takes c_N / (a s^(2 - 2/N)): not c_N / (a s), which differs for s != 1.
    units = [
        float(mode_time(0.9 * s, 0.1 * s, s, a, depth)) * a * s ** (2 - 2 / depth)
        for s, a in ((0.2, 1.0), (1.0, 2.0), (25.0, 0.3))
    ]
    np.testing.assert_allclose(units, units[0], rtol=1e-9)


def test_a_mode_without_room_can_be_learned_later_on_coloured_inputs():
    # a s is 4 and 3, a s^2 is 4 and 9: the first mode is faster, the second is worth more.
    problem = Problem(np.diag([2.0, 1.0]), np.diag([2.0, 3.0]))
    weights = (np.array([[1e-2, 0.5e-2]]), np.array([[1e-2], [0.5e-2]]))
    start = effective_start(weights, problem)
    assert start.tolist()[0] == 0  # in the order of singular_modes: the slower, a s^2 = 9
    flow = gradient_flow(weights, problem, [0.0, 1.2, 60.0])
    slower, faster = mode_values(flow.weights, problem).T
    assert faster[1] > 0.9
    assert slower[1] < 0.2
    assert slower[2] > 2.9
    assert faster[2] < 0.1


@pytest.mark.parametrize("start", [0.1, 3.9, 4.0 * (1 - 1e-14)])
def test_a_mode_of_three_layers_rests_at_its_target_to_thirteen_digits(start):
    # And does not go back where it starts nearer than that.
    late = mode_flow([1e3, 1e9], start, 4.0, 1.0, 3)
    np.testing.assert_allclose(1 - late / 4.0, min(1 - start / 4.0, np.exp(-29)), rtol=1e-2)


@pytest.mark.parametrize(("value", "start"), [(5.0, 1.0), (4.0, 1.0), (1.0, 5.0), (1.0, 4.0)])
def test_the_closed_form_is_refused_at_and_beyond_the_target(value, start):
    with pytest.raises(ValueError, match="between 0 and target"):
        mode_time(value, start, 4.0, 1.0, 3)


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_units_and_the_origin_of_time_of_a_mode(depth):
    # p, s → c p, c s and a → k a: time in units of 1 / (k c^{2 − 2/N}); and t(p) adds up.
    s, a, p0 = 2.0, 0.7, 0.1
    times = np.array([0.05, 0.3, 0.8])
    p = mode_flow(times, p0, s, a, depth)
    assert (np.diff(p) > 0.01).all()
    c, k = 3.0, 5.0
    unit = k * c ** (2 - 2 / depth)
    np.testing.assert_allclose(mode_flow(times / unit, c * p0, c * s, k * a, depth), c * p)
    np.testing.assert_allclose(mode_time(p, p0, s, a, depth), times, rtol=1e-9)
    np.testing.assert_allclose(mode_time(c * p, c * p0, c * s, k * a, depth), times / unit)
    later = mode_flow(times[1:] - times[0], p[0], s, a, depth)
    np.testing.assert_allclose(later, p[1:], rtol=1e-9)
    np.testing.assert_allclose(mode_time(p0, p[2], s, a, depth), -times[2], rtol=1e-9)
    if depth > 1:
        scaled = escape_time(c * 1e-6, c, k * a, depth)
        np.testing.assert_allclose(scaled, escape_time(1e-6, 1.0, a, depth) / unit, rtol=1e-12)


def test_symmetries_of_unequal_layers():
    times, layers = np.array([0.1, 0.4, 1.0]), np.array([0.9, -0.2, 0.5])
    w = chain_flow(times, layers, 2.0, 0.5)
    # The order of the layers, the signs of two, units of weights and inputs, the origin of time.
    turned = chain_flow(times, layers[[2, 0, 1]], 2.0, 0.5)
    np.testing.assert_allclose(turned, w[:, [2, 0, 1]], atol=1e-7)
    signs = np.array([-1.0, -1.0, 1.0])
    np.testing.assert_allclose(chain_flow(times, signs * layers, 2.0, 0.5), signs * w, atol=1e-7)
    c, k = 2.0, 3.0
    scaled = chain_flow(times / (k * c**4), c * layers, c**3 * 2.0, k * 0.5)
    np.testing.assert_allclose(scaled, c * w, atol=1e-7)
    later = chain_flow(times[1:] - times[0], w[0], 2.0, 0.5)
    np.testing.assert_allclose(later, w[1:], atol=1e-7)
    # Two layers in closed form.
    p = unbalanced_flow(times, -0.3, 2.0, 0.5, 0.8)
    scaled = unbalanced_flow(times / (k * c**2), c**2 * -0.3, c**2 * 2.0, k * 0.5, c**2 * 0.8)
    np.testing.assert_allclose(scaled, c**2 * p, rtol=1e-9)
    later = unbalanced_flow(times[1:] - times[0], p[0], 2.0, 0.5, 0.8)
    np.testing.assert_allclose(later, p[1:], rtol=1e-9)
