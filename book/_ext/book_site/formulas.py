"""Formulas are set while the book is built: MathML, which a browser draws without any script.

A page then weighs a few bytes for each formula, shows it with its first paint, without JavaScript
and on paper; assistive technology reads it, and it is no tab stop. ``math-core`` translates LaTeX.
A browser breaks no line inside one ``<math>``, so a formula becomes several, one after another,
that may part after a comma and before a relation; punctuation stays with what it follows. The font,
``book/_site/math.woff2``, is STIX Two Math (SIL Open Font License) with the letters and signs of
undergraduate mathematics. Its larger root signs were narrowed to the width of the smallest, as
Chromium leaves the room of the widest behind every root.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from html import unescape
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

LOGGER = logging.getLogger(__name__)

RELATIONS = frozenset("=<>≤≥≠≈≡∼≅∝∈∉⊂⊆⊃⊇→←↦↔⇒⇐⇔⟶⟹⟺⟵≪≫≺≻⪯⪰≔:")
OPENING = frozenset("([{⟨⌊⌈")
CLOSING = frozenset(")]}⟩⌋⌉")
BARS = frozenset("|‖∣∥")
SUMS = frozenset("+−±∓")
LONG = 14
"""Characters from which a formula may break at all, and a part of it also before a sum's sign."""
LONE = 3
"""Characters of a left side that stays with its relation: a line that ends in "W" says nothing."""

_IN_HTML = re.compile(r"\\\((.+?)\\\)", re.DOTALL)
_INLINE = re.compile(
    r"([(\[“‘]*)"
    r'(<span class="math[^"]*"[^>]*>)((?:<math.*?</math>|<wbr>)+)</span>'
    r"([-,.;:!?)\]”’…–]*)",
    re.DOTALL,
)


def setup(app: Sphinx) -> None:
    """Register the renderer, which ``html_math_renderer`` chooses."""
    app.add_html_math_renderer("mathml", (_visit_inline, None), (_visit_display, None))
    app.add_post_transform(InOutputs)


@lru_cache(maxsize=8192)
def convert(latex: str, display: bool) -> tuple[str, ...]:
    """Return the formula as one ``<math>`` element, or several between which a line may break.

    Raises
    ------
    ValueError
        For LaTeX that cannot be translated, with the reason.
    """
    try:
        from math_core import LatexError, LatexToMathML
    except ModuleNotFoundError as error:
        raise ValueError("math-core is not installed: pip install -r requirements.txt") from error
    latex = latex.replace(r"\begin{smallmatrix}", r"\begin{matrix}")
    latex = latex.replace(r"\end{smallmatrix}", r"\end{matrix}")
    try:
        text = LatexToMathML(fancy_error=False).convert_with_local_state(
            latex, displaystyle=display
        )
    except LatexError as error:
        raise ValueError(f"{error} in the formula {latex!r}") from error
    root = ElementTree.fromstring(unescape(re.sub("&(lt|gt|amp);", r"&amp;\1;", text)))
    _mend(root)
    # A table of aligned rows breaks nowhere; all else stands in one row.
    return tuple(_element(part, display) for part in _parts(list(root)))


def _mend(parent: Element) -> None:
    """Put sized delimiters that carry a superscript into rows, or they do not take their size."""
    for child in parent:
        _mend(child)
        if child.tag in ("msup", "msub", "msubsup") and child[0].tag == "mo":
            row = Element("mrow")
            row.append(child[0])
            child[0] = row


def _parts(children: list[Element]) -> Iterator[list[Element]]:
    """Cut a row where a line may break: after commas and wide spaces, before relations, sums."""
    if sum(map(_length, children)) < LONG:
        yield children
        return
    for part in _cut(children, RELATIONS):
        yield from _cut(part, SUMS) if sum(map(_length, part)) >= 2 * LONG else (part,)


def _cut(children: list[Element], signs: frozenset[str]) -> Iterator[list[Element]]:
    """Cut a row before the given signs and after commas, outside all brackets."""
    part: list[Element] = []
    depth, open_bars = 0, set[str]()
    for child in children:
        sign = _core(child)
        outside = depth == 0 and not open_bars and part
        lone = signs is RELATIONS and sum(map(_length, part)) <= LONE
        if outside and not lone and child.tag == "mo" and sign in signs and _is_operand(part[-1]):
            child.set("form", "infix")  # else a sign that begins a row is taken for a prefix
            yield part
            part = []
        if sign in BARS:
            open_bars ^= {sign}
        depth += (sign in OPENING) - (sign in CLOSING)
        part.append(child)
        wide = child.tag == "mspace" and float(child.get("width", "0em").rstrip("em") or 0) >= 1
        if depth == 0 and not open_bars and (wide or (sign == "," and signs is RELATIONS)):
            yield part
            part = []
    if part:
        yield part


def _is_operand(element: Element) -> bool:
    """Return whether a sign after this element joins two terms."""
    sign = _core(element)
    return not sign or sign in CLOSING or sign in BARS


def _core(element: Element) -> str:
    """Return the operator of an element that is one, with a superscript or without."""
    while element.tag in ("msup", "msub", "msubsup", "mrow") and len(element):
        if element.tag == "mrow" and len(element) > 1:
            return ""
        element = element[0]
    return (element.text or "") if element.tag == "mo" else ""


def _length(element: Element) -> int:
    """Return about how many characters wide an element is."""
    if element.tag == "mfrac":
        return max(map(_length, element))
    own = len((element.text or "").strip())
    return own + sum(map(_length, element))


def _element(part: list[Element], display: bool) -> str:
    root = Element("math")
    if display:
        root.set("displaystyle", "true")
    root.extend(part)
    return ElementTree.tostring(root, encoding="unicode")


def _translated(
    translator: HTML5Translator, node: nodes.Element, display: bool
) -> tuple[str, ...] | None:
    """Return the formula of a node; a warning, where there is none."""
    try:
        return convert(node.astext().strip(), display)
    except ValueError as error:
        LOGGER.warning("%s", error, location=node, type="formula")
        return (f"<code>{translator.encode(node.astext())}</code>",)


def _visit_inline(self: HTML5Translator, node: nodes.math) -> None:
    parts = _translated(self, node, display=False)
    self.body.append(self.starttag(node, "span", "", CLASS="math notranslate nohighlight"))
    self.body.append("<wbr>".join(parts or ()) + "</span>")
    raise nodes.SkipNode


def _visit_display(self: HTML5Translator, node: nodes.math_block) -> None:
    self.body.append(self.starttag(node, "div", CLASS="math notranslate nohighlight"))
    parts = _translated(self, node, display=True)
    self.body.append(f'<div class="formula">{"<wbr>".join(parts or ())}</div>')
    if node.get("number"):
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append("</div>\n")
    raise nodes.SkipNode


def keep_punctuation(page: str) -> str:
    """Return a page in which no line begins with the punctuation that follows a formula.

    Browsers break lines before and after a formula, whatever it stands next to.
    """

    def hold(match: re.Match[str]) -> str:
        before, begin, formula, after = match.groups()
        parts = formula.split("<wbr>")
        if len(parts) == 1 and (before or after):
            parts = [f'<span class="unbroken">{before}{formula}{after}</span>']
        elif before or after:
            parts[0] = f'<span class="unbroken">{before}{parts[0]}</span>'
            parts[-1] = f'<span class="unbroken">{parts[-1]}{after}</span>'
        return f"{begin}{'<wbr>'.join(parts)}</span>"

    return _INLINE.sub(hold, page)


class InOutputs(SphinxPostTransform):
    r"""Set the formulas, ``\(...\)``, in HTML that a cell has shown and marked for MathJax.

    In a notebook, JupyterLab's MathJax finds them.
    """

    default_priority = 850
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Rewrite the raw HTML in place."""
        for raw in list(self.document.findall(nodes.raw)):
            text = raw.astext()
            if "tex2jax_process" not in text:
                continue
            new = nodes.raw("", _IN_HTML.sub(_span, text), format="html")
            raw.replace_self(new)


def _span(match: re.Match[str]) -> str:
    parts = convert(unescape(match[1]), display=False)
    return f'<span class="math notranslate nohighlight">{"<wbr>".join(parts)}</span>'
