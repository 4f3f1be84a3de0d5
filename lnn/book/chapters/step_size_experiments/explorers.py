"""Fixed step size, the experiments: how depth and width move the proved step size."""

import numpy as np
from matplotlib.figure import Figure

from lnn.book.chapters.step_size_experiments.figures import draw_distributions
from lnn.book.chapters.step_size_experiments.studies import NETWORKS, bounds
from lnn.book.drawing import label_powers
from lnn.book.sliders.explorer import explorer
from lnn.book.sliders.parameters import Choice, Slider
from lnn.intervals import quantile_interval


@explorer(
    Slider("depth", "Number of layers N", values=range(2, 11), value=4),
    Choice("width", "Width of the hidden layers", options=("5", "2", "1"), value="2"),
    question="What moves the proved step size: depth or width?",
)
def depth_and_width(figure: Figure, depth: int, width: str) -> str:
    """Draw the distribution of the bound, beside that of three layers of width five."""
    ours, reference = bounds(depth, int(width)), bounds(3, 5)
    ax = figure.subplots()
    figure.subplots_adjust(left=0.19, right=0.95)
    draw_distributions(
        ax,
        {f"N = {depth}, width {width}": ours, "N = 3, width 5": reference},
        xlabel="proved step size η",
        limits=(1e-9, 1e-3),
        bins=45,
    )
    ax.set_ylim(0, 0.15)
    label_powers(ax.xaxis)
    ratio = np.median(ours / reference)
    low, high = quantile_interval(ours / reference)
    ax.set_title(f"ratio of the two, median: {ratio:.3g}")
    return (
        f"Distribution over {NETWORKS} networks of the proved step size for {depth} layers with "
        f"hidden width {width}, beside that for three layers of width 5. The median ratio is "
        f"{ratio:.3g}, with 95% interval {low:.3g} to {high:.3g}."
    )
