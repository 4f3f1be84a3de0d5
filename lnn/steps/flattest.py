"""The flattest global minimizer and its sharpness.

Let R be a root of the input covariance, R Rᵀ = Σ_XX, and W* the best map of rank r_max. Every
global minimizer has

    λ_max(∇²L) ≥ 2 N max_{|v|=1} |R v|^{2/N} |W* R v|^{2−2/N}   (product form)

    = 2 min_t λ_max(e^{(N−1)t} RᵀR + (N−1) e^{−t} (W*R)ᵀ W*R)   (dual form)

for the loss without ½. If the widths let the least-squares map through, or if Σ_XX is a multiple of
the identity, the network with W_2, ..., W_N scaled isometries attains it. Elsewhere, at a
bottleneck, the residual adds curvature, and the least is found by `lnn.steps.bottleneck`. The
book's chapter on divergence has the proofs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lnn._bisection import last_where
from lnn._checks import Array, Weights, valid_widths
from lnn._record import Record
from lnn.problem import Problem, fits
from lnn.steps.bottleneck import flattest_factorization

_TIE = 1e-9  # singular values closer than this, relatively, count as equal


@dataclass(frozen=True, eq=False, repr=False)
class LeastSharpness(Record):
    """The least sharpness of the global minimizers, from both sides.

    Attributes
    ----------
    value : (...) array
        λ_max(∇²L) at `weights`, for L without ½.
    lower : (...) array
        Proved: no global minimizer is flatter. Equal to `value` where there is a closed form,
        within a relative 1e-6 or so at bottlenecks without a tie, possibly far below at a tie.
    weights : tuple of (..., d_j, d_{j-1}) arrays
        The flattest minimizer that is known.
    tied : (...) array of bool
        Whether λ_r = λ_{r+1} > 0 at r = min_j d_j, so that the product is not unique.
    """

    value: Array
    lower: Array
    weights: Weights
    tied: NDArray[np.bool_]


def certified_least_sharpness(problem: Problem, widths: Sequence[int]) -> LeastSharpness:
    """Return the flattest global minimizer, its sharpness, and a proved lower bound of the least.

    Parameters
    ----------
    problem : Problem
    widths : sequence of int
        (d_0, ..., d_N).

    Returns
    -------
    LeastSharpness
        By the closed form where that is exact: min_j d_j ≥ rank T, or Σ_XX a multiple of the
        identity. Otherwise a convex problem is solved for each member of an ensemble, in 0.03 to
        0.3 s for networks of the book's size.

    Raises
    ------
    ValueError
        If the widths do not fit the problem.

    Examples
    --------
    >>> problem = Problem(np.diag([5.0, 1.0]), np.diag([0.95, 1.0]))
    >>> flat = certified_least_sharpness(problem, (2, 1, 2))
    >>> round(float(flat.value), 6), bool(flat.lower > 19.49998)
    (19.5, True)
    """
    d = valid_widths(widths)
    fits(d, problem, "widths")
    depth, rank = len(d) - 1, min(d)
    root = problem.root_xx
    _, s, vt = np.linalg.svd(problem.least_squares @ root, full_matrices=False)
    chosen, shared, lost, tied = _cut(s, rank)
    gram = root.mT @ root
    best, t = _closed_form(gram, vt.mT @ (chosen[..., None] * vt), depth)
    value, lower = np.array(2 * best), np.array(2 * best)
    spread = np.linalg.eigvalsh(gram)
    white = spread[..., -1] - spread[..., 0] <= _TIE * spread[..., -1]
    if tied.any():
        # The closed form holds for what all choices of W* share. And every choice has
        # |W* R v| = s_1 for some unit v, and |R v| is at least the least singular value of R.
        common = 2 * _closed_form(gram, vt.mT @ (shared[..., None] * vt), depth)[0]
        weakest = np.maximum(spread[..., 0], 0.0)
        floor = 2 * depth * weakest ** (1 / depth) * s[..., 0] ** (2 - 2 / depth)
        lower = np.where(tied, np.maximum(common, floor), lower)

    weights = _padded(_isometries(problem, rank, t, depth), d, problem.ensemble)
    for index in np.argwhere(lost & ~white):
        i = tuple(index)
        flat = flattest_factorization(problem.least_squares[i], root[i], rank, depth)
        value[i] = flat.value
        if not tied[i]:
            lower[i] = max(lower[i], flat.lower)
        for w, block in zip(weights, _padded(flat.weights, d, ()), strict=True):
            w[i] = block
    return LeastSharpness(value, np.minimum(lower, value), weights, tied)


def least_sharpness(problem: Problem, widths: Sequence[int]) -> Array:
    """Return the least λ_max(∇²L) over all global minimizers.

    Where min_j d_j ≥ rank T, or Σ_XX is a multiple of the identity, it is

        2 min_t λ_max(e^{(N−1)t} RᵀR + (N−1) e^{−t} (W*R)ᵀ W*R),    R Rᵀ = Σ_XX,

    to rounding. At other bottlenecks it is the minimum of a convex problem, to about 1e-9 and with
    a proof to about 1e-6: `certified_least_sharpness` returns the proved lower bound too.

    One case is open: a tie λ_r = λ_{r+1} at r = min_j d_j, where the best map of rank r is not
    unique. There, unless Σ_XX is a multiple of the identity, this is a lower bound only.

    Parameters
    ----------
    problem : Problem
    widths : sequence of int
        (d_0, ..., d_N).

    Returns
    -------
    (...) array
        For L = ‖Y − W X‖_F² without ½; half of it for the loss with ½.

    Raises
    ------
    ValueError
        If the widths do not fit the problem.

    References
    ----------
    mulayoff2020 and nar2018 for X Xᵀ = I, where it is 2 N s_1^{2−2/N}.

    Examples
    --------
    >>> problem = Problem(np.eye(2), np.diag([8.0, 1.0]))
    >>> float(least_sharpness(problem, (2, 2, 2, 2)).round(9))  # 2 · 3 · 8^{4/3}
    96.0
    """
    flat = certified_least_sharpness(problem, widths)
    return np.where(flat.tied, flat.lower, flat.value)


def flattest_minimizer(problem: Problem, widths: Sequence[int]) -> Weights:
    """Return a global minimizer whose sharpness is `least_sharpness`.

    Where that has a closed form, W_N = c U_r, W_j = c I for 1 < j < N, W_1 = c^{1−N} U_rᵀ W* (all
    padded by zeros), c² = e^t with t the minimizer of the dual form: the first layer holds the map,
    the others are isometries of equal size. It is not balanced. At other bottlenecks it comes from
    a convex problem. At a tie (see `least_sharpness`) it is the flattest for one of the best maps.

    Parameters
    ----------
    problem : Problem
    widths : sequence of int
        (d_0, ..., d_N).

    Returns
    -------
    tuple of (..., d_j, d_{j-1}) arrays
        All zero for T = 0 and N ≥ 2, where the least sharpness is 0.

    Raises
    ------
    ValueError
        If the widths do not fit the problem.

    Examples
    --------
    >>> problem = Problem(np.eye(2), np.diag([4.0, 1.0]))
    >>> w1, w2 = flattest_minimizer(problem, (2, 2, 2))
    >>> (w2 @ w1).round(12), (w2.T @ w2).round(12)
    (array([[4., 0.],
           [0., 1.]]), array([[4., 0.],
           [0., 4.]]))
    """
    return certified_least_sharpness(problem, widths).weights


def _cut(s: Array, rank: int) -> tuple[Array, Array, NDArray[np.bool_], NDArray[np.bool_]]:
    """Squares of the first r singular values, of those that every best map has; lost, tied."""
    first = np.arange(s.shape[-1]) < rank
    chosen = shared = np.where(first, s**2, 0.0)
    lost = tied = np.zeros(s.shape[:-1], dtype=bool)
    if rank < s.shape[-1]:
        last, left_out = s[..., rank - 1], s[..., rank]
        lost = left_out > _TIE * s[..., 0]
        tied = lost & (last - left_out <= _TIE * last)
        above = s > (1 + _TIE) * last[..., None]
        shared = np.where(tied[..., None] & ~above, 0.0, chosen)
    return chosen, shared, lost, tied


def _closed_form(gram: Array, image: Array, depth: int) -> tuple[Array, Array]:
    """Return min_t λ_max(e^{(N−1)t} G + (N−1) e^{−t} H) and the t where it is attained.

    With G and H scaled to norm 1 the minimum is at most N, its value at 0, so that
    e^{(N−1)t} ≤ N and (N−1) e^{−t} ≤ N: that brackets t. By convexity the sign of the slope,
    taken at a top eigenvector, tells on which side of a trial point the minimum lies.
    """
    g = np.linalg.norm(gram, 2, axis=(-2, -1))
    h = np.linalg.norm(image, 2, axis=(-2, -1))
    if depth == 1:
        return g, np.zeros_like(g)
    n = depth
    safe_g, safe_h = np.where(g > 0, g, 1.0), np.where(h > 0, h, 1.0)
    gram, image = gram / safe_g[..., None, None], image / safe_h[..., None, None]

    def terms(t: Array) -> tuple[Array, Array]:
        a, b = np.exp((n - 1) * t), (n - 1) * np.exp(-t)
        return a[..., None, None] * gram, b[..., None, None] * image

    def falling(t: Array) -> NDArray[np.bool_]:
        first, second = terms(t)
        v = np.linalg.eigh(first + second).eigenvectors[..., :, -1:]
        return np.asarray((v.mT @ ((n - 1) * first - second) @ v)[..., 0, 0] <= 0)

    low = np.full(g.shape, -np.log(n / (n - 1)))
    t = last_where(falling, low, np.full(g.shape, np.log(n) / (n - 1)))
    best = np.linalg.eigvalsh(np.add(*terms(t)))[..., -1]
    with np.errstate(divide="ignore"):
        shift = (np.log(h) - np.log(safe_g)) / n
    return g ** (1 / n) * h ** (1 - 1 / n) * best, t + shift


def _isometries(problem: Problem, rank: int, t: Array, depth: int) -> Weights:
    """W_N = c U_r, W_j = c I, W_1 = c^{1−N} U_rᵀ W*, with c² = e^t."""
    u = problem.eigenvectors[..., :rank]
    low = u.mT @ problem.least_squares
    if depth == 1:
        return (u @ low,)
    c = np.exp(t / 2)[..., None, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        first = np.where(c > 0, c ** (1 - depth) * low, 0.0)  # c = 0 for T = 0
    return (first, *[c * np.eye(rank)] * (depth - 2), c * u)


def _padded(blocks: Weights, widths: Sequence[int], ensemble: tuple[int, ...]) -> Weights:
    """Each layer in the corner of a matrix of zeros."""
    result = []
    for j, block in enumerate(blocks, start=1):
        w = np.zeros((*ensemble, widths[j], widths[j - 1]))
        w[..., : block.shape[-2], : block.shape[-1]] = block
        result.append(w)
    return tuple(result)
