"""Exact dynamics: a deep linear network as a few scalar equations, one a singular mode.

If Σ_XX = V diag(a) Vᵀ shares its eigenvectors with T = U diag(s) Vᵀ, and the weights are aligned,
W_1 = D_1 Vᵀ, W_j = D_j, W_N = U D_N with diagonal D_j, gradient flow keeps them so. The layers'
entries w_1, ..., w_N of one mode then obey, with p = w_N ... w_1 and the loss without ½,

    dw_j/dt = 2 a (s − p) p / w_j,      L = residual + Σ_modes a (s − p)².

w_i² − w_j² is conserved. `lnn.flow` has the closed forms for equal layers (balanced weights);
here are the modes themselves, aligned weights, and what unequal layers change.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lnn._checks import (
    Array,
    Weights,
    chain,
    finite_matrix,
    non_negative,
    positive,
    valid_widths,
    whole,
    widths_fit,
)
from lnn.networks import product
from lnn.problems import Problem


@dataclass(frozen=True, eq=False)
class Modes:
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
        ‖Vᵀ Σ_XX V − diag(a)‖_F / ‖Σ_XX‖_F: 0 if the modes evolve one by one.
    """

    left: Array
    right: Array
    targets: Array
    curvatures: Array
    coupling: Array


def modes(problem: Problem) -> Modes:
    """Return the singular modes of T with the curvature that the inputs give to each.

    Parameters
    ----------
    problem : Problem

    Returns
    -------
    Modes
        k = min(d_x, d_y) modes, a_i s_i² descending.

    Examples
    --------
    >>> found = modes(Problem(np.diag([1.0, 3.0]), np.diag([2.0, 3.0])))
    >>> found.targets, found.curvatures, float(found.coupling)
    (array([1., 2.]), array([9., 1.]), 0.0)
    """
    u, s, vt = np.linalg.svd(problem.least_squares, full_matrices=False)
    inner = vt @ problem.cov_xx @ vt.mT
    a = np.diagonal(inner, axis1=-2, axis2=-1)
    # What Σ_XX does outside the modes counts as coupling too, where it leads out of them.
    outside = problem.cov_xx @ vt.mT - vt.mT * a[..., None, :]
    coupling = np.linalg.norm(outside, axis=(-2, -1)) / np.linalg.norm(
        problem.cov_xx, axis=(-2, -1)
    )
    order = np.argsort(-a * s**2, axis=-1, kind="stable")
    return Modes(
        left=np.take_along_axis(u, order[..., None, :], axis=-1),
        right=np.take_along_axis(vt, order[..., :, None], axis=-2).mT,
        targets=np.take_along_axis(s, order, axis=-1),
        curvatures=np.take_along_axis(a, order, axis=-1),
        coupling=np.asarray(coupling),
    )


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
    widths_fit(d, problem.d_x, problem.d_y, "widths")
    depth = len(d) - 1
    diagonals = np.asarray(strengths, dtype=np.float64)
    k = diagonals.shape[-1] if diagonals.ndim else 0
    if depth < 2 or diagonals.shape not in ((k,), (depth, k)) or not 0 < k <= min(d):
        raise ValueError(
            f"strengths have shape {diagonals.shape} for widths {d}: give (k,) or (N, k) with "
            f"N = {depth} layers, at least two, and k from 1 to {min(d)} modes"
        )
    diagonals = np.broadcast_to(finite_matrix(np.atleast_2d(diagonals), "strengths"), (depth, k))
    found = modes(problem)
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
    widths_fit(widths, problem.d_x, problem.d_y)
    found = modes(problem)
    return np.asarray(np.sum(found.left * (product(matrices) @ found.right), axis=-2))


def escape_time(start: ArrayLike, target: ArrayLike, curvature: ArrayLike, depth: int) -> Array:
    """Return how long a small balanced mode stays near zero, to leading order as start → 0.

    N = 2:  log(s / p_0) / (4 a s);    N ≥ 3:  p_0^{−(1 − 2/N)} / (2 a s (N − 2)).

    With two layers a hundred times smaller start costs one more constant; with more it costs a
    power. `lnn.flow.mode_time` is exact.

    Parameters
    ----------
    start, target, curvature : (...) arrays
        p_0 < s and a, positive.
    depth : int
        N ≥ 2: a single layer has no saddle to escape from.

    Returns
    -------
    (...) array

    Raises
    ------
    ValueError
        If 0 < start < target does not hold, or N < 2.

    References
    ----------
    saxe2014, section 1, for N = 2; li2021, for the power.

    Examples
    --------
    >>> float(escape_time(1e-6, 1.0, 0.5, 3).round(9)), float(escape_time(1e-6, 1.0, 0.5, 4))
    (100.0, 500.0)
    """
    n = whole(depth, "depth", least=2)
    p, s = positive(start, "start"), positive(target, "target")
    a = positive(curvature, "curvature")
    if not (p < s).all():
        raise ValueError(f"start is {p} and target {s}: a mode that starts beyond has escaped")
    if n == 2:
        return np.asarray(np.log(s / p) / (4 * a * s))
    return np.asarray(p ** (2 / n - 1) / (2 * a * s * (n - 2)))


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
        In the order of `modes`; 0 for modes beyond the hidden width, which are never learned.
        `lnn.flow.mode_flow` with depth 2 continues from there.

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
    widths_fit(widths, problem.d_x, problem.d_y)
    if len(matrices) != 2:
        raise ValueError(
            f"weights have {len(matrices)} layers: the growth from zero is linear, and has this "
            f"closed form, for two layers only"
        )
    found = modes(problem)
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


def unbalanced_flow(
    times: ArrayLike,
    start: ArrayLike,
    target: ArrayLike,
    curvature: ArrayLike,
    imbalance: ArrayLike,
) -> Array:
    """Return p(t) of a mode of two unequal layers, in closed form.

    With κ = |w_2² − w_1²|, conserved, dp/dt = 2 a (s − p) √(κ² + 4 p²). In E = e^θ, where
    p = (κ/2) sinh θ, this is a Riccati equation:

        (E − E₊) / (E − E₋) = C e^{−2 a √(4 s² + κ²) t},   E_± = (2 s ± √(4 s² + κ²)) / κ,

    C from the start. So the mode leaves p = 0 at once: only balanced weights have a saddle there.

    Parameters
    ----------
    times : (k,) array
    start, target, curvature : (...) array
        p(0) of either sign, s > 0 and a > 0.
    imbalance : (...) array
        κ > 0. For κ = 0 see `lnn.flow.mode_flow` with depth 2.

    Returns
    -------
    (..., k) array

    Raises
    ------
    ValueError
        If target, curvature or imbalance is not positive.

    References
    ----------
    saxe2014, appendix.

    Examples
    --------
    >>> unbalanced_flow([0.0, 0.1, 5.0], 0.0, 3.0, 0.5, 1.0).round(4)
    array([0.    , 0.3008, 3.    ])
    """
    t = non_negative(times, "times")
    p0 = np.asarray(start, dtype=np.float64)[..., np.newaxis]
    s = positive(target, "target")[..., np.newaxis]
    a = positive(curvature, "curvature")[..., np.newaxis]
    kappa = positive(imbalance, "imbalance")[..., np.newaxis]
    root = np.sqrt(4 * s**2 + kappa**2)
    # E₊ E₋ = −1; the form without cancellation.
    high = (2 * s + root) / kappa
    low = -1 / high
    theta = np.arcsinh(2 * p0 / kappa)
    e = np.exp(theta)
    ratio = (e - high) / (e - low) * np.exp(-2 * a * root * t)
    e = (high - low * ratio) / (1 - ratio)
    return np.asarray(kappa / 4 * (e - 1 / e))


def chain_flow(
    times: ArrayLike, layers: ArrayLike, target: ArrayLike, curvature: ArrayLike
) -> Array:
    """Integrate the layers of aligned modes, dw_j/dt = 2 a (s − p) Π_{i≠j} w_i, for any start.

    Parameters
    ----------
    times : (k,) array
        Increasing, non-negative.
    layers : (..., N) array
        w_1, ..., w_N of each mode at time 0.
    target, curvature : (...) array
        s and a > 0.

    Returns
    -------
    (..., k, N) array
        The product over the last axis is p(t).

    Raises
    ------
    ValueError
        If times do not increase or curvature is not positive.

    Examples
    --------
    >>> w = chain_flow([0.0, 9.0], [1.0, 0.5, 0.1], 2.0, 0.5)[-1]
    >>> float(np.prod(w).round(6)), (w**2 - w[0]**2).round(6)
    (2.0, array([ 0.  , -0.75, -0.99]))
    """
    from scipy.integrate import solve_ivp  # lazily: it would double the time of `import lnn`

    t = np.atleast_1d(non_negative(times, "times"))
    if (np.diff(t) <= 0).any():
        raise ValueError(f"times are {t}: give increasing times")
    w0 = np.asarray(layers, dtype=np.float64)
    s = np.asarray(target, dtype=np.float64)
    a = positive(curvature, "curvature")
    shape = np.broadcast_shapes(w0.shape[:-1], s.shape, a.shape)
    n = w0.shape[-1]
    others = [[i for i in range(n) if i != j] for j in range(n)]
    result = np.empty((*shape, t.size, n))
    w0 = np.broadcast_to(w0, (*shape, n))
    s, a = np.broadcast_to(s, shape), np.broadcast_to(a, shape)
    for index in np.ndindex(*shape):

        def velocity(
            _: float, w: Array, s: float = float(s[index]), a: float = float(a[index])
        ) -> Array:
            rest = np.array([np.prod(w[k]) for k in others])
            return np.asarray(2 * a * (s - np.prod(w)) * rest)

        solution = solve_ivp(
            velocity,
            (0.0, float(t[-1]) or 1.0),
            w0[index],
            method="LSODA",
            t_eval=t,
            rtol=1e-9,
            atol=1e-13,
        )
        result[index] = solution.y.T
    return result
