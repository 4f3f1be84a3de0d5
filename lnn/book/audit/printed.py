"""The report's formulas for the step size, exactly as it prints them, and as they should read.

Norms are spectral but for ‖Y − W X‖, which is the root of the loss.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lnn._checks import Array
from lnn.network import product
from lnn.problem import Problem


@dataclass(frozen=True, eq=False)
class Bound:
    """What section 5.3 displays, for weights W(0) and their data; arrays over an ensemble."""

    step_size: Array
    delta: Array
    M: Array
    K: Array
    B: Array


def bound(
    weights: Sequence[Array],
    problem: Problem,
    alpha: float | Array,
    *,
    printed: bool = True,
    half: bool = True,
    delta: float | Array | None = None,
) -> Bound:
    """Return the displayed bound, for weights with balancedness constant α δ.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
    problem : Problem
    alpha : float or (...) array
    printed : bool
        M as in (31), √(2 ‖Y − W X‖ + ‖Y‖) / σ_min(X), or as it should read,
        (‖Y − W X‖ + ‖Y‖) / σ_min(X).
    half : bool
        Whether 𝓛 in the bound is ½ ‖Y − W X‖², for which the theorem is proved, or ‖Y − W X‖².
    delta : float or (...) array, optional
        δ; by default that of (30).
    """
    n = len(weights)
    misfit = np.linalg.norm(problem.Y - product(weights) @ problem.X, axis=(-2, -1))
    y_norm = np.linalg.norm(problem.Y, 2, axis=(-2, -1))
    top, least = problem.singular_values_x[..., 0], problem.singular_values_x[..., -1]
    M = (np.sqrt(2 * misfit + y_norm) if printed else misfit + y_norm) / least
    chosen = M ** (2 / n) / (n * (n + 1) ** 2) if delta is None else np.asarray(delta)
    K = M ** (2 / n) + (n + 1) ** 2 * chosen
    xy_norm = np.linalg.norm(problem.cov_yx, 2, axis=(-2, -1))
    B = 2 * np.e * n * K ** (n - 1) * top**2 + np.sqrt(np.e) * n * K ** (n / 2 - 1) * xy_norm
    L = misfit**2 * (0.5 if half else 1.0)
    room = (1 - np.asarray(alpha)) * chosen
    return Bound(2 * room / (4 * L + room * B), chosen, M, K, B)
