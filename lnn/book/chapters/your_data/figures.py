"""Digits: the map of a network as pictures, and what runs at several step sizes do."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from lnn._checks import Array
from lnn.book.style import MODE_MARKERS, SIMULATION, THEORY


def draw_templates(
    ax: Axes, templates: Array, *, labels: Sequence[str], columns: int = 5
) -> AxesImage:
    """Draw square pictures in a grid, each scaled by its own largest modulus.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    templates : (k, pixels) array
        Violet is positive, white 0, orange negative.
    labels : (k,) sequence of str
        Written above the pictures.
    columns : int

    Returns
    -------
    matplotlib.image.AxesImage
        The mosaic.
    """
    side = round(templates.shape[1] ** 0.5)
    rows = -(-len(templates) // columns)
    cell_height, cell_width = side + 3, side + 1
    mosaic = np.full((rows * cell_height, columns * cell_width), np.nan)
    for index, picture in enumerate(templates):
        top, left = (index // columns) * cell_height + 2, (index % columns) * cell_width
        scale = np.abs(picture).max() or 1.0
        mosaic[top : top + side, left : left + side] = picture.reshape(side, side) / scale
        ax.text(left + side / 2 - 0.5, top - 1.2, labels[index], ha="center", va="center")
    picture = ax.imshow(mosaic, cmap="PuOr", vmin=-1, vmax=1, interpolation="nearest")
    ax.set_axis_off()
    return picture


def draw_steps(ax: Axes, runs: Mapping[str, str], *, bound: float, label: str) -> list[Artist]:
    """Draw what runs did, one column a step size, in order, with a bound between two columns.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    runs : mapping of str to str
        Outcome by the name of the step size, from the smallest to the largest.
    bound : float
        Where the bound stands, in columns counted from 0.
    label : str
        Its name.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    outcomes = list(dict.fromkeys(runs.values()))
    artists: list[Artist] = [ax.axvline(bound, color=THEORY, linestyle="--")]
    artists.append(
        ax.text(
            bound,
            1.02,
            label,
            color=THEORY,
            ha="center",
            va="bottom",
            transform=ax.get_xaxis_transform(),
        )
    )
    for row, outcome in enumerate(outcomes):
        columns = [column for column, what in enumerate(runs.values()) if what == outcome]
        artists += ax.plot(
            columns,
            [row] * len(columns),
            MODE_MARKERS[row],
            color=SIMULATION,
            markersize=10,
            linestyle="none",
        )
    ax.set_xticks(range(len(runs)), list(runs))
    ax.set_yticks(range(len(outcomes)), outcomes)
    ax.set_xlim(-0.5, len(runs) - 0.5)
    ax.set_ylim(-0.6, len(outcomes) - 0.4)
    return artists


def draw_modes(pictures: Axes, bars: Axes, inputs: Array, answers: Array) -> list[Artist]:
    """Draw the leading modes: the image that each looks for, and what it says about each digit.

    Parameters
    ----------
    pictures, bars : matplotlib.axes.Axes
    inputs : (k, pixels) array
    answers : (k, 10) array

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    labels = [f"mode {i + 1}" for i in range(len(inputs))]
    table = bars.imshow(answers, cmap="PuOr", vmin=-1, vmax=1, aspect="auto")
    images = draw_templates(pictures, inputs, labels=labels, columns=len(inputs))
    artists: list[Artist] = [images, table]
    bar = bars.figure.colorbar(table, ax=[pictures, bars], ticks=[-1, 0, 1], shrink=0.8)
    bar.ax.set_yticklabels(["−1", "0", "1"])
    bars.set_xticks(range(10))
    bars.set_yticks(range(len(answers)), labels)
    bars.set_xlabel("digit")
    bars.grid(False)
    return artists
