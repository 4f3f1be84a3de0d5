"""Linear networks and their loss: one line through parameter space, seen through derivatives."""

import numpy as np
from matplotlib.figure import Figure

from lnn.book.chapters.linear_networks.studies import derivatives, diagonal, verdict
from lnn.book.sliders.explorer import explorer
from lnn.book.sliders.parameters import Slider
from lnn.book.valley import draw_profile
from lnn.objective import loss
from lnn.problem import Problem


@explorer(
    Slider(
        "position", "Position t", values=(-1.2, -1.0, -0.5, 0.0, 0.25, 0.5, 0.75, 1.0), value=0.0
    ),
    Slider("depth", "Depth N", values=range(1, 5), value=3),
    question="What do gradient and Hessian know about the landscape?",
)
def line(figure: Figure, position: float, depth: int) -> str:
    """Draw (t^N − 1)² with tangent and parabola at one position, and name the kind of point."""
    t = np.linspace(-1.6, 1.6, 241)
    losses = loss(diagonal(t, depth), Problem([[1.0]], [[1.0]]))
    slope, curvature, eigenvalues = derivatives(position, depth)
    value = float((position**depth - 1) ** 2)
    ax = figure.subplots()
    draw_profile(ax, t, losses, here=position, slope=slope, curvature=curvature)
    ax.set_ylim(-1.3, 5)
    kind = verdict(slope, eigenvalues, value)
    shown = ", ".join(f"{e + 0.0:.3g}" for e in eigenvalues.round(9))
    figure.subplots_adjust(top=0.85)
    ax.set_title(f"{kind}\neigenvalues of the Hessian: {shown}")
    return (
        f"Loss (t^{depth} - 1)^2 on the line w_1 = ... = w_N = t. At t = {position:g} it is "
        f"{value:.3g}, its slope {slope:.3g}, its curvature {curvature:.3g}; the Hessian has the "
        f"eigenvalues {shown}: {kind}."
    )
