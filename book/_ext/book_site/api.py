"""Docstrings of `lnn` in the site: plain text with formulas, made safe for reStructuredText.

The docstrings are written to be read in a terminal: ``|S|``, ``Uᵀ``, ``(*size, d_j)``. Here the
characters that reStructuredText would take for markup are escaped, except in doctests and literals,
and the keys of the bibliography, such as achour2021, become citations.
"""

import re
from enum import Enum
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.ext.autodoc import DataDocumenter

_LITERAL = re.compile(r"(``.*?``|`[^`]+`|:\w+:`[^`]+`)")


MOST = 60
"""Characters of a value that is shown."""

_LETTER = re.compile(r"^(\s*)([A-Za-z]\.)$")  # "m.", which would begin a list
_KEY = re.compile(r"\b[a-z]+[12]\d{3}\b")


def keys(app: Sphinx) -> set[str]:
    """Return the keys of the book's bibliography."""
    texts = [(Path(app.srcdir) / name).read_text() for name in app.config.bibtex_bibfiles]
    return {key for text in texts for key in re.findall(r"^@\w+\{(\w+),", text, re.MULTILINE)}


def escape(text: str, known: set[str]) -> str:
    """Return one line of prose as reStructuredText."""
    parts = _LITERAL.split(text)
    for index in range(0, len(parts), 2):
        part = re.sub(r"([*|])", r"\\\1", parts[index])
        parts[index] = _KEY.sub(
            lambda key: f":cite:t:`{key[0]}`" if key[0] in known else key[0], part
        )
    return "".join(parts)


def process(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Rewrite a docstring in place, before napoleon reads its sections."""
    known, doctest = keys(app), False
    if what in ("attribute", "data", "property"):
        lines.insert(0, "\\")  # nothing: or napoleon takes what precedes a colon for a type
    for index, line in enumerate(lines):
        doctest = line.lstrip().startswith(">>>") or (doctest and bool(line.strip()))
        if not doctest and not line.lstrip().startswith("* "):
            lines[index] = _LETTER.sub(r"\1\\\2", escape(line, known))


class Constant(DataDocumenter):
    """A constant with its value, where that is short and the same on every machine."""

    priority = DataDocumenter.priority + 1

    def should_suppress_value_header(self) -> bool:
        """Return whether only the name is shown."""
        value = self.object
        path = isinstance(value, (str, Path)) and Path(value).is_absolute()
        return path or len(repr(value)) > MOST or super().should_suppress_value_header()


def plain(app: Sphinx, what: str, name: str, obj: Any, *_: Any) -> tuple[str, str] | None:
    """Return no signature for an enumeration: it is not called."""
    return ("", "") if isinstance(obj, type) and issubclass(obj, Enum) else None


def setup(app: Sphinx) -> None:
    """Connect, ahead of napoleon."""
    app.add_autodocumenter(Constant, override=True)
    app.connect("autodoc-process-docstring", process, priority=400)
    app.connect("autodoc-process-signature", plain)
