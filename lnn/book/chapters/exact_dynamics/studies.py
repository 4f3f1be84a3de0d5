"""Data and starts of the chapter."""

from functools import lru_cache

import numpy as np

from lnn._checks import Array, Weights
from lnn.dynamics.closed_form import mode_time
from lnn.dynamics.mode_basis import aligned, singular_modes
from lnn.problem import Problem

TARGETS = np.array([5.0, 4.0, 3.0, 2.0])


@lru_cache(maxsize=1)
def data() -> Problem:
    """Return whitened data, X Xᵀ = I, with modes 5, 4, 3, 2 and random singular vectors.

    Returns
    -------
    Problem
        X is (4, 12), Y is (4, 12), without noise.
    """
    rng = np.random.default_rng(4)
    X = np.linalg.qr(rng.standard_normal((12, 4)))[0].T
    left = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    right = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    return Problem(X, (left * TARGETS) @ right.T @ X)


def equal_start(depth: int, start: float) -> Weights:
    """Aligned balanced weights with every mode at `start`."""
    if depth == 1:
        found = singular_modes(data())
        return ((found.left * start) @ found.right.T,)
    return aligned(data(), (4,) * (depth + 1), np.full(4, start ** (1 / depth)))


def horizon(start: Array | float, depth: int) -> float:
    """Return a time by which the slowest mode of `data` is learned.

    Parameters
    ----------
    start : (4,) array or float
        p_0.
    depth : int

    Returns
    -------
    float
    """
    return 1.12 * float(np.max(mode_time(0.95 * TARGETS, start, TARGETS, 1.0, depth)))


def unequal_layers(depth: int, product: float, imbalance: float) -> Array:
    """Return N layers w, ..., w, √(w² + imbalance) with the given product, by bisection.

    Parameters
    ----------
    depth : int
    product : float
    imbalance : float
        w_N² − w_1² ≥ 0.

    Returns
    -------
    (N,) array
    """
    low, high = 0.0, product ** (1 / depth)
    for _ in range(80):
        w = (low + high) / 2
        if w ** (depth - 1) * np.sqrt(w**2 + imbalance) < product:
            low = w
        else:
            high = w
    return np.append(np.full(depth - 1, high), np.sqrt(high**2 + imbalance))
