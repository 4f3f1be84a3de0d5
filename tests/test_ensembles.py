"""Leading axes: what a function says of many networks is what it says of each."""

import numpy as np
import pytest
from cases import random_network

import lnn
from lnn.descent import first_below, flattest_losses, follow, midpoints, neighbours
from lnn.dynamics import mode_flow, mode_time
from lnn.dynamics.closed_form import chain_flow, escape_time, unbalanced_flow
from lnn.dynamics.mode_basis import aligned, effective_start, mode_values, singular_modes
from lnn.initialization import with_balancedness
from lnn.landscape import lift_perturbation, numerical_rank
from lnn.landscape.kinds import require_second_order_assumptions
from lnn.one_hidden_layer import linear_minimum
from lnn.steps.a_posteriori import trapping_bound
from lnn.steps.balance import (
    drift,
    imbalances,
    layer_norm_ceiling,
    rescaled,
    sharp_layer_norm_ceiling,
)
from lnn.steps.convergence import product_norm_ceiling, shrink_to_alpha

LEAD = (2, 3)
FUNCTIONS = {
    "loss": lnn.loss,
    "gradient": lnn.gradient,
    "hessian": lnn.hessian,
    "sharpness": lnn.sharpness,
    "descend": lambda w, p: (lnn.descend(w, p, 0.01, 5).weights, lnn.descend(w, p, 0.01, 5).losses),
    "gradient_flow": lambda w, p: lnn.gradient_flow(w, p, [0.1, 0.2]).losses,
    "convergence_bound": lambda w, p: vars(lnn.convergence_bound(w, p, on_unbalanced="nan")),
    "product_norm_ceiling": product_norm_ceiling,
    "shrink_to_alpha": lambda w, p: shrink_to_alpha(w, p, 0.5),
    "trapping_bound": lambda w, p: vars(trapping_bound(near_best(w, p), p)),
    "imbalances": lambda w, p: imbalances(w),
    "drift": lambda w, p: drift(w, p, 0.1),
    "layer_norm_ceiling": lambda w, p: (layer_norm_ceiling(w), sharp_layer_norm_ceiling(w)),
    "least_sharpness": lambda w, p: lnn.least_sharpness(p, (4, 3, 3)),
    "flattest_minimizer": lambda w, p: lnn.flattest_minimizer(p, (4, 3, 3)),
    "effective_start": effective_start,
    "mode_values": mode_values,
    "singular_modes": lambda w, p: vars(singular_modes(p)),
    "aligned": lambda w, p: aligned(p, (4, 3, 2, 3), [0.5, 0.2]),
    "best_of_rank": lambda w, p: lnn.best_of_rank(p, 2),
    "factorize": lambda w, p: (
        lnn.factorize(lnn.product(w), (4, 2, 3, 3)),
        lnn.factorize(lnn.product(w), (4, 2, 3, 3), balanced=True),
    ),
    "lift_perturbation": lambda w, p: lift_perturbation(w, 1.001 * lnn.product(w)),
    "numerical_rank": lambda w, p: numerical_rank(lnn.product(w)),
    "critical_point": lambda w, p: lnn.critical_point(p, (4, 3, 3), (0, 2)),
    "classify": lambda w, p: lnn.classify(w, p).smallest_eigenvalue,
    "problem": lambda w, p: (
        p.eigenvalues, p.eigenvectors, p.cov_xx, p.cov_yx, p.fitted, p.residual, p.floor(1),
        p.singular_values_x, p.root_xx,
    ),
    "inverse_root": lambda w, p: lnn.problem.inverse_root(p.root_xx),
    "midpoints": lambda w, p: np.moveaxis(midpoints(p, 3), 0, -1),
}  # fmt: skip


def near_best(weights, problem):
    best = lnn.flattest_minimizer(problem, (4, 3, 3)) if len(weights) == 2 else weights
    return tuple(b + 1e-3 * w for b, w in zip(best, weights, strict=True))


def parts(result):
    """The arrays of a result, whatever holds them."""
    if isinstance(result, dict):
        result = tuple(result.values())
    if isinstance(result, tuple):
        for part in result:
            yield from parts(part)
    else:
        yield np.asarray(result)


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_an_ensemble_is_its_members(function):
    rng = np.random.default_rng(8)
    X, Y = rng.standard_normal((*LEAD, 4, 9)), rng.standard_normal((*LEAD, 3, 9))
    weights = random_network(rng, (4, 2, 3), size=LEAD)
    if function in (FUNCTIONS["trapping_bound"], FUNCTIONS["effective_start"]):
        weights = random_network(rng, (4, 3, 3), size=LEAD)
    together = list(parts(function(weights, lnn.Problem(X, Y))))
    for index in np.ndindex(*LEAD):
        problem = lnn.Problem(X[index], Y[index])
        alone = list(parts(function(tuple(w[index] for w in weights), problem)))
        assert len(alone) == len(together)
        for ours, theirs in zip(together, alone, strict=True):
            assert ours.shape == LEAD + theirs.shape
            scale = max(1.0, np.abs(theirs).max(initial=0, where=np.isfinite(theirs)))
            np.testing.assert_allclose(ours[index], theirs, rtol=1e-6, atol=1e-9 * scale)


def test_curves_of_many_modes_are_those_of_each():
    rng = np.random.default_rng(9)
    times = np.array([0.1, 0.5, 0.9])
    start, target = rng.uniform(0.1, 0.3, LEAD), rng.uniform(1, 2, LEAD)
    curvature, layers = rng.uniform(0.5, 1.5, LEAD), rng.uniform(0.2, 1, (*LEAD, 3))
    for index in np.ndindex(*LEAD):
        p, s, a = start[index], target[index], curvature[index]
        for depth in (1, 2, 3, 4):
            many = mode_flow(times, start, target, curvature, depth)
            np.testing.assert_allclose(many[index], mode_flow(times, p, s, a, depth), rtol=1e-9)
            many = mode_time(2 * start, start, target, curvature, depth)
            np.testing.assert_allclose(many[index], mode_time(2 * p, p, s, a, depth), rtol=1e-9)
        many = escape_time(start, target, curvature, 3)
        np.testing.assert_allclose(many[index], escape_time(p, s, a, 3), rtol=1e-9)
        many = unbalanced_flow(times, start, target, curvature, target / 2)
        np.testing.assert_allclose(many[index], unbalanced_flow(times, p, s, a, s / 2), rtol=1e-9)
        many = chain_flow(times, layers, target, curvature)
        one = chain_flow(times, layers[index], s, a)
        np.testing.assert_allclose(many[index], one, rtol=1e-6)


def test_plateaus_of_many_runs_are_those_of_each():
    rng = np.random.default_rng(10)
    problem = lnn.Problem(rng.standard_normal((4, 9)), rng.standard_normal((3, 9)))
    weights = random_network(rng, (4, 3, 5, 3), size=LEAD)
    curves = np.sort(rng.uniform(0, 9, (*LEAD, 40)), axis=-1)[..., ::-1]
    below, flat = first_below(curves, np.arange(40), 5.0), flattest_losses(curves, [7.0, 3.0])
    path, beside = follow(weights, problem, 1e-3, [0, 2]), neighbours(weights, problem, 1)
    for index in np.ndindex(*LEAD):
        one = tuple(w[index] for w in weights)
        assert below[index] == first_below(curves[index], np.arange(40), 5.0)
        np.testing.assert_array_equal(flat[index], flattest_losses(curves[index], [7.0, 3.0]))
        for many, alone in (
            (path, follow(one, problem, 1e-3, [0, 2])),
            (beside, neighbours(one, problem, 1)),
        ):
            for name in vars(many):
                if name != "recorded":
                    several = list(parts(getattr(many, name)))
                    single = list(parts(getattr(alone, name)))
                    for ours, theirs in zip(several, single, strict=True):
                        np.testing.assert_allclose(ours[index], theirs, rtol=1e-7, atol=1e-9)


GOOD, ZERO = np.eye(2), np.zeros((2, 2))
ALONE = {
    "no unique minimizer": lambda: lnn.steps.quadratic_limit([GOOD, np.diag([1.0, -1.0])]),
    "exactly balanced": lambda: rescaled((np.stack([2 * GOOD, GOOD]), GOOD), 1.0),
    "give at least that": lambda: layer_norm_ceiling((2 * GOOD, GOOD), [3.0, 2.9]),
    "single layer": lambda: with_balancedness((2, 2), [1.0], [0.0, 0.1], np.random.default_rng(0)),
    "has escaped": lambda: escape_time([0.1, 2.0], 1.0, 1.0, 3),
    "between 0 and target": lambda: mode_time([0.2, 2.0], 0.1, 1.0, 1.0, 3),
    "start < target": lambda: mode_flow([1.0], [0.1, 2.0], 1.0, 1.0, 3),
    "increasing times": lambda: chain_flow([0.0, 1.0, 0.5], [1.0, 1.0], 1.0, 1.0),
    "increasing non-negative times": lambda: lnn.gradient_flow(
        (GOOD,), lnn.Problem(GOOD, GOOD), [0.0, 1.0, 0.5]
    ),
    "Σ_YX is zero": lambda: demand(np.stack([np.diag([2.0, 1.0]), ZERO])),
    "not full rank": lambda: demand(np.stack([np.diag([2.0, 1.0]), np.diag([2.0, 0.0])])),
    "coincide": lambda: demand(np.stack([np.diag([2.0, 1.0]), GOOD])),
    "must be ones": lambda: linear_minimum(lnn.Problem([[1.0, 2.0], [1.0, 3.0]], GOOD), 3),
    "weights has rank 1": lambda: lift_perturbation(
        (np.stack([GOOD, np.diag([1, 0])]), GOOD), GOOD
    ),
    "target has rank 2": lambda: lift_perturbation(
        (np.eye(1, 2), np.eye(2, 1)), [np.diag([1.0, 0.0]), GOOD]
    ),
    "matrix has rank 2": lambda: lnn.factorize([np.diag([1.0, 0.0]), GOOD], (2, 1, 2)),
    "without nan": lambda: lnn.intervals.quantile_interval([1.0, np.nan, 2.0]),
}


def demand(Y):
    require_second_order_assumptions(lnn.Problem(GOOD, Y))


@pytest.mark.parametrize("message", ALONE)
def test_one_member_that_is_not_allowed_is_enough(message):
    with pytest.raises(ValueError, match=message):
        ALONE[message]()


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_one_member_whose_step_is_tiny_has_not_converged(engine):
    # Its square would be 0; beside a member with a step of ordinary size.
    run = lnn.descend(
        (np.zeros((1, 1)),), lnn.Problem([[1.0]], [[3.0]]), [1e-200, 0.25], 3, engine=engine
    )
    assert (run.stop == lnn.descent.Stop.STEPS).all()
    np.testing.assert_allclose(run.weights[0].ravel(), [0.0, 3 * (1 - 0.5**3)], atol=1e-15)
