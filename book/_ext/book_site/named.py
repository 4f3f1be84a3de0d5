"""Files of the site that are named by what they hold: a change gets a new address."""

import hashlib
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
