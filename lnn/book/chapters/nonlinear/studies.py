"""Studies of the chapter: width, a trap inside a tile, noise and how long it takes.

The two large ones, `width_ends` and `exits`, are stored: ``tests/benchmarks/study_nonlinear.py``
computes them anew, and the tests repeat a part of each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from lnn._checks import Array, Weights
from lnn.book.stored import stored_arrays
from lnn.initialization import gaussian
from lnn.one_hidden_layer import (
    RELU,
    TANH,
    SuccessRate,
    descend,
    gradient,
    hinge_problem,
    linear_minimum,
    success_rate,
    with_ones,
)
from lnn.problem import Problem

STORED = Path(__file__).with_name("studies.npz")

ACTIVATIONS = {"ReLU": RELU, "tanh": TANH}
WIDTHS = (1, 2, 4, 6, 10, 16)
DATA_SETS = 8
WIDTH_RUNS, WIDTH_STEPS, WIDTH_STEP = 40, 8000, 0.01

STEP_SIZE = 0.008
RUNS = 200
QUIET = 2000
"""Full-batch steps without noise that tell where a run is, apart from how far it is shaken."""

DURATIONS = (250, 500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000)
NOISES = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0)
NOISE_STEPS = (0.004, 0.008)
BATCH_STEPS = (0.002, 0.004, 0.008, 0.012, 0.016, 0.02, 0.03)
STARTS = ("line", "random", "dead")
ENDS = ("reached", "lower", "line", "higher", "gone")
"""Where a run settles: loss 0; below the line's 0.7; at it; above it; at no finite loss."""


def hinge_minima() -> tuple[Weights, Weights]:
    """Return the spurious minimum of the hinge, the best line, and a global one, with two units.

    Returns
    -------
    spurious, best : tuple of (2, 2) and (1, 2) arrays
    """
    best = (np.array([[1.0, -2.0], [0.0, 1.0]]), np.array([[1.0, 1.0]]))
    return linear_minimum(hinge_problem(), units=2), best


@dataclass(frozen=True, eq=False)
class End:
    """A loss at which several runs end.

    Attributes
    ----------
    loss : float
        To two decimals.
    runs : int
    weights : tuple of arrays
        Of one of the runs.
    """

    loss: float
    runs: int
    weights: Weights


def common_ends(weights: Sequence[Array], losses: Array, count: int) -> list[End]:
    """Return the losses, to two decimals, at which most runs end, the lowest first.

    Parameters
    ----------
    weights : tuple of (runs, ...) arrays
    losses : (runs,) array
        At their ends.
    count : int
        How many losses to return.

    Examples
    --------
    >>> ends = common_ends([np.arange(4.0)], np.array([0.7, 16, 0.001, 0.7]), count=2)
    >>> [(end.loss, end.runs) for end in ends]
    [(0.0, 1), (0.7, 2)]
    """
    rounded = np.round(losses, 2)
    levels, first, runs = np.unique(rounded, return_index=True, return_counts=True)
    most = np.sort(np.argsort(-runs, kind="stable")[:count])
    return [End(float(levels[k]), int(runs[k]), tuple(w[first[k]] for w in weights)) for k in most]


def scattered_problem(seed: int = 0) -> Problem:
    """Return ten random samples in R³ with random targets and a row of ones."""
    rng = np.random.default_rng(seed)
    return Problem(with_ones(rng.standard_normal((3, 10))), rng.standard_normal((1, 10)))


def width_run(
    activation: str, units: int, seed: int, *, step_size: float = WIDTH_STEP
) -> tuple[Weights, Array]:
    """Run full-batch descent on one data set from `WIDTH_RUNS` random starts.

    A run ends when its loss is below a thousandth of ‖Y‖², or after `WIDTH_STEPS` steps.

    Returns
    -------
    weights : tuple of (WIDTH_RUNS, units, 4) and (WIDTH_RUNS, 1, units) arrays
    losses : (WIDTH_RUNS,) array
        Relative to ‖Y‖².
    """
    problem, block = scattered_problem(seed), 500
    rng = np.random.default_rng((seed, units))
    first, second = gaussian((4, units, 1), rng, size=(WIDTH_RUNS,))
    second = second / np.sqrt(units)
    losses = np.full(WIDTH_RUNS, np.inf)
    for _ in range(WIDTH_STEPS // block):
        going = losses > 1e-3
        if not going.any():
            break
        run = descend(
            (first[going], second[going]),
            problem,
            step_size,
            block,
            activation=ACTIVATIONS[activation],
            record_every=block,
        )
        first[going], second[going] = run.weights
        losses[going] = run.losses[:, -1] / np.sum(problem.Y**2)
    return (first, second), losses


def width_ends(activation: str) -> Array:
    """Return the stored final losses of `width_run`, relative to ‖Y‖².

    Returns
    -------
    (WIDTHS, DATA_SETS, WIDTH_RUNS) array
    """
    return np.asarray(stored_arrays(STORED)[f"width {activation}"], dtype=np.float64)


def start_near(name: str, rng: np.random.Generator) -> Weights:
    """Return `RUNS` starts: beside the line, beside a dead network, or Gaussian."""
    if name == "random":
        return gaussian((2, 2, 1), rng, size=(RUNS,))
    dead = (np.array([[0.0, -2.0], [0.0, -2.0]]), np.ones((1, 2)))
    point, spread = (hinge_minima()[0], 0.02) if name == "line" else (dead, 0.1)
    return tuple(w + spread * rng.standard_normal((RUNS, *w.shape)) for w in point)


def settle(weights: Sequence[Array]) -> np.ndarray:
    """Return where runs are: indices into `ENDS` after `QUIET` full-batch steps.

    Parameters
    ----------
    weights : tuple of (n, h, 2) and (n, 1, h) arrays

    Returns
    -------
    (n,) array of int
    """
    problem = hinge_problem()
    finite = np.all([np.isfinite(w).all(axis=(-2, -1)) for w in weights], axis=0)
    safe = tuple(np.where(finite[:, None, None], w, 0.0) for w in weights)
    losses = descend(safe, problem, STEP_SIZE, QUIET, record_every=QUIET).losses[:, -1]
    line = float(problem.residual)
    return np.where(finite, np.digitize(losses, [0.01, 0.95 * line, 1.05 * line]), 4)


@lru_cache(maxsize=1)
def noisy_walk() -> tuple[Array, np.ndarray]:
    """Follow one run with noise 2 from beside the line until it has left it for the hinge.

    Returns
    -------
    units : (snapshots, 2, 2) array
        Weight and bias of both units every hundred steps.
    ends : (snapshots,) array of int
        Where a copy of the run settles that is let go there: indices into `ENDS`.
    """
    every, noise = 100, 2.0
    rng = np.random.default_rng(3)
    weights = tuple(w[:1] for w in start_near("line", rng))
    seen = [weights]
    for _ in range(240):
        weights = descend(
            weights, hinge_problem(), STEP_SIZE, every, rng=rng, noise=noise, record_every=every
        ).weights
        seen.append(weights)
    stacked = tuple(np.concatenate(layer) for layer in zip(*seen, strict=True))
    ends = settle(stacked)
    last = int(np.argmin(ends)) + 1
    return stacked[0][:last], ends[:last]


def exit_run(
    start: str,
    step_size: float,
    *,
    noise: float = 0.0,
    batch: int | None = None,
    durations: Sequence[int] = DURATIONS,
) -> np.ndarray:
    """Return where runs are after several numbers of noisy steps, the same runs at all of them.

    Parameters
    ----------
    start : {"line", "random", "dead"}
    step_size, noise : float
        η, and the standard deviation of what is added to each entry of the gradient.
    batch : int, optional
        Samples per step, drawn with replacement; all of them unless given.
    durations : sequence of int
        Increasing.

    Returns
    -------
    (durations, RUNS) array of int
        Indices into `ENDS`.
    """
    rng = np.random.default_rng([round(1e4 * step_size), round(10 * noise), batch or 0])
    weights, before, ends = start_near(start, rng), 0, []
    for duration in durations:
        steps = duration - before
        weights = descend(
            weights,
            hinge_problem(),
            step_size,
            steps,
            rng=rng,
            noise=noise,
            batch=batch,
            record_every=steps,
        ).weights
        before = duration
        ends.append(settle(weights))
    return np.array(ends)


def exits(start: str, method: str) -> np.ndarray:
    """Return the stored results of `exit_run`.

    Parameters
    ----------
    start : {"line", "random", "dead"}
    method : {"noise 0.004", "noise 0.008", "batch", "full"}
        Added noise of each of `NOISES` at a step size, or one sample per step, or the whole data,
        at each of `BATCH_STEPS`.

    Returns
    -------
    (NOISES or BATCH_STEPS, DURATIONS, RUNS) array of int
        Indices into `ENDS`.
    """
    return stored_arrays(STORED)[f"{method} from {start}"]


def share(ends: np.ndarray, *names: str) -> SuccessRate:
    """Return how many runs settle at one of the ends, with intervals, along the last axis."""
    return success_rate(np.isin(ends, [ENDS.index(name) for name in names]))


def median_exit(ends: np.ndarray) -> Array:
    """Return the steps after which half of the runs have left the line for a lower loss.

    Interpolated in the logarithm between durations; nan where half never have.

    Parameters
    ----------
    ends : (..., DURATIONS, RUNS) array of int
    """
    left = np.isin(ends, [0, 1]).mean(axis=-1)
    result = np.full(left.shape[:-1], np.nan)
    for index in np.ndindex(result.shape):
        above = np.flatnonzero(left[index] >= 0.5)
        if above.size and above[0] > 0:
            k = int(above[0])
            way = (0.5 - left[index][k - 1]) / (left[index][k] - left[index][k - 1])
            low, high = np.log(DURATIONS[k - 1]), np.log(DURATIONS[k])
            result[index] = np.exp(low + way * (high - low))
    return result


@dataclass(frozen=True, eq=False)
class Trap:
    """A local minimum in a tile of active units that is not the least of the tile's polynomial.

    Attributes
    ----------
    problem : Problem
    weights : tuple of (2, 3) and (2, 2) arrays
    loss : float
        At the weights.
    least : float
        The least loss found with the same pattern of active units held fixed.
    margin : float
        Smallest |W_1 x| of a unit on a sample: how far the weights are from the tile's boundary.
    """

    problem: Problem
    weights: Weights
    loss: float
    least: float
    margin: float


def gated_descent(
    weights: Sequence[Array], problem: Problem, pattern: Array, steps: int, step_size: float = 0.01
) -> tuple[Weights, Array]:
    """Run descent on Σ_i ‖y_i − W_2 D_i W_1 x_i‖² with fixed patterns D_i, the tile's polynomial.

    Parameters
    ----------
    weights : tuple of (n, h, d_x) and (n, d_y, h) arrays
    problem : Problem
    pattern : (h, m) array of 0 and 1
        Column i is the diagonal of D_i.
    steps : int
    step_size : float

    Returns
    -------
    weights : tuple
    losses : (n,) array
    """
    first, second = (np.array(w) for w in weights)
    with np.errstate(all="ignore"):
        for _ in range(steps):
            hidden = pattern * (first @ problem.X)
            error = 2 * (second @ hidden - problem.Y)
            slope = (pattern * (second.mT @ error)) @ problem.X.T
            second = second - step_size * error @ hidden.mT
            first = first - step_size * slope
        misfit = second @ (pattern * (first @ problem.X)) - problem.Y
        losses = np.sum(misfit**2, axis=(-2, -1))
    return (first, second), np.where(np.isfinite(losses), losses, np.inf)


@lru_cache(maxsize=1)
def trap() -> Trap:
    """Return a trap inside a tile, found by a search over draws of six samples with two outputs."""
    rng = np.random.default_rng(1033)
    X = with_ones(1.2 * rng.standard_normal((2, 6)))
    problem = Problem(X, rng.standard_normal((2, 6)))
    starts = gaussian((3, 2, 2), rng, size=(100,))
    first, second = descend(starts, problem, 0.01, 5000, record_every=5000).weights
    slopes = gradient((first, second), problem)
    size = np.sqrt(sum(np.sum(g**2, axis=(-2, -1)) for g in slopes))
    margins = np.abs(first @ X).min(axis=(-2, -1))
    losses = np.array([float(v) for v in _losses(first, second, problem)])
    chosen = int(np.argmin(np.where((size < 1e-5) & (margins > 0.03), np.abs(losses - 0.965), 9)))
    point = (first[chosen], second[chosen])
    pattern = (point[0] @ X > 0).astype(float)
    others = gaussian((3, 2, 2), np.random.default_rng(0), size=(60,))
    _, least = gated_descent(others, problem, pattern, 3000)
    return Trap(problem, point, losses[chosen], float(least.min()), float(margins[chosen]))


def _losses(first: Array, second: Array, problem: Problem) -> Array:
    misfit = second @ np.maximum(first @ problem.X, 0) - problem.Y
    return np.asarray(np.sum(misfit**2, axis=(-2, -1)))


@lru_cache(maxsize=4)
def activation_tiles(size: int = 220) -> np.ndarray:
    """Return which samples of the hinge a unit sees, over the plane of its weight and bias.

    Returns
    -------
    (size, size) array of int
        How many of the five samples are active at weight w in [−2, 2] (columns) and bias b in
        [−5, 5] (rows).
    """
    x = hinge_problem().X[0]
    w, b = np.meshgrid(np.linspace(-2, 2, size), np.linspace(-5, 5, size))
    return np.asarray((w[..., None] * x + b[..., None] > 0).sum(axis=-1))
