"""Construct first-order critical points of the loss: minimizers, strict and non-strict saddles.

With U_S the eigenvectors of Σ listed in S, |S| = r, and Q the complement of S, every critical point
of L is, up to invertible matrices D_1, ..., D_{N-1},

    W_N = [U_S A_N, U_Q Z_N] D_{N-1}⁻¹,
    W_h = D_h diag(A_h, Z_h) D_{h-1}⁻¹,   1 < h < N,
    W_1 = D_1 [A_1; Z_1],

where A_N ... A_1 = U_Sᵀ T, so that the product is U_S U_Sᵀ T. Such weights are critical if and only
if, for every layer h,

    Z_{h-1} ... Z_1 Σ_XY U_Q Z_N ... Z_{h+1} = 0.                                              (*)

`critical_point` picks the A_h balanced and the Z_h from the family that (*) allows.
"""

from collections.abc import Sequence

import numpy as np

from lnn._checks import Array, Weights, positive, valid_widths, widths_fit
from lnn.initialization import orthogonal_columns
from lnn.landscape.kinds import Kind, possible_kinds, require_second_order_assumptions
from lnn.problem import Problem

_ATTEMPTS = 500  # patterns of Z to draw before falling back on the canonical one
_ZERO = 1e-9  # relative size below which a block of the construction counts as zero


def critical_point(
    problem: Problem,
    widths: Sequence[int],
    modes: Sequence[int],
    *,
    kind: Kind | None = None,
    rng: np.random.Generator | None = None,
    size: tuple[int, ...] = (),
    spread: float = 2.0,
) -> Weights:
    """Return weights where the gradient vanishes and the product is U_S U_Sᵀ T, S = `modes`.

    Parameters
    ----------
    problem : Problem
        Must satisfy `require_second_order_assumptions`.
    widths : sequence of int
        (d_0, ..., d_N).
    modes : sequence of int
        S: indices from 0 into ``problem.eigenvalues``, at most r_max of them. The order does not
        matter. () is a point with product zero.
    kind : Kind, optional
        What the point has to be; None takes what comes. It matters only if S is the r < r_max
        leading modes: that product has strict and, from three layers on, non-strict
        parametrizations. Every other S determines the kind.
    rng : numpy.random.Generator, optional
        None gives the canonical member: the balanced factors of the product, with all Z_h = 0
        (non-strict, where that is possible). A canonical strict member has identities for
        Z_2, ..., Z_{N-1}. With `rng`, a random member: random invertible D_h, random Z_h among
        those that (*) allows.
    size : tuple of int
        Leading axes, with `rng`: members that share the ranks of the Z_h.
    spread : float
        With `rng`, the D_h have singular values between 1 / spread and spread.

    Returns
    -------
    tuple of (..., d_j, d_{j-1}) arrays

    Raises
    ------
    ValueError
        If the modes, widths or problem are not admissible, or no critical point of this kind has
        this product (the message says why).

    See Also
    --------
    classify : the way back.

    References
    ----------
    achour2021, for the parametrization and the kinds.

    Examples
    --------
    >>> from lnn import loss
    >>> problem = Problem(np.eye(3), np.diag([3.0, 2.0, 1.0]))
    >>> weights = critical_point(problem, (3, 2, 2, 3), modes=(0, 2))
    >>> round(float(loss(weights, problem)), 12)  # tr Σ_YY − λ_1 − λ_3 = 14 − 9 − 1
    4.0
    >>> critical_point(problem, (3, 2, 3), modes=(0,), kind=Kind.NON_STRICT_SADDLE)
    Traceback (most recent call last):
        ...
    ValueError: no non-strict saddle with N = 2 layers: ...
    """
    d = valid_widths(widths)
    widths_fit(d, problem.d_x, problem.d_y, "widths")
    require_second_order_assumptions(problem)
    chosen = _valid_modes(modes, d)
    wanted = None if kind is None else Kind(kind)
    possible = possible_kinds(chosen, d)
    if wanted is not None and wanted not in possible:
        raise ValueError(_why_impossible(wanted, chosen, d, possible))
    if rng is None and size != ():
        raise ValueError(f"size is {size} but rng is None: members of an ensemble need rng")
    positive(np.asarray(spread) - 1, "spread - 1")

    depth, r = len(d) - 1, len(chosen)
    rest = [k for k in range(problem.d_y) if k not in chosen]
    u_s, u_q = problem.eigenvectors[..., list(chosen)], problem.eigenvectors[..., rest]
    ensemble = np.broadcast_shapes(size, problem.ensemble)
    tops = _balanced_factors(u_s.mT @ problem.least_squares, depth)
    sigma = problem.cov_yx.mT @ u_q  # Σ_XY U_Q
    free = (problem.d_x, *(d[h] - r for h in range(1, depth)), problem.d_y - r)
    scale = float(np.max(problem.eigenvalues / np.max(problem.singular_values_x) ** 2)) ** (
        0.5 / depth
    )
    if rng is None:
        chain = wanted is Kind.STRICT_SADDLE and len(possible) == 2
        blocks = _canonical_blocks(free, ensemble, scale, chain)
    else:
        blocks = _random_blocks(free, sigma, ensemble, scale, rng, wanted, len(possible) == 2)
    weights = []
    for h in range(1, depth + 1):
        top, block = tops[h - 1], blocks[h - 1]
        if h == depth:
            top, block = u_s @ top, u_q @ block
        weights.append(_assemble(top, block, first=h == 1, last=h == depth, ensemble=ensemble))
    if rng is not None:
        weights = _conjugate(weights, rng, ensemble, spread)
    return tuple(weights)


def _valid_modes(modes: Sequence[int], widths: tuple[int, ...]) -> tuple[int, ...]:
    chosen = tuple(sorted(int(k) for k in modes))
    d_y, r_max = widths[-1], min(widths)
    if len(set(chosen)) != len(chosen) or any(not 0 <= k < d_y for k in chosen):
        raise ValueError(
            f"modes is {tuple(modes)}: expected distinct indices from 0 to d_y - 1 = {d_y - 1}"
        )
    if len(chosen) > r_max:
        raise ValueError(
            f"modes has {len(chosen)} entries but widths {widths} let a rank of at most {r_max} "
            f"through: choose {r_max} modes or fewer, or widen the network"
        )
    if len(widths) == 2 and len(chosen) < r_max:
        raise ValueError(
            f"modes is {chosen} with N = 1 layer: the loss of one layer is strictly convex, its "
            f"only critical point has all {r_max} modes; use two layers or more"
        )
    return chosen


def _why_impossible(
    wanted: Kind, modes: tuple[int, ...], widths: tuple[int, ...], possible: tuple[Kind, ...]
) -> str:
    name = wanted.name.lower().replace("_", " ").replace("non strict", "non-strict")
    r, r_max, depth = len(modes), min(widths), len(widths) - 1
    if wanted is Kind.NOT_CRITICAL:
        return "kind is NOT_CRITICAL: critical_point makes critical points only; use lnn.gaussian"
    if possible == (Kind.GLOBAL_MINIMIZER,):
        why = f"the {r} leading modes fill the bottleneck r_max = {r_max}: a global minimizer"
    elif modes != tuple(range(r)):
        why = (
            f"modes {modes} are not the {r} leading ones: turning a mode towards a larger one "
            f"left out lowers the loss at second order, so the point is a strict saddle"
        )
    elif wanted is Kind.GLOBAL_MINIMIZER:
        why = f"{r} modes do not fill the bottleneck r_max = {r_max}: a saddle"
    else:
        return (
            f"no {name} with N = {depth} layers: its one pivot (2, 1) has complementary blocks of "
            f"full rank, so it is never tightened; use three layers or more"
        )
    return f"no {name} with modes {modes} and widths {widths}: {why}"


def _balanced_factors(target: Array, depth: int) -> list[Array]:
    """A_1, ..., A_N with A_N ... A_1 = target (r, d_x), balanced: all with the same spectrum."""
    r = target.shape[-2]
    if depth == 1:
        return [target]
    if r == 0:
        return [target, *(target[..., :0] for _ in range(depth - 1))]
    f, s, gt = np.linalg.svd(target, full_matrices=False)
    root = s[..., None] ** (1 / depth)
    middle = root * np.eye(r)
    return [root * gt, *(middle for _ in range(depth - 2)), f * root.mT]


def _assemble(
    top: Array, block: Array, *, first: bool, last: bool, ensemble: tuple[int, ...]
) -> Array:
    """[A_1; Z_1], [U_S A_N, U_Q Z_N], diag(A_h, Z_h), or A_1 where there is one layer."""
    lead = np.broadcast_shapes(ensemble, top.shape[:-2], block.shape[:-2])
    top = np.broadcast_to(top, lead + top.shape[-2:])
    block = np.broadcast_to(block, lead + block.shape[-2:])
    if first and last:
        return top.copy()
    if first:
        return np.concatenate([top, block], axis=-2)
    if last:
        return np.concatenate([top, block], axis=-1)
    (a, b), (p, q) = top.shape[-2:], block.shape[-2:]
    result = np.zeros((*lead, a + p, b + q))
    result[..., :a, :b] = top
    result[..., a:, b:] = block
    return result


def _conjugate(
    weights: list[Array], rng: np.random.Generator, ensemble: tuple[int, ...], spread: float
) -> list[Array]:
    """W_h ← D_h W_h D_{h-1}⁻¹ with random invertible D_h and D_0 = D_N = I."""
    result = list(weights)
    for h in range(1, len(weights)):
        n = weights[h].shape[-1]
        left = orthogonal_columns(n, n, rng, ensemble)
        right = orthogonal_columns(n, n, rng, ensemble)
        stretch = spread ** rng.uniform(-1, 1, (*ensemble, 1, n))
        result[h - 1] = (left * stretch) @ right.mT @ result[h - 1]
        result[h] = result[h] @ (right / stretch) @ left.mT
    return result


def _canonical_blocks(
    free: tuple[int, ...], ensemble: tuple[int, ...], scale: float, chain: bool
) -> list[Array]:
    """All Z_h = 0; with `chain`, Z_2, ..., Z_{N-1} carry an identity through the middle layers."""
    blocks = [np.zeros((*ensemble, free[h], free[h - 1])) for h in range(1, len(free))]
    if chain:
        for block in blocks[1:-1]:
            block += scale * np.eye(block.shape[-2], block.shape[-1])
    return blocks


def _random_blocks(
    free: tuple[int, ...],
    sigma: Array,
    ensemble: tuple[int, ...],
    scale: float,
    rng: np.random.Generator,
    wanted: Kind | None,
    selectable: bool,
) -> list[Array]:
    """Draw Z_1, ..., Z_N that satisfy (*), of the wanted kind where Z decides the kind."""
    if len(free) == 2:
        return _canonical_blocks(free, ensemble, scale, chain=False)
    for _ in range(_ATTEMPTS):
        blocks = _draw_blocks(free, sigma, ensemble, scale, rng)
        if wanted is None or not selectable:
            return blocks
        open_pivot = _has_open_pivot(blocks, sigma)
        if (open_pivot if wanted is Kind.STRICT_SADDLE else ~open_pivot).all():
            return blocks
    return _canonical_blocks(free, ensemble, scale, chain=wanted is Kind.STRICT_SADDLE)


def _draw_blocks(
    free: tuple[int, ...],
    sigma: Array,
    ensemble: tuple[int, ...],
    scale: float,
    rng: np.random.Generator,
) -> list[Array]:
    depth = len(free) - 1
    inner = _draw_intervals(free, ensemble, scale, rng)  # Z_2, ..., Z_{N-1}
    through = _chain(inner, free[1], ensemble)  # Z_{N-1} ... Z_2
    # (*) for h = 1: Z_N Z_{N-1} ... Z_2 = 0.
    z_last = _draw_low_rank(free[-1], free[-2], ensemble, rng)
    z_last = _rescaled(z_last - z_last @ through @ np.linalg.pinv(through), z_last, scale)
    # (*) for h ≥ 2 is linear in B = Z_1 Σ_XY U_Q: F_h B G_h = 0.
    b = _draw_low_rank(free[1], free[-1], ensemble, rng)
    if b.size:
        conditions = []
        for h in range(2, depth + 1):
            f = _chain(inner[: h - 2], free[1], ensemble)
            g = np.eye(free[-1])
            if h < depth:
                g = z_last @ _chain(inner[h - 1 :], free[h], ensemble)
            conditions.append(_kron(f, g.mT))
        system = np.concatenate(conditions, axis=-2)
        vector = b.reshape(*ensemble, -1, 1)
        admissible = vector - np.linalg.pinv(system) @ (system @ vector)
        b = _rescaled(admissible.reshape(b.shape), b, 1.0)
    inverse = np.linalg.pinv(sigma)
    z_first = _rescaled(b @ inverse, b, scale)
    if rng.random() < 0.5:  # what Σ_XY U_Q does not see is free
        unseen = rng.standard_normal((*ensemble, free[1], free[0]))
        z_first = z_first + _rescaled(unseen - unseen @ sigma @ inverse, unseen, scale)
    return [z_first, *inner, z_last]


def _draw_intervals(
    free: tuple[int, ...], ensemble: tuple[int, ...], scale: float, rng: np.random.Generator
) -> list[Array]:
    """Z_2, ..., Z_{N-1} as a sum of chains, each alive from one hidden layer to a later one.

    Up to invertible D_h every sequence of matrices has this form.
    """
    depth = len(free) - 1
    inner = [np.zeros((*ensemble, free[h], free[h - 1])) for h in range(2, depth)]
    used = [0] * (depth + 1)
    go_on = rng.choice([0.0, 0.3, 0.7, 1.0])
    for start in range(1, depth):
        while used[start] < free[start]:
            used[start] += 1
            h = start + 1
            while h < depth and used[h] < free[h] and rng.random() < go_on:
                strength = scale * rng.uniform(0.5, 1.5, ensemble)
                inner[h - 2][..., used[h], used[h - 1] - 1] = strength
                used[h] += 1
                h += 1
    return inner


def _draw_low_rank(
    rows: int, columns: int, ensemble: tuple[int, ...], rng: np.random.Generator
) -> Array:
    """A random matrix of random rank, zero included."""
    rank = int(rng.integers(0, min(rows, columns) + 1))
    left = rng.standard_normal((*ensemble, rows, rank))
    return left @ rng.standard_normal((*ensemble, rank, columns))


def _chain(factors: Sequence[Array], size: int, ensemble: tuple[int, ...]) -> Array:
    """The product of the factors, the first applied first; the identity if there is none."""
    result = np.broadcast_to(np.eye(size), (*ensemble, size, size))
    for factor in factors:
        result = factor @ result
    return result


def _kron(left: Array, right: Array) -> Array:
    """The Kronecker product over leading axes: vec(F B G) = (F ⊗ Gᵀ) vec(B), C order."""
    result = left[..., :, None, :, None] * right[..., None, :, None, :]
    shape = result.shape
    return result.reshape(*shape[:-4], shape[-4] * shape[-3], shape[-2] * shape[-1])


def _rescaled(matrix: Array, before: Array, scale: float) -> Array:
    """The matrix at Frobenius norm `scale`, or zero where a projection left only rounding."""
    norm = np.linalg.norm(matrix, axis=(-2, -1), keepdims=True)
    reference = np.linalg.norm(before, axis=(-2, -1), keepdims=True)
    if matrix is not before and before.shape == matrix.shape:
        alive = norm > _ZERO * reference
    else:
        alive = reference > 0
    return np.where(alive, scale * matrix / np.where(alive, norm, 1.0), 0.0)


def _has_open_pivot(blocks: list[Array], sigma: Array) -> np.ndarray:
    """Whether some pivot (i, j) is not tightened, read off the Z_h.

    Not tightened: Z_{i-1} ... Z_{j+1} ≠ 0 and Z_{j-1} ... Z_1 Σ_XY U_Q Z_N ... Z_{i+1} ≠ 0.
    """
    depth = len(blocks)
    ensemble = np.broadcast_shapes(*(b.shape[:-2] for b in blocks))
    unit = sigma / np.linalg.norm(sigma, axis=(-2, -1), keepdims=True)
    found = np.zeros(ensemble, dtype=bool)
    for i in range(2, depth + 1):
        for j in range(1, i):
            between = _chain(blocks[j : i - 1], blocks[j - 1].shape[-2], ensemble)
            around = unit
            for block in reversed(blocks[i:]):
                around = around @ block
            for block in blocks[: j - 1]:
                around = block @ around
            found |= (np.linalg.norm(between, axis=(-2, -1)) > _ZERO) & (
                np.linalg.norm(around, axis=(-2, -1)) > _ZERO
            )
    return found
