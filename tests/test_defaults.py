"""What a call means that leaves numbers out: part of the interface, for results hang on it."""

import inspect

import numpy as np
import pytest

import lnn
from lnn import one_hidden_layer as nonlinear
from lnn.data import check_assumptions
from lnn.descent import strict_escape_time
from lnn.intervals import quantile_interval, share_interval
from lnn.landscape import lift_perturbation, release
from lnn.landscape.construction import random_member
from lnn.landscape.kinds import require_second_order_assumptions
from lnn.steps import search

DEFAULTS = [
    (check_assumptions, {"resolution": 1e-6}),
    (lnn.saddle_problem, {"noise": 0.1, "samples": 1000}),
    (lnn.step_problem, {"noise": 0.1, "size": ()}),
    (strict_escape_time, {"share": 0.5}),
    (lnn.gradient_flow, {"rtol": 1e-9, "atol": 1e-12, "method": "DOP853"}),
    (lnn.descend, {"tolerance": 0.0, "record_every": 1, "divergence_factor": 1e8}),
    (lnn.gaussian, {"std": 1.0, "size": ()}),
    (quantile_interval, {"q": 0.5, "level": 0.95}),
    (share_interval, {"level": 0.95}),
    (lnn.classify, {"tolerance": 1e-5}),
    (lnn.critical_point, {"spread": 2.0, "size": ()}),
    (random_member, {"spread": 2.0, "size": ()}),
    (require_second_order_assumptions, {"resolution": 1e-9}),
    (release, {"size": 1e-3}),
    (nonlinear.gradient, {"counts": 1.0}),
    (nonlinear.linear_minimum, {"margin": 1.0}),
    (nonlinear.descend, {"noise": 0.0, "quiet": 0, "record_every": 1}),
    (search.attempt, {"steps": 5000}),
    (search.fails, {"steps": 5000}),
    (lnn.steps.first_failure, {"steps": 5000, "most": 60}),
    (lnn.run_study, {"block": 500}),
]


@pytest.mark.parametrize(("function", "defaults"), DEFAULTS, ids=[f.__name__ for f, _ in DEFAULTS])
def test_numbers_that_are_left_out_are_those_of_the_interface(function, defaults):
    parameters = inspect.signature(function).parameters
    assert {name: parameters[name].default for name in defaults} == defaults


def test_no_number_is_missing_from_the_table():
    modules = (lnn, lnn.data, lnn.descent, lnn.intervals, lnn.landscape, lnn.steps, nonlinear)
    numbers = {
        (function.__name__, name)
        for module in modules
        for function in vars(module).values()
        if inspect.isfunction(function) and not function.__module__.startswith("lnn._")
        for name, parameter in inspect.signature(function).parameters.items()
        if isinstance(parameter.default, int | float) and not isinstance(parameter.default, bool)
    }
    listed = {(function.__name__, name) for function, some in DEFAULTS for name in some}
    assert numbers <= listed


# Cut-offs of rounding, from both sides.


@pytest.mark.parametrize(("apart", "coupled"), [(0.7e-9, False), (1.4e-9, True)])
def test_singular_values_that_count_as_equal_are_not_coupled(apart, coupled):
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    root = turn @ np.diag([2.0, 1.0]) @ turn.T
    found = lnn.dynamics.singular_modes(lnn.Problem(root, np.diag([1.0, 1 - apart]) @ root))
    assert (found.coupling > 0.1) == coupled


@pytest.mark.parametrize(("apart", "tied"), [(0.7e-9, True), (1.4e-9, False)])
def test_singular_values_that_count_as_equal_are_a_tie(apart, tied):
    problem = lnn.Problem(np.eye(3), np.diag([2.0, 1.0, 1 - apart]))
    assert lnn.steps.certified_least_sharpness(problem, (3, 2, 3)).tied == tied


@pytest.mark.parametrize(("size", "lost"), [(0.7e-9, False), (1e-9, False), (1.4e-9, True)])
def test_a_mode_that_counts_as_zero_is_not_lost(size, lost):
    # Only if a mode is lost the closed form is left, for a bound that is not sharp to rounding.
    problem = lnn.Problem(np.diag([1.0, 2.0]), np.diag([1.0, size]))
    flat = lnn.steps.certified_least_sharpness(problem, (2, 1, 2))
    assert (flat.lower < flat.value) == lost


@pytest.mark.parametrize(("size", "fits"), [(0.7e-10, True), (1.4e-10, False)])
def test_a_rank_that_counts_as_rounding_is_let_through(size, fits):
    weights = (np.eye(1, 2), np.eye(2, 1))
    target = np.diag([1.0, size])
    if fits:
        lifted = lift_perturbation(weights, target)
        np.testing.assert_allclose(lnn.product(lifted), target, atol=1e-9)
    else:
        with pytest.raises(ValueError, match="target has rank 2"):
            lift_perturbation(weights, target)


@pytest.mark.parametrize(("gap", "apart"), [(0.7e-12, False), (1.4e-12, True)])
def test_eigenvalues_apart_by_more_than_the_resolution_are_two(gap, apart):
    problem = lnn.Problem(np.eye(2), np.diag([(1 + gap) ** 0.5, 1.0]))
    found = lnn.classify((np.array([[1.0, 0.0]]), np.array([[1.0], [0.0]])), problem)
    assert found.eigenspaces == ({(0,): 1, (1,): 0} if apart else {(0, 1): 1})


@pytest.mark.parametrize(("angle", "together"), [(0.098, False), (0.104, True)])
def test_modes_that_an_image_mixes_are_one_eigenspace(angle, together):
    # sin θ cos θ is 0.0974 and 0.1033. The weights are critical up to the gap of 1e-7.
    problem = lnn.Problem(np.eye(2), np.diag([1 + 1e-7, 1.0]))
    v = np.array([[np.cos(angle), np.sin(angle)]])
    spaces = lnn.classify((v, v.T), problem).eigenspaces
    assert spaces == ({(0, 1): 1} if together else {(0,): 1, (1,): 0})
