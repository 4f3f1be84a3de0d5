"""Gradient descent against a loop over the reference gradient, and against closed forms."""

import numpy as np
import pytest
import reference
from cases import random_network, random_problem

import lnn
from lnn.descent import Stop
from lnn.descent.run import _warn_of_size


def test_iterates_are_those_of_the_textbook_loop():
    rng = np.random.default_rng(0)
    problem = random_problem(rng, 3, 2)
    start = tuple(0.3 * w for w in random_network(rng, (3, 2, 4, 2)))
    run = lnn.descend(start, problem, 1e-3, 25)
    for ours, theirs in zip(
        run.weights, reference.descend(start, problem.X, problem.Y, 1e-3, 25), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)
    assert run.stop is Stop.STEPS
    assert run.steps == 25
    np.testing.assert_array_equal(run.recorded, np.arange(26))
    assert run.losses[0] == pytest.approx(reference.loss(start, problem.X, problem.Y))
    assert run.losses[-1] == pytest.approx(reference.loss(run.weights, problem.X, problem.Y))


def test_one_weight_contracts_by_one_minus_two_eta_x_squared():
    x, y, eta = 1.5, 3.0, 0.1
    run = lnn.descend((np.zeros((1, 1)),), lnn.Problem([[x]], [[y]]), eta, 7)
    expected = y / x * (1 - (1 - 2 * eta * x**2) ** 7)
    assert run.weights[0] == pytest.approx(expected)


def test_the_edge_of_a_quadratic_is_two_over_its_largest_eigenvalue():
    rng = np.random.default_rng(1)
    problem = random_problem(rng, 3, 2)
    start = (np.zeros((2, 3)),)
    edge = 2 / lnn.sharpness(start, problem)
    below = lnn.descend(start, problem, 0.99 * edge, 100_000, tolerance=1e-6, record_every=100)
    beyond = lnn.descend(start, problem, 1.01 * edge, 100_000, record_every=100)
    assert below.stop is Stop.CONVERGED
    assert beyond.stop is Stop.DIVERGED
    assert beyond.losses[-1] == np.inf


def test_recording_less_often_changes_no_iterate():
    rng = np.random.default_rng(2)
    problem, start = random_problem(rng, 3, 3), random_network(rng, (3, 2, 3))
    fine = lnn.descend(start, problem, 1e-4, 23)
    coarse = lnn.descend(start, problem, 1e-4, 23, record_every=5)
    np.testing.assert_array_equal(coarse.recorded, [0, 5, 10, 15, 20, 23])
    np.testing.assert_allclose(coarse.losses, fine.losses[coarse.recorded], rtol=1e-12)
    for a, b in zip(fine.weights, coarse.weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_an_ensemble_is_its_members_even_when_some_stop_early(engine):
    rng = np.random.default_rng(3)
    problem = lnn.Problem(rng.standard_normal((2, 6, 3, 8)), rng.standard_normal((2, 6, 3, 8)))
    start = random_network(rng, (3, 2, 3), size=(6,))
    eta = np.geomspace(1e-4, 1.0, 6)
    options = {"tolerance": 1e-3, "record_every": 10}
    together = lnn.descend(start, problem, eta, 2000, engine=engine, **options)
    assert set(np.unique(together.stop)) >= {Stop.CONVERGED, Stop.DIVERGED}
    assert together.losses.shape == (2, 6, together.recorded.size)
    for i, j in np.ndindex(2, 6):
        alone = lnn.descend(tuple(w[j] for w in start), problem[i, j], eta[j], 2000, **options)
        assert together.stop[i, j] == alone.stop
        assert together.steps[i, j] == alone.steps
        if alone.stop is Stop.DIVERGED:
            np.testing.assert_array_equal(together.losses[i, j, -1], np.inf)
        else:
            np.testing.assert_allclose(together.losses[i, j], alone.losses, rtol=1e-6)
            for a, b in zip(together.weights, alone.weights, strict=True):
                np.testing.assert_allclose(a[i, j], b, rtol=1e-5, atol=1e-9)


def test_convergence_means_a_small_gradient():
    rng = np.random.default_rng(4)
    problem = random_problem(rng, 3, 2)
    run = lnn.descend((np.zeros((2, 3)),), problem, 1e-3, 10**6, tolerance=1e-4, record_every=50)
    assert run.stop is Stop.CONVERGED
    assert np.linalg.norm(lnn.network.flatten(lnn.gradient(run.weights, problem))) <= 1e-4
    assert run.steps < 10**6
    assert run.losses[-1] == pytest.approx(problem.residual, rel=1e-6)


def test_the_origin_is_critical_and_descent_stays_there():
    problem = random_problem(np.random.default_rng(5), 3, 2)
    run = lnn.descend((np.zeros((4, 3)), np.zeros((2, 4))), problem, 0.1, 10)
    assert run.stop is Stop.CONVERGED
    assert run.steps == 0
    np.testing.assert_allclose(run.losses, np.trace(problem.cov_yy), rtol=1e-12)


def test_the_start_is_not_changed():
    problem = random_problem(np.random.default_rng(6), 3, 2)
    start = random_network(np.random.default_rng(6), (3, 2))
    copy = start[0].copy()
    lnn.descend(start, problem, 1e-3, 5)
    np.testing.assert_array_equal(start[0], copy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"step_size": -1.0}, "step_size is -1"),
        ({"step_size": np.nan}, "step_size is nan"),
        ({"steps": -1}, "steps is -1"),
        ({"steps": 2.5}, "steps is 2.5"),
        ({"record_every": 0}, "record_every is 0"),
        ({"engine": "torch"}, "engine is 'torch'"),
        ({"tolerance": -1.0}, "tolerance is -1"),
        ({"weights": (np.full((2, 3), np.nan),)}, "must start at finite weights"),
    ],
)
def test_bad_arguments_are_named(change, message):
    arguments = {
        "weights": (np.zeros((2, 3)),),
        "problem": random_problem(np.random.default_rng(0), 3, 2),
        "step_size": 0.1,
        "steps": 3,
    }
    with pytest.raises(ValueError, match=message):
        lnn.descend(**(arguments | change))


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_a_member_has_diverged_once_its_loss_is_so_many_times_its_scale(engine):
    # L = (3 − w)² from w = 0 with η = 1.5: the error doubles at every step, L = 9 · 4^k.
    problem = lnn.Problem([[1.0]], [[3.0]])
    start = (np.zeros((1, 1)),)
    run = lnn.descend(start, problem, 1.5, 60, divergence_factor=100.0, engine=engine)
    assert run.stop is Stop.DIVERGED
    assert run.steps == 4  # 4³ = 64 ≤ 100 < 256 = 4⁴
    np.testing.assert_allclose(run.losses[:4], 9 * 4.0 ** np.arange(4))
    np.testing.assert_array_equal(run.losses[4:], np.inf)
    # In an ensemble by its own scale, which is 9 · 10⁴ for a start a hundred times as far.
    both = (np.array([[[0.0]], [[-297.0]]]),)
    run = lnn.descend(both, problem, 1.5, 60, divergence_factor=100.0, engine=engine)
    np.testing.assert_array_equal(run.stop, Stop.DIVERGED)
    np.testing.assert_array_equal(run.steps, 4)
    # Scaled by ‖Y‖² where the start is nearly perfect, so that a start there is not a verdict.
    near = (np.full((1, 1), 3.0 - 1e-6),)
    assert lnn.descend(near, problem, 1.5, 60, divergence_factor=100.0, engine=engine).steps == 25


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_at_the_ceiling_a_run_goes_on_and_at_the_tolerance_it_ends(engine):
    # L = (3 − w)² from w = 0: with η = 1.5 it is 9 · 4^k, and ‖∇L‖ = 6 at the start, exactly.
    problem, start = lnn.Problem([[1.0]], [[3.0]]), (np.zeros((1, 1)),)
    run = lnn.descend(start, problem, 1.5, 60, divergence_factor=64.0, engine=engine)
    assert run.stop is Stop.DIVERGED
    assert run.steps == 4
    run = lnn.descend(start, problem, 0.125, 2, tolerance=6.0, engine=engine)
    assert (run.stop, run.steps, run.weights[0].item()) == (Stop.CONVERGED, 0, 0.0)
    run = lnn.descend(start, problem, 0.125, 2, tolerance=np.nextafter(6.0, 0.0), engine=engine)
    assert run.steps == 1


def test_the_compiled_engine_is_refused_where_it_cannot_run(monkeypatch):
    monkeypatch.setattr("lnn.descent._engines.choice.available", lambda: False)
    problem, start = lnn.Problem([[1.0]], [[3.0]]), (np.zeros((1, 1)),)
    with pytest.raises(ValueError, match="llvmlite is not installed"):
        lnn.descend(start, problem, 0.1, 5, engine="compiled")
    plain = lnn.descend(start, problem, 0.1, 5000)
    assert plain.losses[-1] == pytest.approx(0.0, abs=1e-20)


def test_a_large_record_warns_before_it_is_made(monkeypatch):
    problem, start = lnn.Problem([[1.0]], [[3.0]]), (np.zeros((4, 1, 1)),)
    monkeypatch.setattr("lnn.descent.run.LARGE_RECORD", 4 * 101 * 8)
    fine = lnn.descend(start, problem, 0.1, 100)  # 101 losses of 4 networks: just not too large
    monkeypatch.setattr("lnn.descent.run.LARGE_RECORD", 4 * 101 * 8 - 1)
    message = r"101 losses of each of 4 networks.*record_every=2 "
    with pytest.warns(UserWarning, match=message) as warned:
        again = lnn.descend(start, problem, 0.1, 100)
    assert warned[0].filename == __file__  # where descend was called
    np.testing.assert_array_equal(again.losses, fine.losses)
    lnn.descend(start, problem, 0.1, 100, record_every=2)


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_one_problem_for_all_is_the_same_as_one_for_each(engine):
    rng = np.random.default_rng(8)
    problem, start = random_problem(rng, 3, 2), random_network(rng, (3, 4, 2), size=(5,))
    shared = lnn.descend(start, problem, 1e-3, 50, engine=engine)
    own = lnn.descend(start, problem.broadcast_to((5,)), 1e-3, 50, engine=engine)
    np.testing.assert_array_equal(shared.losses, own.losses)
    for a, b in zip(shared.weights, own.weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_step_so_small_that_its_square_is_zero_is_no_convergence():
    run = lnn.descend((np.zeros((1, 1)),), lnn.Problem([[1.0]], [[3.0]]), 1e-200, 3, engine="numpy")
    assert run.stop is Stop.STEPS


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
@pytest.mark.parametrize(("growth", "stop"), [(0.9e8, Stop.STEPS), (1.1e8, Stop.DIVERGED)])
def test_unless_told_a_run_has_diverged_a_hundred_millionfold_above_its_start(growth, stop, engine):
    # L = (3 − w)² from w = 0: a step multiplies it by (1 − 2 η)².
    eta = (1 + growth**0.5) / 2
    run = lnn.descend((np.zeros((1, 1)),), lnn.Problem([[1.0]], [[3.0]]), eta, 1, engine=engine)
    assert run.stop is stop


def test_numbers_of_saved_results_keep_their_meaning():
    assert {stop.name: int(stop) for stop in Stop} == {"STEPS": 0, "CONVERGED": 1, "DIVERGED": 2}
    assert {kind.name: int(kind) for kind in lnn.Kind} == {
        "NOT_CRITICAL": 0,
        "GLOBAL_MINIMIZER": 1,
        "STRICT_SADDLE": 2,
        "NON_STRICT_SADDLE": 3,
    }


def test_a_record_is_large_from_a_gibibyte_of_losses_on():
    most = 2**30 // 8  # numbers of eight bytes
    _warn_of_size(most // 2, 2, 1)
    with pytest.warns(UserWarning, match=r"1\.0 GiB: with record_every=6 instead of 3 it is at"):
        _warn_of_size(most // 2 + 1, 2, 3)
