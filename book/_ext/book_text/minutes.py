"""How long a reading takes, measured.

250 words a minute for the text, ten words for a line of code that is shown, two minutes for each
figure, slider and laboratory, one for each prediction and quick check, ten for a proof; a warm-up
exercise takes 3 minutes, one to think about 8, one to build 20, a project 60.
"""

import re
from dataclasses import dataclass

from nbformat import NotebookNode

from book_text.source import lines, visible_code

WORDS = 250
CODE_LINE = 10
PICTURE = 2.0
CHECK = 1.0
PROOF = 10.0
EXERCISES = {"warm up": 3.0, "think": 8.0, "build": 20.0}
PROJECT = 60.0

_PICTURE = re.compile(r"\bnew_figure\(|\.show\(|plt\.subplots\(")
_ASKS = re.compile(r"\bpredict\.\w+\(")


@dataclass(frozen=True)
class Minutes:
    """What a chapter takes.

    Attributes
    ----------
    words : int
        Of the main line, a formula being one word.
    main : int
        Minutes for the main line with its pictures.
    all : int
        Minutes with everything that is folded, to five.
    """

    words: int
    main: int
    all: int


def measure(notebook: NotebookNode) -> Minutes:
    """Measure a notebook."""
    seen, folded, proofs, checks, exercises = [], [], 0, 0, 0.0
    tier = ""
    for line in lines(notebook):
        if line.option or "code" in line.inside or line.opens == "code":
            continue
        if line.opens == "dropdown" and line.text.startswith("Quick check"):
            checks += 1
        if line.opens == "dropdown" and line.text.startswith("Proof"):
            proofs += 1
        if line.text.startswith("### "):
            tier = line.text.removeprefix("### ").strip().lower()
        if line.opens in ("exercise", "exercise-start"):
            exercises += {**EXERCISES, "project": PROJECT}.get(tier, EXERCISES["think"])
        (folded if line.folded else seen).append(line.text)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    pictures = sum(bool(_PICTURE.search(source)) for source in code)
    checks += sum(len(_ASKS.findall(source)) for source in code)
    shown = sum(len(cell.source.splitlines()) for cell in visible_code(notebook))
    words = count_words("\n".join(seen))
    main = (words + CODE_LINE * shown) / WORDS + PICTURE * pictures + CHECK * checks
    whole = main + count_words("\n".join(folded)) / WORDS + PROOF * proofs + exercises
    return Minutes(words, round(main), 5 * round(whole / 5))


def count_words(text: str) -> int:
    """Count the words of Markdown; a formula, in the line or displayed, is one."""
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"\$\$.*?\$\$( \([\w:-]+\))?", " formula ", text, flags=re.DOTALL)
    text = re.sub(r"\$[^$]+\$", " formula ", text)
    text = re.sub(r"\{[\w:-]+\}`([^`<]*)(?:<[^>]*>)?`", r"\1", text)
    text = re.sub(r"\]\([^)]*\)|^\([\w:-]+\)=$", " ", text, flags=re.MULTILINE)
    return len(re.findall(r"\w[\w'’.,-]*", text))
