"""Every symmetry that the mathematics has: what does not depend on how a problem is written down.

Units of inputs and targets, orthogonal bases of inputs, targets and hidden layers, the order of
samples, a rescaling between layers, and the transposed problem. Under a change of units the loss
has the unit ℓ and a weight the unit c; the table below says which units a result has.
"""

import itertools

import numpy as np
import pytest
import scipy.linalg
from cases import random_network

import lnn
from lnn.descent import neighbours
from lnn.dynamics.mode_basis import effective_start, mode_values, singular_modes
from lnn.landscape import lift_perturbation
from lnn.network import flatten
from lnn.steps.a_posteriori import trapping_bound
from lnn.steps.balance import drift, imbalances, layer_norm_ceiling, sharp_layer_norm_ceiling
from lnn.steps.convergence import product_norm_ceiling, shrink_to_alpha
from lnn.steps.search import first_failure

WIDTHS = [(4, 2, 3), (4, 3, 5, 3)]


def setting(widths, seed=0):
    rng = np.random.default_rng(seed)
    d_x, d_y = widths[0], widths[-1]
    X = rng.standard_normal((d_x, d_x)) @ rng.standard_normal((d_x, 9)) / 3
    Y = rng.standard_normal((d_y, d_x)) @ X + 0.3 * rng.standard_normal((d_y, 9))
    problem = lnn.Problem(X, Y)
    weights = shrink_to_alpha(random_network(rng, widths), problem, 0.6)
    return rng, problem, weights


def near_a_minimizer(weights, problem):
    widths = lnn.network.widths_of(weights)
    best = lnn.flattest_minimizer(problem, widths)
    return tuple(w + 1e-3 * v for w, v in zip(best, weights, strict=True))


# Numbers of (weights, problem), and the powers of ℓ and c that are their units.
NUMBERS = {
    "loss": (lnn.loss, (1, 0)),
    "sharpness": (lnn.sharpness, (1, -2)),
    "stability_limit": (lnn.stability_limit, (-1, 2)),
    "balancedness": (lambda w, p: lnn.balancedness(w), (0, 2)),
    "layer_norm_ceiling": (lambda w, p: layer_norm_ceiling(w), (0, 2)),
    "sharp_layer_norm_ceiling": (lambda w, p: sharp_layer_norm_ceiling(w), (0, 2)),
    "product_norm_ceiling": (lambda w, p: product_norm_ceiling(w, p) ** (1 / len(w)), (0, 1)),
    "convergence_bound": (lambda w, p: lnn.convergence_bound(w, p).step_size, (-1, 2)),
    "convergence_bound, alpha": (lambda w, p: lnn.convergence_bound(w, p).alpha, (0, 0)),
    "convergence_bound, delta": (lambda w, p: lnn.convergence_bound(w, p).delta, (0, 2)),
    "convergence_bound, K": (lambda w, p: lnn.convergence_bound(w, p).K, (0, 2)),
    "convergence_bound, B": (lambda w, p: lnn.convergence_bound(w, p).B, (1, -2)),
    "divergence_bound": (lambda w, p: lnn.divergence_bound(p, lnn.network.widths_of(w)), (-1, 2)),
    "least_sharpness": (lambda w, p: lnn.least_sharpness(p, lnn.network.widths_of(w)), (1, -2)),
    "trapping_bound": (
        lambda w, p: trapping_bound(near_a_minimizer(w, p), p).step_size,
        (-1, 2),
    ),
    "trapping_bound, radius": (
        lambda w, p: trapping_bound(near_a_minimizer(w, p), p).radius,
        (0, 1),
    ),
    "first_failure": (
        lambda w, p: (
            first_failure(w, p, lnn.convergence_bound(w, p).step_size, steps=300).step_size
        ),
        (-1, 2),
    ),
    "floor": (lambda w, p: p.floor(1), (1, 0)),
    "eigenvalues": (lambda w, p: p.eigenvalues, (1, 0)),
}


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
@pytest.mark.parametrize(("number", "powers"), NUMBERS.values(), ids=NUMBERS.keys())
def test_units_of_inputs_and_targets(number, powers, widths):
    _, problem, weights = setting(widths)
    a, b = 2.0**7, 2.0**-3
    c = (b / a) ** (1 / len(weights))
    other = lnn.Problem(a * problem.X, b * problem.Y)
    scaled = tuple(c * w for w in weights)
    unit = b ** (2 * powers[0]) * c ** powers[1]
    # trapping_bound starts near a minimizer, moved by the weights: these scale with it.
    np.testing.assert_allclose(number(scaled, other), unit * number(weights, problem), rtol=1e-6)


def orthogonal(rng, n):
    return lnn.initialization.orthogonal_columns(n, n, rng)


def turned(rng, weights, problem):
    """Other orthonormal bases of inputs, targets and hidden layers; the samples shuffled."""
    widths = lnn.network.widths_of(weights)
    bases = [orthogonal(rng, d) for d in widths]
    order = rng.permutation(problem.X.shape[-1])
    other = lnn.Problem(bases[0] @ problem.X[:, order], bases[-1] @ problem.Y[:, order])
    return bases, change_bases(bases, weights), other


def change_bases(bases, weights):
    return tuple(bases[j + 1] @ w @ bases[j].T for j, w in enumerate(weights))


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
@pytest.mark.parametrize("number", [n for n, _ in NUMBERS.values()], ids=NUMBERS.keys())
def test_orthonormal_bases_and_the_order_of_samples(number, widths):
    rng, problem, weights = setting(widths)
    _, others, other = turned(rng, weights, problem)
    if number is NUMBERS["trapping_bound"][0] or number is NUMBERS["trapping_bound, radius"][0]:
        # The flattest minimizer is one of many, which bases may swap: turn the point itself.
        point = near_a_minimizer(weights, problem)
        rng, _, _ = setting(widths)
        _, moved, other = turned(rng, point, problem)
        one, two = trapping_bound(point, problem), trapping_bound(moved, other)
        np.testing.assert_allclose(two.step_size, one.step_size, rtol=1e-6)
        np.testing.assert_allclose(two.radius, one.radius, rtol=1e-6)
        assert (one.step_size > 0) == (min(widths) == widths[-1])  # below, nothing is proved
        return
    np.testing.assert_allclose(number(others, other), number(weights, problem), rtol=1e-6)


VECTORS = {
    "gradient": lnn.gradient,
    "hessian_vector": lambda w, p: lnn.hessian_vector(w, p, w),
    "descend": lambda w, p: lnn.descend(w, p, 0.01, 40).weights,
    "gradient_flow": lambda w, p: tuple(
        layer[0] for layer in lnn.gradient_flow(w, p, [0.3]).weights
    ),
}


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
@pytest.mark.parametrize("name", VECTORS)
def test_what_is_made_of_weights_turns_with_them(name, widths):
    rng, problem, weights = setting(widths)
    bases, others, other = turned(rng, weights, problem)
    expected = change_bases(bases, VECTORS[name](weights, problem))
    for ours, theirs in zip(VECTORS[name](others, other), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-8 * np.abs(theirs).max())
    assert not np.allclose(flatten(expected), flatten(others))


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_imbalances_and_their_drift_turn_with_the_hidden_layers(widths):
    rng, problem, weights = setting(widths)
    bases, others, other = turned(rng, weights, problem)
    for one, two in [
        (imbalances(weights), imbalances(others)),
        (drift(weights, problem, 0.01), drift(others, other, 0.01)),
    ]:
        for j, (a, b) in enumerate(zip(one, two, strict=True), start=1):
            np.testing.assert_allclose(b, bases[j] @ a @ bases[j].T, atol=1e-10 * np.abs(a).max())


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_the_best_map_of_a_rank_turns_and_scales(widths):
    rng, problem, weights = setting(widths)
    bases, _, other = turned(rng, weights, problem)
    best = lnn.best_of_rank(problem, 2)
    np.testing.assert_allclose(
        lnn.best_of_rank(other, 2), bases[-1] @ best @ bases[0].T, atol=1e-10
    )
    scaled = lnn.best_of_rank(lnn.Problem(4 * problem.X, 3 * problem.Y), 2)
    np.testing.assert_allclose(scaled, 0.75 * best, atol=1e-10)


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
@pytest.mark.parametrize("layer", [0, 1])
def test_a_rescaling_between_layers_leaves_the_function_and_moves_the_gradient(widths, layer):
    rng, problem, weights = setting(widths)
    if layer + 2 > len(weights):
        layer = 0
    size = widths[layer + 1]
    D = np.eye(size) + 0.3 * rng.standard_normal((size, size))
    inverse = np.linalg.inv(D)
    others = list(weights)
    others[layer], others[layer + 1] = D @ weights[layer], weights[layer + 1] @ inverse
    np.testing.assert_allclose(lnn.product(others), lnn.product(weights), atol=1e-12)
    np.testing.assert_allclose(lnn.loss(others, problem), lnn.loss(weights, problem), rtol=1e-12)
    expected = list(lnn.gradient(weights, problem))
    expected[layer] = inverse.T @ expected[layer]
    expected[layer + 1] = expected[layer + 1] @ D.T
    for ours, theirs in zip(lnn.gradient(others, problem), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-10 * np.abs(theirs).max())
    assert not np.allclose(lnn.balancedness(others), lnn.balancedness(weights))


POINTS = [
    ((4, 3, 3), (0,), None),
    ((4, 3, 3), (0, 1, 2), None),
    ((4, 3, 3, 3), (0,), lnn.Kind.NON_STRICT_SADDLE),
    ((4, 3, 3, 3), (0,), lnn.Kind.STRICT_SADDLE),
    ((4, 3, 3, 3), (0, 2), None),
]


@pytest.mark.parametrize(("widths", "modes", "kind"), POINTS, ids=str)
@pytest.mark.parametrize("change", ["units", "bases", "between"])
def test_a_verdict_does_not_depend_on_how_things_are_written(change, widths, modes, kind):
    rng, problem, _ = setting(widths)
    point = lnn.critical_point(problem, widths, modes, kind=kind)
    verdict = lnn.classify(point, problem)
    if change == "units":
        other, c = lnn.Problem(8 * problem.X, 0.5 * problem.Y), 16 ** (-1 / len(point))
        others = tuple(c * w for w in point)
    elif change == "bases":
        _, others, other = turned(rng, point, problem)
    else:
        D = np.eye(3) + 0.2 * rng.standard_normal((3, 3))
        other, others = problem, (D @ point[0], point[1] @ np.linalg.inv(D), *point[2:])
    again = lnn.classify(others, other)
    for name in ("kind", "modes", "rank", "tightened", "index", "nullity", "order"):
        assert getattr(again, name) == getattr(verdict, name), name
    assert verdict.modes == modes


def transposed(weights):
    return tuple(w.T for w in reversed(weights))


@pytest.mark.parametrize("widths", [(3, 2, 3), (3, 4, 2, 3)], ids=str)
def test_the_transposed_problem(widths):
    # With X Xᵀ = 1, L(W) = ‖T − W‖² + residual, which is the same for Tᵀ and Wᵀ.
    rng = np.random.default_rng(4)
    target = rng.standard_normal((3, 3))
    problem, other = lnn.Problem(np.eye(3), target), lnn.Problem(np.eye(3), target.T)
    weights = tuple(0.5 * w for w in random_network(rng, widths))
    mirror, back = transposed(weights), widths[::-1]
    np.testing.assert_allclose(lnn.loss(mirror, other), lnn.loss(weights, problem), rtol=1e-12)
    np.testing.assert_allclose(
        lnn.sharpness(mirror, other), lnn.sharpness(weights, problem), rtol=1e-9
    )
    np.testing.assert_allclose(
        lnn.divergence_bound(other, back), lnn.divergence_bound(problem, widths), rtol=1e-9
    )
    np.testing.assert_allclose(
        lnn.least_sharpness(other, back), lnn.least_sharpness(problem, widths), rtol=1e-7
    )
    np.testing.assert_allclose(
        lnn.best_of_rank(other, 2), lnn.best_of_rank(problem, 2).T, atol=1e-12
    )
    for one, two in [
        (lnn.gradient(weights, problem), lnn.gradient(mirror, other)),
        (
            lnn.descend(weights, problem, 0.01, 60).weights,
            lnn.descend(mirror, other, 0.01, 60).weights,
        ),
    ]:
        for a, b in zip(transposed(one), two, strict=True):
            np.testing.assert_allclose(b, a, atol=1e-10)
    for modes in [(0,), (0, 1), (1,)]:
        point = lnn.critical_point(problem, widths, modes)
        verdict, twin = lnn.classify(point, problem), lnn.classify(transposed(point), other)
        for name in ("kind", "modes", "rank", "tightened", "index", "nullity"):
            assert getattr(twin, name) == getattr(verdict, name), name


@pytest.mark.parametrize("widths", [(3, 4, 3), (3, 4, 3, 3)], ids=str)
@pytest.mark.parametrize("number", [n for n, _ in NUMBERS.values()], ids=NUMBERS.keys())
def test_numbers_of_the_transposed_problem(number, widths):
    rng = np.random.default_rng(6)
    target = rng.standard_normal((3, 3))
    problem, other = lnn.Problem(np.eye(3), target), lnn.Problem(np.eye(3), target.T)
    weights = shrink_to_alpha(random_network(rng, widths), problem, 0.6)
    if number in (NUMBERS["trapping_bound"][0], NUMBERS["trapping_bound, radius"][0]):
        # The flattest minimizer is one of many: transpose the point itself.
        point = near_a_minimizer(weights, problem)
        one, two = trapping_bound(point, problem), trapping_bound(transposed(point), other)
        np.testing.assert_allclose(two.step_size, one.step_size, rtol=1e-6)
        np.testing.assert_allclose(two.radius, one.radius, rtol=1e-6)
        assert one.step_size > 0
        return
    mirrored = number(transposed(weights), other)
    np.testing.assert_allclose(mirrored, number(weights, problem), rtol=1e-6)


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_the_hessian_of_turned_and_of_rescaled_weights(widths):
    rng, problem, weights = setting(widths)
    before = lnn.hessian(weights, problem)
    bases, others, other = turned(rng, weights, problem)
    # vec(A V Bᵀ) = (A ⊗ B) vec V in C order, layer by layer.
    change = scipy.linalg.block_diag(
        *(np.kron(after, first) for first, after in itertools.pairwise(bases))
    )
    after = lnn.hessian(others, other)
    np.testing.assert_allclose(after, change @ before @ change.T, atol=1e-10 * np.abs(before).max())
    c = 2.0 ** (-3 / len(weights))
    scaled = lnn.hessian(tuple(c * w for w in weights), lnn.Problem(8 * problem.X, problem.Y))
    np.testing.assert_allclose(scaled, before / c**2, rtol=1e-9, atol=1e-12 * np.abs(before).max())


@pytest.mark.parametrize("widths", [(4, 2, 3), (4, 5, 3)], ids=str)
def test_modes_and_what_of_the_weights_lies_along_them(widths):
    rng, problem, weights = setting(widths)
    bases, others, other = turned(rng, weights, problem)
    modes, same = singular_modes(problem), singular_modes(other)
    for name in ("targets", "curvatures", "coupling"):
        np.testing.assert_allclose(getattr(same, name), getattr(modes, name), rtol=1e-9)
    signs = np.sign(np.sum(same.left * (bases[-1] @ modes.left), axis=0))
    np.testing.assert_allclose(same.left, bases[-1] @ modes.left * signs, atol=1e-9)
    np.testing.assert_allclose(same.right, bases[0] @ modes.right * signs, atol=1e-9)
    a, b = 4.0, 3.0
    larger = singular_modes(lnn.Problem(a * problem.X, b * problem.Y))
    np.testing.assert_allclose(larger.targets, b / a * modes.targets, rtol=1e-9)
    np.testing.assert_allclose(larger.curvatures, a**2 * modes.curvatures, rtol=1e-9)
    np.testing.assert_allclose(larger.coupling, modes.coupling, rtol=1e-9)
    for number in (mode_values, effective_start):
        one, two = number(weights, problem), number(others, other)
        np.testing.assert_allclose(two, one, rtol=1e-8, atol=1e-12)
        scaled = number(tuple(3 * w for w in weights), problem)
        np.testing.assert_allclose(scaled, 9 * one, rtol=1e-8, atol=1e-12)


def test_saddles_beside_a_plateau_turn_with_it():
    rng, _, _ = setting((4, 3, 3, 3))
    problem = lnn.Problem(rng.standard_normal((4, 9)), rng.standard_normal((3, 9)))
    flat = lnn.critical_point(problem, (4, 3, 3, 3), (0,))
    weights = tuple(w + 0.01 * rng.standard_normal(w.shape) for w in flat)
    bases, others, other = turned(rng, weights, problem)
    one, two = neighbours(weights, problem, 1), neighbours(others, other, 1)
    for name in ("flat", "strict"):
        expected = change_bases(bases, getattr(one, name))
        for ours, theirs in zip(getattr(two, name), expected, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-9)
    np.testing.assert_allclose(two.to_flat, one.to_flat, rtol=1e-9)
    np.testing.assert_allclose(two.to_strict, one.to_strict, rtol=1e-9)


@pytest.mark.parametrize("widths", [(4, 2, 3), (2, 4, 3, 3), (4, 3, 2, 5, 4), (4, 3, 2)], ids=str)
def test_a_lifted_perturbation_turns_scales_and_transposes(widths):
    rng = np.random.default_rng(5)
    weights = random_network(rng, widths)
    target = lnn.product(tuple(w + 1e-3 * rng.standard_normal(w.shape) for w in weights))
    lifted = lift_perturbation(weights, target)
    bases = [orthogonal(rng, d) for d in widths]
    turned_target = bases[-1] @ target @ bases[0].T
    there = lift_perturbation(change_bases(bases, weights), turned_target)
    for ours, theirs in zip(there, change_bases(bases, lifted), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-10)
    larger = lift_perturbation(tuple(2 * w for w in weights), 2 ** len(weights) * target)
    for ours, theirs in zip(larger, lifted, strict=True):
        np.testing.assert_allclose(ours, 2 * theirs, atol=1e-10)
    # Transposed, another of the layers may be cut, but the product is the one asked for.
    mirrored = lift_perturbation(transposed(weights), target.T)
    np.testing.assert_allclose(lnn.product(mirrored), target.T, atol=1e-12)


def test_units_where_the_best_map_is_not_unique():
    # T R has the singular values 2, 1, 1 and one is lost: what is proved is a lower bound.
    rng = np.random.default_rng(3)
    X = rng.standard_normal((3, 3))
    u, _, vt = np.linalg.svd(rng.standard_normal((3, 3)))
    Y = (u * [2.0, 1.0, 1.0]) @ vt
    small, large = (
        lnn.steps.flattest.certified_least_sharpness(lnn.Problem(a * X, Y), (3, 2, 3))
        for a in (0.01, 100.0)
    )
    assert small.tied
    assert small.lower < 0.999 * small.value
    np.testing.assert_allclose(large.lower, 1e4 * small.lower, rtol=1e-7)
    np.testing.assert_allclose(large.value, 1e4 * small.value, rtol=1e-5)
