"""Widths such as 5-4-4-5 stay on one line: a browser would break them after any hyphen."""

import re

from docutils import nodes
from sphinx.application import Sphinx

WIDTHS = re.compile(r"(\b\d+(?:[-–]\d+)*[-–](?:…[-–])?\d+\b)")
_AS_IT_STANDS = (nodes.FixedTextElement, nodes.literal, nodes.math, nodes.raw)


def setup(app: Sphinx) -> None:
    """Keep widths together on every page."""
    app.connect("doctree-resolved", _keep)


def _keep(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    if app.builder.format == "html":
        keep_together(doctree)


def keep_together(doctree: nodes.document) -> None:
    """Wrap the widths in the text of a document, but for code and formulas.

    Parameters
    ----------
    doctree : docutils.nodes.document
        Changed in place.
    """
    for text in list(doctree.findall(nodes.Text)):
        parts = WIDTHS.split(text.astext())
        kept = isinstance(text.parent, _AS_IT_STANDS)
        if kept or len(parts) == 1 or not isinstance(text.parent, nodes.TextElement):
            continue
        inside: list[nodes.Node] = []
        for k, part in enumerate(parts):
            if k % 2:
                inside.append(nodes.inline("", part, classes=["unbroken"]))
            elif part:
                inside.append(nodes.Text(part))
        text.parent.replace(text, inside)
