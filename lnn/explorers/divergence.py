"""Chapter on divergence: which minimizers attract, bounds on one axis, the edge of stability."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from matplotlib.figure import Figure

from lnn._checks import Array, Weights
from lnn.descent import Stop, descend
from lnn.divergence import divergence_bound, least_sharpness
from lnn.figures.divergence import KINDS, draw_bounds, draw_sharpness, draw_stable_arc
from lnn.figures.runs import draw_loss
from lnn.figures.style import REFERENCE
from lnn.initial import balanced, gaussian
from lnn.loss import gradient, loss
from lnn.networks import flatten, product
from lnn.problems import Problem
from lnn.steps import convergence_bound, stability_limit
from lnn.trapping import trapping_bound
from lnn.widgets import Slider, explorer

RATIOS = np.append(np.geomspace(0.1, 0.9, 8), [0.95, 0.99, 1.01, 1.05, 1.2])
"""Step sizes that `tightness` tries, relative to the divergence bound."""


def data(count: int, *, width: int = 5, samples: int = 20, seed: int = 0) -> Problem:
    """Draw problems Y = diag(1, ..., d) X + noise, those of the report's section 5.4 but larger.

    Twenty samples instead of five: the inputs are not whitened, but well enough conditioned for
    runs to converge within the book's time.

    Parameters
    ----------
    count : int
    width : int
        d.
    samples : int
    seed : int

    Returns
    -------
    Problem
        An ensemble (count,), or a single problem if count is 0.
    """
    rng = np.random.default_rng(seed)
    size = (count,) if count else ()
    X = rng.standard_normal((*size, width, samples))
    noise = 0.1 * rng.standard_normal((*size, width, samples))
    return Problem(X, np.diag(np.arange(1.0, width + 1)) @ X + noise)


@dataclass(frozen=True, eq=False)
class Tightness:
    """Step sizes of an ensemble, relative to the divergence bound of each problem.

    Attributes
    ----------
    samples : dict of str to (k,) array
        The kinds of `lnn.figures.divergence.KINDS`; nan where there is none.
    above : int
        How many runs had a step size above the divergence bound.
    reached : int
        How many of those came to a global minimum.
    below : float
        Share of the runs at up to 0.9 of the bound that did.
    """

    samples: dict[str, Array]
    above: int
    reached: int
    below: float


@lru_cache(maxsize=32)
def tightness(
    widths: tuple[int, ...], start: str = "balanced", count: int = 24, epochs: int = 6000
) -> Tightness:
    """Try the step sizes `RATIOS` · divergence bound on an ensemble, all from the same weights.

    A run ends when its gradient norm is below 1e-6, or after `epochs` steps. It has reached a
    global minimum if its loss is within 1e-8, relatively, of the least that the widths allow. The
    observed edge is the largest step size with which it did; the step proved along the run is the
    largest for which the trapping bound covers the weights that the run has come to.

    Parameters
    ----------
    widths : tuple of int
    start : {"balanced", "gaussian"}
        Balanced weights whose product has singular values between ½ and 1 (and a determinant of
        the sign of that of T), or entries N(0, 0.6²).
    count : int
    epochs : int

    Returns
    -------
    Tightness
    """
    problem = data(count)
    rng = np.random.default_rng(1)
    if start == "balanced":
        values = rng.uniform(0.5, 1.0, (count, min(widths)))
        initial = balanced(widths, values, rng, size=(count,))
        if min(widths) == problem.d_y:
            # Balanced flow never changes the sign of det W: start on the side of the minimizers.
            side = np.sign(np.linalg.det(product(initial) @ problem.least_squares.mT))
            initial[-1][:, 0] *= side[:, None]
    else:
        initial = gaussian(widths, rng, std=0.6, size=(count,))
    bound = divergence_bound(problem, widths)
    step_size = bound[:, None] * RATIOS
    grid = problem.reshape(count, 1)
    weights = tuple(w[:, None] for w in initial)
    run = descend(weights, grid, step_size, epochs, tolerance=1e-6, record_every=500)
    diverged = np.asarray(run.stop) == Stop.DIVERGED
    ends = tuple(np.where(diverged[..., None, None], 0.0, w) for w in run.weights)
    floor = grid.floor(min(widths))
    reached = ~diverged & (loss(ends, grid) - floor <= 1e-8 * floor)
    proved = ~diverged & (trapping_bound(ends, grid).step_size > step_size)

    proved_before = convergence_bound(initial, problem, on_unbalanced="nan")
    return Tightness(
        samples={
            "Theorem 2.4": proved_before.step_size / bound,
            "proved along the run": _largest(proved),
            "observed edge": _largest(reached),
            "divergence bound": np.ones(count),
        },
        above=int((RATIOS > 1).sum()) * count,
        reached=int(reached[:, RATIOS > 1].sum()),
        below=float(reached[:, RATIOS < 0.95].mean()),
    )


def _largest(worked: np.ndarray) -> Array:
    """Largest of `RATIOS` with which each member's run worked; nan where none did."""
    return np.where(worked.any(axis=1), np.where(worked, RATIOS, 0.0).max(axis=1), np.nan)


def hidden_widths(depth: int, hidden: int) -> tuple[int, ...]:
    """Return (5, hidden, ..., hidden, 5) with `depth` layers."""
    return (5, *([hidden] * (depth - 1)), 5)


LIVE_COUNT = 12
"""Problems of the explorer: few, so that a new network is tried while the slider moves."""


@explorer(
    Slider("depth", "Layers N", values=range(2, 6), value=3),
    Slider("hidden", "Hidden width", values=(2, 5, 8), value=5),
    question="How far is each bound from what really happens?",
    size=(5.6, 3.2),
)
def bounds(figure: Figure, depth: int, hidden: int) -> str:
    """Draw the convergence bound, the proved step, the observed edge and the divergence bound."""
    widths = hidden_widths(depth, hidden)
    samples = tightness(widths, count=LIVE_COUNT).samples
    ax = figure.subplots()
    figure.subplots_adjust(bottom=0.2)
    ax.axvline(1.0, color=REFERENCE, linewidth=1.0, zorder=0)
    draw_bounds(ax, samples)
    ax.set(xlim=(5e-4, 2.5), ylim=(-0.45, 0.95), yticks=[])
    ax.set_xlabel("step size / divergence bound")
    ax.set_title("-".join(map(str, widths)))
    ax.legend(loc="upper left", ncols=2, fontsize=9)
    medians = {
        name: float(np.median(values[np.isfinite(values)]))
        for name, values in samples.items()
        if np.isfinite(values).any()
    }
    parts = [f"{name} {medians[name]:.2g}" for name in KINDS if name in medians]
    return (
        f"Widths {'-'.join(map(str, widths))}, {LIVE_COUNT} problems: medians of the step sizes, "
        f"relative to the divergence bound: {', '.join(parts)}."
    )


TARGET = 1.0


@lru_cache(maxsize=1)
def _starts() -> Weights:
    """A few hundred starting points in the plane of the two weights."""
    points = np.random.default_rng(2).uniform(-2.6, 2.6, (2, 400, 1, 1))
    return (points[0], points[1])


@lru_cache(maxsize=64)
def _ends(ratio: float) -> Array:
    """(w_1, w_2) of the runs that have converged."""
    problem = Problem([[1.0]], [[TARGET]])
    eta = ratio * float(divergence_bound(problem, (1, 1, 1)))
    run = descend(_starts(), problem, eta, 3000, record_every=500, divergence_factor=1e4)
    settled = run.losses[:, -1] < 1e-12
    return np.asarray(flatten(run.weights)[settled])


@explorer(
    Slider(
        "ratio",
        "Step size / divergence bound",
        values=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.01, 1.1),
        value=0.5,
    ),
    question="Which of the minimizers w₂ w₁ = 1 can a run with this step size end at?",
    size=(4.6, 4.8),
)
def attracting(figure: Figure, ratio: float) -> str:
    """Draw the minimizers of (1 − w₂ w₁)², those flat enough for the step, and where runs end."""
    # At w_2 w_1 = 1 the sharpness is 2 (w_1² + w_2²); it must be below 2/η = 4 / ratio.
    ends = _ends(ratio)
    arc = None
    if ratio < 1:
        largest = np.sqrt(1 / ratio + np.sqrt(1 / ratio**2 - 1))
        arc = (float(1 / largest), float(largest))
    ax = figure.subplots()
    figure.subplots_adjust(bottom=0.13, left=0.14, top=0.97)
    draw_stable_arc(ax, TARGET, arc, ends)
    ax.legend(loc="upper left", fontsize=8.5, handlelength=1.2, borderaxespad=0.2)
    flat = "none of the minimizers is" if arc is None else "only those on a central arc are"
    if arc is not None and arc[1] > 3.2:
        flat = "nearly all minimizers shown are"
    return (
        f"Step size {ratio:g} times the divergence bound: {flat} flat enough to attract, and "
        f"{len(ends)} of 400 runs have converged, all of them on the arc."
        if len(ends)
        else f"Step size {ratio:g} times the divergence bound: {flat} flat enough to attract, "
        f"and none of 400 runs has converged."
    )


EDGE_DEPTHS = (2, 3, 4)
EDGE_STEPS = 250


@lru_cache(maxsize=8)
def edge_start(depth: int) -> tuple[Problem, Weights]:
    """Return a problem and unbalanced weights from which gradient flow reaches a sharp minimizer.

    Parameters
    ----------
    depth : int

    Returns
    -------
    problem : Problem
    weights : tuple of (3, 3) arrays
    """
    start = gaussian((3,) * (depth + 1), np.random.default_rng(EDGE_SEED), std=EDGE_STD)
    return data(0, width=3), start


EDGE_SEED, EDGE_STD = 1, 0.8


@lru_cache(maxsize=64)
def edge_run(depth: int, ratio: float, steps: int = EDGE_STEPS) -> tuple[Array, Array]:
    """Run gradient descent at `ratio` · divergence bound and follow its sharpness.

    Parameters
    ----------
    depth : int
    ratio : float
    steps : int

    Returns
    -------
    losses, sharpness : (k,) arrays
        At each step, up to `steps` or to where the run has left every bound.
    """
    problem, weights = edge_start(depth)
    eta = ratio * float(divergence_bound(problem, (3,) * (depth + 1)))
    path = [weights]
    for _ in range(steps):
        if np.abs(flatten(path[-1])).max() > 1e3:
            break
        slopes = gradient(path[-1], problem)
        path.append(tuple(w - eta * g for w, g in zip(path[-1], slopes, strict=True)))
    stack = tuple(np.stack(layer) for layer in zip(*path, strict=True))
    return loss(stack, problem), 2 / stability_limit(stack, problem)


@explorer(
    Slider("depth", "Layers N", values=EDGE_DEPTHS, value=3),
    Slider(
        "ratio",
        "Step size / divergence bound",
        values=(0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.05),
        value=0.7,
    ),
    question="What does the sharpness do where the step size is too large for it?",
    size=(5.6, 5.0),
)
def edge(figure: Figure, depth: int, ratio: float) -> str:
    """Draw the loss above the least one and the sharpness of a run, against 2/η."""
    problem, _ = edge_start(depth)
    losses, values = edge_run(depth, ratio)
    steps = np.arange(losses.size)
    least = float(least_sharpness(problem, (3,) * (depth + 1)))
    limit = least / ratio
    excess = losses - problem.residual
    top, bottom = figure.subplots(2, 1, sharex=True)
    figure.subplots_adjust(hspace=0.15, bottom=0.11, left=0.15)
    draw_loss(top, steps, np.maximum(excess, 1e-12))
    top.set(xlabel="", ylabel="loss − least loss", ylim=(1e-12, 1e5))
    draw_sharpness(bottom, steps, values, limit, least=least)
    bottom.set(xlim=(0, EDGE_STEPS), ylim=(0, 4 * least))
    if losses.size <= EDGE_STEPS:
        outcome = "the run blows up"
    elif excess[-1] < 1e-6:
        outcome = "the run converges"
    else:
        outcome = "no minimizer is flat enough" if ratio > 1 else "the run is still on its way"
    top.set_title(outcome, fontsize=11)
    over = int((values > limit).sum())
    return (
        f"{depth} layers, step size {ratio:g} times the divergence bound: the sharpness lies above "
        f"2/η at {over} of {losses.size} steps, and is {values[-1] / limit:.2f} of it at the last; "
        f"{outcome}."
    )
