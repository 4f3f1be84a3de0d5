"""Two scalar weights in a row: the loss (w₂ w₁ − t)² over the plane, its minima and its saddle."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from lnn._checks import Array
from lnn.book.style import MODE_COLOURS, REFERENCE, THEORY, label_line

LEVELS = (0.02, 0.1, 0.3, 0.6, 1.0, 1.6, 2.5, 4.0, 7.0, 12.0)
"""Contours of the loss with target 1; the one through the saddle is at 1."""


def draw_landscape(
    ax: Axes, w1: Array, w2: Array, losses: Array, *, levels: Sequence[float] = LEVELS
) -> list[Artist]:
    """Draw contours of the loss over the plane (w₁, w₂), darker where it is low.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    w1, w2 : (p,) and (q,) arrays
        The grid.
    losses : (q, p) array
        Loss at (w1[j], w2[i]).
    levels : sequence of float

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    bounds = [0.0, *levels]
    filled = ax.contourf(w1, w2, losses, levels=bounds, cmap="Blues_r", alpha=0.55, extend="max")
    lines = ax.contour(w1, w2, losses, levels=list(levels), colors="#7a8794", linewidths=0.6)
    ax.set_aspect("equal")
    ax.grid(False)
    ax.set_xlabel("w₁")
    ax.set_ylabel("w₂")
    return [filled, lines]


def draw_critical_points(ax: Axes, *, target: float = 1.0, label: bool = True) -> list[Artist]:
    """Draw the two branches of minima, w₂ w₁ = target > 0, and the saddle at the origin.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Its limits are kept.
    target : float
    label : bool
        Write "minima" and "saddle" beside them.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    left, right = ax.get_xlim()
    bottom, top = ax.get_ylim()
    artists: list[Artist] = []
    for sign, reach in ((1.0, (right, top)), (-1.0, (-left, -bottom))):
        branch = sign * np.geomspace(target / reach[1], reach[0], 200)
        artists += ax.plot(branch, target / branch, color=THEORY, linewidth=2.5)
    artists += ax.plot(0, 0, "X", color="black", markersize=10)
    if label:
        root = np.sqrt(target)
        artists.append(label_line(ax, 1.15 * root, 1.15 * root, "minima", THEORY))
        artists.append(label_line(ax, 0.12, -0.22, "saddle", "black"))
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)
    return artists


def draw_paths(ax: Axes, paths: Array, *, colour: str = MODE_COLOURS[3]) -> list[Artist]:
    """Draw paths through the plane, a dot where each starts and a triangle where it ends.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    paths : (n, k, 2) array
        n paths of k points (w₁, w₂).
    colour : str

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    for path in paths:
        artists += ax.plot(path[:, 0], path[:, 1], color=colour, linewidth=1.5)
        artists += ax.plot(*path[0], "o", color=colour, markersize=5)
        artists += ax.plot(*path[-1], "v", color=colour, markersize=7, zorder=4)
    return artists


def draw_profile(
    ax: Axes, position: Array, losses: Array, *, here: float, slope: float, curvature: float
) -> list[Artist]:
    """Draw the loss along a line, with its tangent and its osculating parabola at one position.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    position, losses : (k,) arrays
    here : float
        Where tangent and parabola touch.
    slope, curvature : float
        First and second derivative of the loss along the line, there.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    value = float(np.interp(here, position, losses))
    near = np.linspace(here - 0.6, here + 0.6, 61)
    offset = near - here
    artists: list[Artist] = []
    artists += ax.plot(position, losses, label="loss")
    artists += ax.plot(
        near, value + slope * offset, color=REFERENCE, linestyle="--", label="tangent"
    )
    parabola = value + slope * offset + curvature * offset**2 / 2
    artists += ax.plot(near, parabola, color=THEORY, linestyle="-.", label="parabola")
    artists += ax.plot(here, value, "o", color="black", markersize=7, zorder=5)
    ax.set_xlabel("position on the line")
    ax.set_ylabel("loss")
    ax.legend(ncols=3, loc="lower center", columnspacing=1.0, handlelength=1.8)
    return artists
