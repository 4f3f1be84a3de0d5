"""Predictions: the reader commits to an answer before the picture is shown.

>>> from lnn.book import predict

One call stands in a cell, tagged ``hide-input`` or ``remove-input``; the picture comes after it.

``predict.choice(question, options, answer, because)``
    The reader chooses one of a few options.
``predict.sketch(question, x, y, x_label=..., y_label=...)``
    The reader draws a curve over empty axes, and then sees the true one.
``predict.check(question, answer)``
    A quick check: a question with a folded answer. It covers nothing.

`choice` and `sketch` cover what comes after them: the later outputs of the same cell, or, where
they are the cell's last output, the outputs of the next cell. So a prediction about a figure with
a caption stands in a cell of its own, directly above the cell of the figure, and one about an
explorer or a laboratory can stand in the same cell::

    predict.choice(
        "The step size is doubled. What does the run do?",
        ["it arrives in half the steps", "it bounces from side to side", "it diverges"],
        answer=1,
        because="2/η is now below the sharpness of the slope, but above that of the floor.",
    )
    valley.show(step=0.4)

Give ``covers=False`` where nothing is to be covered. The default never shows the answer. Without
JavaScript the answer, and what is covered, stand folded: the reader opens them. In a notebook with
a kernel a prediction is a widget of `anywidget`; without that package it is folded, too.

Texts are plain: Unicode formulas (w₂w₁, η), no LaTeX, no Markdown.
"""

import os
from collections.abc import Sequence
from html import escape
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lnn.book.labs.laboratory import display, display_html, html_figure, next_place
from lnn.book.sliders.explorer import FREEZE

_POINTS = 200  # of a curve to be compared with: more than a sketch can tell


def choice(
    question: str, options: Sequence[str], answer: int, because: str = "", *, covers: bool = True
) -> None:
    """Ask the reader to choose before what comes after is shown.

    Parameters
    ----------
    question : str
    options : sequence of str, at least two, distinct
    answer : int
        Index of the true one, from 0.
    because : str
        One or two sentences, shown with the answer.
    covers : bool
        Whether what comes after stays covered until then.

    Raises
    ------
    ValueError
        Where the options are fewer than two, or `answer` is none of them.
    RuntimeError
        Outside a notebook.
    """
    given = [] if isinstance(options, str) else list(options)
    if len(given) < 2 or len(set(given)) < len(given):
        raise ValueError(f"options are {options!r}: give at least two, distinct")
    if isinstance(answer, bool) or answer not in range(len(given)):
        raise ValueError(f"answer is {answer!r}: give an index from 0 to {len(given) - 1}")
    listed = "".join(f"<li>{escape(option)}</li>" for option in given)
    told = f"{given[answer].removesuffix('.')}. {because}"
    _show(
        {
            "kind": "choice",
            "question": _text(question, "question"),
            "options": given,
            "answer": int(answer),
            "because": because,
        },
        f"<ul>{listed}</ul>\n{_folded(told)}",
        covers,
    )


def sketch(
    question: str,
    x: ArrayLike,
    y: ArrayLike,
    *,
    x_label: str,
    y_label: str,
    because: str = "",
    log_x: bool = False,
    log_y: bool = False,
    y_range: tuple[float, float] | None = None,
    covers: bool = False,
) -> None:
    """Ask the reader to draw a curve over empty axes before the true one is shown.

    Parameters
    ----------
    question : str
    x, y : (k,) arrays
        The true curve, x increasing.
    x_label, y_label : str
    because : str
        One or two sentences, shown with the curve.
    log_x, log_y : bool
        Logarithmic axes; the values on them must be positive.
    y_range : (float, float), optional
        Of the empty axes, which the reader sees: it must not give the answer away. By default
        the range of `y` with a margin.
    covers : bool
        Whether what comes after in the page stays covered until then, as for `choice`.

    Raises
    ------
    ValueError
        Where x and y are not curves of equal length, or a logarithm has no meaning.
    RuntimeError
        Outside a notebook.
    """
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if xs.ndim != 1 or xs.shape != ys.shape or xs.size < 2 or not (np.diff(xs) > 0).all():
        raise ValueError(
            f"x has shape {xs.shape} and y {ys.shape}: give two vectors of one length, x increasing"
        )
    if not (np.isfinite(xs).all() and np.isfinite(ys).all()):
        raise ValueError("x or y is not finite: leave such points out")
    for values, log, name in ((xs, log_x, "x"), (ys, log_y, "y")):
        if log and values.min() <= 0:
            raise ValueError(
                f"{name} falls to {values.min():.3g}: a log axis needs positive values"
            )
    low, high = _range(ys, log_y) if y_range is None else y_range
    if not low < high or (log_y and low <= 0):
        raise ValueError(f"y_range is {(low, high)}: give (low, high) with low < high")
    grid = np.geomspace if log_x else np.linspace
    few = xs if xs.size <= _POINTS else grid(xs[0], xs[-1], _POINTS)
    description = {
        "kind": "sketch",
        "question": _text(question, "question"),
        "x": few.tolist(),
        "y": np.interp(few, xs, ys).tolist(),
        "y_range": [float(low), float(high)],
        "x_label": _text(x_label, "x_label"),
        "y_label": _text(y_label, "y_label"),
        "log_x": bool(log_x),
        "log_y": bool(log_y),
        "because": because,
    }
    _show(description, _folded(because, _curve(description)), covers)


def check(question: str, answer: str) -> None:
    """Ask a quick question; its answer is folded, with or without JavaScript.

    Parameters
    ----------
    question, answer : str

    Raises
    ------
    ValueError
        Where one of them is empty.
    RuntimeError
        Outside a notebook.
    """
    display_html(
        f'<details class="lnn-check"><summary><b>Quick check.</b> '
        f"{escape(_text(question, 'question'))}</summary>"
        f"<p>{escape(_text(answer, 'answer'))}</p></details>"
    )


def _show(description: dict[str, Any], stand_in: str, covers: bool) -> None:
    """Show a prediction: live where a kernel and anywidget are, as a figure elsewhere."""
    if covers:
        description["covers"] = "next"
    if FREEZE in os.environ or find_spec("anywidget") is None:
        css = "lnn-predict" + " lnn-covers" * covers
        display_html(html_figure(next_place("predict"), description, stand_in, css))
    else:
        from lnn.book.labs._widgets import PredictionWidget

        display(PredictionWidget(description=description))


def _folded(text: str, picture: str = "") -> str:
    """Return the answer as it stands where no script runs."""
    return (
        f"<details><summary>Decided? Show the answer</summary>{picture}"
        f"<p>{escape(text.strip())}</p></details>"
    )


def _curve(description: dict[str, Any]) -> str:
    """Return the true curve as an SVG without axes: what a page without scripts can show."""
    x, y = (np.asarray(description[name]) for name in ("x", "y"))
    low, high = description["y_range"]
    if description["log_x"]:
        x = np.log(x)
    if description["log_y"]:
        y, low, high = np.log(y), np.log(low), np.log(high)
    points = " ".join(
        f"{5 + 390 * a:.1f},{195 - 190 * b:.1f}"
        for a, b in zip((x - x[0]) / (x[-1] - x[0]), (y - low) / (high - low), strict=True)
    )
    title = escape(f"{description['y_label']} over {description['x_label']}")
    return (
        f'<svg viewBox="0 0 400 200" role="img" aria-label="{title}" width="400">'
        f'<path d="M5 5V195H395" fill="none" stroke="currentColor"/>'
        f'<polyline points="{points}" fill="none" stroke="currentColor" stroke-width="2"/></svg>'
    )


def _range(values: np.ndarray, log: bool) -> tuple[float, float]:
    """Return the range of the axis, with a margin."""
    low, high = float(values.min()), float(values.max())
    if log:
        return low / 3, high * 3
    margin = 0.15 * (high - low) or 1.0
    return low - margin, high + margin


def _text(value: str, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name} is {value!r}: give a text")
    return " ".join(value.split())
