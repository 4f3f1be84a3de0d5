"""First-order analysis: the turn, what rank buys, and when bad local minima appear."""

import numpy as np
from matplotlib.figure import Figure

from lnn.book.chapters.first_order.figures import (
    draw_explained,
    draw_floors,
    draw_stripe,
    draw_turn,
)
from lnn.book.chapters.first_order.studies import NETWORKS, data, explained, turn
from lnn.book.sliders.explorer import explorer
from lnn.book.sliders.parameters import Choice, Slider
from lnn.landscape.low_rank import best_of_rank, factorize
from lnn.network import bottleneck

ANGLES = np.radians(np.arange(91.0))


@explorer(
    Slider("angle", "Angle of the turn, in degrees", values=range(0, 91, 15), value=0),
    Slider(
        "learned",
        "Target of the mode that is learned",
        values=(0.0, 0.5, 1.0, 1.5, 2.0, 2.5),
        value=1.0,
    ),
    question="How does the loss change while the stripe turns from one mode to the other?",
    size=(5.6, 3.5),
)
def turning(figure: Figure, angle: float, learned: float) -> str:
    """Draw the stripe s(θ) (sin θ, cos θ) for T = diag(2, learned), and the loss on its way."""
    sizes, losses = turn(ANGLES, learned=learned)
    at = round(angle)
    plane, loss = figure.subplots(1, 2)
    figure.subplots_adjust(left=0.13, right=0.96, bottom=0.2, top=0.88, wspace=0.42)
    draw_stripe(plane, ANGLES, sizes, np.array([2.0, learned]), at=at)
    plane.set_title("the stripe")
    plane.set_xlabel("other mode, target 2")
    plane.set_ylabel("learned mode")
    draw_turn(loss, ANGLES, losses, at=at)
    loss.set_ylim(0, 7)
    loss.set_title(f"s = {sizes[at]:.2f}, loss {losses[at]:.2f}")
    return (
        f"Targets 2 and {learned:g}, turned by {angle:g} degrees: the stripe has the size "
        f"{sizes[at]:.2f}, and the loss is {losses[at]:.2f}. On the whole way it runs from "
        f"{losses[0]:.2f} to {losses[-1]:.2f}."
    )


@explorer(
    Slider("rank", "Rank r", values=range(6), value=2),
    Choice("network", "Widths of the network", options=tuple(NETWORKS), value="5-4-4-5"),
    question="How much of the fit does each further rank buy?",
    size=(5.6, 5.4),
)
def rank_constraint(figure: Figure, rank: int, network: str) -> str:
    """Draw what the best map of rank r explains, and its loss; ranks a network cannot have."""
    problem, widths = data(), NETWORKS[network]
    most = bottleneck(widths)
    reached = min(rank, most)
    weights = factorize(best_of_rank(problem, reached), widths)
    shares = explained(reached)
    floors = [float(problem.floor(r)) for r in range(6)]
    top, bottom = figure.subplots(2, 1)
    figure.subplots_adjust(hspace=0.55, top=0.93, bottom=0.1, right=0.96)
    draw_explained(top, shares)
    sizes = " · ".join(f"{w.shape[0]}×{w.shape[1]}" for w in reversed(weights))
    limited = f"; rank {rank} is out of reach" if rank > most else ""
    top.set_title(f"Rank {reached} through factors {sizes}{limited}")
    draw_floors(bottom, floors, chosen=reached, bottleneck=most)
    bottom.set_title(f"Least loss {floors[reached]:,.0f}")
    return (
        f"Network {network}, rank {rank}: the best map of rank {reached} explains "
        f"{', '.join(f'{share:.0%}' for share in shares)} of the five outputs, with loss "
        f"{floors[reached]:,.0f}. The network reaches ranks up to {most}."
    )


@explorer(
    Slider(
        "weight",
        "Weight w of the off-diagonal entries",
        values=(0.0, 0.5, 1.0, 1.5, 2.5, 3.0, 4.0, 6.0, 10.0),
        value=3.0,
    ),
    question="How heavy must single entries weigh before a bad local minimum appears?",
)
def weighted_entries(figure: Figure, weight: float) -> str:
    """Draw the weighted loss on the turn from diag(0, 1) to diag(2, 0), beside that for w = 1."""
    _, losses = turn(ANGLES, weight=weight)
    _, alike = turn(ANGLES)
    ax = figure.subplots()
    draw_turn(ax, ANGLES, losses, at=0, reference=alike)
    ax.plot(90, losses[-1], "o", color="black", markersize=8, zorder=5)
    ax.set_ylim(-0.2, 5.2)
    ax.set_xlabel("angle of the turn in degrees")
    ax.set_ylabel("weighted loss")
    ax.text(2, 3.15, "diag(0, 1)")
    ax.text(88, 0.02, "diag(2, 0)", ha="right")
    ax.text(92, 4.75, "dashed: w = 1", ha="right")
    top = int(np.argmax(losses))
    if weight > 2:
        ax.set_title(f"w = {weight:g}: a pass of height {losses[top]:.2f} at {top}°")
        return (
            f"With weight {weight:g} the loss rises on the turn from 4 at diag(0, 1), a local "
            f"minimum, over a pass of height {losses[top]:.2f} at {top} degrees, before it falls "
            "to 1 at diag(2, 0)."
        )
    ax.set_title(f"w = {weight:g}: diag(0, 1) has a way down")
    return f"With weight {weight:g} the loss falls on the turn from 4 at diag(0, 1) at once."
