"""Classify first-order critical points of the loss, with the evidence for the verdict.

At a critical point W = P M in whitened coordinates, P the projector on im W, an invariant subspace
of Σ. Let r = rank W, and let p count the pairs of strings that cover the ring of the layers without
their signal (`lnn.landscape.ring`). Whatever the data are, the kind is

====================================================  ==================
λ_min(Σ on im W) < λ_max(Σ on the complement)         strict saddle
otherwise, r = min(d_0, ..., d_N, rank X, rank M)     global minimizer
otherwise, p > 0                                      strict saddle
otherwise                                             non-strict saddle
====================================================  ==================

In the language of pivots, p > 0 if and only if some layers i > j are not tightened: if both

    inner:  W_{i-1} ... W_{j+1},        outer:  W_{j-1} ... W_1 Σ_XY W_N ... W_{i+1}

(an empty product is an identity) have a rank greater than r.
"""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lnn._checks import Array, chain, finite_weights, positive
from lnn.landscape.evidence import RESOLUTION, Evidence, gather
from lnn.landscape.kinds import Kind
from lnn.landscape.ring import data_pairs, flatness_order, loose_pairs, pivot_paths
from lnn.landscape.verdicts import NOTHING, CriticalPoint, Pivot, stack
from lnn.network import flatten
from lnn.problem import Problem, fits

_TILT = 0.1  # modes that im W mixes by more than this are judged as one eigenspace
_AT = 1e-12  # relative gradients below this are rounding
_ROUNDING = 1e-14  # and relative eigenvalues


def classify(
    weights: Sequence[ArrayLike], problem: Problem, *, tolerance: float = 1e-5
) -> CriticalPoint:
    """Say what kind of critical point the weights are (nearest to), and why.

    The verdict is the theorem's, from ranks, for any data: eigenvalues of Σ may coincide, Σ_YX and
    Σ_XX may be singular. It does not change under X → B X, W_1 → W_1 B⁻¹ with B invertible. It is
    given only if the Hessian agrees: no eigenvalue below minus `curvature_tolerance` at a minimizer
    or a non-strict saddle, a negative one at a strict saddle. Otherwise the kind is NOT_CRITICAL
    and `reason` says what disagreed.

    Weights that a run left near a critical point count as that point if their relative gradient
    is at most `tolerance`; `reason` says whether they are at it or near it, and how near. At
    distance ε from a non-strict saddle of three layers the gradient is of order ε², so ranks are
    judged up to the square root of the relative gradient. A strict saddle whose negative curvature
    is relatively smaller than that cannot be told from a non-strict one, and every non-strict
    saddle has strict ones as near as one likes: descend further, or start from exact weights.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
        Leading axes are classified one member after the other.
    problem : Problem
    tolerance : float
        See above.

    Returns
    -------
    CriticalPoint

    Raises
    ------
    ValueError
        If shapes do not fit or weights are not finite.

    See Also
    --------
    critical_point : the way back.

    References
    ----------
    achour2021, for the classification and the notion of a tightened pivot; the index, the nullity,
    the order and data outside their assumptions are derived in the book.

    Examples
    --------
    >>> problem = Problem(np.eye(2), np.diag([3.0, 1.0]))
    >>> zero = np.zeros((2, 2))
    >>> point = classify((zero, zero, zero), problem)
    >>> point.kind.name, point.rank, point.order, point.smallest_eigenvalue
    ('NON_STRICT_SADDLE', 0, 3, 0.0)
    >>> point = classify((zero, np.eye(2), zero), problem)
    >>> point.kind.name, point.pivots[3, 1].tightened, round(point.escape_curvature, 9)
    ('STRICT_SADDLE', False, -6.0)
    >>> point.index, point.nullity
    (4, 4)
    """
    matrices, widths = chain(weights)
    fits(widths, problem)
    bound = float(positive(tolerance, "tolerance"))
    finite_weights(matrices, "a diverged network has no kind")
    ensemble = np.broadcast_shapes(flatten(matrices).shape[:-1], problem.ensemble)
    size = int(np.prod(ensemble))
    flat = tuple(
        np.broadcast_to(w, ensemble + w.shape[-2:]).reshape(size, *w.shape[-2:]) for w in matrices
    )
    evidence = gather(flat, problem.broadcast_to(ensemble).reshape(size))
    verdicts = [_verdict(widths, evidence, k, bound) for k in range(size)]
    return verdicts[0] if ensemble == () else stack(verdicts, flat, ensemble)


def _verdict(
    widths: tuple[int, ...], evidence: Evidence, k: int, tolerance: float
) -> CriticalPoint:
    """The theorem's verdict on member k, if the Hessian agrees."""
    relative, noise = float(evidence.relative_gradient[k]), float(evidence.noise[k])
    curvature = float(evidence.curvature[k])
    common: dict[str, Any] = {
        "smallest_eigenvalue": float(evidence.smallest_eigenvalue[k]),
        "relative_gradient": relative,
        "tolerance": tolerance,
        "rank_tolerance": evidence.rank_tolerance(k),
        "dropped": float("nan"),
        "curvature_tolerance": noise,
    }

    def refuse(reason: str) -> CriticalPoint:
        return CriticalPoint(kind=Kind.NOT_CRITICAL, reason=reason, **NOTHING, **common)

    if relative > tolerance:
        return refuse(f"relative gradient {relative:.2g} above the tolerance {tolerance:.2g}")
    r, mismatch = int(evidence.rank[k]), float(evidence.mismatch[k])
    reduced = (int(evidence.input_rank[k]), *widths[1:])
    spaces = _eigenspaces(evidence, k)
    if mismatch > 10 * noise or r > min(reduced) or sum(spaces.values()) != r:
        return refuse(
            f"small gradient, but the product is {mismatch:.2g} away from every critical one, "
            f"relative to M"
        )

    swaps, ties = _swaps(spaces), sum(n * (len(space) - n) for space, n in spaces.items())
    ranks, common["dropped"] = evidence.ranks(k, reduced)
    loose = int(loose_pairs(ranks))
    parameters = sum(a * b for a, b in zip(widths[1:], widths[:-1], strict=True))
    negative = swaps + loose
    positive_ones = r * (reduced[0] + reduced[-1] - r) - swaps - ties + loose
    positive_ones += int(data_pairs(ranks))
    found: dict[str, Any] = {
        **NOTHING,
        **common,
        "modes": tuple(i for space, n in spaces.items() for i in space[:n]),
        "eigenspaces": spaces,
        "rank": r,
        "index": negative,
        "nullity": parameters - negative - positive_ones,
    }
    # The loss of one layer is convex: a mode that is left out is one too weak to be seen.
    full = len(widths) == 2 or r == min(*reduced, int(evidence.target_rank[k]))
    if not full:
        found["pivots"] = {
            pair: Pivot(
                r + int(ranks[inner]), r + int(ranks[outer]), not (ranks[inner] and ranks[outer])
            )
            for pair, (inner, outer) in pivot_paths(len(widths) - 1).items()
        }
        found["tightened"] = all(p.tightened for p in found["pivots"].values())
    what = _reason(found, spaces, swaps, full, min(reduced)) + _tied(
        spaces, evidence.eigenvalues[k]
    )
    if negative:
        if curvature > -_ROUNDING:
            return refuse(f"{what}; but the Hessian at the weights has no negative eigenvalue")
        found["kind"] = Kind.STRICT_SADDLE
        found["escape"] = tuple(v[k] for v in evidence.escape)
        found["escape_curvature"] = float(evidence.escape_curvature[k])
        found["escape_step"] = _falling_step(evidence.slope[k])
    elif curvature < -noise:
        return refuse(
            f"{what}; but the Hessian at the weights has an eigenvalue of {curvature:.2g} of its "
            f"scale: too far from such a point"
        )
    else:
        found["kind"] = Kind.GLOBAL_MINIMIZER if full else Kind.NON_STRICT_SADDLE
        found["order"] = None if full else flatness_order(ranks)
    found["reason"] = f"{what}; {_nearness(found, mismatch, curvature)}"
    return CriticalPoint(**found)


def _eigenspaces(evidence: Evidence, k: int) -> dict[tuple[int, ...], int]:
    """The dimension of im W in each eigenspace of Σ, as far as the weights tell them apart."""
    values, projector = evidence.eigenvalues[k], evidence.projector[k]
    count = len(values)
    together = values[:-1] - values[1:] <= RESOLUTION * values[0]
    for i, j in np.argwhere(np.abs(np.triu(projector, 1)) > _TILT):
        together[i:j] = True
    starts = [0, *(i + 1 for i in range(count - 1) if not together[i]), count]
    spaces = [tuple(range(a, b)) for a, b in itertools.pairwise(starts)]
    shares = np.diagonal(projector)
    return {space: round(float(shares[list(space)].sum())) for space in spaces}


def _swaps(spaces: dict[tuple[int, ...], int]) -> int:
    """The pairs of a mode in S and a larger one outside: each is a negative eigenvalue."""
    missing = swaps = 0
    for space, n in spaces.items():
        swaps += missing * n
        missing += len(space) - n
    return swaps


def _falling_step(slope: np.ndarray) -> float:
    """The largest t among 1, 1/2, 1/4, ... where Σ_k slope_k t^k < 0."""
    t = 2.0 ** -np.arange(100)
    lower = np.flatnonzero(np.polyval([*slope[::-1], 0.0], t) < 0)
    return float(t[lower[0]]) if lower.size else float("nan")


def _reason(
    found: dict[str, Any], spaces: dict[tuple[int, ...], int], swaps: int, full: bool, r_max: int
) -> str:
    """What the point is, in words."""
    r = found["rank"]
    if swaps:
        missing = next(space[n] for space, n in spaces.items() if n < len(space))
        return f"mode {missing} is left out in favour of a smaller one: turn towards it"
    if full:
        return f"the {r} leading modes are " + ("all that fit" if r == r_max else "all there are")
    if found["tightened"]:
        return f"rank {r} < {r_max}, the leading modes, and every pivot is tightened"
    loose = [pair for pair, pivot in found["pivots"].items() if not pivot.tightened]
    return f"rank {r} < {r_max}, pivots {loose} not tightened: add the next mode there"


def _tied(spaces: dict[tuple[int, ...], int], values: Array) -> str:
    shared = [space for space, n in spaces.items() if 0 < n < len(space)]
    if not shared:
        return ""
    gap = max(float(values[space[0]] - values[space[-1]]) for space in shared) / float(values[0])
    modes = ", ".join(str(list(space)) for space in shared)
    return f" (eigenvalues {modes} count as equal: they differ by {gap:.1g} of the largest)"


def _nearness(found: dict[str, Any], mismatch: float, curvature: float) -> str:
    """How near the weights are to the critical point as which they are judged."""
    relative = found["relative_gradient"]
    if relative <= _AT:
        return f"at such a point up to rounding (relative gradient {relative:.1g})"
    text = (
        f"near such a point, not at it: relative gradient {relative:.2g} (tolerance "
        f"{found['tolerance']:.2g}), product off by {mismatch:.2g}, paths of relative size up to "
        f"{found['dropped']:.2g} count as closed"
    )
    if found["kind"] is not Kind.STRICT_SADDLE and curvature < -_ROUNDING:
        text += (
            f", and the Hessian's eigenvalue {found['smallest_eigenvalue']:.2g}, {-curvature:.2g} "
            f"of its scale, as zero (tolerance {found['curvature_tolerance']:.2g})"
        )
    return text
