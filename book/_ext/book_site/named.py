"""Files of the site that are named by what they hold: a change gets a new address."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def short(content: bytes) -> str:
    """Return the name: twelve hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()[:12]


def write(out: Path, folder: str, content: bytes, kind: str) -> str:
    """Write a file into a folder of the site; return its address seen from the site's root.

    Parameters
    ----------
    out : Path
        The site.
    folder : str
    content : bytes
    kind : str
        The file's suffix, without its dot.
    """
    address = f"{folder}/{short(content)}.{kind}"
    (out / folder).mkdir(parents=True, exist_ok=True)
    (out / address).write_bytes(content)
    return address


def sweep(out: Path, folders: Iterable[str], pages: Iterable[Path]) -> None:
    """Remove what earlier builds left: files of the folders that are named on no page.

    A file that is kept may name others of them: a style sheet its fonts.

    Parameters
    ----------
    out : Path
        The site.
    folders : iterable of str
        Folders in which every file is named by what it holds.
    pages : iterable of Path
    """
    left = {file.name: file for folder in folders for file in (out / folder).glob("*.*")}
    texts = [page.read_text(encoding="utf-8") for page in pages]
    while texts:
        kept = [left.pop(name) for name in list(left) if any(name in text for text in texts)]
        texts = [file.read_text(encoding="utf-8") for file in kept if file.suffix == ".css"]
    for file in left.values():
        file.unlink()
