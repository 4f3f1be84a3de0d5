"""The ledger on the site: it filters without a kernel, and its table can be taken away."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

from visiting import STRICT, Served, Visit

Open = Callable[..., Visit]
LEDGER = "book/ledger.html"


def test_the_ledger_filters_under_a_strict_policy(visit: Open, served: Served) -> None:
    seen = visit(served.url(LEDGER, STRICT))
    page = seen.page
    items = page.locator(".audit-item")
    total = items.count()
    assert total > 100
    # Folded or not, nothing is filtered away at first.
    assert page.locator(".audit-item[hidden]").count() == 0
    assert not page.locator("details.audit-holds").evaluate("(fold) => fold.open")

    page.get_by_label("Find an item").fill("0.0273")
    found = page.locator(".audit-item:not([hidden])")
    assert 0 < found.count() < 10
    assert all("0.0273" in text for text in found.all_inner_texts())
    assert page.locator(".audit-filter output").inner_text() == f"{found.count()} of {total}"

    page.get_by_label("Find an item").fill("")
    page.get_by_label("Verdict").select_option("false")
    assert {i.get_attribute("data-verdict") for i in found.all()} == {"false"}
    page.get_by_label("Section of the report").select_option("4")
    assert {i.get_attribute("data-section") for i in found.all()} == {"4"}
    page.get_by_label("Verdict").select_option("holds")
    assert page.locator("details.audit-holds").evaluate("(fold) => fold.open")
    assert found.count() > 0
    seen.check()


def test_the_table_can_be_taken_away(site: Path, visit: Open, served: Served) -> None:
    rows = json.loads((site / "audit.json").read_text(encoding="utf-8"))
    with (site / "audit.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == rows
    page = visit(served.url(LEDGER)).page
    assert page.locator(".audit-item").count() == len(rows)
    assert page.locator("#audit-data").count() == 0  # it has left the page
    for name in ("audit.csv", "audit.json"):
        link = page.locator(f".audit-downloads a[href$='{name}']")
        address = link.evaluate("(a) => a.href")
        assert page.request.get(address).ok
