"""Studies of the chapter: how long saddles hold a run, and how close runs come to them.

Every study uses the data of the report's section 4 and networks of widths 5-4-...-4-5. Studies that
need a saddle use the best map of rank 3, closed (non-strict) or open in the middle (strict).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lnn._checks import Array, Weights
from lnn.book.browser import sizes
from lnn.data import saddle_problem
from lnn.descent.escape import flat_escape_time, strict_escape_time
from lnn.descent.plateaus import Neighbours, first_below, follow, midpoints, neighbours
from lnn.descent.run import descend
from lnn.initialization import gaussian
from lnn.landscape.construction import critical_point
from lnn.objective import hessian
from lnn.problem import Problem

STEP_SIZE = 1e-5
WIDTHS = {2: (5, 4, 5), 3: (5, 4, 4, 5), 4: (5, 4, 4, 4, 5)}
SIZES = sizes(draws=(64, 16))
"""Directions of noise, or random starts, of each study."""

DRAWS = SIZES.draws

STRENGTH = 1.7
"""Of the open middle layer of the strict saddle, about that of the learned modes' layers."""


@lru_cache(maxsize=1)
def data() -> Problem:
    """Return the data of the report's section 4 that this chapter uses."""
    return saddle_problem(np.random.default_rng(4))


@lru_cache(maxsize=1)
def levels() -> Array:
    """Return the losses halfway between plateaus: below entry r a run has left rank r."""
    return midpoints(data(), 4)


def scalar_descent(layers: int, start: float, step_size: float = 0.01, steps: int = 2000) -> Array:
    """Return w after each step of gradient descent on (1 − w^N)², N equal weights tied together.

    Parameters
    ----------
    layers : int
        N.
    start, step_size : float
    steps : int

    Returns
    -------
    (steps + 1,) array
    """
    w = [start]
    for _ in range(steps):
        w.append(w[-1] + step_size * 2 * (1 - w[-1] ** layers) * w[-1] ** (layers - 1))
    return np.array(w)


def plane_paths(layers: int, starts: Array, step_size: float = 0.02, steps: int = 600) -> Array:
    """Return paths in the plane (w_1, w_2) of (1 − w_2 w_1)², or (1 − w_3 w_2 w_1)² with w_3 = w_2.

    Parameters
    ----------
    layers : int
        2 or 3.
    starts : (n, 2) array
        w_1 and w_2.
    step_size : float
    steps : int

    Returns
    -------
    (n, steps + 1, 2) array
    """
    one = Problem([[1.0]], [[1.0]])
    columns = [starts[:, :1, None], *[starts[:, 1:, None]] * (layers - 1)]
    return np.concatenate(
        [w[..., 0] for w in follow(columns, one, step_size, range(steps + 1)).weights[:2]], axis=-1
    )


def saddle(layers: int = 3, strength: float = 0.0) -> Weights:
    """Return the best map of rank 3: non-strict, or open with a strength in the middle of three.

    Parameters
    ----------
    layers : int
    strength : float
        Z_2, for three layers; 0 leaves it closed.

    Returns
    -------
    tuple of (d_j, d_{j-1}) arrays
    """
    weights = critical_point(data(), WIDTHS[layers], range(3))
    if strength:
        weights[1][3, 3] = strength
    return weights


def noise(layers: int = 3) -> Weights:
    """Return the directions of noise, entries N(0, 1), that every study perturbs saddles with."""
    return gaussian(WIDTHS[layers], np.random.default_rng(5), size=(DRAWS,))


def leaving(
    point: Sequence[Array], sizes: Array, budget: Callable[[float], int], step_size: float
) -> Array:
    """Return the steps after which each perturbed start leaves the plateau of rank 3.

    Parameters
    ----------
    point : tuple of (d_j, d_{j-1}) arrays
        The saddle.
    sizes : (k,) array
        Sizes ε of the noise.
    budget : callable
        Steps allowed for a size.
    step_size : float

    Returns
    -------
    (DRAWS, k) array
        inf where a draw has not left in time.
    """
    steps = []
    for size in sizes:
        total = budget(float(size))
        start = [w + size * e for w, e in zip(point, noise(len(point)), strict=True)]
        run = descend(start, data(), step_size, total, record_every=max(1, total // 4000))
        steps.append(first_below(run.losses, run.recorded, levels()[3]))
    return np.stack(steps, axis=-1)


def foretold(strength: float, sizes: Array, step_size: float) -> Array:
    """Return the steps after which theory lets each draw leave; nothing in it is fitted.

    At a strict saddle (strength > 0) descent grows by log(1 + η |μ|) where the flow grows by η |μ|.

    Returns
    -------
    (DRAWS, k) array
    """
    problem = data()
    u = problem.eigenvectors[:, 3:]
    rest = u.T @ problem.cov_yx
    draws = [(b[3], z[3, 3], u.T @ a[:, 3]) for b, z, a in zip(*noise(), strict=True)]
    if strength == 0:
        unit = np.array([flat_escape_time(b, z, a, rest) for b, z, a in draws])
        return unit[:, None] / (np.asarray(sizes) * step_size)
    rate = 2 * strength * float(np.linalg.norm(rest, 2))
    times = [
        [strict_escape_time(e * b, strength, e * a, rest, problem.cov_xx) for e in sizes]
        for b, _, a in draws
    ]
    return np.asarray(np.array(times) * rate / np.log1p(step_size * rate))


@lru_cache(maxsize=8)
def ratio(strength: float, step_size: float, sizes: tuple[float, ...]) -> Array:
    """Return how many times as long the non-strict saddle holds each draw at each size.

    Returns
    -------
    (DRAWS, k) array
    """
    grid = np.array(sizes)
    slow = leaving(saddle(), grid, lambda e: int(0.0024 / (e * step_size)) + 2000, step_size)
    fast = leaving(saddle(strength=strength), grid, lambda e: 2000, step_size)
    return np.asarray(slow / fast)


@dataclass(frozen=True, eq=False)
class Rest:
    """Where runs from one scale of weights rest on a plateau.

    Attributes
    ----------
    curvature : (n,) array
        How negative the smallest Hessian eigenvalue is at the step of least gradient.
    beside : Neighbours
        The saddles beside it.
    """

    curvature: Array
    beside: Neighbours


@lru_cache(maxsize=8)
def rest(std: float, rank: int, step_size: float = 2 * STEP_SIZE) -> Rest:
    """Return where `DRAWS` runs from weights of a standard deviation rest at a rank."""
    start = gaussian(WIDTHS[3], np.random.default_rng(3), std=std, size=(DRAWS,))
    seen = np.unique(np.linspace(0, 150 / std, 500).astype(int))
    path = follow(start, data(), step_size, seen.tolist())
    upper = np.inf if rank == 0 else levels()[rank - 1]
    inside = (path.losses < upper) & (path.losses > levels()[rank])
    at = np.argmin(np.where(inside, path.gradient_norms, np.inf), axis=-1)[:, None, None, None]
    met = inside.any(axis=-1)
    chosen = [np.take_along_axis(w, at, axis=1)[met, 0] for w in path.weights]
    lowest = np.linalg.eigvalsh(hessian(chosen, data()))[:, 0]
    return Rest(np.asarray(-lowest), neighbours(chosen, data(), rank))


def durations(
    layers: int, scales: Array, budget: Callable[[float], int], step_size: float
) -> Array:
    """Return the steps that runs spend at rank 0, 1, 2 and 3, for each scale of the weights.

    Returns
    -------
    (k, DRAWS, 4) array
        From leaving rank r − 1 to leaving rank r.
    """
    result = []
    for std in scales:
        total = budget(float(std))
        start = gaussian(WIDTHS[layers], np.random.default_rng(8), std=float(std), size=(DRAWS,))
        run = descend(start, data(), step_size, total, record_every=max(1, total // 5000))
        left = [first_below(run.losses, run.recorded, level) for level in levels()]
        result.append(np.diff(np.stack(left, axis=-1), axis=-1, prepend=0))
    return np.array(result)


def exponents(steps: Array, scales: Array) -> Array:
    """Return the median slope of log steps over log scale for each rank, of draws that all left.

    Parameters
    ----------
    steps : (k, n, 4) array
    scales : (k,) array

    Returns
    -------
    (4,) array
    """
    slopes = []
    for r in range(steps.shape[-1]):
        kept = steps[:, (np.isfinite(steps[..., r]) & (steps[..., r] > 0)).all(axis=0), r]
        slopes.append(np.median(np.polyfit(np.log(scales), np.log(kept), 1)[0]))
    return np.array(slopes)
