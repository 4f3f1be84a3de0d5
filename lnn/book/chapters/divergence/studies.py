"""Studies of the chapter: how tight bounds are, the edge of stability, what a bottleneck costs.

The large ones are stored: ``tests/benchmarks/study_divergence.py`` computes them anew, and the
tests repeat a part of each.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from lnn._checks import Array, Weights
from lnn.book.stored import stored_arrays
from lnn.data import step_problem
from lnn.descent.run import Stop, descend
from lnn.initialization import balanced, gaussian
from lnn.landscape.low_rank import best_of_rank, factorize
from lnn.network import flatten, product
from lnn.objective import gradient, hessian, loss
from lnn.problem import Problem
from lnn.steps.a_posteriori import trapping_bound
from lnn.steps.convergence import convergence_bound, shrink_to_alpha
from lnn.steps.divergence import divergence_bound
from lnn.steps.flattest import certified_least_sharpness, least_sharpness
from lnn.steps.search import first_failure
from lnn.steps.stability import stability_limit

STORED = Path(__file__).with_name("studies.npz")

RATIOS = np.append(np.geomspace(0.1, 0.9, 8), [0.95, 0.99, 1.01, 1.05, 1.2])
"""Step sizes that `tightness` tries, relative to the divergence bound."""

PROBLEMS = 24
STARTS = ("balanced", "gaussian")


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


def hidden_widths(depth: int, hidden: int) -> tuple[int, ...]:
    """Return (5, hidden, ..., hidden, 5) with `depth` layers."""
    return (5, *([hidden] * (depth - 1)), 5)


SHAPES = tuple(hidden_widths(depth, hidden) for depth in range(2, 6) for hidden in (2, 5, 8))


@dataclass(frozen=True, eq=False)
class Tightness:
    """Step sizes of an ensemble, relative to the divergence bound of each problem.

    Attributes
    ----------
    samples : dict of str to (k,) array
        Step sizes by kind; nan where there is none.
    arrived : (RATIOS,) array of int
        How many runs came to a global minimum, by step size.
    proved : (RATIOS,) array of int
        How many are proved to.
    above : int
        How many runs had a step size above the divergence bound.
    reached : int
        How many of those came to a global minimum.
    """

    samples: dict[str, Array]
    arrived: np.ndarray
    proved: np.ndarray
    above: int
    reached: int


def tightness(widths: tuple[int, ...], start: str = "balanced") -> Tightness:
    """Return what `tightness_runs` found for all problems, as stored.

    Parameters
    ----------
    widths : tuple of int
        One of `SHAPES`.
    start : {"balanced", "gaussian"}

    Returns
    -------
    Tightness
    """
    row = (STARTS.index(start), SHAPES.index(widths))
    beforehand, reached, proved = (
        stored_arrays(STORED)[name][row] for name in ("beforehand", "reached", "proved")
    )
    return Tightness(
        samples={
            "convergence bound": beforehand,
            "proved along the run": _largest(proved),
            "observed edge": _largest(reached),
            "divergence bound": np.ones(len(reached)),
        },
        arrived=reached.sum(axis=0),
        proved=proved.sum(axis=0),
        above=int((RATIOS > 1).sum()) * len(reached),
        reached=int(reached[:, RATIOS > 1].sum()),
    )


def tightness_runs(
    widths: tuple[int, ...], start: str, members: slice = slice(None), steps: int = 6000
) -> tuple[Array, np.ndarray, np.ndarray]:
    """Try the step sizes `RATIOS` · divergence bound on an ensemble, all from the same weights.

    A run ends when its gradient norm is below 1e-6, or after `steps` steps. It has reached a
    global minimum if its loss is within 1e-8, relatively, of the least that the widths allow. A
    step size is proved along the run if the trapping bound at the weights to which the run has
    come is larger.

    Parameters
    ----------
    widths : tuple of int
    start : {"balanced", "gaussian"}
        Balanced weights whose product has singular values between ½ and 1 (and a determinant of
        the sign of that of T), or entries N(0, 0.6²).
    members : slice
        Which of the `PROBLEMS` problems.
    steps : int

    Returns
    -------
    beforehand : (k,) array
        The convergence bound over the divergence bound; nan where there is none.
    reached, proved : (k, RATIOS) arrays of bool
    """
    problem = data(PROBLEMS)
    rng = np.random.default_rng(1)
    if start == "balanced":
        values = rng.uniform(0.5, 1.0, (PROBLEMS, min(widths)))
        initial = balanced(widths, values, rng, size=(PROBLEMS,))
        if min(widths) == problem.d_y:
            # Balanced flow never changes the sign of det W: start on the side of the minimizers.
            side = np.sign(np.linalg.det(product(initial) @ problem.least_squares.mT))
            initial[-1][:, 0] *= side[:, None]
    else:
        initial = gaussian(widths, rng, std=0.6, size=(PROBLEMS,))
    initial, problem = tuple(w[members] for w in initial), problem[members]
    bound = divergence_bound(problem, widths)
    step_size = bound[:, None] * RATIOS
    grid = problem.reshape(len(bound), 1)
    weights = tuple(w[:, None] for w in initial)
    run = descend(weights, grid, step_size, steps, tolerance=1e-6, record_every=500)
    diverged = np.asarray(run.stop) == Stop.DIVERGED
    ends = tuple(np.where(diverged[..., None, None], 0.0, w) for w in run.weights)
    floor = grid.floor(min(widths))
    reached = ~diverged & (loss(ends, grid) - floor <= 1e-8 * floor)
    proved = ~diverged & (trapping_bound(ends, grid).step_size > step_size)
    beforehand = convergence_bound(initial, problem, on_unbalanced="nan").step_size / bound
    return beforehand, reached, proved


def _largest(worked: np.ndarray) -> Array:
    """Largest of `RATIOS` with which each member's run worked; nan where none did."""
    return np.where(worked.any(axis=1), np.where(worked, RATIOS, 0.0).max(axis=1), np.nan)


WIDER: tuple[tuple[int, ...], ...] = (
    *((3,) * (depth + 1) for depth in (2, 3, 4, 5)),
    (4, 2, 4),
    (4, 2, 2, 4),
    (3, 5, 3),
    (2, 4, 4, 3),
)
SIZES = (0.1, 0.4, 0.8)


def beyond() -> tuple[int, int]:
    """Return how many runs `beyond_runs` has made with all of `WIDER`, and how many arrived."""
    tried, found = stored_arrays(STORED)["beyond"].sum(axis=0)
    return int(tried), int(found)


def beyond_runs(number: int) -> tuple[int, int]:
    """Try a step size one per cent above the divergence bound on random problems.

    Parameters
    ----------
    number : int
        Of the widths in `WIDER`, and of the seed.

    Returns
    -------
    tried, found : int
        Runs from Gaussian weights of the standard deviations `SIZES`, 1500 steps each, and those
        that came to a global minimum, to a relative 1e-8.
    """
    widths, rng = WIDER[number], np.random.default_rng(number)
    count = 30 if min(widths) < min(widths[0], widths[-1]) else 150
    X = rng.standard_normal((count, widths[0], 8))
    Y = rng.standard_normal((count, widths[-1], widths[0])) @ X
    problems = Problem(X, Y + 0.1 * rng.standard_normal(Y.shape))
    eta, floor = 1.01 * divergence_bound(problems, widths), problems.floor(min(widths))
    found = 0
    for std in SIZES:
        weights = gaussian(widths, rng, std=std, size=(count,))
        run = descend(weights, problems, eta, 1500, record_every=500)
        low = run.losses[:, -1] <= floor * (1 + 1e-8)
        found += int((low & (run.stop != Stop.DIVERGED)).sum())
    return count * len(SIZES), found


DRAWS = 100


def search() -> tuple[Array, Array]:
    """Return what `search_runs` found for all draws, as stored.

    Returns
    -------
    failures, limits : (DRAWS,) arrays
    """
    stored = stored_arrays(STORED)
    return stored["failures"], stored["limits"]


def search_runs(members: slice = slice(None)) -> tuple[Array, Array]:
    """Search as the report does: double the step from 0.9 times what is proved, until it fails.

    Parameters
    ----------
    members : slice
        Which of `DRAWS` draws of the report's data and start.

    Returns
    -------
    failures, limits : (k,) arrays
        The first step size that failed within 3000 steps, and the divergence bound.
    """
    rng = np.random.default_rng(5)
    widths = (5, 5, 5, 5)
    draws = step_problem(rng, size=(DRAWS,))
    begin = shrink_to_alpha(gaussian(widths, rng, size=(DRAWS,)), draws, 0.72)
    begin, draws = tuple(w[members] for w in begin), draws[members]
    limits = divergence_bound(draws, widths)
    sure = convergence_bound(begin, draws).step_size
    found = first_failure(begin, draws, 0.9 * sure, guess=limits, steps=3000)
    return np.asarray(found.step_size), limits


EDGE_DEPTHS = (3, 4, 5)
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


@lru_cache(maxsize=8)
def edge_ends(depth: int, ratios: tuple[float, ...], steps: int = 30_000) -> Array:
    """Return the sharpness where runs from `edge_start` end, over the least of any minimizer.

    Parameters
    ----------
    depth : int
    ratios : tuple of float
        Step sizes over the divergence bound.
    steps : int

    Returns
    -------
    (k,) array
        One per step size.
    """
    problem, weights = edge_start(depth)
    bound = float(divergence_bound(problem, (3,) * (depth + 1)))
    etas = bound * np.array(ratios)
    start = tuple(np.broadcast_to(w, (len(ratios), *w.shape)) for w in weights)
    run = descend(start, problem, etas, steps, record_every=steps)
    return bound / np.asarray(stability_limit(run.weights, problem))


def narrow() -> Problem:
    """Return the smallest problem on which a bottleneck costs flatness: X = diag(5, 1).

    Returns
    -------
    Problem
        Y = diag(0.95, 1): a network of widths 2-1-2 keeps the second mode and loses the first.
    """
    return Problem(np.diag([5.0, 1.0]), np.diag([0.95, 1.0]))


def narrow_sharpness(sizes: Array) -> Array:
    """Return the sharpness of all minimizers of `narrow`, W_2 = c e_2 and W_1 = e_2ᵀ / c.

    Parameters
    ----------
    sizes : (k,) array
        c².

    Returns
    -------
    (k,) array
    """
    c = np.sqrt(sizes)[:, None, None]
    e2 = np.array([[0.0, 1.0]])
    return np.asarray(2 / stability_limit((e2 / c, c * e2.T), narrow()))


def without_the_rest(problem: Problem, widths: tuple[int, ...]) -> Array:
    """Return the least sharpness as if the modes that a bottleneck loses were not there.

    Parameters
    ----------
    problem : Problem
    widths : tuple of int

    Returns
    -------
    (...) array
        2 N max_v |Σ_XX^{1/2} v|^{2/N} |W* Σ_XX^{1/2} v|^{2−2/N}, a lower bound.
    """
    kept = best_of_rank(problem, min(widths))
    return least_sharpness(Problem(problem.X, kept @ problem.X), widths)


def coloured(rng: np.random.Generator, d_x: int, d_y: int, count: int) -> Problem:
    """Draw problems with inputs of very different strength and modes of nearly the same.

    Parameters
    ----------
    rng : numpy.random.Generator
    d_x, d_y : int
    count : int

    Returns
    -------
    Problem
        An ensemble (count,): standard deviations of the inputs over one and a half powers of ten,
        singular values of T Σ_XX^{1/2} between 0.7 and 1.
    """

    def turn(d: int) -> Array:
        return np.asarray(np.linalg.qr(rng.standard_normal((count, d, d))).Q)

    modes = min(d_x, d_y)
    X = 10 ** rng.uniform(-0.75, 0.75, (count, d_x, 1)) * turn(d_x)
    s = np.sort(rng.uniform(0.7, 1.0, (count, 1, modes)))[..., ::-1]
    return Problem(X, (turn(d_y)[..., :modes] * s) @ turn(d_x)[..., :modes].mT)


@dataclass(frozen=True, eq=False)
class Narrow:
    """What a bottleneck costs, and whether anything is flatter than the flattest.

    Attributes
    ----------
    costs : dict of tuple of int to (k,) array
        Least sharpness over that of `without_the_rest`, by widths.
    gap : float
        Largest value over certified lower bound, minus 1.
    found : (k,) array
        Sharpness that an independent search over the factorizations finds, over the least, minus 1.
    """

    costs: dict[tuple[int, ...], Array]
    gap: float
    found: Array


NARROW_SHAPES: tuple[tuple[int, ...], ...] = (
    (2, 1, 2),
    (3, 2, 3),
    (5, 3, 5),
    (2, 1, 1, 2),
    (4, 2, 2, 4),
)


def narrow_study() -> Narrow:
    """Return what `narrow_runs` found for all of `NARROW_SHAPES`, as stored."""
    stored = stored_arrays(STORED)
    costs = dict(zip(NARROW_SHAPES, stored["costs"], strict=True))
    return Narrow(costs, float(stored["gaps"].max()), stored["found"].ravel())


def narrow_runs(
    widths: tuple[int, ...], rng: np.random.Generator, count: int = 4, searches: int = 1
) -> tuple[Array, float, Array]:
    """Compare the least sharpness at a bottleneck with its lower bound and with searches.

    Parameters
    ----------
    widths : tuple of int
    rng : numpy.random.Generator
    count : int
        Problems.
    searches : int
        How many of them are searched.

    Returns
    -------
    costs : (count,) array
    gap : float
    found : (searches,) array
        As in `Narrow`.
    """
    problems = coloured(rng, widths[0], widths[-1], count)
    flat = certified_least_sharpness(problems, widths)
    costs = flat.value / without_the_rest(problems, widths)
    found = [_search(problems[i], widths, rng) / flat.value[i] - 1 for i in range(searches)]
    return costs, float((flat.value / flat.lower).max() - 1), np.array(found)


def _search(problem: Problem, widths: tuple[int, ...], rng: np.random.Generator) -> float:
    """Least sharpness that Powell's method finds by changes of basis between the layers."""
    rank = min(widths)
    shape = (len(widths) - 2, rank, rank)
    weights = factorize(best_of_rank(problem, rank), widths, balanced=True)

    def moved(x: Array) -> Weights:
        inner = np.eye(rank) + x.reshape(shape)
        bases = [np.eye(widths[0]), *inner, np.eye(widths[-1])]
        return tuple(bases[j + 1] @ w @ np.linalg.inv(bases[j]) for j, w in enumerate(weights))

    def sharpness(x: Array) -> float:
        return float(np.log(np.linalg.eigvalsh(hessian(moved(x), problem))[-1]))

    best = np.inf
    for _ in range(8):
        start = 0.1 * rng.standard_normal(int(np.prod(shape)))
        end = minimize(sharpness, start, method="Powell", options={"maxiter": 8})
        weights, best = moved(end.x), min(best, end.fun)
    return float(np.exp(best))
