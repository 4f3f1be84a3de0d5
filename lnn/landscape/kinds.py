"""The kinds of critical points, and the assumptions under which modes and widths decide them.

achour2021, theorem 1 and its table.
"""

from enum import IntEnum

import numpy as np

from lnn._checks import positive
from lnn.problem import Problem, checked


class Kind(IntEnum):
    """What a point is to second order."""

    NOT_CRITICAL = 0
    """The gradient does not vanish."""
    GLOBAL_MINIMIZER = 1
    """The loss is the least that the widths allow."""
    STRICT_SADDLE = 2
    """The Hessian has a negative eigenvalue."""
    NON_STRICT_SADDLE = 3
    """The Hessian is positive semidefinite, yet the loss falls along some curve."""


def require_second_order_assumptions(problem: Problem, resolution: float = 1e-9) -> None:
    """Raise a ValueError unless the classification theorem covers the problem.

    It needs d_y ≤ d_x ≤ m, Σ_XX invertible, and eigenvalues λ_1 > ... > λ_{d_y} > 0 of Σ.

    Parameters
    ----------
    problem : Problem
    resolution : float
        Eigenvalues that differ by at most this fraction of λ_1 count as equal, and those at most
        this fraction of λ_1 as zero.

    References
    ----------
    achour2021, section 2 (the assumptions).
    """
    checked(problem)
    positive(resolution, "resolution")
    if problem.d_y > problem.d_x:
        raise ValueError(
            f"the problem has d_y = {problem.d_y} > d_x = {problem.d_x}: the classification of "
            f"critical points assumes d_y <= d_x; drop targets, or project Y on the d_x directions "
            f"that X can predict"
        )
    problem.require_full_row_rank()
    if not (problem.eigenvalues[..., 0] > 0).all():
        raise ValueError(
            "Σ_YX is zero: Y is zero, or X does not predict it, and W = 0 is the best map; give "
            "targets that X predicts"
        )
    values = problem.eigenvalues / problem.eigenvalues[..., :1]
    if not (values[..., -1] > resolution).all():
        raise ValueError(
            f"Σ_YX has not full rank d_y = {problem.d_y}: the smallest eigenvalue of Σ is "
            f"{np.min(problem.eigenvalues[..., -1]):.3g} against a largest of "
            f"{np.max(problem.eigenvalues[..., 0]):.3g}; drop targets that X does not predict"
        )
    gaps = -np.diff(values, axis=-1)
    if not (gaps > resolution).all():
        raise ValueError(
            f"eigenvalues of Σ coincide (smallest gap {np.min(gaps):.3g} of the largest "
            f"eigenvalue): index sets are then not unique; perturb the targets"
        )


def possible_kinds(modes: tuple[int, ...], widths: tuple[int, ...]) -> tuple[Kind, ...]:
    leading = modes == tuple(range(len(modes)))
    if not leading:
        return (Kind.STRICT_SADDLE,)
    if len(modes) == min(widths):
        return (Kind.GLOBAL_MINIMIZER,)
    if len(widths) == 3:
        return (Kind.STRICT_SADDLE,)
    return (Kind.STRICT_SADDLE, Kind.NON_STRICT_SADDLE)
