"""Plateaus of gradient descent: when a run leaves them, and which saddles stand beside them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lnn._checks import Array, Weights, chain, real, whole
from lnn._record import Record
from lnn.descent.run import descend
from lnn.network import flatten, right_products
from lnn.objective import gradient, loss
from lnn.problem import Problem, checked, fits


def first_below(losses: ArrayLike, recorded: ArrayLike, level: ArrayLike) -> Array:
    """Return the first recorded step at which the loss is below a level; inf if it never is.

    Parameters
    ----------
    losses : (..., k) array
        As `Run.losses`.
    recorded : (k,) array of int
        As `Run.recorded`.
    level : (...) array or float

    Returns
    -------
    (...) array

    Examples
    --------
    >>> first_below([[9.0, 5.0, 1.0], [9.0, 9.0, 9.0]], [0, 10, 20], 5.5).tolist()
    [10.0, inf]
    """
    below = real(losses, "losses") < real(level, "level")[..., None]
    steps = real(recorded, "recorded")
    return np.where(below.any(axis=-1), steps[np.argmax(below, axis=-1)], np.inf)


def flattest_losses(losses: ArrayLike, levels: ArrayLike) -> Array:
    """Return the loss where the curve is flattest between consecutive levels.

    Parameters
    ----------
    losses : (..., k) array
        At equidistant steps, decreasing.
    levels : (p,) array
        Decreasing. Plateau q is what lies between levels q and q + 1; the last has no lower end.

    Returns
    -------
    (..., p) array
        nan where a run has no three points between the levels.

    Examples
    --------
    >>> flattest_losses([10.0, 9.0, 5.1, 5.0, 4.9, 2.0, 0.1, 0.0, 0.0], [6.0, 1.0]).tolist()
    [5.0, 0.0]
    """
    curve, bounds = np.atleast_1d(real(losses, "losses")), np.atleast_1d(real(levels, "levels"))
    slope = np.abs(curve[..., 2:] - curve[..., :-2])
    middle = curve[..., 1:-1]
    lower = np.append(bounds[1:], -np.inf)
    result = []
    for high, low in zip(bounds, lower, strict=True):
        inside = (middle < high) & (middle > low)
        where = np.argmin(np.where(inside, slope, np.inf), axis=-1)
        value = np.take_along_axis(middle, where[..., None], axis=-1)[..., 0]
        result.append(np.where(inside.any(axis=-1), value, np.nan))
    return np.stack(result, axis=-1)


def midpoints(problem: Problem, ranks: int) -> Array:
    """Return the levels halfway between the least losses of rank r and r + 1, r < ranks.

    A run that falls below entry r has left the plateau of rank r.

    Examples
    --------
    >>> midpoints(Problem(np.eye(2), np.diag([3.0, 1.0])), 2).tolist()
    [5.5, 0.5]
    """
    floors = np.array(
        [checked(problem).floor(r) for r in range(whole(ranks, "ranks", least=1) + 1)]
    )
    return np.asarray((floors[:-1] + floors[1:]) / 2)


@dataclass(frozen=True, eq=False, repr=False)
class Path(Record):
    """Weights along runs of gradient descent.

    Attributes
    ----------
    recorded : (k,) array of int
        Steps.
    weights : tuple of (..., k, d_j, d_{j-1}) arrays
    losses : (..., k) array
    gradient_norms : (..., k) array
    """

    recorded: np.ndarray
    weights: Weights
    losses: Array
    gradient_norms: Array


def follow(
    weights: Sequence[ArrayLike], problem: Problem, step_size: float, steps: Sequence[int]
) -> Path:
    """Run gradient descent and keep the weights at the steps listed.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
    problem : Problem
        A single problem.
    step_size : float
    steps : sequence of int
        Increasing.

    Returns
    -------
    Path

    Examples
    --------
    >>> path = follow((np.zeros((1, 1)),), Problem([[1.0]], [[3.0]]), 0.25, [0, 1, 2])
    >>> path.weights[0][:, 0, 0]
    array([0.  , 1.5 , 2.25])
    """
    state, _ = chain(weights)
    ensemble = np.broadcast_shapes(*(w.shape[:-2] for w in state))
    state = tuple(np.broadcast_to(w, ensemble + w.shape[-2:]) for w in state)
    wanted = _increasing(steps)
    kept, before = [], 0
    for step in wanted:
        if step > before:
            count = step - before
            state = descend(state, problem, step_size, count, record_every=count).weights
        before = step
        kept.append(state)
    stacked = tuple(np.stack(layer, axis=-3) for layer in zip(*kept, strict=True))
    slopes = flatten(gradient(stacked, problem))
    return Path(
        recorded=np.asarray(wanted),
        weights=stacked,
        losses=loss(stacked, problem),
        gradient_norms=np.linalg.norm(slopes, axis=-1),
    )


@dataclass(frozen=True, eq=False, repr=False)
class Neighbours(Record):
    """Exact critical points close to given weights, with the same modes.

    Attributes
    ----------
    flat : tuple of (..., d_j, d_{j-1}) arrays
        A non-strict saddle: all Z_h = 0.
    strict : tuple of (..., d_j, d_{j-1}) arrays
        One that keeps the middle layers' Z_h.
    to_flat : (...) array
        Frobenius distance to `flat`: an upper bound of that to the set of such saddles.
    to_strict : (...) array
        The same for `strict`.
    """

    flat: Weights
    strict: Weights
    to_flat: Array
    to_strict: Array


def _increasing(steps: Sequence[int]) -> list[int]:
    if isinstance(steps, str) or not isinstance(steps, Iterable):
        raise TypeError(f"steps is {steps!r}: expected increasing whole numbers")
    wanted = [whole(step, f"steps[{k}]") for k, step in enumerate(steps)]
    if wanted != sorted(set(wanted)) or not wanted:
        raise ValueError(f"steps are {wanted}: expected increasing whole numbers")
    return wanted


def neighbours(weights: Sequence[ArrayLike], problem: Problem, rank: int) -> Neighbours:
    """Return saddles of the `rank` leading modes close to weights that rest on a plateau.

    The signal of rank r leaves layer h in the r leading left singular directions of
    W_h ... W_1, with projector P_h. Dropping from every layer what is outside them, and correcting
    the last so that the product is U_S U_Sᵀ T, gives the non-strict neighbour. The strict one
    keeps (1 − P_h) W_h (1 − P_{h-1}) in the middle layers.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
        Three layers or more.
    problem : Problem
        A single problem.
    rank : int

    Returns
    -------
    Neighbours

    Examples
    --------
    >>> problem = Problem(np.eye(2), np.diag([3.0, 1.0]))
    >>> found = neighbours((0.1 * np.eye(2), 0.2 * np.eye(2), 0.1 * np.eye(2)), problem, 0)
    >>> float(found.to_flat**2), float(found.to_strict**2)  # ‖W_1‖² + ‖W_2‖² + ‖W_3‖², without W_2
    (0.12..., 0.04...)
    """
    layers, widths = chain(weights)
    depth = len(layers)
    if depth < 3:
        raise ValueError(f"weights have {depth} layers: non-strict saddles need three or more")
    r = whole(rank, "rank")
    fits(widths, problem)
    u = problem.eigenvectors[..., :r]
    target = u @ u.mT @ problem.least_squares
    signal = [w @ q for w, q in zip(layers, right_products(layers), strict=True)]
    projectors: list[Array] = []
    for h in range(depth - 1):
        basis = np.linalg.svd(signal[h])[0][..., :r]
        projectors.append(basis @ basis.mT)
    flat = [projectors[0] @ layers[0]]
    for h in range(1, depth - 1):
        flat.append(projectors[h] @ layers[h] @ projectors[h - 1])
    before = flat[0]
    for w in flat[1:]:
        before = w @ before
    # W_N ← the least change within the signal's directions that restores the product.
    last = layers[-1] @ projectors[-1]
    inverse = np.linalg.pinv(before, rcond=1e-8) if r else np.swapaxes(before, -1, -2)
    last = last + (target - last @ before) @ inverse
    # The row space of `before` must be that of the target as well: hence one more correction.
    first = flat[0]
    onwards = last
    for w in flat[:0:-1]:
        onwards = onwards @ w
    if r:
        first = first + np.linalg.pinv(onwards, rcond=1e-8) @ (target - onwards @ first)
    flat = [first, *flat[1:], last]
    strict = list(flat)
    for h in range(1, depth - 1):
        n, k = projectors[h].shape[-1], projectors[h - 1].shape[-1]
        rest = (np.eye(n) - projectors[h]) @ layers[h] @ (np.eye(k) - projectors[h - 1])
        strict[h] = strict[h] + rest

    def distance(other: Sequence[Array]) -> Array:
        gaps = [np.sum((a - b) ** 2, axis=(-2, -1)) for a, b in zip(other, layers, strict=True)]
        return np.asarray(np.sqrt(sum(gaps)))

    return Neighbours(
        flat=tuple(flat), strict=tuple(strict), to_flat=distance(flat), to_strict=distance(strict)
    )
