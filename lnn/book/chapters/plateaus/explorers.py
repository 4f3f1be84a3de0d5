"""Plateaus: the staircase as the initial scale shrinks, and the escape from a rank-3 saddle."""

import numpy as np
from matplotlib.figure import Figure

from lnn.book.chapters.plateaus.figures import draw_runs
from lnn.book.chapters.plateaus.studies import STEP_SIZE, WIDTHS, data
from lnn.book.drawing import draw_loss, draw_plateaus
from lnn.book.sliders.explorer import explorer
from lnn.book.sliders.parameters import Choice, Slider
from lnn.descent.plateaus import first_below, midpoints
from lnn.descent.run import descend
from lnn.initialization import gaussian
from lnn.landscape.construction import critical_point
from lnn.landscape.kinds import Kind


@explorer(
    Slider(
        "scale",
        "Standard deviation of the initial weights",
        values=(0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5),
        value=0.03,
        log=True,
    ),
    Choice("layers", "Layers N", options=("2", "3", "4"), value="3"),
    question="How does the initial scale shape the staircase?",
)
def staircase(figure: Figure, scale: float, layers: str) -> str:
    """Draw one run against the least losses of each rank."""
    problem, depth = data(), int(layers)
    start = gaussian(WIDTHS[depth], np.random.default_rng(3), std=scale)
    steps = 6000
    run = descend(start, problem, STEP_SIZE, steps, record_every=2)
    ax = figure.subplots()
    draw_loss(ax, run.recorded, run.losses, log_steps=True)
    ax.set_xlim(1, steps)
    floors = [float(problem.floor(r)) for r in range(5)]
    draw_plateaus(ax, floors)
    ax.set_ylim(500, 3e5)
    shares = [float(np.mean(np.abs(run.losses / f - 1) < 0.01)) for f in floors]
    rests = [str(r) for r, share in enumerate(shares) if share * steps >= 20]
    left = first_below(run.losses, run.recorded, midpoints(problem, 4))
    ax.set_title(
        f"N = {layers}, start {scale:.3g}: learned {int(np.isfinite(left).sum())} of 4 modes"
    )
    return (
        f"Loss of a {layers}-layer network from weights of standard deviation {scale:.3g} over "
        f"{steps} steps, both axes logarithmic, with the least losses of rank 0 to 4. It rests "
        f"within one per cent of the levels of rank {', '.join(rests) if rests else 'none'}."
    )


@explorer(
    Slider(
        "perturbation",
        "Size ε of the perturbation",
        values=(0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.3),
        value=0.05,
        log=True,
    ),
    Slider("step", "Step size η · 10⁵", values=(1.0, 2.0, 3.0), value=2.0),
    question="How much longer does the non-strict saddle hold the run?",
)
def escape(figure: Figure, perturbation: float, step: float) -> str:
    """Draw the loss from the rank-3 minimizer, strict and non-strict, equally perturbed."""
    problem, widths, eta = data(), WIDTHS[3], step * 1e-5
    steps = min(6000, int(240 / (perturbation * step)))
    noise = gaussian(widths, np.random.default_rng(12), std=perturbation)
    pair = [
        critical_point(problem, widths, range(3), kind=kind)
        for kind in (Kind.STRICT_SADDLE, Kind.NON_STRICT_SADDLE)
    ]
    start = tuple(np.stack(w) + e for *w, e in zip(*pair, noise, strict=True))
    run = descend(start, problem, eta, steps, record_every=2)
    left = first_below(run.losses, run.recorded, midpoints(problem, 4)[3])
    ax = figure.subplots()
    figure.subplots_adjust(left=0.15)
    floors = {"rank 3": float(problem.floor(3)), "rank 4": float(problem.floor(4))}
    curves = {"strict": run.losses[0], "non-strict": run.losses[1]}
    draw_runs(ax, run.recorded, curves, floors)
    ax.set_ylim(0, 2 * floors["rank 3"])
    told = f"{left[1] / left[0]:.1f} times as long" if np.isfinite(left[1]) else "not yet left"
    ax.set_title(f"ε = {perturbation:.3g}, η = {eta:.2g}: non-strict {told}")
    return (
        f"Loss from the strict and the non-strict rank-3 minimizer, both perturbed by noise of "
        f"standard deviation {perturbation:.3g}, step size {eta:.2g}. The strict one leaves after "
        f"{left[0]:.0f} steps, the non-strict one after {left[1]:.0f}."
    )
