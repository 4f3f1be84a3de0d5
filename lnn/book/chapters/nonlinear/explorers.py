"""From linear to non-linear: a spurious minimum, wider networks, and noise."""

import numpy as np
from matplotlib.figure import Figure

from lnn._checks import Array, Weights
from lnn.book.chapters.nonlinear import figures
from lnn.book.chapters.nonlinear.studies import (
    ACTIVATIONS,
    NOISES,
    REACHED,
    RUNS,
    WIDTH_RUNS,
    WIDTHS,
    hinge_minima,
    noise_study,
    width_study,
)
from lnn.book.sliders.explorer import explorer
from lnn.book.sliders.parameters import Choice, Slider
from lnn.book.style import REFERENCE, SIMULATION
from lnn.one_hidden_layer import (
    hinge_problem,
    loss,
    outputs,
    success_rate,
    with_ones,
)


@explorer(
    Slider("way", "Share of the way", values=[i / 20 for i in range(21)], value=0.0),
    question="What lies between the bad minimum and the good one?",
    size=(5.6, 5.0),
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
    lower.text(0.02, 0.45, "spurious: 0.7")
    lower.text(0.98, 0.2, "global: 0", ha="right")
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
    ax.set_title(f"{activation}, h = {units}: {text}")
    return (
        f"{activation} network with {units} hidden units on 10 samples: {text} "
        f"(95 % interval of the rate {float(share.low):.2f} to {float(share.high):.2f})."
    )


@explorer(
    Slider("noise", "Noise on the gradient", values=NOISES, value=4),
    question="How much noise gets descent out of the spurious minimum, and how much is too much?",
    size=(5.6, 5.0),
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
    upper.set_title(f"noise {noise}: {round(RUNS * rate)} of {RUNS} reach the global minimum")
    return (
        f"With noise {noise}, {round(RUNS * rate)} of {RUNS} runs reach the global minimum, {left} "
        f"end below the spurious one and {worse} above it."
    )
