"""A census of constructed critical points: the classification against a Hessian that it never saw.

`classify` reads off ranks of products in whitened coordinates; the Hessian here comes from the data
by complex steps, so that the two share neither a formula nor a line of code. Its eigenvalues are
counted as negative, zero or positive, and the counts compared with the index and the nullity that
`classify` reports. The points are of two sorts: those under the usual assumptions, and those with
repeated eigenvalues, singular Σ_YX and Σ_XX, and more outputs than inputs.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lnn._checks import Array, Weights, chain, whole
from lnn.landscape.classification import classify
from lnn.landscape.construction import random_member
from lnn.landscape.kinds import Kind
from lnn.landscape.ring import loose_pairs
from lnn.landscape.strings import Strings, random_strings
from lnn.network import flatten
from lnn.problem import Problem

_STEP = 1e-30  # no cancellation in a complex step, so the smaller the better
_BATCH = 8  # points that share data, widths, signal and strings
_ZERO = 1e-10  # far below any non-zero eigenvalue drawn and far above rounding; see `Census.gap`


@dataclass(frozen=True)
class Census:
    """What a census counted.

    Attributes
    ----------
    points : int
    counts : dict
        How many points by (N, kind).
    disagreements : tuple of str
        One line for each point on which theory and Hessian, or construction and classification,
        do not agree.
    gap : (float, float)
        Sizes of eigenvalues, relative to the scale of the second derivatives, that come closest to
        the threshold from both sides: the largest that counted as zero, the least that did not.
    """

    points: int
    counts: dict[tuple[int, Kind], int]
    disagreements: tuple[str, ...]
    gap: tuple[float, float]


@dataclass(frozen=True)
class Sample:
    """Critical points that share data, widths, signal and strings.

    Attributes
    ----------
    problem : Problem
    widths : tuple of int
    modes : tuple of int
        Of equal eigenvalues the first stand for those that are used.
    strings : Strings
    weights : tuple of (k, d_j, d_{j-1}) arrays
    kind : Kind
        By construction.
    """

    problem: Problem
    widths: tuple[int, ...]
    modes: tuple[int, ...]
    strings: Strings
    weights: Weights
    kind: Kind


def sample(depth: int, rng: np.random.Generator, *, generic: bool, count: int = _BATCH) -> Sample:
    """Draw data, widths, a signal and strings, and critical points with these.

    Parameters
    ----------
    depth : int
        N ≥ 2.
    rng : numpy.random.Generator
    generic : bool
        Whether d_y ≤ d_x = rank(X), Σ_YX of full rank and distinct eigenvalues are certain.
        Otherwise each of them fails often.
    count : int

    Returns
    -------
    Sample
    """
    d_y = int(rng.integers(1, 4))
    d_x = d_y + int(rng.integers(0, 3)) if generic else int(rng.integers(1, 5))
    seen = d_x if generic else int(rng.integers(1, d_x + 1))
    least = min(seen, d_y)
    if generic:
        sizes: Array = np.asarray(np.cumprod(rng.uniform(1.2, 2.0, least))[::-1], float)
    else:
        sizes = np.asarray(np.sort(rng.choice([0.0, 1.0, 1.0, 2.0, 3.0], least))[::-1], float)
    problem = _data(rng, d_x, d_y, seen, sizes)
    widths = (d_x, *(int(d) for d in rng.integers(1, 5, depth - 1)), d_y)
    reduced = (seen, *widths[1:])
    rank_of_data = int(np.sum(sizes > 0))
    r = int(rng.integers(0, min(*reduced, rank_of_data) + 1))
    leading = rng.random() < 0.7
    chosen = np.arange(r) if leading else rng.choice(rank_of_data, r, replace=False)
    modes, basis = _signal(rng, problem, sizes, np.sort(chosen))
    loose = rng.random() < 0.5
    for _ in range(20):  # as many strict as non-strict saddles, where there are both
        strings = random_strings([d - r for d in reduced], rank_of_data - r, rng)
        if (loose_pairs(strings.ranks()) > 0) == loose:
            break
    weights = random_member(problem, widths, basis, strings, rng, size=(count,))
    missing = [sizes[k] for k in range(rank_of_data) if k not in modes]
    if missing and r and max(missing) > sizes[max(modes)]:
        kind = Kind.STRICT_SADDLE
    elif r == min(*reduced, rank_of_data):
        kind = Kind.GLOBAL_MINIMIZER
    else:
        kind = Kind.STRICT_SADDLE if loose_pairs(strings.ranks()) else Kind.NON_STRICT_SADDLE
    return Sample(problem, widths, modes, strings, weights, kind)


def _data(rng: np.random.Generator, d_x: int, d_y: int, seen: int, sizes: Array) -> Problem:
    """X of rank `seen` and Y such that M = T A has these singular values, and a residual."""
    samples = seen + 2
    rows = np.linalg.qr(rng.standard_normal((samples, samples)))[0].T
    X = np.linalg.qr(rng.standard_normal((d_x, d_x)))[0][:, :seen] @ rows[:seen]
    X = rng.uniform(0.5, 2.0, (d_x, 1)) * X
    left = np.linalg.qr(rng.standard_normal((d_y, d_y)))[0][:, : sizes.size]
    right = np.linalg.qr(rng.standard_normal((seen, seen)))[0][:, : sizes.size]
    residual = rng.standard_normal((d_y, samples - seen)) @ rows[seen:]
    return Problem(X, (left * sizes) @ right.T @ rows[:seen] + residual)


def _signal(
    rng: np.random.Generator, problem: Problem, sizes: Array, chosen: Array
) -> tuple[tuple[int, ...], Array]:
    """The first indices of each eigenspace, as many as chosen, and a random such subspace."""
    modes: list[int] = []
    parts = [np.zeros((problem.d_y, 0))]
    for value in np.unique(sizes[chosen])[::-1]:
        space = np.flatnonzero(sizes == value)
        n = int(np.sum(sizes[chosen] == value))
        modes += [int(k) for k in space[:n]]
        turn = np.linalg.qr(rng.standard_normal((space.size, space.size)))[0][:, :n]
        parts.append(problem.eigenvectors[:, space] @ turn)
    return tuple(modes), np.concatenate(parts, axis=1)


def complex_step_hessian(weights: Sequence[Array], problem: Problem) -> Array:
    """Return ∇²L from the data X and Y, one complex step of the gradient a parameter.

    The gradient −2 (W_N ... W_{j+1})ᵀ (Y − W X) (W_{j-1} ... W_1 X)ᵀ is a polynomial, so
    Im ∇L(w + i h e_k) / h is column k of the Hessian up to terms of order h².

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
    problem : Problem

    Returns
    -------
    (..., n, n) array
        Ordered as `lnn.hessian`.

    Examples
    --------
    >>> zero = np.zeros((1, 1))
    >>> complex_step_hessian((zero, zero), Problem([[1.0]], [[1.0]]))
    array([[ 0., -2.],
           [-2.,  0.]])
    """
    matrices, widths = chain(weights)
    base = flatten(matrices)[..., None, :]
    n = base.shape[-1]
    moved = base + 1j * _STEP * np.eye(n)
    ends = np.cumsum([a * b for a, b in zip(widths[1:], widths[:-1], strict=True)])
    layers = [
        part.reshape(*part.shape[:-1], widths[j + 1], widths[j])
        for j, part in enumerate(np.split(moved, ends[:-1], axis=-1))
    ]
    X, Y = problem.X[..., None, :, :], problem.Y[..., None, :, :]
    inputs = [X.astype(complex)]
    for layer in layers:
        inputs.append(layer @ inputs[-1])
    back = -2 * (Y - inputs[-1])
    slopes = []
    for layer, signal in zip(reversed(layers), reversed(inputs[:-1]), strict=True):
        slope = back @ signal.mT
        slopes.append(slope.reshape(*slope.shape[:-2], -1))
        back = layer.mT @ back
    result: Array = np.concatenate(slopes[::-1], axis=-1).imag / _STEP
    return result


def census(
    points: int,
    rng: np.random.Generator,
    *,
    depths: Sequence[int] = (2, 3, 4, 5),
    generic: bool | None = None,
) -> Census:
    """Construct at least `points` random critical points and judge each of them twice.

    Parameters
    ----------
    points : int
    rng : numpy.random.Generator
    depths : sequence of int
    generic : bool, optional
        As in `sample`; None takes half of the points from each sort.

    Returns
    -------
    Census

    Examples
    --------
    >>> result = census(100, np.random.default_rng(0))
    >>> result.points >= 100, result.disagreements
    (True, ())
    """
    goal = whole(points, "points", least=1)
    counts: Counter[tuple[int, Kind]] = Counter()
    wrong: list[str] = []
    largest_zero, least_other = 0.0, np.inf
    while sum(counts.values()) < goal:
        for depth in depths:
            for sort in (True, False) if generic is None else (generic,):
                drawn = sample(depth, rng, generic=sort)
                eigenvalues = _relative_eigenvalues(drawn.weights, drawn.problem)
                sizes = np.abs(eigenvalues)
                largest_zero = max(largest_zero, np.max(sizes[sizes <= _ZERO], initial=0.0))
                least_other = min(least_other, np.min(sizes[sizes > _ZERO], initial=np.inf))
                counts[depth, drawn.kind] += len(eigenvalues)
                wrong += _disagreements(drawn, eigenvalues)
    total = sum(counts.values())
    return Census(total, dict(counts), tuple(wrong), (float(largest_zero), float(least_other)))


def _disagreements(drawn: Sample, eigenvalues: Array) -> list[str]:
    """One line for each point where a verdict differs from the construction or the Hessian."""
    found = classify(drawn.weights, drawn.problem)
    negative = np.sum(eigenvalues < -_ZERO, axis=-1)
    zero = np.sum(np.abs(eigenvalues) <= _ZERO, axis=-1)
    agree = (
        (found.kind == drawn.kind)
        & np.array([modes == drawn.modes for modes in found.modes])
        & (found.index == negative)
        & (found.nullity == zero)
        & ((negative > 0) == (drawn.kind is Kind.STRICT_SADDLE))
    )
    return [
        f"widths {drawn.widths}, modes {drawn.modes}: built as {drawn.kind.name}, classified as "
        f"{Kind(int(found.kind[k])).name}, modes {found.modes[k]}; {negative[k]} negative and "
        f"{zero[k]} zero eigenvalues, {found.index[k]} and {found.nullity[k]} predicted"
        for k in np.flatnonzero(~agree)
    ]


def _relative_eigenvalues(weights: Weights, problem: Problem) -> Array:
    """The eigenvalues over the larger of ‖∇²L‖ and ‖X‖ ‖Y‖."""
    eigenvalues = np.linalg.eigvalsh(complex_step_hessian(weights, problem))
    size = np.linalg.norm(problem.X) * np.linalg.norm(problem.Y)
    scale = np.maximum(np.max(np.abs(eigenvalues), axis=-1), size)
    return np.asarray(eigenvalues / scale[..., None])
