"""Fixed step size, the theory: a run at any step size, and the quadratic that explains its edge."""

from functools import lru_cache
from typing import Literal

import numpy as np
from matplotlib.figure import Figure

from lnn._checks import Array, Weights
from lnn._compiled import available
from lnn.descent import Run, Stop, descend
from lnn.divergence import divergence_bound
from lnn.figures.steps import draw_quadratic, draw_runs, draw_scale, label_powers
from lnn.figures.style import REFERENCE
from lnn.initial import gaussian
from lnn.problems import Problem
from lnn.steps import (
    convergence_bound,
    fails,
    quadratic_limit,
    shrink_to_alpha,
    stability_limit,
)
from lnn.widgets import Slider, explorer

WIDTHS = (3, 3, 3, 3)
STEPS = 600
Q = np.array([[3.0, 1.0], [1.0, 1.5]])


@lru_cache(maxsize=1)
def example() -> tuple[Problem, Weights]:
    """Return the chapter's example: well-conditioned data and three layers of width three.

    Returns
    -------
    problem : Problem
        Y ≈ diag(3, 2, 1) X, twenty samples.
    weights : tuple of (3, 3) arrays
        Gaussian, scaled down until α = 0.5 in Theorem 2.4.
    """
    rng = np.random.default_rng(3)
    X = rng.standard_normal((3, 20)) / np.sqrt(20)
    Y = np.diag([3.0, 2.0, 1.0]) @ X + 0.05 * rng.standard_normal((3, 20))
    problem = Problem(X, Y)
    return problem, shrink_to_alpha(gaussian(WIDTHS, rng), problem, 0.5)


def run_at(step_size: float) -> Run:
    """Return the example's run at a step size."""
    problem, weights = example()
    # A slider asks for many runs of this one tuple of widths: compiling pays, "auto" cannot know.
    engine: Literal["compiled", "numpy"] = "compiled" if available() else "numpy"
    return descend(weights, problem, step_size, STEPS, engine=engine)


@lru_cache(maxsize=1)
def landmarks() -> dict[str, float]:
    """Return the step sizes to be marked: proved, 2 / λ_max reached, and where runs blow up.

    Returns
    -------
    dict of str to float
    """
    problem, weights = example()
    reached = descend(weights, problem, 0.02, 3000, record_every=3000).weights
    low, high = 0.01, 1.0
    for _ in range(12):  # bisection for the step size from which runs blow up
        middle = (low * high) ** 0.5
        if fails(weights, problem, middle, epochs=STEPS)[1]:
            high = middle
        else:
            low = middle
    return {
        "proved": float(convergence_bound(weights, problem).step_size),
        "2/λₘₐₓ": float(stability_limit(reached, problem)),
        "no minimum is stable": float(divergence_bound(problem, WIDTHS)),
        "blows up": high,
    }


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
    size=(6.4, 5.0),
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
    verdict = _verdict(run, floor)
    top.set_title(f"η = {step_size:.4g}: {verdict}", fontsize=11)
    draw_scale(bottom, marks, now=step_size, limits=(2e-4, 0.25))
    names = ", ".join(f"{name} {value:.2g}" for name, value in marks.items())
    return (
        f"Step size {step_size:.4g}: the run {verdict}. Its loss above the minimum against the "
        f"step, over a scale of step sizes with the marks {names}."
    )


def _verdict(run: Run, floor: float) -> str:
    if run.stop == Stop.DIVERGED:
        return f"blows up within {run.steps} steps"
    excess = run.losses - floor
    if (np.diff(run.losses[-100:]) > 1e-9).any():
        return "oscillates and settles nowhere"
    if excess[-1] < 1e-6:
        return f"within 10⁻⁶ of the minimum after {int(np.argmax(excess < 1e-6))} steps"
    return "on its way down, slowly"


@explorer(
    Slider(
        "fraction",
        "Step size in units of 2/λₘₐₓ",
        values=(0.1, 0.25, 0.5, 0.75, 0.9, 0.97, 1.0, 1.03, 1.1),
        value=0.97,
    ),
    question="What happens to a quadratic at the edge?",
    size=(6.4, 4.6),
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


def quadratic_path(fraction: float, steps: int = 40) -> Array:
    """Return x_{k+1} = x_k − η Q x_k from (−2.5, 1.5), with η = fraction · 2 / λ_max(Q).

    Parameters
    ----------
    fraction : float
    steps : int

    Returns
    -------
    (steps + 1, 2) array
    """
    eta = fraction * float(quadratic_limit(Q))
    points = [np.array([-2.5, 1.5])]
    for _ in range(steps):
        points.append(points[-1] - eta * Q @ points[-1])
    return np.stack(points)
