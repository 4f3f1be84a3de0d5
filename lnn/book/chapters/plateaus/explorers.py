"""Plateaus: the escape from a rank-3 saddle, strict and non-strict."""

import numpy as np
from matplotlib.figure import Figure

from lnn.book.chapters.plateaus.figures import draw_runs
from lnn.book.chapters.plateaus.studies import WIDTHS, data
from lnn.book.sliders.explorer import explorer
from lnn.book.sliders.parameters import Slider
from lnn.descent.plateaus import first_below, midpoints
from lnn.descent.run import descend
from lnn.initialization import gaussian
from lnn.landscape.construction import critical_point
from lnn.landscape.kinds import Kind


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
    figure.subplots_adjust(left=0.2)
    floors = {"rank 3": float(problem.floor(3)), "rank 4": float(problem.floor(4))}
    curves = {"strict": run.losses[0], "non-strict": run.losses[1]}
    draw_runs(ax, run.recorded, curves, floors)
    ax.set_ylim(0, 2 * floors["rank 3"])
    told = f"{left[1] / left[0]:.1f} times as long" if np.isfinite(left[1]) else "not yet left"
    ax.set_title(f"non-strict saddle: {told}")
    return (
        f"Loss from the strict and the non-strict rank-3 minimizer, both perturbed by noise of "
        f"standard deviation {perturbation:.3g}, step size {eta:.2g}. The strict one leaves after "
        f"{left[0]:.0f} steps, the non-strict one after {left[1]:.0f}."
    )
