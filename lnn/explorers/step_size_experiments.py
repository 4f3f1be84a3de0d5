"""Fixed step size, the experiments: how depth and width move the proved step size."""

from functools import lru_cache
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from lnn._checks import Array
from lnn.experiments import step_size_experiment
from lnn.figures.steps import draw_distributions, label_powers
from lnn.intervals import quantile_interval
from lnn.studies import run_study
from lnn.widgets import Choice, Slider, explorer

NETWORKS = 500
SEED = 54
STORED = Path(__file__).with_name("doublings_100k.npz")
"""Written by tests/benchmarks/study_100k.py."""


def stored_doublings() -> np.ndarray:
    """Return how often 0.9 times the proved step size can be doubled before a run fails.

    Returns
    -------
    (100000,) array of int
        Of the members of the study with seed `SEED` and widths 5-5-5-5, in order.
    """
    with np.load(STORED) as file:
        return np.asarray(file["doublings"], dtype=np.int64)


@lru_cache(maxsize=64)
def bounds(depth: int, width: int) -> Array:
    """Return the proved step sizes of many networks, all on the same problems.

    Parameters
    ----------
    depth : int
        N.
    width : int
        Of the hidden layers.

    Returns
    -------
    (NETWORKS,) array
    """
    widths = (5, *[width] * (depth - 1), 5)
    study = run_study(step_size_experiment, NETWORKS, seed=SEED, options={"widths": widths})
    return study["bound"]


@explorer(
    Slider("depth", "Number of layers N", values=range(2, 11), value=4),
    Choice("width", "Width of the hidden layers", options=("5", "2", "1"), value="2"),
    question="What moves the proved step size: depth or width?",
)
def depth_and_width(figure: Figure, depth: int, width: str) -> str:
    """Draw the distribution of the bound, beside that of three layers of width five."""
    ours, reference = bounds(depth, int(width)), bounds(3, 5)
    ax = figure.subplots()
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
    ax.set_title(
        f"Median ratio to N = 3, width 5: {ratio:.3g}  [{low:.3g}, {high:.3g}]", fontsize=11
    )
    return (
        f"Distribution over {NETWORKS} networks of the proved step size for {depth} layers with "
        f"hidden width {width}, beside that for three layers of width 5. The median ratio is "
        f"{ratio:.3g}, with 95% interval {low:.3g} to {high:.3g}."
    )
