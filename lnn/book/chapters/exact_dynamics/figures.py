"""Exact dynamics: modes against time, theory drawn over simulation; escape times."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from lnn._checks import Array
from lnn.book.style import LAYER_STYLES, MODE_COLOURS, MODE_MARKERS, REFERENCE, SIMULATION, THEORY


def draw_mode_curves(
    ax: Axes,
    times: Array,
    theory: Array,
    *,
    seen_times: Array | None = None,
    seen: Array | None = None,
    targets: Array | None = None,
    every: int = 1,
) -> list[Artist]:
    """Draw modes against time: theory as lines, simulation as markers, one colour per mode.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    times : (k,) array
    theory : (modes, k) array
        p_i(t).
    seen_times : (j,) array, optional
    seen : (j, modes) array, optional
        u_iᵀ W v_i of a simulation.
    targets : (modes,) array, optional
        s_i, as dotted lines.
    every : int
        Draw only each so-manyth marker.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    for mode, curve in enumerate(theory):
        colour = MODE_COLOURS[mode]
        (line,) = ax.plot(times, curve, color=colour, zorder=3)
        artists.append(line)
        if targets is not None:
            artists.append(ax.axhline(targets[mode], color=colour, linestyle=":", linewidth=1))
        if seen is not None and seen_times is not None:
            (points,) = ax.plot(
                seen_times[::every],
                seen[::every, mode],
                MODE_MARKERS[mode],
                color=colour,
                markerfacecolor="white",
                markersize=5,
                zorder=4,
            )
            artists.append(points)
    handles = [
        Line2D([], [], color=REFERENCE, label="theory"),
        Line2D([], [], color=REFERENCE, linestyle=":", label="target"),
    ]
    if seen is not None:
        marker = Line2D([], [], color=REFERENCE, marker="o", linestyle="none", label="simulation")
        marker.set_markerfacecolor("white")
        handles.insert(1, marker)
    legend = ax.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.0, 0.98), ncols=3)
    artists.append(legend)
    ax.set_xlim(0, float(times[-1]))
    ax.set_xlabel("time t = step size × steps")
    ax.set_ylabel("learned part of a mode")
    return artists


def draw_loss_staircase(
    ax: Axes,
    times: Array,
    theory: Array,
    seen_times: Array,
    seen: Array,
    floors: Sequence[float],
) -> list[Artist]:
    """Draw the loss of a simulation, the theory over it, and the least loss of each rank.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    times, theory : (k,) arrays
    seen_times, seen : (j,) arrays
    floors : sequence of float
        Least loss of rank 0, 1, ...

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    (points,) = ax.plot(seen_times, seen, color=SIMULATION, linewidth=5, alpha=0.45, label="run")
    (line,) = ax.plot(times, theory, color=THEORY, linewidth=1.8, label="theory, nothing fitted")
    artists: list[Artist] = [points, line]
    for rank, value in enumerate(floors):
        artists.append(ax.axhline(value, color=REFERENCE, linestyle=":", linewidth=1.2))
        artists.append(
            ax.text(
                float(times[-1]), value, f"rank {rank}", ha="right", va="bottom", color=REFERENCE
            )
        )
    ax.set_xlim(0, float(times[-1]))
    ax.set_xlabel("time t = step size × steps")
    ax.set_ylabel("loss")
    artists.append(ax.legend(loc="upper right", bbox_to_anchor=(1.0, 0.93)))
    return artists


def draw_escape_times(
    ax: Axes, starts: Array, exact: Array, leading: Array, depths: Sequence[int]
) -> list[Artist]:
    """Draw how long a mode takes to be half learned against its start, one curve per depth.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    starts : (k,) array
        p_0.
    exact, leading : (depths, k) arrays
        The exact time and its leading order.
    depths : sequence of int

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    for row, depth in enumerate(depths):
        colour = MODE_COLOURS[row]
        (line,) = ax.plot(
            starts,
            exact[row],
            color=colour,
            marker=MODE_MARKERS[row],
            markersize=5,
            markevery=8,
            label=f"N = {depth}",
        )
        (dots,) = ax.plot(starts, leading[row], color=colour, linestyle=(0, (1, 1.5)))
        artists += [line, dots]
    ax.set(xscale="log", yscale="log")
    ax.set_xlabel("start p₀ of the mode, as a share of its target")
    ax.set_ylabel("time until half learned")
    artists.append(ax.legend(ncols=2))
    return artists


def draw_against_prediction(
    ax: Axes, predicted: Array, observed: Array, groups: Sequence[str]
) -> list[Artist]:
    """Draw observed against predicted times on equal logarithmic axes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    predicted, observed : (groups, k) arrays
    groups : sequence of str
        One per row, for the legend.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    low, high = float(np.nanmin(predicted)) / 1.3, float(np.nanmax(predicted)) * 1.3
    artists += ax.plot([low, high], [low, high], color=REFERENCE, linewidth=1, zorder=1)
    for row, name in enumerate(groups):
        artists += ax.plot(
            predicted[row],
            observed[row],
            MODE_MARKERS[row],
            color=MODE_COLOURS[row],
            markerfacecolor="none",
            markersize=5,
            label=name,
        )
    ax.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high))
    for axis in (ax.xaxis, ax.yaxis):  # few enough labels for a phone
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("predicted time")
    ax.set_ylabel("observed time")
    artists.append(ax.legend(loc="upper left"))
    return artists


def draw_speeds(ax: Axes, depths: Sequence[int]) -> list[Artist]:
    """Draw how fast a balanced mode of target 1 grows against how far it has come.

    Each curve, p^{2 − 2/N} (1 − p), is scaled to height 1: its shape is what depth changes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    depths : sequence of int

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    p = np.linspace(0, 1, 401)
    artists: list[Artist] = []
    for row, depth in enumerate(depths):
        speed = p ** (2 - 2 / depth) * (1 - p)
        artists += ax.plot(
            p, speed / speed.max(), color=MODE_COLOURS[row], linestyle=LAYER_STYLES[row],
            label="1 layer" if depth == 1 else f"{depth} layers",
        )  # fmt: skip
    ax.set(xlim=(0, 1), ylim=(0, 1.05))
    ax.set_xlabel("learned part p / s of the mode")
    ax.set_ylabel("speed dp/dt, scaled")
    artists.append(
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 0.98), ncols=4, columnspacing=1.0)
    )
    return artists


def draw_greedy(
    ax: Axes, times: Array, losses: Array, *, without_b: float, best: float
) -> list[Artist]:
    """Draw the loss of a run that learns the faster mode first, and two levels.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    times, losses : (k,) arrays
    without_b : float
        The loss where only the faster mode, A, is learned.
    best : float
        The loss of the best map of rank one.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = [*ax.plot(times, losses, color=SIMULATION, linewidth=2.4)]
    for level, name, style in (
        (without_b, "A learned, B not", ":"),
        (best, "best map of rank 1", "--"),
    ):
        colour = REFERENCE if style == ":" else THEORY
        artists.append(ax.axhline(level, color=colour, linestyle=style, linewidth=1.4))
        artists.append(ax.text(0.02, level + 0.2, name, color=colour, va="bottom"))
    ax.set(xlim=(0, float(times[-1])), ylim=(0, 1.08 * float(losses[0])))
    ax.set_xlabel("time t = step size × steps")
    ax.set_ylabel("loss")
    return artists
