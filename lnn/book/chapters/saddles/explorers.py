"""Second-order analysis: the spectrum at a critical point, and its way out."""

import numpy as np
from matplotlib.figure import Figure

from lnn.book.chapters.saddles.figures import KIND_COLOURS, KIND_MARKERS, KIND_NAMES
from lnn.book.chapters.saddles.studies import (
    CLOSED,
    INDEX_SETS,
    OPEN,
    RANDOM,
    data,
    point,
)
from lnn.book.sliders.explorer import explorer
from lnn.book.sliders.parameters import Choice
from lnn.book.style import REFERENCE
from lnn.landscape.flatness import way_out
from lnn.landscape.kinds import Kind
from lnn.objective import loss


@explorer(
    Choice("modes", "Modes learned", options=tuple(INDEX_SETS), value="1 2 3"),
    Choice("parametrization", "The layers besides", options=(CLOSED, OPEN, RANDOM), value=OPEN),
    question="Does this critical point have a downhill direction that the Hessian sees?",
    size=(5.6, 5.4),
)
def second_order(figure: Figure, modes: str, parametrization: str) -> str:
    """Draw the spectrum at a critical point, and the loss along its way out."""
    weights, found, spectrum = point(modes, parametrization)
    per_sample = spectrum / data().X.shape[-1]
    kind = found.kind
    top, bottom = figure.subplots(2, 1)
    figure.subplots_adjust(hspace=0.55, left=0.19)
    order = np.arange(1, per_sample.size + 1)
    rounding = 1e-9
    shown = np.where(np.abs(per_sample) < rounding, 0.0, per_sample)
    top.axhline(0, color=REFERENCE, linewidth=1)
    top.plot(order, shown, KIND_MARKERS[kind], color=KIND_COLOURS[kind], markersize=5)
    top.set_yscale("symlog", linthresh=0.1)
    top.set_ylim(-100, 300)
    top.set_xlabel("number, from the lowest")
    top.set_ylabel("eigenvalue / m")
    top.set_title(KIND_NAMES[kind])

    t = np.geomspace(1e-3, 1, 60)
    if kind is Kind.STRICT_SADDLE:
        assert found.escape is not None
        direction, name = found.escape, "along the escape direction"
    elif kind is Kind.NON_STRICT_SADDLE:
        direction, name = way_out(weights, data()), "along the way out"
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
    bottom.set_xlabel("distance from the point")
    bottom.set_ylabel("fall of loss / m" if falls else "rise of loss / m")
    bottom.set_ylim(1e-10, 1e2)
    bottom.set_title(f"the loss {'falls' if falls else 'rises'} with power {power:.1f}")
    bottom.legend(loc="lower right")
    return (
        f"Modes {modes}, {parametrization}: a {KIND_NAMES[kind]}. {found.index} of "
        f"{per_sample.size} Hessian eigenvalues are negative, the lowest is "
        f"{shown[0]:.2g} times the number of samples. {name.capitalize()} the loss "
        f"{'falls' if falls else 'rises'} like the distance to the power {power:.1f}."
    )
