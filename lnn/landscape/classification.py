"""Classify first-order critical points of the loss, with the evidence for the verdict.

The product of a critical point is U_S U_Sᵀ T for one index set S, |S| = r. A *pivot* is a pair of
layers (i, j), i > j. Its complementary blocks are

    inner:  W_{i-1} ... W_{j+1},        outer:  W_{j-1} ... W_1 Σ_XY W_N ... W_{i+1}

(an empty product is an identity). Both have rank at least r; the pivot is *tightened* if one of
them has rank exactly r. Then, with r_max the bottleneck:

=========  =================  ===================  ==================
r          S                  pivots               kind
=========  =================  ===================  ==================
r_max      leading r modes                         global minimizer
r_max      any other                               strict saddle
< r_max    any other                               strict saddle
< r_max    leading r modes    one not tightened    strict saddle
< r_max    leading r modes    all tightened        non-strict saddle
=========  =================  ===================  ==================
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from lnn._checks import Array, Weights, chain, finite_weights, positive, widths_fit
from lnn.landscape.kinds import Kind, require_second_order_assumptions
from lnn.network import flatten, left_products, product, right_products, unflatten
from lnn.objective import gradient, hessian, loss
from lnn.problem import Problem


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


@dataclass(frozen=True, eq=False)
class CriticalPoint:
    """A verdict and its evidence. For an ensemble, arrays over its leading axes.

    Attributes
    ----------
    kind : Kind
        For an ensemble an array of int; compare with `Kind`.
    modes : tuple of int or None
        S, indices from 0 into ``problem.eigenvalues``; None if not critical.
    rank : int or None
        r = |S|, the rank of the product up to the tolerance (−1 for None in an ensemble).
    tightened : bool or None
        Whether all pivots are tightened; None where this plays no part (r = r_max, not critical).
    pivots : dict
        `Pivot` by (i, j), layers counted from 1; empty where `tightened` is None.
    smallest_eigenvalue : float
        Of the Hessian, in closed form, whatever the verdict.
    escape : tuple of (..., d_j, d_{j-1}) arrays or None
        For a strict saddle a direction of unit norm, built from the theory, along which the
        Hessian is negative and the loss falls (zeros where there is none, in an ensemble).
    escape_curvature : float
        vᵀ ∇²L v along `escape`; nan without one.
    escape_step : float
        A step t with loss(weights + t escape) < loss(weights), as tried; nan without one.
    relative_gradient : float
        max_j ‖∇_{W_j} L‖_F / (2 ‖Σ_YX‖ ∏_{k≠j} n_k), n_k = max(‖W_k‖, ‖T‖^{1/N}).
    tolerance : float
        The relative gradient up to which the weights count as critical.
    rank_tolerance : float
        4 √max(relative_gradient, ε): blocks below this relative size count as zero, and so does
        the weaker of a pivot's two if their product is below it.
    curvature_tolerance : float
        Eigenvalues above minus this count as non-negative: rank_tolerance times the larger of
        ‖∇²L‖ and 2 ‖Σ_YX‖ max_{i>j} ∏_{k≠i,j} n_k.
    reason : str
        The verdict in words.
    """

    kind: Kind
    modes: tuple[int, ...] | None
    rank: int | None
    tightened: bool | None
    pivots: Mapping[tuple[int, int], Pivot]
    smallest_eigenvalue: float
    escape: Weights | None
    escape_curvature: float
    escape_step: float
    relative_gradient: float
    tolerance: float
    rank_tolerance: float
    curvature_tolerance: float
    reason: str


def classify(
    weights: Sequence[ArrayLike], problem: Problem, *, tolerance: float = 1e-5
) -> CriticalPoint:
    """Say what kind of critical point the weights are (nearest to), and why.

    The verdict is the theorem's: modes from the product, ranks of the pivots' blocks. It is given
    only if the Hessian at the weights agrees: no eigenvalue below −`curvature_tolerance` at a
    minimizer or a non-strict saddle, negative curvature and a falling loss along `escape` at a
    strict one. Where they disagree the kind is NOT_CRITICAL and `reason` says what disagreed.

    Weights that a run left near a critical point count as that point if their relative gradient
    is at most `tolerance`. At distance ε from a non-strict saddle of three layers the gradient is
    of order ε², so ranks are judged up to the square root of the relative gradient. A strict
    saddle whose negative curvature is relatively smaller than that cannot be told from a
    non-strict one; descend further, or start from exact weights.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
        Leading axes are classified one member after the other.
    problem : Problem
        Must satisfy `require_second_order_assumptions`.
    tolerance : float
        See above.

    Returns
    -------
    CriticalPoint

    Raises
    ------
    ValueError
        If shapes do not fit, weights are not finite, or the problem is outside the assumptions.

    See Also
    --------
    critical_point : the way back.

    References
    ----------
    achour2021, for the classification and the notion of a tightened pivot.

    Examples
    --------
    >>> problem = Problem(np.eye(2), np.diag([3.0, 1.0]))
    >>> zero = np.zeros((2, 2))
    >>> point = classify((zero, zero, zero), problem)
    >>> point.kind.name, point.rank, point.tightened, point.smallest_eigenvalue
    ('NON_STRICT_SADDLE', 0, True, 0.0)
    >>> point = classify((zero, np.eye(2), zero), problem)
    >>> point.kind.name, point.pivots[3, 1].tightened, round(point.escape_curvature, 9)
    ('STRICT_SADDLE', False, -6.0)
    """
    matrices, widths = chain(weights)
    widths_fit(widths, problem.d_x, problem.d_y)
    require_second_order_assumptions(problem)
    bound = float(positive(tolerance, "tolerance"))
    finite_weights(matrices, "a diverged network has no kind")
    vectors = flatten(matrices)
    ensemble = np.broadcast_shapes(vectors.shape[:-1], problem.ensemble)
    size = int(np.prod(ensemble))
    flat = tuple(
        np.broadcast_to(w, ensemble + w.shape[-2:]).reshape(size, *w.shape[-2:]) for w in matrices
    )
    members = problem.broadcast_to(ensemble).reshape(size)
    evidence = _gather(flat, members, bound)
    verdicts = []
    for k in range(size):
        member = problem if problem.ensemble == () else members[k]
        verdicts.append(_verdict(tuple(w[k] for w in flat), member, evidence, k))
    return verdicts[0] if ensemble == () else _stack(verdicts, flat, ensemble)


def _stack(
    verdicts: list[CriticalPoint], weights: Weights, ensemble: tuple[int, ...]
) -> CriticalPoint:
    """The verdicts of an ensemble as one record of arrays."""

    def collect(name: str) -> np.ndarray:
        result = np.empty(len(verdicts), dtype=object)
        for k, verdict in enumerate(verdicts):
            result[k] = getattr(verdict, name)
        return result.reshape(ensemble)

    def numbers(name: str, kind: type) -> np.ndarray:
        return np.array([getattr(v, name) for v in verdicts], dtype=kind).reshape(ensemble)

    escape = tuple(
        np.array(
            [np.zeros(w.shape[-2:]) if v.escape is None else v.escape[j] for v in verdicts]
        ).reshape(ensemble + w.shape[-2:])
        for j, w in enumerate(weights)
    )
    rank = np.array([-1 if v.rank is None else v.rank for v in verdicts]).reshape(ensemble)
    floats = (
        "smallest_eigenvalue",
        "escape_curvature",
        "escape_step",
        "relative_gradient",
        "tolerance",
        "rank_tolerance",
        "curvature_tolerance",
    )
    objects = ("modes", "tightened", "pivots", "reason")
    fields: dict[str, object] = {name: numbers(name, float) for name in floats}
    fields |= {name: collect(name) for name in objects}
    return CriticalPoint(kind=numbers("kind", int), rank=rank, escape=escape, **fields)  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Evidence:
    """What the verdicts on an ensemble of n networks rest on; leading axis n throughout."""

    tolerance: float
    norms: tuple[Array, ...]  # n_k = max(‖W_k‖, ‖T‖^{1/N}), one array a layer
    cov_yx: Array  # ‖Σ_YX‖
    slope: Array  # the gradient, flat
    relative_gradient: Array
    rank_tolerance: Array
    hessian: Array
    spectrum: Array
    curvature_tolerance: Array
    included: np.ndarray  # which modes are in S, (n, d_y)
    mismatch: Array  # ‖(W − U_S U_Sᵀ T) A‖_F / ‖T A‖_F
    error: Array  # E = (U_S U_Sᵀ T − T) Σ_XX = −U_Q U_Qᵀ Σ_YX
    pivots: Mapping[tuple[int, int], tuple[Array, Array]]
    """Relative singular values: of the inner block; of what the outer one has besides r."""


def _gather(weights: Weights, problem: Problem, tolerance: float) -> _Evidence:
    depth = len(weights)
    layers = range(1, depth + 1)
    pairs = [(i, j) for i in layers for j in range(1, i)]
    unit = np.linalg.norm(problem.least_squares, 2, axis=(-2, -1)) ** (1 / depth)
    norms = tuple(np.maximum(np.linalg.norm(w, 2, axis=(-2, -1)), unit) for w in weights)
    cov_yx = np.linalg.norm(problem.cov_yx, 2, axis=(-2, -1))
    slopes = gradient(weights, problem)
    relative = np.max(
        [
            np.linalg.norm(slopes[j - 1], axis=(-2, -1)) / (2 * cov_yx * _others(norms, j))
            for j in layers
        ],
        axis=0,
    )
    fine = 4 * np.sqrt(np.maximum(relative, np.finfo(np.float64).eps))
    second = hessian(weights, problem)
    spectrum: Array = np.asarray(np.linalg.eigvalsh(second), dtype=np.float64)
    # The largest second derivative that two layers can cause through Σ_YX.
    scale = 2 * cov_yx * np.max([_others(norms, *pair) for pair in pairs] or [0 * unit], axis=0)

    # At a critical point u_kᵀ W Σ_XX Tᵀ u_k = u_kᵀ W Σ_XY u_k is λ_k if k ∈ S, else 0.
    w, u = product(weights), problem.eigenvectors
    shares = np.sum(u * (w @ problem.cov_yx.mT @ u), axis=-2) / problem.eigenvalues
    included = shares > 0.5
    gap = (w - (u * included[:, None]) @ u.mT @ problem.least_squares) @ problem.root_xx
    size = np.linalg.norm(problem.least_squares @ problem.root_xx, axis=(-2, -1))
    error = -(u * ~included[:, None]) @ u.mT @ problem.cov_yx

    # In the coordinates D of `lnn.landscape.construction` the outer block is
    # [Λ_S, 0; *, Z_{j-1} ... Σ_XY U_Q ... Z_{i+1}]. So its rank
    # is r plus that of W_{j-1} ... W_1 Eᵀ W_N ... W_{i+1}.
    left, right = left_products(weights), right_products(weights)
    pivots = {}
    for i, j in pairs:
        inner = np.linalg.svd(_between(weights, i, j), compute_uv=False)
        outer = np.linalg.svd(left[i - 1].mT @ error @ right[j - 1].mT, compute_uv=False)
        pivots[i, j] = (
            inner / _among(norms, i, j)[:, None],
            outer / (cov_yx * _around(norms, i, j))[:, None],
        )
    return _Evidence(
        tolerance=tolerance,
        norms=norms,
        cov_yx=cov_yx,
        slope=flatten(slopes),
        relative_gradient=relative,
        rank_tolerance=fine,
        hessian=second,
        spectrum=spectrum,
        curvature_tolerance=fine * np.maximum(np.max(np.abs(spectrum), axis=-1), scale),
        included=included,
        mismatch=np.linalg.norm(gap, axis=(-2, -1)) / size,
        error=error,
        pivots=pivots,
    )


def _others(norms: tuple[Array, ...], *layers: int) -> Array:
    """∏ n_k over the layers (from 1) not listed."""
    result = np.ones_like(norms[0])
    for k, norm in enumerate(norms, start=1):
        if k not in layers:
            result = result * norm
    return result


def _among(norms: tuple[Array, ...], i: int, j: int) -> Array:
    """∏ n_k over the layers strictly between j and i."""
    return _others(norms, *(k for k in range(1, len(norms) + 1) if not j < k < i))


def _around(norms: tuple[Array, ...], i: int, j: int) -> Array:
    """∏ n_k over the layers before j and after i."""
    return _others(norms, *range(j, i + 1))


def _between(weights: Weights, i: int, j: int) -> Array:
    """W_{i-1} ... W_{j+1}."""
    result: Array = np.eye(weights[j - 1].shape[-2])
    for w in weights[j : i - 1]:
        result = w @ result
    return result


def _pivot(inner: Array, outer: Array, r: int, fine: float) -> Pivot:
    """Judge a pivot by relative singular values.

    Moving its two layers causes a curvature of the order of the product of the two values below.
    So each of them, and their product, has to exceed the tolerance; if only the product fails, the
    weaker block counts as having rank r.
    """
    inner_rank = max(r, int(np.sum(inner > fine)))
    outer_rank = r + int(np.sum(outer > fine))
    loose = inner_rank > r and outer_rank > r
    if loose and inner[r] * outer[0] <= fine:
        loose = False
        if inner[r] <= outer[0]:
            inner_rank = r
        else:
            outer_rank = r
    return Pivot(inner_rank, outer_rank, tightened=not loose)


def _verdict(weights: Weights, problem: Problem, evidence: _Evidence, k: int) -> CriticalPoint:
    """The theorem's verdict on member k, if the Hessian agrees."""
    r_max = min(chain(weights)[1])
    relative, fine = float(evidence.relative_gradient[k]), float(evidence.rank_tolerance[k])
    smallest, mismatch = float(evidence.spectrum[k, 0]), float(evidence.mismatch[k])
    no_verdict = CriticalPoint(
        kind=Kind.NOT_CRITICAL,
        modes=None,
        rank=None,
        tightened=None,
        pivots={},
        smallest_eigenvalue=smallest,
        escape=None,
        escape_curvature=float("nan"),
        escape_step=float("nan"),
        relative_gradient=relative,
        tolerance=evidence.tolerance,
        rank_tolerance=fine,
        curvature_tolerance=float(evidence.curvature_tolerance[k]),
        reason=f"relative gradient {relative:.2g} above the tolerance {evidence.tolerance:.2g}",
    )
    if relative > evidence.tolerance:
        return no_verdict
    modes = tuple(int(i) for i in np.flatnonzero(evidence.included[k]))
    if mismatch > 10 * fine or len(modes) > r_max:
        reason = f"small gradient, but the product is {mismatch:.2g} away from every U_S U_Sᵀ T"
        return replace(no_verdict, reason=reason)

    r, leading = len(modes), modes == tuple(range(len(modes)))
    found = replace(no_verdict, modes=modes, rank=r)
    if r < r_max:
        pivots = {
            pair: _pivot(inner[k], outer[k], r, fine)
            for pair, (inner, outer) in evidence.pivots.items()
        }
        found = replace(found, pivots=pivots, tightened=all(p.tightened for p in pivots.values()))
    if not leading:
        lower = next(i for i in range(problem.d_y) if i not in modes)
        reason = f"mode {lower} is left out in favour of a smaller one: turn towards it"
        return _strict(
            found, weights, problem, evidence, k, [_rotation(weights, problem, modes)], reason
        )
    if r < r_max and not found.tightened:
        loose = [pair for pair, pivot in found.pivots.items() if not pivot.tightened]
        reason = f"rank {r} < {r_max}, pivots {loose} not tightened: add the next mode there"
        routes = _additions(weights, problem, evidence, k, loose)
        return _strict(found, weights, problem, evidence, k, routes, reason)
    if smallest < -found.curvature_tolerance:
        reason = (
            f"the product is that of modes {modes} and no pivot is loose within the tolerance, but "
            f"the Hessian has the eigenvalue {smallest:.2g}: too far from a critical point"
        )
        return replace(no_verdict, reason=reason)
    if r == r_max:
        reason = f"the {r} leading modes fill the bottleneck"
        return replace(found, kind=Kind.GLOBAL_MINIMIZER, reason=reason)
    reason = f"rank {r} < {r_max}, the leading modes, and every pivot is tightened"
    return replace(found, kind=Kind.NON_STRICT_SADDLE, reason=reason)


def _rotation(weights: Weights, problem: Problem, modes: tuple[int, ...]) -> Weights:
    """Turn a mode i ∈ S towards an omitted mode j with λ_j > λ_i, in the first and last layers.

    V_N = u_j u_iᵀ W_N and V_1 = W_1 Σ_XY u_i u_jᵀ T / λ_i change the product, to first order, by
    u_j u_iᵀ T + u_i u_jᵀ T and, to second, by u_j u_jᵀ T, so that along (x V_N, V_1 / x)

        vᵀ ∇²L v = 2 (x² λ_i + λ_j / x² − 2 λ_j),

    which is 2 (λ_i − λ_j) < 0 at x = 1. Of all pairs (i, j) and x, the lowest Rayleigh quotient.
    """
    u, values = problem.eigenvectors, problem.eigenvalues
    best, lowest = None, np.inf
    for i in modes:
        for j in range(i):
            if j in modes:
                continue
            last = np.outer(u[:, j], u[:, i] @ weights[-1])
            first = weights[0] @ np.outer(
                problem.cov_yx.T @ u[:, i] / values[i], u[:, j] @ problem.least_squares
            )
            a, b = float(np.sum(last**2)), float(np.sum(first**2))
            # Minimize 2 (λ_i y² − 2 λ_j y + λ_j) / (a y² + b) over y = x².
            half = (a * values[j] - b * values[i]) / 2
            y = (half + np.sqrt(half**2 + a * b * values[j] ** 2)) / (a * values[j])
            quotient = 2 * (values[i] * y**2 - 2 * values[j] * y + values[j]) / (a * y**2 + b)
            if quotient < lowest:
                lowest = quotient
                x = np.sqrt(y)
                middle = (np.zeros_like(w) for w in weights[1:-1])
                best = (first / x, *middle, last * x)
    assert best is not None  # S is not the leading modes, so a pair exists
    return best


def _additions(
    weights: Weights,
    problem: Problem,
    evidence: _Evidence,
    k: int,
    loose: list[tuple[int, int]],
) -> list[Weights]:
    """Add rank in the two layers of a pivot (i, j) that is not tightened: V_i = α βᵀ, V_j = γ δᵀ.

    The second-order change of the product is W_N ... W_{i+1} α (βᵀ M γ) δᵀ W_{j-1} ... W_1, with M
    the inner block; (α, δ) are the leading singular vectors of the outer one. The first-order
    change consists of one term a layer. Since the Z-part of the product vanishes, a γ with
    W_N ... W_{j+1} γ = 0 ≠ M γ or a β with βᵀ W_{i-1} ... W_1 = 0 ≠ βᵀ M exists: one term is gone,
    and making the other layer's share x smaller lets the second-order change win,

        vᵀ ∇²L v = 2 x² a − 4 σ κ < 0,   σ = βᵀ M γ,  κ = −αᵀ (W_N ... W_{i+1})ᵀ E (...)ᵀ δ.
    """
    fine, norms = float(evidence.rank_tolerance[k]), tuple(n[k] for n in evidence.norms)
    left, right = left_products(weights), right_products(weights)
    result = []
    for i, j in loose:
        inner = _between(weights, i, j)
        u, s, vt = np.linalg.svd(-left[i - 1].T @ evidence.error[k] @ right[j - 1].T)
        alpha, delta, kappa = u[:, 0], vt[0], s[0]
        # γ in the kernel of W_N ... W_{j+1}, as little as possible in that of M; β alike.
        kernel = _kernel(left[j - 1], fine * _among(norms, len(weights) + 1, j))
        cokernel = _kernel(right[i - 1].T, fine * _among(norms, i, 0))
        for basis, gamma_side in ((kernel, True), (cokernel, False)):
            if basis.shape[1] == 0:
                continue
            matrix = inner @ basis if gamma_side else inner.T @ basis
            out, sizes, into = np.linalg.svd(matrix)
            if sizes[0] <= fine * _among(norms, i, j):
                continue
            held, answer = basis @ into[0], out[:, 0]
            gamma, beta = (held, answer) if gamma_side else (answer, held)
            v_i, v_j = np.outer(alpha, beta), np.outer(gamma, delta)
            if gamma_side:
                term = np.outer(left[i - 1] @ alpha, beta @ right[i - 1])
            else:
                term = np.outer(left[j - 1] @ gamma, delta @ right[j - 1])
            a = float(np.sum((term @ problem.root_xx) ** 2))
            b = 2 * float(sizes[0] * kappa)
            # Minimize (2 a y² − 2 b y) / (y² + 1) over y = x², x the share of the layer in `term`.
            y = b / (a + np.sqrt(a**2 + b**2))
            x = np.sqrt(y)
            pair = (v_j / x, v_i * x) if gamma_side else (v_j * x, v_i / x)
            full = [np.zeros_like(w) for w in weights]
            full[j - 1], full[i - 1] = pair
            result.append(tuple(full))
    return result


def _kernel(matrix: Array, cutoff: Array) -> Array:
    """An orthonormal basis of the vectors that the matrix maps to (almost) nothing."""
    _, s, vt = np.linalg.svd(matrix)
    return np.asarray(vt[int(np.sum(s > cutoff)) :].T)


def _strict(
    found: CriticalPoint,
    weights: Weights,
    problem: Problem,
    evidence: _Evidence,
    k: int,
    routes: list[Weights],
    reason: str,
) -> CriticalPoint:
    """A strict saddle, if one of the routes has negative curvature and a falling loss."""
    best, lowest = None, 0.0
    for route in routes:
        vector = flatten(route)
        vector /= np.linalg.norm(vector)
        curvature = float(vector @ evidence.hessian[k] @ vector)
        if curvature < lowest:
            best, lowest = vector, curvature
    step = float("nan")
    if best is not None:
        best = -best if evidence.slope[k] @ best > 0 else best  # downhill, where not yet critical
        escape = unflatten(best, chain(weights)[1])
        step = _falling_step(weights, problem, escape)
    if best is None or np.isnan(step):
        failure = "the Hessian is not negative" if best is None else "the loss does not fall"
        why = f"{reason}, but {failure} there: too far from a critical point"
        return replace(
            found,
            kind=Kind.NOT_CRITICAL,
            modes=None,
            rank=None,
            tightened=None,
            pivots={},
            reason=why,
        )
    return replace(
        found,
        kind=Kind.STRICT_SADDLE,
        escape=escape,
        escape_curvature=lowest,
        escape_step=step,
        reason=reason,
    )


def _falling_step(weights: Weights, problem: Problem, direction: Weights) -> float:
    """The largest t among 1, 1/2, 1/4, ... with a lower loss at weights + t direction, or nan."""
    start = float(loss(weights, problem))
    t = 2.0 ** -np.arange(40)[:, None, None]
    losses = loss(tuple(w + t * v for w, v in zip(weights, direction, strict=True)), problem)
    lower = np.flatnonzero(losses < start)
    return float(2.0 ** -lower[0]) if lower.size else float("nan")
