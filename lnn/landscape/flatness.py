"""The way out of a non-strict saddle: a direction that the Hessian does not show."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from lnn._checks import Weights, chain
from lnn.landscape.classification import classify
from lnn.landscape.evidence import gather
from lnn.landscape.kinds import Kind
from lnn.landscape.ring import fewest_gaps
from lnn.network import flatten
from lnn.problem import Problem, fits


def way_out(weights: Sequence[ArrayLike], problem: Problem) -> Weights:
    """Return a direction v of unit norm along which the loss falls as t^m from a non-strict saddle.

    Let the layers h_1 < ... < h_m be as few as possible such that all paths between them on the
    ring are open (`lnn.landscape.ring`). Each of them gets one arrow V_h = α βᵀ, from the end of
    one path to the start of the next; for the path B from h_k to h_{k+1} these are its leading
    singular vectors. Then only all of them together close the ring,

        L(w + t v) − L(w) = −2 t^m ∏_k c_k + o(t^m),   c_k > 0,

    if K, what the product leaves of the data, is injective or surjective, as it is for a Σ_YX of
    full rank. Else the product may change before, at a price, and the loss need not fall.

    Parameters
    ----------
    weights : tuple of (d_j, d_{j-1}) arrays
        At a non-strict saddle.
    problem : Problem

    Returns
    -------
    tuple of (d_j, d_{j-1}) arrays

    Raises
    ------
    ValueError
        If the weights are not at a non-strict saddle, or are an ensemble, or K is not as above.

    Examples
    --------
    All weights of the chain (1 − w_3 w_2 w_1)² zero: the loss falls if all three have one sign.

    >>> zero = np.zeros((1, 1))
    >>> [abs(round(float(v[0, 0]), 3)) for v in way_out((zero, zero, zero), Problem([[1]], [[1]]))]
    [0.577, 0.577, 0.577]
    """
    matrices, widths = chain(weights)
    if fits(widths, problem).ensemble or any(w.ndim > 2 for w in matrices):
        raise ValueError("weights or problem are an ensemble: treat one network at a time")
    point = classify(matrices, problem)
    if point.kind is not Kind.NON_STRICT_SADDLE:
        raise ValueError(
            f"weights are no non-strict saddle but {Kind(point.kind).name} ({point.reason}): "
            f"a strict saddle has classify(...).escape, a minimizer no way out"
        )
    evidence = gather(tuple(w[None] for w in matrices), problem.reshape(1))
    ranks, _ = evidence.ranks(0, (int(evidence.input_rank[0]), *widths[1:]))
    depth = len(matrices)
    if ranks[depth, 1] < min(ranks[0, 0], ranks[depth, 0]):
        raise ValueError(
            "what the product leaves of the data is neither injective nor surjective: the layers "
            "have to move at different rates, which no one direction can do"
        )
    nodes = tuple(c[0] for c in evidence.nodes)
    arrows = (*(z[0] for z in evidence.layers), evidence.closing[0])
    gaps = fewest_gaps(ranks)
    starts, ends = {}, {}
    for here, after in zip(gaps, (*gaps[1:], gaps[0]), strict=True):
        path = nodes[here]
        for node in range(here, here + (after - 1 - here) % (depth + 1)):
            path = arrows[node % (depth + 1)] @ path
        u, _, vt = np.linalg.svd(path)
        starts[here], ends[after] = nodes[here] @ vt[0], nodes[after - 1].T @ u[:, 0]
    direction = [np.zeros_like(w) for w in evidence.weights]
    for h in gaps:
        direction[h - 1] = np.outer(starts[h], ends[h])[None]
    first = direction[0] @ evidence.inverse
    result = tuple(v[0] for v in (first, *direction[1:]))
    norm = float(np.linalg.norm(flatten(result)))
    return tuple(v / norm for v in result)
