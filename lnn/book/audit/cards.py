"""How an item reads on a page: the report's words, what was found, the verdict, and the test.

Cards are Markdown with a little HTML around it, so that formulas are set as everywhere in the book,
on the site and in JupyterLab. Nothing here decides anything.
"""

import ast
import inspect
import json
import os
import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from lnn.book.audit import table
from lnn.book.audit.items import Item, items
from lnn.book.audit.verdicts import Verdict

if TYPE_CHECKING:
    from IPython.display import Markdown

PAGES = {"1": "audit_1_2", "2": "audit_1_2", "3": "audit_3_4", "4": "audit_3_4"} | {
    "5": "audit_5",
    "6": "audit_6",
}
"""The notebook that examines a section, by the section's first number."""

TITLES = {
    "linear_networks": "What does depth change?",
    "first_order": "Can descent get stuck for good?",
    "saddles": "Which saddles can the Hessian see?",
    "plateaus": "Plateaus: where training rests, and for how long",
    "step_size": "Which step size is certain to work?",
    "step_size_experiments": "Fixed step size: a thousand networks, and a hundred thousand",
    "divergence": "How large a step is too large?",
    "exact_dynamics": "Exact dynamics: can the staircase be computed in advance?",
    "nonlinear": "From linear to non-linear: what survives one ReLU?",
}
"""The title of a chapter, by its notebook."""

_INDEX = re.compile(r"(?<![^\W\d])([^\W\d_])_(\w+)")
_TYPED = re.compile(r"(?<![\w\\])[^\W\d_]{1,2}[_^](?:\{\w+\}|[\w*])(?!\w)")  # W^*, W_{ij}, XX^T
_POWER = re.compile(r"(?<=\d)e-(\d+)")
_STYLE = Path(__file__).with_name("cards.css")


def show(*ids: str) -> "Markdown":
    """Return the cards of items as something that a notebook displays.

    Parameters
    ----------
    *ids : str
        Names of items.

    Raises
    ------
    ValueError
        If there is no such item.
    """
    known = {item.id: item for item in items()}
    unknown = [name for name in ids if name not in known]
    if unknown:
        raise ValueError(f"there are no items {unknown}: see [i.id for i in items()]")
    return _display("\n\n".join(_card(known[name], whole=True) for name in ids))


def show_verdict(verdict: Verdict) -> "Markdown":
    """Return all items with one verdict as short cards, in the order of the report."""
    found = [item for item in items() if item.verdict is verdict]
    cards = "\n\n".join(_card(item, whole=False) for item in found)
    if verdict is Verdict.HOLDS:
        summary = f"<summary>{len(found)} statements that hold as printed</summary>"
        cards = f'<details class="audit-holds">{summary}\n\n{cards}\n\n</details>'
    return _display(cards)


def show_counts() -> "Markdown":
    """Return how many items have each verdict, with the field that filters where a script runs."""
    rows = "".join(
        f'<li data-verdict="{_slug(verdict)}"><b>{n}</b> {verdict.sign} {verdict.value}</li>'
        for verdict, n in table.count().items()
    )
    total = len(items())
    data = json.dumps(table.records(), ensure_ascii=False).replace("</", "<\\/")
    downloads = (
        '<p class="audit-downloads">The whole table, to cite or to search: '
        '<a href="../audit.csv" download>CSV</a>, <a href="../audit.json" download>JSON</a>.</p>\n'
        # book_site.audit makes the two files of this, and takes it out of the page.
        f'<script type="application/json" id="audit-data">{data}</script>'
        if _on_site()
        else ""
    )
    return _display(f'<ul class="audit-counts" data-total="{total}">{rows}</ul>\n{downloads}')


def _display(markdown: str) -> "Markdown":
    from IPython.display import Markdown

    style = f"<style>\n{_STYLE.read_text(encoding='utf-8')}</style>"
    return Markdown(  # type: ignore[no-untyped-call]
        f'<div class="audit">\n{style}\n\n{markdown}\n\n</div>'
    )


def _on_site() -> bool:
    return "LNN_FREEZE" in os.environ  # set while the site is built


def _card(item: Item, *, whole: bool) -> str:
    verdict = item.verdict
    suffix = ".html" if _on_site() else ".ipynb"
    place = f"Section {item.section}" if item.id.startswith("section") else item.id.capitalize()
    name = item.name if item.id.startswith("section") else ""
    parts = [
        f'<article class="audit-item" id="{item.anchor}" data-verdict="{_slug(verdict)}" '
        f'data-section="{item.section}">',
        f'<p class="audit-head"><b>{escape(place)}</b> <span>{_title(name)}</span> '
        f'<span class="audit-verdict">{verdict.sign} {escape(verdict.value)}</span></p>',
        "",
        "> " + quoted(item.quote),
        "",
        said(item.evidence),
        "",
    ]
    if item.correction:
        parts += [f"**Corrected.** {said(item.correction)}", ""]
    links = [f'<a href="{item.chapter}{suffix}">{TITLES[item.chapter]}</a>']
    if not whole:
        page = PAGES[item.section[0]]
        links.append(f'<a href="{page}{suffix}#{item.anchor}">The test</a>')
    parts.append(f'<p class="audit-links">Explained in {" · ".join(links)}</p>')
    if whole:
        parts.append(_test(item))
    return "\n".join([*parts, "</article>"])


def _test(item: Item) -> str:
    """The measurement's code and the perturbations that it notices, folded."""
    spoiled = "".join(f"<li>{_indexed(name)}</li>" for name in item.perturbations)
    also = "\n".join(f"- {_fragment(words)}" for words in item.also)
    also = (
        f"\n\n<p>The same test examines these pieces of the report:</p>\n\n{also}\n\n"
        if also
        else ""
    )
    # <pre> begins a block of its own: blank lines of the code do not end it.
    return (
        "<details><summary>The test</summary>\n\n"
        f'<pre tabindex="0"><code>{escape(_source(item))}</code></pre>\n\n'
        f"<p>Under each of these changes the verdict changes, or the check stops:</p>"
        f"<ul>{spoiled}</ul>{also}</details>"
    )


def _fragment(words: str) -> str:
    """A piece of the report as Markdown; where words and a formula run into another, as typed."""
    spoken = re.search(r"[a-z]{4}", re.sub(r"\\[A-Za-z]+", "", words))
    mixed = "$" not in words and "\\" in words and spoken
    return f"`{words}`" if words.count("$") % 2 or mixed else quoted(words)


def _source(item: Item) -> str:
    """The rule of the verdict and the code of the measurement, without the words around them."""
    text = inspect.getsource(item.measure)
    (function,) = ast.parse(text).body
    assert isinstance(function, ast.FunctionDef)
    (made,) = function.decorator_list
    assert isinstance(made, ast.Call)
    (rule,) = (k.value for k in made.keywords if k.arg == "verdict")
    body = "\n".join(text.splitlines()[function.lineno - 1 :])
    judged = f"verdict = {ast.unparse(rule).removeprefix('lambda m: ')}  # m: what is measured\n"
    return "\n\n\n".join([*_helpers(item, text), body, judged])


def _helpers(item: Item, text: str) -> list[str]:
    """The source of the module's own functions that an item's code calls, directly or not."""
    module = inspect.getmodule(item.measure)
    found: dict[str, str] = {}
    waiting = [text]
    while waiting:
        for name in re.findall(r"\b_\w+(?=\()", waiting.pop()):
            helper = getattr(module, name, None)
            if name not in found and inspect.isfunction(helper):
                found[name] = inspect.getsource(helper).rstrip()
                waiting.append(found[name])
    return list(reversed(found.values()))


def _title(name: str) -> str:
    """A name as HTML, with a capital where it begins with a word and not with a symbol."""
    first, _, rest = name.partition(" ")
    word = re.fullmatch(r"a|[a-z]{2,}(-[a-z]+)?", first)
    return _indexed(f"{first[:1].upper() + first[1:] if word else first} {rest}".rstrip())


def _indexed(text: str) -> str:
    """Text as HTML, with W_j as W and a lowered j, and powers raised."""
    powers = _POWER.sub(" · 10<sup>−\\1</sup>", escape(text)).replace("^½", "<sup>½</sup>")
    return _INDEX.sub(r"\1<sub>\2</sub>", powers)


def quoted(words: str) -> str:
    """Return a quotation as Markdown; one that is a bare formula is set as one.

    Examples
    --------
    >>> print(quoted("R = W_1^T W_N"))
    $R = W_1^T W_N$
    >>> print(quoted("where $x$ is W^* in lnn_book"))
    “where $x$ is $W^*$ in lnn\\_book”
    """
    bare = "\\" in words or (set("_^") & set(words) and not re.search(r"[a-z]{4}", words))
    if "$" not in words and bare:
        return "$" + words.replace("&", "") + "$"
    pieces = re.split(r"(\$[^$]*\$)", words)
    words = "".join(p if p.startswith("$") else _TYPED.sub(r"$\g<0>$", p) for p in pieces)
    return f"“{_escaped(words, emphasis=True)}”"


def said(text: str) -> str:
    """Return our own words as Markdown: letters with an index as formulas, powers of ten unbroken.

    Examples
    --------
    >>> print(said("‖W_j‖ ≤ 2 · 10⁻³, r_max"))
    ‖$W_{j}$‖ ≤ 2\u00a0·\u00a010⁻³, $r_{\\max}$
    """

    def index(match: re.Match[str]) -> str:
        below = {"max": r"\max", "min": r"\min"}.get(match[2], match[2])
        return f"${match[1]}_{{{below}}}$"

    pieces = re.split(
        r"(\$[^$]*\$)", text.replace(" · 10", "\u00a0·\u00a010").replace("Σ^½", r"$\Sigma^{1/2}$")
    )
    return "".join(p if p.startswith("$") else _escaped(_INDEX.sub(index, p)) for p in pieces)


def _escaped(text: str, *, emphasis: bool = False) -> str:
    """Escape what Markdown would read as markup, outside formulas."""
    pieces = re.split(r"(\$[^$]*\$)", text)
    marks = r"([\\`_<\[\]])" if emphasis else r"([\\`_<\[\]*])"
    return "".join(p if p.startswith("$") else re.sub(marks, r"\\\1", p) for p in pieces)


def _slug(verdict: Verdict) -> str:
    return verdict.value.replace(" ", "-")
