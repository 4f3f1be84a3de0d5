"""Every explorer of the book, found by itself: a new one needs no line in any test."""

import importlib
import pkgutil

import lnn.explorers
from lnn.widgets import Explorer


def book_explorers() -> list[Explorer]:
    """Return the explorers of all modules of ``lnn.explorers``, in order of module and name."""
    found = []
    for info in pkgutil.iter_modules(lnn.explorers.__path__, "lnn.explorers."):
        module = importlib.import_module(info.name)
        own = [v for v in vars(module).values() if isinstance(v, Explorer)]
        found += sorted((e for e in own if e.__module__ == info.name), key=lambda e: e.__name__)
    return found
