"""The book's pictures for a lecture: 16:9, on white, each with the one sentence to say to it.

``python -m lnn.book.slides FOLDER`` writes all of them, as SVG and as PNG.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from lnn.book import drawing, style, valley
from lnn.book.chapters.divergence import studies as large_steps
from lnn.book.chapters.exact_dynamics import figures as exact_dynamics
from lnn.book.chapters.intro import studies as intro
from lnn.book.chapters.nonlinear import figures as nonlinear
from lnn.book.chapters.nonlinear import studies as tiles
from lnn.book.chapters.plateaus import figures as plateaus
from lnn.book.chapters.plateaus import studies as clocks
from lnn.book.chapters.saddles import figures as saddles
from lnn.book.chapters.saddles import studies as strings
from lnn.book.chapters.step_size import figures as step_size
from lnn.book.chapters.your_data import figures as your_data
from lnn.book.chapters.your_data import studies as own
from lnn.descent.run import descend
from lnn.initialization import balanced, gaussian
from lnn.one_hidden_layer import hinge_problem
from lnn.steps.divergence import divergence_bound

SIZE = (8.0, 4.5)
"""Inches, 16:9: a label of the book's style is then as high as one of 22 points on a slide."""


@dataclass(frozen=True)
class Slide:
    """A picture for a lecture.

    Attributes
    ----------
    sentence : str
        What it shows.
    chapter : str
        Where the book explains it.
    onto : callable
        Draws it into an empty figure.
    """

    sentence: str
    chapter: str
    onto: Callable[[Figure], None]


SLIDES: dict[str, Slide] = {}
"""All slides by name, in the order of the book."""


def _slide(chapter: str, sentence: str) -> Callable[[Callable[[Figure], None]], None]:
    def add(onto: Callable[[Figure], None]) -> None:
        SLIDES[onto.__name__] = Slide(sentence, chapter, onto)

    return add


def draw(name: str) -> Figure:
    """Draw a slide.

    Parameters
    ----------
    name : str
        One of `SLIDES`.

    Returns
    -------
    matplotlib.figure.Figure
        16:9, on white.

    Raises
    ------
    ValueError
        For a name that no slide has.

    Examples
    --------
    >>> draw("pipes").get_size_inches().tolist()
    [8.0, 4.5]
    """
    if name not in SLIDES:
        raise ValueError(f"name is {name!r}: give one of {', '.join(SLIDES)}")
    with plt.style.context(style.STYLE):
        margin = ConstrainedLayoutEngine(w_pad=0.15, h_pad=0.15)
        figure = Figure(figsize=SIZE, layout=margin)
        SLIDES[name].onto(figure)
    return figure


def save(folder: str | Path) -> list[Path]:
    """Write all slides into a folder, each as SVG, sharp at any size, and as PNG, 1920 by 1080.

    Parameters
    ----------
    folder : str or Path
        Is made if it does not exist.

    Returns
    -------
    list of Path
        The files.
    """
    into = Path(folder)
    into.mkdir(parents=True, exist_ok=True)
    files = []
    for number, name in enumerate(SLIDES, start=1):
        figure = draw(name)
        for kind in ("svg", "png"):
            files.append(into / f"{number:02d}-{name}.{kind}")
            with plt.style.context(style.STYLE):
                figure.savefig(files[-1], dpi=240, bbox_inches=None)
    return files


# The slides ---------------------------------------------------------------------------------------


@_slide("intro", "A network with tanh learns digits, and rests on levels known beforehand.")
def tanh(figure: Figure) -> None:
    ax = figure.subplots()
    ax.plot(intro.tanh_run(), color=style.SIMULATION)
    ax.set(xlabel="step of gradient descent", ylabel="loss")
    drawing.draw_plateaus(ax, [float(intro.digit_problem().floor(r)) for r in range(6)])


@_slide("intro", "Without activations the levels are the least losses of rank 0, 1, 2, 3, 4.")
def staircase(figure: Figure) -> None:
    problem, start = intro.staircase_start()
    run = descend(start, problem, intro.STEP_SIZE, intro.STEPS)
    ax = figure.subplots()
    drawing.draw_loss(ax, run.recorded, run.losses)
    drawing.draw_plateaus(ax, [float(problem.floor(r)) for r in range(5)])


@_slide("linear_networks", "The narrowest layer limits the rank of what a network computes.")
def pipes(figure: Figure) -> None:
    drawing.draw_pipes(figure.subplots(), (5, 4, 2, 5))


@_slide("linear_networks", "Two weights: a valley of minima, and a pass between its branches.")
def two_weights(figure: Figure) -> None:
    starts = np.array([(2.4, 1.6), (0.2, 2.4), (-1.2, -2.4), (2.2, -2.35)])
    axis = np.linspace(-2.6, 2.6, 201)
    w1, w2 = np.meshgrid(axis, axis)
    ax = figure.subplots()
    valley.draw_landscape(ax, axis, axis, (w2 * w1 - 1) ** 2)
    valley.draw_critical_points(ax)
    valley.draw_paths(ax, clocks.plane_paths(2, starts, steps=400))


@_slide("first_order", "Every local minimum is global: lift it to matrices, then rotate modes.")
def proof(figure: Figure) -> None:
    boxes = (
        "local minimum of the\nnetwork's loss L",
        "local minimum of G over\nmatrices of limited rank",
        "global minimum",
    )
    steps = (
        "lift: what the product can do,\nthe factors can do, too",
        "rotate: turn a smaller mode\ninto a larger one, downhill",
    )
    drawing.draw_proof_map(figure.subplots(), boxes, steps)


@_slide("saddles", "Two weights meet at a saddle, three at one that is nearly level.")
def passes(figure: Figure) -> None:
    axes = figure.subplots(1, 2, subplot_kw={"projection": "3d"})
    saddles.draw_passes(axes)
    for ax, title in zip(axes, ("two weights", "three weights"), strict=True):
        ax.set_title(title)


@_slide("saddles", "The Hessian sees a saddle where two strings cover the ring of layers.")
def rings(figure: Figure) -> None:
    for ax, is_open in zip(figure.subplots(1, 2), (True, False), strict=True):
        twin = strings.twin_strings(middle_open=is_open)
        used, gaps = strings.covering(twin)
        title = "middle open: strict" if is_open else "all closed: flat"
        saddles.draw_ring(ax, twin.arcs(), 3, used=used, gaps=gaps, title=title)


@_slide("plateaus", "Four times nearer to the saddle, three weights wait four times as long.")
def waits(figure: Figure) -> None:
    axes = figure.subplots(1, 2, sharey=True)
    for ax, start in zip(axes, (0.02, 0.005), strict=True):
        steps = round(1.1 / (0.02 * start))
        runs = {f"N = {n}": clocks.scalar_descent(n, start, steps=steps) for n in (2, 3)}
        plateaus.draw_growth(ax, np.arange(steps + 1.0), runs)
        ax.set_title(f"start at {start}")


@_slide("step_size", "The proof of a safe step size is a circle: each link bounds the next.")
def chain(figure: Figure) -> None:
    step_size.draw_chain(figure.subplots())


@_slide(
    "divergence", "One number, known beforehand, separates the steps that can work from the rest."
)
def largest_step(figure: Figure) -> None:
    problem, widths = large_steps.data(0), (5, 5, 5, 5)
    limit = float(divergence_bound(problem, widths))
    start = balanced(widths, [1.0, 0.9, 0.8, 0.7, 0.6], np.random.default_rng(3))
    ax = figure.subplots()
    for k, (ratio, line) in enumerate({0.5: "-", 0.95: "--", 1.05: "-.", 2: ":"}.items()):
        run = descend(start, problem, ratio * limit, 500)
        above = np.maximum(run.losses - problem.residual, 1e-13)
        colour, label = style.MODE_COLOURS[k], f"{ratio:g} × bound"
        drawing.draw_loss(ax, run.recorded, above, label=label, colour=colour, style=line)
    ax.set(ylabel="loss − least loss", ylim=(1e-13, 1e6))
    ax.legend(title="step size", loc="center right")


@_slide("exact_dynamics", "The deeper the network, the later and the more abruptly a mode moves.")
def speeds(figure: Figure) -> None:
    exact_dynamics.draw_speeds(figure.subplots(), (1, 2, 3, 5))


@_slide("nonlinear", "One ReLU cuts its plane of weights into tiles; in a tile it is linear.")
def activations(figure: Figure) -> None:
    problem, (_, best) = hinge_problem(), tiles.hinge_minima()
    marks = {"unit 1": best[0][0], "unit 2": best[0][1]}
    nonlinear.draw_tiles(figure.subplots(), tiles.activation_tiles(), problem.X[0], marks)


@_slide("your_data", "Ten modes of the digits: a run rests where the data say, or just above.")
def digits(figure: Figure) -> None:
    problem, _ = own.digit_problem()
    start = gaussian(own.WIDTHS, np.random.default_rng(0), std=0.002)
    limit = float(divergence_bound(problem, own.WIDTHS))
    run = descend(start, problem, 0.5 * limit, 10_000)
    ax = figure.subplots()
    drawing.draw_loss(ax, run.recorded, run.losses)
    ax.set(xlim=(0, 10_000), yscale="linear")
    drawing.draw_plateaus(ax, [float(problem.floor(r)) for r in range(11)])


@_slide("your_data", "A mode is an image that is looked for, and a table of answers.")
def modes(figure: Figure) -> None:
    inputs, answers = own.mode_pictures()
    above, below = figure.subplots(2, 1, height_ratios=(1, 1.3))
    your_data.draw_modes(above, below, inputs[:4], answers[:4])


if __name__ == "__main__":
    for written in save(sys.argv[1] if len(sys.argv) > 1 else "slides"):
        print(written)
