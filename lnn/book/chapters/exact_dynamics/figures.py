"""Exact dynamics: modes against time, theory drawn over simulation; escape times."""

from collections.abc import Sequence
from typing import Any

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
    ax: Axes, theory: Array, steps: np.ndarray, seen: Array, floors: Sequence[float]
) -> list[Artist]:
    """Draw the loss of a run, the theory over it, and the least loss of each rank.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    theory : (k,) array
        The loss that is predicted at each of `steps`.
    steps, seen : (k,) arrays
        Steps and losses of the run.
    floors : sequence of float
        Least loss of rank 0, 1, ...

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    (points,) = ax.plot(steps, seen, color=SIMULATION, linewidth=5, alpha=0.45, label="run")
    (line,) = ax.plot(steps, theory, color=THEORY, linewidth=1.8, label="theory, nothing fitted")
    artists: list[Artist] = [points, line]
    right = float(steps[-1])
    for rank, value in enumerate(floors):
        artists.append(ax.axhline(value, color=REFERENCE, linestyle=":", linewidth=1.2))
        artists.append(
            ax.text(right, 1.03 * value, f"rank {rank}", ha="right", va="bottom", color=REFERENCE)
        )
    ax.set(xlim=(0, right), yscale="log", ylim=(0.75 * min(floors), 1.6 * max(floors)))
    ax.set_xlabel("step of gradient descent")
    ax.set_ylabel("loss")
    artists.append(ax.legend(loc="lower left", bbox_to_anchor=(0.0, 0.1)))
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
    """Draw by how many per cent observed times differ from predicted ones.

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
    artists: list[Artist] = [ax.axhline(0, color=REFERENCE, linewidth=1, zorder=1)]
    for row, name in enumerate(groups):
        artists += ax.plot(
            predicted[row],
            100 * (observed[row] / predicted[row] - 1),
            MODE_MARKERS[row],
            color=MODE_COLOURS[row],
            markerfacecolor="none",
            markersize=5,
            label=name,
        )
    ax.set(xscale="log", xlim=(predicted.min() / 1.15, predicted.max() * 1.15))
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))  # few enough labels for a phone
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("predicted time")
    ax.set_ylabel("observed time is later by, %")
    artists.append(ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0)))
    return artists


def draw_gram_schmidt(ax: Axes, fast: Array, slow: Array) -> list[Artist]:
    """Draw the vectors of two modes in a hidden space of dimension two, and what is left of one.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    fast, slow : (2,) arrays
        z_1 and z_2; the part of z_2 along z_1 is lost.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    along = fast * (slow @ fast) / (fast @ fast)
    left = slow - along
    origin = np.zeros(2)
    first, second, third = MODE_COLOURS[:3]
    artists: list[Artist] = []
    for tail, head, colour, width, dash in (
        (origin, fast, first, 2.6, "-"),
        (origin, slow, second, 2.6, "-"),
        (slow, left, second, 1.6, ":"),
        (origin, left, third, 3.6, "-"),
    ):
        look: dict[str, Any] = {"color": colour, "linewidth": width, "linestyle": dash}
        look |= {"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0, "mutation_scale": 18}
        artists.append(ax.annotate("", tuple(head), tuple(tail), arrowprops=look))
    ahead, up = (0.09 * v / np.linalg.norm(v) for v in (fast, left))
    artists += ax.plot(*np.array([ahead, ahead + up, up]).T, color=REFERENCE, linewidth=1)
    for x, y, text, colour, side in (
        (*(fast + 0.05 * ahead / 0.09), "z₁, faster mode", first, "left"),
        (*(slow + 0.05 * ahead / 0.09), "z₂, slower mode", second, "left"),
        (*(left + 0.55 * along + 0.12 * up / 0.09), "lost", second, "center"),
        (*(0.6 * left - 0.07 * ahead / 0.09), "what is left of z₂", third, "right"),
    ):
        artists.append(ax.text(x, y, text, color=colour, ha=side, va="center"))
    corners = np.array([origin, fast, slow, left])
    (low_x, low_y), (high_x, high_y) = corners.min(axis=0), corners.max(axis=0)
    ax.set(xlim=(low_x - 1.0, high_x + 0.95), ylim=(low_y - 0.1, high_y + 0.2))
    ax.set_aspect("equal")
    ax.set_axis_off()
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
    end = float(times[-1])
    for level, name, style, side, place in (  # each where the run is far away
        (without_b, "A learned, B not", ":", "right", 0.99 * end),
        (best, "best map of rank 1", "--", "left", 0.01 * end),
    ):
        colour = REFERENCE if style == ":" else THEORY
        artists.append(ax.axhline(level, color=colour, linestyle=style, linewidth=1.4))
        look: dict[str, Any] = {"color": colour, "ha": side, "va": "bottom"}
        artists.append(ax.text(place, level + 0.2, name, **look))
    ax.set(xlim=(0, end), ylim=(0, 1.08 * float(losses[0])))
    ax.set_xlabel("time t = step size × steps")
    ax.set_ylabel("loss")
    return artists
