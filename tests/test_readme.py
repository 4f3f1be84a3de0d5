"""The README says what is true: its example runs, its map names what is there."""

import contextlib
import io
import json
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_the_example_runs():
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(example, {})
    assert printed.getvalue() == "NON_STRICT_SADDLE\n"


def test_the_map_names_folders_that_exist_and_leaves_none_out():
    table = README.split("## Map of the folders")[1].split("##")[0]
    named = {
        name.rstrip("/")
        for line in re.findall(r"^\| (.*?) \|", table, re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", line)
    }
    for name in named:
        assert (ROOT / name).exists(), name
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0] != "."}
    assert folders - {"_build", "dist", "__pycache__"} <= named


def test_the_speed_table_holds_what_was_measured():
    record = json.loads((ROOT / "tests/benchmarks/results.json").read_text())
    table = README.split("<!-- speed table: begin -->")[1].split("<!-- speed table: end -->")[0]
    for result in record["results"]:
        assert result["name"] in table
        if result["goal"]:
            verdict = "met" if result["met"] else "missed"
            assert f"{result['goal']}: {verdict} |" in table
    assert record["machine"]["processor"] in table
