"""The least sharpness of a global minimizer, and the step size above which none is reached.

Gradient descent with a fixed step η can settle at a minimizer from more than a null set of starts
only if λ_max(∇²L) ≤ 2/η there. So 2 over the least sharpness of all global minimizers is a step
size above which no global minimizer is reached, except by accident.

Let A Aᵀ = Σ_XX and B = W* A, with W* the best map of rank r_max. Every global minimizer has

    λ_max(∇²L) ≥ 2 N max_{|v|=1} |A v|^{2/N} |B v|^{2−2/N}                          (product form)
               = 2 min_t λ_max(e^{(N−1)t} AᵀA + (N−1) e^{−t} BᵀB)                   (dual form)

for the loss without ½, and if the widths let the least-squares map through, the network with
W_2, ..., W_N scaled isometries attains it. The book's chapter on divergence has the proof.
"""

from collections.abc import Sequence

import numpy as np

from lnn._checks import Array, Weights, valid_widths, widths_fit
from lnn.problem import Problem

_HALVINGS = 60  # of an interval shorter than 2: the dual minimum to machine precision
_TIE = 1e-9  # singular values closer than this, relatively, count as equal


def least_sharpness(problem: Problem, widths: Sequence[int]) -> Array:
    """Return the least λ_max(∇²L) over all global minimizers, or a proven lower bound of it.

    2 min_t λ_max(e^{(N−1)t} AᵀA + (N−1) e^{−t} BᵀB), a convex function of one variable.

    Exact, for any data, if min_j d_j ≥ rank T, so that the minimizers have the least-squares map T;
    exact, for any widths, if Σ_XX is a multiple of the identity. Otherwise a lower bound, since
    the residual of a rank-limited minimizer can add curvature; `flattest_minimizer` gives an upper
    bound with which to see how far off it is.

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
    mulayoff2020 and nar2018 for X Xᵀ = I, where it is 2 N σ_1^{2−2/N}.

    Examples
    --------
    >>> problem = Problem(np.eye(2), np.diag([8.0, 1.0]))
    >>> float(least_sharpness(problem, (2, 2, 2, 2)).round(9))  # 2 · 3 · 8^{4/3}
    96.0
    """
    gram, image, s, tied = _forms(problem, widths)
    depth = len(tuple(widths)) - 1
    value = 2 * _dual_minimum(gram, image, depth)[0]
    if not tied.any():
        return value
    # λ_r = λ_{r+1}: W* is not unique, and BᵀB holds only what all choices share. But every choice
    # has |B v| = s_1 for some unit v, and |A v| is at least the least singular value of A.
    weakest = np.maximum(np.linalg.eigvalsh(gram)[..., 0], 0.0)
    floor = 2 * depth * weakest ** (1 / depth) * s[..., 0] ** (2 - 2 / depth)
    return np.where(tied, np.maximum(value, floor), value)


def divergence_bound(problem: Problem, widths: Sequence[int]) -> Array:
    """Return a step size above which gradient descent almost surely reaches no global minimizer.

    η_div = 2 / `least_sharpness`. For every fixed step size η > η_div the starting weights from
    which gradient descent converges to a global minimizer form a set of measure zero. (For N = 2
    with d_1 > max(d_0, d_2) up to d_y values of η, 1 / (2 σ_k(Σ_YX)), are excepted by the proof.)
    Not to converge need not mean to blow up: such runs may oscillate for ever.

    Parameters
    ----------
    problem : Problem
    widths : sequence of int
        (d_0, ..., d_N).

    Returns
    -------
    (...) array
        For L = ‖Y − W X‖_F² without ½; twice this for the loss with ½. inf if all global
        minimizers may be flat (T = 0 and N ≥ 2).

    Raises
    ------
    ValueError
        If the widths do not fit the problem.

    Examples
    --------
    For (3 − w_2 w_1)² the flattest minimizer has w_1 = w_2 = √3 and sharpness 2 · 2 · 3.

    >>> float(divergence_bound(Problem([[1.0]], [[3.0]]), (1, 1, 1)).round(12))
    0.166666666667
    """
    least = least_sharpness(problem, widths)
    with np.errstate(divide="ignore"):
        return np.asarray(2 / least)


def flattest_minimizer(problem: Problem, widths: Sequence[int]) -> Weights:
    """Return a global minimizer whose sharpness is `least_sharpness` where that is exact.

    W_N = c U_r, W_j = c I for 1 < j < N, W_1 = c^{1−N} U_rᵀ W* (all padded by zeros), c² = e^t with
    t the minimizer of the dual form: the first layer holds the map, the others are isometries of
    equal size. It is not balanced. Where `least_sharpness` is only a lower bound, the sharpness of
    these weights is an upper bound of the least one.

    Parameters
    ----------
    problem : Problem
    widths : sequence of int
        (d_0, ..., d_N).

    Returns
    -------
    tuple of (..., d_j, d_{j-1}) arrays

    Raises
    ------
    ValueError
        If the widths do not fit the problem, or if T = 0 and N ≥ 2.

    Examples
    --------
    >>> problem = Problem(np.eye(2), np.diag([4.0, 1.0]))
    >>> w1, w2 = flattest_minimizer(problem, (2, 2, 2))
    >>> (w2 @ w1).round(12), (w2.T @ w2).round(12)
    (array([[4., 0.],
           [0., 1.]]), array([[4., 0.],
           [0., 4.]]))
    """
    d = valid_widths(widths)
    depth, rank = len(d) - 1, min(d)
    gram, image, s, _ = _forms(problem, d)
    if depth > 1 and not (s[..., 0] > 0).all():
        raise ValueError(
            "problem has least-squares map T = 0, so minimizers can be as flat as you like: "
            "there is no flattest one; give targets that depend on the inputs"
        )
    u = problem.eigenvectors[..., :, :rank]
    if depth == 1:
        return (u @ u.mT @ problem.least_squares,)
    c = np.exp(_dual_minimum(gram, image, depth)[1] / 2)[..., None, None]
    corner = [c ** (1 - depth) * (u.mT @ problem.least_squares)]
    corner += [c * np.eye(rank)] * (depth - 2) + [c * u]
    result = []
    for j, block in enumerate(corner, start=1):
        w = np.zeros((*problem.ensemble, d[j], d[j - 1]))
        w[..., : block.shape[-2], : block.shape[-1]] = block
        result.append(w)
    return tuple(result)


def _forms(problem: Problem, widths: Sequence[int]) -> tuple[Array, Array, Array, np.ndarray]:
    """Return AᵀA, BᵀB, the singular values of T A, and where W* is not unique."""
    d = valid_widths(widths)
    widths_fit(d, problem.d_x, problem.d_y, "widths")
    rank = min(d)
    root = problem.root_xx
    _, s, vt = np.linalg.svd(problem.least_squares @ root, full_matrices=False)
    kept = np.zeros(s.shape, dtype=bool)
    kept[..., :rank] = True
    tied = np.zeros(s.shape[:-1], dtype=bool)
    if rank < s.shape[-1]:
        last, left_out = s[..., rank - 1], s[..., rank]
        tied = (last > _TIE * s[..., 0]) & (last - left_out <= _TIE * last)
        # Below a tie, keep only the singular vectors that every optimal map has.
        kept &= ~tied[..., None] | (s > (1 + _TIE) * last[..., None])
    image = vt.mT @ (np.where(kept, s**2, 0.0)[..., None] * vt)
    return root.mT @ root, image, s, tied


def _dual_minimum(gram: Array, image: Array, depth: int) -> tuple[Array, Array]:
    """Return min_t λ_max(e^{(N−1)t} G + (N−1) e^{−t} H) and the t where it is attained.

    With G and H scaled to norm 1 the minimum is at most N, its value at 0, so that
    e^{(N−1)t} ≤ N and (N−1) e^{−t} ≤ N: that brackets t. By convexity the sign of the slope,
    taken at a top eigenvector, tells on which side of a trial point the minimum lies.
    """
    g = np.linalg.norm(gram, 2, axis=(-2, -1))
    h = np.linalg.norm(image, 2, axis=(-2, -1))
    if depth == 1:
        return g, np.zeros_like(g)
    safe_g, safe_h = np.where(g > 0, g, 1.0), np.where(h > 0, h, 1.0)
    gram, image = gram / safe_g[..., None, None], image / safe_h[..., None, None]
    n = depth
    low = np.full(g.shape, -np.log(n / (n - 1)))
    high = np.full(g.shape, np.log(n) / (n - 1))
    best, where = np.full(g.shape, np.inf), np.zeros(g.shape)
    for _ in range(_HALVINGS):
        t = (low + high) / 2
        first, second = (
            np.exp((n - 1) * t)[..., None, None] * gram,
            (np.exp(-t)[..., None, None] * image),
        )
        values, vectors = np.linalg.eigh(first + (n - 1) * second)
        v = vectors[..., :, -1:]
        rising = (v.mT @ (first - second) @ v)[..., 0, 0] > 0
        better = values[..., -1] < best
        best, where = np.where(better, values[..., -1], best), np.where(better, t, where)
        low, high = np.where(rising, low, t), np.where(rising, t, high)
    scale = g ** (1 / n) * h ** (1 - 1 / n)
    with np.errstate(divide="ignore"):
        shift = (np.log(safe_h) - np.log(safe_g)) / n
    return scale * best, where + shift
