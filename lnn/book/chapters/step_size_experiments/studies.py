"""The report's step-size experiment (section 5.4) as the task of a study."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from lnn._checks import Array
from lnn.data import step_problem
from lnn.initialization import gaussian
from lnn.problem import Problem
from lnn.steps.convergence import convergence_bound, shrink_to_alpha
from lnn.steps.search import first_failure
from lnn.steps.stability import stability_limit
from lnn.studies import run_study

ALPHA = 0.71894
"""The report's α."""


def step_size_experiment(
    rng: np.random.Generator,
    size: tuple[int, ...],
    *,
    widths: Sequence[int] = (5, 5, 5, 5),
    alpha: float = ALPHA,
    steps: int = 5000,
    search: Literal["none", "doubling", "near"] = "none",
) -> dict[str, Array]:
    """Draw a problem and a network; return the proved step size and the first that fails.

    The problem is `step_problem`; the weights are standard normal, scaled down until their
    balancedness constant is α δ, with δ as in the report's (30). The draws of the problem come
    first, so that studies with the same seed and different widths meet the same problems.

    Parameters
    ----------
    rng : numpy.random.Generator
    size : tuple of int
        () for one member, (n,) for n.
    widths : sequence of int
        (5, ..., 5).
    alpha : float
    steps : int
    search : {"none", "doubling", "near"}
        Whether to look for the first failing step size, from 0.9 times the proved one: by doubling
        from there, or near the place where it is expected (`first_failure`, argument `guess`).

    Returns
    -------
    dict of str to (*size) array
        bound, M, alpha, delta, smallest (σ_min(X)); with a search also failing, the first step size
        that fails, and doublings; with "doubling" also diverging, the first that diverges, and
        limit, 2 / λ_max where the last run that did not fail ended.

    Examples
    --------
    >>> result = step_size_experiment(np.random.default_rng(0), ())
    >>> sorted(result), round(float(result["alpha"]), 5)
    (['M', 'alpha', 'bound', 'delta', 'smallest'], 0.71894)
    """
    problem = step_problem(rng, size=size)
    weights = shrink_to_alpha(gaussian(widths, rng, size=size), problem, alpha)
    bound = convergence_bound(weights, problem)
    result = {
        "bound": bound.step_size,
        "M": bound.M,
        "alpha": bound.alpha,
        "delta": bound.delta,
        "smallest": problem.singular_values_x[..., -1],
    }
    if search == "none":
        return result
    start = 0.9 * bound.step_size
    if search == "near":
        guess = _expected(problem, len(weights))
        failure = first_failure(weights, problem, start, guess=guess, steps=steps)
        return result | {"failing": failure.step_size, "doublings": failure.doublings}
    failure = first_failure(weights, problem, start, steps=steps)
    divergence = first_failure(
        weights,
        problem,
        start,
        guess=failure.step_size,
        divergence_only=True,
        steps=steps,
    )
    return result | {
        "failing": failure.step_size,
        "doublings": failure.doublings,
        "diverging": divergence.step_size,
        "limit": stability_limit(failure.weights, problem),
    }


def _expected(problem: Problem, depth: int) -> Array:
    """Return 1 / (N ‖A v‖^{2/N} σ^{2−2/N}), (σ, v) the top singular pair of T A, A Aᵀ = Σ_XX.

    2 over a bound of the sharpness from below; twice that is a step size at which most runs fail.
    A cheap start of a search: `lnn.steps.divergence.divergence_bound` is the sharp bound.
    """
    sigma = np.sqrt(problem.eigenvalues[..., 0])
    # v = (T A)ᵀ u / σ, so A v = Σ_YXᵀ u / σ.
    image = (problem.cov_yx.mT @ problem.eigenvectors[..., :1])[..., 0] / sigma[..., np.newaxis]
    stretch = np.linalg.norm(image, axis=-1)
    return np.asarray(1 / (depth * stretch ** (2 / depth) * sigma ** (2 - 2 / depth)))


NETWORKS = 500
SEED = 54
STORED = Path(__file__).with_name("doublings_100k.npz")
"""Written by tests/benchmarks/study_100k.py."""


def stored_doublings() -> np.ndarray:
    """Return how often 0.9 times the proved step size can be doubled before a run fails.

    Returns
    -------
    (100000,) array of int
        Of the members of the study with seed `SEED` and widths 5-5-5-5, in order.
    """
    with np.load(STORED) as file:
        return np.asarray(file["doublings"], dtype=np.int64)


@lru_cache(maxsize=64)
def bounds(depth: int, width: int) -> Array:
    """Return the proved step sizes of many networks, all on the same problems.

    Parameters
    ----------
    depth : int
        N.
    width : int
        Of the hidden layers.

    Returns
    -------
    (NETWORKS,) array
    """
    widths = (5, *[width] * (depth - 1), 5)
    study = run_study(step_size_experiment, NETWORKS, seed=SEED, options={"widths": widths})
    return study["bound"]
