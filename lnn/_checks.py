"""Argument checks. Each returns what it proves, or raises an error that names the remedy.

A TypeError where the argument is of a kind that cannot be meant, a ValueError where its value is
out of range. Both name the argument.
"""

import operator
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[np.float64]
Weights: TypeAlias = tuple[Array, ...]


def real(value: Any, name: str) -> Array:
    """Return `value` as a float64 array; complex numbers, text and None are refused."""
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} is ragged: its rows have different lengths") from None
    if array.dtype.kind not in "biuf":
        shown = f"{value!r:.60}" if array.ndim == 0 else f"an array of {array.dtype}"
        raise TypeError(f"{name} is {shown}: expected real numbers")
    return np.asarray(array, dtype=np.float64)


def finite_matrix(value: ArrayLike, name: str) -> Array:
    """Return `value` as a float64 array of shape (..., rows, columns) with finite entries."""
    array = real(value, name)
    if array.ndim < 2:
        raise ValueError(
            f"{name} has shape {array.shape}: expected a matrix or a stack of matrices "
            f"(..., rows, columns); reshape it, one column per sample"
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
    if isinstance(weights, np.ndarray):
        raise ValueError(f"{name} is one array of shape {weights.shape}: expected {_NETWORK}")
    if isinstance(weights, str) or not isinstance(weights, Iterable):
        raise TypeError(f"{name} is {type(weights).__name__}: expected {_NETWORK}")
    matrices = tuple(real(w, f"{name}[{j}] (W_{j + 1})") for j, w in enumerate(weights))
    if not matrices:
        raise ValueError(f"{name} is empty: expected {_NETWORK}")
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
    together(**{f"{name}[{j}]": w.shape[:-2] for j, w in enumerate(matrices)})
    widths = (matrices[0].shape[-1], *(w.shape[-2] for w in matrices))
    return matrices, widths


_NETWORK = "a non-empty tuple (W_1, ..., W_N) of matrices, W_1 applied first"


def together(**shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape to which the leading axes of some arguments broadcast."""
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError:
        seen = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(
            f"the leading (ensemble) axes do not broadcast: {seen}; make them equal or 1"
        ) from None


def finite_weights(weights: Weights, reason: str) -> None:
    """Prove that no weight is inf or nan, where a diverged network makes no sense."""
    if not all(np.isfinite(w).all() for w in weights):
        raise ValueError(f"weights hold non-finite entries: {reason}")


def valid_widths(widths: Sequence[int], name: str = "widths") -> tuple[int, ...]:
    """Return widths (d_0, ..., d_N), N >= 1, as positive ints."""
    if isinstance(widths, str) or not isinstance(widths, Iterable):
        raise TypeError(f"{name} is {widths!r}: expected positive integers (d_0, ..., d_N)")
    given = tuple(widths)
    try:
        result = tuple(whole(d, name, least=1) for d in given)
    except (TypeError, ValueError) as error:
        result, kind = (), type(error)
    else:
        kind = ValueError
    if len(result) < 2:
        raise kind(f"{name} is {given}: expected at least two positive integers (d_0, ..., d_N)")
    return result


def positive(value: ArrayLike, name: str) -> Array:
    """Return `value` as a float64 array whose entries are all positive and finite."""
    array = real(value, name)
    if not (np.isfinite(array).all() and (array > 0).all()):
        raise ValueError(f"{name} is {array}: expected positive finite numbers")
    return array


def non_negative(value: ArrayLike, name: str) -> Array:
    """Return `value` as a float64 array whose entries are all non-negative and finite."""
    array = real(value, name)
    if not (np.isfinite(array).all() and (array >= 0).all()):
        raise ValueError(f"{name} is {array}: expected non-negative finite numbers")
    return array


def whole(value: Any, name: str, least: int = 0) -> int:
    """Return `value` as an int of at least `least`; 5.0 will do, 5.5 and "5" will not."""
    if isinstance(value, float | np.floating) and value == np.floor(value) and np.isfinite(value):
        value = int(value)
    try:
        number = operator.index(value)
    except TypeError:
        kind = ValueError if isinstance(value, float | np.floating) else TypeError
        raise kind(
            f"{name} is {value!r:.60}: expected a whole number of at least {least}"
        ) from None
    if number < least:
        raise ValueError(f"{name} is {number}: expected a whole number of at least {least}")
    return number


def finite(value: Any, name: str) -> Array:
    """Return `value` as a float64 array whose entries are all finite."""
    array = real(value, name)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} is {array}: expected finite numbers")
    return array


def between_0_and_1(value: Any, name: str) -> float:
    """Return `value` as a float between 0 and 1, exclusive."""
    number = real(value, name)
    if number.ndim or not 0 < number < 1:
        raise ValueError(f"{name} is {number}: give a number between 0 and 1, exclusive")
    return float(number)


def leading_axes(size: Any, name: str = "size") -> tuple[int, ...]:
    """Return the leading axes of an ensemble, a tuple of whole numbers."""
    if not isinstance(size, tuple | list):
        raise TypeError(f"{name} is {size!r}: expected a tuple, () for one and (1000,) for many")
    return tuple(whole(n, f"{name}[{k}]") for k, n in enumerate(size))


def generator(rng: Any, name: str = "rng") -> np.random.Generator:
    """Return `rng`, which must be a `numpy.random.Generator`."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"{name} is {rng!r:.60}: give a generator, numpy.random.default_rng(seed)")
    return rng


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
