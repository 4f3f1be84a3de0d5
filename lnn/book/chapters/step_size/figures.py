"""Fixed step sizes: runs at several of them, the chain of the proof, the parabola of a step."""

from collections.abc import Mapping

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from lnn._checks import Array
from lnn.book.drawing import label_powers
from lnn.book.style import (
    LAYER_STYLES,
    MODE_COLOURS,
    MODE_MARKERS,
    REFERENCE,
    SIMULATION,
    THEORY,
    label_line,
)


def draw_runs(
    ax: Axes,
    steps: np.ndarray,
    losses: Array,
    labels: Mapping[str, tuple[float, float]],
    *,
    ceiling: float = np.inf,
) -> list[Artist]:
    """Draw the losses of several runs from the same start, one a step size, each with its name.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    steps : (k,) array
    losses : (n, k) array
        inf where a run has diverged: its line ends there.
    labels : mapping of str to (float, float)
        One a run, and where its middle left stands: a step and a loss.
    ceiling : float
        The first loss above it is drawn ten times as high, and nothing after it: the line leaves
        axes that end there.

    Returns
    -------
    list of matplotlib.artist.Artist
        The lines, then the labels.
    """
    artists: list[Artist] = []
    for i, row in enumerate(losses):
        over = np.flatnonzero(row > ceiling)
        last = int(over[0]) + 1 if over.size else row.size
        shown = np.minimum(row[:last], 10 * ceiling)
        seen = np.isfinite(shown)
        artists += ax.plot(
            steps[:last][seen], shown[seen], color=MODE_COLOURS[i], linestyle=LAYER_STYLES[i]
        )
    for i, (label, place) in enumerate(labels.items()):
        artists.append(label_line(ax, *place, label, MODE_COLOURS[i]))
    ax.set_yscale("log")
    ax.set_xlabel("step of gradient descent")
    ax.set_ylabel("loss  ‖Y − WX‖²")
    return artists


def draw_quadratic(
    ax: Axes, Q: Array, path: Array, *, span: float = 3.0, title: str | None = None
) -> list[Artist]:
    """Draw contours of ½ xᵀ Q x and the path of gradient descent to its minimizer, the origin.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    Q : (2, 2) array
    path : (k, 2) array
    span : float
        Half the width of the window.
    title : str, optional

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    grid = np.linspace(-span, span, 61)
    x, y = np.meshgrid(grid, grid)
    points = np.stack([x, y], axis=-1)
    values = np.einsum("...i,ij,...j->...", points, Q, points) / 2
    levels = np.geomspace(values.max() / 300, values.max(), 8)
    contours = ax.contour(x, y, values, levels=levels, colors="#7a8794", linewidths=0.7)
    (line,) = ax.plot(path[:, 0], path[:, 1], "-o", color=MODE_COLOURS[0], markersize=3.5, lw=1.2)
    (end,) = ax.plot(0, 0, "*", color=THEORY, markersize=12)
    ax.set(xlim=(-span, span), ylim=(-span, span), xlabel="x₁", ylabel="x₂")
    ax.set_aspect("equal")
    ax.grid(False)
    if title:
        ax.set_title(title)
    return [contours, line, end]


def draw_orders(
    ax: Axes, step_sizes: Array, curves: Mapping[str, tuple[Array, float]], *, ylabel: str
) -> list[Artist]:
    """Draw quantities against the step size on logarithmic axes, each beside a line of its order.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    step_sizes : (n,) array
    curves : mapping of str to ((n,) array, float)
        Label, values, and the order: the slope of the line drawn through the last value.
    ylabel : str

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    for i, (label, (values, order)) in enumerate(curves.items()):
        colour = MODE_COLOURS[i]
        line = values[-1] * (step_sizes / step_sizes[-1]) ** order
        artists += ax.plot(step_sizes, line, color=REFERENCE, linewidth=1.0, linestyle="--")
        artists += ax.plot(
            step_sizes, values, color=colour, marker=MODE_MARKERS[i], linestyle="", label=label
        )
    ax.set(xscale="log", yscale="log", xlabel="step size η", ylabel=ylabel)
    artists.append(ax.legend())
    return artists


CHAIN = (
    ("loss ≤ L₀", "as long as every step pays"),
    ("product ‖W‖ ≤ M", "a large product would be a large loss"),
    ("layers ‖Wⱼ‖² ≤ K", "if neighbours are balanced"),
    ("sharpness ≤ 2B", "the Hessian is made of layers"),
    ("the step pays; balance drifts by less than δ", "if η is small enough for 2B and δ"),
)
"""The links of the convergence proof: what is bounded, and why."""


def draw_chain(ax: Axes) -> list[Artist]:
    """Draw the chain of the convergence proof as boxes, the last joined to the first.

    Parameters
    ----------
    ax : matplotlib.axes.Axes

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    box = {"boxstyle": "round,pad=0.4", "facecolor": "#eef3f7", "edgecolor": REFERENCE}
    arrow = {"arrowstyle": "-|>", "color": REFERENCE, "linewidth": 1.4}
    for i, (what, why) in enumerate(CHAIN):
        y = -float(i)
        artists.append(ax.text(0.0, y, what, ha="left", va="center", bbox=box))
        if i:
            artists.append(ax.annotate("", (0.6, y + 0.27), (0.6, y + 0.73), arrowprops=arrow))
            artists.append(ax.text(0.95, y + 0.5, why, va="center", color=REFERENCE))
    last = -float(len(CHAIN) - 1)
    artists += ax.plot([-0.2, -0.6, -0.6], [last, last, 0.0], color=REFERENCE, linestyle="--")
    back = {**arrow, "linestyle": "--"}
    artists.append(ax.annotate("", (-0.17, 0.0), (-0.62, 0.0), arrowprops=back))
    artists.append(ax.text(-0.75, last / 2, CHAIN[0][1], rotation=90, va="center", ha="right"))
    ax.set(xlim=(-1.2, 6.2), ylim=(last - 0.5, 0.5))
    ax.set_axis_off()
    return artists


def draw_descent_lemma(
    ax: Axes, step_sizes: Array, losses: Array, parabola: Array, beta: float
) -> list[Artist]:
    """Draw the loss after one step against its step size, and the parabola above it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    step_sizes, losses, parabola : (k,) arrays
    beta : float
        Bound of the sharpness on the way.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    artists += ax.plot(step_sizes, losses, color=SIMULATION, label="loss after the step")
    artists += ax.plot(
        step_sizes, parabola, color=THEORY, linestyle="--", label="parabola above it"
    )
    artists.append(ax.axhline(losses[0], color=REFERENCE, linewidth=1.0, linestyle=":"))
    for value, name in ((1 / beta, "1/β"), (2 / beta, "2/β")):
        artists.append(ax.axvline(value, ymax=0.62, color=REFERENCE, linewidth=1.0))
        label = label_line(ax, value - 0.05 / beta, 1.25 * losses[0], name, REFERENCE)
        label.set_horizontalalignment("right")  # the parabola rises on the right
        artists.append(label)
    ax.set(xlabel="step size η", ylabel="loss", xlim=(0, step_sizes[-1]), ylim=(0, 2.3 * losses[0]))
    artists.append(ax.legend(loc="upper center"))
    return artists


def draw_depth(
    ax: Axes, depths: Array, step_sizes: Array, allowed: Mapping[str, Array]
) -> list[Artist]:
    """Draw a proved step size against the depth, below what each of its two terms would allow.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    depths, step_sizes : (k,) arrays
    allowed : mapping of str to (k,) array
        The name of a term, and the step size that this term alone would allow.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    looks = zip(allowed.items(), ((REFERENCE, ":"), (THEORY, "--")), strict=True)
    for (name, values), (colour, line) in looks:
        artists += ax.plot(depths, values, color=colour, linestyle=line, label=f"{name} alone")
    artists += ax.plot(depths, step_sizes, "o", color=SIMULATION, label="both: proved")
    ax.set(xscale="log", yscale="log", xlabel="layers N", ylabel="step size that is allowed")
    label_powers(ax.yaxis)
    artists.append(ax.legend(loc="lower left"))
    return artists


def draw_ladder(ax: Axes, layers: int) -> list[Artist]:
    """Draw the squares of the worst nearly balanced scalar layers: 0, δ, 2δ, ..., (N − 1) δ.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    layers : int
        N.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    places, heights = np.arange(1, layers + 1), np.arange(layers)
    artists: list[Artist] = list(ax.bar(places, heights, width=0.6, color=SIMULATION))
    arrow = {"arrowstyle": "<->", "color": THEORY, "linewidth": 1.4}
    for j in places[:-1]:
        ends = (j + 0.55, j - 1), (j + 0.55, j)
        artists.append(ax.annotate("", *ends, arrowprops=arrow))
        artists.append(ax.text(j + 0.45, j - 0.5, "δ", color=THEORY, ha="center", va="center"))
    ax.set_xticks(places, [f"layer {j}" for j in places])
    ax.set_yticks(heights, ["0", "δ", *[f"{h}δ" for h in heights[2:]]])
    ax.set(ylabel="square of the weight", ylim=(-0.03, layers - 0.8))
    ax.grid(False, axis="x")
    return artists


def draw_falls(ax: Axes, falls: Mapping[tuple[int, float], Array]) -> list[Artist]:
    """Draw losses of runs over a logarithmic axis of steps: line style by depth, label by seed.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    falls : mapping of (int, float) to (k,) array
        Losses of the run with N layers and a seed ε.

    Returns
    -------
    list of matplotlib.artist.Artist
    """
    artists: list[Artist] = []
    depths = sorted({layers for layers, _ in falls})
    for i, ((layers, seed), losses) in enumerate(falls.items()):
        row = depths.index(layers)
        steps = np.unique(np.geomspace(1, losses.size - 1, 300).astype(int))
        artists += ax.plot(
            steps,
            losses[steps],
            color=MODE_COLOURS[row],
            linestyle=LAYER_STYLES[i % 2],
            label=f"N = {layers}, ε = {seed:g}",
        )
    ax.set(xscale="log", xlabel="step of gradient descent", ylabel="loss  ‖Y − WX‖²")
    ax.set_ylim(-0.05, 2.4)  # room for the legend above the plateau
    artists.append(ax.legend(loc="upper right"))
    return artists
