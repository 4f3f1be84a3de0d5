"""The bibliography in the style of the citations: by authors and year, identifiers linked."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

from pybtex.database import Entry
from pybtex.plugin import register_plugin
from pybtex.style.formatting.unsrt import Style as Unsorted
from pybtex.style.labels import BaseLabelStyle
from sphinx.application import Sphinx

from book_site.references import authors

_ARXIV = re.compile(r"(?:Preprint,?\s*)?arXiv:(\d{4}\.\d{4,5})(?:,\s*\d{4})?")


def setup(app: Sphinx) -> None:
    """Register the style, which ``bibtex_default_style`` chooses."""
    register_plugin("pybtex.style.formatting", "book", Style)


class Labels(BaseLabelStyle):  # type: ignore[misc] # pybtex has no types
    """Labels such as "Lu and Kawaguchi, 2017", with letters where these agree."""

    def format_labels(self, sorted_entries: Sequence[Entry]) -> Iterator[str]:
        """Yield the label of each entry."""
        plain = [f"{authors(entry)}, {entry.fields['year']}" for entry in sorted_entries]
        total, seen = Counter(plain), Counter[str]()
        for label in plain:
            yield label if total[label] == 1 else f"{label}{chr(ord('a') + seen[label])}"
            seen[label] += 1


class Style(Unsorted):  # type: ignore[misc]
    """Entries by author and year; a note that is an arXiv number becomes a link."""

    default_label_style = Labels
    default_sorting_style = "author_year_title"

    def format_entry(self, label: str, entry: Entry, bib_data: Any = None) -> Any:
        """Return the formatted entry."""
        found = _ARXIV.search(entry.fields.get("note", ""))
        if found:
            entry = deepcopy(entry)
            rest = _ARXIV.sub("", entry.fields.pop("note")).strip(" ,.")
            if rest:
                entry.fields["note"] = rest
            entry.fields["eprint"] = found[1]
            if entry.fields.get("url", "").endswith(found[1]):
                del entry.fields["url"]  # the same again
            if entry.type == "unpublished":  # which asks for a note
                entry.type = "misc"
        return super().format_entry(label, entry, bib_data)
