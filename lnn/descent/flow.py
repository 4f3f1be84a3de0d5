"""Gradient flow dW_j/dt = −∇_{W_j} L, L without ½: by integration, and in closed form.

Gradient descent with step size η follows the flow with the time step η: k steps reach t = k η.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lnn._checks import (
    Array,
    Weights,
    chain,
    finite_weights,
    non_negative,
    positive,
)
from lnn._record import Record
from lnn.network import flatten, unflatten
from lnn.objective import loss, unchecked_gradient
from lnn.problem import Problem, fits


@dataclass(frozen=True, eq=False, repr=False)
class Trajectory(Record):
    """A solution of gradient flow.

    Attributes
    ----------
    times : (k,) array
    weights : tuple of (..., k, d_j, d_{j-1}) arrays
        The time axis stands just before the matrix axes.
    losses : (..., k) array
        L, without ½.
    """

    times: Array
    weights: Weights
    losses: Array


def gradient_flow(
    weights: Sequence[ArrayLike],
    problem: Problem,
    times: ArrayLike,
    *,
    rtol: float = 1e-9,
    atol: float = 1e-12,
    method: str = "DOP853",
) -> Trajectory:
    """Solve dW_j/dt = −∇_{W_j} L(W_1, ..., W_N), with L = ‖Y − W X‖_F² without ½.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
        At time 0. Leading axes of weights and problem broadcast; each member of the ensemble has
        its own time steps, so that its solution does not depend on the others.
    problem : Problem
    times : (k,) array
        Where the solution is wanted: non-negative, increasing.
    rtol, atol : float
        The error that each step may make, relative and absolute, in each parameter.
    method : str
        One of `scipy.integrate.solve_ivp`: an explicit one of order 8 by default; "LSODA" or
        "Radau" where the data are ill-conditioned, which makes the flow stiff.

    Returns
    -------
    Trajectory

    Raises
    ------
    ValueError
        If shapes do not fit, or times or tolerances are out of range.
    RuntimeError
        If the integrator gives up.

    References
    ----------
    report2022, (24), prints dL/dW_j on the left; bah2019 for the flow.

    Examples
    --------
    One weight, L = (3 − w)²: w(t) = 3 (1 − e^{−2t}).

    >>> flow = gradient_flow((np.zeros((1, 1)),), Problem([[1.0]], [[3.0]]), [0.0, 1.0, 2.0])
    >>> flow.weights[0][:, 0, 0].round(8)
    array([0.        , 2.59399415, 2.94505308])
    """
    from scipy.integrate import solve_ivp  # lazily: it would double the time of `import lnn`

    matrices, widths = chain(weights)
    fits(widths, problem)
    grid = non_negative(times, "times")
    if grid.ndim != 1 or grid.size == 0 or (np.diff(grid) <= 0).any():
        raise ValueError(f"times are {grid}: give a vector of increasing non-negative times")
    positive(rtol, "rtol")
    positive(atol, "atol")
    finite_weights(matrices, "the flow must start at finite weights")
    start = flatten(matrices)
    ensemble = np.broadcast_shapes(start.shape[:-1], problem.ensemble)
    start = np.broadcast_to(start, (*ensemble, start.shape[-1]))
    members = problem.broadcast_to(ensemble)
    path = np.empty((*ensemble, grid.size, start.shape[-1]))
    losses = np.empty((*ensemble, grid.size))
    for index in np.ndindex(*ensemble):
        member = members[index]
        cov_xx, target = member.cov_xx, member.least_squares

        def velocity(_: float, vector: Array, cov_xx: Array = cov_xx, T: Array = target) -> Array:
            return -flatten(unchecked_gradient(unflatten(vector, widths), cov_xx, T))

        solution = solve_ivp(
            velocity,
            (0.0, float(grid[-1]) or 1.0),  # an empty interval is an error there
            start[index],
            method=method,
            t_eval=grid,
            rtol=rtol,
            atol=atol,
        )
        if not solution.success:
            raise RuntimeError(
                f"the integrator {method} stopped at t = {solution.t[-1] if solution.t.size else 0}"
                f" ({solution.message}): try method='LSODA' or a larger rtol"
            )
        path[index] = solution.y.T
        losses[index] = loss(unflatten(path[index], widths), member)
    return Trajectory(times=grid, weights=unflatten(path, widths), losses=losses)
