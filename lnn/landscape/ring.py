"""Strings on the ring of layers: what a critical point does besides carrying its signal.

Take the signal away from every layer, and the layers Z_1, ..., Z_N and the data K that close the
circle from the outputs to the inputs form a ring of N + 1 nodes,

    0 --Z_1--> 1 --Z_2--> ... --Z_N--> N --K--> 0,

on which every path of N arrows vanishes. Such a ring is a sum of strings: basis vectors that are
passed on from node to node, for at most N nodes, and then lost. Everything that the Hessian knows
of a critical point is how many strings reach from where to where, and that is read off the ranks

    ρ(a, n) = rank of the path of n arrows that starts at node a,

kept as integer arrays of shape (..., N + 1, N + 1), first index a, second n. (Without the signal:
the blocks of the weights themselves have rank ρ + r.) Layer h is the arrow from node h − 1.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from lnn._checks import Array


def path_singular_values(
    layers: Sequence[Array], closing: Array
) -> Iterator[tuple[tuple[int, int], Array]]:
    """Yield ((a, n), singular values) of every path of n = 1, ..., N − 1 arrows from node a.

    Parameters
    ----------
    layers : sequence of (..., d_h, d_{h-1}) arrays
        The Z_h.
    closing : (..., d_0, d_N) array
        K.
    """
    arrows = [*layers, closing]  # arrows[a] leaves node a
    nodes = len(arrows)
    for start in range(nodes):
        path = arrows[start]
        for length in range(1, nodes - 1):
            yield (start, length), np.asarray(np.linalg.svd(path, compute_uv=False))
            path = arrows[(start + length) % nodes] @ path


def pivot_paths(depth: int) -> dict[tuple[int, int], tuple[tuple[int, int], tuple[int, int]]]:
    """Return, for the layers i > j, the inner path (node j to i − 1) and the outer (i to j − 1).

    Examples
    --------
    >>> pivot_paths(3)[3, 1]  # inner: one arrow from node 1; outer: one from node 3, the data
    ((1, 1), (3, 1))
    """
    return {
        (i, j): ((j, i - 1 - j), (i, depth - i + j))
        for i in range(2, depth + 1)
        for j in range(1, i)
    }


def loose_pairs(ranks: np.ndarray) -> np.ndarray:
    """Return p, the pairs of strings that cover the ring with two layers as gaps.

    Summed over the pivots i > j: the strings that end before layer i after having passed all nodes
    since layer j, times those that end before layer j after having passed all others. Each pair
    contributes one negative eigenvalue of the Hessian (and one positive).

    Parameters
    ----------
    ranks : (..., N + 1, N + 1) array of int

    Returns
    -------
    (...) array of int

    Examples
    --------
    Three scalar layers, all zero but the middle one: nodes 1 and 2 share a string, 3 and 0 too.

    >>> ranks = np.array([[1, 0, 0, 0], [1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0]])
    >>> int(loose_pairs(ranks))
    1
    """
    depth = ranks.shape[-1] - 1
    result = np.zeros(ranks.shape[:-2], dtype=int)
    for (i, _), ((a, inner), (b, outer)) in pivot_paths(depth).items():
        # Layer N is the last before the data: a string that these forget ends there, too.
        further = inner + 1 if i < depth else inner + 2
        ending = ranks[..., a, inner] - ranks[..., a, further]
        result += ending * (ranks[..., b, outer] - ranks[..., b, outer + 1])
    return result


def data_pairs(ranks: np.ndarray) -> np.ndarray:
    """Return p', the pairs of strings that cover the ring only with the data as one of two gaps.

    Each contributes one positive eigenvalue of the Hessian. There are none if the data K are
    injective or surjective.

    Parameters
    ----------
    ranks : (..., N + 1, N + 1) array of int

    Returns
    -------
    (...) array of int
    """
    depth = ranks.shape[-1] - 1
    from_inputs = ranks[..., 0, :]
    from_outputs = np.concatenate([ranks[..., depth, :], 0 * ranks[..., depth, :1]], axis=-1)
    result = np.zeros(ranks.shape[:-2], dtype=int)
    for h in range(1, depth + 1):
        stuck = ranks[..., h, depth - h] - ranks[..., h, depth - h + 1]
        ending = from_inputs[..., h - 1] - from_inputs[..., h]
        result += stuck * (ending - from_outputs[..., h] + from_outputs[..., h + 1])
    return result


def fewest_gaps(ranks: np.ndarray) -> tuple[int, ...]:
    """Return as few layers as possible such that, without them, all paths between them are open.

    In other words the gaps between the fewest strings that cover the ring so that the data are no
    gap. Two gaps mean a strict saddle; from m > 2 gaps on the loss falls as t^m
    (`flatness_order`).

    Parameters
    ----------
    ranks : (N + 1, N + 1) array of int
        With ρ(a, 0) > 0 for every node, and ρ(N, 1) > 0.

    Returns
    -------
    tuple of int
        Layers, ascending; all of them if every Z_h is zero.

    Examples
    --------
    Three layers, of which the first is open:

    >>> ranks = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0]])
    >>> fewest_gaps(ranks)
    (1, 2, 3)
    >>> ranks[3, 2] = 1  # and takes up what comes through the data
    >>> fewest_gaps(ranks)
    (2, 3)
    """
    depth = len(ranks) - 1
    best = tuple(range(1, depth + 1))
    for first in range(1, depth):
        gaps = [first]
        while gaps[-1] < depth and not ranks[gaps[-1], depth - gaps[-1] + first]:
            # A path that is open is open up to every earlier node: go as far as possible.
            here = gaps[-1]
            gaps.append(here + max(n + 1 for n in range(depth - here) if ranks[here, n]))
        if ranks[gaps[-1], depth - gaps[-1] + first] and len(gaps) < len(best):
            best = tuple(gaps)
    return best


def flatness_order(ranks: np.ndarray) -> int:
    """Return the order of flatness of a non-strict saddle, m or, for some with m = 3, 4.

    min { L(w + δ) − L(w) : ‖δ‖ = t } is of the order −t^order as t → 0. The exception can occur
    only if K is neither injective nor surjective. There m = 3 layers reach their gain of order t³
    at the price of a change of the product of order t, which the loss punishes with t², unless the
    middle of the three can be moved in a direction that the inputs do not reach or the outputs do
    not see. Otherwise it has to move by t² only, for a gain of order t⁴.

    Parameters
    ----------
    ranks : (N + 1, N + 1) array of int

    Returns
    -------
    int
    """
    depth = len(ranks) - 1
    order = len(fewest_gaps(ranks))
    if order != 3 or ranks[depth, 1] == min(ranks[0, 0], ranks[depth, 0]):
        return order
    for last in range(3, depth + 1):
        for middle in range(2, last):
            for first in range(1, middle):
                before, after = ranks[first, middle - 1 - first], ranks[middle, last - 1 - middle]
                around = ranks[last, depth - last + first]
                unseen = before > ranks[0, middle - 1] or after > ranks[middle, depth - middle]
                if before and after and around and unseen:
                    return 3
    return 4
