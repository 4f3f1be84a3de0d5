"""A step size that provably leads from given weights to a global minimizer, near 2 / sharpness.

The convergence theorem of Nguegnang et al. must hold for all that a run might meet, and is
conservative by orders of magnitude. Once a run has come close to a minimizer, much less is needed:
a ball around its weights in which the end-to-end map stays a submersion, so large that no run with
this step can leave it. A run of which one iterate passes this test converges to a global minimizer:
proved after the fact, for a step that the test at the first iterate would not have allowed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lnn._arrays import kronecker
from lnn._checks import Array, Weights, chain
from lnn.network import left_products, product, right_products
from lnn.problem import Problem, fits
from lnn.steps.record import StepBound

_RADII = np.logspace(-9, 0, 91)  # tried radii, relative to the largest that could work


@dataclass(frozen=True, eq=False, repr=False)
class TrappingBound(StepBound):
    """What `trapping_bound` proves. Arrays (...), one entry per network.

    Attributes
    ----------
    step_size : (...) array
        For every fixed η < step_size gradient descent from the weights converges to a global
        minimizer; 0 where the test proves nothing.
    radius : (...) array
        All iterates stay within this Frobenius distance.
    curvature : (...) array
        Λ, a bound of λ_max(∇²L) on the part of the ball that a run can visit.
    conditioning : (...) array
        σ, a lower bound of the least singular value of V ↦ (dW·V) A in the ball.
    """

    radius: Array
    curvature: Array
    conditioning: Array


def trapping_bound(weights: Sequence[ArrayLike], problem: Problem) -> TrappingBound:
    """Return the largest step size with which the weights provably run to a global minimizer.

    Let K(w): V ↦ Σ_j P_j V_j Q_j A, with singular values from σ_0 to κ_0 at the weights, and
    e = ‖(W − T) A‖_F. In a ball of radius ρ, with n_k = ‖W_k‖_2 + ρ and γ = ‖C‖_2 ‖A‖_2,
    C_ij = Π_{k≠i,j} n_k (i ≠ j; 0 on the diagonal),

        σ = σ_0 − γ ρ,    Λ = 2 (κ_0 + γ ρ)² + 2 e γ,

    and every η < (2 / Λ) (1 − e / (ρ σ)) keeps gradient descent in the ball and shrinks the excess
    loss by the factor 1 − 4 η σ² (1 − η Λ / 2) or less a step. The best of a grid of radii is
    returned. As the weights approach a minimizer the step tends to 2 / λ_max(∇²L) there.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
    problem : Problem

    Returns
    -------
    TrappingBound
        For L = ‖Y − W X‖_F² without ½. step_size is 0 far from a minimizer, and wherever K is not
        onto, as for widths that do not let the least-squares map through.

    Raises
    ------
    ValueError
        If shapes do not fit.

    Examples
    --------
    At the flattest minimizer of (1 − w_2 w_1)², of sharpness 4, every η < 2/4 is safe.

    >>> one = np.ones((1, 1))
    >>> float(trapping_bound((one, one), Problem([[1.0]], [[1.0]])).step_size.round(6))
    0.5
    >>> zero = np.zeros((1, 1))
    >>> float(trapping_bound((zero, zero), Problem([[1.0]], [[1.0]])).step_size)
    0.0
    """
    matrices, widths = chain(weights)
    fits(widths, problem)
    root = problem.root_xx
    with np.errstate(all="ignore"):  # diverged or far-away networks: the result is 0 for them
        error = np.linalg.norm((product(matrices) - problem.least_squares) @ root, axis=(-2, -1))
        near = error < 1e30
        matrices = tuple(np.where(near[..., None, None], w, 0.0) for w in matrices)
        error = np.where(near, error, np.inf)
    squared = np.maximum(np.linalg.eigvalsh(_tangent_gram(matrices, root)), 0.0)
    lowest, highest = np.sqrt(squared[..., 0]), np.sqrt(squared[..., -1])
    norms = np.stack([np.linalg.norm(w, 2, axis=(-2, -1)) for w in matrices], axis=-1)
    norms = np.broadcast_to(norms, (*error.shape, len(matrices)))
    scale = np.linalg.norm(root, 2, axis=(-2, -1))

    with np.errstate(all="ignore"):
        # σ > 0 needs ρ < σ_0 / γ(0). One layer has γ = 0, and every ρ > e / σ_0 will do.
        longest = lowest / (_bend(norms) * scale) if len(matrices) > 1 else 1e9 * error / lowest
        radius = np.where(np.isfinite(longest), longest, 0.0)[..., None] * _RADII
        gamma = _bend(norms[..., None, :] + radius[..., None]) * np.asarray(scale)[..., None]
        conditioning = lowest[..., None] - gamma * radius
        curvature = 2 * (highest[..., None] + gamma * radius) ** 2 + 2 * error[..., None] * gamma
        step = (2 / curvature) * (1 - error[..., None] / (radius * conditioning))
        step = np.where((conditioning > 0) & (step > 0), step, 0.0)
    best = step.argmax(axis=-1)[..., None]

    def pick(array: Array) -> Array:
        return np.asarray(np.take_along_axis(array, best, axis=-1)[..., 0])

    return TrappingBound(pick(step), pick(radius), pick(curvature), pick(conditioning))


def _tangent_gram(weights: Weights, root: Array) -> Array:
    """K Kᵀ = Σ_j P_j P_jᵀ ⊗ (Q_j A)ᵀ Q_j A."""
    terms = []
    for p, q in zip(left_products(weights), right_products(weights), strict=True):
        rows, columns = p @ p.mT, (q @ root).mT @ (q @ root)
        terms.append(kronecker(rows, columns))
    return np.asarray(sum(terms))


def _bend(norms: Array) -> Array:
    """‖C‖_2 with C_ij = Π_{k≠i,j} n_k off the diagonal."""
    depth = norms.shape[-1]
    c = np.zeros((*norms.shape[:-1], depth, depth))
    for i in range(depth):
        for j in range(i):
            others = [k for k in range(depth) if k not in (i, j)]
            c[..., i, j] = c[..., j, i] = np.prod(norms[..., others], axis=-1)
    return np.asarray(np.linalg.norm(c, 2, axis=(-2, -1)))
