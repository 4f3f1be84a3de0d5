"""The lemmas behind "every local minimum is global", made executable.

With W the product and r = min_j d_j, a local minimum of the loss falls into one of two cases.

* rank(W) = r. Near W, maps of rank at most r lift to weights near the given ones
  (`lift_perturbation`), so W is a local minimum of the rank-constrained problem.
* rank(W) < r. Then W Σ_XX = Σ_YX, so W is optimal among all maps. Otherwise there would be, as
  near as we please, weights of the same product whose gradient is not zero (`release`).

Neither lemma asks anything of X or Y.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from lnn._arrays import chain_product
from lnn._checks import Array, Weights, chain, finite_matrix, generator, positive
from lnn.landscape.low_rank import factorize, numerical_rank
from lnn.network import left_products, product, right_products
from lnn.problem import Problem, fits

ROUNDING = 1e-10
"""Relative size below which a residual counts as zero."""


def lift_perturbation(weights: Sequence[ArrayLike], target: ArrayLike) -> Weights:
    """Return weights near `weights` whose product is exactly `target`; two layers change.

    Let layer k be a narrowest one, d_k = r, and cut the product there, W = B A with
    A = W_k ... W_1 of full row rank and B = W_N ... W_{k+1} of full column rank. For a target R
    near W with rank(R) ≤ r put

        A' = B⁺ R,   B' = R A'⁺,   so that B' A' = R,

    and absorb A' − A in the first layer, B' − B in the last:

        W_1' = W_1 + (W_k ... W_2)⁺ (A' − A),   W_N' = W_N + (B' − B) (W_{N-1} ... W_{k+1})⁺.

    The change is at most a constant times ‖R − W‖, and the constant depends on `weights` alone.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
        Their product must have rank r = min_j d_j.
    target : (..., d_N, d_0) array
        R, of rank at most r and close to the product.

    Returns
    -------
    tuple of (..., d_j, d_{j-1}) arrays

    Raises
    ------
    ValueError
        If the product has not rank r, the target has a larger rank, or it lies too far away.

    References
    ----------
    lu2017, the perturbation lemma behind Theorem 2.1, with a construction of our own.

    Examples
    --------
    >>> w1, w2 = np.array([[2.0]]), np.array([[3.0]])
    >>> lift_perturbation((w1, w2), [[6.6]])
    (array([[2.]]), array([[3.3]]))
    """
    matrices, d = chain(weights)
    goal = finite_matrix(target, "target")
    if goal.shape[-2:] != (d[-1], d[0]):
        raise ValueError(f"target has shape {goal.shape}: expected (..., {d[-1]}, {d[0]})")
    r, depth = min(d), len(matrices)
    found = int(np.min(numerical_rank(product(matrices), ROUNDING)))
    if found < r:
        raise ValueError(
            f"the product of the weights has rank {found}, below min(widths) = {r}: perturbations "
            f"need not lift here; use release or raise_to_full_rank first"
        )
    wanted = int(np.max(numerical_rank(goal, ROUNDING)))
    if wanted > r:
        raise ValueError(
            f"target has rank {wanted}, but widths {d} let at most rank {r} through: "
            f"project it with a truncated singular value decomposition"
        )
    k = d.index(r)
    if k == 0:  # A = I: the last layer does it all
        before = chain_product(matrices[:-1], d[0])
        change = (goal - product(matrices)) @ np.linalg.pinv(before)
        return (*matrices[:-1], matrices[-1] + change)
    inner = chain_product(matrices[1:k], d[1])  # W_k ... W_2
    near = product(matrices[:k])  # A
    if k == depth:  # B = I: the first layer does it all
        return (matrices[0] + np.linalg.pinv(inner) @ (goal - near), *matrices[1:])
    far = product(matrices[k:])  # B
    outer = chain_product(matrices[k:-1], d[k])  # W_{N-1} ... W_{k+1}
    new_near = np.linalg.pinv(far) @ goal
    lifted = int(np.min(numerical_rank(new_near, ROUNDING)))
    if lifted < r:
        raise ValueError(
            f"target lies too far from the product: seen through the layers above the narrowest "
            f"its rank falls to {lifted} from {r}; take a smaller perturbation"
        )
    new_far = goal @ np.linalg.pinv(new_near)
    first = matrices[0] + np.linalg.pinv(inner) @ (new_near - near)
    last = matrices[-1] + (new_far - far) @ np.linalg.pinv(outer)
    return (first, *matrices[1:-1], last)


def _one_network(
    weights: Sequence[ArrayLike], problem: Problem
) -> tuple[Weights, tuple[int, ...], Array, int]:
    """Return weights, widths, the error E = W Σ_XX − Σ_YX (exactly 0 if negligible) and rank(W)."""
    matrices, d = chain(weights)
    fits(d, problem)
    if problem.ensemble or any(w.ndim > 2 for w in matrices):
        raise ValueError("weights or problem are an ensemble: treat one network at a time")
    end_to_end = product(matrices)
    error = end_to_end @ problem.cov_xx - problem.cov_yx
    scale = np.linalg.norm(end_to_end @ problem.cov_xx) + np.linalg.norm(problem.cov_yx)
    if np.linalg.norm(error) <= ROUNDING * scale:
        error = np.zeros_like(error)
    return matrices, d, error, _rank(end_to_end, matrices)


def _rank(partial_product: Array, factors: Sequence[Array]) -> int:
    """Rank of a product, where rounding is judged by the sizes of its factors."""
    scale = float(np.prod([np.linalg.norm(w, 2) for w in factors]))
    values = np.linalg.svd(partial_product, compute_uv=False)
    return int((values > ROUNDING * scale).sum())


def raise_to_full_rank(
    weights: Sequence[ArrayLike], problem: Problem, rng: np.random.Generator
) -> Weights:
    """Return weights of equal loss whose product has rank min_j d_j.

    Adds to the product W, of rank p < r, a random direction D of rank r − p, and goes on until the
    loss, a quadratic in the distance t, is back at its old value:

        t = −2 ⟨E, D⟩ / ‖D Σ_XX^{1/2}‖_F²,   E = W Σ_XX − Σ_YX.

    That is possible if and only if E ≠ 0, for X of full row rank: where E = 0 the product is the
    only optimum of all. The new weights are the `factorize` of the new product.

    Parameters
    ----------
    weights : tuple of (d_j, d_{j-1}) arrays
    problem : Problem
    rng : numpy.random.Generator

    Returns
    -------
    tuple of (d_j, d_{j-1}) arrays
        The weights themselves if their product has full rank already.

    Raises
    ------
    ValueError
        If E = 0: no weights of full rank have this loss.

    Examples
    --------
    >>> problem = Problem(np.eye(2), np.diag([2.0, 1.0]))
    >>> zero = (np.zeros((2, 2)), np.zeros((2, 2)))
    >>> higher = raise_to_full_rank(zero, problem, np.random.default_rng(0))
    >>> int(numerical_rank(product(higher)))
    2
    """
    matrices, d, error, rank = _one_network(weights, problem)
    generator(rng)
    r = min(d)
    if rank == r:
        return matrices
    if not error.any():
        raise ValueError(
            f"the product has rank {rank} and W Σ_XX = Σ_YX: it is optimal among all maps, and no "
            f"map of rank {r} has the same loss; there is nothing to raise"
        )
    end_to_end = product(matrices)
    left, s, right = np.linalg.svd(end_to_end)
    end_to_end = (left[:, :rank] * s[:rank]) @ right[:rank]
    direction = rng.standard_normal((d[-1], r - rank)) @ rng.standard_normal((r - rank, d[0]))
    metric = np.sum((direction @ problem.root_xx) ** 2)
    distance = -2 * np.sum(error * direction) / metric
    return factorize(end_to_end + distance * direction, d, tolerance=ROUNDING)


def release(weights: Sequence[ArrayLike], problem: Problem, size: float = 1e-3) -> Weights:
    """Return weights of the same product, at most `size` away in each layer, with slope.

    Works wherever rank(W) < r = min_j d_j and E = W Σ_XX − Σ_YX ≠ 0. Write P_j and Q_j for what
    stands left and right of layer j. At every junction j = 0..N at least one of

        "P_j has a kernel"   and   "Q_{j+1} has a left kernel"

    holds, since W = P_j Q_{j+1} has rank below d_j. Let b be the last junction without the second
    and a = b + 1: then all junctions before a have the first, all from a on the second. Adding

        W_j ← W_j + size · y_j v_jᵀ  with v_jᵀ Q_j = 0,  for j > a,  then
        W_j ← W_j + size · u_j x_jᵀ  with P_j u_j = 0,   for j < a,

    leaves the product as it is, and for all but finitely many sizes the gradient in layer a,
    2 P_aᵀ E Q_aᵀ, is not zero; among enough fractions of `size` the steepest is taken. So no such
    weights are a local minimum.

    Parameters
    ----------
    weights : tuple of (d_j, d_{j-1}) arrays
    problem : Problem
    size : float
        Spectral norm of the change of a layer; the slope is of order size^{N-1}.

    Returns
    -------
    tuple of (d_j, d_{j-1}) arrays

    Raises
    ------
    ValueError
        If the product has rank r, or E = 0.

    Examples
    --------
    The origin of a chain of three scalars is a saddle so flat that its Hessian is zero.

    >>> zero = (np.zeros((1, 1)),) * 3
    >>> [float(abs(w[0, 0])) for w in release(zero, Problem([[1.0]], [[1.0]]), size=0.1)]
    [0.0, 0.1, 0.1]
    """
    matrices, d, error, rank = _one_network(weights, problem)
    step = float(positive(size, "size"))
    r, depth = min(d), len(matrices)
    if rank == r:
        raise ValueError(
            f"the product has full rank {r} = min(widths): use lift_perturbation here instead"
        )
    if not error.any():
        raise ValueError("W Σ_XX = Σ_YX: the product is optimal among all maps, nothing to release")
    rows = [d[0], *(_rank(product(matrices[:j]), matrices[:j]) for j in range(1, depth + 1))]
    a = 1 + max(j for j in range(depth + 1) if rows[j] == d[j])  # rows[j] = rank of Q_{j+1}
    up, _, down = np.linalg.svd(error)

    right = right_products(matrices)
    # v_j, j = a+1..N: least left singular vectors of Q_j; y_j = v_{j+1}, and y_N reaches E.
    ends = [np.linalg.svd(right[j - 1])[0][:, -1] for j in range(a + 1, depth + 1)] + [up[:, 0]]

    def above(amount: float) -> list[Array]:
        moved = list(matrices)
        for j in range(a + 1, depth + 1):
            moved[j - 1] = moved[j - 1] + amount * np.outer(ends[j - a], ends[j - a - 1])
        return moved

    # Of degree N − a in the amount and not zero, so not zero at all of N − a + 1 amounts.
    halfway = max(
        (above(step * c) for c in _multiples(depth - a + 1)),
        key=lambda w: float(np.linalg.norm(left_products(w)[a - 1].T @ error @ down[0])),
    )
    left = left_products(halfway)
    # u_j, j = 1..a-1: least right singular vectors of P_j; x_j = u_{j-1}, and x_1 reaches E.
    starts = [down[0], *(np.linalg.svd(left[j - 1])[2][-1] for j in range(1, a))]

    def below(amount: float) -> list[Array]:
        moved = list(halfway)
        for j in range(1, a):
            moved[j - 1] = moved[j - 1] + amount * np.outer(starts[j], starts[j - 1])
        return moved

    def steepness(moved: list[Array]) -> float:
        return float(np.linalg.norm(left[a - 1].T @ error @ right_products(moved)[a - 1].T))

    # Of degree a − 1.
    steepest = max([below(step * c) for c in _multiples(a)], key=steepness)
    return tuple(steepest)


def _multiples(count: int) -> list[float]:
    """Distinct numbers of modulus at most 1: 1, −1, 1/2, −1/2, 1/3, ..."""
    return [(-1) ** k / (k // 2 + 1) for k in range(count)]
