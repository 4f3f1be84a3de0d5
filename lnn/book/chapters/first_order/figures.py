"""Figures of the rank-constrained problem and of the lemmas that join it to the network."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from lnn._checks import Array
from lnn.book.style import MODE_COLOURS, MODE_MARKERS, REFERENCE, SIMULATION, THEORY


def draw_floors(
    ax: Axes, floors: Sequence[float], *, chosen: int, bottleneck: int | None = None
) -> list[Artist]:
    """Draw the least loss against the rank allowed, with one rank marked.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    floors : sequence of float
        Least loss of rank 0, 1, 2, ...
    chosen : int
        The rank to mark.
    bottleneck : int, optional
        Ranks beyond it are hatched: no choice of weights reaches them.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    ranks = np.arange(len(floors))
    artists: list[Artist] = []
    artists += ax.plot(ranks, floors, "o--", color=THEORY, markersize=6, linewidth=1.2)
    artists += ax.plot(
        chosen, floors[chosen], "s", color=SIMULATION, markersize=12, fillstyle="none", mew=2.5
    )
    if bottleneck is not None and bottleneck < ranks[-1]:
        artists.append(
            ax.axvspan(
                bottleneck + 0.5,
                ranks[-1] + 0.5,
                facecolor="#eeeeee",
                hatch="///",
                edgecolor="#bbb",
            )
        )
    ax.set_xlim(-0.5, ranks[-1] + 0.5)
    ax.set_xticks(ranks)
    ax.set_yscale("log")
    ax.set_xlabel("rank of the map")
    ax.set_ylabel("least loss")
    return artists


def draw_explained(ax: Axes, shares: Array) -> list[Artist]:
    """Draw, for every output, the share of its sum of squares that a map explains.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    shares : (d_y,) array
        Between 0 and 1.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    outputs = np.arange(1, len(shares) + 1)
    bars = ax.bar(outputs, shares, color=[MODE_COLOURS[k] for k in range(len(shares))])
    ax.set_ylim(0, 1.12)
    ax.set_xticks(outputs)
    ax.set_xlabel("output")
    ax.set_ylabel("share explained")
    return list(bars)


def draw_images(axes: Sequence[Axes], images: Mapping[str, Array]) -> list[Artist]:
    """Draw grey images side by side, one title each.

    Parameters
    ----------
    axes : sequence of matplotlib.axes.Axes
    images : mapping of str to (p, q) array

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    for ax, (title, image) in zip(axes, images.items(), strict=True):
        artists.append(ax.imshow(image, cmap="gray_r", vmin=0, vmax=1))
        ax.set_title(title, loc="center", fontweight="normal")
        ax.set_axis_off()
    return artists


def draw_level_sets(ax: Axes, levels: Array, lifts: Sequence[tuple[Array, Array]]) -> list[Artist]:
    """Draw weights of equal product in the plane, and the shortest ways from one to another.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    levels : (k,) array
        Products w₂ w₁.
    lifts : sequence of (start, end)
        Points (w₁, w₂).

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    axis = np.linspace(-0.35, 1.45, 181)
    product = axis[:, None] * axis
    lines = ax.contour(axis, axis, product, levels=levels, colors=REFERENCE, linewidths=0.8)
    ax.clabel(lines, fontsize="medium")
    artists: list[Artist] = [lines]
    for start, end in lifts:
        artists += ax.plot(*start, "o", color=SIMULATION, markersize=8)
        arrow = {"arrowstyle": "-|>", "color": THEORY, "linewidth": 2.5, "shrinkA": 0, "shrinkB": 0}
        artists.append(ax.annotate("", tuple(end), tuple(start), arrowprops=arrow))
    ax.set_aspect("equal")
    ax.grid(False)
    ax.set_xlabel("w₁")
    ax.set_ylabel("w₂")
    return artists


def draw_lift_ratios(ax: Axes, sizes: Array, ratios: Mapping[str, Array]) -> list[Artist]:
    """Draw the change of the factors per change of the product, against the latter.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    sizes : (k,) array
    ratios : mapping of str to (k,) array
        One curve a label; the labels stand at the left end of the curves.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    for k, (label, ratio) in enumerate(ratios.items()):
        artists += ax.loglog(
            sizes, ratio, MODE_MARKERS[k] + "-", color=MODE_COLOURS[k], label=label, markersize=5
        )
    ax.set_xlabel("size of the perturbation of the product")
    ax.set_ylabel("ratio of the two changes")
    ax.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=2)
    return artists


def draw_rotations(
    ax: Axes,
    angles: Array,
    computed: Mapping[str, Array],
    closed_form: Sequence[Array],
    *,
    every: int = 6,
) -> list[Artist]:
    """Draw losses along rotations of one mode into another: points computed, lines closed form.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    angles : (k,) array
        In radians; the axis is in degrees.
    computed : mapping of str to (k,) array
        One rotation a label.
    closed_form : sequence of (k,) array
        In the same order.
    every : int
        Draw every so many of the computed points.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    degrees = np.degrees(angles)
    for k, ((label, losses), curve) in enumerate(zip(computed.items(), closed_form, strict=True)):
        artists += ax.plot(degrees, curve, color=MODE_COLOURS[k])
        artists += ax.plot(
            degrees[::every], losses[::every], MODE_MARKERS[k], color=MODE_COLOURS[k], label=label
        )
    ax.set_xticks([0, 15, 30, 45, 60, 75, 90])
    ax.set_xlabel("angle of the rotation in degrees")
    ax.set_ylabel("loss")
    ax.legend()
    return artists


def draw_ends(
    ax: Axes, early: Array, ends: Array, plateaus: Sequence[float], *, floor: float, bins: Array
) -> list[Artist]:
    """Draw histograms of losses early in the runs and at their ends over the critical values.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    early, ends : (n,) arrays
    plateaus : sequence of float
        Every value of the loss at a critical point; dotted lines.
    floor : float
        The global minimum; a solid line.
    bins : (k,) array

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    for value in plateaus:
        artists.append(ax.axvline(value, color=REFERENCE, linestyle=":", linewidth=1.2, zorder=1))
    artists.append(ax.axvline(floor, color=THEORY, linewidth=1.5, zorder=1))
    *_, soon = ax.hist(early, bins=bins.tolist(), color="#9dbfdd", label="on the way")
    *_, late = ax.hist(ends, bins=bins.tolist(), color=SIMULATION, label="at the end")
    artists += [soon, late]  # type: ignore[list-item]
    ax.set_yscale("log")
    ax.set_ylim(bottom=0.7)
    ax.set_ylabel("runs")
    return artists


def draw_turn(
    ax: Axes, angles: Array, losses: Array, *, at: int, reference: Array | None = None
) -> list[Artist]:
    """Draw the loss along the turn of one mode into another, with one position marked.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    angles : (k,) array
        In radians; the axis is in degrees.
    losses : (k,) array
    at : int
        Which position is marked.
    reference : (k,) array, optional
        Another curve, dashed.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    degrees = np.degrees(angles)
    artists: list[Artist] = []
    if reference is not None:
        artists += ax.plot(degrees, reference, color=REFERENCE, linestyle="--", linewidth=1.5)
    artists += ax.plot(degrees, losses, color=SIMULATION)
    artists += ax.plot(degrees[at], losses[at], "o", color="black", markersize=8, zorder=5)
    ax.set_xticks([0, 30, 60, 90])
    ax.set_xlim(-4, 94)
    ax.set_xlabel("angle in degrees")
    ax.set_ylabel("loss")
    return artists


def draw_stripe(ax: Axes, angles: Array, sizes: Array, targets: Array, *, at: int) -> list[Artist]:
    """Draw the direction and size of the one stripe in the plane of two modes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    angles, sizes : (k,) arrays
        The way of the tip: s(θ) (sin θ, cos θ).
    targets : (2,) array
        Of the two modes, marked on the axes.
    at : int
        Which position is drawn as an arrow.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    x, y = sizes * np.sin(angles), sizes * np.cos(angles)
    artists: list[Artist] = []
    artists += ax.plot(x, y, color=REFERENCE, linestyle=":", linewidth=1.5)
    artists += ax.plot([targets[0], 0], [0, targets[1]], "s", color=THEORY, markersize=8)
    arrow = {"arrowstyle": "-|>", "color": SIMULATION, "linewidth": 3, "shrinkA": 0, "shrinkB": 0}
    artists.append(ax.annotate("", (x[at], y[at]), (0, 0), arrowprops=arrow, zorder=4))
    ax.set_aspect("equal")
    ax.set(xlim=(-0.25, 2.75), ylim=(-0.25, 2.75), xticks=[0, 1, 2], yticks=[0, 1, 2])
    return artists
