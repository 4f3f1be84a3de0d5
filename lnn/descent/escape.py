"""How long gradient flow needs to leave a saddle of the r leading modes.

With Z_1, ..., Z_N as in `lnn.landscape.construction` and K = U_Qᵀ Σ_YX, gradient flow moves the Z_h
close to such a point, to leading order, along

    dZ_h/dt = 2 (Z_N ... Z_{h+1})ᵀ K (Z_{h-1} ... Z_1)ᵀ                                        (†)

while the modes already learned stand still. At a non-strict saddle all Z_h vanish. (†) is then
homogeneous of degree N − 1: a perturbation of size ε takes a time ε^{−(N−2)} τ, where τ depends on
its direction only. Where Z_2, ..., Z_{N-1} carry a strength through the middle, (†) is linear in
Z_1 and Z_N, and the time is logarithmic in ε.

Times are of gradient flow; divided by the step size they are steps, where η |μ| is small.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from lnn._checks import between_0_and_1, finite, finite_matrix, positive


def strict_escape_time(
    z_first: ArrayLike,
    z_middle: float,
    z_last: ArrayLike,
    K: ArrayLike,
    cov_xx: ArrayLike,
    *,
    share: float = 0.5,
) -> float:
    """Return the time from a strict saddle of three layers, open in the middle, to a lower loss.

    Let (κ, u, v) be the top singular triple of K. While the perturbation is small its growing part,
    α = (uᵀ Z_3 + Z_1 v) / 2, grows at the rate |μ| = 2 κ z, z = Z_2, and the rest falls behind.
    From then on Z_3 = a u, Z_1 = a vᵀ, and z² − a² is conserved, so that the mode's value
    p = a² √(z² + a²) and its target s = κ / (vᵀ Σ_XX v) give

        t = ∫ da / (2 κ a √(z² + a²) (1 − p / s)),   from |α| to where (1 − p / s)² = share.

    Nothing is fitted; the error vanishes with the perturbation.

    Parameters
    ----------
    z_first : (d_x,) array
        Z_1, one free hidden direction.
    z_middle : float
        z > 0, the strength of the open middle layer.
    z_last : (d_y − r,) array
        Z_3.
    K : (d_y − r, d_x) array
        U_Qᵀ Σ_YX.
    cov_xx : (d_x, d_x) array
        Σ_XX.
    share : float
        Stop where this share of what the mode can lower the loss by is left; ½ is halfway between
        the plateaus.

    Returns
    -------
    float
        inf for a perturbation without a growing part.

    Raises
    ------
    ValueError
        If z_middle or share is not positive, or share is not below 1.

    Examples
    --------
    For small α a tenth of it costs log(10) / |μ| more, here with |μ| = 2.

    >>> eye = np.eye(1)
    >>> slow, fast = (strict_escape_time([e], 1.0, [e], eye, eye) for e in (1e-7, 1e-6))
    >>> round(float(slow - fast) / float(np.log(10)) * 2, 6)
    1.0
    """
    from scipy.integrate import quad  # lazily: it would double the time of `import lnn`
    from scipy.optimize import brentq

    z = float(positive(z_middle, "z_middle"))
    left_over = between_0_and_1(share, "share")
    first, last = finite(z_first, "z_first"), finite(z_last, "z_last")
    u, sizes, vt = np.linalg.svd(finite_matrix(K, "K"), full_matrices=False)
    kappa, v = float(sizes[0]), vt[0]
    target = kappa / float(v @ finite_matrix(cov_xx, "cov_xx") @ v)
    start = abs(float(u[:, 0] @ last + v @ first)) / 2
    if start == 0:
        return float("inf")

    def learned(a: float) -> float:
        return a**2 * float(np.sqrt(z**2 + a**2)) / target

    def slowness(log_a: float) -> float:
        a = float(np.exp(log_a))
        return 1 / (2 * kappa * float(np.sqrt(z**2 + a**2)) * (1 - learned(a)))

    goal = 1 - float(np.sqrt(left_over))
    end = float(brentq(lambda a: learned(a) - goal, 0.0, 1 + target))
    return float(quad(slowness, np.log(start), np.log(end))[0]) if start < end else 0.0


def flat_escape_time(z_first: ArrayLike, z_middle: float, z_last: ArrayLike, K: ArrayLike) -> float:
    """Return the time at which (†) blows up for three layers with one free hidden direction.

    With a = Z_3 (a vector), b = Z_1ᵀ, a scalar z = Z_2 and dτ = z dt, (†) becomes linear,

        da/dτ = 2 K b,   db/dτ = 2 Kᵀ a,   z² = z(0)² + ‖a‖² − ‖a(0)‖² =: f(τ),

    so that t = ∫ dτ / √f, from 0 to ∞ if z(0) > 0 and f has no zero; where it has one, z changes
    sign, τ turns round and runs to −∞.

    Parameters
    ----------
    z_first : (d_x,) array
        b.
    z_middle : float
        z(0), not zero.
    z_last : (d_y − r,) array
        a.
    K : (d_y − r, d_x) array
        U_Qᵀ Σ_YX.

    Returns
    -------
    float
        Of gradient flow; divide by the step size to have steps.

    Examples
    --------
    All equal to ε: dw/dt = 2 κ w², so t = 1 / (2 κ ε).

    >>> round(flat_escape_time([0.01], 0.01, [0.01], [[5.0]]), 6)
    10.0
    """
    from scipy.integrate import quad  # lazily: it would double the time of `import lnn`
    from scipy.optimize import brentq

    b0, a0 = finite(z_first, "z_first"), finite(z_last, "z_last")
    matrix, z0 = finite_matrix(K, "K"), float(finite(z_middle, "z_middle"))
    if z0 == 0:
        raise ValueError("z_middle is 0: (†) then starts with dτ = 0; perturb all three layers")
    left, sizes, right = np.linalg.svd(matrix, full_matrices=False)
    rates = 4 * sizes  # of the squares
    a, b = left.T @ a0, right @ b0
    direction = np.sign(z0)  # mirrored in τ, z(0) < 0 is the case z(0) > 0 with b → −b
    plus, minus = ((a + direction * b) / 2) ** 2, ((a - direction * b) / 2) ** 2
    if not plus.any() and z0**2 >= np.sum(a**2):
        return float("inf")  # nothing grows, and z only shrinks

    # f(τ) = z(0)² + Σ (plus (e^{ρτ} − 1) + minus (e^{−ρτ} − 1)) is convex.
    def f(tau: float) -> float:
        return z0**2 + float(plus @ np.expm1(rates * tau) + minus @ np.expm1(-rates * tau))

    def slope(tau: float) -> float:
        growth = np.exp(rates * tau)
        return float(rates @ (plus * growth - minus / growth))

    span = 2 / float(rates[0])
    edges = np.sqrt(span * np.append(0.0, 4.0 ** np.arange(-6, 4)))

    def integral(start: float, value: float, sign: int) -> float:
        """∫ dτ / √f from `start` on, where f is `value`, forwards or backwards."""
        up, down = plus * np.exp(rates * start), minus * np.exp(-rates * start)

        def integrand(s: float) -> float:  # τ = start ± s², for √f is singular at a zero of f
            x = sign * s**2 * rates
            return 2 * s / float(np.sqrt(value + up @ np.expm1(x) + down @ np.expm1(-x)))

        return float(sum(quad(integrand, p, q)[0] for p, q in pairwise(edges)))

    end = span
    while f(end) > 0 and slope(end) < 0:
        end *= 2
    if f(end) > 0:  # the least value lies before
        end = float(brentq(slope, 0.0, end)) if slope(0.0) < 0 else 0.0
    if f(end) > 0:
        return integral(0.0, z0**2, 1)
    turn = float(brentq(f, 0.0, end, xtol=1e-16))
    # From 0 to the turn, then from the turn back past 0 to −∞.
    back = integral(turn, 0.0, -1)
    return back - integral(0.0, z0**2, -1) + back
