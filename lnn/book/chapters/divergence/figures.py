"""Large step sizes: bounds on one axis, the sharpness of a run, a run that bounces."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from lnn._checks import Array
from lnn.book.style import MODE_COLOURS, REFERENCE, SIMULATION, THEORY
from lnn.book.valley import LEVELS, draw_landscape

# Name, colour and marker of each kind of step size, in increasing order.
KINDS = {
    "convergence bound": (MODE_COLOURS[2], "s"),
    "proved along the run": (MODE_COLOURS[3], "^"),
    "observed edge": (SIMULATION, "o"),
    "divergence bound": (THEORY, "|"),
}


def draw_bounds(
    ax: Axes, samples: Mapping[str, Array], *, height: float = 0.0, label: bool = True
) -> list[Artist]:
    """Draw the spread of several kinds of step size at one height of a logarithmic axis.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    samples : mapping of str to (k,) array
        Keys among `KINDS`; values, relative to the divergence bound of the same problem. nan is
        left out.
    height : float
        Where to draw; kinds are spread a little around it.
    label : bool
        Whether to give the kinds to the legend.

    Returns
    -------
    list of matplotlib.artist.Artist
        A marker at the median, a thin line from the 5th to the 95th percentile.
    """
    artists: list[Artist] = []
    for place, (name, (colour, marker)) in enumerate(KINDS.items()):
        values = np.asarray(samples.get(name, []), dtype=np.float64)
        values = values[np.isfinite(values)]
        if values.size == 0:
            continue
        y = height + 0.16 * (1.5 - place)
        low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
        (line,) = ax.plot([low, high], [y, y], color=colour, linewidth=1.6)
        (point,) = ax.plot(
            middle,
            y,
            marker=marker,
            markersize=13 if marker == "|" else 7,
            markeredgewidth=2.5 if marker == "|" else 1,
            color=colour,
            linestyle="none",
            label=name if label else None,
        )
        artists += [line, point]
    ax.set_xscale("log")
    return artists


def draw_bound_rows(
    ax: Axes, rows: Sequence[Mapping[str, Array]], names: Sequence[str]
) -> list[Artist]:
    """Draw `draw_bounds` for several networks, one below the other, the first on top.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    rows : sequence of mappings of str to (k,) array
    names : sequence of str
        One per row, such as "5-2-2-5".

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    heights = range(len(rows) - 1, -1, -1)
    artists.append(ax.axvline(1.0, color=REFERENCE, linewidth=1.0, zorder=0))
    for samples, height in zip(rows, heights, strict=True):
        artists += draw_bounds(ax, samples, height=height, label=height == 0)
    ax.set_yticks(list(heights), list(names))
    ax.set_ylim(-0.6, len(rows) - 0.4)
    ax.grid(axis="y", visible=False)
    ax.set_xlabel("step size / divergence bound")
    return artists


def draw_sharpness(
    ax: Axes, steps: np.ndarray, sharpness: Array, limit: float, *, least: float | None = None
) -> list[Artist]:
    """Draw the sharpness of a run against the largest that its step size tolerates, 2/η.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    steps, sharpness : (k,) arrays
    limit : float
        2/η.
    least : float, optional
        The least sharpness of any global minimizer.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    (line,) = ax.plot(steps, sharpness, color=SIMULATION, linewidth=1.4, label="run")
    artists: list[Artist] = [line]
    artists.append(ax.axhline(limit, color=THEORY, linestyle="--", label="2/η"))
    if least is not None:
        label = "least possible"
        artists.append(ax.axhline(least, color=REFERENCE, linestyle=":", label=label))
    top = max(limit, float(sharpness.max()), least or 0.0)
    ax.set_ylim(0, 1.45 * top)
    ax.set_xlim(0, float(steps[-1]))
    artists.append(ax.legend(loc="upper right", ncols=3, handlelength=1.4, columnspacing=1.2))
    ax.set_xlabel("step of gradient descent")
    ax.set_ylabel("sharpness")
    return artists


def draw_bounce(
    ax: Axes, path: Array, stable: tuple[float, float], *, target: float = 1.0
) -> list[Artist]:
    """Draw a run in the valley of two weights that bounces along it to a flatter place.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    path : (k, 2) array
        (w_1, w_2).
    stable : (float, float)
        Least and largest w_1 of the minimizers that are flat enough.
    target : float

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    axis = np.linspace(0.3, 2.7, 161), np.linspace(-0.35, 1.6, 161)
    w1, w2 = np.meshgrid(*axis)
    artists = draw_landscape(ax, *axis, (w2 * w1 - target) ** 2, levels=LEVELS[:7])
    branch = np.linspace(0.5, 2.7, 200)
    artists += ax.plot(branch, target / branch, color=REFERENCE, linewidth=1.2, label="minimizers")
    arc = np.linspace(*stable, 80)
    artists += ax.plot(arc, target / arc, color=THEORY, linewidth=6, alpha=0.6, label="flat enough")
    artists += ax.plot(
        path[:, 0], path[:, 1], "o-", color=SIMULATION, markersize=4, linewidth=1.0, label="run"
    )
    ax.set(xlim=(0.3, 2.7), ylim=(-0.35, 1.6))
    artists.append(ax.legend(loc="upper right"))
    return artists


def draw_narrow(
    ax: Axes, sizes: Array, sharpness: Array, least: float, bound: float
) -> list[Artist]:
    """Draw the sharpness of a one-parameter family of minimizers, its least, and a lower bound.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    sizes : (k,) array
        c².
    sharpness : (k,) array
    least, bound : float

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    artists += ax.plot(sizes, sharpness, color=SIMULATION, label="all minimizers")
    artists.append(ax.axhline(least, color=THEORY, linestyle="--", label="least, by the formula"))
    artists.append(ax.axhline(bound, color=REFERENCE, linestyle=":", label="without the lost mode"))
    ax.set(xscale="log", xlabel="c²", ylabel="sharpness", ylim=(0, 3.6 * least))
    artists.append(ax.legend(loc="upper left"))
    return artists
