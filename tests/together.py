"""Which tests stay together where several processes share a run, and in which order they come."""

import re

from xdist.scheduler import LoadScopeScheduling


class Together(LoadScopeScheduling):
    """One process runs all tests of a file, but the site's tests are apart for each page."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        if asks_for_numbers(nodeid):
            return f"book/{test.partition('[')[2][:-1]}.ipynb"
        page = re.search(r"\[.*?(book/\w+|search|genindex)", test)
        return f"{file} {page[1]}" if page and file.startswith("tests/site/") else file


def asks_for_numbers(nodeid: str) -> bool:
    """Return whether a test compares numbers of a notebook, which nbval's process knows."""
    return "::test_numbers_in_sentences_are" in nodeid


def stage(nodeid: str) -> int:
    """Return when a test comes.

    Notebooks first; then one test that needs the site, which makes one process build it from what
    the notebooks gave, while the others run what needs no site; then the site's other tests, those
    that last long before the short ones, so that all processes end at about the same time.
    """
    if ".ipynb::" in nodeid:
        return 0
    if asks_for_numbers(nodeid):
        return 1
    if not nodeid.startswith("tests/site/"):
        return 3
    if "test_links_inside_the_site" in nodeid:
        return 2
    return 4 if "/test_kernel.py" in nodeid or "/test_live.py" in nodeid else 5
