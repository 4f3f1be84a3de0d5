"""Construct first-order critical points of the loss: minimizers, strict and non-strict saddles.

With U_S the eigenvectors of Σ listed in S, |S| = r, and Q the complement of S, every critical point
of L is, up to invertible matrices D_1, ..., D_{N-1},

    W_N = [U_S A_N, U_Q Z_N] D_{N-1}⁻¹,
    W_h = D_h diag(A_h, Z_h) D_{h-1}⁻¹,   1 < h < N,
    W_1 = D_1 [A_1; Z_1],

where A_N ... A_1 = U_Sᵀ T, so that the product is U_S U_Sᵀ T. Such weights are critical if and only
if, for every layer h,

    Z_{h-1} ... Z_1 Σ_XY U_Q Z_N ... Z_{h+1} = 0,                                              (*)

and that is so if and only if, in suitable bases, the Z_h are strings on the ring of the layers and
the data (`lnn.landscape.strings`).
"""

from collections.abc import Sequence
from operator import index

import numpy as np

from lnn._checks import Array, Weights, finite, generator, leading_axes, positive, valid_widths
from lnn.landscape.kinds import Kind, possible_kinds, require_second_order_assumptions
from lnn.landscape.ring import loose_pairs
from lnn.landscape.strings import (
    Strings,
    bases_beside_data,
    canonical_strings,
    random_invertible,
    random_strings,
)
from lnn.problem import Problem, fits, inverse_root

_ATTEMPTS = 500  # drawings of strings to try before falling back on the canonical one


def critical_point(
    problem: Problem,
    widths: Sequence[int],
    modes: Sequence[int],
    *,
    kind: Kind | None = None,
    strength: float | None = None,
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
        S: integers, indices from 0 into ``problem.eigenvalues``, at most r_max of them. The order
        does not matter. () is a point with product zero.
    kind : Kind, optional
        What the point has to be; None takes what comes. It matters only if S is the r < r_max
        leading modes: that product has strict and, from three layers on, non-strict
        parametrizations. Every other S determines the kind.
    rng : numpy.random.Generator, optional
        None gives the canonical member: the balanced factors of the product, with all Z_h = 0
        (non-strict, where that is possible). A canonical strict member has `strength` times
        identities for Z_2, ..., Z_{N-1}. With `rng`, a random member: random invertible D_h,
        random Z_h among those that (*) allows.
    size : tuple of int
        Leading axes, with `rng`: members that share the strings of the Z_h. They must include the
        leading axes of the problem, if it has any.
    strength : float, optional
        How open the middle of a canonical strict member is: its negative curvature, and so the
        time that descent needs to leave it, are proportional to strength^{N−2}. None takes the
        (√λ_1 / ‖X‖)^{1/N} of balanced layers that would carry the strongest mode.
    spread : float
        With `rng`, the D_h have singular values between 1 / spread and spread.

    Returns
    -------
    tuple of (..., d_j, d_{j-1}) arrays

    Raises
    ------
    TypeError
        If a mode is not an integer.
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
    fits(d, problem, "widths")
    require_second_order_assumptions(problem)
    chosen = _valid_modes(modes, d)
    wanted = _valid_kind(kind)
    possible = possible_kinds(chosen, d)
    if wanted is not None and wanted not in possible:
        raise ValueError(_why_impossible(wanted, chosen, d, possible))
    lead = _valid_size(size, problem.ensemble)
    if rng is not None:
        generator(rng)
    positive(finite(spread, "spread") - 1, "spread - 1")
    depth = len(d) - 1
    if strength is None:
        strongest = problem.eigenvalues[..., 0] / problem.singular_values_x[..., 0] ** 2
        strength = float(np.max(strongest)) ** (0.5 / depth)
    open_middle = float(positive(strength, "strength"))

    u_s = problem.eigenvectors[..., list(chosen)]
    nodes = [n - len(chosen) for n in d]
    strict = wanted is Kind.STRICT_SADDLE and len(possible) == 2
    if rng is None:
        if size != ():
            raise ValueError(f"size is {size} but rng is None: members of an ensemble need rng")
        strings = canonical_strings(nodes, nodes[-1], middle_open=strict)
        return _canonical(problem, d, u_s, strings, open_middle)
    strings = random_strings(nodes, nodes[-1], rng)
    for _ in range(_ATTEMPTS):
        if wanted is None or len(possible) == 1 or (loose_pairs(strings.ranks()) > 0) == strict:
            break
        strings = random_strings(nodes, nodes[-1], rng)
    else:
        strings = canonical_strings(nodes, nodes[-1], middle_open=strict)
    return random_member(problem, d, u_s, strings, rng, size=lead, spread=spread)


def random_member(
    problem: Problem,
    widths: Sequence[int],
    signal: Array,
    strings: Strings,
    rng: np.random.Generator,
    *,
    size: tuple[int, ...] = (),
    spread: float = 2.0,
) -> Weights:
    """Return a random critical point with given signal and strings, for any data.

    Neither Σ_XX nor Σ_YX need have full rank, and eigenvalues may coincide.

    Parameters
    ----------
    problem : Problem
        All members of an ensemble must have X of the same rank, and Σ_YX.
    widths : sequence of int
    signal : (..., d_y, r) array
        Orthonormal columns that span im W, an invariant subspace of Σ within the image of Σ_YX.
    strings : Strings
        On nodes of widths[h] − r vectors, rank(X) − r at the inputs, and with rank(Σ_YX) − r
        arrows through the data.
    rng : numpy.random.Generator
    size : tuple of int
        Leading axes, which include those of the problem.
    spread : float
        As in `critical_point`.

    Returns
    -------
    tuple of (..., d_j, d_{j-1}) arrays
    """
    depth, r = len(widths) - 1, signal.shape[-1]
    # Coordinates in which Σ_XX is a multiple of the identity, such that ‖M‖ = ‖T‖.
    inverse, seen = inverse_root(problem.root_xx)
    rows = np.linalg.svd(seen)[0][..., : strings.nodes[0] + r]
    norm = np.linalg.norm(problem.least_squares, 2, axis=(-2, -1))
    anything = r + len(strings.arrows[-1]) > 0  # else M = 0
    scale = np.sqrt(problem.eigenvalues[..., 0]) / norm if anything else np.ones_like(norm)
    scale = scale[..., None, None]
    inverse, target = scale * (rows.mT @ inverse), problem.fitted @ rows / scale

    u_q = _complement(signal)
    v_q = np.linalg.qr(target.mT @ signal, mode="complete")[0][..., r:]
    first, last = bases_beside_data(v_q.mT @ target.mT @ u_q, len(strings.arrows[-1]), rng, spread)
    strength = float(np.max(norm)) ** (1 / depth) if anything else 1.0
    blocks = [strength * strings.matrix(h) for h in range(1, depth + 1)]
    blocks[0] = blocks[0] @ np.linalg.inv(first) @ v_q.mT @ inverse
    blocks[-1] = u_q @ last @ blocks[-1]
    tops = _balanced_factors(signal.mT @ problem.least_squares, depth)
    weights = _assemble(tops, blocks, signal, size)
    for h in range(1, depth):
        n = widths[h]
        d = random_invertible(n, rng, size, spread)
        weights[h - 1], weights[h] = d @ weights[h - 1], weights[h] @ np.linalg.inv(d)
    return tuple(weights)


def _canonical(
    problem: Problem, widths: tuple[int, ...], signal: Array, strings: Strings, strength: float
) -> Weights:
    """Balanced layers for the signal, beside them the strings; those end at the first and last."""
    depth = len(widths) - 1
    blocks = [strength * strings.matrix(h) for h in range(1, depth + 1)]
    blocks[0] = np.zeros((blocks[0].shape[0], widths[0]))
    blocks[-1] = np.zeros((widths[-1], blocks[-1].shape[-1]))
    tops = _balanced_factors(signal.mT @ problem.least_squares, depth)
    return tuple(_assemble(tops, blocks, signal, problem.ensemble))


def _complement(columns: Array) -> Array:
    """Orthonormal columns that complete orthonormal ones to a basis."""
    return np.linalg.qr(columns, mode="complete")[0][..., columns.shape[-1] :]


def _assemble(
    tops: list[Array], blocks: list[Array], signal: Array, lead: tuple[int, ...]
) -> list[Array]:
    """[A_1; Z_1], diag(A_h, Z_h), [U_S A_N, Z_N] with Z_N already in the outputs' coordinates."""
    depth = len(tops)
    weights = []
    for h, (top, block) in enumerate(zip(tops, blocks, strict=True), start=1):
        if h == depth:
            top = signal @ top
        top = np.broadcast_to(top, lead + top.shape[-2:])
        block = np.broadcast_to(block, lead + block.shape[-2:])
        if depth == 1:
            weights.append(top.copy())
        elif h == 1:
            weights.append(np.concatenate([top, block], axis=-2))
        elif h == depth:
            weights.append(np.concatenate([top, block], axis=-1))
        else:
            upper = np.concatenate([top, np.zeros((*lead, top.shape[-2], block.shape[-1]))], -1)
            lower = np.concatenate([np.zeros((*lead, block.shape[-2], top.shape[-1])), block], -1)
            weights.append(np.concatenate([upper, lower], axis=-2))
    return weights


def _valid_modes(modes: Sequence[int], widths: tuple[int, ...]) -> tuple[int, ...]:
    d_y, r_max = widths[-1], min(widths)
    if isinstance(modes, str):
        raise TypeError(f"modes is the string {modes!r}: give integers, such as (0, 1)")
    try:
        chosen = tuple(sorted(index(k) for k in modes))
    except TypeError:
        raise TypeError(
            f"modes is {modes!r}: expected a sequence of integers, indices from 0 into "
            f"problem.eigenvalues"
        ) from None
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


def _valid_kind(kind: Kind | None) -> Kind | None:
    try:
        return None if kind is None else Kind(kind)
    except ValueError:
        names = ", ".join(f"Kind.{k.name}" for k in Kind if k is not Kind.NOT_CRITICAL)
        raise ValueError(f"kind is {kind!r}: expected None or one of {names}") from None


def _valid_size(size: tuple[int, ...], ensemble: tuple[int, ...]) -> tuple[int, ...]:
    size = leading_axes(size)
    try:
        lead = np.broadcast_shapes(size, ensemble)
    except ValueError:
        raise ValueError(
            f"size is {size}, but the problem has leading axes {ensemble}, which do not broadcast "
            f"with it: end size with the axes of the problem, or leave it out"
        ) from None
    return lead


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
    f, s, _ = np.linalg.svd(target, full_matrices=False)
    root = s[..., None] ** (1 / depth)
    middle = root * np.eye(r)
    # Not root * gt, which would cost inputs in large units, with small entries in T, their digits.
    first = f.mT @ target * (root / s[..., None])
    return [first, *(middle for _ in range(depth - 2)), f * root.mT]
