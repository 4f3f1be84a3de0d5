"""Data of the chapter."""

from functools import lru_cache

import numpy as np

from lnn._checks import Array
from lnn.data import saddle_problem
from lnn.landscape.low_rank import best_of_rank
from lnn.problem import Problem

NETWORKS = {
    "5-5-5-5": (5, 5, 5, 5),
    "5-4-4-5": (5, 4, 4, 5),
    "5-2-2-5": (5, 2, 2, 5),
}


@lru_cache(maxsize=1)
def data() -> Problem:
    return saddle_problem(np.random.default_rng(4))


@lru_cache(maxsize=6)
def explained(rank: int) -> Array:
    """Share of each output's sum of squares that the best map of this rank explains."""
    problem = data()
    rest = np.sum((problem.Y - best_of_rank(problem, rank) @ problem.X) ** 2, axis=-1)
    return np.asarray(1 - rest / np.sum(problem.Y**2, axis=-1))
