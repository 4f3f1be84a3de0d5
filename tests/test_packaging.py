"""Set-up and packaging: pins, versions, and what the Makefile says when something is wrong."""

import re
import shutil
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import serve
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import lnn

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PINNED = {
    "read": "requirements.txt",
    "build": "requirements-build.txt",
    "test": "requirements-test.txt",
}
NOT_FOR_READERS = {"playwright", "mypy", "ruff", "pytest", "pre-commit", "sphinx"}


def _pins(name):
    """Versions and numbers of hashes by package, as a file of pins has them."""
    found = {}
    for block in re.split(r"\n(?=\w)", (ROOT / name).read_text()):
        if pin := re.match(r"([\w.-]+)==([\w.]+)", block):
            found[canonicalize_name(pin[1])] = (
                pin[2],
                len(re.findall(r"--hash=sha256:\w{64}", block)),
            )
    return found


def _needed(group):
    """Requirements of a group, of `lnn` itself and of all its extras."""
    for entry in PROJECT["dependency-groups"][group]:
        if isinstance(entry, dict):
            yield from _needed(entry["include-group"])
        else:
            yield Requirement(entry)
    extras = PROJECT["project"]["optional-dependencies"].values()
    for entry in sum(extras, PROJECT["project"]["dependencies"]):
        if not entry.startswith("lnn["):
            yield Requirement(entry)


@pytest.mark.parametrize("group", PINNED)
def test_every_dependency_is_pinned_within_its_range_and_hashed(group):
    pins = _pins(PINNED[group])
    for need in _needed(group):
        version, _ = pins[canonicalize_name(need.name)]
        assert need.specifier.contains(version), need
    assert [name for name, (_, hashes) in pins.items() if hashes == 0] == []


def test_the_three_sets_of_pins_agree_and_readers_get_no_tools():
    read, build, test = (_pins(file) for file in PINNED.values())
    assert read.items() <= test.items()
    assert build.items() <= test.items()
    assert not read.keys() & NOT_FOR_READERS
    assert test.keys() >= NOT_FOR_READERS


def test_version_changelog_and_citation_agree():
    entries = re.findall(r"^## (\S+) \((.*)\)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    newest, date = entries[0]
    assert lnn.__version__ == (f"{newest}.dev0" if date == "unreleased" else newest)
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    released = [entry for entry in entries if entry[1] != "unreleased"]
    assert released[0] == (cited["version"], str(cited["date-released"]))


@pytest.mark.parametrize(
    ("package", "extra", "code"),
    [
        ("matplotlib", "figures", "import lnn.book.drawing"),
        ("ipywidgets", "widgets", "from lnn.book.sliders.live import live; live(None)"),
    ],
)
def test_a_missing_package_is_named_with_the_extra_that_brings_it(package, extra, code):
    hidden = f"import sys; sys.modules[{package!r}] = None; {code}"
    done = subprocess.run(
        [sys.executable, "-c", hidden], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    expected = f"lnn.book needs {package}, which is not installed: pip install 'lnn[{extra}]'"
    assert done.stderr.splitlines()[-1] == f"ImportError: {expected}"


def _make(folder, target, python):
    for name in ("Makefile", "pyproject.toml", *PINNED.values()):
        shutil.copy(ROOT / name, folder)
    command = ["make", "--no-print-directory", target, f"PYTHON={python}"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("there", [True, False])
def test_a_wrong_python_is_named_with_the_remedy_and_leaves_nothing(there, tmp_path):
    python = tmp_path / "python3.9"
    if there:
        python.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.18 || exit 1\n')
        python.chmod(0o755)
    done = _make(tmp_path, "book", python)
    assert done.returncode != 0
    assert f"{python} is {'Python 3.9.18' if there else 'not there'}." in done.stderr
    assert "make book PYTHON=python3.12" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_a_taken_port_is_left_alone(tmp_path, capsys):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with serve.server(tmp_path, taken) as running:
            assert running.server_port not in (0, taken)
    assert f"port {taken}: " in capsys.readouterr().out
    with serve.server(tmp_path, taken) as running:
        assert running.server_port == taken
