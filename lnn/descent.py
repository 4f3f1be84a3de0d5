"""Gradient descent with a fixed step size: one run, or an ensemble of runs side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike

from lnn._checks import Array, Weights, chain, non_negative, positive, whole, widths_fit
from lnn.loss import loss, unchecked_gradient
from lnn.networks import flatten
from lnn.problems import Problem


class Stop(IntEnum):
    """Why a run stopped."""

    STEPS = 0
    """All steps were taken."""
    CONVERGED = 1
    """The gradient norm fell to the tolerance."""
    DIVERGED = 2
    """The loss is not finite or rose above `divergence_factor` times its start."""


@dataclass(frozen=True, eq=False)
class Run:
    """What gradient descent did.

    Attributes
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
        Where it stopped. A diverged member keeps its last weights, which may not be finite.
    losses : (..., k) array
        Loss at the steps listed in `recorded`; after a member stopped, its last loss (inf if it
        diverged).
    recorded : (k,) array of int
        Steps at which the loss was taken, from 0 to `steps`.
    stop : Stop or (...) array of int
        Why each member stopped; compare with `Stop`.
    steps : int or (...) array of int
        How many steps each member took.
    step_size : (...) array
        η.
    """

    weights: Weights
    losses: Array
    recorded: np.ndarray
    stop: Stop | np.ndarray
    steps: int | np.ndarray
    step_size: Array


def descend(
    weights: Sequence[ArrayLike],
    problem: Problem,
    step_size: ArrayLike,
    steps: int,
    *,
    tolerance: float = 0.0,
    record_every: int = 1,
    divergence_factor: float = 1e8,
) -> Run:
    """Run W_j ← W_j − η ∇_{W_j} L for all layers at once, L = ‖Y − W X‖_F² without ½.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
        Where to start.
    problem : Problem
        Leading axes of weights, problem and step size broadcast to the ensemble.
    step_size : (...) array or float
        η > 0, one for all or one a member.
    steps : int
        Most steps to take.
    tolerance : float
        A member has converged when the Euclidean norm of its whole gradient is at most this;
        tested at recorded steps. 0 never stops early except at an exact critical point.
    record_every : int
        Take the loss, and test for convergence and divergence, every so many steps. Members that
        have stopped leave the ensemble's work.
    divergence_factor : float
        A member has diverged when its loss exceeds this many times the larger of its first loss
        and ‖Y‖_F².

    Returns
    -------
    Run
        Divergence is a result (``stop == Stop.DIVERGED``), not a warning.

    Raises
    ------
    ValueError
        If shapes do not fit, or step size, steps or tolerance are out of range.

    Examples
    --------
    One weight, L = (3 − w)²: gradient descent converges if and only if 0 < η < 1.

    >>> problem = Problem([[1.0]], [[3.0]])
    >>> run = descend((np.zeros((1, 1)),), problem, step_size=0.25, steps=50)
    >>> run.weights[0].round(6), run.stop.name
    (array([[3.]]), 'STEPS')
    >>> descend((np.zeros((1, 1)),), problem, step_size=1.1, steps=500).stop.name
    'DIVERGED'
    """
    matrices, widths = chain(weights)
    widths_fit(widths, problem.d_x, problem.d_y)
    if not np.isfinite(flatten(matrices)).all():
        raise ValueError("weights hold non-finite entries: descent must start at finite weights")
    eta = positive(step_size, "step_size")
    steps = whole(steps, "steps")
    every = whole(record_every, "record_every", least=1)
    non_negative(tolerance, "tolerance")
    positive(divergence_factor, "divergence_factor")
    ensemble = np.broadcast_shapes(problem.ensemble, eta.shape, *(w.shape[:-2] for w in matrices))
    # One flat axis of members from here on; reshaped back at the end.
    size = int(np.prod(ensemble))
    state = [
        np.broadcast_to(w, ensemble + w.shape[-2:]).reshape(size, *w.shape[-2:]).copy()
        for w in matrices
    ]
    data = problem.broadcast_to(ensemble).reshape(size)
    rate = np.broadcast_to(eta, ensemble).reshape(size)

    recorded = np.unique(np.append(np.arange(0, steps, every), steps))
    losses = np.empty((size, recorded.size))
    stop = np.full(size, Stop.STEPS, dtype=np.int64)
    taken = np.full(size, steps)
    final = [w.copy() for w in state]
    active = np.arange(size)
    ceiling = np.empty(0)
    with np.errstate(all="ignore"):
        for k, step in enumerate(recorded):
            now = loss(state, data)
            if k == 0:
                ceiling = divergence_factor * np.maximum(
                    now, np.trace(data.cov_yy, axis1=-2, axis2=-1)
                )
            diverged = ~(now <= ceiling)  # also true for nan
            slopes = unchecked_gradient(tuple(state), data.cov_xx, data.least_squares)
            norm = np.linalg.norm(flatten(slopes), axis=-1)
            converged = ~diverged & (norm <= tolerance)
            losses[active, k:] = np.where(diverged, np.inf, now)[:, None]
            stop[active] = np.where(
                diverged, Stop.DIVERGED, np.where(converged, Stop.CONVERGED, Stop.STEPS)
            )
            stopped = diverged | converged
            taken[active[stopped]] = step
            for w, out in zip(state, final, strict=True):
                out[active] = w
            if stopped.any():
                going = ~stopped
                active, rate, ceiling = active[going], rate[going], ceiling[going]
                state, data = [w[going] for w in state], data[going]
            if active.size == 0 or step == steps:
                break
            _advance(state, data, rate, int(recorded[k + 1] - step))
    single = ensemble == ()
    return Run(
        weights=tuple(w.reshape(ensemble + w.shape[1:]) for w in final),
        losses=losses.reshape(*ensemble, recorded.size),
        recorded=recorded,
        stop=Stop(stop[0]) if single else stop.reshape(ensemble),
        steps=int(taken[0]) if single else taken.reshape(ensemble),
        step_size=np.broadcast_to(eta, ensemble),
    )


def _advance(state: list[Array], data: Problem, rate: Array, steps: int) -> None:
    """Take `steps` steps of every member, in place."""
    eta = rate[:, None, None]
    for _ in range(steps):
        slopes = unchecked_gradient(tuple(state), data.cov_xx, data.least_squares)
        for w, slope in zip(state, slopes, strict=True):
            w -= eta * slope
