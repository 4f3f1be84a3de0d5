"""First-order analysis: what rank buys, and when bad local minima appear."""

import numpy as np
from matplotlib.figure import Figure

from lnn.book.chapters.first_order.figures import draw_explained, draw_floors, draw_weighted
from lnn.book.chapters.first_order.studies import NETWORKS, data, explained
from lnn.book.sliders.explorer import explorer
from lnn.book.sliders.parameters import Choice, Slider
from lnn.landscape.low_rank import best_of_rank, factorize
from lnn.network import bottleneck


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
        values=(0.0, 0.5, 1.0, 1.5, 2.5, 3.0, 3.5, 4.0),
        value=3.0,
    ),
    question="How heavy must single entries weigh before a bad local minimum appears?",
)
def weighted_entries(figure: Figure, weight: float) -> str:
    """Draw (2 − a²)² + 2 w a², the loss of the rank-one map (a, 1)(a, 1)ᵀ for T = diag(2, 1)."""
    a = np.linspace(-2.2, 2.2, 221)
    losses = (2 - a**2) ** 2 + 2 * weight * a**2
    ax = figure.subplots()
    draw_weighted(ax, a, losses, bad=4.0, best=1.0)
    ax.set_ylim(0, 14)
    trapped = weight > 2
    verdict = "a bad local minimum" if trapped else "no minimum"
    ax.set_title(f"w = {weight:g}: at a = 0 is {verdict}")
    ax.text(-2.1, 1.25, "loss of the map diag(2, 0)")
    return (
        f"With weight {weight:g} the loss along the line is 4 at a = 0, where the curve has a "
        f"{'minimum' if trapped else 'maximum'}; the map diag(2, 0) has loss 1."
    )
