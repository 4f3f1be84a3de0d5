"""The modes of a problem, and what of the weights lies along them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lnn._checks import Array, Weights, chain, finite, valid_widths
from lnn._record import Record
from lnn.network import product
from lnn.problem import Problem, checked, fits

_TIE = 1e-9  # singular values closer than this, relative to the largest, count as equal


@dataclass(frozen=True, eq=False, repr=False)
class SingularModes(Record):
    """Singular modes of the least-squares map, in the order in which they lower the loss.

    Attributes
    ----------
    left : (..., d_y, k) array
        u_i, the columns of U in T = U diag(s) Vᵀ.
    right : (..., d_x, k) array
        v_i.
    targets : (..., k) array
        s_i.
    curvatures : (..., k) array
        a_i = v_iᵀ Σ_XX v_i, so that mode i lowers the loss by a_i s_i².
    coupling : (...) array
        ‖Σ_XX V − V diag(a)‖_F / ‖Σ_XX‖_F: 0 if the modes evolve one by one.
    """

    left: Array
    right: Array
    targets: Array
    curvatures: Array
    coupling: Array


def singular_modes(problem: Problem) -> SingularModes:
    """Return the singular modes of T with the curvature that the inputs give to each.

    Equal singular values leave a choice of singular vectors: those are taken that diagonalize Σ_XX,
    so that modes are coupled only where the inputs couple different singular values.

    Parameters
    ----------
    problem : Problem

    Returns
    -------
    SingularModes
        k = min(d_x, d_y) modes, a_i s_i² descending.

    Examples
    --------
    >>> found = singular_modes(Problem(np.diag([1.0, 3.0]), np.diag([2.0, 3.0])))
    >>> found.targets, found.curvatures, float(found.coupling)
    (array([1., 2.]), array([9., 1.]), 0.0)
    """
    checked(problem)
    u, s, vt = np.linalg.svd(problem.least_squares, full_matrices=False)
    turn = _within_ties(s, vt @ problem.cov_xx @ vt.mT)
    u, vt = u @ turn, turn.mT @ vt
    a = np.diagonal(vt @ problem.cov_xx @ vt.mT, axis1=-2, axis2=-1)
    # What Σ_XX does outside the modes counts as coupling too, where it leads out of them.
    outside = problem.cov_xx @ vt.mT - vt.mT * a[..., None, :]
    size = np.linalg.norm(problem.cov_xx, axis=(-2, -1))
    coupling = np.linalg.norm(outside, axis=(-2, -1)) / np.where(size > 0, size, 1.0)
    order = np.argsort(-a * s**2, axis=-1, kind="stable")
    return SingularModes(
        left=np.take_along_axis(u, order[..., None, :], axis=-1),
        right=np.take_along_axis(vt, order[..., :, None], axis=-2).mT,
        targets=np.take_along_axis(s, order, axis=-1),
        curvatures=np.take_along_axis(a, order, axis=-1),
        coupling=np.asarray(coupling),
    )


def _within_ties(s: Array, inner: Array) -> Array:
    """Return the rotation, within the singular vectors of equal s, that diagonalizes `inner`."""
    k = s.shape[-1]
    ties = np.abs(s[..., :, None] - s[..., None, :]) <= _TIE * s[..., :1, None]
    # Each group of ties gets a number of its own, far from the others': no eigenvector mixes them.
    number = np.where(ties, np.arange(k, 0, -1), 0).max(axis=-1)
    size = 1 + np.linalg.norm(inner, axis=(-2, -1), keepdims=True)
    apart = 3.0 * number[..., :, None] * np.eye(k)
    _, turn = np.linalg.eigh(np.where(ties, inner / size, 0.0) - apart)
    tied = ties.sum(axis=(-2, -1), keepdims=True) > k
    return np.asarray(np.where(tied, turn, np.eye(k)))


def aligned(problem: Problem, widths: Sequence[int], strengths: ArrayLike) -> Weights:
    """Return weights aligned with the problem: W_1 = D_1 Vᵀ, W_j = D_j, W_N = U D_N.

    Parameters
    ----------
    problem : Problem
    widths : sequence of int
        (d_0, ..., d_N), N ≥ 2.
    strengths : (N, k) or (k,) array
        Diagonals of D_1, ..., D_N for the first k modes; (k,) gives the same to all layers, which
        makes the weights balanced and the product of mode i strengths[i]^N.

    Returns
    -------
    tuple of (..., d_j, d_{j-1}) arrays

    Raises
    ------
    ValueError
        If N < 2, the widths do not fit, or there are more strengths than min_j d_j.

    Examples
    --------
    >>> problem = Problem(np.eye(2), np.diag([2.0, 1.0]))
    >>> product(aligned(problem, (2, 2, 2, 2), [0.5, 0.1])).round(6)
    array([[0.125, 0.   ],
           [0.   , 0.001]])
    """
    d = valid_widths(widths)
    fits(d, problem, "widths")
    depth = len(d) - 1
    diagonals = finite(strengths, "strengths")
    k = diagonals.shape[-1] if diagonals.ndim else 0
    if depth < 2 or diagonals.shape not in ((k,), (depth, k)) or not 0 < k <= min(d):
        raise ValueError(
            f"strengths have shape {diagonals.shape} for widths {d}: give (k,) or (N, k) with "
            f"N = {depth} layers, at least two, and k from 1 to {min(d)} modes"
        )
    diagonals = np.broadcast_to(diagonals, (depth, k))
    found = singular_modes(problem)
    result = []
    for j in range(1, depth + 1):
        w = np.zeros((*problem.ensemble, d[j], d[j - 1]))
        if j == 1:
            w[..., :k, :] = diagonals[0][:, None] * found.right[..., :, :k].mT
        elif j == depth:
            w[..., :, :k] = found.left[..., :, :k] * diagonals[-1]
        else:
            w[..., range(k), range(k)] = diagonals[j - 1]
        result.append(w)
    return tuple(result)


def mode_values(weights: Sequence[ArrayLike], problem: Problem) -> Array:
    """Return how far each mode is learned: u_iᵀ W v_i, which runs from 0 to s_i.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
    problem : Problem

    Returns
    -------
    (..., k) array

    Examples
    --------
    >>> mode_values((np.eye(2), np.eye(2)), Problem(np.eye(2), np.diag([3.0, 2.0])))
    array([1., 1.])
    """
    matrices, widths = chain(weights)
    fits(widths, problem)
    found = singular_modes(problem)
    return np.asarray(np.sum(found.left * (product(matrices) @ found.right), axis=-2))


def effective_start(weights: Sequence[ArrayLike], problem: Problem) -> Array:
    """Return the balanced, aligned start that two small layers behave as if they had, per mode.

    Near zero only z_i = (W_1 v_i + W_2ᵀ u_i) / 2, a vector of the hidden space, grows, as
    e^{2 a_i s_i t}; the difference of the two dies out. A mode learned earlier occupies its
    direction of the hidden space, so that of z_i only the part orthogonal to the z of all faster
    modes is left: p_0,i is its squared length (Gram-Schmidt, fastest mode first).

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
        N = 2. Exact in the limit of small weights, for modes without coupling.
    problem : Problem

    Returns
    -------
    (..., k) array
        In the order of `singular_modes`. 0 for the modes that find no room in the hidden space, all
        but the d_1 fastest: they do not grow while those do. On inputs that are not whitened such a
        mode can be learned later, in place of a faster one that lowers the loss by less.
        `lnn.dynamics.mode_flow` with depth 2 continues from there.

    Raises
    ------
    ValueError
        If there are not two layers.

    Examples
    --------
    >>> problem = Problem(np.eye(2), np.diag([2.0, 1.0]))
    >>> effective_start((0.1 * np.eye(2), 0.1 * np.eye(2)), problem).round(6)
    array([0.01, 0.01])
    """
    matrices, widths = chain(weights)
    fits(widths, problem)
    if len(matrices) != 2:
        raise ValueError(
            f"weights have {len(matrices)} layers: the growth from zero is linear, and has this "
            f"closed form, for two layers only"
        )
    found = singular_modes(problem)
    z = (matrices[0] @ found.right + matrices[1].mT @ found.left) / 2
    speed = found.curvatures * found.targets
    order = np.broadcast_to(
        np.argsort(-speed, axis=-1, kind="stable"), (*z.shape[:-2], z.shape[-1])
    )
    r = np.linalg.qr(np.take_along_axis(z, order[..., None, :], axis=-1)).R
    lengths = np.zeros(order.shape)
    count = min(r.shape[-2:])
    lengths[..., :count] = np.diagonal(r, axis1=-2, axis2=-1) ** 2
    result = np.empty(order.shape)
    np.put_along_axis(result, order, lengths, axis=-1)
    return result
