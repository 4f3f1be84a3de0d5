"""From linear to non-linear: a walk over a barrier, wider networks, and noise over time."""

import numpy as np
from matplotlib.figure import Figure

from lnn._checks import Array, Weights
from lnn.book.chapters.nonlinear import figures
from lnn.book.chapters.nonlinear.studies import (
    ACTIVATIONS,
    DATA_SETS,
    DURATIONS,
    NOISES,
    STARTS,
    WIDTH_RUNS,
    WIDTHS,
    exits,
    hinge_minima,
    share,
    width_ends,
)
from lnn.book.sliders.explorer import explorer
from lnn.book.sliders.parameters import Choice, Slider
from lnn.book.style import REFERENCE, SIMULATION
from lnn.one_hidden_layer import hinge_problem, loss, outputs, with_ones


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
    figure.subplots_adjust(hspace=0.55, bottom=0.11, top=0.87)
    grid = np.linspace(-0.3, 4.3, 93)
    fitted = {"network": outputs(at(way), with_ones(grid[None, :]))[0]}
    figures.draw_fits(upper, problem.X[0], problem.Y[0], grid, fitted)
    first, second = at(way)
    inputs = first @ with_ones(grid[None, :])
    for unit, style in enumerate((":", "-.")):
        part = second[0, unit] * np.maximum(inputs[unit], 0)
        upper.plot(grid, part, style, color=REFERENCE, label=f"unit {unit + 1}'s part")
    upper.legend(loc="lower left", bbox_to_anchor=(-0.03, 0.97), ncols=2, columnspacing=1.2)
    upper.set_ylim(-1.4, 4.4)
    shares = np.linspace(0, 1, 201)
    # Where a unit's input, which is linear along the way, changes its sign on a sample.
    before, after = (w[0] @ problem.X for w in (spurious, best))
    crossed = np.argwhere((before > 0) & (after < 0))
    seams = [(before[k, i] / (before[k, i] - after[k, i]), problem.X[0, i]) for k, i in crossed]
    along = loss(at(shares), problem)
    here = float(loss(at(way), problem))
    lower.plot(shares, along, color=REFERENCE)
    for (seam, sample), side in zip(seams, ("right", "left"), strict=True):
        lower.axvline(seam, color=REFERENCE, linestyle=":", linewidth=1.2)
        lower.text(seam, 1.83, f"off at x={sample:g}", ha=side, va="bottom")
    lower.plot([way], [here], "o", color=SIMULATION, markersize=9)
    lower.set_xlabel("share of the way to the global minimum")
    lower.set_ylabel("loss")
    lower.set_ylim(-0.15, 1.8)
    lower.text(0.02, 0.45, "spurious: 0.7")
    lower.text(0.99, 0.45, "global: 0", ha="right")
    offs = " and ".join(f"x = {sample:g} after {100 * seam:.0f} %" for seam, sample in seams)
    return (
        f"{100 * way:.0f} % of the way from the best line to the hinge the loss is {here:.2f}; the "
        f"ends have 0.7 and 0, and the top of the barrier between them {along.max():.1f}. Unit 1 "
        f"goes off at {offs} of the way."
    )


@explorer(
    Slider("units", "Hidden units h", values=WIDTHS, value=10),
    Choice("activation", "Activation", options=tuple(ACTIVATIONS)),
    question="Does a wider network end at the global minimum more often?",
)
def width(figure: Figure, units: int, activation: str) -> str:
    """Draw the share of runs that fit each of the data sets, for the nearest width of the study."""
    row = int(np.argmin(np.abs(np.array(WIDTHS) - units)))
    fits = (width_ends(activation)[row] < 0.01).mean(axis=-1)
    ax = figure.subplots()
    figure.subplots_adjust(left=0.15)
    order = np.sort(fits)[::-1]
    ax.bar(range(1, DATA_SETS + 1), order, color=SIMULATION)
    ax.axhline(float(fits.mean()), color=REFERENCE, linestyle="--")
    ax.set(ylim=(0, 1.05), xticks=range(1, DATA_SETS + 1))
    ax.set_xlabel("data sets, the best share first")
    ax.set_ylabel("share of runs that fit")
    ax.set_title(f"{activation}, h = {WIDTHS[row]}: {fits.mean():.0%} of all runs")
    return (
        f"{activation} network with {WIDTHS[row]} hidden units on {DATA_SETS} data sets of 10 "
        f"samples, {WIDTH_RUNS} runs each: {fits.mean():.0%} of all runs fit their data, from "
        f"{fits.min():.0%} on the hardest to {fits.max():.0%} on the easiest."
    )


_STARTS = dict(zip(("beside the line", "random weights", "dead units"), STARTS, strict=True))


@explorer(
    Slider("noise", "Noise on the gradient", values=NOISES, value=1.0, log=True),
    Choice("start", "Start", options=tuple(_STARTS)),
    question="How much noise gets descent out of a bad minimum, and after how many steps?",
)
def jiggle(figure: Figure, noise: float, start: str) -> str:
    """Draw where runs are after each number of noisy steps, from one of three starts."""
    row = int(np.argmin(np.abs(np.log(NOISES) - np.log(noise))))
    ends = exits(_STARTS[start], "noise 0.008")[row]
    ax = figure.subplots()
    figure.subplots_adjust(top=0.8)
    figures.draw_fates(ax, DURATIONS, ends)
    reached, lower = (share(ends, name).rate for name in ("reached", "lower"))
    best = int(np.argmax(reached))
    return (
        f"Noise {NOISES[row]:g}, start {start}: after {DURATIONS[best]} steps {reached[best]:.0%} "
        f"of the runs have reached the global minimum, the most at any time, and "
        f"{lower[best]:.0%} another minimum below the line's; after {DURATIONS[-1]} steps "
        f"{reached[-1]:.0%} and {lower[-1]:.0%}."
    )
