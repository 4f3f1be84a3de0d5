"""The rank-constrained problem behind a network, and exact factors of its solutions.

The end-to-end map of a network has rank at most r = min_j d_j, and every matrix of that rank is
the end-to-end map of some weights. So the least loss of the network is the least value of

    G(M) = ‖Y − M X‖_F²   over   rank(M) ≤ r,

which Eckart and Young solve in the metric of Σ_XX: M = U_r U_rᵀ T, with value
tr Σ_YY − (λ_1 + ... + λ_r) (`Problem.floor`).
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from lnn._checks import Array, Weights, finite, finite_matrix, non_negative, valid_widths, whole
from lnn.problem import Problem, checked


def numerical_rank(matrix: ArrayLike, tolerance: float | None = None) -> np.ndarray:
    """Return how many singular values exceed `tolerance` times the largest.

    Parameters
    ----------
    matrix : (..., p, q) array
    tolerance : float, optional
        Relative cutoff; unless told, max(p, q) times the machine precision, which is rounding.

    Returns
    -------
    (...) array of int

    Examples
    --------
    >>> int(numerical_rank(np.diag([3.0, 1.0, 1e-17])))
    2
    """
    relative = None if tolerance is None else float(non_negative(tolerance, "tolerance"))
    return np.asarray(np.linalg.matrix_rank(finite_matrix(matrix, "matrix"), rtol=relative))


def best_of_rank(problem: Problem, rank: int) -> Array:
    """Return the best map of rank at most `rank`: M = U_r U_rᵀ T.

    Its loss is `Problem.floor(rank)` = tr Σ_YY − Σ_{i≤r} λ_i. It is the only minimizer if
    λ_r > λ_{r+1} or if λ_{r+1} = 0; otherwise it is one of many, which differ by a rotation
    inside the eigenspace of λ_r.

    Parameters
    ----------
    problem : Problem
        X must have full row rank; otherwise T, and so M, is not unique.
    rank : int
        r ≥ 0. Ranks above min(d_x, d_y) give T.

    Returns
    -------
    (..., d_y, d_x) array

    Raises
    ------
    ValueError
        If X has not full row rank or `rank` is not a non-negative whole number.

    References
    ----------
    eckart1936 for Σ_XX = I; baldi1989, Fact 4, for N = 2 and general X.

    Examples
    --------
    >>> problem = Problem(np.eye(3), np.diag([3.0, 2.0, 1.0]))
    >>> best_of_rank(problem, 2)
    array([[3., 0., 0.],
           [0., 2., 0.],
           [0., 0., 0.]])
    >>> float(problem.floor(2))
    1.0
    """
    r = whole(rank, "rank")
    checked(problem).require_full_row_rank()
    leading = problem.eigenvectors[..., :, :r]
    return np.asarray(leading @ (leading.mT @ problem.least_squares))


def factorize(
    matrix: ArrayLike,
    widths: Sequence[int],
    *,
    balanced: bool = False,
    tolerance: float | None = None,
) -> Weights:
    """Return weights whose product is `matrix`, exact to rounding.

    With the singular value decomposition M = A diag(s) Bᵀ cut to r = min(widths) terms,

        W_1 = [diag(s) Bᵀ; 0],   W_j = "1s on the diagonal" (1 < j < N),   W_N = [A, 0],

    or, balanced, W_1 = [s^{1/N} Bᵀ; 0], W_j = diag(s^{1/N}, 0), W_N = [A s^{1/N}, 0].

    Parameters
    ----------
    matrix : (..., d_N, d_0) array
        Leading axes are an ensemble.
    widths : sequence of int
        (d_0, ..., d_N).
    balanced : bool
        Share the singular values equally: W_{j+1}ᵀ W_{j+1} = W_j W_jᵀ. Among the minimizers of
        the loss the balanced ones are, with Σ_XX = I, the least sharp.
    tolerance : float, optional
        Singular values below this multiple of the largest are taken for rounding and dropped;
        unless told, max(d_N, d_0) times the machine precision.

    Returns
    -------
    tuple of (..., d_j, d_{j-1}) arrays

    Raises
    ------
    ValueError
        If the matrix does not map R^{d_0} to R^{d_N}, or its rank exceeds min(widths).

    References
    ----------
    report2022, section 2.1, for the unbalanced construction.

    Examples
    --------
    >>> w1, w2, w3 = factorize([[0.0, 6.0]], (2, 3, 2, 1))
    >>> w3 @ w2 @ w1
    array([[0., 6.]])
    >>> factorize(np.eye(3), (3, 2, 3))
    Traceback (most recent call last):
        ...
    ValueError: matrix has rank 3 but widths (3, 2, 3) let at most rank 2 through: widen the
    narrowest layer to 3, or factor a matrix of rank 2 (best_of_rank(problem, 2))
    """
    array = finite_matrix(matrix, "matrix")
    d = valid_widths(widths)
    if array.shape[-2:] != (d[-1], d[0]):
        raise ValueError(
            f"matrix has shape {array.shape} but widths {d} make maps of shape "
            f"(..., {d[-1]}, {d[0]}): use d_0 = {array.shape[-1]} and d_N = {array.shape[-2]}"
        )
    left, s, right = np.linalg.svd(array, full_matrices=False)
    r, depth = min(d), len(d) - 1
    rank = int(np.max(numerical_rank(array, tolerance)))
    if rank > r:
        raise ValueError(
            f"matrix has rank {rank} but widths {d} let at most rank {r} through: widen the "
            f"narrowest layer to {rank}, or factor a matrix of rank {r} "
            f"(best_of_rank(problem, {r}))"
        )
    if depth == 1:
        return (array.copy(),)
    left, s, right = left[..., :r], s[..., :r], right[..., :r, :]
    share = s ** (1 / depth) if balanced else s
    first = np.zeros((*s.shape[:-1], d[1], d[0]))
    first[..., :r, :] = share[..., :, None] * right
    last = np.zeros((*s.shape[:-1], d[-1], d[-2]))
    last[..., :, :r] = left * share[..., None, :] if balanced else left
    middle = []
    for j in range(2, depth):
        w = np.zeros((*s.shape[:-1], d[j], d[j - 1]))
        if balanced:
            w[..., np.arange(r), np.arange(r)] = share
        else:
            w[...] = np.eye(d[j], d[j - 1])
        middle.append(w)
    return (first, *middle, last)


def rotate_modes(
    problem: Problem, modes: Sequence[int], old: int, new: int, angle: ArrayLike
) -> Array:
    """Return the path of maps of equal rank on which mode `old` turns into mode `new`.

    The critical map U_S U_Sᵀ T of an index set S holds the direction (u_i, v_i) of mode i = `old`;
    turn it by `angle` towards that of j = `new` and let the map take its best size there. With
    σ = √λ, the loss along the path is exactly

        tr Σ_YY − Σ_{k∈S} λ_k + λ_i − (σ_i cos² θ + σ_j sin² θ)²,

    monotone: downhill if λ_j > λ_i. This is why no set but the leading one is a local minimum.

    Parameters
    ----------
    problem : Problem
        A single problem whose X has full row rank.
    modes : sequence of int
        S, indices from 0 into `problem.eigenvalues`.
    old, new : int
        A mode in S and one not in S, both with positive eigenvalue.
    angle : (...) array or float
        θ; from 0 (mode `old`) to π/2 (mode `new`).

    Returns
    -------
    (..., d_y, d_x) array

    Raises
    ------
    ValueError
        If `old` is not in S, `new` is, or an eigenvalue is zero.

    Examples
    --------
    >>> problem = Problem(np.eye(2), np.diag([2.0, 1.0]))
    >>> rotate_modes(problem, [1], old=1, new=0, angle=np.pi / 2).round(12)
    array([[2., 0.],
           [0., 0.]])
    """
    checked(problem).require_full_row_rank()
    if problem.ensemble:
        raise ValueError(
            f"problem is an ensemble of shape {problem.ensemble}: give one, such as problem[0]"
        )
    if isinstance(modes, str) or not isinstance(modes, Iterable):
        raise TypeError(f"modes is {modes!r}: expected indices from 0 into the eigenvalues")
    chosen = [whole(k, "modes") for k in modes]
    old, new = whole(old, "old"), whole(new, "new")
    if len(set(chosen)) < len(chosen):
        raise ValueError(f"modes are {tuple(chosen)}: give each of them once")
    if old not in chosen or new in chosen or max(*chosen, new) >= problem.d_y:
        raise ValueError(
            f"old is {old}, new is {new} and modes are {tuple(chosen)}: old must be one of modes, "
            f"new another of the modes 0..{problem.d_y - 1}"
        )
    sigma = np.sqrt(problem.eigenvalues)
    if min(sigma[old], sigma[new]) <= 1e-12 * sigma[0]:
        raise ValueError(
            f"modes {old} and {new} have eigenvalues {sigma[old] ** 2:.3g} and "
            f"{sigma[new] ** 2:.3g}: only modes with positive eigenvalues have a direction to turn"
        )
    theta = finite(angle, "angle")[..., None]
    u, t = problem.eigenvectors, problem.least_squares
    kept = u[:, [k for k in chosen if k != old]]
    # Rows v_kᵀ A⁻¹ of the decomposition T A = U diag(σ) Vᵀ, as u_kᵀ T / σ_k.
    turned_left = np.cos(theta) * u[:, old] + np.sin(theta) * u[:, new]
    turned_right = (
        np.cos(theta) * (u[:, old] @ t) / sigma[old] + np.sin(theta) * (u[:, new] @ t) / sigma[new]
    )
    size = sigma[old] * np.cos(theta) ** 2 + sigma[new] * np.sin(theta) ** 2
    return np.asarray(
        kept @ (kept.T @ t) + (size * turned_left)[..., :, None] * turned_right[..., None, :]
    )
