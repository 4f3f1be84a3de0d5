"""The digits, and how well a map of low rank recognizes them."""

from functools import lru_cache

from lnn._checks import Array
from lnn.book.digits import digits, one_hot
from lnn.data import Components, principal_components
from lnn.problem import Problem

TRAINING = 1200
COMPONENTS = 20


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
