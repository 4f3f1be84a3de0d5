"""Every explorer of the book, found by itself: a new one needs no line in any test."""

import importlib
import importlib.util
import pkgutil

import lnn.book.chapters
from lnn.book.sliders.explorer import Explorer


def book_explorers() -> list[Explorer]:
    """Return the explorers of all chapters, in order of chapter and name."""
    found = []
    for chapter in pkgutil.iter_modules(lnn.book.chapters.__path__, "lnn.book.chapters."):
        if importlib.util.find_spec(f"{chapter.name}.explorers") is None:
            continue  # its pictures are laboratories
        module = importlib.import_module(f"{chapter.name}.explorers")
        own = [v for v in vars(module).values() if isinstance(v, Explorer)]
        mine = (e for e in own if e.__module__ == module.__name__)
        found += sorted(mine, key=lambda e: e.__name__)
    return found
