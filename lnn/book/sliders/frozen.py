"""Frozen explorers: every state drawn once, put on the page with native controls.

The page needs no kernel, no network and no widget library: a range input or a select for each
parameter, an image that a small script (``book/_site/explorer.js``) switches, and the frames as
data. Without JavaScript the default state still shows, with its alternative text.

Frames are palette images in lossless WebP: measured on a plot of six curves at 180 dpi, 19 kB
against 25 kB as an optimized palette PNG and 104 kB as a plain PNG.
"""

import io
import json
import os
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from lnn.book.sliders.explorer import Explorer
from lnn.book.sliders.parameters import Choice, Parameter

DPI = 180
"""Resolution of a frame: 1008 pixels for 5.6 inches, nearly three a CSS pixel on a phone."""

COLOURS = 64
MOST_FRAMES = 60
MOST_BYTES = 900_000

PROGRESS = "LNN_PROGRESS"
"""Environment variable: the terminal for the progress bar (a kernel's own would be an output)."""

_SERIAL_SECONDS = 4.0  # below this, starting processes costs more than it saves
_shown: Counter[str] = Counter()


@dataclass(frozen=True)
class Frame:
    """One state as the page needs it: the file's bytes, its size in pixels, its text."""

    webp: bytes
    width: int
    height: int
    alt: str

    @property
    def uri(self) -> str:
        """The frame as a data URI."""
        return f"data:image/webp;base64,{b64encode(self.webp).decode()}"


def frame(explorer: Explorer, state: dict[str, Any]) -> Frame:
    """Draw one state and compress it."""
    from PIL.Image import Dither

    image, alt = explorer.render(DPI, **state)
    small = image.quantize(COLOURS, dither=Dither.NONE).convert("RGB")
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", lossless=True, method=2, quality=100)
    return Frame(buffer.getvalue(), image.width, image.height, alt)


def frames(explorer: Explorer, processes: int = 1) -> tuple[Frame, ...]:
    """Draw every state of the grid, in the order of ``explorer.states()``.

    Parameters
    ----------
    explorer : Explorer
    processes : int, default 1
        Used where the first frame foretells more than a few seconds of work, and the explorer
        can be found by its name in another process.

    Raises
    ------
    ValueError
        Where the states are more than 60 or their frames take more than 900 kB.
    """
    states = explorer.states()
    if len(states) > MOST_FRAMES:
        grids = " x ".join(str(len(p.grid)) for p in explorer.parameters)
        raise ValueError(
            f"{explorer.__name__} has {len(states)} states ({grids}), more than {MOST_FRAMES}: "
            f"give its parameters fewer values"
        )
    start = time.perf_counter()
    first = frame(explorer, states[0])
    foretold = (time.perf_counter() - start) * len(states)
    if processes < 2 or foretold < _SERIAL_SECONDS or explorer.__module__ == "__main__":
        rest: Iterator[Frame] = (frame(explorer, state) for state in states[1:])
    else:
        from joblib import Parallel, delayed

        pool = Parallel(n_jobs=processes, return_as="generator")
        rest = pool(delayed(frame)(explorer, state) for state in states[1:])
    drawn = (first, *_with_progress(rest, len(states) - 1, explorer.__name__))

    total = sum({f.webp: len(f.webp) for f in drawn}.values())
    if total > MOST_BYTES:
        raise ValueError(
            f"the {len(drawn)} frames of {explorer.__name__} take {total} bytes, more than "
            f"{MOST_BYTES}: give its parameters fewer values, or draw fewer points and colours"
        )
    return drawn


def freeze(explorer: Explorer, processes: int = 1) -> str:
    """Return the explorer as HTML that works without a kernel."""
    drawn = frames(explorer, processes)
    states = explorer.states()
    default = drawn[states.index(explorer.default)]
    distinct = list(dict.fromkeys(f.webp for f in drawn))
    uris = {f.webp: f.uri for f in drawn} | {default.webp: ""}  # the page's <img> has that one
    data = {
        "names": [p.name for p in explorer.parameters],
        "values": [[str(v) for v in p.grid] for p in explorer.parameters],
        "home": [p.grid.index(p.default) for p in explorer.parameters],
        "readouts": [[p.text(v) for v in p.grid] for p in explorer.parameters],
        "frames": [uris[webp] for webp in distinct],
        "pictures": [distinct.index(f.webp) for f in drawn],
        "alts": [f.alt for f in drawn],
    }
    payload = json.dumps(data).replace("<", r"\u003c")  # no text may close the element
    _shown[explorer.__name__] += 1
    times = _shown[explorer.__name__]
    key = f"lnn-{explorer.__name__}".replace("_", "-") + (f"-{times}" if times > 1 else "")
    controls = "\n".join(_control(p, f"{key}-{p.name}") for p in explorer.parameters)
    code = f"from {explorer.__module__} import {explorer.__name__}\n{explorer.__name__}.show()"
    return f"""<figure class="lnn-explorer" id="{key}" aria-labelledby="{key}-question" \
data-code="{code}">
<figcaption id="{key}-question">{escape(explorer.question)}</figcaption>
<div class="lnn-controls">
{controls}
</div>
<img class="lnn-picture" alt="{escape(default.alt)}" width="{default.width}" \
height="{default.height}" src="{default.uri}">
<script type="application/json">{payload}</script>
<noscript>The picture shows the default values; moving the controls needs JavaScript.</noscript>
</figure>"""


def _control(parameter: Parameter, key: str) -> str:
    """Return the label, the native control and the readout of one parameter."""
    at = parameter.grid.index(parameter.default)
    label = f'<label for="{key}">{escape(parameter.label)}</label>'
    if isinstance(parameter, Choice):
        options = "".join(
            f'<option value="{i}"{" selected" * (i == at)}>{escape(option)}</option>'
            for i, option in enumerate(parameter.grid)
        )
        control = f'<select id="{key}">{options}</select>'
    else:
        text = escape(parameter.text(parameter.default))
        control = (
            f'<input type="range" id="{key}" min="0" max="{len(parameter.grid) - 1}" step="1" '
            f'value="{at}" aria-valuetext="{text}" autocomplete="off">'
            f'<output for="{key}" aria-live="off">{text}</output>'
        )
    return f'<div class="lnn-control">{label}{control}</div>'


def _with_progress(drawn: Iterator[Frame], total: int, name: str) -> list[Frame]:
    """Collect the frames, with a bar on the terminal that the book's build names."""
    from tqdm import tqdm

    with ExitStack() as stack:
        terminal = os.environ.get(PROGRESS)
        file = stack.enter_context(Path(terminal).open("w")) if terminal else None
        bar = tqdm(
            drawn,
            desc=f"frames of {name}",
            total=total,
            file=file,
            disable=file is None,
            leave=False,
        )
        return list(bar)
