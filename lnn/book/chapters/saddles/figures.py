"""Saddles: two shapes, strings on the ring, values, spectra, and the loss along ways out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from lnn._checks import Array
from lnn.book.style import LAYER_STYLES, MODE_COLOURS, REFERENCE, THEORY
from lnn.landscape.kinds import Kind

KIND_COLOURS = {
    Kind.GLOBAL_MINIMIZER: MODE_COLOURS[2],
    Kind.STRICT_SADDLE: MODE_COLOURS[1],
    Kind.NON_STRICT_SADDLE: MODE_COLOURS[0],
    Kind.NOT_CRITICAL: REFERENCE,
}
KIND_MARKERS = {
    Kind.GLOBAL_MINIMIZER: "*",
    Kind.STRICT_SADDLE: "v",
    Kind.NON_STRICT_SADDLE: "s",
    Kind.NOT_CRITICAL: "x",
}
KIND_NAMES = {
    Kind.GLOBAL_MINIMIZER: "global minimizer",
    Kind.STRICT_SADDLE: "strict saddle",
    Kind.NON_STRICT_SADDLE: "non-strict saddle",
    Kind.NOT_CRITICAL: "not critical",
}


def draw_critical_values(
    ax: Axes,
    ranks: Sequence[int],
    values: Sequence[float],
    leading: Sequence[bool],
    *,
    labels: Sequence[str] = (),
) -> list[Artist]:
    """Draw the loss of every index set over its rank, the leading ones joined by a line.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    ranks, values : sequences
        One entry per index set.
    leading : sequence of bool
        Whether S is {1, ..., r}.
    labels : sequence of str
        One for each leading set, by rank; written under its marker.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    r, v, first = np.asarray(ranks), np.asarray(values), np.asarray(leading)
    others = ax.plot(r[~first], v[~first], "v", color=MODE_COLOURS[1], label="any other modes")
    order = np.argsort(r[first])
    lowest = ax.plot(
        r[first][order], v[first][order], "o--", color=MODE_COLOURS[0], label="the r leading modes"
    )
    texts = [
        ax.annotate(text, (x, y), (0, -9), textcoords="offset points", ha="center", va="top")
        for text, x, y in zip(labels, r[first][order], v[first][order], strict=bool(labels))
    ]
    ax.set_xticks(np.unique(r))
    ax.set_xlabel("rank r of the product")
    ax.set_ylabel("loss at the critical point")
    ax.legend(loc="lower left")
    return [*others, *lowest, *texts]


def draw_passes(axes: Sequence[Axes], *, reach: float = 1.0) -> list[Artist]:
    """Draw the surfaces −w₂ w₁ over the plane and −w₃ w₂ w₁ over the plane w₁ + w₂ + w₃ = 0.

    On that plane the product of three weights is a multiple of ϱ³ cos 3φ: a saddle with three ways
    down, for the two legs and the tail of a monkey.

    Parameters
    ----------
    axes : sequence of two three-dimensional Axes
    reach : float
        Radius of the disc.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    radius, angle = np.meshgrid(np.linspace(0, reach, 11), np.linspace(0, 2 * np.pi, 49))
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    # Orthonormal coordinates: of the plane of two weights turned by 45 degrees, and of the plane
    # w₁ + w₂ + w₃ = 0.
    heights = (-(radius**2) * np.cos(2 * angle) / 2, -(radius**3) * np.cos(3 * angle) / 54**0.5)
    artists: list[Artist] = []
    for ax, z, ways, elevation in zip(axes, heights, (2, 3), (36, 52), strict=True):
        z = z / np.max(z)
        surface = ax.plot_surface(  # type: ignore[attr-defined]
            x, y, z, cmap="Blues_r", alpha=0.9, linewidth=0.15, edgecolor="#7a8794",
            rcount=49, ccount=11, antialiased=True, vmin=-1.2, vmax=1.6,
        )  # fmt: skip
        artists.append(surface)
        for k in range(ways):
            phi = 2 * np.pi * k / ways
            line = np.linspace(0, reach, 20)
            down = -((line / reach) ** ways)
            artists += ax.plot(
                line * np.cos(phi), line * np.sin(phi), down + 0.02, color=THEORY, zorder=5
            )
        ax.set_axis_off()
        ax.view_init(elev=elevation, azim=-60)  # type: ignore[attr-defined]
        ax.set_box_aspect((1, 1, 0.62), zoom=1.45)  # type: ignore[call-arg, arg-type]
    return artists


def draw_ring(
    ax: Axes,
    arcs: Sequence[tuple[int, int]],
    depth: int,
    *,
    used: Sequence[int] = (),
    gaps: Sequence[int] = (),
    title: str = "",
    layer: str = "W",
) -> list[Artist]:
    """Draw strings on the ring of the layers and the data, which close it at the top.

    Layers follow each other clockwise. Between two of them stands a node, with its number in a
    small circle. A string is drawn beside others that pass the same nodes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Its axes are switched off.
    arcs : sequence of (int, int)
        For every string its first node and the number of its nodes, as
        `lnn.landscape.strings.Strings.arcs`.
    depth : int
        N.
    used : sequence of int
        Numbers of strings that are drawn thick.
    gaps : sequence of int
        Layers, from 1, that are marked.
    title : str
    layer : str
        What layers are called.

    Returns
    -------
    list of matplotlib.artist.Artist
        The strings first, in their order.
    """
    count = depth + 1
    ax.set_axis_off()
    ax.set_aspect("equal")
    ax.set(xlim=(-1.75, 1.75), ylim=(-1.62, 1.72))

    def place(turns: Array | float, radius: float) -> tuple[Any, Any]:
        """Where a point stands that has passed so many arrows since the data."""
        angle = np.pi / 2 - 2 * np.pi * np.asarray(turns) / count
        return radius * np.cos(angle), radius * np.sin(angle)

    lanes: list[set[int]] = []
    artists: list[Artist] = []
    for number, (first, length) in enumerate(arcs):
        nodes = {(first + n) % count for n in range(length)}
        lane = next((k for k, taken in enumerate(lanes) if not taken & nodes), len(lanes))
        if lane == len(lanes):
            lanes.append(set())
        lanes[lane] |= nodes
        turns = np.linspace(first + 0.18, first + length - 0.18, 12 * length)
        x, y = place(turns, 1.0 - 0.17 * lane)
        bold = number in used
        colour = MODE_COLOURS[list(used).index(number) % 4] if bold else "#8d8d8d"
        artists += ax.plot(
            x, y, color=colour, linewidth=6.0 if bold else 2.6, solid_capstyle="round",
            zorder=3 if bold else 2,
        )  # fmt: skip
    inner = 1.0 - 0.17 * max(len(lanes), 1)
    for h in range(1, count):
        (x0, x1), (y0, y1) = zip(place(h, inner), place(h, 1.12), strict=True)
        marked = h in gaps
        artists += ax.plot(
            [x0, x1], [y0, y1], color="#202020" if marked else "#b9b9b9",
            linewidth=2.6 if marked else 1.2, linestyle="-" if marked else (0, (2, 2)), zorder=1,
        )  # fmt: skip
        artists.append(
            ax.text(
                *place(h, 1.36),
                f"{layer}{h}".translate(_LOWERED),
                ha="center",
                va="center",
                fontweight="bold" if marked else "normal",
            )
        )
    for a in range(count):
        artists.append(
            ax.text(
                *place(a + 0.5, inner - 0.24),
                str(a),
                ha="center",
                va="center",
                color=REFERENCE,
                bbox={"boxstyle": "circle,pad=0.16", "facecolor": "white", "edgecolor": "#b9b9b9"},
            )
        )
    box = FancyBboxPatch(
        (-0.36, inner + 0.02), 0.72, 1.16 - inner, boxstyle="round,pad=0.02", facecolor="white",
        edgecolor=REFERENCE, alpha=0.85, zorder=4,
    )  # fmt: skip
    artists.append(ax.add_artist(box))
    artists.append(ax.text(0, (1.18 + inner) / 2, "data", ha="center", va="center", zorder=5))
    if title:
        ax.set_title(title, loc="center")
    return artists


_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def draw_spectra(ax: Axes, spectra: Mapping[str, Array], kinds: Sequence[Kind]) -> list[Artist]:
    """Draw the eigenvalues of Hessians, one row per point, on an axis symmetric about zero.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    spectra : mapping of str to (n,) arrays
        The name of the row and its eigenvalues, in units of the reader's choice.
    kinds : sequence of Kind
        One per row.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = [ax.axvline(0, color=REFERENCE, linewidth=1)]
    for row, ((_, values), kind) in enumerate(zip(spectra.items(), kinds, strict=True)):
        y = np.full(len(values), -float(row))
        artists += ax.plot(
            values, y, KIND_MARKERS[kind], color=KIND_COLOURS[kind], alpha=0.6, markersize=7
        )
    ax.set_yticks([-float(k) for k in range(len(spectra))], list(spectra))
    ax.set_ylim(-len(spectra) + 0.4, 0.6)
    ax.set_xscale("symlog", linthresh=1e-2, linscale=0.6)
    ax.margins(x=0.08)
    ax.set_xlabel("eigenvalues of the Hessian")
    ax.grid(axis="y", visible=False)
    return artists


def draw_leaving(ax: Axes, runs: Mapping[tuple[int, float], Array]) -> list[Artist]:
    """Draw the losses of chains that leave the saddle at zero against the number of steps.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    runs : mapping of (int, float) to (steps + 1,) arrays
        Losses by the number of weights and their common size at the start.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    words, sizes = {2: "two", 3: "three"}, sorted({size for _, size in runs}, reverse=True)
    artists: list[Artist] = []
    for (depth, size), losses in runs.items():
        artists += ax.semilogx(
            np.arange(1, len(losses)),
            losses[1:],
            linestyle=LAYER_STYLES[sizes.index(size)],
            color=MODE_COLOURS[depth - 2],
            label=f"{words[depth]}, from {size:g}",
        )
    ax.set_xlabel("step")
    ax.set_ylabel("loss")
    ax.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=2)
    return artists


def draw_falls(ax: Axes, steps: Array, falls: Mapping[str, Array]) -> list[Artist]:
    """Draw how far the loss has fallen at distance t along directions, both axes logarithmic.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    steps : (k,) array
        t > 0.
    falls : mapping of str to (k,) arrays
        Loss at the saddle minus loss at distance t, by label.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    for row, (label, fall) in enumerate(falls.items()):
        shown = np.where(fall > 0, fall, np.nan)
        artists += ax.loglog(
            steps, shown, linestyle=LAYER_STYLES[row % 5], color=MODE_COLOURS[row % 6], label=label
        )
    ax.set_xlabel("distance from the saddle")
    ax.set_ylabel("fall of the loss")
    ax.legend(loc="best")
    return artists
