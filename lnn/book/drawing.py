"""What every chapter draws: runs with the plateaus of the theory, a network as pipes, a proof."""

import itertools
from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.patches import FancyArrowPatch
from matplotlib.text import Text
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
) -> list[Artist]:
    """Draw the loss of one run on a logarithmic axis.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    steps, losses : (k,) arrays
        `Run.recorded` and `Run.losses`.
    label : str, optional
    colour, style : str

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    (line,) = ax.plot(steps, losses, color=colour, linestyle=style, label=label)
    ax.set_yscale("log")
    ax.set_xlabel("step of gradient descent")
    ax.set_ylabel("loss  ‖Y − WX‖²")
    return [line]


def draw_plateaus(ax: Axes, floors: Sequence[float], *, first: int = 0) -> list[Artist]:
    """Draw the least loss of each rank as a dashed line, labelled "rank r".

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Its x-limits are kept; the labels stand at their right end, above their lines, the last one
        below where it would come close to the one before.
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
    if len(floors) > 1 and isinstance(last := artists[-1], Text):
        _, heights = ax.transData.transform([(left, value) for value in floors[-2:]]).T
        lines = 72 * (heights[0] - heights[1]) / ax.figure.dpi / float(last.get_fontsize())
        last.set_verticalalignment("top" if 0 < lines < 1.25 else "bottom")
    ax.set_xlim(left, right)
    return artists


def draw_pipes(
    ax: Axes,
    widths: Sequence[int],
    *,
    ranks: Sequence[int] | None = None,
    through: int | None = None,
) -> list[Artist]:
    """Draw a network as pipes, from the input on the left to the output on the right.

    A layer is a pipe between two walls as high as its widths, and open as wide as its rank. The
    part that is open from end to end, as wide as the rank of the product, has one stripe per mode.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    widths : sequence of int
        d_0, ..., d_N.
    ranks : sequence of int, optional
        Of the layers; by default the largest that the widths allow.
    through : int, optional
        Rank of the product; by default the least of `ranks`.

    Returns
    -------
    list of matplotlib.artist.Artist

    Raises
    ------
    ValueError
        For ranks that the widths or the layers do not allow.
    """
    pairs = list(itertools.pairwise(widths))
    most = [min(pair) for pair in pairs]
    opened = most if ranks is None else list(ranks)
    if len(opened) != len(most) or any(not 0 <= r <= m for r, m in zip(opened, most, strict=True)):
        raise ValueError(f"ranks are {opened}: give one per layer, from 0 to at most {most}")
    stripes = min(opened) if through is None else through
    if not 0 <= stripes <= min(opened):
        raise ValueError(f"through is {through}: give a number from 0 to {min(opened)}")
    artists: list[Artist] = []
    for j, (left, right) in enumerate(pairs):
        outline = [left / 2, right / 2, -right / 2, -left / 2]
        artists += ax.fill([j, j + 1, j + 1, j], outline, facecolor="#d3d9df", edgecolor="none")
        half = opened[j] / 2
        artists.append(ax.fill_between([j, j + 1], -half, half, color="white", linewidth=0))
        artists += ax.plot([j, j + 1], [left / 2, right / 2], color=REFERENCE, linewidth=1.2)
        artists += ax.plot([j, j + 1], [-left / 2, -right / 2], color=REFERENCE, linewidth=1.2)
        lowest = -max(widths) / 2 - 0.35
        artists.append(ax.text(j + 0.5, lowest, f"layer {j + 1}", ha="center", va="top"))
    for k in range(stripes):
        centre, colour = (stripes - 1) / 2 - k, MODE_COLOURS[k % len(MODE_COLOURS)]
        ends = [-0.12, len(pairs) + 0.12]
        artists.append(
            ax.fill_between(ends, centre - 0.32, centre + 0.32, color=colour, linewidth=0)
        )
    for j, width in enumerate(widths):
        artists += ax.plot([j, j], [-width / 2, width / 2], color="black", linewidth=2.5)
        artists.append(ax.text(j, width / 2 + 0.15, str(width), ha="center", va="bottom"))
    ax.text(-0.22, 0, "x", ha="right", va="center", style="italic", fontsize=14)
    ax.text(len(pairs) + 0.22, 0, "Wx", ha="left", va="center", style="italic", fontsize=14)
    ax.set_xlim(-0.5, len(pairs) + 0.6)
    ax.set_ylim(-max(widths) / 2 - 1, max(widths) / 2 + 0.9)
    ax.set_axis_off()
    return artists


def draw_proof_map(ax: Axes, boxes: Sequence[str], steps: Sequence[str]) -> list[Artist]:
    """Draw a proof as boxes from top to bottom, joined by arrows that say which step leads on.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    boxes : (k,) sequence of str
        What is known at each station.
    steps : (k - 1,) sequence of str
        What leads from one to the next; written beside the arrows.

    Returns
    -------
    list of matplotlib.artist.Artist

    Raises
    ------
    ValueError
        Where steps and boxes do not fit.
    """
    if len(steps) != len(boxes) - 1:
        raise ValueError(f"steps are {len(steps)} for {len(boxes)} boxes: give one between any two")
    look = {"boxstyle": "round,pad=0.5", "facecolor": "white", "edgecolor": REFERENCE}
    artists: list[Artist] = []
    drawn: list[Text] = []
    for row, text in enumerate(boxes):
        drawn.append(ax.text(0, -row, text, ha="center", va="center", bbox=look, zorder=3))
        artists.append(drawn[-1])
        if row:
            arrow = FancyArrowPatch(
                (0, 1 - row),
                (0, -row),
                arrowstyle="-|>",
                mutation_scale=10,
                color=REFERENCE,
                patchA=drawn[-2].get_bbox_patch(),
                patchB=drawn[-1].get_bbox_patch(),
                shrinkA=0,
                shrinkB=2,
            )
            artists.append(ax.add_patch(arrow))
            artists.append(ax.text(0.06, 0.5 - row, steps[row - 1], va="center", ha="left"))
    ax.set_xlim(-0.75, 1)
    ax.set_ylim(0.6 - len(boxes), 0.4)
    ax.set_axis_off()
    return artists


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
