"""One hidden layer: fits through data, the loss around a spurious minimum, shares of success."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from lnn._checks import Array
from lnn.book.style import MODE_COLOURS, MODE_MARKERS, REFERENCE, SIMULATION, THEORY
from lnn.one_hidden_layer import SuccessRate

_STYLES = ("-", "--", "-.", ":")


def draw_fits(
    ax: Axes, x: Array, y: Array, grid: Array, curves: Mapping[str, Array]
) -> list[Artist]:
    """Draw samples and functions fitted to them, each function with its own colour and line style.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    x, y : (m,) arrays
        The samples.
    grid : (k,) array
        Where the functions are evaluated.
    curves : mapping of str to (k,) array
        Values on the grid by label.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    for index, (label, values) in enumerate(curves.items()):
        colour, style = MODE_COLOURS[index], _STYLES[index % len(_STYLES)]
        artists += ax.plot(grid, values, color=colour, linestyle=style, label=label)
    artists += ax.plot(x, y, "o", color="black", markersize=7, label="data", zorder=3)
    ax.set_xlabel("input x")
    ax.set_ylabel("output")
    ax.legend()
    return artists


def draw_profile(
    ax: Axes, radii: Array, rises: Array, *, certified: float | None = None
) -> list[Artist]:
    """Draw by how much the loss rises at a distance: range and median over random directions.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    radii : (k,) array
        Distances from the point.
    rises : (k, directions) array
        Loss minus the loss at the point.
    certified : float, optional
        Distance up to which a theorem says that no rise is negative.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    low, middle, high = np.percentile(rises, [0, 50, 100], axis=-1)
    artists: list[Artist] = [
        ax.fill_between(radii, low, high, color=SIMULATION, alpha=0.25, label="all directions")
    ]
    artists += ax.plot(radii, middle, color=SIMULATION, label="median direction")
    artists += ax.plot(radii, low, color=MODE_COLOURS[1], linestyle="--", label="lowest direction")
    if certified is not None:
        artists.append(
            ax.axvline(certified, color=REFERENCE, linestyle=":", label="proved up to here")
        )
    ax.set_xscale("log")
    # Linear below the least rise in sight, so that a fall would show as well.
    ax.set_yscale("symlog", linthresh=1e-8)
    ax.set_yticks([0, 1e-6, 1e-4, 1e-2, 1, 100])
    ax.set_ylim(min(-1e-8, 2 * float(low.min())), None)
    ax.axhline(0, color=REFERENCE, linewidth=0.8)
    ax.set_xlabel("distance from the minimum")
    ax.set_ylabel("rise of the loss")
    ax.legend(loc="lower left", bbox_to_anchor=(-0.02, 0.98), ncols=2)
    return artists


def draw_success(
    ax: Axes, positions: Sequence[float], rates: Mapping[str, SuccessRate]
) -> list[Artist]:
    """Draw shares of runs with their intervals against a parameter.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    positions : (k,) sequence of float
    rates : mapping of str to SuccessRate
        Rates of shape (k,) by label.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    for index, (label, share) in enumerate(rates.items()):
        colour, marker = MODE_COLOURS[index], MODE_MARKERS[index]
        style = _STYLES[index % len(_STYLES)]
        artists.append(
            ax.fill_between(positions, share.low, share.high, color=colour, alpha=0.2, linewidth=0)
        )
        artists += ax.plot(
            positions, share.rate, color=colour, marker=marker, linestyle=style, label=label
        )
    ax.set_ylim(-0.03, 1.03)
    ax.set_ylabel("share of runs that fit")
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 0.98), ncols=2)
    return artists


def draw_comparison(
    ax: Axes, groups: Sequence[str], rates: Mapping[str, SuccessRate]
) -> list[Artist]:
    """Draw shares with intervals as points in rows: one group of rows a start, one row a method.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    groups : (k,) sequence of str
        From top to bottom.
    rates : mapping of str to SuccessRate
        Rates of shape (k,) by method.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Any] = []
    offsets = np.linspace(-0.24, 0.24, len(rates))
    for index, (label, share) in enumerate(rates.items()):
        spread = np.stack([share.rate - share.low, share.high - share.rate])
        artists.append(
            ax.errorbar(
                share.rate,
                np.arange(len(groups)) + offsets[index],
                xerr=np.maximum(spread, 0),
                fmt=MODE_MARKERS[index],
                color=MODE_COLOURS[index],
                capsize=3,
                label=label,
            )
        )
    ax.set_yticks(np.arange(len(groups)), list(groups))
    ax.set_ylim(len(groups) - 0.5, -0.5)
    ax.set_xlim(-0.03, 1.03)
    ax.set_xlabel("share of runs that reach the global minimum")
    ax.legend(loc="lower center", bbox_to_anchor=(0.3, 0.98), ncols=3, columnspacing=0.8)
    return artists


def draw_outcomes(
    axes: Sequence[Axes], x: Array, y: Array, grid: Array, curves: Mapping[str, Array]
) -> list[Artist]:
    """Draw what each of several runs ended with, one small picture a function.

    Parameters
    ----------
    axes : sequence of matplotlib.axes.Axes
        As many as there are functions.
    x, y : (m,) arrays
        The samples.
    grid : (k,) array
        Where the functions are evaluated.
    curves : mapping of str to (k,) array
        Values on the grid by title.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    for ax, (title, values) in zip(axes, curves.items(), strict=True):
        artists += ax.plot(grid, values, color=SIMULATION)
        artists += ax.plot(x, y, "o", color="black", markersize=5, zorder=3)
        ax.set_title(title)
        ax.set(xticks=[0, 2, 4], yticks=[0, 1, 2, 3], ylim=(-0.4, 3.4))
        ax.label_outer()
    return artists


def draw_tiles(
    ax: Axes, tiles: np.ndarray, x: Array, points: Mapping[str, Array], *, alpha: float = 0.7
) -> list[Artist]:
    """Draw the tiles of one ReLU: the plane of its weight and bias, by the samples that it sees.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    tiles : (k, k) array of int
        Active samples; weights from −2 to 2 along columns, biases from −5 to 5 along rows.
    x : (m,) array
        Samples: the lines w x + b = 0 are the seams.
    points : mapping of str to (2,) array
        Units to mark, (w, b).
    alpha : float
        Of the tiles' shade.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    picture = ax.imshow(
        tiles, origin="lower", extent=(-2, 2, -5, 5), aspect="auto", cmap="Blues", alpha=alpha,
        interpolation="nearest",
    )  # fmt: skip
    artists: list[Artist] = [picture]
    w = np.array([-2.0, 2.0])
    for sample in x:
        artists += ax.plot(w, -sample * w, color=REFERENCE, linewidth=1.2)
    for index, (label, point) in enumerate(points.items()):
        artists += ax.plot(
            *point,
            MODE_MARKERS[index],
            color="black",
            markersize=8,
            markerfacecolor="white",
            zorder=4,
        )
        artists.append(
            ax.annotate(
                label,
                (point[0], point[1]),
                xytext=(9, 7) if point[0] > 0 else (-9, 7),
                ha="left" if point[0] > 0 else "right",
                textcoords="offset points",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5, "alpha": 0.85},
            )
        )
    ax.set(xlim=(-2, 2), ylim=(-5, 5), xlabel="weight w of the unit", ylabel="bias b")
    ax.grid(False)
    bar = ax.figure.colorbar(picture, ax=ax, ticks=range(len(x) + 1))
    bar.set_label("samples on which it is active")
    return artists


def draw_seam_names(ax: Axes, x: Array) -> list[Artist]:
    """Write at the left edge of a picture of tiles which sample each seam belongs to.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        With its limits set: the seams w x + b = 0 are named where w < 0.
    x : (m,) array
        Samples, none of them negative.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    left, top = ax.get_xlim()[0], ax.get_ylim()[1]
    artists: list[Artist] = []
    for index, sample in enumerate(x):
        # Every other name stands nearer to the middle, so that steep seams leave room for them.
        share = (0.88, 0.45)[index % 2]
        w = max(share * left, -share * top / sample) if sample > 0 else share * left
        artists.append(
            ax.text(
                w,
                -sample * w,
                f"x={sample:g}",
                ha="center",
                va="center",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.85},
            )
        )
    return artists


def draw_way(ax: Axes, begin: Array, end: Array) -> Artist:
    """Draw an arrow over the tiles: the straight way of one unit.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    begin, end : (2,) arrays
        The unit's (w, b) at both ends.

    Returns
    -------
    matplotlib.artist.Artist
    """
    return ax.annotate(
        "",
        (end[0], end[1]),
        xytext=(begin[0], begin[1]),
        arrowprops={
            "arrowstyle": "->",
            "color": THEORY,
            "linewidth": 2.2,
            "shrinkA": 6,
            "shrinkB": 6,
        },
    )


def draw_walk(ax: Axes, tiles: np.ndarray, x: Array, paths: Mapping[str, Array]) -> list[Artist]:
    """Draw how units wander over the tiles, each from a small mark to a labelled one.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    tiles : (k, k) array of int
        As for `draw_tiles`.
    x : (m,) array
        Samples.
    paths : mapping of str to (steps, 2) array
        The (w, b) of each unit along the run.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    ends = {name: path[-1] for name, path in paths.items()}
    artists = draw_tiles(ax, tiles, x, ends, alpha=0.3)
    for index, path in enumerate(paths.values()):
        colour, style = MODE_COLOURS[1 + index], _STYLES[index]
        artists += ax.plot(*path.T, style, color=colour, linewidth=1.3)
        artists += ax.plot(*path[0], "o", color=colour, markersize=9, mec="black", zorder=3)
    ax.set(xlim=(-1, 2), ylim=(-2, 4))
    return artists + draw_seam_names(ax, x)


_FATES = ("fits: loss 0", "below the line's loss", "at the line", "above it, or gone")


def draw_fates(ax: Axes, durations: Sequence[int], ends: np.ndarray) -> list[Artist]:
    """Draw where runs settle against the number of noisy steps, shares stacked to one.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    durations : (k,) sequence of int
    ends : (k, runs) array of int
        0 fits, 1 lower, 2 at the line, 3 and 4 higher or gone.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    shares = [(np.minimum(ends, 3) == k).mean(axis=-1) for k in range(4)]
    areas = ax.stackplot(durations, *shares, labels=_FATES, colors=MODE_COLOURS[:4], alpha=0.75)
    for area, hatch in zip(areas, ("", "//", "..", "xx"), strict=True):
        area.set_hatch(hatch)  # a sequence for the plot itself is new in Matplotlib 3.9
    artists: list[Artist] = list(areas)
    ax.set_xscale("log")
    ax.set(xlim=(durations[0], durations[-1]), ylim=(0, 1))
    ax.set_xlabel("noisy steps")
    ax.set_ylabel("share of runs")
    artists.append(ax.legend(loc="lower left", bbox_to_anchor=(-0.05, 0.98), ncols=2))
    return artists


def draw_exit_times(
    ax: Axes, heat: Array, times: Mapping[str, Array], slope: float, exponential: Array
) -> list[Artist]:
    """Draw median exit times against 1 / (η ν²), with a random walk's law and an exponential one.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    heat : (methods, k) array
        1 / (η ν²).
    times : mapping of str to (k,) arrays
        η times the median number of steps, by label.
    slope : float
        Time per unit of the axis, for the guide of the random walk.
    exponential : (2, 2) array
        Two points (1 / (η ν²), time), one a row, that fix the exponential law.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    for row, (label, values) in enumerate(times.items()):
        artists += ax.loglog(
            heat[row], values, MODE_MARKERS[row], color=MODE_COLOURS[row], label=label
        )
    first, last = 1.0, 200.0
    ends = np.array([first, last])
    artists += ax.loglog(ends, slope * ends, "--", color=THEORY, label="random walk: slope 1")
    limits = ax.get_ylim()
    (x0, y0), (x1, y1) = exponential
    along = np.geomspace(first, last, 100)
    law = y0 * np.exp(np.log(y1 / y0) * (along - x0) / (x1 - x0))
    artists += ax.loglog(along, law, ":", color=REFERENCE, label="exponential law")
    ax.set_ylim(limits[0], 3 * limits[1])
    ax.set_xlabel("1 / (η ν²):  more noise ←   → less noise")
    ax.set_ylabel("η × median steps until exit")
    ax.legend(loc="upper left")
    return artists
