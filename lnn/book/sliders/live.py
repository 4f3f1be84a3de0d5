"""Live explorers: ipywidgets that redraw one picture in place."""

import io
from base64 import b64encode
from html import escape
from typing import Any

from lnn.book._extras import require
from lnn.book.sliders.explorer import Explorer

LIVE_DPI = 110
"""Resolution of a live picture: a compromise between sharpness and speed."""


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
    require("ipywidgets", "widgets")
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
