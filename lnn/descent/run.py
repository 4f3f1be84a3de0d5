"""Gradient descent with a fixed step size: one run, or an ensemble of runs side by side."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lnn._arrays import one_axis
from lnn._checks import (
    Array,
    Weights,
    chain,
    finite_weights,
    non_negative,
    positive,
    whole,
)
from lnn._record import Record
from lnn.descent._engines.choice import Wish, choose
from lnn.objective import loss
from lnn.problem import Problem, fits


class Stop(IntEnum):
    """Why a run stopped."""

    STEPS = 0
    """All steps were taken."""
    CONVERGED = 1
    """The gradient norm fell to the tolerance."""
    DIVERGED = 2
    """The loss is not finite or rose above `divergence_factor` times its start."""


@dataclass(frozen=True, eq=False, repr=False)
class Run(Record):
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
    stop: Any  # Stop, or an array of an ensemble: a union would refuse `run.stop.name`
    steps: Any
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
    engine: Wish = "auto",
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
        have stopped leave the ensemble's work. A record of more than 1 GiB warns before it is made.
    divergence_factor : float
        A member has diverged when its loss exceeds this many times the larger of its first loss
        and ‖Y‖_F².
    engine : {"auto", "numpy", "compiled"}
        The same steps by stacked NumPy products or by code compiled for the widths (needs
        llvmlite); equal to rounding. "auto" compiles up to width 16 where llvmlite is installed:
        the widths alone decide, so that a network's result does not depend on its company.

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
    fits(widths, problem)
    finite_weights(matrices, "descent must start at finite weights")
    eta = positive(step_size, "step_size")
    steps = whole(steps, "steps")
    every = whole(record_every, "record_every", least=1)
    non_negative(tolerance, "tolerance")
    positive(divergence_factor, "divergence_factor")
    ensemble = np.broadcast_shapes(problem.ensemble, eta.shape, *(w.shape[:-2] for w in matrices))

    final = tuple(one_axis(w, ensemble, 2).copy() for w in matrices)
    data = _Data.of(problem, ensemble)
    rate = one_axis(eta, ensemble, 0)
    scale = np.maximum(loss(matrices, problem), np.trace(problem.cov_yy, axis1=-2, axis2=-1))
    ceiling = divergence_factor * one_axis(scale, ensemble, 0)
    make = choose(engine, widths)

    recorded = np.unique(np.append(np.arange(0, steps, every), steps))
    _warn_of_size(rate.size, recorded.size, every)
    losses = np.empty((rate.size, recorded.size))
    stop = np.full(rate.size, Stop.STEPS, dtype=np.int64)
    taken = np.full(rate.size, steps)
    active = np.arange(rate.size)
    block = every * max(1, _BLOCK // every)
    with np.errstate(all="ignore"):
        for first in range(0, max(steps, 1), block):
            members = make(
                tuple(w[active] for w in final),
                *data.of_members(active),
                rate[active],
                ceiling[active],
                tolerance,
            )
            records = members.advance(min(block, steps - first), every)
            # Also for nan, and for −inf: overflow can give any sign.
            diverged = ~(np.abs(records.losses) <= ceiling[active])
            converged = ~diverged & (records.squared_norms <= tolerance**2)
            start, end = first // every, first // every + len(records.losses)
            losses[active, start:end] = np.where(diverged, np.inf, records.losses).T
            for w, now in zip(final, members.weights, strict=True):
                w[active] = now
            # The engine froze who stopped inside the block: the last record tells why.
            ends = diverged | converged
            stopped = active[ends[-1]]
            stop[active[diverged[-1]]] = Stop.DIVERGED
            stop[active[converged[-1]]] = Stop.CONVERGED
            taken[stopped] = recorded[start + ends.argmax(axis=0)[ends[-1]]]
            losses[stopped, end:] = losses[stopped, end - 1, None]
            active = active[~ends[-1]]
            if active.size == 0:
                break
    single = ensemble == ()
    return Run(
        weights=tuple(w.reshape(ensemble + w.shape[1:]) for w in final),
        losses=losses.reshape(*ensemble, recorded.size),
        recorded=recorded,
        stop=Stop(stop[0]) if single else stop.reshape(ensemble),
        steps=int(taken[0]) if single else taken.reshape(ensemble),
        step_size=np.broadcast_to(eta, ensemble),
    )


@dataclass(frozen=True)
class _Data:
    """What descent needs of a problem, one axis of members, or of one where all have the same."""

    cov_xx: Array
    least_squares: Array
    residual: Array

    @classmethod
    def of(cls, problem: Problem, ensemble: tuple[int, ...]) -> "_Data":
        lead = ensemble if problem.cov_xx.ndim > 2 else ()
        return cls(
            one_axis(problem.cov_xx, lead, 2),
            one_axis(problem.least_squares, lead, 2),
            one_axis(problem.residual, lead, 0),
        )

    def of_members(self, index: np.ndarray) -> tuple[Array, Array, Array]:
        """Return the data of some members; the one copy, where it serves all of them."""
        arrays = (self.cov_xx, self.least_squares, self.residual)
        shared = len(self.residual) == 1
        return arrays if shared else tuple(a[index] for a in arrays)


def _warn_of_size(members: int, records: int, every: int) -> None:
    """Warn before a record is made that is larger than most machines like."""
    size = members * records * 8
    if size > LARGE_RECORD:
        warnings.warn(
            f"descend is about to record {records} losses of each of {members} networks, "
            f"{size / 2**30:.1f} GiB: with record_every={every * -(-size // LARGE_RECORD)} "
            f"instead of {every} it is at most {LARGE_RECORD / 2**30:.1g} GiB",
            stacklevel=3,
        )


LARGE_RECORD = 2**30
"""Bytes of losses from which on `descend` warns before it starts."""

_BLOCK = 512  # steps after which those that stopped leave the ensemble's work
