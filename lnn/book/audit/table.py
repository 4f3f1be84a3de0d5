"""The ledger of claims: every item of the report, with the verdict that a cell has reached.

Items are read from ``claims.toml``, verdicts from the stored outputs of the notebooks, where
`lnn.book.audit.claim` printed them (and where the tests compare them at every run). The two must
match: an item without evidence is an error, and so is evidence without an item, or two cells that
disagree. So the ledger cannot say what no cell has computed.
"""

import json
import os
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from unicodedata import normalize

from lnn.book.audit.claim import CORRECTED, FALSE, HOLDS, IRREPRODUCIBLE

CLAIMS = Path(__file__).with_name("claims.toml")
"""The items of the report, one ``[[item]]`` table each."""

VERDICTS = {HOLDS: "✓", CORRECTED: "±", IRREPRODUCIBLE: "?", FALSE: "✗"}
"""The verdicts with their signs, from best to worst."""

_LINE = re.compile(rf"^Report (.+?): ({CORRECTED}|{HOLDS}|{IRREPRODUCIBLE}|{FALSE})\. (.*)$")
_HEADING = re.compile(r"^#{1,6} +(.*?)\s*$")


@dataclass(frozen=True)
class Item:
    """One item of the report.

    Attributes
    ----------
    id : str
        Its name in `claim`, such as "eq. (18)".
    section : str
        Where it stands in the report.
    printed : str
        What the report says, in other words or as its formula; maths between dollars.
    corrected : str
        How it should read; empty where it holds as printed or nothing better is known.
    """

    id: str
    section: str
    printed: str
    corrected: str = ""


@dataclass(frozen=True)
class Evidence:
    """One verdict that a cell printed.

    Attributes
    ----------
    item, verdict, note : str
    chapter, title : str
        Name of the notebook without its suffix, and its title.
    heading : str
        The heading under which the cell stands.
    """

    item: str
    verdict: str
    note: str
    chapter: str
    title: str
    heading: str

    @property
    def anchor(self) -> str:
        """The heading's anchor on the site."""
        return anchor(self.heading)


@dataclass(frozen=True)
class Entry:
    """An item with all its evidence, which agrees."""

    item: Item
    evidence: tuple[Evidence, ...]

    @property
    def verdict(self) -> str:
        """The verdict."""
        return self.evidence[0].verdict


def anchor(heading: str) -> str:
    """Return the anchor that the site gives to a heading.

    Examples
    --------
    >>> anchor("What *measure 0* can mean, $N = 2$")
    'what-measure-0-can-mean-n-2'
    """
    text = normalize("NFKD", heading.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"^[-0-9]+|-+$", "", re.sub(r"[^a-z0-9]+", "-", re.sub(r"[*`$]", "", text)))


def read_items(path: str | Path = CLAIMS) -> tuple[Item, ...]:
    """Read the items from a TOML file with one ``[[item]]`` table each; by default the book's.

    Raises
    ------
    ValueError
        If two items have the same id.
    """
    with Path(path).open("rb") as file:
        items = tuple(Item(**table) for table in tomllib.load(file)["item"])
    twice = [name for name, n in Counter(item.id for item in items).items() if n > 1]
    if twice:
        raise ValueError(f"{path} lists {twice} twice: give each item one table")
    return items


def read_evidence(notebooks: Iterable[str | Path]) -> tuple[Evidence, ...]:
    """Collect the verdicts in the stored outputs of notebooks, in the order of their cells.

    Raises
    ------
    ValueError
        If there are no notebooks.
    """
    paths = sorted(Path(p) for p in notebooks)
    if not paths:
        raise ValueError(
            "notebooks is empty: the ledger reads the chapters beside it; open it in a copy of the "
            "whole book, not alone"
        )
    found = []
    for path in paths:
        title = heading = ""
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "markdown":
                for line in "".join(cell["source"]).splitlines():
                    if match := _HEADING.match(line):
                        heading = match[1]
                        title = title or heading
            for output in cell.get("outputs", ()):
                for line in "".join(output.get("text", "")).splitlines():
                    if match := _LINE.match(line):
                        found.append(
                            Evidence(match[1], match[2], match[3], path.stem, title, heading)
                        )
    return tuple(found)


def ledger(items: Sequence[Item], evidence: Sequence[Evidence]) -> tuple[Entry, ...]:
    """Join items and evidence.

    Parameters
    ----------
    items : sequence of Item
    evidence : sequence of Evidence

    Returns
    -------
    tuple of Entry
        One for each item, in the order of the items.

    Raises
    ------
    ValueError
        With everything that is wrong: items without evidence, evidence without an item, cells that
        disagree, items held to need a correction with none written beside them.

    Examples
    --------
    >>> item = Item("eq. (18)", "3.2", "...", corrected="...")
    >>> cell = Evidence("eq. (18)", CORRECTED, "", "saddles", "Saddles", "Critical points")
    >>> ledger([item], [cell])[0].verdict
    'holds with a correction'
    >>> ledger([item], [])
    Traceback (most recent call last):
        ...
    ValueError: the ledger is not complete:
    eq. (18): no cell of any chapter gives evidence; add a claim(...) to one
    """
    known = {item.id for item in items}
    wrong = [
        f"{cell.item}: {cell.chapter} gives evidence, but there is no such item; "
        f"list it in claims.toml or use the name of a listed one"
        for cell in evidence
        if cell.item not in known
    ]
    entries = []
    for item in items:
        cells = tuple(cell for cell in evidence if cell.item == item.id)
        verdicts = {cell.verdict for cell in cells}
        if not cells:
            wrong.append(
                f"{item.id}: no cell of any chapter gives evidence; add a claim(...) to one"
            )
        elif len(verdicts) > 1:
            sources = ", ".join(f"{cell.chapter} says {cell.verdict!r}" for cell in cells)
            wrong.append(f"{item.id}: {sources}; make them agree")
        elif verdicts == {CORRECTED} and not item.corrected:
            wrong.append(f"{item.id}: holds with a correction, but claims.toml has none written")
        elif verdicts == {HOLDS} and item.corrected:
            wrong.append(f"{item.id}: holds as printed, but claims.toml has a correction written")
        entries.append(Entry(item, cells))
    if wrong:
        raise ValueError("the ledger is not complete:\n" + "\n".join(wrong))
    return tuple(entries)


def count(entries: Sequence[Entry]) -> dict[str, int]:
    """Return how many entries have each verdict, from best to worst."""
    tally = Counter(entry.verdict for entry in entries)
    return {verdict: tally[verdict] for verdict in VERDICTS}


def render(entries: Sequence[Entry]) -> str:
    """Return the ledger as HTML: a table for each section of the report, and a filter by verdict.

    The filter is a group of radio buttons and a style sheet; it needs no script.

    Parameters
    ----------
    entries : sequence of Entry

    Returns
    -------
    str
    """
    sections: dict[str, list[Entry]] = {}
    for entry in entries:
        sections.setdefault(entry.item.section, []).append(entry)
    style = (Path(__file__).with_name("ledger.css")).read_text(encoding="utf-8")
    parts = [f"<style>{style}</style>", '<div class="ledger tex2jax_process">', _filter(entries)]
    for section, members in sections.items():
        rows = "".join(_row(entry) for entry in members)
        parts.append(
            f"<table><caption>Section {escape(section)}</caption>"
            f'<thead><tr><th scope="col">Item</th><th scope="col">The report</th>'
            f'<th scope="col">What became of it</th></tr></thead><tbody>{rows}</tbody></table>'
        )
    return "\n".join([*parts, "</div>"])


def _filter(entries: Sequence[Entry]) -> str:
    choices = [("all", f"all {len(entries)}")] + [
        (str(index), f"{VERDICTS[verdict]} {verdict}: {n}")
        for index, (verdict, n) in enumerate(count(entries).items())
    ]
    buttons = "".join(
        f'<label><input type="radio" name="ledger-verdict" class="show-{value}"'
        f"{' checked' if value == 'all' else ''}> {escape(text)}</label> "
        for value, text in choices
    )
    return f"<fieldset><legend>Show</legend>{buttons}</fieldset>"


def _row(entry: Entry) -> str:
    item, verdict = entry.item, entry.verdict
    name = item.id.split(": ", 1)[-1]  # the section stands in the caption already
    corrected = f"<p><b>Corrected:</b> {_maths(item.corrected)}</p>" if item.corrected else ""
    suffix = ".html" if "LNN_FREEZE" in os.environ else ".ipynb"
    notes = "".join(
        f"<p>{_maths(cell.note)} "
        f'<a href="{cell.chapter}{suffix}#{cell.anchor}">{escape(cell.title)}</a></p>'
        for cell in entry.evidence
    )
    return (
        f'<tr class="verdict-{[*VERDICTS].index(verdict)}"><th scope="row">{escape(name)}</th>'
        f"<td>{_maths(item.printed)}</td>"
        f"<td><p><b>{VERDICTS[verdict]} {escape(verdict)}</b></p>{corrected}{notes}</td></tr>"
    )


def _maths(text: str) -> str:
    r"""Escape text for HTML, with its $...$ as \(...\), which MathJax finds."""
    return re.sub(r"\$([^$]+)\$", r"\\(\1\\)", escape(text, quote=False))
