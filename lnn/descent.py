"""Gradient descent with a fixed step size: one run, or an ensemble of runs side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike

from lnn._checks import Array, Weights, chain, non_negative, positive, whole, widths_fit
from lnn.loss import unchecked_gradient
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
    engine: Literal["auto", "numpy", "compiled"] = "auto",
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
        tested at recorded steps. With 0, none stops for having converged.
    record_every : int
        Take the loss, and test for convergence and divergence, every so many steps. Members that
        have stopped leave the ensemble's work.
    divergence_factor : float
        A member has diverged when its loss exceeds this many times the larger of its first loss
        and ‖Y‖_F².
    engine : {"auto", "numpy", "compiled"}
        The same steps by stacked NumPy products or by code compiled for the widths (needs
        numba); equal to rounding. "auto" compiles for large ensembles of small networks.

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
    def flat(array: Array, core: int) -> Array:
        trailing = array.shape[array.ndim - core :]
        return np.broadcast_to(array, ensemble + trailing).reshape(-1, *trailing)

    start = tuple(flat(w, 2) for w in matrices)
    data = (flat(problem.cov_xx, 2), flat(problem.least_squares, 2), flat(problem.residual, 0))
    rate = flat(eta, 0)
    size = rate.size
    make = _choose(engine, widths, size * steps)
    members = make(start, *data, rate)

    recorded = np.unique(np.append(np.arange(0, steps, every), steps))
    losses = np.empty((size, recorded.size))
    stop = np.full(size, Stop.STEPS, dtype=np.int64)
    taken = np.full(size, steps)
    final = [w.copy() for w in start]
    active = np.arange(size)
    losses[:, 0] = now = members.advance(0)[0]
    ceiling = divergence_factor * np.maximum(
        now, flat(np.trace(problem.cov_yy, axis1=-2, axis2=-1), 0)
    )
    with np.errstate(all="ignore"):
        for k, step in enumerate(recorded):
            diverged = ~(now <= ceiling[active])  # also true for nan
            converged = np.zeros_like(diverged)
            if tolerance > 0:
                norm = _gradient_norm(members.weights, data[0][active], data[1][active])
                converged = ~diverged & (norm <= tolerance)
            losses[active, k] = np.where(diverged, np.inf, now)
            stopped = diverged | converged
            if stopped.any() or step == steps:
                for w, out in zip(members.weights, final, strict=True):
                    out[active] = w
                stop[active[diverged]] = Stop.DIVERGED
                stop[active[converged]] = Stop.CONVERGED
                taken[active[stopped]] = step
                losses[active[stopped], k + 1 :] = losses[active[stopped], k, None]
                active = active[~stopped]
                if active.size == 0 or step == steps:
                    break
                members = make(
                    tuple(w[active] for w in final),
                    data[0][active],
                    data[1][active],
                    data[2][active],
                    rate[active],
                )
            now = members.advance(int(recorded[k + 1] - step))[-1]
    single = ensemble == ()
    return Run(
        weights=tuple(w.reshape(ensemble + w.shape[1:]) for w in final),
        losses=losses.reshape(*ensemble, recorded.size),
        recorded=recorded,
        stop=Stop(stop[0]) if single else stop.reshape(ensemble),
        steps=int(taken[0]) if single else taken.reshape(ensemble),
        step_size=np.broadcast_to(eta, ensemble),
    )


class _Engine(Protocol):
    """Networks under gradient descent, one flat axis of members."""

    def __init__(
        self,
        weights: Weights,
        cov_xx: Array,
        least_squares: Array,
        residual: Array,
        step_size: Array,
    ) -> None: ...

    @property
    def weights(self) -> Weights:
        """The weights now."""
        ...

    def advance(self, steps: int) -> Array:
        """Take steps; return the losses, the first before the steps and the last after them."""
        ...


class _NumPyEngine:
    """The plain engine: stacked matrix products."""

    def __init__(
        self,
        weights: Weights,
        cov_xx: Array,
        least_squares: Array,
        residual: Array,
        step_size: Array,
    ) -> None:
        self.weights = tuple(w.copy() for w in weights)
        self._cov_xx, self._least_squares, self._residual = cov_xx, least_squares, residual
        self._rate = step_size[:, None, None]

    def advance(self, steps: int) -> Array:
        first = self._loss()
        for _ in range(steps):
            slopes = unchecked_gradient(self.weights, self._cov_xx, self._least_squares)
            for w, slope in zip(self.weights, slopes, strict=True):
                w -= self._rate * slope
        return np.array([first, self._loss()])

    def _loss(self) -> Array:
        product = self.weights[0]
        for w in self.weights[1:]:
            product = w @ product
        off = product - self._least_squares
        return np.asarray(self._residual + ((off @ self._cov_xx) * off).sum(axis=(-2, -1)))


def _choose(engine: str, widths: tuple[int, ...], network_steps: int) -> type[_Engine]:
    """Return the engine asked for; "auto" compiles where that pays for itself."""
    if engine not in ("auto", "numpy", "compiled"):
        raise ValueError(f"engine is {engine!r}: choose 'auto', 'numpy' or 'compiled'")
    if engine == "numpy":
        return _NumPyEngine
    from lnn import _compiled

    if not _compiled.available():
        if engine == "compiled":
            raise ValueError(
                "engine is 'compiled', but the package numba is not installed: install "
                "lnn[compiled], or use 'numpy', which gives the same results"
            )
        return _NumPyEngine
    worth_compiling = network_steps >= _COMPILE_FROM and max(widths) <= _COMPILE_UP_TO
    return _compiled.Ensemble if engine == "compiled" or worth_compiling else _NumPyEngine


_COMPILE_FROM = 200_000  # network steps: below, NumPy is done before the code is compiled
_COMPILE_UP_TO = 16  # width: beyond, NumPy's matrix products are efficient


def _gradient_norm(weights: Weights, cov_xx: Array, least_squares: Array) -> Array:
    return np.asarray(
        np.linalg.norm(flatten(unchecked_gradient(weights, cov_xx, least_squares)), axis=-1)
    )
