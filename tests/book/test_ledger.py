"""The ledger: reading, matching, refusing gaps; and its coverage of the report."""

import re
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from docutils import nodes

from lnn.book.audit import table as ledger
from lnn.book.audit.claim import CORRECTED, FALSE, HOLDS, IRREPRODUCIBLE, claim

BOOK = Path(__file__).parents[2] / "book"
ITEM = ledger.Item("section 4: a thing", "4", r"$a < b$ & so on", "")
CELL = ledger.Evidence(ITEM.id, HOLDS, "seen", "plateaus", "Plateaus", "The staircase")


@pytest.fixture
def notebook(tmp_path):
    def write(name, *cells):
        path = tmp_path / f"{name}.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=list(cells)), path)
        return path

    return write


def _code(text):
    return nbformat.v4.new_code_cell("", outputs=[nbformat.v4.new_output("stream", text=text)])


@pytest.mark.parametrize(
    ("as_printed", "corrected"), [(True, None), (False, True), (None, None), (False, None)]
)
def test_every_printed_verdict_is_read(as_printed, corrected, notebook, capsys):
    claim(
        "section 4: x: y. z", as_printed=as_printed, corrected=corrected, note="It holds. Yes: so."
    )
    markdown = nbformat.v4.new_markdown_cell
    path = notebook(
        "plateaus",
        markdown("(ch:x)=\n# Plateaus\ntext"),
        markdown("## The $r$ stairs"),
        _code("before\n" + capsys.readouterr().out),
    )
    (found,) = ledger.read_evidence([path])
    assert found.item == "section 4: x: y. z"
    assert found.note == "It holds. Yes: so."
    assert (found.chapter, found.title, found.heading) == ("plateaus", "Plateaus", "The $r$ stairs")
    expected = {True: HOLDS, None: IRREPRODUCIBLE}.get(
        as_printed, CORRECTED if corrected else FALSE
    )
    assert found.verdict == expected


def test_a_ledger_without_chapters_says_where_they_are():
    with pytest.raises(ValueError, match="notebooks is empty: the ledger reads the chapters"):
        ledger.read_evidence(iter(()))


@pytest.mark.parametrize(
    "heading",
    [
        "The staircase",
        "2000 against 500",
        "What *measure 0* means, $N=2$",
        "`lnn` – a façade",
        "A.",
    ],
)
def test_anchors_are_those_of_docutils(heading):
    plain = re.sub(r"[*`$]", "", heading)
    assert ledger.anchor(heading) == nodes.make_id(nodes.fully_normalize_name(plain))


def test_gaps_are_errors():
    corrected = replace(CELL, verdict=CORRECTED)
    with pytest.raises(ValueError, match="no cell of any chapter"):
        ledger.ledger([ITEM], [])
    with pytest.raises(ValueError, match="no such item"):
        ledger.ledger([ITEM], [CELL, replace(CELL, item="eq. (99)")])
    with pytest.raises(ValueError, match="make them agree"):
        ledger.ledger([ITEM], [CELL, replace(CELL, verdict=FALSE, chapter="saddles")])
    with pytest.raises(ValueError, match="has none written"):
        ledger.ledger([ITEM], [corrected])
    with pytest.raises(ValueError, match="has a correction written"):
        ledger.ledger([replace(ITEM, corrected="c")], [CELL])
    (entry,) = ledger.ledger([replace(ITEM, corrected="c")], [corrected, corrected])
    assert entry.verdict == CORRECTED


def test_items_are_listed_once(tmp_path):
    table = '[[item]]\nid = "eq. (1)"\nsection = "1"\nprinted = "x"\n'
    (tmp_path / "claims.toml").write_text(table * 2)
    with pytest.raises(ValueError, match="twice"):
        ledger.read_items(tmp_path / "claims.toml")


def test_rendering_escapes_links_and_counts(monkeypatch):
    entries = ledger.ledger([ITEM], [CELL])
    assert ledger.count(entries) == {HOLDS: 1, CORRECTED: 0, IRREPRODUCIBLE: 0, FALSE: 0}
    monkeypatch.delenv("LNN_FREEZE", raising=False)
    html = ledger.render(entries)
    assert r"\(a &lt; b\) &amp; so on" in html
    assert '<tr class="verdict-0"><th scope="row">a thing</th>' in html
    assert 'href="plateaus.ipynb#the-staircase"' in html
    monkeypatch.setenv("LNN_FREEZE", "1")
    assert 'href="plateaus.html#the-staircase"' in ledger.render(entries)


def test_every_numbered_item_of_the_report_is_listed():
    names = {item.id for item in ledger.read_items()}
    assert {f"eq. ({n})" for n in range(1, 33)} <= names
    assert {f"figure {n}" for n in range(1, 7)} <= names
    assert {"Theorem 2.1", "Theorem 2.2", "Theorem 2.4", "Proposition 3.2"} <= names


def test_the_book_gives_evidence_for_every_item():
    items = ledger.read_items()
    entries = ledger.ledger(items, ledger.read_evidence(BOOK.glob("*.ipynb")))
    assert sum(ledger.count(entries).values()) == len(items)
