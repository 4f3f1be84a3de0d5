"""What stays on one line: widths such as 5-4-4-5, and a number with the "=" before it.

A browser would break widths after any hyphen, and a line after a formula.
"""

import re

from docutils import nodes
from sphinx.application import Sphinx

WIDTHS = re.compile(r"(\b\d+(?:[-–]\d+)*[-–](?:…[-–])?\d+\b)")
_AS_IT_STANDS = (nodes.FixedTextElement, nodes.literal, nodes.math, nodes.raw)
_RELATION = re.compile(r"(?:[=<>]|\\(?:approx|le|ge|leq|geq|ne|in))\s*$")
_NUMBER = re.compile(r"^ [-−]?\d[^ ,;:)\n]*")
SHORT = 15
"""Characters of LaTeX up to which a formula stands on one line with the number after it."""


def setup(app: Sphinx) -> None:
    """Keep both together on every page."""
    app.connect("doctree-resolved", _keep)


def _keep(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    if app.builder.format == "html":
        keep_numbers(doctree)
        keep_widths(doctree)


def keep_numbers(doctree: nodes.document) -> None:
    """Let no line break between a short formula that ends in a relation and the number after it.

    Parameters
    ----------
    doctree : docutils.nodes.document
        Changed in place.
    """
    for formula in list(doctree.findall(nodes.math)):
        following, latex = formula.next_node(descend=False, siblings=True), formula.astext()
        if len(latex) > SHORT or not _RELATION.search(latex) or following is None:
            continue
        number = _NUMBER.match(following.astext()) if isinstance(following, nodes.Text) else None
        if number is not None:
            both = nodes.inline("", "", formula.deepcopy(), nodes.Text(number[0]))
            both["classes"].append("unbroken")
            following.parent.replace(following, nodes.Text(following.astext()[number.end() :]))
            formula.parent.replace(formula, both)


def keep_widths(doctree: nodes.document) -> None:
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
