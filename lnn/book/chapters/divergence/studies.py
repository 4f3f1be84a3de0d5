"""Studies of the chapter: how tight bounds are, which minimizers attract, the edge of stability."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lnn._checks import Array, Weights
from lnn.descent.run import Stop, descend
from lnn.initialization import balanced, gaussian
from lnn.network import flatten, product
from lnn.objective import gradient, loss
from lnn.problem import Problem
from lnn.steps.a_posteriori import trapping_bound
from lnn.steps.convergence import convergence_bound
from lnn.steps.divergence import divergence_bound
from lnn.steps.stability import stability_limit

RATIOS = np.append(np.geomspace(0.1, 0.9, 8), [0.95, 0.99, 1.01, 1.05, 1.2])
"""Step sizes that `tightness` tries, relative to the divergence bound."""


def data(count: int, *, width: int = 5, samples: int = 20, seed: int = 0) -> Problem:
    """Draw problems Y = diag(1, ..., d) X + noise, those of the report's section 5.4 but larger.

    Twenty samples instead of five: the inputs are not whitened, but well enough conditioned for
    runs to converge within the book's time.

    Parameters
    ----------
    count : int
    width : int
        d.
    samples : int
    seed : int

    Returns
    -------
    Problem
        An ensemble (count,), or a single problem if count is 0.
    """
    rng = np.random.default_rng(seed)
    size = (count,) if count else ()
    X = rng.standard_normal((*size, width, samples))
    noise = 0.1 * rng.standard_normal((*size, width, samples))
    return Problem(X, np.diag(np.arange(1.0, width + 1)) @ X + noise)


@dataclass(frozen=True, eq=False)
class Tightness:
    """Step sizes of an ensemble, relative to the divergence bound of each problem.

    Attributes
    ----------
    samples : dict of str to (k,) array
        The kinds of `lnn.book.chapters.divergence.figures.KINDS`; nan where there is none.
    above : int
        How many runs had a step size above the divergence bound.
    reached : int
        How many of those came to a global minimum.
    below : float
        Share of the runs at up to 0.9 of the bound that did.
    """

    samples: dict[str, Array]
    above: int
    reached: int
    below: float


@lru_cache(maxsize=32)
def tightness(
    widths: tuple[int, ...], start: str = "balanced", count: int = 24, steps: int = 6000
) -> Tightness:
    """Try the step sizes `RATIOS` · divergence bound on an ensemble, all from the same weights.

    A run ends when its gradient norm is below 1e-6, or after `steps` steps. It has reached a
    global minimum if its loss is within 1e-8, relatively, of the least that the widths allow. The
    observed edge is the largest step size with which it did; the step proved along the run is the
    largest for which the trapping bound covers the weights that the run has come to.

    Parameters
    ----------
    widths : tuple of int
    start : {"balanced", "gaussian"}
        Balanced weights whose product has singular values between ½ and 1 (and a determinant of
        the sign of that of T), or entries N(0, 0.6²).
    count : int
    steps : int

    Returns
    -------
    Tightness
    """
    problem = data(count)
    rng = np.random.default_rng(1)
    if start == "balanced":
        values = rng.uniform(0.5, 1.0, (count, min(widths)))
        initial = balanced(widths, values, rng, size=(count,))
        if min(widths) == problem.d_y:
            # Balanced flow never changes the sign of det W: start on the side of the minimizers.
            side = np.sign(np.linalg.det(product(initial) @ problem.least_squares.mT))
            initial[-1][:, 0] *= side[:, None]
    else:
        initial = gaussian(widths, rng, std=0.6, size=(count,))
    bound = divergence_bound(problem, widths)
    step_size = bound[:, None] * RATIOS
    grid = problem.reshape(count, 1)
    weights = tuple(w[:, None] for w in initial)
    run = descend(weights, grid, step_size, steps, tolerance=1e-6, record_every=500)
    diverged = np.asarray(run.stop) == Stop.DIVERGED
    ends = tuple(np.where(diverged[..., None, None], 0.0, w) for w in run.weights)
    floor = grid.floor(min(widths))
    reached = ~diverged & (loss(ends, grid) - floor <= 1e-8 * floor)
    proved = ~diverged & (trapping_bound(ends, grid).step_size > step_size)

    proved_before = convergence_bound(initial, problem, on_unbalanced="nan")
    return Tightness(
        samples={
            "Theorem 2.4": proved_before.step_size / bound,
            "proved along the run": _largest(proved),
            "observed edge": _largest(reached),
            "divergence bound": np.ones(count),
        },
        above=int((RATIOS > 1).sum()) * count,
        reached=int(reached[:, RATIOS > 1].sum()),
        below=float(reached[:, RATIOS < 0.95].mean()),
    )


def _largest(worked: np.ndarray) -> Array:
    """Largest of `RATIOS` with which each member's run worked; nan where none did."""
    return np.where(worked.any(axis=1), np.where(worked, RATIOS, 0.0).max(axis=1), np.nan)


def hidden_widths(depth: int, hidden: int) -> tuple[int, ...]:
    """Return (5, hidden, ..., hidden, 5) with `depth` layers."""
    return (5, *([hidden] * (depth - 1)), 5)


TARGET = 1.0


@lru_cache(maxsize=1)
def _starts() -> Weights:
    """A few hundred starting points in the plane of the two weights."""
    points = np.random.default_rng(2).uniform(-2.6, 2.6, (2, 400, 1, 1))
    return (points[0], points[1])


@lru_cache(maxsize=64)
def settled_ends(ratio: float) -> Array:
    """(w_1, w_2) of the runs that have converged."""
    problem = Problem([[1.0]], [[TARGET]])
    eta = ratio * float(divergence_bound(problem, (1, 1, 1)))
    run = descend(_starts(), problem, eta, 3000, record_every=500, divergence_factor=1e4)
    settled = run.losses[:, -1] < 1e-12
    return np.asarray(flatten(run.weights)[settled])


EDGE_DEPTHS = (2, 3, 4)
EDGE_STEPS = 250
EDGE_SEED, EDGE_STD = 1, 0.8


@lru_cache(maxsize=8)
def edge_start(depth: int) -> tuple[Problem, Weights]:
    """Return a problem and unbalanced weights from which gradient flow reaches a sharp minimizer.

    Parameters
    ----------
    depth : int

    Returns
    -------
    problem : Problem
    weights : tuple of (3, 3) arrays
    """
    start = gaussian((3,) * (depth + 1), np.random.default_rng(EDGE_SEED), std=EDGE_STD)
    return data(0, width=3), start


@lru_cache(maxsize=64)
def edge_run(depth: int, ratio: float, steps: int = EDGE_STEPS) -> tuple[Array, Array]:
    """Run gradient descent at `ratio` · divergence bound and follow its sharpness.

    Parameters
    ----------
    depth : int
    ratio : float
    steps : int

    Returns
    -------
    losses, sharpness : (k,) arrays
        At each step, up to `steps` or to where the run has left every bound.
    """
    problem, weights = edge_start(depth)
    eta = ratio * float(divergence_bound(problem, (3,) * (depth + 1)))
    path = [weights]
    for _ in range(steps):
        if np.abs(flatten(path[-1])).max() > 1e3:
            break
        slopes = gradient(path[-1], problem)
        path.append(tuple(w - eta * g for w, g in zip(path[-1], slopes, strict=True)))
    stack = tuple(np.stack(layer) for layer in zip(*path, strict=True))
    return loss(stack, problem), 2 / stability_limit(stack, problem)
