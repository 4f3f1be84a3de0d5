"""Data and runs of the chapter."""

from functools import lru_cache

import numpy as np

from lnn._checks import Array, Weights
from lnn.descent.run import Run, Stop, descend
from lnn.initialization import gaussian
from lnn.problem import Problem
from lnn.steps.convergence import convergence_bound, shrink_to_alpha
from lnn.steps.divergence import divergence_bound
from lnn.steps.search import attempt
from lnn.steps.stability import quadratic_limit, stability_limit

WIDTHS = (3, 3, 3, 3)
STEPS = 600
Q = np.array([[3.0, 1.0], [1.0, 1.5]])


@lru_cache(maxsize=1)
def example() -> tuple[Problem, Weights]:
    """Return the chapter's example: well-conditioned data and three layers of width three.

    Returns
    -------
    problem : Problem
        Y ≈ diag(3, 2, 1) X, twenty samples.
    weights : tuple of (3, 3) arrays
        Gaussian, scaled down until α = 0.5 in Theorem 2.4.
    """
    rng = np.random.default_rng(3)
    X = rng.standard_normal((3, 20)) / np.sqrt(20)
    Y = np.diag([3.0, 2.0, 1.0]) @ X + 0.05 * rng.standard_normal((3, 20))
    problem = Problem(X, Y)
    return problem, shrink_to_alpha(gaussian(WIDTHS, rng), problem, 0.5)


def run_at(step_size: float) -> Run:
    """Return the example's run at a step size."""
    problem, weights = example()
    return descend(weights, problem, step_size, STEPS)


@lru_cache(maxsize=1)
def landmarks() -> dict[str, float]:
    """Return the step sizes to be marked: proved, 2 / λ_max reached, and where runs blow up.

    Returns
    -------
    dict of str to float
    """
    problem, weights = example()
    reached = descend(weights, problem, 0.02, 3000, record_every=3000).weights
    low, high = 0.01, 1.0
    for _ in range(12):  # bisection for the step size from which runs blow up
        middle = (low * high) ** 0.5
        if attempt(weights, problem, middle, steps=STEPS).diverged:
            high = middle
        else:
            low = middle
    return {
        "proved": float(convergence_bound(weights, problem).step_size),
        "2/λₘₐₓ": float(stability_limit(reached, problem)),
        "no minimum is stable": float(divergence_bound(problem, WIDTHS)),
        "blows up": high,
    }


def verdict_on(run: Run, floor: float) -> str:
    if run.stop == Stop.DIVERGED:
        return f"blows up within {run.steps} steps"
    excess = run.losses - floor
    if (np.diff(run.losses[-100:]) > 1e-9).any():
        return "oscillates and settles nowhere"
    if excess[-1] < 1e-6:
        return f"within 10⁻⁶ of the minimum after {int(np.argmax(excess < 1e-6))} steps"
    return "on its way down, slowly"


def quadratic_path(fraction: float, steps: int = 40) -> Array:
    """Return x_{k+1} = x_k − η Q x_k from (−2.5, 1.5), with η = fraction · 2 / λ_max(Q).

    Parameters
    ----------
    fraction : float
    steps : int

    Returns
    -------
    (steps + 1, 2) array
    """
    eta = fraction * float(quadratic_limit(Q))
    points = [np.array([-2.5, 1.5])]
    for _ in range(steps):
        points.append(points[-1] - eta * Q @ points[-1])
    return np.stack(points)
