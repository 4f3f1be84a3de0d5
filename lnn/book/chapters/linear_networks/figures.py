"""Derivatives against finite differences."""

from collections.abc import Mapping

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from lnn._checks import Array
from lnn.book.style import MODE_COLOURS, MODE_MARKERS, REFERENCE


def draw_difference_errors(
    ax: Axes, steps: Array, errors: Mapping[str, Array], *, rounding: float
) -> list[Artist]:
    """Draw errors of central differences against their step, with slope 2 and rounding / step.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    steps : (k,) array
        Increments h.
    errors : mapping of str to (k,) array
        Relative errors, one curve a label.
    rounding : float
        Relative size of rounding errors in what is differenced.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    for k, (label, error) in enumerate(errors.items()):
        artists += ax.loglog(
            steps, error, MODE_MARKERS[k], color=MODE_COLOURS[k], label=label, markersize=5
        )
    largest = np.max([error[np.argmax(steps)] for error in errors.values()])
    artists += ax.loglog(
        steps, largest * (steps / steps.max()) ** 2, "--", color=REFERENCE, label="slope 2: h²"
    )
    artists += ax.loglog(steps, rounding / steps, ":", color=REFERENCE, label="rounding / h")
    ax.set_ylim(1e-15, 1)
    ax.set_xlabel("increment h")
    ax.set_ylabel("relative error")
    ax.legend(loc="upper center", ncols=2)
    return artists
