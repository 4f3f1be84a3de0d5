"""Leaving plateaus: runs from several starts, and times against the size of what started them."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from lnn._checks import Array
from lnn.book.style import LAYER_STYLES, MODE_COLOURS, MODE_MARKERS, REFERENCE, THEORY


def draw_runs(
    ax: Axes,
    steps: np.ndarray,
    runs: Mapping[str, Array],
    floors: Mapping[str, float],
) -> list[Artist]:
    """Draw losses of runs on linear axes, with levels of the theory as labelled dashed lines.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    steps : (k,) array
    runs : mapping of str to (k,) arrays
        Losses by label.
    floors : mapping of str to float
        Levels by label; nan levels are left out.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    for row, (label, losses) in enumerate(runs.items()):
        artists += ax.plot(
            steps, losses, color=MODE_COLOURS[row], linestyle=LAYER_STYLES[row], label=label
        )
    for label, level in floors.items():
        artists.append(ax.axhline(level, color=REFERENCE, linestyle=":", linewidth=1.2, zorder=1))
        artists.append(
            ax.text(0.99, level, label, transform=ax.get_yaxis_transform(), ha="right",
                    va="bottom", color=REFERENCE)
        )  # fmt: skip
    ax.set_xlabel("step of gradient descent")
    ax.set_ylabel("loss  ‖Y − WX‖²")
    ax.legend(loc="best")
    return artists


def draw_scaling(
    ax: Axes,
    sizes: Array,
    quantiles: Mapping[str, Array],
    *,
    theory: Sequence[Array] = (),
    slope: float | None = None,
    xlabel: str = "size ε of the perturbation",
    ylabel: str = "steps to leave the plateau",
    log_y: bool = True,
    first: int = 0,
    apart: float = 1.0,
) -> list[Artist]:
    """Draw medians and ranges against a size, on a logarithmic axis, with the theory over them.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    sizes : (k,) array
    quantiles : mapping of str to (3, k) arrays
        Lower, middle and upper value by label.
    theory : sequence of (k,) arrays
        One dashed curve for each label, in the same order; fewer are allowed.
    slope : float, optional
        Of a dotted line for orientation through the median at the smallest size of each label. It
        is no theory: it fixes a power and takes its constant from the data.
    xlabel, ylabel : str
    log_y : bool
    first : int
        Colour and marker of the first label, counted in the palette.
    apart : float
        Factor between the positions of neighbouring labels, so that their bars do not coincide.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    for row, (label, (low, middle, high)) in enumerate(quantiles.items(), start=first):
        x = sizes * apart ** (row - first)
        bars = ax.errorbar(
            x, middle, [middle - low, high - middle], fmt=MODE_MARKERS[row],
            color=MODE_COLOURS[row], capsize=3, label=label,
        )  # fmt: skip
        artists.append(bars)  # type: ignore[arg-type]
        if slope is not None:
            least = int(np.argmin(x))
            name = f"slope {slope:g}".replace("-", "−") if row == first else None
            artists += ax.plot(
                x, middle[least] * (x / x[least]) ** slope, color=REFERENCE, linestyle=":",
                linewidth=1.6, label=name, zorder=1,
            )  # fmt: skip
    for row, curve in enumerate(theory, start=first):
        name = "theory" if row == 0 else None
        artists += ax.plot(
            sizes, curve, color=THEORY if len(theory) == 1 else MODE_COLOURS[row],
            linestyle="--", linewidth=1.4, label=name, zorder=1,
        )  # fmt: skip
    ax.set_xscale("log")
    if log_y:
        ax.set_yscale("log")
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.legend(loc="best")
    return artists


def draw_agreement(ax: Axes, predicted: Array, measured: Array) -> list[Artist]:
    """Draw measured against predicted times, one dot a draw, with the line of equality.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    predicted, measured : (n,) arrays

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    ends = [0.8 * float(np.min(predicted)), 1.25 * float(np.max(predicted))]
    dots = ax.loglog(predicted, measured, "o", color=MODE_COLOURS[0], alpha=0.6, markersize=5)
    line = ax.loglog(ends, ends, "--", color=THEORY, zorder=1, label="equal")
    ax.set_xlabel("steps by the quadrature")
    ax.set_ylabel("steps of gradient descent")
    ax.legend(loc="upper left")
    return [*dots, *line]


def draw_growth(ax: Axes, steps: Array, runs: Mapping[str, Array]) -> list[Artist]:
    """Draw one weight against the step for each law of growth, with a dot where it leaves.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    steps : (k,) array
    runs : mapping of str to (k,) arrays

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    for row, (label, values) in enumerate(runs.items()):
        artists += ax.plot(
            steps, values, color=MODE_COLOURS[row], linestyle=LAYER_STYLES[row], label=label
        )
        left = int(np.argmax(values > 0.5))
        if values[left] > 0.5:
            artists += ax.plot(
                steps[left], values[left], MODE_MARKERS[row], color=MODE_COLOURS[row], markersize=8
            )
    ax.set_xlabel("step of gradient descent")
    ax.set_ylabel("weight w")
    ax.legend(loc="best")
    return artists


def draw_passing(ax: Axes, paths: Array, *, layers: int, every: int = 10) -> list[Artist]:
    """Draw runs past the saddle at 0 of two or three weights, with a dot at equal times.

    The legend counts the steps until the loss is below one half.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    paths : (n, k, 2) array
    layers : int
        2 for (1 − w₂ w₁)², 3 for (1 − w₃ w₂ w₁)² on the plane w₃ = w₂.
    every : int
        Steps between two dots.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    axis = np.linspace(-0.45, 1.6, 160)
    w1, w2 = np.meshgrid(axis, axis)
    losses = (1 - w1 * w2 ** (layers - 1)) ** 2
    artists: list[Artist] = [
        ax.contour(w1, w2, losses, levels=(0.01, 0.1, 0.3, 0.6, 0.9, 1.0, 1.1, 1.4, 2.0),
                   colors="#9aa5b1", linewidths=0.7),
    ]  # fmt: skip
    for row, path in enumerate(paths):
        colour = MODE_COLOURS[row]
        artists += ax.plot(*path.T, color=colour, linewidth=1.3)
        past = int(np.argmax((1 - path[:, 0] * path[:, 1] ** (layers - 1)) ** 2 < 0.5))
        artists += ax.plot(
            *path[::every].T, MODE_MARKERS[row], color=colour, markersize=4, label=f"{past} steps"
        )
    artists += ax.plot(0, 0, "X", color="black", markersize=9, zorder=5)
    artists.append(
        ax.legend(loc="lower right", frameon=True, facecolor="white", edgecolor="none",
                  framealpha=0.9, handlelength=0.8, borderpad=0.1, labelspacing=0.15)
    )  # fmt: skip
    ax.set(xlim=(-0.45, 1.6), ylim=(-0.45, 1.6), aspect="equal", xlabel="w₁")
    ax.set_ylabel("w₂" if layers == 2 else "w₂ = w₃")
    ax.grid(False)
    return artists
