"""Chapters as they open in the browser's kernel: readable alone, and the same computation."""

import re
from types import ModuleType
from typing import Any

import nbformat
import pytest
from visiting import ROOT, chapters

ROLE = re.compile(r"\{((?!eq\})[a-z:]+)\}`(?:[^`<]*<)?([^`>]*)>?`")


@pytest.fixture(scope="module")
def copies(book_site: ModuleType) -> dict[str, Any]:
    """Return the copies by file name."""
    found: dict[str, Any] = book_site.lite.browser_copies(
        ROOT, [ROOT / f"{c}.ipynb" for c in chapters()]
    )
    return found


@pytest.mark.parametrize("name", chapters())
def test_no_reference_is_left_to_another_page(name: str, copies: dict[str, Any]) -> None:
    copy = copies[f"{name.rsplit('/', 1)[-1]}.ipynb"]
    text = "\n".join(c.source for c in copy.cells if c.cell_type == "markdown")
    left = [found for found in ROLE.findall(text) if f":label: {found[1]}" not in text]
    assert not left
    linked = set(re.findall(r"\]\((\w+\.ipynb)\)", text))
    assert linked <= set(copies)


@pytest.mark.parametrize("name", chapters())
def test_a_copy_computes_what_the_chapter_does(name: str, copies: dict[str, Any]) -> None:
    copy = copies[f"{name.rsplit('/', 1)[-1]}.ipynb"]
    chapter = nbformat.read(ROOT / f"{name}.ipynb", as_version=4)
    code = [c for c in chapter.cells if c.cell_type == "code"]
    assert [c.source for c in copy.cells if c.cell_type == "code"][1:] == [
        c.source for c in code if "setup" not in c.metadata.get("tags", [])
    ]
    assert not any(c.get("execution_count") for c in copy.cells), "it looks as if it had been run"


def test_references_are_spelled_out(book_site: ModuleType) -> None:
    references = book_site.lite.references
    links = references.page_links(
        [
            (ROOT / "book" / "a.ipynb", "(ch:a)=\n# First\n\n:::{prf:lemma} Zorn\n:label: thm-z\n"),
            (ROOT / "book" / "b.md", "(ch:b)=\n# Second\n"),
        ]
    )
    citations = {"x1": "A and B (2001)", "y2": "C (2002)"}
    text = (
        "{ref}`ch:a`, {ref}`here <ch:a>`, {doc}`b`, {prf:ref}`thm-z`; {prf:ref}`thm-own`. "
        "{numref}`fig-c` {cite:t}`x1` {cite:p}`x1,y2`"
    )
    assert references.spell_out(text, links, citations) == (
        "[First](a.ipynb), [here](a.ipynb), *Second*, [Zorn](a.ipynb); {prf:ref}`thm-own`. "
        "The figure A and B (2001) (A and B, 2001; C, 2002)"
    )
    known = references.author_year(ROOT / "book" / "references.bib")
    assert known["lu2017"] == "Lu and Kawaguchi (2017)"
    assert known["chong2010"] == "Chong and Żak (2010)"
    assert known["efron2004"] == "Efron et al. (2004)"
