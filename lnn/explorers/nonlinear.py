"""From linear to non-linear: a spurious minimum, wider networks, and noise."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from matplotlib.figure import Figure

from lnn._checks import Array, Weights
from lnn.figures import nonlinear as figures
from lnn.figures.style import REFERENCE, SIMULATION
from lnn.initial import gaussian
from lnn.nonlinear import (
    RELU,
    TANH,
    SuccessRate,
    descend,
    hinge_problem,
    linear_minimum,
    loss,
    outputs,
    success_rate,
    with_ones,
)
from lnn.problems import Problem
from lnn.widgets import Choice, Slider, explorer

ACTIVATIONS = {"ReLU": RELU, "tanh": TANH}
WIDTHS = (1, 2, 4, 6, 10, 16)
WIDTH_RUNS, WIDTH_STEPS = 60, 8000
RUNS = 100

NOISES = tuple(range(17))
STEP_SIZE = 0.008
LOUD, QUIET = 4000, 2000
REACHED = 0.01
"""A run on the hinge has reached the global minimum, which is 0, when its loss is below this."""


def hinge_minima() -> tuple[Weights, Weights]:
    """Return the spurious minimum of the hinge, the best line, and a global one, with two units.

    Returns
    -------
    spurious, best : tuple of (2, 2) and (1, 2) arrays
    """
    best = (np.array([[1.0, -2.0], [0.0, 1.0]]), np.array([[1.0, 1.0]]))
    return linear_minimum(hinge_problem(), units=2), best


def scattered_problem() -> Problem:
    """Return ten random samples in R³ with random targets and a row of ones."""
    rng = np.random.default_rng(1)
    return Problem(with_ones(rng.standard_normal((3, 10))), rng.standard_normal((1, 10)))


@dataclass(frozen=True, eq=False)
class WidthStudy:
    """Where runs from random weights end.

    Attributes
    ----------
    weights : tuple of (WIDTH_RUNS, units, 4) and (WIDTH_RUNS, 1, units) arrays
    losses : (WIDTH_RUNS,) array
        Relative to ‖Y‖².
    """

    weights: Weights
    losses: Array


@lru_cache(maxsize=64)
def width_study(activation: str, units: int) -> WidthStudy:
    """Run full-batch descent on `scattered_problem` from random weights.

    A run ends when its loss is below a thousandth of ‖Y‖², or after WIDTH_STEPS steps.

    Parameters
    ----------
    activation : str
        "ReLU" or "tanh".
    units : int

    Returns
    -------
    WidthStudy
    """
    problem, block = scattered_problem(), 500
    first, second = gaussian((4, units, 1), np.random.default_rng(units), size=(WIDTH_RUNS,))
    second = second / np.sqrt(units)
    losses = np.full(WIDTH_RUNS, np.inf)
    for _ in range(WIDTH_STEPS // block):
        going = losses > 1e-3
        if not going.any():
            break
        run = descend(
            (first[going], second[going]),
            problem,
            0.1 / (10 + units),
            block,
            activation=ACTIVATIONS[activation],
            record_every=block,
        )
        first[going], second[going] = run.weights
        losses[going] = run.losses[:, -1] / np.sum(problem.Y**2)
    return WidthStudy((first, second), losses)


def _near(weights: Weights, rng: np.random.Generator, size: tuple[int, ...]) -> Weights:
    return tuple(w + 0.05 * rng.standard_normal((*size, *w.shape)) for w in weights)


@dataclass(frozen=True, eq=False)
class NoiseStudy:
    """Where runs end that start beside the spurious minimum, for each noise of `NOISES`.

    Attributes
    ----------
    losses : (noises, RUNS) array
    reached, left, worse : SuccessRate
        Share of runs that reached the global minimum; that ended below the spurious minimum; that
        ended above it.
    """

    losses: Array
    reached: SuccessRate
    left: SuccessRate
    worse: SuccessRate


@lru_cache(maxsize=1)
def noise_study() -> NoiseStudy:
    """Shake runs that start beside the spurious minimum with each noise, then let them settle."""
    rng = np.random.default_rng(0)
    problem = hinge_problem()
    size = (len(NOISES), RUNS)
    run = descend(
        _near(hinge_minima()[0], rng, size),
        problem,
        STEP_SIZE,
        LOUD + QUIET,
        rng=rng,
        noise=np.array(NOISES)[:, None] * np.ones(RUNS),
        quiet=QUIET,
        record_every=LOUD + QUIET,
    )
    losses = run.losses[..., -1]
    bad = float(problem.residual)
    return NoiseStudy(
        losses,
        reached=success_rate(losses < REACHED),
        left=success_rate(losses < 0.95 * bad),
        worse=success_rate(losses > 1.05 * bad),
    )


METHODS: dict[str, tuple[int | None, float]] = {
    "full batch": (None, 0.0),
    "one sample a step": (1, 0.0),
    "noise 4": (None, 4.0),
}
"""Batch size and noise, by name."""


@lru_cache(maxsize=1)
def start_study() -> tuple[tuple[str, ...], dict[str, Array]]:
    """Run each method from beside the spurious minimum, from dead units and from random weights.

    Returns
    -------
    groups : tuple of str
        The starts.
    losses : dict of str to (starts, 2 RUNS) array
        Final losses, by method.
    """
    problem = hinge_problem()
    dead = (np.array([[0.0, -2.0], [0.0, -2.0]]), np.array([[1.0, 1.0]]))
    rng = np.random.default_rng(0)
    starts = {
        "beside the\nspurious minimum": _near(hinge_minima()[0], rng, (2 * RUNS,)),
        "all units\ndead": _near(dead, rng, (2 * RUNS,)),
        "random\nweights": gaussian((2, 2, 1), rng, size=(2 * RUNS,)),
    }
    first, second = (np.stack(w) for w in zip(*starts.values(), strict=True))
    losses = {}
    for label, (batch, noise) in METHODS.items():
        run = descend(
            (first, second),
            problem,
            STEP_SIZE,
            LOUD + QUIET,
            rng=rng,
            batch=batch,
            noise=noise,
            quiet=QUIET,
            record_every=LOUD + QUIET,
        )
        losses[label] = run.losses[..., -1]
    return tuple(starts), losses


@explorer(
    Slider("way", "Share of the way", values=[i / 20 for i in range(21)], value=0.0),
    question="What lies between the bad minimum and the good one?",
    size=(6.4, 5.2),
)
def between(figure: Figure, way: float) -> str:
    """Draw the network, and the loss, on the straight way from the line to the hinge."""
    problem, (spurious, best) = hinge_problem(), hinge_minima()

    def at(share: Array | float) -> Weights:
        s = np.asarray(share)[..., None, None]
        return tuple((1 - s) * a + s * b for a, b in zip(spurious, best, strict=True))

    upper, lower = figure.subplots(2, 1)
    figure.subplots_adjust(hspace=0.45, bottom=0.11, top=0.97)
    grid = np.linspace(-0.3, 4.3, 93)
    figures.draw_fits(
        upper,
        problem.X[0],
        problem.Y[0],
        grid,
        {"network": outputs(at(way), with_ones(grid[None, :]))[0]},
    )
    upper.set_ylim(-0.4, 3.6)
    shares = np.linspace(0, 1, 201)
    along = loss(at(shares), problem)
    here = float(loss(at(way), problem))
    lower.plot(shares, along, color=REFERENCE)
    lower.plot([way], [here], "o", color=SIMULATION, markersize=9)
    lower.set_xlabel("share of the way to the global minimum")
    lower.set_ylabel("loss")
    lower.set_ylim(-0.15, 1.8)
    lower.text(0.02, 0.45, "spurious: 0.7", fontsize=10)
    lower.text(0.98, 0.2, "global: 0", fontsize=10, ha="right")
    return (
        f"{100 * way:.0f} % of the way from the best line to the hinge the loss is {here:.2f}; the "
        f"ends have 0.7 and 0, and the top of the barrier between them {along.max():.1f}."
    )


@explorer(
    Slider("units", "Hidden units h", values=WIDTHS, value=10),
    Choice("activation", "Activation", options=tuple(ACTIVATIONS)),
    question="Does a wider network end at the global minimum more often?",
)
def width(figure: Figure, units: int, activation: str) -> str:
    """Draw the final losses of all runs for one width."""
    losses = width_study(activation, units).losses
    share = success_rate(losses < REACHED)
    ax = figure.subplots()
    figures.draw_ends(ax, losses, {"1 % of ‖Y‖²": REACHED}, REACHED)
    ax.set_ylim(1e-6, 3)
    ax.set_ylabel("final loss / ‖Y‖²")
    count = round(WIDTH_RUNS * float(share.rate))
    text = f"{count} of {WIDTH_RUNS} runs end below 1 % of ‖Y‖²"
    ax.set_title(f"{activation}, h = {units}: {text}", fontsize=11)
    return (
        f"{activation} network with {units} hidden units on 10 samples: {text} "
        f"(95 % interval of the rate {float(share.low):.2f} to {float(share.high):.2f})."
    )


@explorer(
    Slider("noise", "Noise on the gradient", values=NOISES, value=4),
    question="How much noise gets descent out of the spurious minimum, and how much is too much?",
    size=(6.4, 5.2),
)
def jiggle(figure: Figure, noise: int) -> str:
    """Draw where 100 runs end for one noise, and the share that reaches the global minimum."""
    study = noise_study()
    losses = study.losses[noise]
    upper, lower = figure.subplots(2, 1)
    figure.subplots_adjust(hspace=0.5, bottom=0.11, top=0.92)
    figures.draw_ends(upper, losses, {"spurious: 0.7": 0.7, "all dead: 16": 16.0}, REACHED)
    upper.set_ylim(3e-8, 200)
    lower.plot(NOISES, study.reached.rate, "-", color=REFERENCE)
    lower.fill_between(
        NOISES, study.reached.low, study.reached.high, color=REFERENCE, alpha=0.2, linewidth=0
    )
    rate = float(study.reached.rate[noise])
    lower.plot([noise], [rate], "o", color=SIMULATION, markersize=9)
    lower.set_ylim(-0.03, 1.03)
    lower.set_xlabel("noise on the gradient (standard deviation)")
    lower.set_ylabel("reach loss 0")
    left, worse = (round(RUNS * float(s.rate[noise])) for s in (study.left, study.worse))
    upper.set_title(
        f"noise {noise}: {round(RUNS * rate)} of {RUNS} reach the global minimum", fontsize=11
    )
    return (
        f"With noise {noise}, {round(RUNS * rate)} of {RUNS} runs reach the global minimum, {left} "
        f"end below the spurious one and {worse} above it."
    )
