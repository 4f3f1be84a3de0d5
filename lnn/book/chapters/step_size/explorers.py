"""Fixed step size, the theory: a run at any step size, and the quadratic that explains its edge."""

import numpy as np
from matplotlib.figure import Figure

from lnn.book.chapters.step_size.figures import draw_quadratic, draw_runs, draw_scale
from lnn.book.chapters.step_size.studies import (
    STEPS,
    Q,
    example,
    landmarks,
    quadratic_path,
    run_at,
    verdict_on,
)
from lnn.book.drawing import label_powers
from lnn.book.sliders.explorer import explorer
from lnn.book.sliders.parameters import Slider
from lnn.book.style import REFERENCE


@explorer(
    Slider(
        "step_size",
        "Step size η",
        values=(
            *(0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.014, 0.02, 0.028, 0.04),
            *(0.045, 0.047, 0.05, 0.055, 0.06, 0.065, 0.07, 0.075, 0.08, 0.1, 0.14, 0.2),
        ),
        value=0.05,
        log=True,
    ),
    question="Which step sizes work, and which of them could have been known?",
    size=(5.6, 4.8),
)
def step_against_run(figure: Figure, step_size: float) -> str:
    """Draw the run at a step size above the scale on which the bounds are marked."""
    problem, _ = example()
    run, marks = run_at(step_size), landmarks()
    top, bottom = figure.subplots(2, 1, height_ratios=[2.2, 1])
    figure.subplots_adjust(hspace=0.55, top=0.93, bottom=0.11, left=0.13)
    floor = float(problem.residual)
    draw_runs(top, run.recorded, run.losses[None] - floor, [f"{step_size:g}"], legend=False)
    top.set(xlim=(0, STEPS), ylim=(1e-10, 1e5), ylabel="loss above its minimum")
    label_powers(top.yaxis)
    verdict = verdict_on(run, floor)
    top.set_title(f"η = {step_size:.4g}: {verdict}")
    draw_scale(bottom, marks, now=step_size, limits=(2e-4, 0.25))
    names = ", ".join(f"{name} {value:.2g}" for name, value in marks.items())
    return (
        f"Step size {step_size:.4g}: the run {verdict}. Its loss above the minimum against the "
        f"step, over a scale of step sizes with the marks {names}."
    )


@explorer(
    Slider(
        "fraction",
        "Step size in units of 2/λₘₐₓ",
        values=(0.1, 0.25, 0.5, 0.75, 0.9, 0.97, 1.0, 1.03, 1.1),
        value=0.97,
    ),
    question="What happens to a quadratic at the edge?",
    size=(5.6, 4.4),
)
def quadratic(figure: Figure, fraction: float) -> str:
    """Draw the path of gradient descent on a quadratic at a fraction of 2 / λ_max."""
    path = quadratic_path(fraction)
    ax = figure.subplots()
    outcome = "converges" if fraction < 1 else "flips for ever" if fraction == 1 else "runs away"
    draw_quadratic(ax, Q, path, title=f"η = {fraction:g} · 2/λₘₐₓ: {outcome}")
    ax.text(0.25, -0.3, "minimizer", color=REFERENCE)
    return (
        f"Contours of a quadratic with the path of gradient descent at {fraction:g} times two over "
        f"the largest eigenvalue: it {outcome}. After {len(path) - 1} steps it is "
        f"{float(np.linalg.norm(path[-1])):.2g} away from the minimizer."
    )
