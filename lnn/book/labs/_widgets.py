"""The laboratories as widgets, one class each: the same script and style as on the page.

They need `anywidget`; while the book is built, nothing here is imported.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anywidget
from traitlets import Dict

from lnn.book.labs.laboratory import Laboratory
from lnn.book.labs.ring import Ring
from lnn.book.labs.staircase import Staircase
from lnn.book.labs.step import Step
from lnn.book.labs.valley import Valley

SCRIPT = Path(__file__).with_name("lab.js")
STYLE = Path(__file__).with_name("lab.css")


class Host(anywidget.AnyWidget):
    """What all share: the script, the style sheet, and the description that the script reads."""

    _esm = SCRIPT
    _css = STYLE
    description = Dict().tag(sync=True)


class ValleyWidget(Valley, Host):
    """`Valley`, live."""


class StaircaseWidget(Staircase, Host):
    """`Staircase`, live."""


class RingWidget(Ring, Host):
    """`Ring`, live."""


class StepWidget(Step, Host):
    """`Step`, live."""


class PredictionWidget(Host):
    """A question that is answered before what follows is shown; see `lnn.book.predict`."""


WIDGETS: Mapping[type[Laboratory], type[Any]] = {
    Valley: ValleyWidget,
    Staircase: StaircaseWidget,
    Ring: RingWidget,
    Step: StepWidget,
}


def live(lab: Laboratory, description: Mapping[str, Any]) -> Any:
    """Return the widget of a laboratory in its state."""
    return WIDGETS[type(lab)](description=dict(description), **lab.state())
