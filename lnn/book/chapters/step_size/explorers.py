"""Fixed step size, the theory: the quadratic that explains its edge."""

import numpy as np
from matplotlib.figure import Figure

from lnn.book.chapters.step_size.figures import draw_quadratic
from lnn.book.chapters.step_size.studies import Q, quadratic_path
from lnn.book.sliders.explorer import explorer
from lnn.book.sliders.parameters import Slider
from lnn.book.style import REFERENCE


@explorer(
    Slider(
        "fraction",
        "Step size in units of 2/μₘₐₓ",
        values=(0.1, 0.25, 0.5, 0.75, 0.9, 0.97, 1.0, 1.03, 1.1),
        value=0.97,
    ),
    question="What happens to a quadratic at the edge?",
    size=(5.6, 4.4),
)
def quadratic(figure: Figure, fraction: float) -> str:
    """Draw the path of gradient descent on a quadratic at a fraction of 2 / μ_max."""
    path = quadratic_path(fraction)
    ax = figure.subplots()
    outcome = "converges" if fraction < 1 else "flips for ever" if fraction == 1 else "runs away"
    draw_quadratic(ax, Q, path, title=f"η = {fraction:g} · 2/μₘₐₓ: {outcome}")
    ax.text(0.25, -0.3, "minimizer", color=REFERENCE)
    return (
        f"Contours of a quadratic with the path of gradient descent at {fraction:g} times two over "
        f"the largest eigenvalue: it {outcome}. After {len(path) - 1} steps it is "
        f"{float(np.linalg.norm(path[-1])):.2g} away from the minimizer."
    )
