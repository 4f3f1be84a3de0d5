"""Balancedness: definition, conservation, drift, and the bounds of the layers' norms."""

import numpy as np
import pytest
from cases import WIDTHS, random_network, random_problem

import lnn

DEEP = {name: widths for name, widths in WIDTHS.items() if len(widths) > 2}


def spectral(matrix):
    return np.linalg.svd(matrix, compute_uv=False)[0]


@pytest.mark.parametrize("widths", DEEP.values(), ids=DEEP)
def test_the_constant_is_the_largest_norm_of_the_differences(widths):
    weights = random_network(np.random.default_rng(0), widths)
    norms = [
        spectral(weights[j + 1].T @ weights[j + 1] - weights[j] @ weights[j].T)
        for j in range(len(weights) - 1)
    ]
    assert float(lnn.balancedness(weights)) == pytest.approx(max(norms), rel=1e-12)
    for c, norm in zip(lnn.steps.imbalances(weights), norms, strict=True):
        assert spectral(c) == pytest.approx(norm, rel=1e-12)


def test_a_single_layer_is_balanced_and_ensembles_broadcast():
    assert float(lnn.balancedness((np.ones((2, 3)),))) == 0.0
    weights = random_network(np.random.default_rng(1), (3, 2, 4, 2), size=(2, 5))
    together = lnn.balancedness(weights)
    assert together.shape == (2, 5)
    for index in np.ndindex(2, 5):
        alone = lnn.balancedness(tuple(w[index] for w in weights))
        assert together[index] == pytest.approx(float(alone), rel=1e-12)


def test_a_diverged_network_has_no_constant():
    with pytest.raises(ValueError, match=r"non-finite.*leave diverged members out"):
        lnn.balancedness((np.array([[np.nan]]), np.ones((1, 1))))


@pytest.mark.parametrize("widths", DEEP.values(), ids=DEEP)
def test_a_step_changes_the_differences_by_exactly_the_drift(widths):
    rng = np.random.default_rng(2)
    problem, weights = random_problem(rng, widths[0], widths[-1]), random_network(rng, widths)
    eta = 1e-2
    moved = lnn.descend(weights, problem, eta, 1, divergence_factor=1e300).weights
    for before, after, change in zip(
        lnn.steps.imbalances(weights),
        lnn.steps.imbalances(moved),
        lnn.steps.drift(weights, problem, eta),
        strict=True,
    ):
        scale = np.abs(change).max()
        assert scale > 0
        np.testing.assert_allclose(after - before, change, atol=1e-9 * scale + 1e-12)


def test_drift_is_of_second_order_a_step_and_of_first_order_over_a_fixed_time():
    rng = np.random.default_rng(3)
    problem, weights = random_problem(rng, 3, 3), random_network(rng, (3, 4, 3, 3))
    weights = tuple(0.5 * w for w in weights)
    etas = 1e-4 / 2.0 ** np.arange(5)
    start = lnn.steps.imbalances(weights)

    def change(eta, steps):
        end = lnn.descend(weights, problem, eta, steps).weights
        return max(spectral(b - a) for a, b in zip(start, lnn.steps.imbalances(end), strict=True))

    one = [change(eta, 1) for eta in etas]
    fixed_time = [change(eta, round(0.02 / eta)) for eta in etas]
    assert np.polyfit(np.log(etas), np.log(one), 1)[0] == pytest.approx(2.0, abs=1e-3)
    assert np.polyfit(np.log(etas), np.log(fixed_time), 1)[0] == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("widths", DEEP.values(), ids=DEEP)
def test_the_bounds_of_the_norms_hold(widths):
    weights = random_network(np.random.default_rng(4), widths, size=(2000,))
    scale = np.random.default_rng(5).uniform(0, 2, size=(len(weights), 2000, 1, 1))
    weights = tuple(s * w for s, w in zip(scale, weights, strict=True))
    largest = np.max([np.linalg.norm(w, 2, axis=(-2, -1)) ** 2 for w in weights], axis=0)
    assert (largest <= lnn.steps.sharp_layer_norm_ceiling(weights) * (1 + 1e-12)).all()
    assert (
        lnn.steps.sharp_layer_norm_ceiling(weights) <= lnn.steps.layer_norm_ceiling(weights)
    ).all()


@pytest.mark.parametrize("depth", range(2, 9))
def test_how_tight_the_bounds_of_the_norms_are(depth):
    # Scalar weights with w_j² = (j − 1) δ: the product is 0, the last layer has (N − 1) δ.
    delta = 0.7
    weights = tuple(np.array([[np.sqrt(j * delta)]]) for j in range(depth))
    assert float(lnn.balancedness(weights)) == pytest.approx(delta)
    excess = (depth - 1) * delta
    assert float(lnn.steps.layer_norm_ceiling(weights)) == pytest.approx((depth + 1) ** 2 * delta)
    for way in (weights, weights[::-1]):  # the last layer, and the first
        assert float(lnn.steps.sharp_layer_norm_ceiling(way)) == pytest.approx(excess)
        assert max(float(w[0, 0]) ** 2 for w in way) == pytest.approx(excess)


@pytest.mark.parametrize("depth", [3, 4, 5])
def test_evolution_towards_the_worst_case_reaches_the_sharp_constant_and_no_more(depth):
    # (max_j ‖W_j‖² − ‖W‖^{2/N}) / δ, bred over 80 generations of 2 × 2 layers.
    rng = np.random.default_rng(depth)
    best = random_network(rng, (2,) * (depth + 1), size=(100,))
    spread = np.full((100, 1, 1), 0.5)
    highest = -np.inf
    for _ in range(80):
        children = [
            np.concatenate([w, *(w + spread * rng.standard_normal(w.shape) for _ in range(9))])
            for w in best
        ]
        norms = np.max([np.linalg.norm(w, 2, axis=(-2, -1)) ** 2 for w in children], axis=0)
        reach = np.linalg.norm(lnn.product(children), 2, axis=(-2, -1)) ** (2 / depth)
        excess = (norms - reach) / lnn.balancedness(children)
        assert (excess <= (depth - 1) * (1 + 1e-9)).all()
        highest = max(highest, excess.max())
        fittest = np.argsort(excess)[-100:]
        best, spread = tuple(w[fittest] for w in children), spread * 0.95
    assert highest > 0.97 * (depth - 1)


def test_a_middle_layer_can_exceed_what_its_distance_to_the_ends_suggests():
    # N = 3, j = 2, δ = 1: max(j − 1, N − j) δ = 1 is not enough; 2 is.
    t = 5**-0.25
    s = np.max(np.roots([1, 0, 0, 0, -1, -4 / 5**1.25]).real)  # s (s⁴ − 1) = 4 / 5^{5/4}
    x2 = np.sqrt(1 / (t / (s * (s**2 + 1)) + 1 / (t**2 + 1)))
    x1 = np.sqrt(t * x2**2 / s)
    weights = (np.array([[x1], [x2]]), np.diag([s, t]), np.array([[x1, -x2]]))
    assert float(lnn.balancedness(weights)) == pytest.approx(1.0)
    assert float(lnn.product(weights)[0, 0]) == pytest.approx(0.0, abs=1e-12)
    assert s**2 == pytest.approx(1.218, abs=1e-3)
    assert s**2 <= float(lnn.steps.sharp_layer_norm_ceiling(weights)) == pytest.approx(2.0)


def test_a_larger_delta_may_be_given_but_no_smaller():
    weights = (np.array([[1.0]]), np.array([[2.0]]))  # constant 3, product 2
    assert float(lnn.steps.layer_norm_ceiling(weights, 5.0)) == pytest.approx(2 + 9 * 5)
    assert float(lnn.steps.sharp_layer_norm_ceiling(weights, 5.0)) == pytest.approx(2 + 5)
    with pytest.raises(ValueError, match=r"delta is 2 but .* up to 3"):
        lnn.steps.layer_norm_ceiling(weights, 2.0)
    lnn.steps.layer_norm_ceiling(weights, 3 * (1 - 0.7e-12))  # but for rounding
    with pytest.raises(ValueError, match="give at least that"):
        lnn.steps.layer_norm_ceiling(weights, 3 * (1 - 1.4e-12))


def test_balanced_weights_have_the_constant_zero_whatever_the_factor():
    weights = (np.diag([1.0, 2.0]), np.diag([1.0, 2.0]))
    assert lnn.balancedness(lnn.steps.rescaled(weights, 0.0)) == 0


def test_rescaled_weights_have_the_constant_asked_for():
    weights = random_network(np.random.default_rng(6), (5, 2, 2, 5), size=(50,))
    delta = np.geomspace(1e-12, 1e6, 50)
    np.testing.assert_allclose(
        lnn.balancedness(lnn.steps.rescaled(weights, delta)), delta, rtol=1e-12
    )
    for w in lnn.steps.rescaled(weights, 0.0):
        np.testing.assert_array_equal(w, 0.0)
    with pytest.raises(ValueError, match="exactly balanced"):
        lnn.steps.rescaled((np.eye(2), np.eye(2)), 0.1)
