"""The staircase: a network learns one singular mode after another."""

from typing import TYPE_CHECKING

import numpy as np
from traitlets import Enum, Float, Int, List

from lnn._checks import Weights
from lnn.book.labs.laboratory import Laboratory
from lnn.descent.run import Stop, descend
from lnn.dynamics.mode_basis import aligned
from lnn.initialization import gaussian
from lnn.problem import Problem

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Network(Laboratory):
    """What the laboratories of a network share: widths, data, and where descent starts.

    The inputs are whitened, Σ_XX = I, and the targets T = diag(spectrum): any data can be brought
    to this form by a change of coordinates of inputs and outputs, if the inputs are white.
    """

    layers = Int(3, min=1, max=6).tag(sync=True, label="Layers N", control="data")
    width = Int(4, min=1, max=6).tag(sync=True, label="Width of hidden layers", control="data")
    scale = Float(0.1, min=0.001, max=1.0).tag(sync=True, label="Size of the start", log=True)
    start = Enum(("gaussian", "aligned"), "gaussian").tag(
        sync=True, label="Start", control="data", names=("random", "aligned and balanced")
    )
    seed = Int(1, min=0, max=99).tag(sync=True, label="Seed of the start", control="data")
    spectrum = List(
        Float(min=0.1, max=6.0), [5.0, 4.0, 3.0, 2.0, 1.0], minlen=1, maxlen=6
    ).tag(sync=True, label="Singular value s", control="data")  # fmt: skip

    def widths(self) -> tuple[int, ...]:
        """Return (d_0, ..., d_N)."""
        d = len(self.spectrum)
        return (d, *[self.width] * (self.layers - 1), d)

    def problem(self) -> Problem:
        """Return the data, one sample per mode."""
        return Problem(np.eye(len(self.spectrum)), np.diag(self.spectrum))

    def weights(self) -> Weights:
        """Return the weights at the start."""
        if self.start == "gaussian":
            rng = np.random.default_rng(self.seed)
            return gaussian(self.widths(), rng, std=self.scale)
        if self.layers == 1:
            return (self.scale * np.eye(len(self.spectrum)),)
        strengths = [self.scale] * min(self.widths())
        return aligned(self.problem(), self.widths(), strengths)


class Staircase(Network):
    """Loss with its plateaus, singular values with their closed form, the rank as a pipe."""

    kind = "staircase"
    question = "What does a network learn while its loss stands still?"
    size = (5.6, 5.0)

    at = Int(0, min=0, max=4000).tag(
        sync=True, label="Shown step", play=8, ends="steps", notch=0.02
    )
    step = Float(0.005, min=0.0001, max=0.5).tag(sync=True, label="Step size η", log=True)
    steps = Int(2000, min=50, max=4000).tag(sync=True, label="Steps of the run", log=True)

    def draw(self, figure: "Figure") -> str:
        """Draw loss and singular values."""
        first, second = figure.subplots(2, 1)
        problem, weights = self.problem(), self.weights()
        every = max(1, self.steps // 200)
        run = descend(weights, problem, self.step, self.steps, record_every=every)
        targets = sorted(self.spectrum, reverse=True)
        rank = min(self.widths())
        floors = [sum(s**2 for s in targets[r:]) for r in range(rank + 1)]
        first.semilogy(run.recorded, np.maximum(run.losses, 1e-9))
        for level in floors:
            if level > 1e-9:
                first.axhline(level, color="0.4", linewidth=0.8, linestyle="--")
        first.set(title="Loss", xlabel="step")
        values, now = [], weights
        for _ in run.recorded:
            w = now[0]
            for factor in now[1:]:
                w = factor @ w
            values.append(np.linalg.svd(w, compute_uv=False))
            now = descend(now, problem, self.step, every).weights
            if not all(np.isfinite(x).all() for x in now):
                break
        for mode in range(len(targets)):
            second.plot(run.recorded[: len(values)], [v[mode] for v in values])
        second.set(title="Singular values", xlabel="step", ylim=(0, 1.12 * targets[0]))
        ended = (
            "It diverges"
            if run.stop == Stop.DIVERGED
            else f"It ends at {run.losses[-1]:.3g} after {run.steps} steps"
        )
        return (
            f"Loss and singular values of the product against the steps of gradient descent, for "
            f"a network of widths {', '.join(map(str, self.widths()))} and targets "
            f"{', '.join(f'{s:g}' for s in targets)}. Dashed lines mark the least loss of each "
            f"rank. {ended}."
        )


show = Staircase.show
