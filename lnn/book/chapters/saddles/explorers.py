"""Second-order analysis: the spectrum at a critical point, its escape, and its pivots."""

import numpy as np
from matplotlib.figure import Figure

from lnn.book.chapters.saddles.figures import KIND_COLOURS, KIND_MARKERS, KIND_NAMES, draw_pivot
from lnn.book.chapters.saddles.studies import (
    CLOSED,
    INDEX_SETS,
    OPEN,
    RANDOM,
    RINGS,
    WIDTHS,
    cubic_direction,
    data,
    point,
    ring_point,
)
from lnn.book.sliders.explorer import explorer
from lnn.book.sliders.parameters import Choice
from lnn.book.style import REFERENCE
from lnn.landscape.kinds import Kind
from lnn.objective import loss


@explorer(
    Choice("modes", "Index set S", options=tuple(INDEX_SETS), value="1 2 3"),
    Choice("parametrization", "Parametrization", options=(CLOSED, OPEN, RANDOM), value=OPEN),
    question="Does this critical point have a downhill direction that the Hessian sees?",
    size=(5.6, 5.4),
)
def second_order(figure: Figure, modes: str, parametrization: str) -> str:
    """Draw the spectrum at a critical point, and the loss along its way out."""
    weights, found, spectrum = point(modes, parametrization)
    per_sample = spectrum / data().X.shape[-1]
    kind = found.kind
    top, bottom = figure.subplots(2, 1)
    figure.subplots_adjust(hspace=0.55, left=0.15)
    order = np.arange(1, per_sample.size + 1)
    rounding = 1e-9
    shown = np.where(np.abs(per_sample) < rounding, 0.0, per_sample)
    top.axhline(0, color=REFERENCE, linewidth=1)
    top.plot(order, shown, KIND_MARKERS[kind], color=KIND_COLOURS[kind], markersize=5)
    top.set_yscale("symlog", linthresh=0.1)
    top.set_ylim(-100, 300)
    top.set_xlabel("index")
    top.set_ylabel("eigenvalue / m")
    top.set_title(f"S = {{{modes if found.modes else ''}}}: {KIND_NAMES[kind]}")

    t = np.geomspace(1e-3, 1, 60)
    if kind is Kind.STRICT_SADDLE:
        assert found.escape is not None
        direction, name = found.escape, "along the escape direction"
    elif kind is Kind.NON_STRICT_SADDLE:
        direction, name = cubic_direction(data(), WIDTHS, len(INDEX_SETS[modes])), "cubic way out"
    else:
        rng = np.random.default_rng(0)
        noise = [rng.standard_normal(w.shape) for w in weights]
        size = np.sqrt(sum(np.sum(v**2) for v in noise))
        direction, name = tuple(v / size for v in noise), "along a random direction"
    moved = tuple(w + t[:, None, None] * v for w, v in zip(weights, direction, strict=True))
    change = (loss(moved, data()) - loss(weights, data())) / data().X.shape[-1]
    falls = kind is not Kind.GLOBAL_MINIMIZER
    bottom.loglog(t, np.where(falls, -change, change), color=KIND_COLOURS[kind], label=name)
    early = t < 0.05
    power = float(np.polyfit(np.log(t[early]), np.log(np.abs(change[early])), 1)[0])
    bottom.set_xlabel("distance t from the point")
    bottom.set_ylabel("fall of loss / m" if falls else "rise of loss / m")
    bottom.set_ylim(1e-10, 1e2)
    bottom.set_title(f"the loss {'falls' if falls else 'rises'} as t to the power {power:.1f}")
    bottom.legend(loc="lower right")
    negative = int(np.sum(per_sample < -rounding))
    return (
        f"Index set {modes}, {parametrization}: a {KIND_NAMES[kind]}. {negative} of "
        f"{per_sample.size} Hessian eigenvalues are negative, the lowest is "
        f"{shown[0]:.2g} times the number of samples. {name.capitalize()} the loss "
        f"{'falls' if falls else 'rises'} as distance to the power {power:.1f}."
    )


@explorer(
    Choice(
        "extra", "Layers that let an extra mode through", options=tuple(RINGS), value="W2 and W3"
    ),
    question="Which pivots close the loop?",
    size=(5.6, 6.2),
)
def pivots(figure: Figure, extra: str) -> str:
    """Draw the six pivots of four layers as rings, and the verdict of the Hessian."""
    layers = RINGS[extra]
    found = ring_point(layers)
    ax = figure.subplots()  # one for the six rings: axes take most of the time of drawing
    figure.subplots_adjust(left=0.02, right=0.98, bottom=0.02, top=0.9)
    conducting = [h in layers for h in range(1, 5)]
    pairs = sorted(found.pivots, reverse=True)
    for number, pair in enumerate(pairs):
        row, column = divmod(number, 2)
        name = f"({pair[0]}, {pair[1]}): {'cut' if found.pivots[pair].tightened else 'loop'}"
        draw_pivot(ax, conducting, pair, title=name, at=(4.65 * column, -3.1 * row))
    ax.set(xlim=(-0.75, 8.4), ylim=(-7.95, 1.25))
    lowest = found.smallest_eigenvalue / data().X.shape[-1]
    lowest = 0.0 if abs(lowest) < 1e-9 else lowest
    figure.suptitle(
        f"{KIND_NAMES[found.kind]}, smallest eigenvalue / m = {lowest:.2f}",
        color=KIND_COLOURS[found.kind], fontweight="bold",
    )  # fmt: skip
    loops = [pair for pair in pairs if not found.pivots[pair].tightened]
    names = ", ".join(map(str, loops)) if loops else "none"
    return (
        f"Six rings, one a pivot of a four-layer network in which {extra} let an extra mode "
        f"through. Pivots whose loop closes: {names}. The point is a {KIND_NAMES[found.kind]}; "
        f"the smallest Hessian eigenvalue is {lowest:.2f} times the number of samples."
    )
