"""Sliders over figures: one function, live where a kernel runs, frozen where the book is built.

An explorer is a function that draws one state of its parameters into a Matplotlib figure and
returns the alternative text of that state. `show` then decides by itself:

* in a notebook with a kernel (JupyterLab, Notebook, the kernel in the browser, Colab) it builds
  ipywidgets, which take any value in range, and replaces one picture in place;
* while the book is built, it draws every state of the grid once and puts the frames on the page
  (`lnn.book.sliders.frozen`), where they need neither a kernel nor a network.

The book's Sphinx extension tells the kernels it starts, through the environment variable
``LNN_FREEZE``, that the book is being built; no author and no reader sets a switch.
"""

import gc
import inspect
import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from lnn.book.sliders.parameters import Parameter, Value

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from PIL.Image import Image

FREEZE = "LNN_FREEZE"
"""Environment variable: set while the book is built, to the number of processes for frames."""


STYLE = Path(__file__).parents[1] / "lnn.mplstyle"

# Fixed places: axes and titles must not jump from one state to the next. It also takes a third
# less time: no layout engine runs, and titles do not look for room above the ticks.
_PLACES = {
    "axes.titley": 1.0,
    "axes.titlesize": 12.5,  # titles change with the state and may be long
    "axes.titleweight": "normal",
    "figure.autolayout": False,
    "figure.constrained_layout.use": False,
    "figure.subplot.left": 0.14,
    "figure.subplot.right": 0.97,
    "figure.subplot.bottom": 0.15,
    "figure.subplot.top": 0.91,
}

State: TypeAlias = Mapping[str, Any]
Draw: TypeAlias = Callable[..., str]


class Explorer:
    """A drawing function with the parameters that it can be drawn for; made by `explorer`.

    Attributes
    ----------
    function : callable
        ``function(figure, **state)`` draws and returns the alternative text.
    parameters : tuple of Slider or Choice
        In the order of the page.
    question : str
        The question that the explorer answers; its heading.
    size : (float, float)
        Width and height of the figure in inches.
    """

    def __init__(
        self,
        function: Draw,
        parameters: tuple[Parameter, ...],
        question: str,
        size: tuple[float, float],
    ) -> None:
        arguments = tuple(inspect.signature(function).parameters)[1:]
        names = tuple(p.name for p in parameters)
        if sorted(arguments) != sorted(names) or not names:
            raise ValueError(
                f"{function.__name__} takes (figure, {', '.join(arguments)}) and its parameters "
                f"are {names}: declare one Slider or Choice an argument, with the same name"
            )
        if not question.strip():
            raise ValueError(f"question of {function.__name__} is empty: say what it answers")
        self.function = function
        self.parameters = parameters
        self.question = question
        self.size = size
        self.__name__, self.__doc__ = function.__name__, function.__doc__
        self.__module__ = function.__module__

    def __reduce__(self) -> tuple[Any, ...]:
        return _named, (self.__module__, self.__name__)

    def __repr__(self) -> str:
        names = ", ".join(p.name for p in self.parameters)
        return f"<explorer {self.__module__}.{self.__name__}({names})>"

    @property
    def default(self) -> dict[str, Value]:
        """The state that the page shows first."""
        return {p.name: p.default for p in self.parameters}

    def states(self) -> tuple[dict[str, Value], ...]:
        """Return the frozen grid: every combination of values, the last parameter fastest."""
        names = [p.name for p in self.parameters]
        grids = itertools.product(*(p.grid for p in self.parameters))
        return tuple(dict(zip(names, values, strict=True)) for values in grids)

    def draw(self, figure: "Figure", **state: Any) -> str:
        """Draw one state into `figure` and return its alternative text.

        Parameters
        ----------
        figure : matplotlib.figure.Figure
            An empty figure.
        **state
            Values of parameters by name; those left out take their defaults.

        Raises
        ------
        ValueError
            For an unknown name or a value out of range.
        """
        known = {p.name: p for p in self.parameters}
        for name in state:
            if name not in known:
                raise ValueError(f"{self.__name__} has no parameter {name!r}: it has {[*known]}")
        checked = {n: p.check(state.get(n, p.default)) for n, p in known.items()}
        alt = self.function(figure, **checked)
        if not isinstance(alt, str) or not alt.strip():
            raise ValueError(
                f"{self.__name__} returned {alt!r} for {checked}: return the alternative text, "
                f"a sentence that says what the figure shows"
            )
        return " ".join(alt.split())

    def render(self, dpi: float, **state: Any) -> tuple["Image", str]:
        """Return a picture of one state in the book's style, and its alternative text."""
        from PIL import Image

        with _no_collection():
            pixels, alt = self._pixels(dpi, state)
        return Image.fromarray(pixels), alt

    def _pixels(self, dpi: float, state: State) -> tuple["NDArray[np.uint8]", str]:
        from matplotlib import style
        from matplotlib.figure import Figure

        with style.context([STYLE, _PLACES]):
            figure = Figure(figsize=self.size, dpi=dpi)
            alt = self.draw(figure, **state)
            for axes in figure.axes:
                _few_ticks(axes)
            renderer = _renderer(*figure.bbox.size, dpi)
            renderer.clear()  # type: ignore[no-untyped-call]
            figure.draw(renderer)
        rgba = np.asarray(renderer.buffer_rgba())  # type: ignore[no-untyped-call]
        return rgba[..., :3].copy(), alt

    def show(self) -> None:
        """Show the explorer: live where a kernel runs, frozen frames where the book is built.

        Raises
        ------
        RuntimeError
                Outside a notebook: there `render` and `draw` do the same for one state.
        """
        try:
            from IPython import get_ipython
            from IPython.display import HTML, display
        except ModuleNotFoundError:
            running = False
        else:
            running = get_ipython() is not None
        if not running:
            raise RuntimeError(
                f"{self.__name__}.show() needs a notebook; "
                f"in a script call {self.__name__}.render(dpi=150) or .draw(figure)"
            )
        if FREEZE in os.environ:
            from lnn.book.sliders.frozen import freeze

            display(HTML(freeze(self, processes=int(os.environ[FREEZE]))))  # type: ignore[no-untyped-call]
        else:
            from lnn.book.sliders.live import live

            display(live(self))  # type: ignore[no-untyped-call]


def explorer(
    *parameters: Parameter, question: str, size: tuple[float, float] = (5.6, 3.7)
) -> Callable[[Draw], Explorer]:
    """Turn a drawing function into an `Explorer`.

    Parameters
    ----------
    *parameters : Slider or Choice
        One an argument of the function, after the figure.
    question : str
        The question that the explorer answers.
    size : (float, float), default (5.6, 3.7)
        Width and height of the figure in inches.

    Returns
    -------
    callable
        A decorator.

    Raises
    ------
    ValueError
        Where names of parameters and arguments differ, or the question is empty.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from lnn.book.sliders.parameters import Slider
    >>> @explorer(Slider("depth", "Depth N", values=range(1, 4)), question="How flat is zero?")
    ... def power(figure, depth):
    ...     grid = [i / 10 for i in range(-10, 11)]
    ...     figure.add_subplot().plot(grid, [(1 - x**depth) ** 2 for x in grid])
    ...     return f"(1 - x^{depth})^2 against x."
    >>> power.states()
    ({'depth': 1}, {'depth': 2}, {'depth': 3})
    >>> power.draw(Figure(), depth=2)
    '(1 - x^2)^2 against x.'
    """

    def decorate(function: Draw) -> Explorer:
        return Explorer(function, tuple(parameters), question, size)

    return decorate


def _few_ticks(axes: "Axes") -> None:
    """Thin the ticks, which take most of the time of drawing, where they are set automatically."""
    from matplotlib.ticker import AutoLocator, LogLocator, SymmetricalLogLocator

    axes.minorticks_off()
    for axis in (axes.xaxis, axes.yaxis):
        locator = axis.get_major_locator()
        if isinstance(locator, AutoLocator):
            locator.set_params(nbins=5)
        elif isinstance(locator, LogLocator | SymmetricalLogLocator):
            locator.set_params(numticks=5)


@lru_cache(maxsize=32)
def _renderer(width: float, height: float, dpi: float) -> "RendererAgg":
    """Return the one renderer for figures of a size: it remembers how it has set their texts."""
    from matplotlib.backends.backend_agg import RendererAgg

    return RendererAgg(width, height, dpi)  # type: ignore[no-untyped-call]


@contextmanager
def _no_collection() -> Iterator[None]:
    """Collect no garbage while a figure lives.

    It would age into the oldest generation, whose collection takes 0.1 s and comes again and again.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _named(module: str, name: str) -> Explorer:
    """Return an explorer by name: how frames are drawn in another process."""
    found: Explorer = getattr(import_module(module), name)
    return found
