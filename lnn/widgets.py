"""Sliders over figures: one function, live where a kernel runs, frozen where the book is built.

An explorer is a function that draws one state of its parameters into a Matplotlib figure and
returns the alternative text of that state. `show` then decides by itself:

* in a notebook with a kernel (JupyterLab, Notebook, the kernel in the browser, Colab) it builds
  ipywidgets, which take any value in range, and replaces one picture in place;
* while the book is built, it draws every state of the grid once and puts the frames on the page
  (`lnn.frames`), where they need neither a kernel nor a network.

The book's Sphinx extension tells the kernels it starts, through the environment variable
``LNN_FREEZE``, that the book is being built; no author and no reader sets a switch.
"""

import gc
import inspect
import io
import itertools
import math
import os
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from PIL.Image import Image

FREEZE = "LNN_FREEZE"
"""Environment variable: set while the book is built, to the number of processes for frames."""

LIVE_DPI = 110
"""Resolution of a live picture: a compromise between sharpness and speed."""

STYLE = Path(__file__).with_name("lnn.mplstyle")

# Fixed places: axes and titles must not jump from one state to the next. It also takes a third
# less time: no layout engine runs, and titles do not look for room above the ticks.
_PLACES = {
    "axes.titley": 1.0,
    "figure.autolayout": False,
    "figure.constrained_layout.use": False,
    "figure.subplot.left": 0.12,
    "figure.subplot.right": 0.97,
    "figure.subplot.bottom": 0.15,
    "figure.subplot.top": 0.91,
}

Value: TypeAlias = int | float | str
State: TypeAlias = Mapping[str, Any]
Draw: TypeAlias = Callable[..., str]


@dataclass(frozen=True)
class Slider:
    """A number: a grid of values where the page is frozen, its whole range where a kernel runs.

    Parameters
    ----------
    name : str
        The argument of the drawing function.
    label : str
        What the reader sees. Unicode, no LaTeX.
    values : sequence of int or sequence of float, increasing, at least two
        The frozen grid. All integers: the live slider takes the integers between the ends;
        otherwise every number between them.
    value : int or float, optional
        The default, one of `values`; the first unless told.
    log : bool, default False
        The live slider moves in the logarithm. Values must be positive.
    unit : str, optional
        Follows the value in the readout, such as ``"steps"``.

    Raises
    ------
    ValueError
        Where an argument is not as above.

    Examples
    --------
    >>> rank = Slider("rank", "Rank r", values=range(4), value=2)
    >>> rank.grid, rank.default, rank.text(3)
    ((0, 1, 2, 3), 2, '3')
    >>> Slider("step", "Step size", values=(1e-4, 1e-3, 1e-2), log=True).text(1e-4)
    '0.0001'
    >>> rank.check(7)
    Traceback (most recent call last):
        ...
    ValueError: rank is 7: give an integer from 0 to 3
    """

    name: str
    label: str
    values: Sequence[float]
    value: float | None = None
    log: bool = False
    unit: str = ""

    def __post_init__(self) -> None:
        grid = tuple(v.item() if hasattr(v, "item") else v for v in self.values)
        object.__setattr__(self, "values", grid)
        if len(grid) < 2 or any(b <= a for a, b in itertools.pairwise(grid)):
            raise ValueError(
                f"values of slider {self.name!r} are {grid}: give at least two, increasing"
            )
        if not all(math.isfinite(v) for v in grid) or (self.log and grid[0] <= 0):
            kind = "positive, finite" if self.log else "finite"
            raise ValueError(f"values of slider {self.name!r} are {grid}: give {kind} numbers")
        if self.value is None:
            object.__setattr__(self, "value", grid[0])
        elif self.value not in grid:
            raise ValueError(
                f"value of slider {self.name!r} is {self.value}: give one of values, {grid}"
            )

    @property
    def grid(self) -> tuple[Any, ...]:
        """The values of the frozen page."""
        return tuple(self.values)

    @property
    def default(self) -> float:
        """The value at the start."""
        assert self.value is not None
        return self.value

    @property
    def whole(self) -> bool:
        """Whether the parameter is an integer."""
        return all(isinstance(v, int) for v in self.values)

    def check(self, value: Any) -> float:
        """Return `value` if the drawing function may be called with it."""
        low, high = self.grid[0], self.grid[-1]
        number = value.item() if hasattr(value, "item") else value
        whole = isinstance(number, int) or (isinstance(number, float) and number.is_integer())
        if not isinstance(number, int | float) or not low <= number <= high:
            kind = "an integer" if self.whole else "a number"
        elif self.whole and not whole:
            kind = "an integer"
        else:
            return int(number) if self.whole else float(number)
        raise ValueError(f"{self.name} is {value!r}: give {kind} from {low} to {high}")

    def text(self, value: Any) -> str:
        """Return the exact readout of `value`."""
        number = str(value) if isinstance(value, int) else f"{value:.12g}"
        return f"{number} {self.unit}".rstrip()

    def widget(self, widgets: Any) -> Any:
        """Return the live control, with a readout in which any value can be typed."""
        low, high = self.grid[0], self.grid[-1]
        common = {
            "value": self.default,
            "description": self.label,
            "continuous_update": True,
            "style": {"description_width": "initial"},
            "layout": {"width": "min(100%, 36em)"},
        }
        if self.whole and not self.log:
            return widgets.IntSlider(min=low, max=high, step=1, **common)
        if self.log:
            exponents = {"min": math.log10(low), "max": math.log10(high)}
            span = exponents["max"] - exponents["min"]
            form = "d" if self.whole else ".4"
            return widgets.FloatLogSlider(
                base=10, step=span / 400, readout_format=form, **exponents, **common
            )
        gap = min(b - a for a, b in itertools.pairwise(self.grid))
        return widgets.FloatSlider(min=low, max=high, step=gap / 10, readout_format=".6", **common)

    def read(self, widget: Any) -> float:
        """Return the value at which the live control stands."""
        low, high = self.grid[0], self.grid[-1]
        value = min(max(widget.value, low), high)  # 10 ** log10(high) may round past the end
        return self.check(round(value) if self.whole else value)


@dataclass(frozen=True)
class Choice:
    """One of a few named options.

    Parameters
    ----------
    name, label : str
        As for `Slider`.
    options : sequence of str, at least two, distinct
        What can be chosen; the drawing function gets the string.
    value : str, optional
        The default, one of `options`; the first unless told.

    Raises
    ------
    ValueError
        Where an argument is not as above.

    Examples
    --------
    >>> kind = Choice("kind", "Kind of saddle", options=("strict", "non-strict"))
    >>> kind.grid, kind.default
    (('strict', 'non-strict'), 'strict')
    >>> kind.check("flat")
    Traceback (most recent call last):
        ...
    ValueError: kind is 'flat': give one of 'strict', 'non-strict'
    """

    name: str
    label: str
    options: Sequence[str]
    value: str | None = None

    def __post_init__(self) -> None:
        options = () if isinstance(self.options, str) else tuple(self.options)
        object.__setattr__(self, "options", options)
        if len(set(options)) < max(2, len(options)):
            raise ValueError(
                f"options of choice {self.name!r} are {options}: give at least two, distinct"
            )
        if self.value is None:
            object.__setattr__(self, "value", options[0])
        elif self.value not in options:
            raise ValueError(
                f"value of choice {self.name!r} is {self.value!r}: give one of options, {options}"
            )

    @property
    def grid(self) -> tuple[Any, ...]:
        """The options."""
        return tuple(self.options)

    @property
    def default(self) -> str:
        """The option at the start."""
        assert self.value is not None
        return self.value

    def check(self, value: Any) -> str:
        """Return `value` if it is an option."""
        if value not in self.grid:
            options = ", ".join(map(repr, self.grid))
            raise ValueError(f"{self.name} is {value!r}: give one of {options}")
        return str(value)

    def text(self, value: Any) -> str:
        """Return the readout of `value`."""
        return str(value)

    def widget(self, widgets: Any) -> Any:
        """Return the live control."""
        return widgets.Dropdown(
            options=self.grid,
            value=self.default,
            description=self.label,
            style={"description_width": "initial"},
        )

    def read(self, widget: Any) -> str:
        """Return the option at which the live control stands."""
        return self.check(widget.value)


Parameter: TypeAlias = Slider | Choice


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
            from lnn.frames import freeze

            display(HTML(freeze(self, processes=int(os.environ[FREEZE]))))  # type: ignore[no-untyped-call]
        else:
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


def picture(explorer: Explorer, **state: Any) -> str:
    """Return an ``<img>`` element with one state of the explorer and its alternative text."""
    image, alt = explorer.render(LIVE_DPI, **state)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    data = b64encode(buffer.getvalue()).decode()
    return (
        f'<img alt="{escape(alt)}" width="{image.width}" style="max-width: 100%; height: auto" '
        f'src="data:image/png;base64,{data}">'
    )


def live(explorer: Explorer) -> Any:
    """Return ipywidgets that redraw one picture in place, for any value in range."""
    import ipywidgets as widgets

    controls = [(p, p.widget(widgets)) for p in explorer.parameters]
    view = widgets.HTML()

    def redraw(_: Any = None) -> None:
        try:
            view.value = picture(explorer, **{p.name: p.read(w) for p, w in controls})
        except ValueError as error:  # a callback's traceback would vanish in the log
            view.value = f'<pre role="alert">{escape(str(error))}</pre>'

    for _, control in controls:
        control.observe(redraw, "value")
    redraw()
    heading = widgets.HTML(f"<b>{escape(explorer.question)}</b>")
    return widgets.VBox([heading, *(w for _, w in controls), view])


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
