"""Linear networks and their loss: one line through parameter space, seen through derivatives."""

import numpy as np
from matplotlib.figure import Figure

from lnn._checks import Array, Weights
from lnn.figures.scalar_chain import draw_profile
from lnn.loss import gradient, hessian, loss
from lnn.networks import flatten
from lnn.problems import Problem
from lnn.widgets import Slider, explorer


def diagonal(position: Array, depth: int) -> Weights:
    """Return the chains of `depth` scalar weights that all have the same value.

    Parameters
    ----------
    position : (...) array
    depth : int

    Returns
    -------
    tuple of (..., 1, 1) arrays
    """
    return (np.asarray(position, dtype=np.float64)[..., None, None],) * depth


def derivatives(position: float, depth: int) -> tuple[float, float, Array]:
    """Return slope and curvature of L along the diagonal, and the Hessian's eigenvalues.

    Parameters
    ----------
    position : float
    depth : int

    Returns
    -------
    slope : float
        ∇Lᵀ (1, ..., 1).
    curvature : float
        (1, ..., 1)ᵀ ∇²L (1, ..., 1).
    eigenvalues : (depth,) array
    """
    problem, weights = Problem([[1.0]], [[1.0]]), diagonal(np.array(position), depth)
    second = hessian(weights, problem)
    return (
        float(flatten(gradient(weights, problem)).sum()),
        float(second.sum()),
        np.asarray(np.linalg.eigvalsh(second)),
    )


def verdict(slope: float, eigenvalues: Array, value: float) -> str:
    """Say in words what gradient and Hessian tell about a point of the diagonal."""
    if abs(slope) > 1e-9:
        return "not critical"
    if value < 1e-12:
        return "critical: a global minimum"
    if eigenvalues[0] < -1e-9:
        return "critical: a strict saddle"
    return "critical, but the Hessian cannot tell of what kind"


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
    ax.set_title(f"{kind}\neigenvalues of the Hessian: {shown}", fontsize=11)
    return (
        f"Loss (t^{depth} - 1)^2 on the line w_1 = ... = w_N = t. At t = {position:g} it is "
        f"{value:.3g}, its slope {slope:.3g}, its curvature {curvature:.3g}; the Hessian has the "
        f"eigenvalues {shown}: {kind}."
    )
