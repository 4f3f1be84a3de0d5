"""Saddles on the ring: critical points as strings that the reader opens and closes."""

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from traitlets import Int, TraitError, Unicode, validate

from lnn._checks import Weights
from lnn.book.labs.laboratory import Laboratory
from lnn.landscape.classification import classify
from lnn.objective import hessian
from lnn.problem import Problem

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TARGETS = (3.0, 2.0, 1.0)
"""Singular values of T, one per mode; they, and Σ_XX = I, are fixed."""

PATTERN = "[01]{1,5}/[01]{1,5}/[01]{1,5}"


class Ring(Laboratory):
    """Kind, index and order of flatness of a critical point, from its strings.

    Each of three modes is a chain of scalar layers, which pass it (1) or not (0). A mode that
    passes all layers is learned: its weights multiply to its target. One that two layers or more
    stop is not, and what is left of it are strings between closed layers; the data join its last
    node to its first. ``gates`` lists the layers of each mode, W_1 first: "111/010/000" has
    learned mode 1.
    """

    kind = "ring"
    question = "When is a saddle strict? Open and close the layers of a critical point."
    size = (5.6, 5.4)

    layers = Int(3, min=2, max=5).tag(sync=True, label="Layers N")
    gates = Unicode("111/010/000").tag(sync=True, label="gates", control="none", pattern=PATTERN)

    @validate("gates")
    def _only_gates(self, proposal: dict[str, Any]) -> str:
        if not re.fullmatch(PATTERN, proposal["value"]):
            raise TraitError(f"gates must match {PATTERN}")
        return str(proposal["value"])

    def table(self) -> list[list[bool]]:
        """Return whether mode q passes layer h, [q][h]; layers not given continue a full chain."""
        rows = [[c == "1" for c in row] for row in self.gates.split("/")]
        return [[row[h] if h < len(row) else all(row) for h in range(self.layers)] for row in rows]

    def weights(self) -> Weights:
        """Return the weights: σ^{1/N} along learned modes, 1 where a layer passes another mode."""
        table = self.table()
        learned = [all(row) for row in table]
        roots = [s ** (1 / self.layers) for s in TARGETS]
        return tuple(
            np.diag([roots[q] if learned[q] else float(table[q][h]) for q in range(3)])
            for h in range(self.layers)
        )

    def problem(self) -> Problem:
        """Return the data, one sample per mode."""
        return Problem(np.eye(3), np.diag(TARGETS))

    def draw(self, figure: "Figure") -> str:
        """Draw the table of gates, and the spectrum of the Hessian."""
        gates, chart = figure.subplots(2, 1)
        table, weights, problem = self.table(), self.weights(), self.problem()
        shades = np.array(table, dtype=float)
        gates.imshow(shades, cmap="Blues", vmin=0, vmax=1.6, aspect="auto")
        for q, row in enumerate(table):
            for h, passes in enumerate(row):
                gates.text(h, q, "open" if passes else "closed", ha="center", va="center")
        gates.set_xticks(range(self.layers), [f"W{'₁₂₃₄₅'[h]}" for h in range(self.layers)])
        gates.set_yticks(range(3), [f"mode {q + 1}" for q in range(3)])
        gates.grid(False)
        spectrum = np.linalg.eigvalsh(hessian(weights, problem))
        chart.plot(spectrum, ".")
        chart.axhline(0, color="0.4", linewidth=1)
        chart.set(title="Eigenvalues of the Hessian", xlabel="number")
        kind = classify(weights, problem).kind.name.lower().replace("_", " ")
        index = int((spectrum < -1e-9 * spectrum[-1]).sum())
        learned = [str(q + 1) for q, row in enumerate(table) if all(row)]
        held = f"holds mode {' and '.join(learned)}" if learned else "is zero"
        return (
            f"Three modes through {self.layers} layers, each layer open or closed to each mode, "
            f"and the eigenvalues of the Hessian there. The product {held}. Verdict: {kind}, with "
            f"{index} negative eigenvalues."
        )


show = Ring.show
