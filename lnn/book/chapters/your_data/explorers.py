"""Take it home: handwritten digits, prepared, fitted and looked at."""

import numpy as np
from matplotlib.figure import Figure

from lnn.book.chapters.your_data.figures import draw_templates
from lnn.book.chapters.your_data.studies import (
    accuracy,
    digit_problem,
    least_squares_accuracy,
    staircase,
)
from lnn.book.drawing import draw_loss, draw_plateaus
from lnn.book.sliders.explorer import explorer
from lnn.book.sliders.parameters import Choice, Slider
from lnn.book.style import MODE_COLOURS, REFERENCE, SIMULATION
from lnn.landscape.low_rank import best_of_rank
from lnn.steps.divergence import divergence_bound


@explorer(
    Slider("rank", "Rank r", values=range(1, 11), value=3),
    question="What does a network know when it rests on the plateau of rank r?",
    size=(5.6, 5.2),
)
def templates(figure: Figure, rank: int) -> str:
    """Draw the ten rows of the best map of rank r as pictures, and how far they carry."""
    problem, parts = digit_problem()
    ranks = range(1, 11)
    shares = [accuracy(best_of_rank(problem, r), parts) for r in ranks]
    training, test = shares[rank - 1]
    upper, lower = figure.subplots(2, 1, height_ratios=(2.6, 1))
    figure.subplots_adjust(left=0.14, right=0.97, bottom=0.11, top=0.94, hspace=0.3)
    rows = best_of_rank(problem, rank) @ np.linalg.pinv(parts.basis)
    picture = draw_templates(upper, rows, labels=[str(k) for k in range(10)])
    bar = figure.colorbar(
        picture, ax=upper, ticks=[-1, 0, 1], location="bottom", pad=0.03, fraction=0.05, aspect=40
    )
    bar.ax.set_xticklabels(["against", "0", "for"])
    figure.suptitle(
        f"rank {rank}: loss {float(problem.floor(rank)):.0f}, {test:.0%} of new digits right",
        y=0.97,
    )
    lower.plot(ranks, [new for _, new in shares], color=REFERENCE)
    lower.plot([rank], [test], "o", color=MODE_COLOURS[1], markersize=9)
    lower.set(xticks=ranks, ylim=(0, 1), xlabel="rank r")
    lower.set_ylabel("share right")
    return (
        f"Ten 8 by 8 pictures, the weights of each digit in the best map of rank {rank}. It "
        f"classifies {training:.0%} of the training digits and {test:.0%} of the others rightly."
    )


@explorer(
    Slider(
        "components",
        "Principal components kept",
        values=(10, 12, 15, 20, 25, 30, 40, 50, 60),
        value=20,
    ),
    question="How many components should the preparation keep?",
    size=(5.6, 5.0),
)
def keep(figure: Figure, components: int) -> str:
    """Draw the eigenvalues of Σ and the accuracy for a number of components."""
    counts = keep.parameters[0].grid
    upper, lower = figure.subplots(2, 1)
    figure.subplots_adjust(hspace=0.5, top=0.93, bottom=0.11, left=0.16)
    problem, parts = digit_problem(components)
    bars = upper.bar(range(1, 11), problem.eigenvalues, color=SIMULATION)
    upper.bar_label(bars, fmt="%.0f")
    upper.set_ylim(0, 135)
    upper.set_xticks(range(1, 11))
    upper.set_xlabel("mode i")
    upper.set_ylabel("λᵢ")
    training, test = np.transpose([least_squares_accuracy(n) for n in counts])
    lower.plot(counts, training, "-o", color=MODE_COLOURS[0], markersize=4, label="training")
    lower.plot(counts, test, "--s", color=MODE_COLOURS[1], markersize=4, label="new digits")
    lower.axvline(components, color=REFERENCE, linestyle=":")
    lower.set_xlabel("components kept")
    lower.set_ylabel("share right")
    lower.set_ylim(0.75, 1)
    lower.legend(loc="lower right")
    here = least_squares_accuracy(components)
    bound = float(divergence_bound(problem, (components, 12, 12, 10)))
    upper.set_title(f"{components} components keep {parts.explained:.1%} of ‖X‖²")
    return (
        f"With {components} components the ten eigenvalues run from "
        f"{problem.eigenvalues[0]:.0f} to {problem.eigenvalues[-1]:.1f}; least squares classifies "
        f"{here[0]:.0%} of the training digits and {here[1]:.0%} of the others rightly, and no "
        f"step above {bound:.2g} can be used."
    )


@explorer(
    Slider(
        "size",
        "Size of the initial weights",
        values=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2),
        value=0.02,
        log=True,
    ),
    Choice("layers", "Layers", options=("3", "2")),
    question="How small must the weights be for a staircase?",
    size=(5.6, 4.8),
)
def stairs(figure: Figure, size: float, layers: str) -> str:
    """Draw the loss of a run on the digits until it has arrived, from weights of a given size."""
    fall = staircase(size, int(layers))
    ax = figure.subplots()
    figure.subplots_adjust(left=0.17, right=0.96, bottom=0.12, top=0.92)
    draw_loss(ax, fall.recorded, fall.losses)
    ax.set_yscale("linear")
    ax.set_xlim(0, 1.05 * fall.arrival)
    draw_plateaus(ax, fall.levels)
    ax.set_title(f"{fall.arrival} steps, {fall.resting:.0%} of them on a level")
    return (
        f"From weights of size {size:g} a network with {layers} layers needs {fall.arrival} steps "
        f"to the global minimum, and spends {fall.resting:.0%} of them within one per cent of a "
        f"predicted level."
    )
