"""Smaller sizes where Python runs in the browser: one switch, which the text of a chapter names.

There a computation takes five to ten times as long. A chapter that would take more than a minute
says ``sizes(members=(1000, 100))``: the first number is used for the book, the second in the
browser, and the text says so. ``LNN_BROWSER=1`` does on a desk what the browser does, so that a
test can compare the two.
"""

import os
import sys
from types import SimpleNamespace

SWITCH = "LNN_BROWSER"
"""Environment variable: 1 chooses the browser's sizes, 0 the book's, wherever Python runs."""


def in_browser() -> bool:
    """Return whether the browser's sizes are in use.

    Raises
    ------
    ValueError
        Where ``LNN_BROWSER`` is set to something else than 0 or 1.
    """
    told = os.environ.get(SWITCH, "")
    if told not in ("", "0", "1"):
        raise ValueError(f"{SWITCH} is {told!r}: set it to 1 for the browser's sizes, 0 for not")
    return told == "1" if told else sys.platform == "emscripten"


def sizes(**both: tuple[int, int]) -> SimpleNamespace:
    """Return sizes by name: the first of each pair for the book, the second in the browser.

    Parameters
    ----------
    **both : (int, int)
        For the book, and in the browser; the second no larger than the first, both positive.

    Returns
    -------
    types.SimpleNamespace
        One attribute a size; ``smaller`` has those of the browser wherever Python runs, for the
        sentence that names them.

    Raises
    ------
    ValueError
        Where a pair is not as above.

    Examples
    --------
    >>> chosen = sizes(members=(1000, 100), steps=(5000, 2000))
    >>> chosen.members, chosen.smaller.members
    (1000, 100)
    """
    for name, pair in both.items():
        if len(pair) != 2 or not 0 < pair[1] <= pair[0]:
            raise ValueError(
                f"{name} is {pair}: give the size for the book and one, no larger, for the browser"
            )
    of_book, smaller = ({name: pair[k] for name, pair in both.items()} for k in (0, 1))
    chosen = smaller if in_browser() else of_book
    return SimpleNamespace(**chosen, smaller=SimpleNamespace(**smaller))
