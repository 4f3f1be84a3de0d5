"""The frame of a chapter: two layers, numbers that are computed, predictions, checks, words.

CONTRIBUTING.md, "How a chapter is written", says what each rule is for.
"""

import re
from pathlib import Path

import nbformat
import pytest
import yaml
from book_text.minutes import EXERCISES, measure
from book_text.numbers import numbers, without_comments, wrong
from book_text.source import lines, tags, visible_code
from executed import numbers_of

BOOK = Path(__file__).parents[2] / "book"
REFERENCE = (BOOK / "reference.md").read_text()
NOTEBOOKS = {path.stem: nbformat.read(path, as_version=4) for path in sorted(BOOK.glob("*.ipynb"))}

NO_CHAPTERS = {name for name in NOTEBOOKS if name.startswith(("ledger", "audit"))}
FRAMED = sorted(NOTEBOOKS.keys() - NO_CHAPTERS)
CHAPTERS = [name for name in FRAMED if name != "intro"]  # the landing page is none

WITH_NUMBERS = [name for name in FRAMED if numbers(NOTEBOOKS[name])]
framed = pytest.mark.parametrize("name", FRAMED)
chapter = pytest.mark.parametrize("name", CHAPTERS)

FOLD_TITLES = (
    "Proof",
    "Quick check.",
    "Hint",
    "In general",
    "More exactly",
    "Checked",
    "Beyond the literature",
    "Where it breaks",
    "Who proved what",
    "Slides",
)


def _text(name):
    return "\n\n".join(c.source for c in NOTEBOOKS[name].cells if c.cell_type == "markdown")


def _main(name):
    """The lines of the main line that are prose."""
    return [
        line
        for line in lines(NOTEBOOKS[name])
        if not line.folded and not line.option and "code" not in (line.opens, *line.inside)
    ]


_DISPLAYED = re.compile(r"\$\$(.*?)\$\$", re.DOTALL)
_INLINE = re.compile(r"\$([^$]+)\$")


def _formulas(text):
    text = without_comments(text)
    return _DISPLAYED.findall(text) + _INLINE.findall(_DISPLAYED.sub(" ", text))


@pytest.mark.parametrize("name", WITH_NUMBERS)
def test_numbers_in_sentences_are_what_their_expressions_give(name):
    notebook, values = numbers_of(BOOK / f"{name}.ipynb")
    assert not wrong(notebook, values), "run `make outputs`"


# The two layers -----------------------------------------------------------------------------------


@chapter
def test_the_main_line_is_short(name):
    assert measure(NOTEBOOKS[name]).words < 2500


@chapter
def test_the_minutes_are_measured(name):
    minutes = measure(NOTEBOOKS[name])
    promised = {n.text: n.value for n in numbers(NOTEBOOKS[name]) if "minutes." in n.text}
    assert promised == {"{minutes.main}": str(minutes.main), "{minutes.all}": str(minutes.all)}


@framed
def test_proofs_are_folded(name):
    for line in lines(NOTEBOOKS[name]):
        assert line.opens != "prf:proof", 'a proof is a fold: ":::{dropdown} Proof of ..."'


@framed
def test_a_fold_says_what_is_in_it(name):
    for line in lines(NOTEBOOKS[name]):
        if line.opens == "dropdown":
            assert line.text.startswith(FOLD_TITLES), line.text


@framed
def test_no_audit_is_seen_in_a_chapter(name):
    for cell in NOTEBOOKS[name].cells:
        seen = cell.cell_type == "code" and "remove-cell" not in tags(cell)
        assert not seen or not re.search(r"\bclaim\(", cell.source), cell.source


# What is printed and shown ------------------------------------------------------------------------


@framed
def test_no_bare_truth_is_printed(name):
    for cell in NOTEBOOKS[name].cells:
        for output in cell.get("outputs", []):
            shown = str(output.get("text", "")) + str(output.get("data", {}).get("text/plain", ""))
            assert not re.search(r"\b(True|False)\b", shown), f"give a number: {shown}"


@framed
def test_visible_code_fits_the_column(name):
    for cell in visible_code(NOTEBOOKS[name], solutions=True):
        for line in cell.source.splitlines():
            assert len(line) <= 85, line


# Questions ----------------------------------------------------------------------------------------


@chapter
def test_two_quick_checks_a_section(name):
    section, asked = None, {}
    for cell in NOTEBOOKS[name].cells:
        if cell.cell_type == "code":
            if section is not None:
                asked[section] += len(re.findall(r"\bpredict\.\w+\(", cell.source))
            continue
        for line in cell.source.splitlines():
            if line.startswith("## "):
                section = line.removeprefix("## ")
                asked[section] = 0
            elif section is not None and re.match(r":{3,}\{dropdown\} Quick check\.", line):
                asked[section] += 1
    for section, count in asked.items():
        assert count >= 2 or section == "Exercises", f"{section}: {count} questions"


@framed
def test_the_reader_predicts_before_an_explorer_or_a_laboratory(name):
    code = [c.source for c in NOTEBOOKS[name].cells if c.cell_type == "code"]
    for before, source in zip(["", *code], code, strict=False):
        if shown := re.search(r"(?<!plt)\.show\(", source):
            asks = re.compile(r"\bpredict\.(choice|sketch)\(")
            assert asks.search(source[: shown.start()]) or asks.search(before), source


@chapter
def test_exercises_have_three_tiers_hints_starters_and_folded_solutions(name):
    tier, found, hints, starters = "", {}, {}, {}
    for cell in NOTEBOOKS[name].cells:
        if cell.cell_type == "code":
            starters[tier] = starters.get(tier, 0) + ("starter" in tags(cell))
            continue
        for line in cell.source.splitlines():
            if line.startswith("### "):
                tier = line.removeprefix("### ").lower()
            if re.match(r":{3,}\{exercise(-start)?\}", line):
                found[tier] = found.get(tier, 0) + 1
            if re.match(r":{3,}\{dropdown\} Hint", line):
                hints[tier] = hints.get(tier, 0) + 1
    assert set(found) >= set(EXERCISES), "headings: ### Warm up, ### Think, ### Build"
    assert hints.get("think", 0) >= found["think"]
    assert hints.get("build", 0) >= found["build"]
    assert starters.get("build", 0) >= 1, (
        'an exercise that codes begins with a cell tagged "starter"'
    )
    text = _text(name)
    solved = re.findall(r"\{solution(?:-start)?\} ([\w-]+)\n:class: dropdown", text)
    assert sorted(solved) == sorted(re.findall(r":label: (ex-[\w-]+)", text))


def last_chapters_of_parts():
    parts = yaml.safe_load((BOOK.parent / "_toc.yml").read_text())["parts"]
    return [Path(part["chapters"][-1]["file"]).name for part in parts if part.get("numbered")]


@pytest.mark.parametrize("name", last_chapters_of_parts())
def test_a_part_ends_in_a_project_on_the_readers_own_table(name):
    cells = NOTEBOOKS[name].cells
    begin = next(i for i, cell in enumerate(cells) if "\n### Project\n" in f"\n{cell.source}")
    assert re.search(r"\{exercise-start\}", cells[begin].source)
    starter, hints = cells[begin + 1], cells[begin + 2].source
    assert "starter" in tags(starter)
    assert "read_csv(WINE" in starter.source
    assert "# your own file here" in starter.source
    assert ":::{dropdown} Hint\n" in hints
    assert ":::{dropdown} Hint. What to look for" in hints
    assert "{solution-start}" in hints


# Words and symbols --------------------------------------------------------------------------------


@framed
def test_one_sign_transposes(name):
    for formula in _formulas(_text(name)):
        assert not re.search(r"\^\{?T\b(?!\w)|\^\{?\\mathsf|\^\{?\\intercal", formula), formula


@framed
def test_theorems_of_papers_are_called_by_name(name):
    numbered = re.findall(r"(?:Theorem|Proposition|Lemma|Corollary)s?\s+\d[\d.]*", _text(name))
    assert not numbered, "say whose it is: the convergence theorem of ..."


def glossary():
    """Terms of the glossary: a definition may have several."""
    block = re.search(r"```\{glossary\}\n(.*?)```", REFERENCE, re.DOTALL)[1]
    return [line for line in block.splitlines() if line and not line.startswith(" ")]


@framed
def test_a_term_is_linked_where_it_is_first_used(name):
    prose = [
        line.text
        for line in _main(name)
        if not line.text.startswith(("#", "(ch:", "**What", "**Minutes"))
        and "admonition" not in (line.opens, *line.inside)
    ]
    text = _INLINE.sub(" ", _DISPLAYED.sub(" ", without_comments("\n".join(prose))))
    linked = re.compile(r"\{term\}`(?:[^`<]*<)?([^`<>]+)>?`")
    plain = linked.sub(lambda m: f"\0{m[1].strip().lower()}\0", text)
    plain = re.sub(r"\{[\w:-]+\}`[^`]*`|`[^`]*`|\]\([^)]*\)", " ", plain)
    for term in glossary():
        words = re.escape(term.lower()).replace(r"\ ", r"\s+")
        use = re.search(rf"(\0)?(?<![\w-]){words}s?(?![\w-])", plain.lower())
        assert use is None or use[1], f"{term}: link its first use, {{term}}`{term}`"


def notation():
    """Symbols of the notation table, with the row in which each stands."""
    table = REFERENCE[REFERENCE.index("(ref:notation)=") : REFERENCE.index("(ref:theorems)=")]
    rows = [row for row in table.splitlines() if row.startswith("| $")]
    return [(symbol, row) for row in rows for symbol in _formulas(row.split(" | ")[0])]


def test_a_symbol_has_one_meaning():
    symbols = [symbol for symbol, _ in notation()]
    assert len(symbols) > 30
    assert len(symbols) == len(set(symbols)), [s for s in symbols if symbols.count(s) > 1]


# Letters that had several meanings, and the chapters where each may stand now.
RESERVED = {
    r"\\kappa": {"exact_dynamics"},
    r"\\alpha": {"step_size", "step_size_experiments"},
    r"(?<![A-Za-z\\])K(?![A-Za-z])": {"step_size", "step_size_experiments"},
    r"(?<![A-Za-z\\])M(?![A-Za-z])": {"step_size", "step_size_experiments"},
    r"\\sigma_": set(),  # σ is the activation; singular values are s
    r"(?<![A-Za-z\\])A(?![A-Za-z])": set(),
}


@framed
def test_reserved_letters_keep_their_meaning(name):
    for formula in _formulas(_text(name)):
        plain = re.sub(r"\\(text|mathrm|operatorname)\{[^}]*\}", " ", formula)
        for pattern, homes in RESERVED.items():
            assert name in homes or not re.search(pattern, plain), f"{pattern}: {formula}"
