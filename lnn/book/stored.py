"""Studies that are stored beside a chapter: scripts in tests/benchmarks write them."""

from functools import lru_cache
from pathlib import Path

import numpy as np


@lru_cache(maxsize=8)
def stored_arrays(archive: Path) -> dict[str, np.ndarray]:
    """Return the arrays of an archive by name, read once.

    Parameters
    ----------
    archive : Path
        An .npz file.
    """
    with np.load(archive) as opened:
        return {name: opened[name] for name in opened.files}
