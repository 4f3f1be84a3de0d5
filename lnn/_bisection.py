"""Bisection of many intervals at once."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lnn._checks import Array

_HALVINGS = 60  # of an interval of length of order 1: to rounding


def last_where(holds: Callable[[Array], NDArray[np.bool_]], low: Array, high: Array) -> Array:
    """Return where a condition that holds at `low` stops holding, as seen from `low`.

    Parameters
    ----------
    holds : callable
        Takes a (...) array of points, returns a (...) array of bool.
    low, high : (...) array
        Ends of the intervals. That the condition holds at `low` is taken for granted.

    Returns
    -------
    (...) array
        `high` where the condition never failed at a trial point.

    Examples
    --------
    >>> float(last_where(lambda x: x**2 <= 2, np.array(0.0), np.array(2.0)).round(12))
    1.414213562373
    """
    # scipy.optimize.elementwise.find_root does this too, from SciPy 1.15 on; the book's live pages
    # run with an older one.
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        good = holds(middle)
        low, high = np.where(good, middle, low), np.where(good, high, middle)
    return low
