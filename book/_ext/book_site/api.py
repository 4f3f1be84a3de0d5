"""Docstrings of `lnn` in the site: plain text with formulas, made safe for reStructuredText.

The docstrings are written to be read in a terminal: ``|S|``, ``Uᵀ``, ``(*size, d_j)``. Here the
characters that reStructuredText would take for markup are escaped, except in doctests and literals.
"""

import re
from typing import Any

from sphinx.application import Sphinx

_LITERAL = re.compile(r"(``.*?``|`[^`]+`|:\w+:`[^`]+`)")


def _escape(text: str) -> str:
    parts = _LITERAL.split(text)
    parts[::2] = [re.sub(r"([*|])", r"\\\1", part) for part in parts[::2]]
    return "".join(parts)


def escape(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Escape a docstring in place, before napoleon reads its sections."""
    doctest = False
    for index, line in enumerate(lines):
        doctest = line.lstrip().startswith(">>>") or (doctest and bool(line.strip()))
        if not doctest and not line.lstrip().startswith("* "):
            lines[index] = _escape(line)


def setup(app: Sphinx) -> None:
    """Connect, ahead of napoleon."""
    app.connect("autodoc-process-docstring", escape, priority=400)
