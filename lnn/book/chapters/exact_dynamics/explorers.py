"""Chapter on exact dynamics: imbalance, and random weights."""

import numpy as np
from matplotlib.figure import Figure

from lnn.book.chapters.exact_dynamics.figures import draw_mode_curves
from lnn.book.chapters.exact_dynamics.studies import (
    TARGETS,
    data,
    horizon,
    unequal_layers,
)
from lnn.book.sliders.explorer import explorer
from lnn.book.sliders.parameters import Slider
from lnn.descent.flow import gradient_flow
from lnn.dynamics.closed_form import chain_flow, mode_flow, unbalanced_flow
from lnn.dynamics.mode_basis import aligned, effective_start, mode_values
from lnn.initialization import gaussian


@explorer(
    Slider("depth", "Layers N", values=(2, 3, 4), value=3),
    Slider("imbalance", "Imbalance κ", values=(0.0, 0.05, 0.2, 0.5, 1.0, 2.0), value=0.0),
    question="What becomes of the plateau when the layers start unequal?",
)
def imbalance(figure: Figure, depth: int, imbalance: float) -> str:
    """Draw the four modes from products of 0.01 whose last layer is larger than the others."""
    ax = figure.subplots()
    product = 1e-2
    layers = unequal_layers(depth, product, imbalance)
    end = horizon(product, depth)
    times = np.linspace(0, end, 300)
    if depth == 2 and imbalance > 0:
        theory = unbalanced_flow(times, np.full(4, product), TARGETS, np.ones(4), imbalance)
    elif imbalance > 0:
        theory = np.prod(chain_flow(times, layers, TARGETS, 1.0), axis=-1)
    else:
        theory = mode_flow(times, np.full(4, product), TARGETS, np.ones(4), depth)
    seen_times = np.linspace(0, end, 16)
    weights = aligned(data(), (4,) * (depth + 1), np.repeat(layers[:, None], 4, axis=1))
    flow = gradient_flow(weights, data(), seen_times, rtol=1e-6, method="RK45")
    seen = mode_values(flow.weights, data())
    draw_mode_curves(ax, times, theory, seen_times=seen_times, seen=seen, targets=TARGETS)
    ax.set_ylim(-0.2, 5.6)
    half = [float(np.interp(s / 2, curve, times)) for s, curve in zip(TARGETS, theory, strict=True)]
    return (
        f"{depth} layers with imbalance {imbalance:g}: the modes are half learned at the times "
        f"{', '.join(f'{value:.3g}' for value in half)}."
    )


@explorer(
    Slider(
        "std",
        "Standard deviation of the weights",
        values=(1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.3, 0.6),
        value=1e-2,
        log=True,
    ),
    Slider("seed", "Draw", values=range(3), value=0),
    question="Random weights are neither aligned nor balanced. Does the theory still hold?",
)
def random_start(figure: Figure, std: float, seed: int) -> str:
    """Draw the modes of a two-layer network from Gaussian weights, and the prediction for them."""
    problem = data()
    weights = gaussian((4, 4, 4), np.random.default_rng(seed), std=std)
    start = np.minimum(effective_start(weights, problem), 0.9 * TARGETS)
    ax = figure.subplots()
    end = horizon(start, 2)
    times = np.linspace(0, end, 300)
    theory = mode_flow(times, start, TARGETS, np.ones(4), 2)
    seen_times = np.linspace(0, end, 40)
    flow = gradient_flow(weights, problem, seen_times, rtol=1e-6, method="RK45")
    seen = mode_values(flow.weights, problem)
    draw_mode_curves(ax, times, theory, seen_times=seen_times, seen=seen, targets=TARGETS)
    ax.set_ylim(-0.6, 5.6)
    gap = float(np.abs(mode_flow(seen_times, start, TARGETS, np.ones(4), 2).T - seen).max())
    return (
        f"Gaussian weights of standard deviation {std:g}, draw {seed}: the prediction from the "
        f"effective start is off by at most {gap:.2g} on modes of size 5, 4, 3, 2."
    )
