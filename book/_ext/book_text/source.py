"""The Markdown of a notebook, line by line, with what is folded and what is not.

A reader sees the *main line*; one click away are folds: drop-downs, proofs, exercises with their
solutions, cells whose input or whole is hidden.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nbformat import NotebookNode

FOLDS = {"dropdown", "prf:proof", "exercise", "exercise-start", "solution", "solution-start"}
"""Directives whose content is not part of the main line."""

_HIDDEN = {"remove-cell", "remove-input", "hide-cell", "hide-input", "setup"}
_OPEN = re.compile(r"^\s*(?P<fence>:{3,}|`{3,})(?:\{(?P<name>[\w:-]+)\})?(?P<rest>.*)$")
_OPTION = re.compile(r"^\s*:(?P<key>[\w-]+):(?P<value>.*)$")


@dataclass(frozen=True)
class Line:
    """One line of Markdown.

    Attributes
    ----------
    cell : int
        Index of the cell.
    text : str
        The line; of a directive's first line its title.
    inside : tuple of str
        Names of the directives around it, outermost first; "code" for a block of code.
    opens : str
        The directive that this line opens, or "".
    option : bool
        Whether it is an option of a directive.
    folded : bool
        Whether the reader must open something to see it.
    """

    cell: int
    text: str
    inside: tuple[str, ...]
    opens: str
    option: bool
    folded: bool


def lines(notebook: NotebookNode) -> list[Line]:
    """Return the lines of all Markdown cells."""
    found: list[Line] = []
    between = False  # from {solution-start} to {solution-end}, over several cells
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "markdown":
            continue
        for line in _cell_lines(index, cell.source):
            if line.opens in ("solution-start", "exercise-start"):
                between = True
            elif line.opens in ("solution-end", "exercise-end"):
                between = False
            found.append(
                Line(
                    line.cell,
                    line.text,
                    line.inside,
                    line.opens,
                    line.option,
                    line.folded or between,
                )
            )
    return found


def visible_code(notebook: NotebookNode, *, solutions: bool = False) -> list[NotebookNode]:
    """Return the code cells whose source a reader sees without a click, or in a solution, too."""
    folded = {line.cell for line in lines(notebook) if line.opens == "solution-start"}
    ends = {line.cell for line in lines(notebook) if line.opens == "solution-end"}
    seen, inside = [], False
    for index, cell in enumerate(notebook.cells):
        inside = (inside or index in folded) and index not in ends
        left_out = inside and not solutions
        if cell.cell_type == "code" and not left_out and not _HIDDEN & tags(cell):
            seen.append(cell)
    return seen


def collapse(notebook: NotebookNode) -> None:
    """Collapse in JupyterLab, too, what the page hides: a prediction's source has its answer."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and _HIDDEN & tags(cell):
            cell.metadata.setdefault("jupyter", {})["source_hidden"] = True


def tags(cell: NotebookNode) -> set[str]:
    """Return the tags of a cell."""
    return set(cell.metadata.get("tags", []))


def _cell_lines(index: int, source: str) -> Iterator[Line]:
    stack: list[tuple[str, str, bool]] = []  # fence, name, folded
    text = source.splitlines()
    options = False
    for number, line in enumerate(text):
        inside = tuple(name for _, name, _ in stack)
        folded = any(fold for _, _, fold in stack)
        match = _OPEN.match(line)
        closes = (
            match is not None
            and stack
            and match["name"] is None
            and not match["rest"].strip()
            and match["fence"][0] == stack[-1][0][0]
            and len(match["fence"]) >= len(stack[-1][0])
        )
        if match is not None and closes:
            stack.pop()
            options = False
        elif match is not None and not (inside and inside[-1] == "code"):
            name = match["name"] or "code"
            given = _options(text[number + 1 :])
            fold = name in FOLDS or "dropdown" in given.get("class", "").split()
            stack.append((match["fence"], name, fold))
            yield Line(index, match["rest"].strip(), inside, name, False, folded or fold)
            options = True
        elif options and _OPTION.match(line):
            yield Line(index, line, inside, "", True, folded)
        else:
            options = False
            yield Line(index, line, inside, "", False, folded)


def _options(following: list[str]) -> dict[str, str]:
    given = {}
    for line in following:
        match = _OPTION.match(line)
        if match is None:
            break
        given[match["key"]] = match["value"].strip()
    return given
