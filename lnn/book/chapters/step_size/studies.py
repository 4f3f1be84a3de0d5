"""Data and runs of the chapter."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lnn._checks import Array, Weights
from lnn.descent.run import Run, descend
from lnn.initialization import gaussian
from lnn.objective import loss
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
        Gaussian, scaled down until α = 0.5 in the convergence theorem.
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
    """Return the step sizes to be marked: proved, 2 / μ_max reached, and where runs blow up.

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
        "2/μₘₐₓ": float(stability_limit(reached, problem)),
        "no minimum is stable": float(divergence_bound(problem, WIDTHS)),
        "blows up": high,
    }


def quadratic_path(fraction: float, steps: int = 40) -> Array:
    """Return x_{k+1} = x_k − η Q x_k from (−2.5, 1.5), with η = fraction · 2 / μ_max(Q).

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


def points_along(w1: float, w2: float, step_sizes: Array) -> Array:
    """Return where steps of several sizes lead from a point of the valley (w₂ w₁ − 1)².

    Parameters
    ----------
    w1, w2 : float
    step_sizes : (k,) array

    Returns
    -------
    (k, 2) array
    """
    error = w2 * w1 - 1
    return np.asarray(np.array([w1, w2]) - step_sizes[:, None] * 2 * error * np.array([w2, w1]))


def sharpness_of_valley(points: Array) -> Array:
    """Return the largest Hessian eigenvalue of (w₂ w₁ − 1)².

    Parameters
    ----------
    points : (k, 2) array

    Returns
    -------
    (k,) array
    """
    weights = (points[:, :1, None], points[:, 1:, None])
    return np.asarray(2 / stability_limit(weights, Problem([[1.0]], [[1.0]])))


@dataclass(frozen=True, eq=False)
class Depths:
    """The proved step size of deeper and deeper networks.

    Attributes
    ----------
    step_sizes : (k,) array
    curvature : (k,) array
        1/B, what the curvature alone would allow.
    drift : (k,) array
        (1 − α) δ / (2 L), what the drift of the balance alone would allow.
    limit : (k,) array
        (1 − α) / (2 L N³), to which the drift tends.
    """

    step_sizes: Array
    curvature: Array
    drift: Array
    limit: Array


ALPHA = 0.5


def bounds_by_depth(depths: np.ndarray) -> Depths:
    """Compute the convergence bound on the example's data, at balancedness constant δ/2.

    Parameters
    ----------
    depths : (k,) array of int

    Returns
    -------
    Depths
        From Gaussian weights shrunk to α = ½: for deep networks their product is next to 0, so L
        is the same for all.
    """
    problem, _ = example()
    found, curvature, drift = [], [], []
    for depth in depths:
        weights = gaussian((3,) * (int(depth) + 1), np.random.default_rng(0))
        weights = shrink_to_alpha(weights, problem, ALPHA)
        bound = convergence_bound(weights, problem)
        found.append(float(bound.step_size))
        curvature.append(1 / float(bound.B))
        drift.append(float((1 - bound.alpha) * bound.delta / (2 * loss(weights, problem))))
    limit = (1 - ALPHA) / (2 * float(np.trace(problem.cov_yy)) * depths**3.0)
    return Depths(np.array(found), np.array(curvature), np.array(drift), limit)
