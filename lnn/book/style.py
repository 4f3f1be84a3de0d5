"""The one look: colours of singular modes, line styles of layers, figures in the book's style."""

from importlib.resources import files
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDEST = 5.6
"""Inches at which a label of 12.5 points is 11 pixels high on a phone of 390."""

STYLE = str(files("lnn.book") / "lnn.mplstyle")

MODE_COLOURS = ("#0072B2", "#D55E00", "#007A5A", "#B3478F", "#8A6500", "#2A2A2A")
"""One colour a singular mode, mode 0 (the largest) first; distinguishable without colour vision."""

MODE_MARKERS = ("o", "s", "^", "D", "v", "P")
"""One marker a singular mode: never colour alone."""

LAYER_STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
"""One line style a layer, W_1 first."""

SIMULATION = "#0072B2"
THEORY = "#D55E00"
REFERENCE = "#5A5A5A"
"""Simulated curves, the theory drawn over them, and lines for orientation."""


def use() -> None:
    """Make the book's style the default of this session; each chapter begins with it.

    In a notebook, pictures are drawn as vectors, sharp at any size.
    """
    plt.style.use(STYLE)
    if plt.get_backend().endswith("inline"):
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg")  # type: ignore[no-untyped-call]


def new_figure(
    rows: int = 1, columns: int = 1, *, width: float = 5.6, height: float = 3.6, **subplots: Any
) -> tuple[Figure, Any]:
    """Return ``plt.subplots(rows, columns)`` in the book's style, sized for a phone.

    Parameters
    ----------
    rows, columns : int
    width, height : float
        Size of the whole figure in inches. A figure that is wider than 5.6 is drawn smaller in the
        same proportions: a phone would shrink it, and its labels with it.
    **subplots
        Passed to `matplotlib.pyplot.subplots`, such as ``sharex=True``.

    Returns
    -------
    figure : matplotlib.figure.Figure
    axes : matplotlib.axes.Axes or array of them
    """
    shrink = min(1.0, WIDEST / width)
    with plt.style.context(STYLE):
        return plt.subplots(rows, columns, figsize=(shrink * width, shrink * height), **subplots)


def label_line(ax: Axes, x: float, y: float, text: str, colour: str) -> Any:
    """Write a direct label beside a line, on white, so that no legend has to be looked up."""
    return ax.text(
        x,
        y,
        text,
        color=colour,
        va="center",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.85},
    )
