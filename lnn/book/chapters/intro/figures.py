"""The map of the book."""

import textwrap
from collections.abc import Mapping, Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch
from matplotlib.text import Text

from lnn.book.style import REFERENCE

PLACES: Mapping[str, tuple[float, float]] = {
    "linear_networks": (1, 0),
    "first_order": (0, 1),
    "exact_dynamics": (1, 1),
    "step_size": (2, 1),
    "saddles": (0, 2),
    "nonlinear": (0.9, 2),
    "step_size_experiments": (2.2, 2),
    "plateaus": (0, 3),
    "divergence": (1.4, 3),
    "your_data": (0.75, 4),
}
"""Column and row of each chapter."""


def draw_map(ax: Axes, needs: Mapping[str, tuple[str, Sequence[str]]]) -> list[Artist]:
    """Draw the chapters as boxes, with an arrow from each to those that need it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    needs : mapping of str to (str, sequence of str)
        Short name and needed chapters of each chapter, in the order of the book.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    boxes: dict[str, Text] = {}
    arrows: list[Artist] = []
    for number, (name, (label, before)) in enumerate(needs.items(), start=1):
        column, row = PLACES[name]
        lines = textwrap.fill(label, 11)
        boxes[name] = ax.text(
            column,
            -row,
            f"{number}\n{lines}",
            ha="center",
            va="center",
            bbox={"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": REFERENCE},
            zorder=3,
        )
        for other in before:
            ends = (boxes[other].get_position(), boxes[name].get_position())
            arrow = FancyArrowPatch(
                *ends,
                arrowstyle="-|>",
                mutation_scale=14,
                color=REFERENCE,
                patchA=boxes[other].get_bbox_patch(),
                patchB=boxes[name].get_bbox_patch(),
                shrinkA=0,
                shrinkB=2,
            )
            arrows.append(ax.add_patch(arrow))
    ax.set_xlim(-0.45, 2.6)
    ax.set_ylim(-4.5, 0.5)
    ax.set_axis_off()
    return [*boxes.values(), *arrows]
