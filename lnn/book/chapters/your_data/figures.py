"""Digits: the map of a network as pictures, and where step sizes stand."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from lnn._checks import Array
from lnn.book.style import MODE_COLOURS, MODE_MARKERS, REFERENCE


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


def draw_steps(ax: Axes, marks: Mapping[str, float], runs: Mapping[float, str]) -> list[Artist]:
    """Draw bounds of the step size and what runs between them did, on one logarithmic axis.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    marks : mapping of str to float
        Bounds by label.
    runs : mapping of float to str
        Outcome of a run by its step size.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    for index, (label, value) in enumerate(marks.items()):
        artists.append(ax.axvline(value, color=MODE_COLOURS[index], linestyle="--"))
        artists.append(
            ax.text(
                value,
                1.02,
                label,
                color=MODE_COLOURS[index],
                ha="center",
                va="bottom",
                transform=ax.get_xaxis_transform(),
            )
        )
    outcomes = list(dict.fromkeys(runs.values()))
    for index, outcome in enumerate(outcomes):
        steps = [step for step, what in runs.items() if what == outcome]
        marker = MODE_MARKERS[index]
        artists += ax.plot(
            steps, [index] * len(steps), marker, color=REFERENCE, markersize=9, linestyle="none"
        )
    ax.set_yticks(range(len(outcomes)), outcomes)
    ax.set_ylim(-0.6, len(outcomes) - 0.4)
    ax.set_xscale("log")
    ax.set_xlabel("step size η")
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
