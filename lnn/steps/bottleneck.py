"""The flattest factorization of a map of low rank: a convex problem, and a proof of how near.

Where the least-squares map T does not fit through the network, a global minimizer has the best map
of rank r = min_j d_j as its product, and its residual bends the valley. Write
T Σ_XX^{1/2} = U S Vᵀ, U_r the first r columns of U, and let all inner widths be r (wider ones never
help). Then the minimizers are

    W_N = U_r G_{N−1},   W_j = G_j⁻¹ G_{j−1},   W_1 = G_1⁻¹ U_rᵀ T,    G_j invertible, r × r.

A direction V of weights is measured in coordinates in which the curvature does not depend on the
G_j: V_1' = G_1 V_1, V_j' = G_j V_j G_{j−1}⁻¹, V_N' = V_N G_{N−1}⁻¹. In these it is one quadratic
form H, positive semi-definite because the point is a minimizer, and all that the G_j change is the
length of V: the Hessian is Kᵀ H K with K = diag(G_1 ⊗ I, G_j ⊗ G_{j−1}⁻ᵀ, I ⊗ G_{N−1}⁻ᵀ).

Convex: let S_j = G_j G_jᵀ, and M_S = H^{1/2} K Kᵀ H^{1/2}, which has the Hessian's positive
eigenvalues. K Kᵀ is a Kronecker product of the S_j and their inverses, so along a geodesic
S_j(t) of positive definite matrices the block matrix [[M_{S(0)}, M_{S(½)}], [M_{S(½)}, M_{S(1)}]]
stays positive semi-definite. Hence tr(R M_S) is log-convex in t for every R ⪰ 0, and so is every
Schatten norm of M_S: log λ_max(∇²L) is geodesically convex, every local minimum is global, and
log ‖Kᵀ H K‖_p is a smooth convex function at most (log n)/p above it.

Certified: take orthonormal eigenvectors v of the Hessian at S, with eigenvalues μ and weights
w ≥ 0, Σ w = 1, and let Γ_j = Σ w μ (V_j V_jᵀ − V_{j+1}ᵀ V_{j+1}) / Σ w μ with V_j the layers of v.
By convexity of log tr(R M_S), with R made of these vectors, the flattest minimizer S* has

    log λ_max(S*) ≥ log Σ w μ − Σ_j ‖log(S_j^{−½} S_j* S_j^{−½})‖ ‖Γ_j‖_*,

and S* lies where λ_max(S*) ≤ λ_max(S) allows (`_farthest`). At the minimum Γ_j = 0 for some w.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lnn._checks import Array, Weights

_POWERS = 8.0 * 4.0 ** np.arange(10)  # p of the Schatten norms, from smooth to nearly λ_max
_REACH = 3.0  # no stage changes a logarithm of a G_j by more
_GAP = 1e-7  # enough: log of value over lower bound
_NOISE = 1e-13  # singular values of the inputs below this, relatively, are rounding


@dataclass(frozen=True, eq=False)
class Factorization:
    """The flattest factorization that was found.

    Attributes
    ----------
    weights : tuple of (d_j, d_{j-1}) arrays
        Inner widths are all `rank`.
    value : float
        Its λ_max(∇²L), for L without ½.
    lower : float
        Proved: no factorization has a smaller one.
    """

    weights: Weights
    value: float
    lower: float


def flattest_factorization(target: Array, root: Array, rank: int, depth: int) -> Factorization:
    """Minimize λ_max(∇²L) over the factorizations of the best map of a rank below that of T.

    Parameters
    ----------
    target : (d_y, d_x) array
        T, of rank above `rank`.
    root : (d_x, k) array
        Σ_XX^{1/2}, any matrix with root rootᵀ = Σ_XX.
    rank : int
        r.
    depth : int
        N ≥ 2.

    Returns
    -------
    Factorization

    Examples
    --------
    X = diag(5, 1) and Y = diag(0.95, 1), one mode, two layers: 2 (5 · 0.95 + 5).

    >>> flat = flattest_factorization(np.diag([0.19, 1.0]), np.diag([5.0, 1.0]), 1, 2)
    >>> round(flat.value, 6), round(flat.lower, 5)
    (19.5, 19.5)
    """
    # Imported here: SciPy would double the time of `import lnn`.
    from scipy import optimize

    form = _Form.of(target, root, rank, depth)
    factors = np.tile(np.eye(rank), (depth - 1, 1, 1))
    best, value, lower = factors, np.inf, -np.inf
    for power in _POWERS:
        base = factors

        def smooth(x: Array, base: Array = base, power: float = power) -> tuple[float, Array]:
            return form.smooth(base, x, power)

        def slope(x: Array, base: Array = base, power: float = power) -> Array:
            return form.smooth(base, np.clip(x, -_REACH, _REACH), power)[1]

        x = optimize.minimize(
            smooth,
            np.zeros(form.unknowns),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-_REACH, _REACH)] * form.unknowns,
            options={"maxiter": 500, "maxcor": 30, "ftol": 1e-15, "gtol": 1e-12},
        ).x
        # The value is flat to rounding long before its slope is 0, which the certificate needs.
        zero = optimize.root(slope, x, method="hybr", options={"xtol": 1e-12, "factor": 0.1}).x
        if np.abs(zero).max() < _REACH and np.linalg.norm(slope(zero)) < np.linalg.norm(slope(x)):
            x = zero
        factors = base @ _triangular(x, rank)
        eigenvalues, vectors = form.spectrum(factors)
        if eigenvalues[-1] < value:
            best, value = factors, float(eigenvalues[-1])
        for trial in _POWERS:  # every density proves a bound
            lower = max(lower, form.certificate(factors, eigenvalues, vectors, trial))
        if np.log(value) - lower < _GAP:
            break
    return Factorization(
        form.weights(best, target), 2 * form.unit * value, 2 * form.unit * float(np.exp(lower))
    )


def _triangular(x: Array, rank: int) -> Array:
    """Invertible lower triangular matrices; every G_j, up to what S_j = G_j G_jᵀ does not see."""
    rows, columns = np.tril_indices(rank)
    result = np.zeros((x.size // rows.size, rank, rank))
    result[:, rows, columns] = x.reshape(-1, rows.size)
    diagonal = np.arange(rank)
    result[:, diagonal, diagonal] = np.exp(result[:, diagonal, diagonal])
    return result


@dataclass(frozen=True, eq=False)
class _Form:
    """H / 2 in units in which ‖Σ_XX‖ = s_1 = 1, and what is needed to go back."""

    matrix: Array  # H / 2, blocks V_1' (r, k), V_j' (r, r), V_N' (m, r) in the bases of root and U
    shapes: list[tuple[int, int]]
    kept: Array  # s_1 ≥ ... ≥ s_r
    basis: Array  # U_r
    ratio: float  # size of W_N, ..., W_2
    unit: float  # size of H / 2
    depth: int

    @property
    def rank(self) -> int:
        return self.kept.size

    @property
    def unknowns(self) -> int:
        return (self.depth - 1) * self.rank * (self.rank + 1) // 2

    @classmethod
    def of(cls, target: Array, root: Array, rank: int, depth: int) -> "_Form":
        left, a, _ = np.linalg.svd(root, full_matrices=False)
        seen = a > _NOISE * a[0]
        left, a = left[:, seen], a[seen]
        u, s, vt = np.linalg.svd((target @ left) * a, full_matrices=False)
        size, norm = a[0], s[0]
        a, s = a / size, s / norm
        modes, k = s.size, a.size
        shapes = [(rank, k), *[(rank, rank)] * (depth - 2), (modes, rank)]
        # (dW·V) Σ_XX^{1/2}, row-major: X ↦ L X R has the matrix L ⊗ Rᵀ.
        embed, image = np.eye(modes, rank), (s[:rank, None] * vt[:rank]).T
        blocks = [np.kron(embed, np.diag(a))]
        blocks += [np.kron(embed, image)] * (depth - 2) + [np.kron(np.eye(modes), image)]
        tangent = np.hstack(blocks)
        matrix = tangent.T @ tangent
        # 2 ⟨E, V_N' V_1'⟩ with E = −U_q S_q V_qᵀ Σ_XX^{1/2}, the modes that are lost.
        lost = np.where(np.arange(modes)[:, None] >= rank, s[:, None] * vt * a, 0.0)
        bend = np.einsum("qb,cd->qcdb", lost, np.eye(rank)).reshape(modes * rank, rank * k)
        matrix[-modes * rank :, : rank * k] -= bend
        matrix[: rank * k, -modes * rank :] -= bend.T
        unit = size ** (2 / depth) * norm ** (2 - 2 / depth)
        ratio = norm / np.sqrt(unit)
        return cls(matrix, shapes, s[:rank], u[:, :rank], float(ratio), float(unit), depth)

    def weights(self, factors: Array, target: Array) -> Weights:
        """W_N = U_r G_{N−1}, W_j = G_j⁻¹ G_{j−1}, W_1 = G_1⁻¹ U_rᵀ T, in the problem's units."""
        inverse = np.linalg.inv(factors)
        first = inverse[0] @ (self.basis.T @ target) * self.ratio ** (1 - self.depth)
        inner = [self.ratio * b @ a for a, b in zip(factors[:-1], inverse[1:], strict=True)]
        return (first, *inner, self.ratio * self.basis @ factors[-1])

    def spectrum(self, factors: Array) -> tuple[Array, Array]:
        """Eigenvalues and eigenvectors of Kᵀ (H / 2) K."""
        from scipy.linalg import block_diag

        inverse = np.linalg.inv(factors).mT
        k, modes = self.shapes[0][1], self.shapes[-1][0]
        blocks = [np.kron(factors[0], np.eye(k))]
        blocks += [np.kron(g, h) for g, h in zip(factors[1:], inverse[:-1], strict=True)]
        stretch = block_diag(*blocks, np.kron(np.eye(modes), inverse[-1]))
        return np.linalg.eigh(stretch.T @ self.matrix @ stretch)

    def imbalance(self, vectors: Array, weights: Array) -> Array:
        """Σ w (V_j V_jᵀ − V_{j+1}ᵀ V_{j+1}), j = 1, ..., N − 1, over the columns of `vectors`."""
        seen = weights > 1e-17 * weights.max()
        parts = np.split(vectors[:, seen], np.cumsum([a * b for a, b in self.shapes])[:-1])
        layers = [p.T.reshape(-1, *shape) for p, shape in zip(parts, self.shapes, strict=True)]
        w = weights[seen, None, None]
        pairs = [below @ below.mT - above.mT @ above for below, above in pairwise(layers)]
        return np.stack([np.sum(w * pair, axis=0) for pair in pairs])

    def smooth(self, base: Array, x: Array, power: float) -> tuple[float, Array]:
        """Return log ‖Kᵀ (H / 2) K‖_p at G_j = base_j · triangular(x)_j, and its gradient in x.

        An eigenvalue μ changes along G_j (I + X_j) by 2 μ ⟨X_j, V_j V_jᵀ − V_{j+1}ᵀ V_{j+1}⟩.
        """
        triangular = _triangular(x, self.rank)
        eigenvalues, vectors = self.spectrum(base @ triangular)
        weights = _weights(eigenvalues, power)
        value = np.log(eigenvalues[-1]) + np.log(weights.sum()) / power
        change = self.imbalance(vectors, weights / weights.sum())
        gradient = 2 * np.linalg.inv(triangular).mT @ change
        diagonal = np.arange(self.rank)
        gradient[:, diagonal, diagonal] *= triangular[:, diagonal, diagonal]
        rows, columns = np.tril_indices(self.rank)
        return float(value), gradient[:, rows, columns].ravel()

    def certificate(
        self, factors: Array, eigenvalues: Array, vectors: Array, power: float
    ) -> float:
        """Return the proved lower bound of log λ_max that eigenvalues to the power p give."""
        density = _weights(eigenvalues, power)  # 0 for eigenvalues below 0, which are rounding
        weights = density * eigenvalues
        mean = weights.sum() / density.sum()
        change = self.imbalance(vectors, weights / weights.sum())
        nuclear = np.abs(np.linalg.eigvalsh(change)).sum(axis=-1)
        return float(np.log(mean) - self._farthest(factors, eigenvalues[-1]) @ nuclear)

    def _farthest(self, factors: Array, value: float) -> Array:
        """Bounds of ‖log(S_j^{−½} S_j* S_j^{−½})‖ for every S* that is at least as flat.

        With λ = value, the blocks of V_1, V_j and V_N alone give S_1 ≤ λ, ‖S_j‖ ≤ λ ‖S_{j−1}‖
        and D² ≤ λ S_{N−1}; D = diag(s_1..s_r), s_1 = 1. So S_j ≤ λ^j and S_j ≥ λ^{j−N} D².
        """
        j = np.arange(1, self.depth)
        inverse = np.linalg.norm(np.linalg.inv(factors), 2, axis=(-2, -1))
        spread = np.linalg.norm(factors / self.kept[:, None], 2, axis=(-2, -1))
        above = j * np.log(value) + 2 * np.log(inverse)
        below = (self.depth - j) * np.log(value) + 2 * np.log(spread)
        return np.asarray(np.maximum(above, below))


def _weights(eigenvalues: Array, power: float) -> NDArray[np.float64]:
    """(μ / λ_max)^p."""
    return np.asarray(np.maximum(eigenvalues / eigenvalues[-1], 0.0) ** power)
