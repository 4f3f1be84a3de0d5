"""Critical points: their values, the blocks around a pivot, spectra, and the loss along escapes."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import FancyBboxPatch
from matplotlib.transforms import Affine2D

from lnn._checks import Array
from lnn.book.style import MODE_COLOURS, REFERENCE
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
        One entry an index set.
    leading : sequence of bool
        Whether S is {1, ..., r}.
    labels : sequence of str
        One for each leading set, by rank; written under its marker.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    r, v, first = np.asarray(ranks), np.asarray(values), np.asarray(leading)
    others = ax.plot(
        r[~first], v[~first], "v", color=MODE_COLOURS[1], label="any other S: strict saddle"
    )
    order = np.argsort(r[first])
    lowest = ax.plot(
        r[first][order], v[first][order], "o--", color=MODE_COLOURS[0], label="S = {1, …, r}"
    )
    texts = [
        ax.annotate(text, (x, y), (0, -9), textcoords="offset points", ha="center", va="top")
        for text, x, y in zip(labels, r[first][order], v[first][order], strict=bool(labels))
    ]
    ax.set_xticks(np.unique(r))
    ax.set_xlabel("rank r = |S| of the product")
    ax.set_ylabel("loss at the critical point")
    ax.legend(loc="lower left")
    return [*others, *lowest, *texts]


def draw_pivot(
    ax: Axes,
    conducting: Sequence[bool],
    pivot: tuple[int, int],
    *,
    title: str = "",
    at: tuple[float, float] = (0.0, 0.0),
) -> list[Artist]:
    """Draw the layers and the data as a ring, cut at a pivot into its two blocks.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Its axes are switched off.
    conducting : sequence of bool
        For every layer h = 1, ..., N whether Z_h lets something through besides the signal.
    pivot : (int, int)
        Layers (i, j), i > j, from 1.
    title : str
    at : (float, float), default (0, 0)
        Where the ring stands. Several share axes, whose limits are then the caller's to set: each
        takes N by 3.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    depth = len(conducting)
    i, j = pivot
    ax.set_axis_off()
    ax.set_xlim(-0.75, depth - 0.25)
    ax.set_ylim(-1.75, 1.25)
    placed = Affine2D().translate(*at) + ax.transData
    write = partial(ax.text, transform=placed)
    closed, cut = MODE_COLOURS[1], MODE_COLOURS[0]
    inside = all(conducting[h - 1] for h in range(j + 1, i))
    outside = all(conducting[h - 1] for h in range(1, depth + 1) if not j <= h <= i)

    # Layer h stands at x = depth − h: W_N on the left, as in the product.
    left, right, data_y = -0.55, depth - 0.45, -1.0
    wires = [
        *(
            (((depth - h, 0.0), (depth - h - 1, 0.0)), inside if j <= h < i else outside)
            for h in range(1, depth)
        ),
        (((0.0, 0.0), (left, 0.0), (left, data_y)), outside),
        (((depth - 1, 0.0), (right, 0.0), (right, data_y)), outside),
        (((left, data_y), (right, data_y)), outside),
    ]
    colour = closed if inside and outside else cut
    live = LineCollection(
        [w for w, on in wires if on],
        colors=colour, linewidths=3.0, zorder=1, transform=placed,
    )  # fmt: skip
    dead = LineCollection(
        [w for w, on in wires if not on],
        colors=REFERENCE, linewidths=1.5, linestyles=[(0, (1.5, 2))], zorder=1, transform=placed,
    )  # fmt: skip
    artists: list[Artist] = [ax.add_artist(live), ax.add_artist(dead)]
    for h in range(1, depth + 1):
        x = depth - h
        moved = h in pivot
        face = "#FFF1C9" if moved else "white" if conducting[h - 1] else "#DDDDDD"
        box = FancyBboxPatch(
            (x - 0.3, -0.28), 0.6, 0.56, boxstyle="round,pad=0.02", facecolor=face,
            edgecolor=REFERENCE, linewidth=2.0 if moved else 1.0, zorder=3,
            transform=placed,
        )  # fmt: skip
        artists.append(ax.add_artist(box))
        artists.append(write(x, 0, f"W{h}", ha="center", va="center", zorder=4))
        note = "moves" if moved else "open" if conducting[h - 1] else "closed"
        artists.append(write(x, 0.36, note, ha="center", va="bottom", color=REFERENCE))
    middle_x = (depth - 1) / 2
    data = FancyBboxPatch(
        (middle_x - 0.5, data_y - 0.28), 1.0, 0.56, boxstyle="round,pad=0.02", facecolor="white",
        edgecolor=REFERENCE, zorder=3, transform=placed,
    )  # fmt: skip
    artists.append(ax.add_artist(data))
    artists.append(write(middle_x, data_y, "Σ_XY", ha="center", va="center", zorder=4))
    if title:
        artists.append(write(-0.7, 0.85, title, fontweight="bold", va="bottom"))
    return artists


def draw_spectra(ax: Axes, spectra: Mapping[str, Array], kinds: Sequence[Kind]) -> list[Artist]:
    """Draw the eigenvalues of Hessians, one row a point, on an axis symmetric about zero.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    spectra : mapping of str to (n,) arrays
        The name of the row and its eigenvalues, in units of the reader's choice.
    kinds : sequence of Kind
        One a row.

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
    styles = ("-", "--", "-.", ":")
    for row, (label, fall) in enumerate(falls.items()):
        shown = np.where(fall > 0, fall, np.nan)
        artists += ax.loglog(
            steps, shown, styles[row % 4], color=MODE_COLOURS[row % 6], label=label
        )
    ax.set_xlabel("distance t from the saddle")
    ax.set_ylabel("fall of the loss")
    ax.legend(loc="best")
    return artists
