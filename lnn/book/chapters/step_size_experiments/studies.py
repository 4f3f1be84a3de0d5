"""The report's step-size experiment (section 5.4) as the task of a study."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from lnn._checks import Array, Weights
from lnn.book.browser import sizes
from lnn.book.stored import stored_arrays
from lnn.data import step_problem
from lnn.descent.plateaus import follow
from lnn.descent.run import descend
from lnn.initialization import gaussian
from lnn.intervals import quantile_interval, share_interval
from lnn.objective import loss, sharpness
from lnn.problem import Problem
from lnn.steps.convergence import convergence_bound, shrink_to_alpha
from lnn.steps.search import first_failure
from lnn.steps.stability import stability_limit
from lnn.studies import GeneratorStack, Study, member_generator, run_study

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


SIZES = sizes(
    members=(1000, 100),  # of the study with a search
    deep=(400, 100),  # of each depth
    drawn=(500, 200),  # of the explorer
    followed=(200, 50),  # that are run again
    printed=(300, 100),  # with the report's M
    large=(100_000, 2000),  # of the stored study
)
"""Networks. A study of fewer networks has the first of those of a larger one."""

NETWORKS = SIZES.drawn
STEPS = 5000
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
    return np.asarray(stored_arrays(STORED)["doublings"], dtype=np.int64)


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


def example(member: int = 4) -> tuple[Problem, Weights]:
    """Return a member of the study, by default the one that the chapter's first figure shows."""
    rng = member_generator(SEED, member)
    problem = step_problem(rng)
    return problem, shrink_to_alpha(gaussian((5, 5, 5, 5), rng), problem, ALPHA)


def _examples(few: int) -> tuple[Problem, Weights]:
    """Return the first members of the study, as one ensemble."""
    stack = GeneratorStack([member_generator(SEED, i) for i in range(few)])
    problem = step_problem(stack, size=(few,))
    return problem, shrink_to_alpha(gaussian((5, 5, 5, 5), stack, size=(few,)), problem, ALPHA)


def experiment(
    widths: tuple[int, ...],
    search: Literal["none", "doubling", "near"] = "none",
    members: int = SIZES.members,
) -> Study:
    """Run the experiment on many networks, two processes side by side."""
    options = {"widths": widths, "search": search, "steps": STEPS}
    return run_study(step_size_experiment, members, seed=SEED, options=options, jobs=2)


def ends_of_doublings(found: Study, few: int = SIZES.followed) -> tuple[Array, np.ndarray]:
    """Return the final losses of the first networks at all their doublings.

    Parameters
    ----------
    found : Study
        With doublings.
    few : int

    Returns
    -------
    ends : (doublings, few) array
        Relative to the loss at the start.
    good : (doublings, few) array of bool
        Whether the step size does not fail.
    """
    data, starts = _examples(few)
    count = found["doublings"][:few]
    doublings = np.arange(int(count.max()))[:, None]
    tried = 0.9 * found["bound"][:few] * 2.0**doublings
    losses = descend(starts, data, tried, STEPS, record_every=STEPS).losses
    return losses[..., -1] / losses[..., 0], doublings < count


def headings(
    found: Study, few: int = SIZES.followed, *, steps: int = STEPS, share: float = 0.5
) -> Array:
    """Return the last good step in units of 2 / μ_max of where a share of it has led the run.

    Half of it shows the minimizer that the network was heading for; the whole of it, after few
    steps, where the run is on its way.

    Parameters
    ----------
    found : Study
        Of widths 5-5-5-5, with failing.
    few : int
        Networks.
    steps : int
    share : float
        Of the last good step.

    Returns
    -------
    (few,) array
    """
    data, starts = _examples(few)
    last_good = found["failing"][:few] / 2
    reached = descend(starts, data, share * last_good, steps, record_every=steps).weights
    return np.asarray(last_good / stability_limit(reached, data))


def ride(
    found: Study, member: int, steps: np.ndarray, *, shares: Sequence[float] = (1.0, 0.5)
) -> Array:
    """Return the sharpness along the run of one network with shares of its last good step η.

    Parameters
    ----------
    found : Study
        Of widths 5-5-5-5, with failing.
    member : int
    steps : (k,) array of int
        Increasing.
    shares : sequence of float
        Of the last good step.

    Returns
    -------
    (s, k) array
        In units of 2/η, with the whole η for every share.
    """
    problem, start = example(member)
    eta = float(found["failing"][member]) / 2
    paths = [follow(start, problem, share * eta, steps.tolist()) for share in shares]
    return np.stack([sharpness(path.weights, problem) * eta / 2 for path in paths])


def cost_of_a_layer(layers: int, M: float) -> float:
    """Return by how much one more layer lowers the bound while the curvature decides.

    The bound is then 1 / (2 e N ‖X‖² M^{2 − 2/N} (1 + 1/N)^{N − 1}); the cost is its value for N
    layers over that for N + 1.
    """

    def curvature(n: int) -> float:
        return float(n * M ** (2 - 2 / n) * (1 + 1 / n) ** (n - 1))

    return curvature(layers + 1) / curvature(layers)


def depth_limit(found: Study) -> float:
    """Return the median of (1 − α) / (2 L), to which the bound times N³ tends.

    Weights small enough for α < 1 have a product near zero, so that L is ‖Y‖_F².
    """
    squares = [
        float(np.sum(step_problem(member_generator(SEED, i)).Y ** 2))
        for i in range(len(found["M"]))
    ]
    return float(np.median((1 - ALPHA) / (2 * np.array(squares))))


def inside(values: Array, low: float = 0.01, high: float = 0.03) -> tuple[float, float, float]:
    """Return the share of networks in an interval, in per cent, with its 95 % interval."""
    hits = int(((values >= low) & (values <= high)).sum())
    ends = share_interval(hits, values.size)
    return 100 * hits / values.size, 100 * float(ends[0]), 100 * float(ends[1])


def median(values: Array) -> tuple[float, float, float]:
    """Return the median with its 95 % interval."""
    low, high = quantile_interval(values)
    return float(np.median(values)), float(low), float(high)


def spread_ratio(a: Array, b: Array, *, draws: int = 1000) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the spread of b over that of a, networks paired.

    The spread is the width of the middle 80 % on the logarithmic scale.
    """
    chosen = np.random.default_rng(0).integers(0, a.size, size=(draws, a.size))
    widths = [
        np.diff(np.log(np.quantile(values[chosen], [0.1, 0.9], axis=1)), axis=0)[0]
        for values in (a, b)
    ]
    low, high = np.quantile(widths[1] / widths[0], [0.025, 0.975])
    return float(low), float(high)


def printed_median(layers: int, networks: int = SIZES.printed) -> tuple[float, float]:
    """Return the median bound with the report's M as printed, for ½ L, and with the theorem's M.

    Printed: √(2 ‖Y − W X‖ + ‖Y‖) / σ_min(X), with the Frobenius norm of the residual; the step for
    ½ L is twice that for L.
    """
    printed: list[float] = []
    true: list[float] = []
    for i in range(networks):
        rng = member_generator(SEED, i)
        problem = step_problem(rng)
        weights = shrink_to_alpha(gaussian((5,) * (layers + 1), rng), problem, ALPHA)
        loss_half = float(loss(weights, problem)) / 2
        smallest = float(problem.singular_values_x[-1])
        misfit, y_norm = np.sqrt(2 * loss_half), float(np.linalg.norm(problem.Y, 2))
        x_norm = float(problem.singular_values_x[0])
        xy_norm = float(np.linalg.norm(problem.cov_yx, 2))
        for M, steps in (
            (np.sqrt(2 * misfit + y_norm) / smallest, printed),
            ((misfit + y_norm) / smallest, true),
        ):
            delta = M ** (2 / layers) / (layers * (layers + 1) ** 2)
            K = M ** (2 / layers) + (layers + 1) ** 2 * delta
            B = 2 * np.e * layers * K ** (layers - 1) * x_norm**2
            B += np.sqrt(np.e) * layers * K ** (layers / 2 - 1) * xy_norm
            room = (1 - ALPHA) * delta
            steps.append(2 * room / (4 * loss_half + room * B))
    return float(np.median(printed)), float(np.median(true))
