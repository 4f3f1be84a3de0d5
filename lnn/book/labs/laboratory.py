"""What a laboratory is, seen from Python: a state with bounds and words, shown live or as a figure.

The traits of a `Laboratory` are the only source of its state: their bounds, defaults and tags
travel to the page as one description, which the script (``lab.js``) reads. Tags of a trait:

=============  ====================================================================================
tag            meaning
=============  ====================================================================================
``label``      what the reader sees beside the control
``control``    "range" or "select" by default; "data" puts the control under a fold; "none" leaves
               the parameter to a handle in the picture, or to the placement
``log``        the range moves in the logarithm
``unit``       follows the value
``names``      for an `Enum`: what each option is called
``pattern``    for a `Unicode`: what it must match
``play``       seconds in which "Play" takes the parameter from its start to its end
``ends``       the parameter that holds that end, where it is not the largest value
``notch``      the share of the range that "Step" moves
=============  ====================================================================================
"""

import io
import json
import os
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar

from traitlets import Enum, Float, HasTraits, Int, List, TraitError, Unicode

from lnn.book.sliders.explorer import FREEZE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WITHOUT_ANYWIDGET = "<p>To move it, install anywidget (it comes with lnn[widgets]).</p>"
"""What a notebook says where the laboratory cannot come to life."""

_shown: Counter[str] = Counter()


class Laboratory(HasTraits):
    """The state of one laboratory; subclasses add traits and `draw`.

    Attributes
    ----------
    kind : str
        The name of the laboratory in ``lab.js``, and of its places on a page.
    question : str
        The question that it answers; its caption, unless the placement asks another.
    size : (float, float)
        Of the picture that stands in for it, in inches.
    """

    kind: ClassVar[str]
    question: ClassVar[str]
    size: ClassVar[tuple[float, float]] = (5.6, 3.6)

    def draw(self, figure: "Figure") -> str:
        """Draw the state into an empty figure and return its alternative text."""
        raise NotImplementedError

    @classmethod
    def placed(cls, **state: Any) -> "Laboratory":
        """Return the laboratory in a state; what is left out has its default.

        Raises
        ------
        ValueError
            For an unknown parameter, or a value that it cannot have.
        """
        known = cls._names()
        for name in state:
            if name not in known:
                raise ValueError(f"{cls.kind} has no parameter {name!r}: it has {known}")
        try:
            return cls(**state)
        except TraitError as error:
            bounds = {p["name"]: _allowed(p) for p in cls().parameters()}
            wrong = [n for n, value in state.items() if not cls._takes(n, value)]
            named = ", ".join(f"{n} is {state[n]!r}: give {bounds[n]}" for n in wrong)
            raise ValueError(f"{cls.kind}: {named or error}") from error

    @classmethod
    def _takes(cls, name: str, value: Any) -> bool:
        try:
            cls(**{name: value})
        except TraitError:
            return False
        return True

    def parameters(self) -> list[dict[str, Any]]:
        """Return the description of every parameter, for the page."""
        traits = self.traits()
        return [_parameter(name, traits[name]) for name in self._names()]

    def state(self) -> dict[str, Any]:
        """Return the values of all parameters."""
        return {name: getattr(self, name) for name in self._names()}

    @classmethod
    def _names(cls) -> list[str]:
        """The parameters in the order of the page: those of the class itself first."""
        known = cls.class_traits(sync=True)
        return list(dict.fromkeys(n for base in cls.__mro__ for n in vars(base) if n in known))

    def describe(self, question: str | None = None, front: Sequence[str] = ()) -> dict[str, Any]:
        """Return all that the page needs to know; the controls named in `front` are unfolded.

        Raises
        ------
        ValueError
            Where `front` names what is no folded control.
        """
        parameters = self.parameters()
        folded = [p for p in parameters if p["control"] == "data"]
        for name in front:
            if name not in (p["name"] for p in folded):
                names = [p["name"] for p in folded]
                raise ValueError(f"front has {name!r}: the folded controls are {names}")
        for p in folded:
            if p["name"] in front:
                p["control"] = "range"
        return {
            "kind": self.kind,
            "question": question or self.question,
            "parameters": parameters,
            "state": self.state(),
        }

    def picture(self) -> tuple[str, str]:
        """Return the state as a picture, a data URI of an SVG, and its alternative text."""
        from matplotlib import style
        from matplotlib.figure import Figure

        from lnn.book.style import STYLE

        options: dict[str, Any] = {"svg.fonttype": "none", "svg.hashsalt": self.kind}
        with style.context([STYLE, options]):
            figure = Figure(figsize=self.size)
            alt = " ".join(self.draw(figure).split())
            buffer = io.BytesIO()
            figure.savefig(buffer, format="svg", metadata={"Date": None})
        return f"data:image/svg+xml;base64,{b64encode(buffer.getvalue()).decode()}", alt

    def figure(
        self, question: str | None = None, name: str | None = None, front: Sequence[str] = ()
    ) -> str:
        """Return the laboratory as HTML for a page without a kernel.

        Where no script runs, the picture of this state stands there.
        """
        place = name or next_place(self.kind)
        if not re.fullmatch(r"[a-z][a-z0-9-]*", place):
            raise ValueError(f"name is {place!r}: give small letters, digits and hyphens")
        uri, alt = self.picture()
        return html_figure(
            place,
            self.describe(question, front),
            f'<img class="lnn-picture" alt="{escape(alt)}" src="{uri}">\n'
            "<noscript>The picture shows one state; moving it needs JavaScript.</noscript>",
        )

    @classmethod
    def show(
        cls,
        *,
        question: str | None = None,
        name: str | None = None,
        front: Sequence[str] = (),
        **state: Any,
    ) -> None:
        """Show the laboratory: live where a kernel runs, as a figure while the book is built.

        Parameters
        ----------
        question : str, optional
            The caption of this placement.
        name : str, optional
            The name of the place, with which its state stands in the page's address; by default
            the laboratory's own name, with a number from the second on.
        front : sequence of str
            Parameters whose controls stand in sight here, and not under "More settings".
        **state
            Parameters by name; those left out take their defaults.

        Raises
        ------
        ValueError
            For an unknown parameter or a value that it cannot have.
        RuntimeError
            Outside a notebook.
        """
        lab = cls.placed(**state)
        if FREEZE in os.environ:
            display_html(lab.figure(question, name, front))
            return
        if find_spec("anywidget") is None:
            display_html(lab.figure(question, name, front) + WITHOUT_ANYWIDGET)
            return
        from lnn.book.labs._widgets import live

        display(live(lab, lab.describe(question, front)))


def next_place(kind: str) -> str:
    """Return the name of the next place of a kind on this page: "valley", then "valley-2"."""
    _shown[kind] += 1
    return kind + (f"-{_shown[kind]}" if _shown[kind] > 1 else "")


def html_figure(place: str, description: Mapping[str, Any], stand_in: str, css: str = "") -> str:
    """Return the element that ``lab.js`` brings to life, with what stands there until then."""
    payload = json.dumps(description).replace("<", r"\u003c")  # no text may close the element
    classes = f"lnn-lab {css}".strip()
    return (
        f'<figure class="{classes}" id="{place}" data-kind="{description["kind"]}">\n'
        f"<figcaption>{escape(description['question'])}</figcaption>\n{stand_in}\n"
        f'<script type="application/json">{payload}</script>\n</figure>'
    )


def display_html(html: str) -> None:
    """Display HTML in the running notebook."""
    from IPython.display import HTML

    display(HTML(html))  # type: ignore[no-untyped-call]


def display(thing: Any) -> None:
    """Display something in the running notebook.

    Raises
    ------
    RuntimeError
        Outside a notebook.
    """
    try:
        from IPython import display, get_ipython
    except ModuleNotFoundError:
        running = False
    else:
        running = get_ipython() is not None
    if not running:
        raise RuntimeError("laboratories and predictions need a notebook: call this in a cell")
    display.display(thing)  # type: ignore[no-untyped-call]


def _parameter(name: str, trait: Any) -> dict[str, Any]:
    """Return one trait as the page reads it."""
    tags = {k: v for k, v in trait.metadata.items() if k not in ("sync", "names")}
    common = {"name": name, "label": tags.pop("label", name), "control": "range"} | tags
    if isinstance(trait, Enum):
        names = trait.metadata["names"]
        pairs = zip(trait.values or (), names, strict=True)
        options = [{"value": value, "label": label} for value, label in pairs]
        return common | {"type": "choice", "options": options}
    if isinstance(trait, List):
        inner = trait._trait
        bounds = {"min": inner.min, "max": inner.max, "least": trait._minlen, "most": trait._maxlen}
        return common | {"type": "list"} | bounds
    if isinstance(trait, Unicode):
        return common | {"type": "text"}
    kind = "int" if isinstance(trait, Int) else "float"
    assert isinstance(trait, Int | Float)
    return common | {"type": kind, "min": trait.min, "max": trait.max}


def _allowed(parameter: Mapping[str, Any]) -> str:
    """Say in words what a parameter can be."""
    if parameter["type"] == "choice":
        return "one of " + ", ".join(repr(o["value"]) for o in parameter["options"])
    if parameter["type"] == "text":
        return f"a text that matches {parameter['pattern']}"
    number = "an integer" if parameter["type"] == "int" else "a number"
    span = f"from {parameter['min']} to {parameter['max']}"
    if parameter["type"] == "list":
        return f"{parameter['least']} to {parameter['most']} numbers {span}"
    return f"{number} {span}"
