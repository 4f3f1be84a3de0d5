"""Step sizes: runs at several of them, where the bounds lie, and distributions over networks."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from lnn._checks import Array
from lnn.book.drawing import label_powers
from lnn.book.style import LAYER_STYLES, MODE_COLOURS, MODE_MARKERS, REFERENCE, THEORY


def draw_runs(
    ax: Axes,
    steps: np.ndarray,
    losses: Array,
    labels: Sequence[str],
    *,
    ceiling: float | None = None,
    legend: bool = True,
) -> list[Artist]:
    """Draw the losses of several runs from the same start, one a step size.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    steps : (k,) array
    losses : (n, k) array
        inf where a run has diverged: its line ends there.
    labels : sequence of str
        One a run.
    ceiling : float, optional
        Values above it are not drawn: a line that leaves the axes has diverged.
    legend : bool

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    shades = np.linspace(0.0, 1.0, max(len(labels), 2))
    for i, (row, label) in enumerate(zip(losses, labels, strict=True)):
        seen = np.isfinite(row) if ceiling is None else row <= ceiling
        few = len(labels) <= len(MODE_COLOURS)
        colour = MODE_COLOURS[i] if few else _ramp(float(shades[i]))
        (line,) = ax.plot(
            steps[seen],
            row[seen],
            color=colour,
            linestyle=LAYER_STYLES[i % len(LAYER_STYLES)],
            linewidth=1.6,
            label=label,
        )
        artists.append(line)
    ax.set_yscale("log")
    ax.set_xlabel("step of gradient descent")
    ax.set_ylabel("loss  ‖Y − WX‖²")
    if legend:
        artists.append(ax.legend(title="step size η", handlelength=2.6))
    return artists


def _ramp(shade: float) -> tuple[float, float, float]:
    """From light blue to dark, by lightness alone."""
    light, dark = np.array([0.50, 0.73, 0.88]), np.array([0.02, 0.12, 0.25])
    r, g, b = (1 - shade) * light + shade * dark
    return (float(r), float(g), float(b))


def draw_scale(
    ax: Axes,
    marks: Mapping[str, float],
    *,
    now: float | None = None,
    limits: tuple[float, float] | None = None,
) -> list[Artist]:
    """Draw step sizes on one logarithmic axis, each mark with its name above it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    marks : mapping of str to float
    now : float, optional
        The step size of the run that is shown: a large dot.
    limits : (float, float), optional

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    ax.set_xscale("log")
    for level, (i, (name, value)) in zip(
        _levels(list(marks.values())), enumerate(marks.items()), strict=True
    ):
        colour = MODE_COLOURS[i % len(MODE_COLOURS)]
        artists.append(ax.vlines(value, 0.0, level - 0.08, color=colour, linewidth=1.6))
        artists.append(ax.text(value, level, name, color=colour, ha="center", va="bottom"))
    if now is not None:
        artists.extend(ax.plot(now, 0.0, "o", color="black", markersize=9, clip_on=False))
    ax.set_ylim(0, 3.0)
    if limits is not None:
        ax.set_xlim(*limits)
    label_powers(ax.xaxis)
    ax.yaxis.set_visible(False)
    ax.spines["left"].set_visible(False)
    ax.grid(False)
    ax.set_xlabel("step size η")
    return artists


def _levels(values: Sequence[float]) -> list[float]:
    """Heights of labels: marks in increasing order take turns on three levels."""
    order = np.argsort(np.argsort(values))
    return [0.5 + 0.85 * (int(place) % 3) for place in order]


def draw_quadratic(
    ax: Axes, Q: Array, path: Array, *, span: float = 3.0, title: str | None = None
) -> list[Artist]:
    """Draw contours of ½ xᵀ Q x and the path of gradient descent to its minimizer, the origin.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    Q : (2, 2) array
    path : (k, 2) array
    span : float
        Half the width of the window.
    title : str, optional

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    grid = np.linspace(-span, span, 61)
    x, y = np.meshgrid(grid, grid)
    points = np.stack([x, y], axis=-1)
    values = np.einsum("...i,ij,...j->...", points, Q, points) / 2
    levels = np.geomspace(values.max() / 300, values.max(), 8)
    contours = ax.contour(x, y, values, levels=levels, colors="#7a8794", linewidths=0.7)
    (line,) = ax.plot(path[:, 0], path[:, 1], "-o", color=MODE_COLOURS[0], markersize=3.5, lw=1.2)
    (end,) = ax.plot(0, 0, "*", color=THEORY, markersize=12)
    ax.set(xlim=(-span, span), ylim=(-span, span), xlabel="x₁", ylabel="x₂")
    ax.set_aspect("equal")
    ax.grid(False)
    if title:
        ax.set_title(title)
    return [contours, line, end]


def draw_orders(
    ax: Axes, step_sizes: Array, curves: Mapping[str, tuple[Array, float]], *, ylabel: str
) -> list[Artist]:
    """Draw quantities against the step size on logarithmic axes, each beside a line of its order.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    step_sizes : (n,) array
    curves : mapping of str to ((n,) array, float)
        Label, values, and the order: the slope of the line drawn through the last value.
    ylabel : str

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    for i, (label, (values, order)) in enumerate(curves.items()):
        colour = MODE_COLOURS[i]
        line = values[-1] * (step_sizes / step_sizes[-1]) ** order
        artists += ax.plot(step_sizes, line, color=REFERENCE, linewidth=1.0, linestyle="--")
        artists += ax.plot(
            step_sizes, values, color=colour, marker=MODE_MARKERS[i], linestyle="", label=label
        )
    ax.set(xscale="log", yscale="log", xlabel="step size η", ylabel=ylabel)
    artists.append(ax.legend())
    return artists


def draw_modes_over_time(
    ax: Axes, times: Array, simulated: Array, exact_times: Array, exact: Array
) -> list[Artist]:
    """Draw simulated modes as markers and their closed form as lines, one colour a mode.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    times : (k,) array
    simulated : (n, k) array
    exact_times : (l,) array
    exact : (n, l) array

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    for i, (points, curve) in enumerate(zip(simulated, exact, strict=True)):
        colour = MODE_COLOURS[i]
        artists += ax.plot(exact_times, curve, color=colour, linewidth=1.5, label=f"mode {i + 1}")
        artists += ax.plot(
            times, points, color=colour, marker=MODE_MARKERS[i], linestyle="", markersize=5
        )
    ax.set(xlabel="time t = η · step", ylabel="singular value of W")
    artists.append(ax.legend(loc="lower right"))
    return artists
