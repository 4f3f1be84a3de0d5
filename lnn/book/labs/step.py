"""How large a step: the loss that each step size reaches, and the bounds that say something."""

from typing import TYPE_CHECKING

import numpy as np
from traitlets import Float, Int, List

from lnn.book.labs.laboratory import Laboratory
from lnn.book.labs.staircase import Network
from lnn.descent.run import descend
from lnn.steps.balance import balancedness
from lnn.steps.convergence import convergence_bound
from lnn.steps.divergence import divergence_bound

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Step(Network, Laboratory):
    """Drag the step size over the final loss of every step size; see the run."""

    kind = "step"
    question = "How large a step can gradient descent take, and who knows it beforehand?"
    size = (5.6, 3.8)

    step = Float(0.02, min=1e-6, max=2.0).tag(sync=True, label="Step size η", log=True)
    steps = Int(400, min=50, max=1000).tag(sync=True, label="Steps of each run", log=True)
    scale = Float(0.6, min=0.01, max=1.0).tag(sync=True, label="Size of the start", log=True)
    layers = Int(3, min=2, max=5).tag(sync=True, label="Layers N", control="data")
    width = Int(3, min=1, max=4).tag(sync=True, label="Width of hidden layers", control="data")
    spectrum = List(Float(min=0.1, max=4.0), [3.0, 2.0, 1.0], minlen=1, maxlen=4).tag(
        sync=True, label="Singular value s", control="data"
    )

    def marks(self) -> dict[str, float]:
        """Return the step sizes that can be known: proved before the run, and never stable.

        The proved one is that of Nguegnang, Rauhut and Terstiege with their δ, or with twice the
        balancedness constant where that is larger.
        """
        weights, problem = self.weights(), self.problem()
        usual = convergence_bound(weights, problem, on_unbalanced="nan").delta
        delta = max(float(usual), 2 * float(balancedness(weights)))
        return {
            "proved before": float(convergence_bound(weights, problem, delta).step_size),
            "no minimizer is stable": float(divergence_bound(problem, self.widths())),
        }

    def draw(self, figure: "Figure") -> str:
        """Draw the final loss over the step size, with the marks."""
        ax = figure.add_subplot()
        weights, problem, marks = self.weights(), self.problem(), self.marks()
        low, high = marks.values()
        floor = sum(s**2 for s in sorted(self.spectrum, reverse=True)[min(self.widths()) :])
        sizes = np.geomspace(min(low / 2, high / 50), 6 * high, 90)
        ends = [descend(weights, problem, eta, self.steps).losses[-1] - floor for eta in sizes]
        finite = np.isfinite(ends)
        ax.loglog(sizes[finite], np.maximum(np.array(ends)[finite], 1e-17))
        ax.plot(sizes[~finite], np.full((~finite).sum(), 1e2), "x")
        for (name, value), style in zip(marks.items(), (":", "--"), strict=True):
            ax.axvline(value, color="0.3", linestyle=style, label=name)
        ax.axvline(self.step, label=f"η = {self.step:g}")
        ax.set(xlabel="step size η", title=f"Loss above its minimum, {self.steps} steps")
        ax.legend()
        chosen = descend(weights, problem, self.step, self.steps)
        return (
            f"Loss above its minimum after {self.steps} steps against the step size. The proved "
            f"bound is {low:.2g}; above {high:.2g} no minimizer is stable. With step size "
            f"{self.step:g} the run stands at {chosen.losses[-1] - floor:.2g}."
        )


show = Step.show
