"""Large step sizes: counts of runs that arrive, the sharpness of a run, a run that bounces."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import NullFormatter

from lnn._checks import Array
from lnn.book.style import MODE_COLOURS, MODE_MARKERS, REFERENCE, SIMULATION, THEORY
from lnn.book.valley import LEVELS, draw_landscape


def draw_intervals(ax: Axes, rows: Sequence[Array]) -> list[Artist]:
    """Draw the spread of a step size for several networks, one below the other, against 1.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    rows : sequence of (k,) arrays
        Step sizes relative to the divergence bound; the first row is drawn on top.

    Returns
    -------
    list of matplotlib.artist.Artist
        A marker at the median, a line from the 5th to the 95th percentile.
    """
    colour = MODE_COLOURS[2]
    artists: list[Artist] = [ax.axvline(1.0, color=THEORY, linewidth=2.5)]
    for row, values in enumerate(rows):
        low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
        artists += ax.plot([low, high], [row, row], color=colour, linewidth=1.6)
        artists += ax.plot(middle, row, "s", color=colour, markersize=6)
    ax.set(xscale="log", xlim=(2e-3, 2), ylim=(len(rows) - 0.5, -0.5))
    ax.set_xticks([0.01, 0.1, 1], ["0.01", "0.1", "1"], rotation=90)
    ax.grid(axis="y", visible=False)
    return artists


def draw_counts(ax: Axes, ratios: Array, counts: np.ndarray, of: int) -> list[Artist]:
    """Draw how many runs of `of` did something, one row per network and one column per step size.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    ratios : (k,) array
        Step sizes relative to the divergence bound, in increasing order; a line is drawn where
        they pass 1.
    counts : (rows, k) array of int
        A row of zeros up to the bound is one for which there is nothing to count: a dash.
    of : int

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    fill = LinearSegmentedColormap.from_list("counts", ["white", SIMULATION])
    shares = 0.55 * counts / of  # black digits stay legible
    artists: list[Artist] = [ax.imshow(shares, cmap=fill, vmin=0, vmax=1, aspect="auto")]
    below = ratios < 1
    for row, line in enumerate(counts):
        for column, count in enumerate(line):
            text = str(count) if line[below].any() else "–"
            artists.append(ax.text(column, row, text, ha="center", va="center", fontsize=12.4))
    if not below.all():
        artists.append(ax.axvline(below.sum() - 0.5, color=THEORY, linewidth=2.5))
    ax.set_xticks(range(len(ratios)), label_ratios(ratios), rotation=90)
    ax.tick_params(length=0)
    ax.grid(visible=False)
    return artists


def label_ratios(ratios: Array) -> list[str]:
    """Return the step sizes of a study as short labels, such as 0.48."""
    return [f"{ratio:.2f}".rstrip("0") for ratio in ratios]


def draw_arrivals(
    ax: Axes, ratios: Array, arrived: np.ndarray, proved: np.ndarray, of: int
) -> list[Artist]:
    """Draw how many runs of one network arrived, and how many of them are proved to.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    ratios : (k,) array
        Step sizes relative to the divergence bound; a line is drawn where they pass 1.
    arrived, proved : (k,) arrays of int
        Bars and markers; no markers if nothing is proved.
    of : int

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    places = np.arange(len(ratios))
    artists: list[Artist] = [*ax.bar(places, arrived, color=SIMULATION, alpha=0.55, label="arrive")]
    if (some := proved > 0).any():
        look: dict[str, Any] = {"color": MODE_COLOURS[3], "markersize": 7, "label": "are proved to"}
        artists += ax.plot(places[some], proved[some], "^", **look)
    edge = float((ratios < 1).sum()) - 0.5
    artists.append(ax.axvline(edge, color=THEORY, linewidth=2.5, label="divergence bound"))
    ax.set_xticks(places, label_ratios(ratios), rotation=90)
    ax.set(xlim=(-0.6, len(ratios) - 0.4), ylim=(0, 1.06 * of), yticks=range(0, of + 1, 6))
    ax.grid(axis="x", visible=False)
    ax.set(xlabel="step size / divergence bound", ylabel=f"runs, of {of}")
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
    ax.set_ylim(0, 1.1 * top)
    ax.set_xlim(0, float(steps[-1]))
    above: dict[str, Any] = {
        "loc": "lower right",
        "bbox_to_anchor": (1.0, 0.97),
        "borderaxespad": 0.0,
    }
    artists.append(ax.legend(ncols=3, handlelength=1.4, columnspacing=1.2, **above))
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
        path[:, 0], path[:, 1], "o-", color=SIMULATION, markersize=3, linewidth=1.0, label="run"
    )
    for step in range(5, min(len(path), 11)):  # while the jumps are wide
        low = path[step, 0] * path[step, 1] < target
        side: dict[str, Any] = {"xytext": (0, -5 if low else 4), "va": "top" if low else "bottom"}
        side |= {"textcoords": "offset points", "ha": "center", "fontsize": 11}
        artists.append(ax.annotate(str(step), tuple(path[step]), **side))
    marks: dict[str, Any] = {
        "color": SIMULATION,
        "markeredgecolor": "white",
        "linestyle": "none",
        "zorder": 4,
    }
    for place, marker, name in ((0, "o", "start"), (-1, "^", "end")):
        artists += ax.plot(*path[place], marker, markersize=10, label=name, **marks)
    ax.set(xlim=(1.0, 2.6), ylim=(-0.15, 1.4))
    artists.append(ax.legend(loc="upper right", ncols=2, columnspacing=1.2))
    return artists


def draw_layers(ax: Axes, weights: Sequence[Array]) -> list[Artist]:
    """Draw the singular values of every layer, the k-th of each layer joined by a line.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    weights : sequence of (d_j, d_{j-1}) arrays
        Layers with equally many singular values, at most six.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    values = np.array([np.linalg.svd(layer, compute_uv=False) for layer in weights])
    layers = np.arange(1, len(values) + 1)
    artists: list[Artist] = []
    for k, mode in enumerate(values.T):
        look: dict[str, Any] = {"color": MODE_COLOURS[k], "marker": MODE_MARKERS[k]}
        artists += ax.plot(layers, mode, linewidth=1.2, markersize=6, **look)
    ax.set(xlim=(layers[0] - 0.3, layers[-1] + 0.3), xlabel="layer")
    ax.set_xticks(layers)
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
    flattest = sizes[np.argmin(sharpness)]
    artists += ax.plot(flattest, least, "o", color=THEORY, markersize=9)
    look: dict[str, Any] = {"color": THEORY, "ha": "center", "va": "bottom"}
    artists.append(ax.text(flattest, 1.12 * least, f"c² = {flattest:.2g}", **look))
    ax.set(xscale="log", xlabel="c²", ylabel="sharpness", ylim=(0, 3.6 * least))
    ticks = [0.1, 0.2, 0.5, 1, 2]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.xaxis.set_minor_formatter(NullFormatter())
    artists.append(ax.legend(loc="upper left"))
    return artists


def draw_proved_steps(ax: Axes, errors: Array, proved: Array, limit: float) -> list[Artist]:
    """Draw the step size that is proved at weights against their error, large errors first.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    errors, proved : (k,) arrays
        e, and the trapping bound there; 0 where nothing is proved.
    limit : float
        2/μ_max of the minimizer ahead.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = [*ax.plot(errors, proved, color=SIMULATION, label="proved to arrive")]
    name = "limit of the minimizer"
    artists.append(ax.axhline(limit, color=THEORY, linestyle="--", label=name))
    ax.set(xscale="log", xlim=(errors.max(), errors.min()), ylim=(0, 1.5 * limit))
    ticks = [0.001, 0.01, 0.1, 1]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set(xlabel="error e of the weights", ylabel="step size")
    artists.append(ax.legend(loc="upper left"))
    return artists
