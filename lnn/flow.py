"""Gradient flow dW_j/dt = −∇_{W_j} L, L without ½: by integration, and in closed form.

Gradient descent with step size η follows the flow with the time step η: k steps reach t = k η.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lnn._checks import (
    Array,
    Weights,
    chain,
    finite_weights,
    non_negative,
    positive,
    whole,
    widths_fit,
)
from lnn.loss import loss, unchecked_gradient
from lnn.networks import flatten, unflatten
from lnn.problems import Problem


@dataclass(frozen=True, eq=False)
class Trajectory:
    """A solution of gradient flow.

    Attributes
    ----------
    times : (k,) array
    weights : tuple of (..., k, d_j, d_{j-1}) arrays
        The time axis stands just before the matrix axes.
    losses : (..., k) array
        L, without ½.
    """

    times: Array
    weights: Weights
    losses: Array


def gradient_flow(
    weights: Sequence[ArrayLike],
    problem: Problem,
    times: ArrayLike,
    *,
    rtol: float = 1e-9,
    atol: float = 1e-12,
    method: str = "DOP853",
) -> Trajectory:
    """Solve dW_j/dt = −∇_{W_j} L(W_1, ..., W_N), with L = ‖Y − W X‖_F² without ½.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
        At time 0. Leading axes of weights and problem broadcast; each member of the ensemble has
        its own time steps, so that its solution does not depend on the others.
    problem : Problem
    times : (k,) array
        Where the solution is wanted: non-negative, increasing.
    rtol, atol : float
        The error that each step may make, relative and absolute, in each parameter.
    method : str
        One of `scipy.integrate.solve_ivp`: an explicit one of order 8 by default; "LSODA" or
        "Radau" where the data are ill-conditioned, which makes the flow stiff.

    Returns
    -------
    Trajectory

    Raises
    ------
    ValueError
        If shapes do not fit, or times or tolerances are out of range.
    RuntimeError
        If the integrator gives up.

    References
    ----------
    report2022, (24), prints dL/dW_j on the left; bah2019 for the flow.

    Examples
    --------
    One weight, L = (3 − w)²: w(t) = 3 (1 − e^{−2t}).

    >>> flow = gradient_flow((np.zeros((1, 1)),), Problem([[1.0]], [[3.0]]), [0.0, 1.0, 2.0])
    >>> flow.weights[0][:, 0, 0].round(8)
    array([0.        , 2.59399415, 2.94505308])
    """
    from scipy.integrate import solve_ivp  # lazily: it would double the time of `import lnn`

    matrices, widths = chain(weights)
    widths_fit(widths, problem.d_x, problem.d_y)
    grid = non_negative(times, "times")
    if grid.ndim != 1 or grid.size == 0 or (np.diff(grid) <= 0).any():
        raise ValueError(f"times are {grid}: give a vector of increasing non-negative times")
    positive(rtol, "rtol")
    positive(atol, "atol")
    finite_weights(matrices, "the flow must start at finite weights")
    start = flatten(matrices)
    ensemble = np.broadcast_shapes(start.shape[:-1], problem.ensemble)
    start = np.broadcast_to(start, (*ensemble, start.shape[-1]))
    members = problem.broadcast_to(ensemble)
    path = np.empty((*ensemble, grid.size, start.shape[-1]))
    losses = np.empty((*ensemble, grid.size))
    for index in np.ndindex(*ensemble):
        member = members[index]
        cov_xx, target = member.cov_xx, member.least_squares

        def velocity(_: float, vector: Array, cov_xx: Array = cov_xx, T: Array = target) -> Array:
            return -flatten(unchecked_gradient(unflatten(vector, widths), cov_xx, T))

        solution = solve_ivp(
            velocity,
            (0.0, float(grid[-1]) or 1.0),  # an empty interval is an error there
            start[index],
            method=method,
            t_eval=grid,
            rtol=rtol,
            atol=atol,
        )
        if not solution.success:
            raise RuntimeError(
                f"the integrator {method} stopped at t = {solution.t[-1] if solution.t.size else 0}"
                f" ({solution.message}): try method='LSODA' or a larger rtol"
            )
        path[index] = solution.y.T
        losses[index] = loss(unflatten(path[index], widths), member)
    return Trajectory(times=grid, weights=unflatten(path, widths), losses=losses)


def mode_time(
    value: ArrayLike, start: ArrayLike, target: ArrayLike, curvature: ArrayLike, depth: int
) -> Array:
    """Return when a balanced chain of scalar weights has the product `value`: t(p).

    All N weights are equal, p = w^N, and with a the curvature (L = a (p − s)² + constant)

        dp/dt = 2 a N p^{2 − 2/N} (s − p).

    Separated and integrated, with c = (2 − N) / N,

        t(p) = F(p) − F(p(0)),  F(p) = w^{2−N} / (2 a s (2 − N)) · ₂F₁(1, c; c + 1; p / s),

    for N ≠ 2, and F(p) = log(p / (s − p)) / (4 a s) for N = 2.

    Parameters
    ----------
    value : (...) array
        p, positive and less than `target`. Below `start` the time is negative.
    start : (...) array
        p(0), positive and less than `target`.
    target : (...) array
        s, the least-squares value of the mode.
    curvature : (...) array
        a: the eigenvalue of Σ_XX that belongs to the mode.
    depth : int
        N.

    Returns
    -------
    (...) array

    Raises
    ------
    ValueError
        If start or value are not between 0 and target.

    References
    ----------
    saxe2014, section 1, for N = 2 and, implicitly, for all depths.

    Examples
    --------
    Depth 2 is logistic growth: from 1/4 to 3/4 of the target it takes log(9) / (4 a s).

    >>> round(float(mode_time(3.0, 1.0, 4.0, 0.5, 2) / (np.log(9) / 8)), 12)
    1.0
    """
    n = whole(depth, "depth", least=1)
    p, p0 = positive(value, "value"), positive(start, "start")
    s, a = positive(target, "target"), positive(curvature, "curvature")
    if not ((p0 < s) & (p < s)).all():
        raise ValueError(
            f"value is {p}, start {p0} and target {s}: the closed form needs value and start "
            f"between 0 and target; integrate other cases with gradient_flow"
        )
    return np.asarray(_primitive(p, s, a, n) - _primitive(p0, s, a, n))


def _primitive(p: Array, s: Array, a: Array, n: int) -> Array:
    """F(p) of `mode_time`."""
    from scipy.special import hyp2f1

    if n == 1:
        return np.asarray(-np.log1p(-p / s) / (2 * a))
    if n == 2:
        return np.asarray(np.log(p / (s - p)) / (4 * a * s))
    c = (2 - n) / n
    series = hyp2f1(1.0, c, c + 1, p / s)
    return np.asarray(p**c * series / (2 * a * s * (2 - n)))


def mode_flow(
    times: ArrayLike, start: ArrayLike, target: ArrayLike, curvature: ArrayLike, depth: int
) -> Array:
    """Return the product p(t) of a balanced chain of scalar weights under gradient flow.

    Closed form for depth 1, p = s + (p(0) − s) e^{−2 a t}, and depth 2,
    p = s / (1 + (s / p(0) − 1) e^{−4 a s t}); for depth ≥ 3 the closed form of `mode_time` is
    inverted by bisection.

    The singular values of a deep network obey it, one each, if the network is balanced and
    aligned: Σ_XX = V diag(a) Vᵀ, T = U diag(s) Vᵀ, W_1 = D Vᵀ, W_j = D, W_N = U D.

    Parameters
    ----------
    times : (k,) array
    start, target, curvature : (...) array
        p(0), s and a > 0. For depth ≥ 3: 0 < start < target.
    depth : int
        N.

    Returns
    -------
    (..., k) array

    Raises
    ------
    ValueError
        If arguments are out of the range of the closed form.

    References
    ----------
    saxe2014, section 1.

    Examples
    --------
    >>> mode_flow([0.0, 0.5], start=1.0, target=3.0, curvature=0.5, depth=2).round(6)
    array([1.      , 2.728329])
    """
    n = whole(depth, "depth", least=1)
    t = non_negative(times, "times")
    p0 = positive(start, "start")[..., np.newaxis]
    s = positive(target, "target")[..., np.newaxis]
    a = positive(curvature, "curvature")[..., np.newaxis]
    if n == 1:
        return np.asarray(s + (p0 - s) * np.exp(-2 * a * t))
    if n == 2:
        return np.asarray(s / (1 + (s / p0 - 1) * np.exp(-4 * a * s * t)))
    if not (p0 < s).all():
        raise ValueError(
            f"start is {p0[..., 0]} and target {s[..., 0]}: from depth 3 on the closed form needs "
            f"start < target; integrate other cases with gradient_flow"
        )
    # Bisection in z = log(p / (s − p)), which resolves both ends.
    shape = np.broadcast_shapes(p0.shape, s.shape, a.shape, t.shape)
    low = np.broadcast_to(np.log(p0 / (s - p0)), shape).copy()
    high = low + 4 * a * n * s ** (2 - 2 / n) * t + 1.0  # dz/dt ≤ 2 a N p^{1−2/N} s
    origin = _primitive(p0, s, a, n)
    for _ in range(64):
        middle = (low + high) / 2
        # Past z = 29 the product is s to 13 digits, and p / s would soon round to 1, where ₂F₁ is
        # singular.
        late = _primitive(s / (1 + np.exp(-np.minimum(middle, 29.0))), s, a, n) - origin > t
        late |= middle > 29.0
        low, high = np.where(late, low, middle), np.where(late, middle, high)
    return np.asarray(s / (1 + np.exp(-(low + high) / 2)))
