"""Studies of the chapter: width, noise, and runs from many starts."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lnn._checks import Array, Weights
from lnn.initialization import gaussian
from lnn.one_hidden_layer import (
    RELU,
    TANH,
    SuccessRate,
    descend,
    hinge_problem,
    linear_minimum,
    success_rate,
    with_ones,
)
from lnn.problem import Problem

WIDTH_RUNS, WIDTH_STEPS = 60, 8000
LOUD, QUIET = 4000, 2000

ACTIVATIONS = {"ReLU": RELU, "tanh": TANH}
WIDTHS = (1, 2, 4, 6, 10, 16)
RUNS = 100
NOISES = tuple(range(17))
STEP_SIZE = 0.008
REACHED = 0.01
"""A run on the hinge has reached the global minimum, which is 0, when its loss is below this."""


def hinge_minima() -> tuple[Weights, Weights]:
    """Return the spurious minimum of the hinge, the best line, and a global one, with two units.

    Returns
    -------
    spurious, best : tuple of (2, 2) and (1, 2) arrays
    """
    best = (np.array([[1.0, -2.0], [0.0, 1.0]]), np.array([[1.0, 1.0]]))
    return linear_minimum(hinge_problem(), units=2), best


def scattered_problem() -> Problem:
    """Return ten random samples in R³ with random targets and a row of ones."""
    rng = np.random.default_rng(1)
    return Problem(with_ones(rng.standard_normal((3, 10))), rng.standard_normal((1, 10)))


@dataclass(frozen=True, eq=False)
class WidthStudy:
    """Where runs from random weights end.

    Attributes
    ----------
    weights : tuple of (WIDTH_RUNS, units, 4) and (WIDTH_RUNS, 1, units) arrays
    losses : (WIDTH_RUNS,) array
        Relative to ‖Y‖².
    """

    weights: Weights
    losses: Array


@lru_cache(maxsize=64)
def width_study(activation: str, units: int) -> WidthStudy:
    """Run full-batch descent on `scattered_problem` from random weights.

    A run ends when its loss is below a thousandth of ‖Y‖², or after WIDTH_STEPS steps.

    Parameters
    ----------
    activation : str
        "ReLU" or "tanh".
    units : int

    Returns
    -------
    WidthStudy
    """
    problem, block = scattered_problem(), 500
    first, second = gaussian((4, units, 1), np.random.default_rng(units), size=(WIDTH_RUNS,))
    second = second / np.sqrt(units)
    losses = np.full(WIDTH_RUNS, np.inf)
    for _ in range(WIDTH_STEPS // block):
        going = losses > 1e-3
        if not going.any():
            break
        run = descend(
            (first[going], second[going]),
            problem,
            0.1 / (10 + units),
            block,
            activation=ACTIVATIONS[activation],
            record_every=block,
        )
        first[going], second[going] = run.weights
        losses[going] = run.losses[:, -1] / np.sum(problem.Y**2)
    return WidthStudy((first, second), losses)


def _near(weights: Weights, rng: np.random.Generator, size: tuple[int, ...]) -> Weights:
    return tuple(w + 0.05 * rng.standard_normal((*size, *w.shape)) for w in weights)


@dataclass(frozen=True, eq=False)
class NoiseStudy:
    """Where runs end that start beside the spurious minimum, for each noise of `NOISES`.

    Attributes
    ----------
    losses : (noises, RUNS) array
    reached, left, worse : SuccessRate
        Share of runs that reached the global minimum; that ended below the spurious minimum; that
        ended above it.
    """

    losses: Array
    reached: SuccessRate
    left: SuccessRate
    worse: SuccessRate


@lru_cache(maxsize=1)
def noise_study() -> NoiseStudy:
    """Shake runs that start beside the spurious minimum with each noise, then let them settle."""
    rng = np.random.default_rng(0)
    problem = hinge_problem()
    size = (len(NOISES), RUNS)
    run = descend(
        _near(hinge_minima()[0], rng, size),
        problem,
        STEP_SIZE,
        LOUD + QUIET,
        rng=rng,
        noise=np.array(NOISES)[:, None] * np.ones(RUNS),
        quiet=QUIET,
        record_every=LOUD + QUIET,
    )
    losses = run.losses[..., -1]
    bad = float(problem.residual)
    return NoiseStudy(
        losses,
        reached=success_rate(losses < REACHED),
        left=success_rate(losses < 0.95 * bad),
        worse=success_rate(losses > 1.05 * bad),
    )


METHODS: dict[str, tuple[int | None, float]] = {
    "full batch": (None, 0.0),
    "one sample a step": (1, 0.0),
    "noise 4": (None, 4.0),
}
"""Batch size and noise, by name."""


@lru_cache(maxsize=1)
def start_study() -> tuple[tuple[str, ...], dict[str, Array]]:
    """Run each method from beside the spurious minimum, from dead units and from random weights.

    Returns
    -------
    groups : tuple of str
        The starts.
    losses : dict of str to (starts, 2 RUNS) array
        Final losses, by method.
    """
    problem = hinge_problem()
    dead = (np.array([[0.0, -2.0], [0.0, -2.0]]), np.array([[1.0, 1.0]]))
    rng = np.random.default_rng(0)
    starts = {
        "beside the\nspurious minimum": _near(hinge_minima()[0], rng, (2 * RUNS,)),
        "all units\ndead": _near(dead, rng, (2 * RUNS,)),
        "random\nweights": gaussian((2, 2, 1), rng, size=(2 * RUNS,)),
    }
    first, second = (np.stack(w) for w in zip(*starts.values(), strict=True))
    losses = {}
    for label, (batch, noise) in METHODS.items():
        run = descend(
            (first, second),
            problem,
            STEP_SIZE,
            LOUD + QUIET,
            rng=rng,
            batch=batch,
            noise=noise,
            quiet=QUIET,
            record_every=LOUD + QUIET,
        )
        losses[label] = run.losses[..., -1]
    return tuple(starts), losses
