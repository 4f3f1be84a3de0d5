"""The audit: each verdict is computed, can be wrong, and quotes the report's own words."""

import ast
import csv
import inspect
import io
import json
import os
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

import lnn.book.audit
from lnn.book.audit import asides, cards, section5_4, table
from lnn.book.audit.items import EXACT, MODULES, _Evidence, item, items
from lnn.book.audit.verdicts import (
    BrokenCheckError,
    Verdict,
    judge,
    judge_number,
    judge_proof,
    wish,
)
from lnn.descent import descend
from lnn.problem import Problem
from lnn.steps import attempt

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "book"
REPORT = Path(os.environ.get("LNN_REPORT", ROOT.parent / "shared" / "report.txt"))
PACKAGE = Path(lnn.book.audit.__file__).parent
ITEMS = {i.id: i for i in items()}
PERTURBATIONS = [(i.id, name) for i in ITEMS.values() for name in i.perturbations]


# ------------------------------------------------------------ verdicts


@pytest.mark.parametrize("name", ITEMS)
def test_an_item_has_a_verdict(name):
    found = ITEMS[name]
    assert isinstance(found.verdict, Verdict)
    assert all(isinstance(float(v), float) for v in found.measured.values())
    assert not set("{}") & set(re.sub(r"\$[^$]*\$", "", found.evidence))


@pytest.mark.parametrize(("name", "perturbation"), PERTURBATIONS)
def test_a_perturbation_changes_the_verdict_or_stops_the_check(name, perturbation):
    found = ITEMS[name]
    try:
        spoiled = found.perturbed(perturbation)
    except np.linalg.LinAlgError:
        raise  # an accident notices nothing
    except ValueError:
        return  # the check stopped: BrokenCheckError, or the library refused what it was given
    assert spoiled is not found.verdict, f"{name}: {perturbation!r} goes unnoticed"


def test_every_correction_is_written_where_it_is_needed():
    for found in ITEMS.values():
        if found.verdict is Verdict.CORRECTED:
            assert found.correction, f"{found.id} holds with a correction: write it"
        if found.verdict in (Verdict.HOLDS, Verdict.WISH):
            assert not found.correction, f"{found.id} needs no correction"


def test_rules_give_each_verdict():
    yes, no = 1 > 0, 0 > 1
    assert judge(holds=yes) is Verdict.HOLDS
    assert judge(holds=no) is Verdict.FALSE
    assert judge(holds=no, corrected=yes) is Verdict.CORRECTED
    assert judge(holds=yes, corrected=no) is Verdict.HOLDS
    assert judge_number(determined=yes, agrees=yes, possible=yes) is Verdict.HOLDS
    assert judge_number(determined=yes, agrees=no, possible=yes) is Verdict.FALSE
    assert judge_number(determined=no, agrees=yes, possible=yes) is Verdict.IRREPRODUCIBLE
    assert judge_number(determined=no, agrees=no, possible=no) is Verdict.FALSE
    assert judge_proof(refuted=no, proved=no) is Verdict.UNPROVED
    assert judge_proof(refuted=no, proved=yes) is Verdict.HOLDS
    assert judge_proof(refuted=yes, proved=yes) is Verdict.FALSE
    assert wish(answered=yes) is Verdict.WISH
    with pytest.raises(BrokenCheckError, match="correction failed"):
        judge(holds=no, corrected=no)
    with pytest.raises(BrokenCheckError, match="answer to the wish"):
        wish(answered=no)
    assert len({verdict.sign for verdict in Verdict}) == len(Verdict)


def _trees():
    for name in MODULES:
        yield name, ast.parse((PACKAGE / f"{name}.py").read_text(encoding="utf-8"))


def _verdict_functions(tree):
    """The functions given as `verdict=`, and those of the module that they call."""
    named = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "item":
            (value,) = (k.value for k in node.keywords if k.arg == "verdict")
            yield value
            for inner in ast.walk(value):
                if isinstance(inner, ast.Name) and inner.id in named:
                    yield named[inner.id]


def test_no_literal_decides_a_verdict():
    seen = 0
    for module, tree in _trees():
        for function in _verdict_functions(tree):
            seen += isinstance(function, ast.Lambda)
            place = f"{module}, line {function.lineno}"
            literals = [
                n.value
                for n in ast.walk(function)
                if isinstance(n, ast.Constant) and (n.value is None or isinstance(n.value, bool))
            ]
            assert not literals, f"{place}: {literals}"
            compares = [n for n in ast.walk(function) if isinstance(n, ast.Compare)]
            calls = [n for n in ast.walk(function) if getattr(n, "id", "").startswith("_")]
            assert compares or calls, f"{place}: nothing is compared"
            for compare in compares:  # a number against a number says nothing
                names = [n for n in ast.walk(compare) if isinstance(n, ast.Name)]
                assert "m" in {n.id for n in names}, f"{place}: {ast.unparse(compare)}"
    assert seen == len(ITEMS)


def test_no_literal_is_measured():
    # A measured number is computed; plain numbers may only say how many were tried.
    counts = {"count", "draws", "tried", "runs", "moves", "sets", "random"}
    for module, tree in _trees():
        for function in (n for n in tree.body if isinstance(n, ast.FunctionDef)):
            for node in ast.walk(function):
                if isinstance(node, ast.Return) and isinstance(node.value, ast.Dict):
                    for key, value in zip(node.value.keys, node.value.values, strict=True):
                        if isinstance(value, ast.Constant):
                            assert key.value in counts, f"{module}.{function.name}: {key.value}"


def test_an_item_needs_a_perturbation_and_a_name_of_its_own():
    common = {"quote": "", "chapter": "", "verdict": lambda m: judge(holds=m["x"] > 0)}
    with pytest.raises(ValueError, match="has no perturbation"):
        item("new", "1", perturbations={}, evidence="", **common)
    with pytest.raises(ValueError, match="two items"):
        item("eq. (1)", "1", perturbations={"a": {}}, evidence="", **common)
    with pytest.raises(ValueError, match="no item stands there"):
        items("9.9")


# ------------------------------------------------------------ the report's own words


@pytest.fixture(scope="module")
def report():
    if not REPORT.exists():
        reason = (
            f"{REPORT} is not at hand, so no quotation was compared: LNN_REPORT names its place"
        )
        assert not os.environ.get("CI"), reason
        pytest.skip(reason)
    return REPORT.read_text(encoding="utf-8")


def _plain(text):
    return " ".join(text.split())


def test_quotations_are_the_reports_words(report):
    text = _plain(report)
    wrong = [
        (found.id, words)
        for found in ITEMS.values()
        for words in (found.quote, *found.also)
        if _plain(words) not in text
    ]
    assert not wrong


def _sentences(report):
    """Sentences of the report up to its credits, without headings and scraps."""
    body = report.split("\n7 Members")[0].replace("et. al.", "et al·").replace("et. al", "et al")
    for paragraph in re.split(r"\n\s*\n", body):
        text = _plain(paragraph)
        for match in re.finditer(r".+?(?:[.:](?=\s+[A-Z$¹²³⁴-⁹])|$)", text):
            sentence = match[0].strip()
            if len(sentence.split()) >= 5 and not re.match(r"\d(\.\d)? [A-Z]", sentence):
                yield sentence


def test_no_sentence_of_the_report_is_left_unexamined(report):
    words = [
        _plain(q).replace("et. al.", "et al·").replace("et. al", "et al")
        for found in ITEMS.values()
        for q in (found.quote, *found.also)
    ]
    openings = [o for group in asides.ASIDES.values() for o in group]
    used, left = set(), []
    body = _plain(report).replace("et. al.", "et al·").replace("et. al", "et al")
    for sentence in _sentences(report):
        inside = any(q in sentence or sentence in q for q in words) or _overlaps(
            body, sentence, words
        )
        starts = [o for o in openings if sentence.startswith(o)]
        if not inside and not starts:
            left.append(sentence)
        used |= set(starts)
    assert not left
    assert not set(openings) - used, "asides that begin no sentence"


def _overlaps(body, sentence, words):
    """Whether a quotation that runs over the ends of sentences covers part of this one."""
    start = body.find(sentence)
    if start < 0:
        return False
    for q in words:
        k = body.find(q)
        if k >= 0 and k < start + len(sentence) and k + len(q) > start:
            return True
    return False


def test_every_numbered_item_of_the_report_is_examined():
    assert {f"eq. ({n})" for n in range(1, 33)} <= ITEMS.keys()
    assert {f"figure {n}" for n in range(1, 7)} <= ITEMS.keys()
    assert {"Theorem 2.1", "Theorem 2.2", "Theorem 2.4", "Proposition 3.2"} <= ITEMS.keys()


# ------------------------------------------------------------ pages


def _shown(path):
    """Names of the items that a notebook shows, in order."""
    notebook = nbformat.read(path, as_version=4)
    names = []
    for cell in notebook.cells:
        if cell.cell_type == "code" and "show(" in cell.source:
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "show":
                    names += [a.value for a in node.args]
    return names


def test_the_appendix_shows_every_item_once_in_the_order_of_the_report():
    shown = [
        name
        for page in dict.fromkeys(cards.PAGES.values())
        for name in _shown(BOOK / f"{page}.ipynb")
    ]
    assert shown == list(ITEMS)


def test_items_stand_on_the_page_that_the_ledger_links_to():
    for page in set(cards.PAGES.values()):
        for name in _shown(BOOK / f"{page}.ipynb"):
            assert cards.PAGES[ITEMS[name].section[0]] == page
    anchors = [found.anchor for found in ITEMS.values()]
    assert len(set(anchors)) == len(anchors)


def test_every_item_links_to_a_chapter():
    for found in ITEMS.values():
        assert found.chapter in cards.TITLES, found.id


@pytest.mark.parametrize("name", cards.TITLES)
def test_a_card_names_a_chapter_by_its_title(name):
    cells = nbformat.read(BOOK / f"{name}.ipynb", as_version=4).cells
    assert f"\n# {cards.TITLES[name]}\n" in cells[0].source


def test_pieces_of_the_report_are_set_as_formulas_only_where_they_are_whole():
    assert cards._fragment(r"g: \mathbb{R} \to \mathbb{R}") == r"$g: \mathbb{R} \to \mathbb{R}$"
    assert cards._fragment("has rank r") == "“has rank r”"
    for torn in ("biases $b_i=0", r"W_i is a perturbation of \hat{W}_i"):
        assert cards._fragment(torn) == f"`{torn}`"


def test_chapters_carry_no_audit():
    for path in BOOK.glob("*.ipynb"):
        if path.stem == "ledger" or path.stem.startswith("audit_"):
            continue
        text = path.read_text(encoding="utf-8")
        assert "book.audit" not in text, path.name
        assert not re.search(r"Report (eq|section|figure|Theorem)[^\"]*: (holds|false)", text), (
            path.name
        )


def test_numbers_of_a_finding_are_set_as_in_print():
    numbers = {"small": 2e-6, "large": -6887.0, "rounded": -0.0123, "rounding": EXACT / 2}
    words = _Evidence().format("{small:.1g}, {large:.0f}, {rounded:~}, {rounding:~}", **numbers)
    assert words == "2 · 10⁻⁶, −6887, −0.012, 0"


def test_a_card_says_what_was_found(monkeypatch):
    monkeypatch.delenv("LNN_FREEZE", raising=False)
    text = cards.show("eq. (18)").data
    found = ITEMS["eq. (18)"]
    assert (
        '<article class="audit-item" id="item-eq-18" data-verdict="holds-with-a-correction" '
        in text
    )
    assert f"> ${found.quote}$" in text
    assert found.evidence.split("$")[0].strip() in text
    assert 'href="saddles.ipynb"' in text
    assert "def eq_18(" in text
    for name in found.perturbations:
        assert name in text
    monkeypatch.setenv("LNN_FREEZE", "1")
    assert 'href="saddles.html"' in cards.show("eq. (18)").data
    with pytest.raises(ValueError, match="there are no items"):
        cards.show("eq. (99)")


def test_the_ledger_groups_by_verdict_and_folds_what_holds():
    for verdict in Verdict:
        text = cards.show_verdict(verdict).data
        expected = [i.anchor for i in ITEMS.values() if i.verdict is verdict]
        assert re.findall(r'<article [^>]*id="([^"]+)"', text) == expected
        assert ("<details class" in text) == (verdict is Verdict.HOLDS)


def test_the_counts_carry_the_table_on_the_site_alone(monkeypatch):
    monkeypatch.delenv("LNN_FREEZE", raising=False)
    assert "audit-data" not in cards.show_counts().data
    monkeypatch.setenv("LNN_FREEZE", "1")
    text = cards.show_counts().data
    data = json.loads(re.search(r'id="audit-data">(.*?)</script>', text, re.DOTALL)[1])
    assert data == table.records()
    assert f'data-total="{len(ITEMS)}"' in text


def test_the_table_has_all_items_in_both_formats():
    rows = table.records()
    assert [row["item"] for row in rows] == list(ITEMS)
    assert json.loads(table.to_json(rows)) == rows
    assert list(csv.DictReader(io.StringIO(table.to_csv(rows)))) == rows
    for row in rows:
        assert row["verdict"] in {verdict.value for verdict in Verdict}
        assert all(row[field] for field in ("evidence", "quotation", "section"))
    assert sum(table.count().values()) == len(rows)


def test_quotations_can_be_set():
    for found in ITEMS.values():
        text = cards.quoted(found.quote)
        outside = re.sub(r"\$[^$]*\$", "", text)
        assert "$" not in outside, found.id
        assert not re.search(r"\\\\[a-zA-Z]{2,}", outside), f"{found.id}: LaTeX outside a formula"


def test_a_measurement_is_a_function_with_its_source():
    for found in ITEMS.values():
        assert inspect.getsource(found.measure).startswith(("def ", "@item"))


def test_the_end_of_a_run_that_diverges_is_infinite():
    """And that of another is the loss after its steps."""
    problem, start = Problem([[1.0]], [[1.0]]), (np.array([[1.5]]), np.array([[0.5]]))
    ends = section5_4._ends(attempt(start, problem, [0.05, 5.0], steps=40), problem)
    calm = descend(start, problem, 0.05, 40).losses[-1]
    assert ends[0] == pytest.approx(calm, rel=1e-9)
    assert ends[1] == np.inf
