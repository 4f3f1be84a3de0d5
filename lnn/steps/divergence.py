"""The step size above which gradient descent reaches no global minimizer.

Gradient descent with a fixed step η can settle at a minimizer from more than a null set of starts
only if λ_max(∇²L) ≤ 2/η there. So 2 over the least sharpness of all global minimizers is a step
size above which no global minimizer is reached, except by accident.
"""

from collections.abc import Sequence

import numpy as np

from lnn._checks import Array
from lnn.problem import Problem
from lnn.steps.flattest import least_sharpness


def divergence_bound(problem: Problem, widths: Sequence[int]) -> Array:
    """Return a step size above which gradient descent almost surely reaches no global minimizer.

    η_div = 2 / `least_sharpness`. For every fixed step size η > η_div the starting weights from
    which gradient descent converges to a global minimizer form a set of measure zero. And it cannot
    be improved, unless there is a tie λ_r = λ_{r+1} at r = min_j d_j: for every η < η_div the runs
    from an open set of weights converge to a global minimizer. Not to converge need not mean to
    blow up: runs above the bound may oscillate for ever.

    Parameters
    ----------
    problem : Problem
    widths : sequence of int
        (d_0, ..., d_N).

    Returns
    -------
    (...) array
        For L = ‖Y − W X‖_F² without ½; twice this for the loss with ½. As exact as
        `least_sharpness`. inf for T = 0 and N ≥ 2, where all weights zero is a flat minimizer.

    Raises
    ------
    ValueError
        If the widths do not fit the problem.

    Examples
    --------
    For (3 − w_2 w_1)² the flattest minimizer has w_1 = w_2 = √3 and sharpness 2 · 2 · 3.

    >>> float(divergence_bound(Problem([[1.0]], [[3.0]]), (1, 1, 1)).round(12))
    0.166666666667
    """
    least = least_sharpness(problem, widths)
    with np.errstate(divide="ignore"):
        return np.asarray(2 / least)
