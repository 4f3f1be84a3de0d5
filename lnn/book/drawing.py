"""Runs of gradient descent: loss against steps, with the plateaus of the theory drawn in."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import NullFormatter

from lnn._checks import Array
from lnn.book.style import MODE_COLOURS, REFERENCE, SIMULATION


def draw_loss(
    ax: Axes,
    steps: np.ndarray,
    losses: Array,
    *,
    label: str | None = None,
    colour: str = SIMULATION,
    style: str = "-",
    log_steps: bool = False,
) -> list[Artist]:
    """Draw the loss of one run on a logarithmic axis.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    steps, losses : (k,) arrays
        `Run.recorded` and `Run.losses`. On a logarithmic step axis step 0 is left out.
    label : str, optional
    colour, style : str
    log_steps : bool

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    seen = steps > 0 if log_steps else slice(None)
    (line,) = ax.plot(steps[seen], losses[seen], color=colour, linestyle=style, label=label)
    ax.set_yscale("log")
    if log_steps:
        ax.set_xscale("log")
    ax.set_xlabel("step of gradient descent")
    ax.set_ylabel("loss  ‖Y − WX‖²")
    return [line]


def draw_plateaus(ax: Axes, floors: Sequence[float], *, first: int = 0) -> list[Artist]:
    """Draw the least loss of each rank as a dashed line, labelled "rank r".

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Its x-limits are kept; the labels stand at their right end.
    floors : sequence of float
        Least loss of rank `first`, `first` + 1, ...
    first : int

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    left, right = ax.get_xlim()
    for rank, value in enumerate(floors, start=first):
        colour = REFERENCE if rank == 0 else MODE_COLOURS[(rank - 1) % len(MODE_COLOURS)]
        artists.append(ax.axhline(value, color=colour, linestyle="--", linewidth=1.2, zorder=1))
        at = left * (right / left) ** 0.99 if ax.get_xscale() == "log" else right
        artists.append(ax.text(at, value, f"rank {rank}", color=colour, ha="right", va="bottom"))
    ax.set_xlim(left, right)
    return artists


def draw_modes(ax: Axes, singular_values: np.ndarray, targets: np.ndarray) -> list[Artist]:
    """Draw the singular values of a product as bars against the values to be learned.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    singular_values : (k,) array
        Of the product, descending.
    targets : (k,) array
        Of the least-squares map, drawn as outlines.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    modes = np.arange(1, len(targets) + 1)
    outline = ax.bar(modes, targets, width=0.7, fill=False, edgecolor=REFERENCE, linestyle="--")
    bars = ax.bar(modes, singular_values, width=0.7, color=MODE_COLOURS[: len(modes)])
    ax.set_xticks(modes)
    ax.set_xlabel("singular mode of W  (outline: of the data)")
    ax.set_ylabel("singular value")
    return [*outline, *bars]


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
