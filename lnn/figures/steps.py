"""Step sizes: runs at several of them, where the bounds lie, and distributions over networks."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import NullFormatter

from lnn._checks import Array
from lnn.figures.style import LAYER_STYLES, MODE_COLOURS, MODE_MARKERS, REFERENCE, THEORY


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
        artists.append(ax.legend(title="step size η", title_fontsize=10, handlelength=2.6))
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
        artists.append(
            ax.text(value, level, name, color=colour, ha="center", va="bottom", fontsize=10)
        )
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
        ax.set_title(title, fontsize=11)
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
    """Draw the median bound of each depth with its interval, against a law of a factor a layer.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    depths : sequence of int
    medians : (n,) array
    intervals : (n, 2) array
    limit : float, optional
        What the bound times the depth tends to: drawn as limit / N.
    exponential : (n,) array, optional
        What a constant factor a layer would give.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    x = np.asarray(depths)
    spread = np.abs(intervals.T - medians)
    bars = ax.errorbar(x, medians, yerr=spread, fmt="o", color=MODE_COLOURS[0], capsize=3, ms=5)
    artists: list[Artist] = list(bars.get_children())
    artists.append(ax.text(x[-1], medians[-1] * 1.5, "median", color=MODE_COLOURS[0], ha="right"))
    if exponential is not None:
        artists += ax.plot(x, exponential, ls="--", color=MODE_COLOURS[1], lw=1.4)
        artists.append(
            ax.text(
                x[3] - 0.1,
                exponential[3],
                "ten times less\na layer ",
                color=MODE_COLOURS[1],
                ha="right",
                va="top",
            )
        )
    if limit is not None:
        artists += ax.plot(x, limit / x, ls=":", color=REFERENCE, lw=1.4)
        artists.append(ax.text(x[0], limit / x[0] / 1.5, "limit / N", color=REFERENCE, va="top"))
    ax.set(yscale="log", xlabel="number of layers N", ylabel="proved step size η")
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


def label_powers(*axes: Axis) -> None:
    """Label logarithmic axes by powers of ten in plain Unicode.

    Matplotlib's own labels are typeset formulas, which take most of the time of a live redraw.

    Parameters
    ----------
    *axes : matplotlib.axis.Axis
    """
    raised = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    for axis in axes:
        axis.set_major_formatter(lambda x, _: "10" + f"{np.log10(x):.0f}".translate(raised))
        axis.set_minor_formatter(NullFormatter())
