"""The handwritten digits, the book's one real data set."""

from functools import lru_cache
from importlib.resources import as_file, files

import numpy as np

from lnn._checks import Array


@lru_cache(maxsize=1)
def digits() -> tuple[Array, np.ndarray]:
    """Return the handwritten digits that come with scikit-learn.

    The file is a copy of scikit-learn's, so that the browser's kernel, which may lack that package,
    has the data too: 1797 of the digits of E. Alpaydin and C. Kaynak (1998), UCI Machine Learning
    Repository, https://doi.org/10.24432/C50P49, CC BY 4.0.

    Returns
    -------
    images : (64, 1797) array
        Pixels between 0 and 1, one column an image of 8 by 8.
    labels : (1797,) array of int
    """
    with as_file(files("lnn.book") / "digits.csv.gz") as path:
        table = np.loadtxt(path, delimiter=",")
    return np.asarray(table[:, :-1].T / 16), table[:, -1].astype(int)


def one_hot(labels: np.ndarray) -> Array:
    """Return targets (10, m): 1 in the row of the digit, 0 elsewhere."""
    return np.asarray(np.arange(10)[:, None] == labels, dtype=np.float64)
