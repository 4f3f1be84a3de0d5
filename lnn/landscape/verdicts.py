"""What `classify` returns: a verdict on a critical point, and its evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np

from lnn._checks import Weights
from lnn._record import Record

PerNetwork: TypeAlias = Any
"""A scalar or a record for one network, an array over the leading axes of an ensemble."""


@dataclass(frozen=True)
class Pivot:
    """Two layers i > j and the ranks of what stands around them.

    Attributes
    ----------
    inner_rank : int
        Rank of W_{i-1} ... W_{j+1}.
    outer_rank : int
        Rank of W_{j-1} ... W_1 Σ_XY W_N ... W_{i+1}.
    tightened : bool
        Whether one of the two is the rank r of the product.
    """

    inner_rank: int
    outer_rank: int
    tightened: bool


@dataclass(frozen=True, eq=False, repr=False)
class CriticalPoint(Record):
    """A verdict and its evidence, for one network or, as arrays, for an ensemble.

    For one network the attributes have the types below; None stands where there is nothing to
    say. For an ensemble each is an array over the leading axes: of int where the type is an int or
    a `Kind` (compare with `Kind`; −1 stands for None), of float, or of objects. `escape` is then a
    tuple of arrays like the weights, of zeros where there is none.

    Attributes
    ----------
    kind : Kind
    modes : tuple of int or None
        S, indices from 0 into ``problem.eigenvalues``. Where eigenvalues coincide and im W holds a
        part of their eigenspace, S is not unique: the first indices stand for that part, and
        `eigenspaces` says how large it is. None if not critical.
    eigenspaces : dict
        The dimension of im W in each eigenspace of Σ, by the indices of its eigenvalues; empty if
        not critical.
    rank : int or None
        r, the rank of the product up to the tolerance; None if not critical.
    index : int or None
        Number of negative eigenvalues of the Hessian at the critical point as which the weights
        are judged, from ranks. None if not critical.
    nullity : int or None
        Number of zero eigenvalues there.
    order : int or None
        For a non-strict saddle the order of its flatness: the loss falls by a multiple of t^order
        within the distance t. None for everything else.
    tightened : bool or None
        Whether all pivots are tightened; None where this plays no part (not critical, or no mode
        left that could be added).
    pivots : dict
        `Pivot` by (i, j), layers counted from 1; empty where `tightened` is None.
    smallest_eigenvalue : float
        Of the Hessian at the weights, in closed form, whatever the verdict.
    escape : tuple of (..., d_j, d_{j-1}) arrays or None
        For a strict saddle a direction of unit norm along which the Hessian is negative and the
        loss falls: the lowest eigenvector of the Hessian, here or where inputs and layers have
        been made alike.
    escape_curvature : float
        vᵀ ∇²L v along `escape`; nan without one.
    escape_step : float
        The largest of 1, 1/2, 1/4, ... at which the polynomial t ↦ L(w + t v) − L(w), formed from
        its coefficients without cancellation, is negative; nan without an escape.
    relative_gradient : float
        In whitened coordinates, W_1 A for W_1: max_j ‖∇_{W_j} L‖_F / (2 ‖M‖ ∏_{k≠j} n_k), with
        n_k = ‖W_k‖, or max(‖W_k‖, ‖M‖^{1/N}) where the product is less than a hundredth of M.
    tolerance : float
        The relative gradient up to which the weights count as critical.
    rank_tolerance : float
        Paths on the ring below this relative size count as closed:
        8 √(max(relative_gradient, ε) ‖M‖ / ‖K‖), where K is what the product leaves of M, or more
        (see `dropped`).
    dropped : float
        The largest relative size that counts as zero on the ring. No critical point with these
        strings is nearer than that: reaching one takes a change of the layers, each relative to
        its n_k, that sums up to this or more.
    curvature_tolerance : float
        8 √max(relative_gradient, ε). Where every layer has norm one, by W_k / n_k, eigenvalues of
        the Hessian above minus this fraction of its norm (or of 2 ‖M‖ / ∏ n_k, if that is larger)
        count as non-negative.
    reason : str
        The verdict in words, and how near the weights are to the point as which they are judged.
    """

    kind: PerNetwork
    modes: PerNetwork
    eigenspaces: PerNetwork
    rank: PerNetwork
    index: PerNetwork
    nullity: PerNetwork
    order: PerNetwork
    tightened: PerNetwork
    pivots: PerNetwork
    smallest_eigenvalue: PerNetwork
    escape: Weights | None
    escape_curvature: PerNetwork
    escape_step: PerNetwork
    relative_gradient: PerNetwork
    tolerance: PerNetwork
    rank_tolerance: PerNetwork
    dropped: PerNetwork
    curvature_tolerance: PerNetwork
    reason: PerNetwork


_INTEGERS = ("kind", "rank", "index", "nullity", "order")
_OBJECTS = ("modes", "eigenspaces", "tightened", "pivots", "reason")


def stack(
    verdicts: Sequence[CriticalPoint], weights: Weights, ensemble: tuple[int, ...]
) -> CriticalPoint:
    """Join the verdicts on the members of an ensemble to one record of arrays."""
    joined: dict[str, Any] = {}
    for name in (entry.name for entry in fields(CriticalPoint)):
        values = [getattr(verdict, name) for verdict in verdicts]
        if name == "escape":
            joined[name] = tuple(
                np.array([np.zeros(w.shape[-2:]) if v is None else v[j] for v in values]).reshape(
                    ensemble + w.shape[-2:]
                )
                for j, w in enumerate(weights)
            )
        elif name in _OBJECTS:
            column = np.empty(len(values), dtype=object)
            column[:] = values
            joined[name] = column.reshape(ensemble)
        else:
            kind = int if name in _INTEGERS else float
            numbers = [-1 if value is None else value for value in values]
            joined[name] = np.array(numbers, dtype=kind).reshape(ensemble)
    return CriticalPoint(**joined)


NOTHING: Mapping[str, Any] = {
    "modes": None,
    "eigenspaces": {},
    "rank": None,
    "index": None,
    "nullity": None,
    "order": None,
    "tightened": None,
    "pivots": {},
    "escape": None,
    "escape_curvature": float("nan"),
    "escape_step": float("nan"),
}
"""What there is to say of weights that are not critical."""
