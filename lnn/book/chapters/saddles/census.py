"""A census of constructed critical points: the classification against a Hessian that it never saw.

`classify` reads off ranks of products; the Hessian here comes from the data by complex steps, so
that the two share neither a formula nor a line of code. Where a verdict says strict, the smallest
eigenvalue must be negative; where it says otherwise, it must vanish up to rounding.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lnn._checks import Array, Weights, chain, whole
from lnn.landscape.classification import classify
from lnn.landscape.construction import critical_point
from lnn.landscape.kinds import Kind, possible_kinds
from lnn.network import flatten
from lnn.problem import Problem

_STEP = 1e-30  # no cancellation in a complex step, so the smaller the better
_BATCH = 8  # points that share widths, problem, modes and the ranks of their blocks


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
        The smallest eigenvalues, relative to the scale of the second derivatives, that come
        closest to the threshold from both sides: the largest of a strict saddle, the lowest of
        all other points. What lies between them separates the kinds.
    """

    points: int
    counts: dict[tuple[int, Kind], int]
    disagreements: tuple[str, ...]
    gap: tuple[float, float]


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
    points: int, rng: np.random.Generator, *, depths: Sequence[int] = (2, 3, 4, 5)
) -> Census:
    """Construct at least `points` random critical points and judge each of them twice.

    Widths are drawn from 1 to 4 for hidden layers, with 1 ≤ d_y ≤ 3 and d_y ≤ d_x ≤ d_y + 2; the
    data are Gaussian; the D_h are random; every kind that widths and modes allow is requested.

    Parameters
    ----------
    points : int
    rng : numpy.random.Generator
    depths : sequence of int

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
    highest_strict, lowest_other = -np.inf, np.inf
    while sum(counts.values()) < goal:
        for depth in depths:
            d_y = int(rng.integers(1, 4))
            d_x = d_y + int(rng.integers(0, 3))
            widths = (d_x, *(int(d) for d in rng.integers(1, 5, depth - 1)), d_y)
            samples = d_x + 3
            problem = Problem(
                rng.standard_normal((d_x, samples)), rng.standard_normal((d_y, samples))
            )
            rank = int(rng.integers(0, min(widths) + 1))
            leading = rng.random() < 0.7
            modes = np.arange(rank) if leading else rng.choice(d_y, rank, replace=False)
            chosen = tuple(sorted(int(k) for k in modes))
            for kind in possible_kinds(chosen, widths):
                weights = critical_point(
                    problem, widths, chosen, kind=kind, rng=rng, size=(_BATCH,)
                )
                found = classify(weights, problem)
                eigenvalues = _relative_smallest(weights, problem)
                for k in range(_BATCH):
                    verdict = Kind(int(np.asarray(found.kind)[k]))
                    counts[depth, verdict] += 1
                    lowest = float(eigenvalues[k])
                    if kind is Kind.STRICT_SADDLE:
                        highest_strict = max(highest_strict, lowest)
                    else:
                        lowest_other = min(lowest_other, lowest)
                    negative = lowest < -_NEGATIVE
                    agree = (verdict is Kind.STRICT_SADDLE) == negative
                    if verdict is not kind or not agree or np.asarray(found.modes)[k] != chosen:
                        wrong.append(
                            f"widths {widths}, modes {chosen}: built as {kind.name}, classified "
                            f"as {verdict.name}, smallest eigenvalue {lowest:.2g}"
                        )
    total = sum(counts.values())
    return Census(total, dict(counts), tuple(wrong), (highest_strict, lowest_other))


_NEGATIVE = 1e-9  # far below any strict saddle drawn and far above rounding; see `Census.gap`


def _relative_smallest(weights: Weights, problem: Problem) -> Array:
    """The smallest eigenvalue over the larger of ‖∇²L‖ and ‖Σ_YX‖."""
    eigenvalues = np.linalg.eigvalsh(complex_step_hessian(weights, problem))
    size = np.linalg.norm(problem.cov_yx, 2, axis=(-2, -1))
    scale = np.maximum(np.max(np.abs(eigenvalues), axis=-1), size)
    return np.asarray(eigenvalues[..., 0] / scale)
