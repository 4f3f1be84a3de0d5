"""Chapter on divergence: runs that arrive, the edge of stability."""

import numpy as np
from matplotlib.figure import Figure

from lnn.book.chapters.divergence.figures import draw_arrivals, draw_sharpness, label_ratios
from lnn.book.chapters.divergence.studies import (
    EDGE_DEPTHS,
    EDGE_STEPS,
    PROBLEMS,
    RATIOS,
    edge_run,
    edge_start,
    hidden_widths,
    tightness,
)
from lnn.book.drawing import draw_loss
from lnn.book.sliders.explorer import explorer
from lnn.book.sliders.parameters import Choice, Slider
from lnn.steps.flattest import least_sharpness

START_NAMES = {"balanced": "balanced", "unbalanced": "gaussian"}


@explorer(
    Slider("depth", "Layers N", values=range(2, 6), value=3),
    Choice("hidden", "Hidden width", options=("2", "5", "8"), value="8"),
    Choice("start", "Weights at the start", options=tuple(START_NAMES), value="unbalanced"),
    question="How many of 24 runs arrive, and with which step size?",
    size=(5.6, 4.0),
)
def bounds(figure: Figure, depth: int, hidden: str, start: str) -> str:
    """Draw how many runs arrive at a global minimum, and are proved to, for each step size."""
    widths = hidden_widths(depth, int(hidden))
    study = tightness(widths, START_NAMES[start])
    ax = figure.subplots()
    figure.subplots_adjust(left=0.12, right=0.98, bottom=0.25, top=0.83)
    draw_arrivals(ax, RATIOS, study.arrived, study.proved, PROBLEMS)
    before = study.samples["convergence bound"]
    known = before[np.isfinite(before)]
    proved = f"{np.median(known):.2g} of it" if known.size else "none for such weights"
    ax.set_title(f"{'-'.join(map(str, widths))}; convergence bound: {proved}")
    figure.legend(loc="upper center", ncols=3, handlelength=1.2, columnspacing=1.0)
    pairs = zip(label_ratios(RATIOS), study.arrived, strict=True)
    counts = ", ".join(f"{count} at {ratio}" for ratio, count in pairs)
    return (
        f"Widths {'-'.join(map(str, widths))}, {PROBLEMS} problems, {start} weights at the start. "
        f"Runs that arrive, by step size over the divergence bound: {counts}. Convergence bound, "
        f"proved before the first step: {proved}."
    )


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
    figure.subplots_adjust(hspace=0.25, bottom=0.11, left=0.15)
    draw_loss(top, steps, np.maximum(excess, 1e-12))
    top.set(xlabel="", ylabel="loss − least loss", ylim=(1e-12, 1e5))
    draw_sharpness(bottom, steps, values, limit, least=least)
    bottom.set(xlim=(0, EDGE_STEPS), ylim=(0, 3.6 * least))
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
