"""The engines against gradient descent written out, one network and one layer at a time."""

import multiprocessing
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest

from lnn.descent._engines import choice, compiled
from lnn.descent._engines import stacked as stacked_engine
from lnn.descent._engines.compiled import Ensemble
from lnn.descent._engines.stacked import Stack
from lnn.objective import unchecked_gradient

WIDTHS = [
    (3, 2),
    (1, 1, 1),
    (5, 2, 4),
    (5, 5, 5, 5),
    (5, 2, 2, 5),
    (2, 7, 3, 6),
    (3, 1, 9, 4, 2),
    (4, 6, 13, 3, 8, 5),
]


def ensemble(widths, shape, data_shape=(), seed=0):
    """Weights, cov_xx, least-squares map, residual and step sizes, all different."""
    rng = np.random.default_rng(seed)
    d_x, d_y = widths[0], widths[-1]
    weights = tuple(
        rng.normal(size=(*shape, rows, columns)) / np.sqrt(columns)
        for rows, columns in zip(widths[1:], widths[:-1], strict=True)
    )
    root = rng.normal(size=(*data_shape, d_x, d_x + 3)) / np.sqrt(d_x)
    return (
        weights,
        root @ root.swapaxes(-1, -2),
        rng.normal(size=(*data_shape, d_y, d_x)),
        rng.uniform(1, 2, size=data_shape),
        rng.uniform(1e-4, 2e-3, size=shape),
    )


def chain(matrices, width):
    """The product of matrices, the first applied first; the identity if there are none."""
    result = np.eye(width)
    for matrix in matrices:
        result = matrix @ result
    return result


def gradient(weights, error, cov_xx):
    """2 P^T (W - T) cov_xx Q^T for each layer, P and Q multiplied out."""
    widths = (weights[0].shape[1], *(w.shape[0] for w in weights))
    return [
        2
        * chain(weights[j + 1 :], widths[j + 1]).T
        @ error
        @ cov_xx
        @ chain(weights[:j], widths[0]).T
        for j in range(len(weights))
    ]


def plain(weights, cov_xx, least_squares, residual, step_size, steps):
    """Losses and squared gradient norms before each step and after the last; the last weights."""
    losses, squared_norms = [], []
    for step in range(steps + 1):
        error = chain(weights, weights[0].shape[1]) - least_squares
        slopes = gradient(weights, error, cov_xx)
        losses.append(residual + np.trace(error @ cov_xx @ error.T))
        squared_norms.append(sum(np.sum(slope**2) for slope in slopes))
        if step < steps:
            weights = [w - step_size * slope for w, slope in zip(weights, slopes, strict=True)]
    return np.array(losses), np.array(squared_norms), weights


def stacked(weights, cov_xx, least_squares, residual, step_size, *more):
    """The plain engine, which wants the axis of members on everything, of length 1 if shared."""
    data = (cov_xx, least_squares) if cov_xx.ndim == 3 else (cov_xx[None], least_squares[None])
    return Stack(weights, *data, residual, step_size, *more)


def assert_agrees(case, steps=100, make=Ensemble, **options):
    """Compare an ensemble's run with each of its networks' own."""
    weights, cov_xx, least_squares, residual, step_size = case
    shape = step_size.shape
    engine = make(*case)
    records = engine.advance(steps, **options)
    assert records.losses.shape == records.squared_norms.shape == (steps + 1, *shape)
    for index in np.ndindex(*shape):
        data = [np.broadcast_to(a, shape + a.shape[-2:])[index] for a in (cov_xx, least_squares)]
        losses, squared_norms, final = plain(
            [w[index] for w in weights],
            *data,
            np.broadcast_to(residual, shape)[index],
            step_size[index],
            steps,
        )
        here = (slice(None), *index)
        np.testing.assert_allclose(records.losses[here], losses, rtol=1e-12)
        np.testing.assert_allclose(records.squared_norms[here], squared_norms, rtol=1e-10)
        for got, want in zip(engine.weights, final, strict=True):
            np.testing.assert_allclose(got[index], want, rtol=0, atol=1e-12 * np.max(np.abs(want)))


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
@pytest.mark.parametrize("own_data", [False, True], ids=["shared", "own"])
@pytest.mark.parametrize("make", [Ensemble, stacked], ids=["compiled", "numpy"])
def test_agrees_with_gradient_descent_written_out(widths, own_data, make):
    assert_agrees(ensemble(widths, (11,), (11,) if own_data else ()), make=make)


def test_the_plain_engine_agrees_on_wide_networks():
    assert_agrees(ensemble((70, 60, 80), (2,)), steps=10, make=stacked)


@pytest.mark.parametrize(("entries", "dot"), [(8191, np.vecdot), (8192, stacked_engine._dot)])
def test_sums_that_blas_would_split_among_threads_are_not_left_to_it(entries, dot):
    column = np.zeros((1, entries, 1))
    engine = Stack((column,), np.ones((1, 1, 1)), column, np.zeros(1), np.ones(1))
    assert engine._dot is dot


@pytest.mark.parametrize("size", [1, 7, 8, 9, 1000])
def test_every_size_of_ensemble(size):
    steps = 3 if size == 1000 else 20
    case = ensemble((4, 3, 5), (size,), (size,))
    assert_agrees(case, steps, threads=2)
    assert_agrees(case, steps, make=stacked)


def test_leading_axes_broadcast():
    assert_agrees(ensemble((3, 4, 2), ()))
    assert_agrees(ensemble((3, 4, 2), (2, 5), (5,)))
    weights, cov_xx, least_squares, residual, _ = ensemble((3, 4, 2), ())
    step_sizes = np.array([1e-3, 2e-3, 4e-3])
    together = Ensemble(weights, cov_xx, least_squares, residual, step_sizes)
    alone = Ensemble(weights, cov_xx, least_squares, residual, step_sizes[2])
    np.testing.assert_array_equal(together.advance(10).losses[:, 2], alone.advance(10).losses)
    assert [w.shape for w in together.weights] == [(3, 4, 3), (3, 2, 4)]


@pytest.mark.parametrize("make", [Ensemble, stacked], ids=["compiled", "numpy"])
def test_losses_are_kept_every_few_steps_and_runs_go_on(make):
    case = ensemble((5, 2, 4), (9,))
    at_once = make(*case)
    every_step = at_once.advance(10).losses
    thinned = make(*case).advance(10, every=4).losses
    np.testing.assert_array_equal(thinned, every_step[[0, 4, 8, 10]])
    long = make(*case).advance(211, every=3)
    all_of_them = make(*case).advance(211)
    rows = [*range(0, 211, 3), 211]
    np.testing.assert_array_equal(long.losses, all_of_them.losses[rows])
    np.testing.assert_array_equal(long.squared_norms, all_of_them.squared_norms[rows])
    in_parts = make(*case)
    parts = [in_parts.advance(steps).losses for steps in (3, 0, 7)]
    np.testing.assert_array_equal(
        np.concatenate([parts[0][:-1], parts[1][:-1], parts[2]]), every_step
    )
    for one, other in zip(at_once.weights, in_parts.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_arguments_and_earlier_weights_keep_their_values():
    case = ensemble((3, 3), (1,))
    before = case[0][0].copy()
    engine = Ensemble(*case)
    start = engine.weights
    engine.advance(5)
    np.testing.assert_array_equal(case[0][0], before)
    np.testing.assert_array_equal(start[0], before)
    assert not np.array_equal(engine.weights[0], before)


def test_number_of_threads_does_not_change_a_bit():
    case = ensemble((5, 5, 5, 5), (1000,))
    runs = []
    for threads in (1, 2, 3, 500):
        engine = Ensemble(*case)
        runs.append((engine.advance(40, threads=threads).losses, *engine.weights))
    for run in runs[1:]:
        for one, other in zip(runs[0], run, strict=True):
            np.testing.assert_array_equal(one, other)


def test_diverging_networks_leave_the_others_alone():
    weights, cov_xx, least_squares, residual, step_size = ensemble((5, 4, 4, 5), (20,))
    wild = step_size.copy()
    wild[[3, 8, 19]] = 1e3
    calm = np.isin(np.arange(20), [3, 8, 19], invert=True)
    expected = Ensemble(weights, cov_xx, least_squares, residual, step_size)
    engine = Ensemble(weights, cov_xx, least_squares, residual, wild)
    losses = engine.advance(200).losses
    np.testing.assert_array_equal(losses[:, calm], expected.advance(200).losses[:, calm])
    for one, other in zip(engine.weights, expected.weights, strict=True):
        np.testing.assert_array_equal(one[calm], other[calm])
    assert not np.isfinite(losses[-1, ~calm]).any()


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("make", [Ensemble, stacked], ids=["compiled", "numpy"])
def test_a_network_stops_at_the_record_above_the_ceiling(every, make):
    weights, cov_xx, least_squares, residual, step_size = ensemble((3, 4, 3), (10,))
    step_size[4] = 50.0
    for ceiling in (1e6, 1e300):  # at the second, losses go from below it to inf or nan at once
        engine = make(weights, cov_xx, least_squares, residual, step_size, ceiling)
        with np.errstate(all="ignore"):
            losses = engine.advance(30, every).losses[:, 4]
        with np.errstate(all="ignore"):
            free, _, _ = plain(
                [w[4] for w in weights], cov_xx, least_squares, residual, step_size[4], 30
            )
            first = int(np.argmax(~(free[::every] <= ceiling)))
            _, _, final = plain(
                [w[4] for w in weights], cov_xx, least_squares, residual, 50.0, first * every
            )
        np.testing.assert_allclose(losses[: first + 1], free[::every][: first + 1], rtol=1e-10)
        np.testing.assert_array_equal(losses[first:], losses[first])
        for got, want in zip(engine.weights, final, strict=True):
            np.testing.assert_allclose(got[4], want, rtol=1e-10)


def test_a_stopped_network_keeps_finite_weights_though_its_gradient_is_not():
    huge = np.full((1, 1), 1e120)
    engine = Ensemble((huge, huge), np.eye(1), np.eye(1), 0.0, 1.0, ceiling=1e300)
    records = engine.advance(3)
    assert np.isinf(records.losses).all()
    assert np.isinf(records.squared_norms).all()
    assert [float(w[0, 0]) for w in engine.weights] == [1e120, 1e120]


@pytest.mark.parametrize("engine", [Ensemble, Stack])
def test_overflow_to_minus_infinity_stops_a_network(engine):
    # An indefinite matrix stands for a quadratic form that overflows to the wrong sign.
    w = np.full((1, 1, 1), 1e100)
    start = engine((w, w), -np.eye(1)[None], np.zeros((1, 1, 1)), np.zeros(1), np.ones(1), 1e300)
    with np.errstate(over="ignore"):
        assert (start.advance(2).losses == -np.inf).all()
    assert [float(w[0, 0, 0]) for w in start.weights] == [1e100, 1e100]


@pytest.mark.parametrize("engine", [Ensemble, Stack])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_loss_of_the_size_of_the_ceiling_stops_nobody(sign, engine):
    two = np.full((1, 1, 1), 2.0)
    for ceiling, goes_on in ((4.0, True), (np.nextafter(4.0, 0.0), False)):  # the loss is ± 2²
        cov = sign * np.eye(1)[None]
        run = engine((two,), cov, np.zeros((1, 1, 1)), np.zeros(1), np.ones(1), ceiling)
        assert run.advance(1).losses[0] == sign * 4
        assert (run.weights[0].item() != 2.0) == goes_on


def test_overflow_of_the_squared_norm_is_silent():
    w = np.full((1, 1), 1.92e51)  # the norm's square is 8 w^6, a quarter of it is finite
    records = Ensemble((w, w), np.eye(1), np.zeros((1, 1)), 0.0, 1.0).advance(0)
    assert np.isinf(records.squared_norms).all()
    assert np.isfinite(records.losses).all()


@pytest.mark.parametrize("make", [Ensemble, stacked], ids=["compiled", "numpy"])
def test_a_network_stops_at_the_record_within_the_tolerance(make):
    case = ensemble((3, 5, 2), (9,))
    records = make(*case).advance(500)
    tolerance = float(np.sqrt(np.median(records.squared_norms[100])))
    engine = make(*case, np.inf, tolerance)
    stopped = engine.advance(500)
    for b in range(9):
        within = records.squared_norms[:, b] <= tolerance**2
        end = int(np.argmax(within)) if within.any() else 500
        np.testing.assert_array_equal(stopped.losses[: end + 1, b], records.losses[: end + 1, b])
        assert (stopped.losses[end:, b] == records.losses[end, b]).all()
    weights = [w.copy() for w in engine.weights]
    again = engine.advance(3)
    np.testing.assert_array_equal(again.losses[0], stopped.losses[-1])
    there = stopped.squared_norms[-1] <= tolerance**2
    assert there.sum() >= 5
    for before, now in zip(weights, engine.weights, strict=True):
        np.testing.assert_array_equal(now[there], before[there])
        assert (now[~there] != before[~there]).any() or there.all()


def losses_in_a_worker():
    return Ensemble(*ensemble((5, 5, 5, 5), (1000,))).advance(30, every=10, threads=2).losses


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_runs_in_worker_processes(method):
    here = losses_in_a_worker()
    with multiprocessing.get_context(method).Pool(1) as pool:
        there = pool.apply_async(losses_in_a_worker).get(timeout=60)
    np.testing.assert_array_equal(here, there)


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_runs_under_joblib(backend):
    runs = joblib.Parallel(n_jobs=2, backend=backend)(
        joblib.delayed(losses_in_a_worker)() for _ in range(3)
    )
    for run in runs:
        np.testing.assert_array_equal(run, losses_in_a_worker())


class Counting(np.ndarray):
    """An array whose matrix products are counted."""

    flops = 0

    def __matmul__(self, other):
        Counting.flops += 2 * self.shape[0] * self.shape[1] * other.shape[1]
        return (np.asarray(self) @ np.asarray(other)).view(Counting)


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_the_work_of_a_step_is_counted_for_the_choice_of_threads(widths):
    weights, cov_xx, target, _, _ = ensemble(widths, ())
    Counting.flops = 0
    unchecked_gradient(
        tuple(w.view(Counting) for w in weights), cov_xx.view(Counting), target.view(Counting)
    )
    entries, loss = sum(w.size for w in weights), 2 * target.size
    assert compiled._kernel(widths).flops == Counting.flops + 2 * entries + loss


@pytest.mark.parametrize(
    ("blocks", "work", "threads"),
    [(4, 1.9e7, 1), (4, 2.1e7, 2), (4, 3.1e7, 3), (4, 9e7, 3), (2, 9e7, 2), (1, 9e7, 1)],
)
def test_a_thread_is_worth_ten_million_operations(monkeypatch, blocks, work, threads):
    started = []

    class Counted(ThreadPoolExecutor):
        def __init__(self, count):
            started.append(count)
            super().__init__(count)

    monkeypatch.setattr(compiled, "ThreadPoolExecutor", Counted)
    monkeypatch.setattr(compiled, "_cores", lambda: 3)
    case = ensemble((5, 5, 5, 5), (8 * blocks,))
    steps = round(work / (compiled._kernel((5, 5, 5, 5)).flops * 8 * blocks)) - 1
    Ensemble(*case).advance(steps, every=100)
    assert started == ([threads] if threads > 1 else [])


def test_thread_limit_of_the_environment_is_respected(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3,1")
    assert compiled._cores() == 3
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert compiled._cores() >= 1
    own = {0: {4, 5, 9}}  # 0 stands for the process that asks
    monkeypatch.setattr("os.sched_getaffinity", own.__getitem__, raising=False)
    assert compiled._cores() == 3
    monkeypatch.delattr("os.sched_getaffinity")
    for found, counted in ((6, 6), (None, 1)):
        monkeypatch.setattr("os.cpu_count", lambda found=found: found)
        assert compiled._cores() == counted


def test_widths_up_to_sixteen_are_compiled_unless_told():
    for widths, engine in (((16, 2, 16), Ensemble), ((2, 17, 2), Stack)):
        assert choice.choose("auto", widths) is engine
        assert choice.choose("numpy", widths) is Stack
        assert choice.choose("compiled", widths) is Ensemble


@pytest.mark.parametrize(("found", "usable"), [("0.44.0", False), ("0.45.1", True), ("1.0", True)])
def test_available_needs_a_recent_llvmlite(monkeypatch, found, usable):
    monkeypatch.setattr(choice, "version", lambda name: found)
    assert choice.available.__wrapped__() is usable


def test_available_without_llvmlite(monkeypatch):
    def missing(name):
        raise choice.PackageNotFoundError(name)

    monkeypatch.setattr(choice, "version", missing)
    assert choice.available.__wrapped__() is False


def test_llvmlite_is_loaded_only_when_used():
    code = "import sys, lnn, lnn.descent._engines.compiled; assert 'llvmlite' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
