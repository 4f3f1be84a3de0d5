"""The one switch for smaller sizes."""

import importlib
import importlib.util
import json
import os
import subprocess
import sys

import nbformat
import pytest
from notebooks import ROOT

from lnn.book.browser import in_browser, sizes


@pytest.mark.parametrize(
    ("platform", "told", "expected"),
    [
        ("linux", None, False),
        ("emscripten", None, True),
        ("linux", "1", True),
        ("emscripten", "0", False),
    ],
)
def test_the_browser_has_the_smaller_size(platform, told, expected, monkeypatch):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.delenv("LNN_BROWSER", raising=False)
    if told is not None:
        monkeypatch.setenv("LNN_BROWSER", told)
    assert in_browser() is expected
    chosen = sizes(members=(1000, 100), steps=(50, 50))
    assert (chosen.members, chosen.steps) == ((100, 50) if expected else (1000, 50))
    assert (chosen.smaller.members, chosen.smaller.steps) == (100, 50)


@pytest.mark.parametrize("pair", [(100, 1000), (100, 0), (100,), (100, -5)])
def test_sizes_are_checked(pair):
    with pytest.raises(ValueError, match="members"):
        sizes(members=pair)


def test_the_switch_is_checked(monkeypatch):
    monkeypatch.setenv("LNN_BROWSER", "yes")
    with pytest.raises(ValueError, match="LNN_BROWSER is 'yes'"):
        sizes(members=(2, 1))


VERDICTS = """
import json
from lnn.book.audit.items import items
print(json.dumps({item.id: [item.verdict.name, item.evidence] for item in items()}))
"""


def test_the_verdicts_are_those_of_the_book():
    found = []
    for told in "01":
        environment = os.environ | {"LNN_BROWSER": told, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", VERDICTS]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout))
    book, browser = found
    assert len(book) > 80
    assert {k: v[0] for k, v in book.items()} == {k: v[0] for k, v in browser.items()}
    assert sum(book[k] != browser[k] for k in book) > 5, "nothing was smaller"


def test_chapters_say_what_is_smaller():
    said = 0
    for chapter in sorted((ROOT / "book").glob("*.ipynb")):
        module = f"lnn.book.chapters.{chapter.stem}.studies"
        if "." in chapter.stem or not importlib.util.find_spec(module.rsplit(".", 1)[0]):
            continue
        if importlib.util.find_spec(module) is None:
            continue
        if not hasattr(getattr(importlib.import_module(module), "SIZES", None), "smaller"):
            continue
        cells = nbformat.read(chapter, as_version=4).cells
        text = "\n".join(c.source for c in cells if c.cell_type == "markdown")
        assert "{ref}`browser <browser-sizes>`" in text, chapter
        assert "{studies.SIZES.smaller." in text, f"{chapter}: the number is not computed"
        assert module in (ROOT / "book" / "api_figures.md").read_text().split("browser-sizes")[1]
        said += 1
    assert said >= 2
