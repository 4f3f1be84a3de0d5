"""The runs of the first page, and the order of the chapters."""

from functools import lru_cache

import numpy as np

from lnn._checks import Array, Weights
from lnn.book.digits import digits, one_hot
from lnn.data import principal_components, saddle_problem
from lnn.initialization import gaussian
from lnn.problem import Problem

STEP_SIZE = 1e-5
STEPS = 4000


@lru_cache(maxsize=1)
def staircase_start() -> tuple[Problem, Weights]:
    """Return the data of the report's section 4 and the small random weights of the first page.

    Returns
    -------
    problem : Problem
    weights : tuple of arrays
        Widths (5, 4, 4, 5), entries N(0, 0.01²).
    """
    rng = np.random.default_rng(1)
    problem = saddle_problem(rng)
    return problem, gaussian((5, 4, 4, 5), rng, std=0.01)


# A network with activations, on real data ---------------------------------------------------------

DIGITS = 600
COMPONENTS = 20
TANH_WIDTHS = (COMPONENTS, 20, 20, 10)
TANH_STEP_SIZE = 1e-4
TANH_STEPS = 3000


@lru_cache(maxsize=1)
def digit_problem() -> Problem:
    """Return the first 600 digits by their leading principal components, and what they are."""
    images, labels = digits()
    parts = principal_components(images, COMPONENTS)
    scale = np.linalg.norm(parts.basis, axis=0)[:, None]  # the components come whitened
    return Problem((scale * parts.scores)[:, :DIGITS], one_hot(labels[:DIGITS]))


def tanh_loss(weights: Weights, problem: Problem) -> tuple[float, Weights]:
    """Return the loss ‖Y − f(X)‖² of a network with tanh between its layers, and its gradient.

    Parameters
    ----------
    weights : tuple of (d_j, d_{j-1}) arrays
    problem : Problem

    Returns
    -------
    loss : float
    gradient : tuple of arrays, like `weights`
    """
    signals = [problem.X]
    for w in weights[:-1]:
        signals.append(np.tanh(w @ signals[-1]))
    error = weights[-1] @ signals[-1] - problem.Y
    slopes, back = [], 2 * error
    for w, before in zip(weights[::-1], signals[::-1], strict=True):
        slopes.append(back @ before.T)
        back = (w.T @ back) * (1 - before**2)  # not used once the inputs are reached
    return float(np.sum(error**2)), tuple(slopes[::-1])


@lru_cache(maxsize=1)
def tanh_run() -> Array:
    """Return the losses of gradient descent for the network with tanh on the digits."""
    weights = gaussian(TANH_WIDTHS, np.random.default_rng(0), std=0.01)
    losses = []
    for _ in range(TANH_STEPS + 1):
        value, slopes = tanh_loss(weights, digit_problem())
        losses.append(value)
        weights = tuple(w - TANH_STEP_SIZE * g for w, g in zip(weights, slopes, strict=True))
    return np.array(losses)


# What needs what ----------------------------------------------------------------------------------

NEEDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "linear_networks": ("What depth changes", ()),
    "first_order": ("No bad minima", ("linear_networks",)),
    "saddles": ("Saddles", ("first_order",)),
    "plateaus": ("Plateaus", ("saddles",)),
    "step_size": ("A safe step size", ("linear_networks",)),
    "step_size_experiments": ("How safe is it?", ("step_size",)),
    "divergence": ("The largest step", ("step_size",)),
    "exact_dynamics": ("Exact dynamics", ("linear_networks",)),
    "nonlinear": ("With activations", ("first_order",)),
    "your_data": ("Your own data", ("plateaus", "divergence")),
}
"""Each chapter, in the order of the book, with a short name and the chapters that it needs."""
