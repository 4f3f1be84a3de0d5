"""Numbers in sentences, each with the expression that gives it.

In Markdown, a number is followed by a comment, which no reader sees, with what Python writes
between the quotes of an f-string::

    The loss falls to 0.62<!-- {run.losses[-1]:.2f} --> in 400<!-- {run.steps} --> steps.

The expressions of a cell are evaluated where the cell stands: after all code above it, before all
code below. Those of a figure's caption are evaluated after the figure's own cell. A float format
with an exponent is written as powers of ten, and a hyphen before a digit as a minus sign.

`ask` puts the questions into a notebook as further code cells, whoever executes it, and `answers`
takes them out again with what they printed; `fill` writes the answers into the sentences.
Expressions that begin with ``minutes.`` need no kernel: see `book_text.minutes`.
"""

import copy
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from book_text.minutes import measure

# The value is what stands before the comment, back to a blank, a bracket or Markdown's own signs.
# It may hold no-break spaces.
_FIELD = re.compile(r"(?P<value>[^ \t\n()\[\]|*_`<>]*)<!--\s+(?P<text>\{.*?\})\s+-->", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_MARK = "book_text"
_LOCAL = "{minutes."


@dataclass(frozen=True)
class Number:
    """One number of a notebook.

    Attributes
    ----------
    cell : int
        Index of the cell.
    text : str
        The replacement field, such as ``{loss:.2f}``.
    value : str
        What the sentence says now.
    """

    cell: int
    text: str
    value: str


def numbers(notebook: NotebookNode) -> list[Number]:
    """Return the numbers of a notebook, in the order in which they stand.

    Raises
    ------
    ValueError
        For a comment that is not a number with its expression.
    """
    found = []
    for index, text in _texts(notebook):
        fields = list(_FIELD.finditer(text))
        if len(fields) != len(_COMMENT.findall(text)) or not all(f["value"] for f in fields):
            stray = next(c for c in _COMMENT.findall(text) if not _is_number(c, fields))
            raise ValueError(
                f"cell {index} has the comment {stray}: write 0.62<!-- {{expression:.2f}} -->, "
                "with nothing between the number and the comment"
            )
        found += [Number(index, " ".join(f["text"].split()), f["value"]) for f in fields]
    return found


def without_comments(text: str) -> str:
    """Return Markdown without the comments: what a reader sees."""
    return _FIELD.sub(lambda field: field["value"], text)


def ask(notebook: NotebookNode) -> NotebookNode:
    """Return a copy of a notebook with one more code cell after each that has numbers."""
    asking = copy.deepcopy(notebook)
    asking.cells = []
    texts: dict[int, list[str]] = {}
    for number in numbers(notebook):
        if not number.text.startswith(_LOCAL):
            texts.setdefault(number.cell, []).append(number.text)
    for index, cell in enumerate(copy.deepcopy(notebook.cells)):
        asking.cells.append(cell)
        if index in texts:
            fields = ",\n".join(f"    f'''{text}'''" for text in texts[index])
            source = f"print(__import__('json').dumps([\n{fields}\n]))"
            asking.cells.append(
                new_code_cell(source, id=f"numbers-{index}", metadata={_MARK: index})
            )
    return asking


def answers(executed: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """Return an executed notebook without the questions of `ask`, and the numbers' values.

    They are in the order of `numbers`.
    """
    plain = copy.deepcopy(executed)
    plain.cells = [cell for cell in plain.cells if _MARK not in cell.metadata]
    printed: dict[int, list[str]] = {}
    for cell in executed.cells:
        if _MARK in cell.metadata:
            text = "".join(o.text for o in cell.outputs if o.get("name") == "stdout")
            printed[cell.metadata[_MARK]] = json.loads(text)
    minutes = measure(plain)
    values = []
    for number in numbers(plain):
        if number.text.startswith(_LOCAL):
            values.append(number.text.format(minutes=minutes))
        else:
            values.append(_typeset(printed[number.cell].pop(0)))
    return plain, values


def fill(notebook: NotebookNode, values: Sequence[str]) -> None:
    """Write values, in the order of `numbers`, into the sentences of a notebook."""
    waiting = iter(values)

    def write(field: re.Match[str]) -> str:
        return field[0].replace(field["value"], next(waiting), 1)

    for index, text in list(_texts(notebook)):
        _put(notebook.cells[index], _FIELD.sub(write, text))


def wrong(notebook: NotebookNode, values: Sequence[str]) -> list[str]:
    """Return one sentence for each number that is not what its expression gives."""
    return [
        f"cell {number.cell} says {number.value!r}, but {number.text} gives {value!r}"
        for number, value in zip(numbers(notebook), values, strict=True)
        if number.value != value
    ]


def execute(notebook: NotebookNode, folder: str) -> tuple[NotebookNode, list[str]]:
    """Execute a notebook once; return it with its outputs, and the values of its numbers.

    Parameters
    ----------
    notebook : NotebookNode
    folder : str
        Where its kernel works.
    """
    asking = ask(notebook)
    NotebookClient(asking, timeout=600, resources={"metadata": {"path": folder}}).execute()
    return answers(asking)


def _texts(notebook: NotebookNode) -> Iterator[tuple[int, str]]:
    """Yield the index and the text of each cell that is read: Markdown, and captions."""
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            yield index, cell.source
        elif caption := cell.metadata.get("mystnb", {}).get("figure", {}).get("caption"):
            yield index, caption


def _put(cell: NotebookNode, text: str) -> None:
    if cell.cell_type == "markdown":
        cell.source = text
    else:
        cell.metadata["mystnb"]["figure"]["caption"] = text


def _is_number(comment: str, fields: Sequence[re.Match[str]]) -> bool:
    return any(field[0].endswith(comment) and field["value"] for field in fields)


def _typeset(text: str) -> str:
    """Return a number as a reader writes it: 1.2e-05 becomes 1.2 · 10⁻⁵, with no-break spaces."""
    raised = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

    def power(number: re.Match[str]) -> str:
        ten = "10" + str(int(number["exponent"])).translate(raised)
        return ten if number["mantissa"] == "1" else f"{number['mantissa']}\u00a0·\u00a0{ten}"

    text = re.sub(r"(?P<mantissa>\d+(?:\.\d+)?)e(?P<exponent>[+-]\d+)", power, text)
    return re.sub(r"(?<![\w\d])-(?=\d)", "−", text)
