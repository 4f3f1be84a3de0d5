"""Figures of the chapter: distributions of step sizes, and what they depend on."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from lnn._checks import Array
from lnn.book.style import (
    LAYER_STYLES,
    MODE_COLOURS,
    MODE_MARKERS,
    REFERENCE,
    SIMULATION,
    THEORY,
    label_line,
)


def draw_distributions(
    ax: Axes,
    samples: Mapping[str, Array],
    *,
    xlabel: str = "step size η",
    bins: int = 40,
    limits: tuple[float, float] | None = None,
    ticks: Sequence[float] | None = None,
    legend: bool = True,
) -> list[Artist]:
    """Draw distributions over networks as outlines on a logarithmic axis, with their medians.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    samples : mapping of str to (n,) array
        Finite and positive. One colour and line style each.
    xlabel : str
    bins : int
    limits : (float, float), optional
        By default all but the extreme 0.2 % of all samples.
    ticks : sequence of float, optional
        Instead of the decades.
    legend : bool

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    low, high = limits or tuple(np.quantile(np.concatenate([*samples.values()]), [0.002, 0.998]))
    edges = np.geomspace(low, high, bins + 1)
    artists: list[Artist] = []
    for i, (label, values) in enumerate(samples.items()):
        colour, style = MODE_COLOURS[i], LAYER_STYLES[i]
        share = np.histogram(values, edges)[0] / values.size
        outline = ax.stairs(
            share, edges, color=colour, linestyle=style, linewidth=1.8, label=label, fill=False
        )
        artists.append(outline)
        artists.append(ax.axvline(float(np.median(values)), color=colour, lw=1.0, ls=style))
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    ax.set_xlabel(xlabel)
    ax.set_ylabel("share of networks")
    ax.set_ylim(bottom=0)
    if ticks is not None:
        ax.set_xticks(list(ticks), [f"{t:g}" for t in ticks])
        ax.minorticks_off()
    if legend:
        artists.append(ax.legend())
    return artists


def draw_medians(
    ax: Axes,
    depths: Sequence[int],
    medians: Array,
    intervals: Array,
    *,
    limit: float | None = None,
    exponential: Array | None = None,
) -> list[Artist]:
    """Draw the median bound of each depth with its interval, against two laws.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    depths : sequence of int
    medians : (n,) array
    intervals : (n, 2) array
    limit : float, optional
        What the bound times the cube of the depth tends to: drawn as limit / N³.
    exponential : (n,) array, optional
        What a constant factor per layer would give.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    x = np.asarray(depths)
    spread = np.abs(intervals.T - medians)
    bars = ax.errorbar(x, medians, yerr=spread, fmt="o", color=MODE_COLOURS[0], capsize=3, ms=5)
    artists: list[Artist] = list(bars.get_children())
    inner = x.size // 2 + 1  # below the line of the limit, and left of the dot, there is room
    artists.append(
        ax.text(0.8 * x[inner], medians[inner], "median", color=MODE_COLOURS[0], ha="right",
                va="center")
    )  # fmt: skip
    if exponential is not None:
        artists += ax.plot(x, exponential, ls="--", color=MODE_COLOURS[1], lw=1.4)
        artists.append(
            ax.text(x[2], exponential[2], "ten times less\nper layer ", color=MODE_COLOURS[1],
                    ha="right", va="top")
        )  # fmt: skip
    if limit is not None:
        artists += ax.plot(x, limit / x.astype(float) ** 3, ls=":", color=REFERENCE, lw=1.4)
        artists.append(
            ax.text(x[-3], 2 * limit / x[-3] ** 3.0, "limit / N³", color=REFERENCE, ha="left")
        )
    ax.set(xscale="log", yscale="log", xlabel="number of layers N", ylabel="proved step size η")
    return artists


def draw_against(
    ax: Axes, x: Array, y: Array, *, xlabel: str, ylabel: str, bins: int = 70
) -> list[Artist]:
    """Draw the joint distribution of two positive quantities: the darker, the more networks.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    x, y : (n,) arrays
    xlabel, ylabel : str
    bins : int

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    edges = []
    for values in (x, y):
        low, high = np.quantile(values, [0.001, 0.999])
        edges.append(np.geomspace(low, high, bins + 1))
    count = np.histogram2d(x, y, edges)[0].T
    mesh = ax.pcolormesh(edges[0], edges[1], np.sqrt(count), cmap="Blues", rasterized=True)
    ax.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel)
    low, high = edges[1][[0, -1]]
    ticks = [t for t in (f * 10.0**p for p in range(-9, 3) for f in (1, 2, 5)) if low <= t <= high]
    ax.set_yticks(ticks, [f"{t:g}" for t in ticks])
    ax.minorticks_off()
    ax.grid(False)
    return [mesh]


def draw_pairs(ax: Axes, x: Array, y: Array, *, xlabel: str, ylabel: str) -> list[Artist]:
    """Draw a quantity of one network against that of another on the same problem, dot by dot.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    x, y : (n,) arrays
    xlabel, ylabel : str

    Returns
    -------
    list of matplotlib.artist.Artist
        The line of equality and the dots.
    """
    both = np.concatenate([x, y])
    ends = np.array([both.min() / 2, both.max() * 2])
    (line,) = ax.plot(ends, ends, "--", color=REFERENCE, linewidth=1.2, zorder=1)
    (dots,) = ax.plot(x, y, "o", color=SIMULATION, alpha=0.35, markersize=5, rasterized=True)
    middle = float(np.sqrt(ends.prod()))
    ax.text(0.6 * middle, 1.6 * middle, "equal", color=REFERENCE, ha="right", va="bottom")
    ax.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel, xlim=ends, ylim=ends)
    return [line, dots]


def draw_fates(
    axes: Sequence[Axes], curves: Mapping[str, Array], notes: Sequence[str] = ()
) -> list[Artist]:
    """Draw small pictures of runs, one per axes, to show what settling, cycling and blowing up are.

    Parameters
    ----------
    axes : sequence of matplotlib.axes.Axes
    curves : mapping of str to (k,) array
        Losses by what the run does; inf after it has diverged.
    notes : sequence of str
        What stands in the corner of each picture; none by default.

    Returns
    -------
    list of matplotlib.artist.Artist
        The curves, then the notes.
    """
    artists: list[Artist] = []
    for row, (ax, (label, losses)) in enumerate(zip(axes, curves.items(), strict=True)):
        above = np.flatnonzero(losses > 1e8)
        last = int(above[0]) if above.size else losses.size - 1
        drawn = np.minimum(losses[: last + 1], 1e9)  # a run that blows up leaves the picture
        artists += ax.semilogy(drawn, color=MODE_COLOURS[row], linewidth=1.2)
        ax.set_title(label)
        ax.set_xlabel("step")
        ax.set_xticks([0, last])
        ax.set_ylim(1e-7, 1e7)
        ax.set_yticks([1e-6, 1e-3, 1, 1e3, 1e6])
        ax.minorticks_off()
    for ax, note in zip(axes, notes, strict=False):
        artists.append(ax.text(0.04, 0.84, note, transform=ax.transAxes, va="center"))
    axes[0].set_ylabel("loss")
    return artists


FLOOR = 1e-6
"""Losses below it are drawn on it: the run has arrived."""


def draw_search(ax: Axes, step_sizes: Array, losses: Array, *, last: int = 1000) -> list[Artist]:
    """Draw where the runs of a search by doubling end: one mark a step size, the last one fails.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    step_sizes : (n,) array
        Each twice the one before.
    losses : (n, k) array
        At every step. The last run never settles: a bar spans its losses of late.
    last : int
        How many steps are late.

    Returns
    -------
    list of matplotlib.artist.Artist
        The marks of the runs on their way, of those that arrive, and of the one that fails.
    """
    ends = losses[:, -1]
    arrived = ends < FLOOR
    arrived[-1] = False
    way = ~arrived
    way[-1] = False
    (on_way,) = ax.plot(step_sizes[way], ends[way], "o", color=SIMULATION, markersize=8)
    (there,) = ax.plot(
        step_sizes[arrived], np.full(arrived.sum(), FLOOR), "v", color=SIMULATION, markersize=10
    )
    late = losses[-1, -last:]
    middle = float(np.median(late))
    fails = ax.errorbar(
        step_sizes[-1], middle, [[middle - late.min()], [late.max() - middle]],
        fmt="s", color=THEORY, capsize=4, markersize=8,
    )  # fmt: skip
    start = float(losses[0, 0])
    ax.axhline(start, color=REFERENCE, linestyle=":", linewidth=1.2, zorder=1)
    ax.text(step_sizes[-1], 1.4 * start, "loss at the start", color=REFERENCE, ha="right",
            va="bottom")  # fmt: skip
    ax.annotate(
        "", (step_sizes[-1], 3e4), (step_sizes[0], 3e4),
        arrowprops={"arrowstyle": "-|>", "color": REFERENCE, "linewidth": 1.4},
    )  # fmt: skip
    centre = float(np.sqrt(step_sizes[0] * step_sizes[-1]))
    label = label_line(ax, centre, 3e4, f"{len(step_sizes) - 1} doublings", REFERENCE)
    label.set_ha("center")
    ax.text(step_sizes[0], 0.2 * ends[0], "0.9 times\nthe proved step", color=SIMULATION, va="top")
    ax.text(step_sizes[-1] * 1.5, middle, "fails", color=THEORY, va="center")
    if arrived.any():
        first = float(step_sizes[arrived][0])
        ax.text(0.75 * first, FLOOR, "arrive", color=SIMULATION, ha="right", va="center")
    ax.set(xscale="log", yscale="log", ylim=(FLOOR / 8, 4e5))
    ax.set_xlim(step_sizes[0] / 2, step_sizes[-1] * 6)
    ax.set(xlabel="step size η", ylabel=f"loss after {losses.shape[1] - 1} steps")
    return [on_way, there, *fails.get_children()]


def draw_ride(ax: Axes, steps: Array, runs: Mapping[str, Array]) -> list[Artist]:
    """Draw the sharpness along runs in units of the edge 2/η, which is drawn as a line at one.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    steps : (k,) array of int
        From 1 on.
    runs : mapping of str to (k,) array

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    ax.axhline(1.0, color=REFERENCE, linestyle=":", linewidth=1.6, zorder=1)
    ax.text(steps[0], 1.03, "edge, 2/η", color=REFERENCE, va="bottom")
    for row, (label, values) in enumerate(runs.items()):
        colour = MODE_COLOURS[row]
        artists += ax.plot(
            steps, values, MODE_MARKERS[row], color=colour, linestyle=LAYER_STYLES[row],
            markersize=4, linewidth=1.4, label=label,
        )  # fmt: skip
    ax.set(xscale="log", xlabel="step of gradient descent", ylabel="sharpness · η / 2")
    ax.set_ylim(0, 1.45)
    artists.append(ax.legend(loc="lower right"))
    return artists


def draw_doublings(ax: Axes, doublings: np.ndarray) -> list[Artist]:
    """Draw the share of networks by the number of doublings after which they fail.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    doublings : (n,) array of int

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    shares = np.bincount(doublings) / doublings.size
    seen = np.flatnonzero(shares)
    bars = ax.bar(seen, shares[seen], width=0.8, color=SIMULATION)
    ax.set_xlabel("doublings until a run fails")
    ax.set_ylabel("share of networks")
    ax.set_xticks(range(int(seen[0]) // 4 * 4, int(seen[-1]) + 4, 4))
    ax.grid(False, axis="x")
    return [*bars]
