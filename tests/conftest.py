"""Fixtures shared by all tests."""

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

# Two libraries that both start threads slow each other down on the small machines of CI.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")


@pytest.fixture(scope="session")
def playwright() -> "Iterator[Playwright]":
    """Return Playwright, which the other tests do without."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def chromium(playwright: "Playwright") -> "Iterator[Browser]":
    """Return the distribution's Chromium."""
    from visiting import FLAGS

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.fail("the site is tested in Chromium, which is not installed: apt install chromium")
    browser = playwright.chromium.launch(executable_path=path, headless=True, args=FLAGS)
    yield browser
    browser.close()
