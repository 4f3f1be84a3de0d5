"""Argument checks. Each returns what it proves, or raises a ValueError that names the remedy."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[np.float64]
Weights: TypeAlias = tuple[Array, ...]


def finite_matrix(value: ArrayLike, name: str) -> Array:
    """Return `value` as a float64 array of shape (..., rows, columns) with finite entries."""
    array = np.asarray(value, dtype=np.float64)
    if array.ndim < 2:
        raise ValueError(
            f"{name} has shape {array.shape}: expected a matrix or a stack of matrices "
            f"(..., rows, columns); reshape it, one column a sample"
        )
    if array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}, an empty array: give at least one entry")
    if not np.isfinite(array).all():
        first = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(
            f"{name} holds {array[first]} at index {first}: remove or impute non-finite entries"
        )
    return array


def chain(weights: Sequence[ArrayLike], name: str = "weights") -> tuple[Weights, tuple[int, ...]]:
    """Return the weights as float64 matrices and their widths (d_0, ..., d_N).

    Non-finite entries are let through: a diverged run has them, and its loss is inf or nan.
    """
    if isinstance(weights, np.ndarray) or len(weights) == 0:
        raise ValueError(
            f"{name} must be a non-empty tuple (W_1, ..., W_N) of matrices, W_1 applied first"
        )
    matrices = tuple(np.asarray(w, dtype=np.float64) for w in weights)
    for j, w in enumerate(matrices, start=1):
        if w.ndim < 2:
            raise ValueError(
                f"{name}[{j - 1}] (W_{j}) has shape {w.shape}: "
                f"expected (..., d_{j}, d_{j - 1}), at least two axes"
            )
    for j in range(1, len(matrices)):
        rows, columns = matrices[j - 1].shape[-2], matrices[j].shape[-1]
        if rows != columns:
            raise ValueError(
                f"{name} do not chain: W_{j} has shape {matrices[j - 1].shape} and "
                f"W_{j + 1} has shape {matrices[j].shape}; W_{j + 1} W_{j} needs the columns of "
                f"W_{j + 1} ({columns}) to equal the rows of W_{j} ({rows}). "
                f"The tuple is (W_1, ..., W_N), the first layer first"
            )
    widths = (matrices[0].shape[-1], *(w.shape[-2] for w in matrices))
    return matrices, widths


def finite_weights(weights: Weights, reason: str) -> None:
    """Prove that no weight is inf or nan, where a diverged network makes no sense."""
    if not all(np.isfinite(w).all() for w in weights):
        raise ValueError(f"weights hold non-finite entries: {reason}")


def valid_widths(widths: Sequence[int], name: str = "widths") -> tuple[int, ...]:
    """Return widths (d_0, ..., d_N), N >= 1, as positive ints."""
    result = tuple(int(d) for d in widths)
    if len(result) < 2 or any(d < 1 for d in result) or result != tuple(widths):
        raise ValueError(
            f"{name} is {tuple(widths)}: expected at least two positive integers (d_0, ..., d_N)"
        )
    return result


def widths_fit(widths: Sequence[int], d_x: int, d_y: int, name: str = "weights") -> None:
    """Prove that a network of these widths maps R^{d_x} to R^{d_y}."""
    if (widths[0], widths[-1]) != (d_x, d_y):
        raise ValueError(
            f"{name} have widths {tuple(widths)}, a map from R^{widths[0]} to R^{widths[-1]}, but "
            f"the problem maps R^{d_x} to R^{d_y}: use d_0 = {d_x} and d_N = {d_y}"
        )


def positive(value: ArrayLike, name: str) -> Array:
    """Return `value` as a float64 array whose entries are all positive and finite."""
    array = np.asarray(value, dtype=np.float64)
    if not (np.isfinite(array).all() and (array > 0).all()):
        raise ValueError(f"{name} is {array}: expected positive finite numbers")
    return array


def non_negative(value: ArrayLike, name: str) -> Array:
    """Return `value` as a float64 array whose entries are all non-negative and finite."""
    array = np.asarray(value, dtype=np.float64)
    if not (np.isfinite(array).all() and (array >= 0).all()):
        raise ValueError(f"{name} is {array}: expected non-negative finite numbers")
    return array


def whole(value: int, name: str, least: int = 0) -> int:
    """Return `value` as an int of at least `least`."""
    if int(value) != value or value < least:
        raise ValueError(f"{name} is {value}: expected a whole number of at least {least}")
    return int(value)


def full_row_rank(singular_values: Array, rows: int, name: str) -> Array:
    """Prove, from its singular values (..., k), that a matrix with `rows` rows has full row rank.

    Returns the smallest singular value (...).
    """
    if singular_values.shape[-1] < rows:
        raise ValueError(
            f"{name} has {rows} rows but rank at most {singular_values.shape[-1]}: this formula "
            f"needs full row rank; give at least {rows} samples or drop dependent rows"
        )
    largest, smallest = singular_values[..., 0], singular_values[..., rows - 1]
    cutoff = rows * np.finfo(np.float64).eps * largest
    if (smallest <= cutoff).any():
        raise ValueError(
            f"{name} has not full row rank: its smallest singular value is {np.min(smallest):.3g} "
            f"against a largest of {np.max(largest):.3g}; drop dependent rows or project them out"
        )
    return np.asarray(smallest)
