"""The chapters as documents: frame, figures, checked numbers. nbval is what executes them."""

import re
from pathlib import Path

import nbformat
import pytest
import yaml
from book_text.numbers import numbers

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "book"
NOTEBOOKS = {path.stem: nbformat.read(path, as_version=4) for path in sorted(BOOK.glob("*.ipynb"))}
# The landing page begins with the phenomenon; the audit and the reference are for looking up.
LOOKED_UP = {name for name in NOTEBOOKS if name in ("ledger", "reference") or "audit_" in name}
CHAPTERS = sorted(NOTEBOOKS.keys() - LOOKED_UP - {"intro"})

every_notebook = pytest.mark.parametrize("name", sorted(NOTEBOOKS))
every_chapter = pytest.mark.parametrize("name", CHAPTERS)


def _cells(name, kind):
    return [cell for cell in NOTEBOOKS[name].cells if cell.cell_type == kind]


def _text(name):
    return "\n\n".join(cell.source for cell in _cells(name, "markdown"))


def _is_checked(cell):
    return "nbval-check-output" in cell.metadata.get("tags", [])


def test_the_contents_list_every_notebook():
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text())
    listed = re.findall(r"book/(\w+)", str(contents))
    assert len(listed) == len(set(listed))
    assert set(listed) >= NOTEBOOKS.keys()
    for name in listed:
        assert any((BOOK / f"{name}{suffix}").exists() for suffix in (".ipynb", ".md")), name


@every_chapter
def test_a_chapter_has_its_frame(name):
    text = _text(name)
    assert re.search(r"^# ", text, re.MULTILINE)
    for part in ("What you will learn", "What you need", "Minutes", "Takeaways"):
        assert part.lower() in text.lower(), part
    assert text.count("{exercise") >= 3, "three tiers of exercises: derive, predict, code"
    assert text.count("{solution") >= 3


@pytest.mark.parametrize("name", sorted(NOTEBOOKS.keys() - LOOKED_UP))
def test_a_chapter_asks_its_reader_to_move_a_slider(name):
    shows = re.compile(r"(?<!plt)\.show\(")  # an explorer or a laboratory
    assert any(shows.search(cell.source) for cell in _cells(name, "code"))


@every_notebook
def test_every_figure_states_its_claim_and_has_a_text_alternative(name):
    for cell in _cells(name, "code"):
        if re.search(r"\bnew_figure\(|plt\.show\(|plt\.subplots\(", cell.source):
            options = cell.metadata.get("mystnb", {})
            assert len(options.get("image", {}).get("alt", "")) > 40, cell.source
            assert len(options.get("figure", {}).get("caption", "")) > 30, cell.source
            assert options["figure"]["name"].startswith("fig-"), cell.source


def test_no_two_figures_have_one_name():
    figures = [
        cell.metadata["mystnb"]["figure"]["name"]
        for name in NOTEBOOKS
        for cell in _cells(name, "code")
        if "figure" in cell.metadata.get("mystnb", {})
    ]
    assert len(figures) > 50
    assert len(figures) == len(set(figures)), [f for f in figures if figures.count(f) > 1]


@every_notebook
def test_outputs_are_stored_exactly_where_they_are_compared(name):
    for cell in _cells(name, "code"):
        assert ("keep_output" in cell.metadata.get("tags", [])) == _is_checked(cell), cell.source
        assert bool(cell.outputs) == _is_checked(cell), cell.source
        for output in cell.outputs:
            assert output.output_type in ("stream", "execute_result"), cell.source
            assert output.get("name", "stdout") == "stdout", cell.source


@every_notebook
def test_cells_are_short(name):
    for cell in _cells(name, "code"):
        assert len(cell.source.splitlines()) <= 30, cell.source


@every_chapter
def test_a_chapter_has_numbers_that_are_compared(name):
    assert numbers(NOTEBOOKS[name]) or any(_is_checked(cell) for cell in _cells(name, "code"))


def _prose(text):
    """Text without mathematics, code, links and directive options."""
    text = re.sub(
        r"^(```+|:::+)\{(math|code-block|code-cell)\}.*?^\1", " ", text, flags=re.S | re.M
    )
    text = re.sub(r"^```.*?^```", " ", text, flags=re.S | re.M)
    text = re.sub(r"\$\$.*?\$\$|\$[^$]*\$|`[^`]*`|\]\([^)]*\)", " ", text, flags=re.S)
    return re.sub(r"^:\w+:.*$", " ", text, flags=re.M)


@every_notebook
def test_no_measured_number_is_typed_by_hand(name):
    # Decimal numbers outside formulas may only quote a source, in a paragraph that names it, or
    # have the expression that gives them in a comment: see book_text.numbers.
    computed = re.compile(r"[^ \t\n()\[\]|*_`<>]+<!--.*?-->", re.DOTALL)
    for paragraph in re.split(r"\n\s*\n", _prose(computed.sub("a number", _text(name)))):
        if "{cite" in paragraph or "report" in paragraph:
            continue
        typed = re.findall(r"\d+\.\d+", paragraph)
        versions = re.findall(r"(?:Section|section|Theorem|Proposition|§)s?\s*\d+\.\d+", paragraph)
        assert len(typed) <= len(versions), f"{typed} in: {paragraph}"


@every_notebook
def test_references_are_in_the_bibliography(name):
    keys = set(re.findall(r"^@\w+\{(\w+),", (BOOK / "references.bib").read_text(), re.MULTILINE))
    for cited in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", _text(name)):
        assert {key.strip() for key in cited.split(",")} <= keys, cited


def test_docstrings_cite_only_what_the_bibliography_holds():
    keys = set(re.findall(r"^@\w+\{(\w+),", (BOOK / "references.bib").read_text(), re.MULTILINE))
    cited = set()
    for path in (ROOT / "lnn").rglob("*.py"):
        for block in re.findall(r"References\n\s*-+\n((?:\s+\S.*\n)+)", path.read_text()):
            cited |= set(re.findall(r"\b([a-z]+\d{4})\b", block))
    assert cited, "no docstring names its source"
    assert cited <= keys
