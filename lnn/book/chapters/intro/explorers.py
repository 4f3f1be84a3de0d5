"""The landing page: walk down the staircase."""

import numpy as np
from matplotlib.figure import Figure

from lnn.book.chapters.intro.studies import (
    STEPS,
    STRIDE,
    staircase_run,
    staircase_start,
    weights_at,
)
from lnn.book.drawing import draw_loss, draw_modes, draw_plateaus
from lnn.book.sliders.explorer import explorer
from lnn.book.sliders.parameters import Slider
from lnn.book.style import THEORY
from lnn.network import product


@explorer(
    Slider("step", "Step of gradient descent", values=range(0, STEPS + 1, STRIDE), value=1200),
    question="What has the network learned when it rests on a plateau?",
    size=(5.6, 5.0),
)
def staircase(figure: Figure, step: int) -> str:
    """Draw the loss curve with a marker at `step`, and the singular modes learned by then."""
    problem, run = staircase_start()[0], staircase_run()
    top, bottom = figure.subplots(2, 1, height_ratios=(3, 2))
    figure.subplots_adjust(hspace=0.45, bottom=0.12)
    draw_loss(top, run.recorded, run.losses)
    draw_plateaus(top, [float(problem.floor(rank)) for rank in range(5)])
    top.plot(step, run.losses[step], "o", color=THEORY, markersize=10, zorder=5)
    learned = np.linalg.svd(product(weights_at(step)), compute_uv=False)
    targets = np.linalg.svd(problem.least_squares, compute_uv=False)
    draw_modes(bottom, learned, targets)
    count = int((learned > targets / 2).sum())
    return (
        f"After {step} steps the loss is {run.losses[step]:.3g}, and the network has learned "
        f"{count} of the 5 singular modes of the data: the singular values of its map are "
        f"{', '.join(f'{value:.2f}' for value in learned)}."
    )
