"""Draw critical points from the strings on their ring, for any data.

With X = A Vᵀ, M = T A and W_1 A in place of W_1, the loss is ‖W − M‖² plus a constant. Let S span
r singular directions of M, so that the product P_S M is critical, and let Q be the rest. Every
critical point with this product is, up to invertible D_1, ..., D_{N−1},

    W_N = [U_S, U_Q Z_N] D_{N-1}⁻¹,   W_h = D_h diag(I, Z_h) D_{h-1}⁻¹,
    W_1 A = D_1 [U_Sᵀ M; Z_1 V_Qᵀ],

where the ring 0 --Z_1--> ... --Z_N--> N --K--> 0, K = V_Qᵀ Mᵀ U_Q, has no path of N arrows. In
suitable bases of its nodes it consists of strings. So every critical point comes from a drawing of
strings (`random_strings`), bases at the two nodes that K joins (`bases_beside_data`), and the D_h.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lnn._checks import Array


@dataclass(frozen=True)
class Strings:
    """Strings on a ring, as the arrows between the basis vectors of neighbouring nodes.

    Attributes
    ----------
    nodes : tuple of int
        The numbers of basis vectors n_0, ..., n_N.
    arrows : tuple of dict
        Entry a maps a vector of node a to the vector of the next node that it is passed on to; the
        last entry is K, from node N to node 0.
    """

    nodes: tuple[int, ...]
    arrows: tuple[dict[int, int], ...]

    def matrix(self, layer: int) -> Array:
        """Z_layer, of zeros and ones."""
        result = np.zeros((self.nodes[layer], self.nodes[layer - 1]))
        for source, target in self.arrows[layer - 1].items():
            result[target, source] = 1.0
        return result

    def arcs(self) -> list[tuple[int, int]]:
        """Every string as (its first node, the number of its nodes).

        Examples
        --------
        >>> Strings((1, 1, 1), ({0: 0}, {}, {})).arcs()
        [(0, 2), (2, 1)]
        """
        count = len(self.nodes)
        entered = {
            ((a + 1) % count, target)
            for a, arrow in enumerate(self.arrows)
            for target in arrow.values()
        }
        found = []
        for a in range(count):
            for vector in range(self.nodes[a]):
                if (a, vector) not in entered:
                    node, here, length = a, vector, 1
                    while here in self.arrows[node]:
                        here, node = self.arrows[node][here], (node + 1) % count
                        length += 1
                    found.append((a, length))
        return found

    def ranks(self) -> np.ndarray:
        """ρ(a, n) of `lnn.landscape.ring`, by following the arrows.

        Examples
        --------
        >>> Strings((1, 1, 1), ({}, {}, {0: 0})).ranks().tolist()
        [[1, 0, 0], [1, 0, 0], [1, 1, 0]]
        """
        count = len(self.nodes)
        result = np.zeros((count, count), dtype=int)
        for start in range(count):
            alive = list(range(self.nodes[start]))
            for length in range(count):
                result[start, length] = len(alive)
                arrow = self.arrows[(start + length) % count]
                alive = [arrow[v] for v in alive if v in arrow]
        return result


def canonical_strings(nodes: Sequence[int], data_rank: int, *, middle_open: bool) -> Strings:
    """All layers closed, or all but the first and the last open.

    Parameters
    ----------
    nodes : sequence of int
        n_0, ..., n_N.
    data_rank : int
        Rank of K.
    middle_open : bool
    """
    arrows: list[dict[int, int]] = [{} for _ in nodes]
    arrows[-1] = {k: k for k in range(data_rank)}
    if middle_open:
        for a in range(1, len(nodes) - 2):
            arrows[a] = {k: k for k in range(min(nodes[a], nodes[a + 1]))}
    return Strings(tuple(nodes), tuple(arrows))


def random_strings(nodes: Sequence[int], data_rank: int, rng: np.random.Generator) -> Strings:
    """Join vectors at random, as long as no string passes N arrows.

    Parameters
    ----------
    nodes : sequence of int
        n_0, ..., n_N.
    data_rank : int
        Rank of K.
    rng : numpy.random.Generator

    Returns
    -------
    Strings
        From almost all vectors joined to almost none, so that every kind of ring occurs.
    """
    count = len(nodes)
    arrows: list[dict[int, int]] = [{} for _ in nodes]
    arrows[-1] = {k: k for k in range(data_rank)}
    taken: list[dict[int, int]] = [{} for _ in nodes]  # taken[a]: who sends to a vector of node a
    taken[0] = {k: k for k in range(data_rank)}

    def length(node: int, vector: int, links: list[dict[int, int]], step: int) -> int:
        n = 0
        while n <= count and vector in links[node]:
            vector, node, n = links[node][vector], (node + step) % count, n + 1
        return n

    density = rng.choice([0.2, 0.6, 1.0])
    pairs = [
        (a, s, t) for a in range(count - 1) for s in range(nodes[a]) for t in range(nodes[a + 1])
    ]
    for index in rng.permutation(len(pairs)):
        a, source, target = pairs[index]
        if source in arrows[a] or target in taken[a + 1] or rng.random() > density:
            continue
        passed = length(a, source, taken, -1) + 1 + length(a + 1, target, arrows, 1)
        if passed < count - 1:  # N = count − 1 arrows in a row would let something through
            arrows[a][source], taken[a + 1][target] = target, source
    return Strings(tuple(nodes), tuple(arrows))


def bases_beside_data(
    data: Array, rank: int, rng: np.random.Generator, spread: float
) -> tuple[Array, Array]:
    """Return invertible (G_0, G_N) with K G_N = G_0 [I, 0; 0, 0] up to the sizes of the arrows.

    Parameters
    ----------
    data : (..., n_0, n_N) array
        K.
    rank : int
        Its rank.
    rng : numpy.random.Generator
    spread : float
        Largest singular value of the random factors, and one over the smallest.

    Returns
    -------
    (..., n_0, n_0) array, (..., n_N, n_N) array
        Random ones. The first `rank` columns of G_0 are those of K G_N up to a common factor; the
        other columns of G_N are in the kernel of K.
    """
    lead = data.shape[:-2]
    (n_0, n_n), k = data.shape[-2:], rank
    f, s, gt = np.linalg.svd(data, full_matrices=True)
    root = np.sqrt(s[..., None, :k])
    root = root / np.max(root, axis=-1, keepdims=True) if k else root
    mix = random_invertible(k, rng, lead, spread)
    first = np.concatenate(
        [
            (f[..., :, :k] * root) @ mix,
            f[..., :, k:] @ random_invertible(n_0 - k, rng, lead, spread)
            + f[..., :, :k] @ rng.standard_normal((*lead, k, n_0 - k)) / (n_0 + 1),
        ],
        axis=-1,
    )
    g = gt.mT
    last = np.concatenate(
        [
            (g[..., :, :k] / np.where(root > 0, root, 1.0)) @ mix
            + g[..., :, k:] @ rng.standard_normal((*lead, n_n - k, k)) / (n_n + 1),
            g[..., :, k:] @ random_invertible(n_n - k, rng, lead, spread),
        ],
        axis=-1,
    )
    return first, last


def random_invertible(
    n: int, rng: np.random.Generator, lead: tuple[int, ...], spread: float
) -> Array:
    """Random (..., n, n) matrices with singular values between 1 / spread and spread."""
    left, right = (np.linalg.qr(rng.standard_normal((*lead, n, n)))[0] for _ in range(2))
    stretch = spread ** rng.uniform(-1, 1, (*lead, 1, n))
    return np.asarray((left * stretch) @ right.mT)
