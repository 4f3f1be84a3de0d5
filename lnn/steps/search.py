"""The first step size that fails, by a doubling search."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lnn._checks import Weights, chain, positive, whole
from lnn._record import Record
from lnn.descent._engines.choice import Wish
from lnn.descent.run import Stop, descend
from lnn.problem import Problem, fits
from lnn.steps.record import StepBound


@dataclass(frozen=True, eq=False, repr=False)
class FirstFailure(StepBound):
    """The first step size of a doubling search at which gradient descent fails.

    Attributes
    ----------
    step_size : (...) array
        start · 2^doublings; inf where none failed.
    doublings : (...) array of int
    diverged : (...) array of bool
        Whether that run diverged, rather than failed to settle.
    weights : tuple of (..., d_j, d_{j-1}) arrays
        Where the run with half that step size ended; the initial weights if there was none.
    """

    doublings: np.ndarray
    diverged: np.ndarray
    weights: Weights


@dataclass(frozen=True, eq=False, repr=False)
class Attempt(Record):
    """What came of gradient descent at a step size.

    Attributes
    ----------
    failed : (...) array of bool
        Whether the run diverged or did not settle.
    diverged : (...) array of bool
    weights : tuple of (..., d_j, d_{j-1}) arrays
        After the steps.
    """

    failed: np.ndarray
    diverged: np.ndarray
    weights: Weights


SETTLING = 20
"""Further steps in which the loss of a run that has settled does not rise."""


def attempt(
    weights: Sequence[ArrayLike],
    problem: Problem,
    step_size: ArrayLike,
    *,
    steps: int = 5000,
    engine: Wish = "auto",
) -> Attempt:
    """Run gradient descent at a step size, and tell whether it diverges or does not settle.

    A run has settled if its loss rises in none of `SETTLING` further steps, by more than 1e-9
    of ‖Y‖_F². So a run that is still on its slow way down passes, one that oscillates does not.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
        Where gradient descent starts.
    problem : Problem
    step_size : (...) array or float
    steps : int
    engine : {"auto", "numpy", "compiled"}
        As for `descend`.

    Returns
    -------
    Attempt

    Examples
    --------
    >>> start, problem = (np.zeros((1, 1)),), Problem([[1.0]], [[3.0]])
    >>> tried = attempt(start, problem, [0.9, 1.0, 1.1])  # converges iff η < 1
    >>> tried.failed.tolist(), tried.diverged.tolist()
    ([False, False, True], [False, False, True])
    """
    run = descend(
        weights, problem, step_size, steps, record_every=50, divergence_factor=1e6, engine=engine
    )
    diverged = np.asarray(np.asarray(run.stop) == Stop.DIVERGED)
    ends = tuple(np.where(diverged[..., None, None], 0.0, w) for w in run.weights)
    more = descend(ends, problem, step_size, SETTLING, engine=engine)
    with np.errstate(invalid="ignore"):  # inf − inf, where it diverges now
        rise = np.max(np.diff(more.losses, axis=-1), axis=-1)
    unsettled = ~(rise <= 1e-9 * np.trace(problem.cov_yy, axis1=-2, axis2=-1))
    return Attempt(failed=diverged | unsettled, diverged=diverged, weights=run.weights)


def fails(
    weights: Sequence[ArrayLike],
    problem: Problem,
    step_size: ArrayLike,
    *,
    steps: int = 5000,
    engine: Wish = "auto",
) -> np.ndarray:
    """Return whether gradient descent fails at a step size: it diverges, or does not settle.

    Parameters, and what failing means, are those of `attempt`.

    Returns
    -------
    (...) array of bool

    Examples
    --------
    >>> fails((np.zeros((1, 1)),), Problem([[1.0]], [[3.0]]), [0.9, 1.1]).tolist()
    [False, True]
    """
    return attempt(weights, problem, step_size, steps=steps, engine=engine).failed


def first_failure(
    weights: Sequence[ArrayLike],
    problem: Problem,
    start: ArrayLike,
    *,
    guess: ArrayLike | None = None,
    divergence_only: bool = False,
    steps: int = 5000,
    most: int = 60,
    engine: Wish = "auto",
) -> FirstFailure:
    """Double the step size until gradient descent from the same weights fails.

    All members of an ensemble are tried at once, each at its own step size; those that have failed
    leave the work. See `attempt` for what failing means.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
        Where every run starts.
    problem : Problem
    start : (...) array or float
        First step size; the k-th is start · 2^k.
    guess : (...) array or float, optional
        A step size near the first that fails. The search then begins there, goes down to a step
        size that does not fail and up to one that does: far fewer runs, and the same answer
        wherever all step sizes above the first that fails fail too.
    divergence_only : bool
        Count a run that oscillates for ever as no failure.
    steps : int
        Of every run.
    most : int
        Give up, with step size inf, after so many doublings.
    engine : {"auto", "numpy", "compiled"}

    Returns
    -------
    FirstFailure

    Raises
    ------
    ValueError
        If shapes do not fit or arguments are out of range.

    References
    ----------
    report2022, section 5.4.

    Examples
    --------
    L = (3 − w)² converges iff η < 1, so of 0.3, 0.6, 1.2 the last fails.

    >>> start, problem = (np.zeros((1, 1)),), Problem([[1.0]], [[3.0]])
    >>> failure = first_failure(start, problem, 0.3)
    >>> float(failure.step_size), int(failure.doublings), bool(failure.diverged)
    (1.2, 2, True)
    """
    matrices, widths = chain(weights)
    fits(widths, problem)
    eta = positive(start, "start")
    whole(steps, "steps", least=1)
    whole(most, "most", least=1)
    near = eta if guess is None else positive(guess, "guess")
    shape = np.broadcast_shapes(
        eta.shape, near.shape, problem.ensemble, *(w.shape[:-2] for w in matrices)
    )
    size = int(np.prod(shape))
    eta = np.broadcast_to(eta, shape).reshape(size)
    near = np.broadcast_to(near, shape).reshape(size)
    initial = tuple(
        np.broadcast_to(w, shape + w.shape[-2:]).reshape(size, *w.shape[-2:]) for w in matrices
    )
    data = problem.broadcast_to(shape).reshape(size)

    trial = np.maximum(np.ceil(np.log2(near / eta)), 0).astype(np.int64)
    good = np.full(size, -1)  # the largest exponent known not to fail, so far from below
    bad = np.full(size, most + 1)  # the least known to fail
    diverged = np.zeros(size, dtype=bool)
    reached = tuple(w.copy() for w in initial)
    while (active := np.flatnonzero((bad - good > 1) & (trial <= most))).size:
        k = trial[active]
        tried = attempt(
            tuple(w[active] for w in initial),
            data[active],
            eta[active] * 2.0**k,
            steps=steps,
            engine=engine,
        )
        failed = tried.diverged if divergence_only else tried.failed
        bad[active[failed]], diverged[active[failed]] = k[failed], tried.diverged[failed]
        good[active[~failed]] = k[~failed]
        for w, end in zip(reached, tried.weights, strict=True):
            w[active[~failed]] = end[~failed]
        trial[active] = np.where(failed, k - 1, k + 1)
    step_size = np.where(bad > most, np.inf, eta * 2.0**bad)
    return FirstFailure(
        step_size=step_size.reshape(shape),
        doublings=bad.reshape(shape),
        diverged=diverged.reshape(shape),
        weights=tuple(w.reshape(shape + w.shape[1:]) for w in reached),
    )
