"""Chapter on divergence: bounds on one axis, the edge of stability."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from lnn.book.chapters.divergence.figures import KINDS, draw_bounds, draw_sharpness
from lnn.book.chapters.divergence.studies import (
    EDGE_DEPTHS,
    EDGE_STEPS,
    PROBLEMS,
    edge_run,
    edge_start,
    hidden_widths,
    tightness,
)
from lnn.book.drawing import draw_loss
from lnn.book.sliders.explorer import explorer
from lnn.book.sliders.parameters import Choice, Slider
from lnn.book.style import REFERENCE
from lnn.steps.flattest import least_sharpness

START_NAMES = {"balanced": "balanced", "unbalanced": "gaussian"}


@explorer(
    Slider("depth", "Layers N", values=range(2, 6), value=3),
    Choice("hidden", "Hidden width", options=("2", "5", "8"), value="8"),
    Choice("start", "Weights at the start", options=tuple(START_NAMES), value="unbalanced"),
    question="How far is each bound from what really happens?",
    size=(5.6, 3.4),
)
def bounds(figure: Figure, depth: int, hidden: str, start: str) -> str:
    """Draw the convergence bound, the proved step, the observed edge and the divergence bound."""
    widths = hidden_widths(depth, int(hidden))
    samples = tightness(widths, START_NAMES[start]).samples
    ax = figure.subplots()
    figure.subplots_adjust(left=0.06, right=0.97, bottom=0.19, top=0.68)
    ax.axvline(1.0, color=REFERENCE, linewidth=1.0, zorder=0)
    draw_bounds(ax, samples)
    ax.set(xlim=(5e-4, 2.5), ylim=(-0.45, 0.45), yticks=[])
    ax.set_xlabel("step size / divergence bound")
    ax.set_title("-".join(map(str, widths)))
    figure.legend(loc="upper center", ncols=2, handlelength=1.2, columnspacing=1.2)
    medians = {
        name: float(np.median(values[np.isfinite(values)]))
        for name, values in samples.items()
        if np.isfinite(values).any()
    }
    parts = [f"{name} {medians[name]:.2g}" for name in KINDS if name in medians]
    covered = "" if KINDS.keys() <= medians.keys() else f"; no {_missing(medians)}"
    return (
        f"Widths {'-'.join(map(str, widths))}, {PROBLEMS} problems, {start} weights at the start: "
        f"medians of the step sizes, relative to the divergence bound: {', '.join(parts)}{covered}."
    )


def _missing(medians: Mapping[str, float]) -> str:
    """Say which kinds of step size there are not, and why."""
    why = {
        "convergence bound": "convergence bound, since the theorem does not cover such weights",
        "proved along the run": "step proved along the run, since the bottleneck loses modes",
    }
    return ", and no ".join(why[name] for name in KINDS if name not in medians)


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
    top.set_title(outcome)
    over = int((values > limit).sum())
    return (
        f"{depth} layers, step size {ratio:g} times the divergence bound: the sharpness lies above "
        f"2/η at {over} of {losses.size} steps, and is {values[-1] / limit:.2f} of it at the last; "
        f"{outcome}."
    )
