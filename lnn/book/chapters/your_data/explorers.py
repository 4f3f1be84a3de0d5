"""Take it home: handwritten digits, prepared, fitted and looked at."""

import numpy as np
from matplotlib.figure import Figure

from lnn.book.chapters.your_data.figures import draw_templates
from lnn.book.chapters.your_data.studies import (
    NEW_DIGITS,
    accuracy,
    digit_problem,
    least_squares_accuracy,
    staircase,
)
from lnn.book.digits import digits
from lnn.book.drawing import draw_loss, draw_plateaus
from lnn.book.sliders.explorer import explorer
from lnn.book.sliders.parameters import Choice, Slider
from lnn.book.style import MODE_COLOURS, REFERENCE, SIMULATION
from lnn.landscape.low_rank import best_of_rank
from lnn.steps.divergence import divergence_bound


@explorer(
    Slider("rank", "Rank r", values=range(1, 11), value=3),
    Choice("digit", "A new digit", options=tuple(NEW_DIGITS)),
    question="What does a network know when it rests on the plateau of rank r?",
    size=(5.6, 6.0),
)
def templates(figure: Figure, rank: int, digit: str) -> str:
    """Draw the ten rows of the best map of rank r as pictures, and try them on a new digit."""
    problem, parts = digit_problem()
    best = best_of_rank(problem, rank)
    training, test = accuracy(best, parts)
    upper, lower = figure.subplots(2, 1, height_ratios=(2.6, 1.2))
    figure.subplots_adjust(left=0.4, right=0.97, bottom=0.1, top=0.94, hspace=0.3)
    upper.set_position((0.1, 0.5, 0.86, 0.42))
    rows = best @ np.linalg.pinv(parts.basis)
    picture = draw_templates(upper, rows, labels=[str(k) for k in range(10)])
    bar = figure.colorbar(
        picture, cax=figure.add_axes((0.16, 0.47, 0.74, 0.025)), ticks=[-1, 0, 1],
        orientation="horizontal",
    )  # fmt: skip
    bar.ax.set_xticklabels(["against", "0", "for"])
    figure.suptitle(
        f"rank {rank}: loss {float(problem.floor(rank)):.0f}, {test:.0%} of new digits right",
        y=0.98,
    )
    image = digits()[0][:, NEW_DIGITS[digit]]
    scores = (best @ parts.apply(image[:, None]))[:, 0]
    winner = int(scores.argmax())
    seen = figure.add_axes((0.04, 0.1, 0.24, 0.24))
    draw_templates(seen, image[None], labels=[f"a new {digit}"], columns=1)
    lower.set_position((0.42, 0.1, 0.55, 0.24))
    bars = lower.bar(range(10), scores, color=SIMULATION)
    bars[winner].set(color=MODE_COLOURS[1], hatch="//")
    lower.axhline(0, color=REFERENCE, linewidth=0.8)
    lower.set(xticks=range(10), ylim=(-0.35, 0.95), xlabel="output of digit")
    lower.set_title(f"the largest output says: {winner}")
    return (
        f"Ten 8 by 8 pictures, the weights of each digit in the best map of rank {rank}. It "
        f"classifies {training:.0%} of the training digits and {test:.0%} of the others rightly. "
        f"On a new {digit} its largest output, {scores[winner]:.2f}, is that of {winner}."
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
