"""The one switch for smaller sizes."""

import sys

import pytest

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


@pytest.mark.parametrize("pair", [(100, 1000), (100, 0), (100,), (100, -5)])
def test_sizes_are_checked(pair):
    with pytest.raises(ValueError, match="members"):
        sizes(members=pair)


def test_the_switch_is_checked(monkeypatch):
    monkeypatch.setenv("LNN_BROWSER", "yes")
    with pytest.raises(ValueError, match="LNN_BROWSER is 'yes'"):
        sizes(members=(2, 1))
