"""Take it home: handwritten digits, prepared, fitted and looked at."""

from functools import lru_cache
from importlib.resources import as_file, files

import numpy as np
from matplotlib.figure import Figure

from lnn._checks import Array
from lnn.divergence import divergence_bound
from lnn.figures.style import MODE_COLOURS, REFERENCE, SIMULATION
from lnn.figures.your_data import draw_templates
from lnn.preparation import Components, principal_components
from lnn.problems import Problem
from lnn.rank import best_of_rank
from lnn.widgets import Slider, explorer

TRAINING = 1200
COMPONENTS = 20


@lru_cache(maxsize=1)
def digits() -> tuple[Array, np.ndarray]:
    """Return the handwritten digits that come with scikit-learn.

    The file is a copy of scikit-learn's, so that the browser's kernel, which may lack that package,
    has the data too: 1797 of the digits of E. Alpaydin and C. Kaynak (1998), UCI Machine Learning
    Repository, https://doi.org/10.24432/C50P49, CC BY 4.0.

    Returns
    -------
    images : (64, 1797) array
        Pixels between 0 and 1, one column an image of 8 by 8.
    labels : (1797,) array of int
    """
    with as_file(files("lnn.explorers") / "digits.csv.gz") as path:
        table = np.loadtxt(path, delimiter=",")
    return np.asarray(table[:, :-1].T / 16), table[:, -1].astype(int)


def one_hot(labels: np.ndarray) -> Array:
    """Return targets (10, m): 1 in the row of the digit, 0 elsewhere."""
    return np.asarray(np.arange(10)[:, None] == labels, dtype=np.float64)


@lru_cache(maxsize=64)
def digit_problem(components: int = COMPONENTS) -> tuple[Problem, Components]:
    """Return the first 1200 digits on their leading principal components."""
    images, labels = digits()
    parts = principal_components(images[:, :TRAINING], components)
    return Problem(parts.scores, one_hot(labels[:TRAINING])), parts


def accuracy(matrix: Array, parts: Components) -> tuple[float, float]:
    """Return the shares of digits that a linear map classifies rightly: training, and the rest.

    Parameters
    ----------
    matrix : (10, components) array
        The digit is the largest output.
    parts : Components

    Returns
    -------
    training, test : float
    """
    images, labels = digits()
    right = (matrix @ parts.apply(images)).argmax(axis=0) == labels
    return float(right[:TRAINING].mean()), float(right[TRAINING:].mean())


@lru_cache(maxsize=64)
def _least_squares_accuracy(components: int) -> tuple[float, float]:
    problem, parts = digit_problem(components)
    return accuracy(problem.least_squares, parts)


@explorer(
    Slider("rank", "Rank r", values=range(1, 11), value=3),
    question="What does a network know when it rests on the plateau of rank r?",
)
def templates(figure: Figure, rank: int) -> str:
    """Draw the ten rows of the best map of rank r as pictures."""
    problem, parts = digit_problem()
    best = best_of_rank(problem, rank)
    training, test = accuracy(best, parts)
    ax = figure.subplots()
    figure.subplots_adjust(left=0.02, right=0.98, bottom=0.02, top=0.9)
    rows = best @ np.linalg.pinv(parts.basis)
    draw_templates(ax, rows, labels=[str(k) for k in range(10)])
    ax.set_title(
        f"rank {rank}: loss {float(problem.floor(rank)):.0f}, {test:.0%} of new digits right"
    )
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
    size=(6.4, 5.2),
)
def keep(figure: Figure, components: int) -> str:
    """Draw the eigenvalues of Σ and the accuracy for a number of components."""
    counts = keep.parameters[0].grid
    upper, lower = figure.subplots(2, 1)
    figure.subplots_adjust(hspace=0.5, top=0.93, bottom=0.11)
    problem, parts = digit_problem(components)
    bars = upper.bar(range(1, 11), problem.eigenvalues, color=SIMULATION)
    upper.bar_label(bars, fmt="%.0f", fontsize=9)
    upper.set_ylim(0, 135)
    upper.set_xticks(range(1, 11))
    upper.set_xlabel("mode i")
    upper.set_ylabel("λᵢ")
    training, test = np.transpose([_least_squares_accuracy(n) for n in counts])
    lower.plot(counts, training, "-o", color=MODE_COLOURS[0], markersize=4, label="training")
    lower.plot(counts, test, "--s", color=MODE_COLOURS[1], markersize=4, label="new digits")
    lower.axvline(components, color=REFERENCE, linestyle=":")
    lower.set_xlabel("components kept")
    lower.set_ylabel("share right")
    lower.set_ylim(0.75, 1)
    lower.legend(loc="lower right")
    here = _least_squares_accuracy(components)
    bound = float(divergence_bound(problem, (components, 12, 12, 10)))
    upper.set_title(f"{components} components keep {parts.explained:.1%} of ‖X‖²", fontsize=11)
    return (
        f"With {components} components the ten eigenvalues run from "
        f"{problem.eigenvalues[0]:.0f} to {problem.eigenvalues[-1]:.1f}; least squares classifies "
        f"{here[0]:.0%} of the training digits and {here[1]:.0%} of the others rightly, and no "
        f"step above {bound:.2g} can be used."
    )
