"""All items with their verdicts as a table, for those who cite it: CSV and JSON."""

import csv
import io
import json
from collections import Counter

from lnn.book.audit.items import Item, items
from lnn.book.audit.verdicts import Verdict

FIELDS = ("item", "section", "quotation", "verdict", "evidence", "correction", "chapter")


def record(item: Item) -> dict[str, str]:
    """Return one row."""
    values = (item.id, item.section, item.quote, item.verdict.value, item.evidence)
    return dict(zip(FIELDS, (*values, item.correction, item.chapter), strict=True))


def records() -> list[dict[str, str]]:
    """Return all rows, in the order of the report. This computes every verdict."""
    return [record(item) for item in items()]


def count() -> dict[Verdict, int]:
    """Return how many items have each verdict."""
    tally = Counter(item.verdict for item in items())
    return {verdict: tally[verdict] for verdict in Verdict}


def to_json(rows: list[dict[str, str]]) -> str:
    """Return the table as JSON: a list of objects.

    Examples
    --------
    >>> print(to_json([{"item": "eq. (1)", "verdict": "holds"}]))
    [
     {
      "item": "eq. (1)",
      "verdict": "holds"
     }
    ]
    """
    return json.dumps(rows, ensure_ascii=False, indent=1)


def to_csv(rows: list[dict[str, str]]) -> str:
    """Return the table as CSV with a header.

    Examples
    --------
    >>> row = dict.fromkeys(FIELDS, "") | {"item": "eq. (1)", "evidence": "3, or 4"}
    >>> to_csv([row]).splitlines()[1]
    'eq. (1),,,,"3, or 4",,'
    """
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, FIELDS)
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()
