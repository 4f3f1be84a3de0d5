"""Step sizes for gradient descent: those proved to converge, those that sharpness allows, and the
first that fails.

Step sizes are for L = ‖Y − W X‖_F² without ½. The step size for ½ L that makes the same move is
twice as large, since the gradient of ½ L is half as long. Norms ‖·‖ are spectral.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lnn._bisection import last_where
from lnn._checks import Array, Weights, between_0_and_1, chain, positive
from lnn.network import product
from lnn.objective import loss
from lnn.problem import Problem, checked, fits
from lnn.steps.balance import balancedness
from lnn.steps.record import StepBound


@dataclass(frozen=True, eq=False, repr=False)
class ConvergenceBound(StepBound):
    """The convergence bound of Nguegnang, Rauhut and Terstiege, and what it is made of.

    Attributes
    ----------
    step_size : (...) array
        η, for L without ½: gradient descent with any fixed step up to it converges to a critical
        point. nan where α ≥ 1, if that was asked for. The authors state it for ½ L: that is
        `half_step_size`.
    delta : (...) array
        δ.
    alpha : (...) array
        α = balancedness(weights) / δ.
    M : (...) array
        Bound of ‖W‖.
    K : (...) array
        Bound of ‖W_j‖².
    B : (...) array
        Bound of the curvature of ½ L.
    """

    delta: Array
    alpha: Array
    M: Array
    K: Array
    B: Array


def convergence_bound(
    weights: Sequence[ArrayLike],
    problem: Problem,
    delta: ArrayLike | None = None,
    *,
    on_unbalanced: Literal["raise", "nan"] = "raise",
) -> ConvergenceBound:
    """Return a fixed step size from which gradient descent provably converges.

    With L the loss without ½ at the given weights, which have balancedness constant α δ,

        M = (√L + ‖Y‖) / σ_min(X),   K = M^{2/N} + (N + 1)² δ,
        B = 2 e N K^{N−1} ‖X‖² + √e N K^{N/2−1} ‖X Yᵀ‖,
        η = (1 − α) δ / (2 L + (1 − α) δ B).

    Every 0 < η' ≤ η then converges to a critical point of L. The authors write ½ L for the loss:
    there L is half as large and η twice as large, η_½ = 2 (1 − α) δ / (4 L_½ + (1 − α) δ B).

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
        Where gradient descent starts.
    problem : Problem
        X of full row rank.
    delta : (...) array or float, optional
        δ > balancedness(weights). By default M^{2/N} / (N (N + 1)²), the authors' choice, with
        which K^{N−1} ≤ e M^{2−2/N}.
    on_unbalanced : {"raise", "nan"}
        What to do about α ≥ 1, where the theorem says nothing: a ValueError, or step size nan for
        those members of an ensemble.

    Returns
    -------
    ConvergenceBound

    Raises
    ------
    ValueError
        If α ≥ 1, X has not full row rank, or the shapes do not fit.

    References
    ----------
    nguegnang2021, Theorem 2.4 and section 5 for δ; report2022, (30) and (31), misprints M.

    Examples
    --------
    One sample x = 1, y = 1, two layers of weight 1: L = 0, M = 1, δ = 1/18, K = 3/2, α = 0, so
    η = 1 / B with B = 6 e + 2 √e.

    >>> one = np.ones((1, 1))
    >>> bound = convergence_bound((one, one), Problem([[1.0]], [[1.0]]))
    >>> float(bound.step_size * (6 * np.e + 2 * np.sqrt(np.e))), float(bound.alpha)
    (1.0, 0.0)
    """
    matrices, widths = chain(weights)
    fits(widths, problem)
    if on_unbalanced not in ("raise", "nan"):
        raise ValueError(f"on_unbalanced is {on_unbalanced!r}: choose 'raise' or 'nan'")
    n = len(matrices)
    L, M = loss(matrices, problem), product_norm_ceiling(matrices, problem)
    chosen = M ** (2 / n) / (n * (n + 1) ** 2) if delta is None else positive(delta, "delta")
    alpha = balancedness(matrices) / chosen
    if on_unbalanced == "raise" and (alpha >= 1).any():
        raise ValueError(_unbalanced(alpha, chosen, default=delta is None))
    x_norm = problem.singular_values_x[..., 0]
    xy_norm = np.linalg.norm(problem.cov_yx, ord=2, axis=(-2, -1))
    K = M ** (2 / n) + (n + 1) ** 2 * chosen
    B = 2 * np.e * n * K ** (n - 1) * x_norm**2 + np.sqrt(np.e) * n * K ** (n / 2 - 1) * xy_norm
    room = np.where(alpha < 1, (1 - alpha) * chosen, np.nan)
    step_size = room / (2 * L + room * B)
    arrays = (step_size, chosen, alpha, M, K, B)
    return ConvergenceBound(*(np.broadcast_to(a, step_size.shape) for a in arrays))


def product_norm_ceiling(weights: Sequence[ArrayLike], problem: Problem) -> Array:
    """Return M = (√L + ‖Y‖) / σ_min(X), which bounds ‖W‖ wherever the loss is at most L(weights).

    For ‖W‖ σ_min(X) ≤ ‖W X‖ ≤ ‖W X − Y‖_F + ‖Y‖ = √L + ‖Y‖.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
    problem : Problem
        X of full row rank.

    Returns
    -------
    (...) array

    Raises
    ------
    ValueError
        If X has not full row rank.

    References
    ----------
    nguegnang2021, Theorem 2.4, where √L is √(2 L_½).

    Examples
    --------
    >>> float(product_norm_ceiling((np.zeros((1, 1)),), Problem([[2.0]], [[3.0]])))
    3.0
    """
    smallest = checked(problem).require_full_row_rank()
    return np.asarray((np.sqrt(loss(weights, problem)) + _norm_of_targets(problem)) / smallest)


def _norm_of_targets(problem: Problem) -> Array:
    """‖Y‖."""
    return np.asarray(np.sqrt(np.linalg.eigvalsh(problem.cov_yy)[..., -1]))


def _unbalanced(alpha: Array, delta: Array, *, default: bool) -> str:
    worst = np.unravel_index(np.argmax(alpha), alpha.shape)
    d = float(np.broadcast_to(delta, alpha.shape)[worst])
    who = (
        f"{np.count_nonzero(alpha >= 1)} of {alpha.size} networks have alpha >= 1, the largest"
        if alpha.ndim
        else "the weights have"
    )
    return (
        f"{who} alpha = {alpha[worst]:.4g} (balancedness constant {alpha[worst] * d:.4g}, "
        f"delta = {d:.4g}{', the default' if default else ''}): the convergence theorem of "
        f"Nguegnang, Rauhut and Terstiege needs alpha < 1. Start from smaller or better balanced "
        f"weights (shrink_to_alpha, with_balancedness, balanced), "
        f"or give a delta above {alpha[worst] * d:.4g}, which makes B larger; "
        f"on_unbalanced='nan' leaves such networks out"
    )


def shrink_to_alpha(weights: Sequence[ArrayLike], problem: Problem, alpha: float) -> Weights:
    """Scale all layers down by one factor c ≤ 1, no further than needed for a given α.

    c is the largest factor found, by bisection on (0, 1], at which balancedness(c W) ≤ α δ with
    the default δ of `convergence_bound`, which depends on c W too. Equality holds where c < 1.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
    problem : Problem
        X of full row rank.
    alpha : float
        0 < α < 1.

    Returns
    -------
    tuple of (..., d_j, d_{j-1}) arrays

    Raises
    ------
    ValueError
        If α is not between 0 and 1, or X has not full row rank.

    Examples
    --------
    >>> weights = (np.array([[1.0]]), np.array([[3.0]]))
    >>> problem = Problem([[1.0]], [[1.0]])
    >>> start = shrink_to_alpha(weights, problem, 0.5)
    >>> round(float(convergence_bound(start, problem).alpha), 12)
    0.5
    """
    alpha = between_0_and_1(alpha, "alpha")
    matrices, widths = chain(weights)
    fits(widths, problem)
    n = len(matrices)
    constant = balancedness(matrices)  # quadratic in c
    smallest, y_norm = problem.require_full_row_rank(), _norm_of_targets(problem)
    fit, goal = product(matrices) @ problem.root_xx, problem.least_squares @ problem.root_xx

    def small_enough(c: Array) -> NDArray[np.bool_]:
        misfit = c[..., np.newaxis, np.newaxis] ** n * fit - goal
        root_loss = np.sqrt(problem.residual + np.sum(misfit**2, axis=(-2, -1)))
        delta = ((root_loss + y_norm) / smallest) ** (2 / n) / (n * (n + 1) ** 2)
        return np.asarray(c**2 * constant <= alpha * delta)

    shape = np.broadcast_shapes(constant.shape, problem.ensemble)
    zero, one = np.zeros(shape), np.ones(shape)
    factor = np.where(small_enough(one), one, last_where(small_enough, zero, one))
    return tuple(factor[..., None, None] * w for w in matrices)
