"""The valley of two weights, L = (s − w₂ w₁)², and its sister of three, L = (s − w₃ w₂ w₁)²."""

from typing import TYPE_CHECKING

import numpy as np
from traitlets import Enum, Float, Int

from lnn.book.labs.laboratory import Laboratory
from lnn.descent.run import Stop, descend
from lnn.problem import Problem

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SPAN = 2.6  # of the plane that the picture shows, in both directions


def grid() -> np.ndarray:
    """Return 400 starts, 20 by 20: w₁ and w₂ in a (2, 400) array.

    The second coordinate is moved a little, so that no start lies on a diagonal, which for two
    weights leads to the saddle.
    """
    cells = -2.5 + 0.25 * (np.arange(20) + 0.5)
    return np.array([(w1, w2 + 0.05) for w1 in cells for w2 in cells]).T


class Valley(Laboratory):
    """Drag the start, move the step size; see path, loss, sharpness and imbalance.

    Three layers are shown on the plane w₃ = w₂. Gradient descent never leaves it, since the two
    weights have equal gradients there, so the path in the picture is the whole truth.
    """

    kind = "valley"
    question = "Where does gradient descent go in the valley?"
    size = (5.6, 6.6)

    step = Float(0.05, min=0.001, max=2.0).tag(sync=True, label="Step size η", log=True)
    steps = Int(60, min=1, max=1000).tag(sync=True, label="Steps", log=True, play=6)
    layers = Enum((2, 3), 2).tag(
        sync=True, label="Weights", control="data", names=("two: w₂w₁", "three: w₃w₂w₁, w₃ = w₂")
    )
    target = Float(1.0, min=0.1, max=3.0).tag(sync=True, label="Target s", control="data")
    shows = Enum(("run", "ends"), "run").tag(
        sync=True, label="Shown", control="data", names=("one run", "and the ends of 400 runs")
    )
    w1 = Float(-1.0, min=-2.5, max=2.5).tag(sync=True, label="w₁ at the start", control="data")
    w2 = Float(1.6, min=-2.5, max=2.5).tag(sync=True, label="w₂ at the start", control="data")

    def start(self) -> tuple[np.ndarray, ...]:
        """Return the weights at the start, w₁ first."""
        factors = (self.w1, self.w2, self.w2)[: self.layers]
        return tuple(np.array([[w]]) for w in factors)

    def ends(self) -> np.ndarray:
        """Return where runs from all over the plane settle, with this step size and steps.

        Returns
        -------
        (k, 2) array
            (w₁, w₂) of those among the 400 runs from `grid` whose loss has fallen to 1e-8 s². With
            three weights rounding lets some runs leave the plane w₃ = w₂; those are left out.
        """
        w1, w2 = grid()[..., None, None]
        start = (w1, w2, w2)[: self.layers]
        run = descend(start, self.problem(), self.step, self.steps, record_every=self.steps)
        settled = (run.stop != Stop.DIVERGED) & (run.losses[:, -1] <= 1e-8 * self.target**2)
        settled &= np.abs(run.weights[-1] - run.weights[1])[:, 0, 0] < 1e-6
        return np.stack([w[settled, 0, 0] for w in run.weights[:2]], axis=-1)

    def problem(self) -> Problem:
        """Return the data: one sample x = 1, y = s."""
        return Problem([[1.0]], [[self.target]])

    def draw(self, figure: "Figure") -> str:
        """Draw the path over the contour lines, and the loss."""
        plane, chart = figure.subplots(2, 1, height_ratios=(2.2, 1))
        points, weights, problem = [self.start()], self.start(), self.problem()
        run = descend(weights, problem, self.step, self.steps)
        for _ in range(int(run.steps)):
            weights = descend(weights, problem, self.step, 1).weights
            points.append(weights)
        path = np.array([[w[0, 0] for w in point[:2]] for point in points])
        axis = np.linspace(-SPAN, SPAN, 201)
        w1, w2 = np.meshgrid(axis, axis)
        height = np.abs(self.target - w1 * w2 ** (self.layers - 1)) / self.target
        plane.contour(w1, w2, height, levels=(0.2, 0.45, 0.7, 1, 1.5, 2, 2.6), colors="0.75")
        plane.contour(w1, w2, w1 * w2 ** (self.layers - 1), levels=[self.target], colors="#00704F")
        plane.plot(path[:, 0], path[:, 1], "o-", markersize=3, linewidth=1.2)
        settled = self.ends() if self.shows == "ends" else np.empty((0, 2))
        plane.plot(*settled.T, "o", markersize=4, color="#D55E00", markerfacecolor="white")
        plane.plot(*path[0], "o", markersize=9, color="#0072B2")
        plane.set(
            xlim=(-SPAN, SPAN), ylim=(-SPAN, SPAN), aspect="equal", xlabel="w₁",
            ylabel="w₂" if self.layers == 2 else "w₂ = w₃",
        )  # fmt: skip
        chart.semilogy(run.recorded, np.maximum(run.losses, 1e-16))
        chart.set(xlabel="step", title="Loss")
        product = "w₂w₁" if self.layers == 2 else "w₃w₂w₁"
        ended = (
            f"the loss blows up after {run.steps} steps"
            if run.stop == Stop.DIVERGED
            else f"after {run.steps} steps the loss is {run.losses[-1]:.3g}"
        )
        if self.shows == "ends":
            ended += f"; of 400 runs from all over the plane {len(settled)} have settled"
        return (
            f"Contour lines of the loss ({self.target:g} − {product})² with the path of gradient "
            f"descent from w₁ = {self.w1:g}, w₂ = {self.w2:g} with step size {self.step:g}: "
            f"{ended}."
        )


show = Valley.show
