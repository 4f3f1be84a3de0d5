"""The kernel in the browser (to come)."""

from sphinx.application import Sphinx


def setup(app: Sphinx) -> None:
    """Nothing yet."""
