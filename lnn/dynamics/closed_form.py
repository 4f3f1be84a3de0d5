"""Exact dynamics: a deep linear network as a few scalar equations, one a singular mode.

If Σ_XX = V diag(a) Vᵀ shares its eigenvectors with T = U diag(s) Vᵀ, and the weights are aligned,
W_1 = D_1 Vᵀ, W_j = D_j, W_N = U D_N with diagonal D_j, gradient flow keeps them so. The layers'
entries w_1, ..., w_N of one mode then obey, with p = w_N ... w_1 and the loss without ½,

    dw_j/dt = 2 a (s − p) p / w_j,      L = residual + Σ_modes a (s − p)².

w_i² − w_j² is conserved. `mode_flow` is the closed form for equal layers (balanced weights);
here are the modes themselves, aligned weights, and what unequal layers change.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lnn._bisection import last_where
from lnn._checks import Array, finite, non_negative, positive, whole


def escape_time(start: ArrayLike, target: ArrayLike, curvature: ArrayLike, depth: int) -> Array:
    """Return how long a small balanced mode stays near zero, to leading order as start → 0.

    N = 2:  log(s / p_0) / (4 a s);    N ≥ 3:  p_0^{−(1 − 2/N)} / (2 a s (N − 2)).

    With two layers a hundred times smaller start costs one more constant; with more it costs a
    power. The rise that follows takes a time c_N / (a s^{2−2/N}), whatever the start: in units of
    y = (p / s)^{1/N} and a s^{2−2/N} t the equation of a mode has no parameter but N. `mode_time`
    is exact.

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
        κ > 0. For κ = 0 see `mode_flow` with depth 2.

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
    p0 = finite(start, "start")[..., np.newaxis]
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
    w0 = np.atleast_1d(finite(layers, "layers"))
    s = finite(target, "target")
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
    # Bisection in z = log(p / (s − p)), which resolves both ends, up to z = 29, where the product
    # is s to 13 digits: p / s would soon round to 1, where ₂F₁ is singular.
    shape = np.broadcast_shapes(p0.shape, s.shape, a.shape, t.shape)
    low = np.broadcast_to(np.log(p0 / (s - p0)), shape)
    origin = _primitive(p0, s, a, n)

    def early(z: Array) -> NDArray[np.bool_]:
        return np.asarray(_primitive(s / (1 + np.exp(-z)), s, a, n) - origin <= t)

    z = last_where(early, low, np.maximum(low, 29.0))
    return np.asarray(s / (1 + np.exp(-z)))
