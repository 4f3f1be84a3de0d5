"""Data and networks on which several items are tested."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import ArrayLike

from lnn._checks import Array, Weights
from lnn.data import saddle_problem
from lnn.initialization import gaussian
from lnn.landscape import Kind, critical_point
from lnn.network import product
from lnn.objective import gradient, loss
from lnn.problem import Problem

WIDTHS = (5, 4, 4, 5)
"""The network of the report's section 4, d_0 to d_3."""


@cache
def data() -> Problem:
    """Return one draw of the data of section 4, with 0.1 as the standard deviation of the noise."""
    return saddle_problem(np.random.default_rng(4))


@cache
def oblong() -> Problem:
    """Return data with d_x = 5, d_y = 3 and m = 30, on which shapes cannot be confused."""
    rng = np.random.default_rng(1)
    return Problem(rng.standard_normal((5, 30)), rng.standard_normal((3, 30)))


def gap(found: ArrayLike, expected: ArrayLike) -> float:
    """Return ‖found − expected‖ / ‖expected‖; 1 where the shapes differ."""
    a, b = np.asarray(found, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    if a.shape != b.shape:
        return 1.0
    return float(np.linalg.norm(a - b) / max(float(np.linalg.norm(b)), 1e-300))


def rows(weights: Sequence[Array]) -> list[Array]:
    """Return the same network for samples as rows, Y ≈ X W_1 ... W_N."""
    return [w.mT for w in weights]


def chain(factors: Sequence[Array]) -> Array:
    """Return the product of matrices in the order written."""
    result = factors[0]
    for factor in factors[1:]:
        result = result @ factor
    return result


def slope(weights: Sequence[Array], problem: Problem) -> float:
    """Return the largest entry of the gradient, relative to that of Σ_YX."""
    steepest = max(float(np.abs(g).max()) for g in gradient(weights, problem))
    return steepest / float(np.abs(problem.cov_yx).max())


def misfit(problem: Problem, W: Array) -> float:
    """Return ‖Y − W X‖_F², from the samples."""
    return float(np.sum((problem.Y - W @ problem.X) ** 2))


def index_sets(most: int, of: int) -> Iterator[tuple[int, ...]]:
    """Yield the sets of at most `most` of the modes 0, ..., of − 1."""
    for size in range(most + 1):
        yield from combinations(range(of), size)


@cache
def saddles(depth: int = 3) -> tuple[tuple[Weights, Kind], ...]:
    """Return critical points of all index sets and kinds, with random Z_h, on `data`.

    Their kinds are those that they were constructed to have.
    """
    widths = {2: (5, 3, 5), 3: (5, 3, 4, 5), 4: (5, 4, 3, 4, 5)}[depth]
    rng, made = np.random.default_rng(depth), []
    for modes in index_sets(3, 5):
        leading = modes == tuple(range(len(modes)))
        if not leading:
            kinds = [Kind.STRICT_SADDLE]
        elif len(modes) == 3:
            kinds = [Kind.GLOBAL_MINIMIZER]
        else:
            kinds = [Kind.STRICT_SADDLE, *[Kind.NON_STRICT_SADDLE] * (depth > 2)]
        for kind in kinds:
            made.append((critical_point(data(), widths, modes, kind=kind, rng=rng), kind))
    return tuple(made)


def twins(rank: int, widths: Sequence[int] = WIDTHS) -> tuple[Weights, Weights]:
    """Return the best map of a rank, factored as a strict and as a non-strict saddle."""
    strict, flat = (
        critical_point(data(), widths, range(rank), kind=kind)
        for kind in (Kind.STRICT_SADDLE, Kind.NON_STRICT_SADDLE)
    )
    return strict, flat


def third_order(rank: int, widths: Sequence[int] = WIDTHS) -> Weights:
    """Return the direction along which the canonical non-strict saddle of a rank falls first.

    It lets the next mode u through the first free unit of each hidden layer.
    """
    u = data().eigenvectors[:, rank]
    seen = u @ data().least_squares
    direction = [np.zeros((b, a)) for a, b in pairwise(widths)]
    direction[0][rank] = seen / np.linalg.norm(seen)
    for w in direction[1:-1]:
        w[rank, rank] = 1.0
    direction[-1][:, rank] = u
    return tuple(direction)


def moved(weights: Sequence[Array], direction: Sequence[Array], size: float) -> Weights:
    """Return weights + size · direction."""
    return tuple(w + size * v for w, v in zip(weights, direction, strict=True))


def beside(weights: Sequence[Array], size: float, count: int, seed: int = 0) -> Weights:
    """Return an ensemble of weights at random places around the given ones."""
    widths = [weights[0].shape[-1], *(w.shape[-2] for w in weights)]
    noise = gaussian(widths, np.random.default_rng(seed), size=(count,))
    return tuple(w + size * e for w, e in zip(weights, noise, strict=True))


def value(weights: Sequence[Array], problem: Problem) -> float:
    """Return the loss as a number, from the samples and the product."""
    return misfit(problem, product(weights))


__all__ = [
    "WIDTHS", "beside", "chain", "data", "gap", "index_sets", "loss", "misfit", "moved", "oblong",
    "rows", "saddles", "slope", "third_order", "twins", "value",
]  # fmt: skip
