"""Data of the chapter."""

from functools import lru_cache

import numpy as np

from lnn.data import saddle_problem
from lnn.problem import Problem

STEP_SIZE = 1e-5
WIDTHS = {2: (5, 4, 5), 3: (5, 4, 4, 5), 4: (5, 4, 4, 4, 5)}


@lru_cache(maxsize=1)
def data() -> Problem:
    """Return the data of the report's section 4 that this chapter uses."""
    return saddle_problem(np.random.default_rng(4))
