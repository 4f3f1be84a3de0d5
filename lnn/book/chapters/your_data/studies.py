"""The digits, and how well a map of low rank recognizes them."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lnn._checks import Array, Weights
from lnn.book.digits import digits, one_hot
from lnn.data import Check, Components, check_assumptions, principal_components
from lnn.descent.run import descend
from lnn.initialization import gaussian
from lnn.problem import Problem
from lnn.steps.divergence import divergence_bound
from lnn.steps.search import attempt

TRAINING = 1200
COMPONENTS = 20
WIDTHS = (COMPONENTS, 12, 12, 10)
NEW_DIGITS = {"4": 1225, "7": 1200, "9": 1249, "8": 1210}
"""Images outside the training set to try a map on; the last is one that no rank names rightly."""


@lru_cache(maxsize=64)
def digit_problem(components: int = COMPONENTS) -> tuple[Problem, Components]:
    """Return the first 1200 digits on their leading principal components."""
    images, labels = digits()
    parts = principal_components(images[:, :TRAINING], components)
    return Problem(parts.scores, one_hot(labels[:TRAINING])), parts


def accuracy(matrix: Array, parts: Components) -> tuple[float, float]:
    """Return the shares of digits that a linear map classifies rightly: training, and the rest.

    Parameters
    ----------
    matrix : (10, components) array
        The digit is the largest output.
    parts : Components

    Returns
    -------
    training, test : float
    """
    images, labels = digits()
    right = (matrix @ parts.apply(images)).argmax(axis=0) == labels
    return float(right[:TRAINING].mean()), float(right[TRAINING:].mean())


@lru_cache(maxsize=64)
def least_squares_accuracy(components: int) -> tuple[float, float]:
    problem, parts = digit_problem(components)
    return accuracy(problem.least_squares, parts)


def start() -> Weights:
    """Return the small random weights from which the chapter's runs start."""
    return gaussian(WIDTHS, np.random.default_rng(0), std=0.002)


def outcomes(step_sizes: Array, steps: int) -> tuple[str, ...]:
    """Return in words what gradient descent does at each step size, from `start`.

    A run has arrived when its loss is within a thousandth of the least of rank 10. Whether one that
    has not arrived settles is decided by the run itself (`lnn.steps.attempt`).
    """
    problem, _ = digit_problem()
    weights = tuple(np.stack([w] * len(step_sizes)) for w in start())
    tried = attempt(weights, problem, step_sizes, steps=steps)
    ended = descend(weights, problem, step_sizes, steps, record_every=steps).losses[:, -1]
    words = []
    for failed, diverged, loss in zip(tried.failed, tried.diverged, ended, strict=True):
        if diverged:
            words.append("diverges")
        elif loss < float(problem.floor(10)) * (1 + 1e-3):
            words.append("reaches the\nglobal minimum")
        else:
            words.append("never\nsettles" if failed else "still on\nthe way")
    return tuple(words)


@dataclass(frozen=True, eq=False)
class Staircase:
    """How a run goes down.

    Attributes
    ----------
    recorded : (k,) array
    losses : (k,) array
    levels : list of float
        The predicted ones, of rank 0 to 10.
    arrival : int
        Steps until the loss is within one per cent, of the whole fall, of the lowest level.
    resting : float
        Share of these steps within one per cent of some level.
    """

    recorded: Array
    losses: Array
    levels: list[float]
    arrival: int
    resting: float


@lru_cache(maxsize=32)
def staircase(size: float, layers: int) -> Staircase:
    """Run from weights of a size at half the divergence bound until the run has arrived.

    Parameters
    ----------
    size : float
        Standard deviation of the initial weights.
    layers : int
        All hidden ones have twelve units.
    """
    problem, _ = digit_problem()
    widths = (COMPONENTS, *[12] * (layers - 1), 10)
    begin = gaussian(widths, np.random.default_rng(0), std=size)
    run = descend(begin, problem, 0.5 * float(divergence_bound(problem, widths)), 10_000)
    levels = [float(problem.floor(r)) for r in range(11)]
    near = 0.01 * (levels[0] - levels[-1])
    arrival = int(np.argmax(run.losses < levels[-1] + near))
    away = np.abs(run.losses[:arrival, None] - levels).min(axis=1)
    return Staircase(run.recorded, run.losses, levels, arrival, float((away < near).mean()))


def mode_pictures() -> tuple[Array, Array]:
    """Return what each mode sees and what it answers.

    Returns
    -------
    inputs : (10, 64) array
        Row i: the pixels that mode i adds up, as an image.
    answers : (10, 10) array
        Row i: by how much mode i moves the output of each digit.
    """
    problem, parts = digit_problem()
    u = problem.eigenvectors
    return u.T @ problem.least_squares @ np.linalg.pinv(parts.basis), u.T


def failing() -> dict[str, tuple[Check, ...]]:
    """Return the checks of four data sets that do not meet all assumptions, or barely."""
    problem, parts = digit_problem()
    Y = problem.Y
    cases = {
        "centred one-hot targets": (parts.scores, Y - Y.mean(axis=1, keepdims=True)),
        "a single target": (parts.scores, Y[:1]),
        "more targets than inputs": (parts.scores[:5], Y),
        "whitened inputs as their own targets": (parts.scores, parts.scores),
    }
    return {name: tuple(check_assumptions(*pair).checks) for name, pair in cases.items()}
