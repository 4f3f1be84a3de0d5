"""The numbers that a verdict rests on, for all members of an ensemble at once.

Everything happens in whitened coordinates: with A Aᵀ = Σ_XX, W_1 A takes the place of W_1 and
M = T A that of the data, so that L = ‖W − M‖² plus a constant. A change of the coordinates of the
inputs, X → B X and W_1 → W_1 B⁻¹, changes nothing here.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lnn._checks import Array, Weights
from lnn.landscape.ring import path_singular_values, pivot_paths
from lnn.network import flatten, left_products, product, right_products, unflatten, widths_of
from lnn.objective import hessian
from lnn.problem import Problem, inverse_root

RESOLUTION = 1e-12
"""Relative size below which singular values of M and gaps between eigenvalues count as zero."""

_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Evidence:
    """What is known of n networks; leading axis n throughout."""

    weights: Weights  # with W_1 A for the first
    target: Array  # M
    inverse: Array  # of A, from the left
    input_rank: np.ndarray  # rank X
    target_rank: np.ndarray  # rank M
    relative_gradient: Array
    noise: Array  # 8 √max(relative gradient, ε)
    rank: np.ndarray  # r
    projector: Array  # on im W, in the eigenbasis of Σ
    mismatch: Array  # of W = P M and P Σ = Σ P, relative
    eigenvalues: Array  # of Σ
    residue: Array  # ‖K‖ / ‖M‖
    nodes: Weights  # projectors on what nodes 0, ..., N of the ring hold besides the signal
    layers: Weights  # Z_h in the coordinates of the weights
    closing: Array  # K
    paths: Mapping[tuple[int, int], Array]  # relative singular values of paths on the ring
    curvature: Array  # smallest eigenvalue of the Hessian where all layers have norm one, relative
    smallest_eigenvalue: Array  # of the Hessian
    escape: Weights  # in the given coordinates, of unit norm
    escape_curvature: Array
    slope: Array  # coefficients of t ↦ L(w + t escape) − L(w), from t¹ to t^{2N}

    def left_out(self, k: int) -> int:
        """The number of modes of M that the product of member k leaves out."""
        return max(int(self.target_rank[k] - self.rank[k]), 0)

    def rank_tolerance(self, k: int) -> float:
        """The relative size below which a path on the ring of member k counts as closed."""
        residue = float(self.residue[k]) if self.left_out(k) else 1.0
        return float(self.noise[k] / np.sqrt(residue if residue > 0 else 1.0))

    def ranks(self, k: int, widths: tuple[int, ...]) -> tuple[np.ndarray, float]:
        """ρ(a, n) of `lnn.landscape.ring`, and the largest relative size that counts as zero.

        Two paths around a pivot cause a curvature of the order of the product of their sizes.
        Where each is above the tolerance but not their product, the weaker one is noise, and so
        is everything smaller.
        """
        depth, left, tolerance = len(widths) - 1, self.left_out(k), self.rank_tolerance(k)
        through_data = float(left > 0)
        sizes = {
            (a, n): values[k] * (through_data if a + n > depth else 1.0)
            for (a, n), values in self.paths.items()
        }
        largest = {(a, 0): 1.0 for a in range(depth + 1)}
        largest |= {path: float(values[0]) for path, values in sizes.items()}
        largest[depth, 1] = through_data
        closed = tolerance
        while True:
            pairs = [(largest[a], largest[b]) for a, b in pivot_paths(depth).values()]
            noise = [min(a, b) for a, b in pairs if min(a, b) > closed and a * b <= tolerance]
            if not noise:
                break
            closed = max(noise)
        ranks = np.zeros((depth + 1, depth + 1), dtype=int)
        ranks[:, 0] = [d - self.rank[k] for d in widths]
        for (a, n), values in sizes.items():
            ranks[a, n] = int(np.sum(values > closed))
        if depth > 1:
            ranks[depth, 1] = left
        zeros = [float(v) for s in sizes.values() for v in s if v <= closed]
        return ranks, max(zeros, default=0.0)


def gather(weights: Weights, problem: Problem) -> Evidence:
    """Judge networks with one leading axis, on problems with the same."""
    depth = len(weights)
    white = (weights[0] @ problem.root_xx, *weights[1:])
    values, u = problem.eigenvalues, problem.eigenvectors
    outputs = np.linalg.norm(problem.Y, axis=(-2, -1))
    nothing = np.sqrt(values[:, 0]) <= RESOLUTION * outputs  # X predicts nothing of Y: M = 0
    values = np.where(nothing[:, None], 0.0, values)
    target = np.where(nothing[:, None, None], 0.0, problem.fitted)
    size = np.where(nothing, _positive(outputs), np.sqrt(values[:, 0]))  # ‖M‖
    w = product(white)
    small = np.linalg.norm(w, 2, axis=(-2, -1)) < 1e-2 * size
    floor = np.where(small, size, 0.0) ** (1 / depth)
    norms = [_positive(np.maximum(np.linalg.norm(f, 2, axis=(-2, -1)), floor)) for f in white]
    left, right = left_products(white), right_products(white)
    relative = np.max(
        [
            np.linalg.norm(left[j].mT @ (w - target) @ right[j].mT, axis=(-2, -1))
            / (size * _others(norms, j))
            for j in range(depth)
        ],
        axis=0,
    )
    fine = np.maximum(relative, _EPS)

    # At a critical point W = P M with P Σ = Σ P, so that W Mᵀ Σ⁻¹ = P on the image of M.
    visible = np.sqrt(values) > np.maximum(RESOLUTION, 10 * relative)[:, None] * size[:, None]
    mapped = u.mT @ w @ target.mT @ u / np.where(visible, values, 1.0)[:, None, :]
    mapped = mapped * visible[:, None, :] * visible[:, :, None]
    shares, basis = np.linalg.eigh((mapped + mapped.mT) / 2)
    basis = basis * (shares > 0.5)[:, None, :]
    projector = basis @ basis.mT
    on_image = u @ projector @ u.mT
    commutator = projector * (values[:, None, :] - values[:, :, None])
    mismatch = np.maximum(
        np.linalg.norm(w - on_image @ target, 2, axis=(-2, -1)) / size,
        np.linalg.norm(commutator, 2, axis=(-2, -1)) / size**2,
    )

    nodes = _beside_signal(white, target, on_image, size)
    layers = tuple(c @ f for c, f in zip(nodes[1:], white, strict=True))
    closing = nodes[0] @ (target - w).mT @ nodes[-1]
    residue = np.linalg.norm(closing, 2, axis=(-2, -1)) / size
    scaled = [z / n[:, None, None] for z, n in zip(layers, norms, strict=True)]
    relative_closing = closing / _positive(residue * size)[:, None, None]
    paths = dict(path_singular_values(scaled, relative_closing))

    # The Hessian where every layer has norm one: its signs are the same, its digits are not lost.
    volume = _others(norms)
    relative_weights = tuple(f / n[:, None, None] for f, n in zip(white, norms, strict=True))
    reduced = Problem(np.eye(target.shape[-1]), target / volume[:, None, None])
    spectrum, vectors = np.linalg.eigh(hessian(relative_weights, reduced))
    scale = np.maximum(np.max(np.abs(spectrum), axis=-1), 2 * size / volume)
    inverse, seen = inverse_root(problem.root_xx)
    lowest = [
        v * n[:, None, None]
        for v, n in zip(unflatten(vectors[..., 0], widths_of(white)), norms, strict=True)
    ]
    own_spectrum, own_vectors = np.linalg.eigh(hessian(weights, problem))
    candidates = [
        (lowest[0] @ inverse, *lowest[1:]),
        unflatten(own_vectors[..., 0], widths_of(weights)),
    ]
    escape, curvature, slope = _steepest(white, target, problem.root_xx, candidates)

    return Evidence(
        weights=white,
        target=target,
        inverse=inverse,
        input_rank=np.rint(np.trace(seen, axis1=-2, axis2=-1)).astype(int),
        target_rank=np.sum(np.sqrt(values) > RESOLUTION * size[:, None], axis=-1),
        relative_gradient=relative,
        noise=8 * np.sqrt(fine),
        rank=np.sum(shares > 0.5, axis=-1),
        projector=projector,
        mismatch=mismatch,
        eigenvalues=values,
        residue=residue,
        nodes=tuple(nodes),
        layers=layers,
        closing=closing,
        paths=paths,
        curvature=spectrum[..., 0] / scale,
        smallest_eigenvalue=own_spectrum[..., 0],
        escape=escape,
        escape_curvature=curvature,
        slope=slope,
    )


def _positive(array: Array) -> Array:
    return np.where(array > 0, array, 1.0)


def _others(norms: list[Array], *layers: int) -> Array:
    """∏ n_k over the layers (from 0) not listed."""
    result = np.ones_like(norms[0])
    for k, norm in enumerate(norms):
        if k not in layers:
            result = result * norm
    return result


def _beside_signal(weights: Weights, target: Array, on_image: Array, size: Array) -> list[Array]:
    """The projectors C_h on what node h = 0, ..., N of the ring holds besides the signal.

    With G the inverse of the signal, G W G = G, they are C_h = I − W_h ... W_1 G W_N ... W_{h+1}.
    Layers commute with them, W_h C_{h-1} = C_h W_h, also at weights that are not quite critical.
    """
    w = product(weights)
    outside = np.eye(on_image.shape[-1]) - on_image
    # Fᵀ W Mᵀ F on the image of P = F Fᵀ, and a multiple of the identity elsewhere.
    block = on_image @ w @ target.mT @ on_image + (size**2)[:, None, None] * outside
    inverse = target.mT @ on_image @ np.linalg.solve(block, on_image)
    signals = [inverse @ w]
    for factor, p, q in zip(weights, left_products(weights), right_products(weights), strict=True):
        signals.append(factor @ q @ inverse @ p)
    return [np.eye(signal.shape[-1]) - signal for signal in signals]


def _steepest(
    white: Weights, target: Array, root: Array, candidates: list[Weights]
) -> tuple[Weights, Array, Array]:
    """Of directions in the given coordinates the one of lowest curvature, at unit norm, downhill.

    Also returns its curvature and the coefficients of the loss along it.
    """
    best = None
    for direction in candidates:
        norm = _positive(np.linalg.norm(flatten(direction), axis=-1))
        scaled = tuple(v / norm[:, None, None] for v in direction)
        moved = (scaled[0] @ root, *scaled[1:])
        coefficients = _along(white, moved, target)
        if best is None:
            best, slope = scaled, coefficients
            continue
        lower = coefficients[:, 1] < slope[:, 1]
        best = tuple(
            np.where(lower[:, None, None], a, b) for a, b in zip(scaled, best, strict=True)
        )
        slope = np.where(lower[:, None], coefficients, slope)
    assert best is not None
    uphill = slope[:, 0] > 0
    signs = np.where(uphill[:, None], (-1.0) ** np.arange(1, slope.shape[1] + 1), 1.0)
    best = tuple(np.where(uphill[:, None, None], -v, v) for v in best)
    return best, 2 * slope[:, 1], slope * signs


def _along(weights: Weights, direction: Weights, target: Array) -> Array:
    """The coefficients of t, t², ..., t^{2N} in ‖W(t) − M‖² − ‖W(0) − M‖².

    With W(t) = Σ t^k B_k they are those of ‖Σ_{k≥1} t^k B_k‖² + 2 ⟨W − M, Σ_{k≥1} t^k B_k⟩.
    """
    powers = [weights[0], direction[0]]
    for w, v in zip(weights[1:], direction[1:], strict=True):
        raised = [w @ powers[0]]
        raised += [w @ b + v @ a for a, b in itertools.pairwise(powers)]
        powers = [*raised, v @ powers[-1]]
    depth = len(weights)
    error = powers[0] - target
    result = np.zeros((len(error), 2 * depth))
    for k in range(1, depth + 1):
        result[:, k - 1] += 2 * np.sum(error * powers[k], axis=(-2, -1))
        for m in range(1, depth + 1):
            result[:, k + m - 1] += np.sum(powers[k] * powers[m], axis=(-2, -1))
    return result
