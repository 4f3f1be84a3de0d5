"""One layer between the others; derivatives against finite differences."""

from collections.abc import Mapping

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from lnn._checks import Array
from lnn.book.style import MODE_COLOURS, MODE_MARKERS, REFERENCE, SIMULATION, THEORY


def draw_layer_between(ax: Axes, depth: int, layer: int) -> list[Artist]:
    """Draw a chain of layers, one of them marked, and how the error reaches it from both sides.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    depth : int
        N; the input is on the left.
    layer : int
        j, with 1 < j < N.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    lowered = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
    j = str(layer).translate(lowered)
    artists: list[Artist] = []
    for k in range(1, depth + 1):
        here = k == layer
        look = {
            "boxstyle": "round,pad=0.35",
            "facecolor": SIMULATION if here else "white",
            "edgecolor": SIMULATION if here else REFERENCE,
        }
        name, colour = "W" + str(k).translate(lowered), "white" if here else "black"
        text = ax.text(k, 0, name, ha="center", va="center", color=colour, bbox=look, zorder=3)
        artists.append(text)
    forward = {"arrowstyle": "-|>", "color": REFERENCE, "shrinkA": 0, "shrinkB": 0}
    artists.append(ax.annotate("", (depth + 0.75, 0), (0.25, 0), arrowprops=forward, zorder=1))
    for place, name, side in ((0.2, "x", "right"), (depth + 0.8, "Wx", "left")):
        artists.append(ax.text(place, 0, name, ha=side, va="center", style="italic"))
    for first, last, name, what in (
        (1, layer - 1, f"Q{j}", "before"),
        (layer + 1, depth, f"P{j}", "after"),
    ):
        left, right, middle = first - 0.38, last + 0.38, (first + last) / 2
        corners = [0.52, 0.66, 0.66, 0.52]
        artists += ax.plot([left, left, right, right], corners, color=REFERENCE, linewidth=1.4)
        artists.append(ax.text(middle, 0.74, f"{name}: what comes {what}", ha="center"))
    ends = np.array([0.3, depth + 0.7])
    artists += ax.plot(ends.repeat(2), [-0.9, -1.15, -1.15, -0.9], color=THEORY, linewidth=2.0)
    whole = "one error E, from the input to the output"
    artists.append(ax.text(layer, -1.25, whole, color=THEORY, ha="center", va="top"))
    back = forward | {"color": THEORY, "linewidth": 2.0}
    for tail, head, name in zip(ends, (layer - 0.8, layer + 0.8), ("Q", "P"), strict=True):
        artists.append(ax.annotate("", (head, -0.9), (tail, -0.9), arrowprops=back))
        middle, through = (tail + head) / 2, f"through {name}{j}ᵀ"
        artists.append(ax.text(middle, -0.8, through, color=THEORY, ha="center", va="bottom"))
    gradient = f"2 P{j}ᵀ E Q{j}ᵀ"
    artists.append(ax.text(layer, -0.9, gradient, color=SIMULATION, ha="center", va="center"))
    ax.set(xlim=(-0.2, depth + 1.3), ylim=(-1.6, 1.0))
    ax.set_axis_off()
    return artists


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
