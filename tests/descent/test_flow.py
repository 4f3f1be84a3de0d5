"""Gradient flow against closed forms, its invariants, and descent as its Euler method."""

import numpy as np
import pytest
from cases import random_network, random_problem

import lnn


def scalar_chain(start, target, curvature, depth):
    """A balanced chain with L = curvature (p − target)², p(0) = start."""
    x = np.sqrt(curvature)
    weights = tuple(np.array([[start ** (1 / depth)]]) for _ in range(depth))
    return weights, lnn.Problem([[x]], [[target * x]])


@pytest.mark.parametrize("depth", range(1, 6))
def test_the_scalar_chain_follows_its_closed_form(depth):
    weights, problem = scalar_chain(0.2, 1.7, 0.6, depth)
    times = np.linspace(0.0, 4.0, 23)
    flow = lnn.gradient_flow(weights, problem, times, rtol=1e-11, atol=1e-13)
    exact = lnn.dynamics.mode_flow(times, 0.2, 1.7, 0.6, depth)
    np.testing.assert_allclose(lnn.product(flow.weights)[:, 0, 0], exact, rtol=1e-8)
    np.testing.assert_allclose(flow.losses, 0.6 * (exact - 1.7) ** 2, atol=1e-8)
    np.testing.assert_array_equal(flow.times, times)


@pytest.mark.parametrize("depth", range(1, 6))
def test_the_time_of_a_value_inverts_the_value_at_a_time(depth):
    times = np.linspace(0.0, 2.0, 11)
    values = lnn.dynamics.mode_flow(times, 0.2, 1.7, 0.6, depth)
    np.testing.assert_allclose(
        lnn.dynamics.mode_time(values, 0.2, 1.7, 0.6, depth), times, atol=1e-9
    )


@pytest.mark.parametrize("depth", range(1, 7))
def test_the_closed_form_solves_the_differential_equation(depth):
    s, a, h = 1.7, 0.6, 1e-4
    t = np.array([0.5 - h, 0.5, 0.5 + h])
    before, p, after = lnn.dynamics.mode_flow(t, 0.3, s, a, depth)
    rate = 2 * a * depth * p ** (2 - 2 / depth) * (s - p)
    assert (after - before) / (2 * h) == pytest.approx(rate, rel=1e-6)


def test_decay_has_a_closed_form_for_one_and_two_layers_only():
    weights, problem = scalar_chain(3.0, 1.0, 0.5, 2)
    flow = lnn.gradient_flow(weights, problem, [0.0, 0.3, 1.0])
    exact = lnn.dynamics.mode_flow([0.0, 0.3, 1.0], 3.0, 1.0, 0.5, 2)
    np.testing.assert_allclose(lnn.product(flow.weights)[:, 0, 0], exact, rtol=1e-7)
    with pytest.raises(ValueError, match="start < target"):
        lnn.dynamics.mode_flow([0.0, 1.0], 3.0, 1.0, 0.5, 3)
    with pytest.raises(ValueError, match="between 0 and target"):
        lnn.dynamics.mode_time(1.0, 3.0, 1.0, 0.5, 3)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_aligned_modes_do_not_mix_and_follow_one_closed_form_each(depth):
    rng = np.random.default_rng(0)
    k = 3
    U, V = (np.linalg.qr(rng.standard_normal((k, k)))[0] for _ in range(2))
    a, s, p0 = np.array([2.0, 0.7, 1.1]), np.array([3.0, 2.0, 1.0]), np.array([0.1, 0.2, 0.3])
    X = V * np.sqrt(a)
    problem = lnn.Problem(X, (U * s) @ V.T @ X)
    D = np.diag(p0 ** (1 / depth))
    layers = [D] * depth
    layers[0] = layers[0] @ V.T
    layers[-1] = U @ layers[-1]
    times = np.linspace(0.0, 1.0, 9)
    W = lnn.product(lnn.gradient_flow(tuple(layers), problem, times, rtol=1e-10).weights)
    modes = U.T @ W @ V
    exact = lnn.dynamics.mode_flow(times, p0, s, a, depth)
    np.testing.assert_allclose(np.diagonal(modes, axis1=-2, axis2=-1), exact.T, rtol=1e-7)
    np.testing.assert_allclose(modes - modes * np.eye(k), 0.0, atol=1e-8)


def test_the_error_obeys_the_tolerance():
    weights, problem = scalar_chain(0.2, 1.7, 0.6, 3)
    times = np.array([0.5, 1.0, 2.0])
    exact = lnn.dynamics.mode_flow(times, 0.2, 1.7, 0.6, 3)
    errors = []
    for rtol in (1e-4, 1e-6, 1e-8, 1e-10):
        flow = lnn.gradient_flow(weights, problem, times, rtol=rtol, atol=rtol * 1e-3)
        errors.append(np.abs(lnn.product(flow.weights)[:, 0, 0] - exact).max())
        assert errors[-1] <= 100 * rtol
    assert errors[-1] < errors[0] / 1e3


def test_descent_is_the_euler_method_of_the_flow_and_so_of_first_order():
    rng = np.random.default_rng(1)
    problem = random_problem(rng, 3, 2)
    start = tuple(0.5 * w for w in random_network(rng, (3, 4, 2)))
    t = 0.01
    end = lnn.network.flatten(lnn.gradient_flow(start, problem, [t]).weights)[0]
    steps = np.array([100, 200, 400, 800])
    errors = [
        np.linalg.norm(
            lnn.network.flatten(lnn.descend(start, problem, t / n, int(n)).weights) - end
        )
        for n in steps
    ]
    assert np.polyfit(np.log(steps), np.log(errors), 1)[0] == pytest.approx(-1.0, abs=0.03)


def test_the_flow_conserves_every_difference_and_lowers_the_loss():
    rng = np.random.default_rng(2)
    problem, weights = random_problem(rng, 4, 3), random_network(rng, (4, 2, 5, 3))
    flow = lnn.gradient_flow(weights, problem, np.linspace(0.0, 0.5, 11))
    for now, start in zip(
        lnn.steps.imbalances(flow.weights), lnn.steps.imbalances(weights), strict=True
    ):
        np.testing.assert_allclose(now, np.broadcast_to(start, now.shape), atol=1e-7)
    assert (np.diff(flow.losses) < 0).all()


def test_an_ensemble_is_its_members():
    rng = np.random.default_rng(3)
    problem = lnn.Problem(rng.standard_normal((2, 1, 3, 6)), rng.standard_normal((2, 1, 2, 6)))
    weights = random_network(rng, (3, 2, 2), size=(4,))
    times = [0.0, 0.1, 0.2]
    together = lnn.gradient_flow(weights, problem, times)
    assert together.losses.shape == (2, 4, 3)
    assert together.weights[0].shape == (2, 4, 3, 2, 3)
    for i, j in np.ndindex(2, 4):
        alone = lnn.gradient_flow(tuple(w[j] for w in weights), problem[i, 0], times)
        np.testing.assert_array_equal(together.losses[i, j], alone.losses)
        for a, b in zip(together.weights, alone.weights, strict=True):
            np.testing.assert_array_equal(a[i, j], b)


def test_the_start_alone_and_a_stiff_integrator():
    weights, problem = scalar_chain(0.2, 1.7, 0.6, 2)
    flow = lnn.gradient_flow(weights, problem, [0.0])
    assert flow.weights[0].ravel() == pytest.approx(weights[0].ravel())
    times = [0.0, 1.0, 3.0]
    stiff = lnn.gradient_flow(weights, problem, times, method="LSODA")
    np.testing.assert_allclose(
        lnn.product(stiff.weights)[:, 0, 0],
        lnn.dynamics.mode_flow(times, 0.2, 1.7, 0.6, 2),
        rtol=1e-6,
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"times": [1.0, 0.5]}, "increasing"),
        ({"times": [0.5, 0.5]}, "increasing"),
        ({"times": [-1.0, 0.5]}, "times is"),
        ({"times": []}, "times are"),
        ({"rtol": 0.0}, "rtol is 0"),
        ({"weights": (np.array([[np.inf]]),)}, "non-finite"),
        ({"weights": (np.ones((1, 2)),)}, "the problem maps"),
    ],
)
def test_bad_arguments_are_refused(change, message):
    weights, problem = scalar_chain(0.2, 1.7, 0.6, 1)
    arguments = {"weights": weights, "problem": problem, "times": [0.0, 1.0], **change}
    with pytest.raises(ValueError, match=message):
        lnn.gradient_flow(**arguments)
