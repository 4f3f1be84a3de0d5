"""Figures of the chapter: distributions of step sizes, and what they depend on."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from lnn._checks import Array
from lnn.book.style import LAYER_STYLES, MODE_COLOURS, REFERENCE, SIMULATION


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
    ax.grid(False)
    return [mesh]


def draw_fates(axes: Sequence[Axes], curves: Mapping[str, Array]) -> list[Artist]:
    """Draw small pictures of runs, one per axes, to show what settling, cycling and blowing up are.

    Parameters
    ----------
    axes : sequence of matplotlib.axes.Axes
    curves : mapping of str to (k,) array
        Losses by what the run does; inf after it has diverged.

    Returns
    -------
    list of matplotlib.artist.Artist
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
    axes[0].set_ylabel("loss")
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
