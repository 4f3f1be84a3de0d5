"""What all tests share: a browser, one execution of each notebook, the order of a run."""

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright
    from together import Together

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


def pytest_configure(config: pytest.Config) -> None:
    """Follow nbval's run of the notebooks, which are not under this folder."""
    import executed

    config.pluginmanager.register(executed)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests into the order in which processes should take them."""
    import together

    items.sort(key=lambda item: together.stage(item.nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> "Together":
    """Distribute tests over processes in groups that stay together."""
    from together import Together

    config.option.loadscopereorder = False
    return Together(config, log)
