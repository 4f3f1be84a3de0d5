"""Confidence intervals that assume nothing about the distribution: medians, quantiles, shares."""

import numpy as np
from numpy.typing import ArrayLike

from lnn._checks import Array, between_0_and_1, real, whole


def quantile_interval(sample: ArrayLike, q: float = 0.5, *, level: float = 0.95) -> Array:
    """Return a confidence interval of a quantile, between two order statistics of a sample.

    How many of n independent draws lie below the quantile is binomial (n, q), whatever the
    distribution: so the interval covers the quantile with at least the level asked for.

    Parameters
    ----------
    sample : (n,) array
        Independent draws; inf is allowed, nan is not.
    q : float
        Which quantile: 0.5 is the median.
    level : float

    Returns
    -------
    (2,) array
        Lower and upper end; −inf or inf where the sample is too small for the level.

    Raises
    ------
    ValueError
        If the sample is empty or holds nan, or q or level are not between 0 and 1.

    References
    ----------
    david2003, section 7.1.

    Examples
    --------
    >>> quantile_interval(np.arange(100.0)).tolist()
    [39.0, 60.0]
    """
    from scipy.stats import quantile_test

    values = _sample(sample)
    found = quantile_test(values, p=between_0_and_1(q, "q")).confidence_interval(
        between_0_and_1(level, "level")
    )
    # SciPy says nan where the sample is too small: nothing bounds the quantile there.
    return np.where(np.isnan([found.low, found.high]), [-np.inf, np.inf], [found.low, found.high])


def share_interval(hits: int, trials: int, *, level: float = 0.95) -> Array:
    """Return the exact (Clopper and Pearson) confidence interval of a probability.

    Parameters
    ----------
    hits, trials : int
    level : float

    Returns
    -------
    (2,) array

    Raises
    ------
    ValueError
        If hits are not between 0 and trials.

    References
    ----------
    clopper1934.

    Examples
    --------
    >>> share_interval(0, 100).round(4).tolist()
    [0.0, 0.0362]
    """
    from scipy.stats import binomtest

    n, k = whole(trials, "trials", least=1), whole(hits, "hits")
    if k > n:
        raise ValueError(f"hits is {k} and trials {n}: there cannot be more hits than trials")
    confidence = between_0_and_1(level, "level")
    return np.array(binomtest(k, n).proportion_ci(confidence, method="exact"))


def _sample(sample: ArrayLike) -> Array:
    values = real(sample, "sample")
    if values.ndim != 1 or values.size == 0 or np.isnan(values).any():
        raise ValueError(
            f"sample has shape {values.shape} and {np.count_nonzero(np.isnan(values))} nan: give a "
            f"non-empty vector without nan"
        )
    return values
