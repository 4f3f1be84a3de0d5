"""The landing page: walk down the staircase."""

from functools import lru_cache

import numpy as np
from matplotlib.figure import Figure

from lnn._checks import Weights
from lnn.descent import Run, descend
from lnn.figures.runs import draw_loss, draw_modes, draw_plateaus
from lnn.figures.style import THEORY
from lnn.initial import gaussian
from lnn.networks import product
from lnn.problems import Problem, saddle_problem
from lnn.widgets import Slider, explorer

STEP_SIZE = 1e-5
STEPS = 4000
STRIDE = 200


@lru_cache(maxsize=1)
def staircase_start() -> tuple[Problem, Weights]:
    """Return the data of the report's section 4 and the small random weights of the first page.

    Returns
    -------
    problem : Problem
    weights : tuple of arrays
        Widths (5, 4, 4, 5), entries N(0, 0.01²).
    """
    rng = np.random.default_rng(1)
    problem = saddle_problem(rng)
    return problem, gaussian((5, 4, 4, 5), rng, std=0.01)


@lru_cache(maxsize=1)
def _run() -> Run:
    problem, weights = staircase_start()
    return descend(weights, problem, STEP_SIZE, STEPS)


@lru_cache(maxsize=STEPS // STRIDE + 1)
def _weights_at(step: int) -> Weights:
    """Weights after `step` steps, reached from the nearest stride before."""
    problem, weights = staircase_start()
    if step == 0:
        return weights
    before = (step - 1) // STRIDE * STRIDE
    return descend(_weights_at(before), problem, STEP_SIZE, step - before).weights


@explorer(
    Slider("step", "Step of gradient descent", values=range(0, STEPS + 1, STRIDE), value=1200),
    question="What has the network learned when it rests on a plateau?",
    size=(5.6, 5.0),
)
def staircase(figure: Figure, step: int) -> str:
    """Draw the loss curve with a marker at `step`, and the singular modes learned by then."""
    problem, run = staircase_start()[0], _run()
    top, bottom = figure.subplots(2, 1, height_ratios=(3, 2))
    figure.subplots_adjust(hspace=0.45, bottom=0.12)
    draw_loss(top, run.recorded, run.losses)
    draw_plateaus(top, [float(problem.floor(rank)) for rank in range(5)])
    top.plot(step, run.losses[step], "o", color=THEORY, markersize=10, zorder=5)
    learned = np.linalg.svd(product(_weights_at(step)), compute_uv=False)
    targets = np.linalg.svd(problem.least_squares, compute_uv=False)
    draw_modes(bottom, learned, targets)
    count = int((learned > targets / 2).sum())
    return (
        f"After {step} steps the loss is {run.losses[step]:.3g}, and the network has learned "
        f"{count} of the 5 singular modes of the data: the singular values of its map are "
        f"{', '.join(f'{value:.2f}' for value in learned)}."
    )
