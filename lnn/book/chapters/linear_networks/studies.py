"""The chain of equal weights, on the line through the origin."""

import numpy as np

from lnn._checks import Array, Weights
from lnn.network import flatten
from lnn.objective import gradient, hessian
from lnn.problem import Problem


def diagonal(position: Array, depth: int) -> Weights:
    """Return the chains of `depth` scalar weights that all have the same value.

    Parameters
    ----------
    position : (...) array
    depth : int

    Returns
    -------
    tuple of (..., 1, 1) arrays
    """
    return (np.asarray(position, dtype=np.float64)[..., None, None],) * depth


def derivatives(position: float, depth: int) -> tuple[float, float, Array]:
    """Return slope and curvature of L along the diagonal, and the Hessian's eigenvalues.

    Parameters
    ----------
    position : float
    depth : int

    Returns
    -------
    slope : float
        ∇Lᵀ (1, ..., 1).
    curvature : float
        (1, ..., 1)ᵀ ∇²L (1, ..., 1).
    eigenvalues : (depth,) array
    """
    problem, weights = Problem([[1.0]], [[1.0]]), diagonal(np.array(position), depth)
    second = hessian(weights, problem)
    return (
        float(flatten(gradient(weights, problem)).sum()),
        float(second.sum()),
        np.asarray(np.linalg.eigvalsh(second)),
    )


def verdict(slope: float, eigenvalues: Array, value: float) -> str:
    """Say in words what gradient and Hessian tell about a point of the diagonal."""
    if abs(slope) > 1e-9:
        return "not critical"
    if value < 1e-12:
        return "critical: a global minimum"
    if eigenvalues[0] < -1e-9:
        return "critical: a strict saddle"
    return "critical: the Hessian cannot tell more"
