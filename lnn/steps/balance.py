"""Balancedness: what gradient flow conserves, how gradient descent drifts, what it bounds.

For neighbouring layers let C_j = W_{j+1}ᵀ W_{j+1} − W_j W_jᵀ, j = 1, ..., N − 1. Gradient flow
keeps every C_j as it is at the start; a step of gradient descent changes it by a term of order η².
The balancedness constant is the largest spectral norm of a C_j; weights are balanced where it is
0. Norms ‖·‖ are spectral.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from lnn._checks import Array, Weights, chain, finite_weights, non_negative
from lnn.network import product
from lnn.objective import gradient
from lnn.problem import Problem


def imbalances(weights: Sequence[ArrayLike]) -> Weights:
    """Return C_j = W_{j+1}ᵀ W_{j+1} − W_j W_jᵀ for neighbouring layers.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays

    Returns
    -------
    tuple of (..., d_j, d_j) arrays
        (C_1, ..., C_{N-1}), symmetric; empty for a single layer.

    References
    ----------
    arora2018, Theorem 1, for their conservation under gradient flow.

    Examples
    --------
    >>> imbalances((np.array([[1.0]]), np.array([[3.0]])))
    (array([[8.]]),)
    """
    matrices, _ = chain(weights)
    return tuple(above.mT @ above - below @ below.mT for below, above in pairwise(matrices))


def balancedness(weights: Sequence[ArrayLike]) -> Array:
    """Return the balancedness constant: the least δ with ‖C_j‖ ≤ δ for all j.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays

    Returns
    -------
    (...) array
        max_j ‖W_{j+1}ᵀ W_{j+1} − W_j W_jᵀ‖; 0 for a single layer.

    Raises
    ------
    ValueError
        If the shapes do not chain, or an entry is not finite.

    References
    ----------
    nguegnang2021, Definition 2.2; report2022, (27) and (28).

    Examples
    --------
    >>> float(balancedness((np.array([[1.0]]), np.array([[3.0]]), np.array([[2.0]]))))
    8.0
    """
    matrices, _ = chain(weights)
    finite_weights(
        matrices,
        "a diverged network has no balancedness constant; "
        "leave diverged members out (Run.stop tells which)",
    )
    ensemble = np.broadcast_shapes(*(w.shape[:-2] for w in matrices))
    result = np.zeros(ensemble)
    for c in imbalances(matrices):
        # The spectral norm of a symmetric matrix is its largest |eigenvalue|.
        result = np.maximum(result, np.abs(np.linalg.eigvalsh(c)).max(axis=-1))
    return np.asarray(result)


def rescaled(weights: Sequence[ArrayLike], delta: ArrayLike) -> Weights:
    """Scale all layers by one factor so that the balancedness constant becomes δ.

    The constant is quadratic in the factor, so it is √(δ / balancedness(weights)).

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
        Not exactly balanced, unless δ = 0.
    delta : (...) array or float
        δ ≥ 0.

    Returns
    -------
    tuple of (..., d_j, d_{j-1}) arrays
        `balancedness` gives δ to rounding.

    Raises
    ------
    ValueError
        If the weights are balanced, so that no factor makes their constant δ > 0.

    See Also
    --------
    lnn.initialization.with_balancedness : keeps the product's singular values, not the directions.

    Examples
    --------
    >>> w1, w2 = rescaled((np.array([[1.0]]), np.array([[3.0]])), 2.0)
    >>> float(w1[0, 0]), float(w2[0, 0])
    (0.5, 1.5)
    """
    matrices, _ = chain(weights)
    target, now = non_negative(delta, "delta"), balancedness(matrices)
    if ((now == 0) & (target > 0)).any():
        raise ValueError(
            f"weights are exactly balanced, so no factor gives them the constant {target}: "
            f"draw them with with_balancedness or gaussian"
        )
    factor = np.sqrt(target / np.where(now == 0, 1.0, now))[..., None, None]
    return tuple(factor * w for w in matrices)


def drift(weights: Sequence[ArrayLike], problem: Problem, step_size: ArrayLike) -> Weights:
    """Return by how much one step of gradient descent changes each C_j.

    The terms of first order cancel, W_{j+1}ᵀ G_{j+1} = G_j W_jᵀ with G_j = ∇_{W_j} L, and there
    remains exactly

        C_j(W − η G) − C_j(W) = η² (G_{j+1}ᵀ G_{j+1} − G_j G_jᵀ).

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
    problem : Problem
        L = ‖Y − W X‖_F², without ½.
    step_size : (...) array or float
        η.

    Returns
    -------
    tuple of (..., d_j, d_j) arrays
        For j = 1, ..., N − 1.

    Raises
    ------
    ValueError
        If the shapes do not chain or do not fit the problem, or step_size is negative.

    Examples
    --------
    L = (3 − w₂ w₁)² at w = (1, 2) has the gradient (−4, −2).

    >>> drift((np.array([[1.0]]), np.array([[2.0]])), Problem([[1.0]], [[3.0]]), 0.5)
    (array([[-3.]]),)
    """
    eta = non_negative(step_size, "step_size")[..., np.newaxis, np.newaxis]
    slopes = gradient(weights, problem)
    return tuple(eta**2 * c for c in imbalances(slopes))


def layer_norm_ceiling(weights: Sequence[ArrayLike], delta: ArrayLike | None = None) -> Array:
    """Return ‖W‖^{2/N} + (N + 1)² δ, which bounds ‖W_j‖² for every layer.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
    delta : (...) array, optional
        δ, at least `balancedness(weights)`, which is the default.

    Returns
    -------
    (...) array

    Raises
    ------
    ValueError
        If `delta` is less than the balancedness constant.

    See Also
    --------
    sharp_layer_norm_ceiling : the same with a constant that is linear in N.

    References
    ----------
    nguegnang2021, Proposition 3.2; report2022, (29), prints N + 1 for (N + 1)².

    Examples
    --------
    The product is 0 and the balancedness constant 1, so the bound is 3² · 1.

    >>> float(layer_norm_ceiling((np.array([[1.0]]), np.array([[0.0]]))))
    9.0
    """
    depth = len(chain(weights)[0])
    return _bound(weights, delta, (depth + 1) ** 2)


def sharp_layer_norm_ceiling(weights: Sequence[ArrayLike], delta: ArrayLike | None = None) -> Array:
    """Return ‖W‖^{2/N} + (N − 1) δ, which bounds ‖W_j‖² for every layer.

    No smaller constant will do: N scalar layers with w_j² = (j − 1) δ have product 0 and attain it.

    For an end layer the proof is short. Let u_0 be a unit vector with ‖W_1 u_0‖ = ‖W_1‖,
    u_j = W_j u_{j-1} / ‖W_j u_{j-1}‖ and a_j = ‖W_j u_{j-1}‖². Then
    a_{j+1} ≥ ‖W_jᵀ u_j‖² − δ ≥ (u_jᵀ W_j u_{j-1})² − δ = a_j − δ, so
    ‖W‖² ≥ a_1 ⋯ a_N ≥ (‖W_1‖² − (N − 1) δ)^N where the bracket is not negative. A middle layer
    takes more, and can exceed what its distance to the ends suggests: the book's chapter on the
    step size has the proof for all.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
    delta : (...) array, optional
        δ, at least `balancedness(weights)`, which is the default.

    Returns
    -------
    (...) array

    Raises
    ------
    ValueError
        If `delta` is less than the balancedness constant.

    See Also
    --------
    layer_norm_ceiling : the published constant.

    Examples
    --------
    Attained by two layers: the product is 0, δ = 1 and ‖W_1‖² = 1.

    >>> float(sharp_layer_norm_ceiling((np.array([[1.0]]), np.array([[0.0]]))))
    1.0
    """
    depth = len(chain(weights)[0])
    return _bound(weights, delta, depth - 1)


def _bound(weights: Sequence[ArrayLike], delta: ArrayLike | None, constant: int) -> Array:
    """‖W‖^{2/N} + constant · δ."""
    least = balancedness(weights)
    if delta is None:
        allowed = least
    else:
        allowed = non_negative(delta, "delta")
        if (allowed < least * (1 - 1e-12)).any():
            raise ValueError(
                f"delta is {np.min(allowed):.6g} but the weights have balancedness constant up to "
                f"{np.max(least):.6g}: give at least that, or leave delta out"
            )
    norm = np.linalg.norm(product(weights), ord=2, axis=(-2, -1))
    return np.asarray(norm ** (2 / len(weights)) + constant * allowed)
