"""The parameters of an explorer: a number with a grid, or one of a few options."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    pass


Value: TypeAlias = int | float | str


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
            # On a phone the label stands above the slider, which would else have no room.
            "layout": {"width": "min(100%, 36em)", "height": "auto", "flex_flow": "row wrap"},
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
