"""Chapter on divergence: which minimizers attract, bounds on one axis, the edge of stability."""

import numpy as np
from matplotlib.figure import Figure

from lnn.book.chapters.divergence.figures import KINDS, draw_bounds, draw_sharpness, draw_stable_arc
from lnn.book.chapters.divergence.studies import (
    EDGE_DEPTHS,
    EDGE_STEPS,
    TARGET,
    edge_run,
    edge_start,
    hidden_widths,
    settled_ends,
    tightness,
)
from lnn.book.drawing import draw_loss
from lnn.book.sliders.explorer import explorer
from lnn.book.sliders.parameters import Slider
from lnn.book.style import REFERENCE
from lnn.steps.flattest import least_sharpness

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
    ax.legend(loc="upper left", ncols=2)
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


@explorer(
    Slider(
        "ratio",
        "Step size / divergence bound",
        values=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.01, 1.1),
        value=0.5,
    ),
    question="Which of the minimizers w₂ w₁ = 1 can a run with this step size end at?",
    size=(5.6, 5.6),
)
def attracting(figure: Figure, ratio: float) -> str:
    """Draw the minimizers of (1 − w₂ w₁)², those flat enough for the step, and where runs end."""
    # At w_2 w_1 = 1 the sharpness is 2 (w_1² + w_2²); it must be below 2/η = 4 / ratio.
    ends = settled_ends(ratio)
    arc = None
    if ratio < 1:
        largest = np.sqrt(1 / ratio + np.sqrt(1 / ratio**2 - 1))
        arc = (float(1 / largest), float(largest))
    ax = figure.subplots()
    figure.subplots_adjust(bottom=0.13, left=0.14, top=0.97)
    draw_stable_arc(ax, TARGET, arc, ends)
    ax.legend(loc="upper left", handlelength=1.2, borderaxespad=0.2)
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
