"""Data and critical points of the chapter."""

from functools import lru_cache

import numpy as np

from lnn._checks import Array, Weights
from lnn.data import saddle_problem
from lnn.landscape.classification import classify
from lnn.landscape.construction import critical_point
from lnn.landscape.kinds import Kind, possible_kinds
from lnn.landscape.verdicts import CriticalPoint
from lnn.objective import hessian
from lnn.problem import Problem

CLOSED, OPEN, RANDOM = "extra blocks zero", "middle layer open", "random, strict if possible"

WIDTHS = (5, 4, 4, 5)
INDEX_SETS = {
    "none": (),
    "1": (0,),
    "1 2": (0, 1),
    "1 2 3": (0, 1, 2),
    "1 2 3 4": (0, 1, 2, 3),
    "2": (1,),
    "1 3": (0, 2),
    "1 2 4": (0, 1, 3),
}


RINGS = {
    "none": (),
    "W1": (1,),
    "W2": (2,),
    "W3": (3,),
    "W4": (4,),
    "W1 and W2": (1, 2),
    "W1 and W3": (1, 3),
    "W1 and W4": (1, 4),
    "W2 and W3": (2, 3),
    "W2 and W4": (2, 4),
    "W3 and W4": (3, 4),
}


@lru_cache(maxsize=1)
def data() -> Problem:
    """Return the data of the report's section 4 that this chapter uses."""
    return saddle_problem(np.random.default_rng(4))


def cubic_direction(problem: Problem, widths: tuple[int, ...], rank: int) -> Weights:
    """Return the direction from a canonical non-strict saddle along which the next mode enters.

    One free hidden direction in every layer: V_N = u eᵀ, V_h = e eᵀ, V_1 = e vᵀ, with (u, v) the
    leading singular vectors of U_Q U_Qᵀ Σ_YX; of unit norm. The loss falls as t^N along it.
    """
    u_q = problem.eigenvectors[:, rank:]
    u, _, vt = np.linalg.svd(u_q @ u_q.T @ problem.cov_yx)
    depth = len(widths) - 1
    result = []
    for h in range(1, depth + 1):
        left = u[:, 0] if h == depth else np.eye(widths[h])[rank]
        right = vt[0] if h == 1 else np.eye(widths[h - 1])[rank]
        result.append(np.outer(left, right) / np.sqrt(depth))
    return tuple(result)


@lru_cache(maxsize=64)
def point(chosen: str, parametrization: str) -> tuple[Weights, CriticalPoint, Array]:
    modes = INDEX_SETS[chosen]
    kinds = possible_kinds(modes, WIDTHS)
    kind = Kind.STRICT_SADDLE if parametrization != CLOSED and len(kinds) == 2 else kinds[-1]
    rng = np.random.default_rng(2) if parametrization == RANDOM else None
    weights = critical_point(data(), WIDTHS, modes, kind=kind, rng=rng)
    spectrum: Array = np.asarray(np.linalg.eigvalsh(hessian(weights, data())), dtype=np.float64)
    return weights, classify(weights, data()), spectrum


@lru_cache(maxsize=16)
def ring_point(layers: tuple[int, ...]) -> CriticalPoint:
    """Rank 1 of a 4-layer network with one extra mode let through by some layers."""
    problem = data()
    weights = list(critical_point(problem, (5, 3, 3, 3, 5), (0,)))
    u = problem.eigenvectors[:, 1]
    row = u @ problem.least_squares
    for h in layers:
        left = u if h == 4 else np.eye(3)[1]
        right = row / np.linalg.norm(row) if h == 1 else np.eye(3)[1]
        weights[h - 1] = weights[h - 1] + np.outer(left, right)
    return classify(weights, problem)
