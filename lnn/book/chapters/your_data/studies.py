"""The digits, and how well a map of low rank recognizes them."""

from functools import lru_cache
from importlib.resources import as_file, files

import numpy as np

from lnn._checks import Array
from lnn.data import Components, principal_components
from lnn.problem import Problem

TRAINING = 1200
COMPONENTS = 20


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
    with as_file(files("lnn.book.chapters.your_data") / "digits.csv.gz") as path:
        table = np.loadtxt(path, delimiter=",")
    return np.asarray(table[:, :-1].T / 16), table[:, -1].astype(int)


def one_hot(labels: np.ndarray) -> Array:
    """Return targets (10, m): 1 in the row of the digit, 0 elsewhere."""
    return np.asarray(np.arange(10)[:, None] == labels, dtype=np.float64)


@lru_cache(maxsize=64)
def digit_problem(components: int = COMPONENTS) -> tuple[Problem, Components]:
    """Return the first 1200 digits on their leading principal components."""
    images, labels = digits()
    parts = principal_components(images[:, :TRAINING], components)
    return Problem(parts.scores, one_hot(labels[:TRAINING])), parts


def accuracy(matrix: Array, parts: Components) -> tuple[float, float]:
    """Return the shares of digits that a linear map classifies rightly: training, and the rest.

    Parameters
    ----------
    matrix : (10, components) array
        The digit is the largest output.
    parts : Components

    Returns
    -------
    training, test : float
    """
    images, labels = digits()
    right = (matrix @ parts.apply(images)).argmax(axis=0) == labels
    return float(right[:TRAINING].mean()), float(right[TRAINING:].mean())


@lru_cache(maxsize=64)
def least_squares_accuracy(components: int) -> tuple[float, float]:
    problem, parts = digit_problem(components)
    return accuracy(problem.least_squares, parts)
