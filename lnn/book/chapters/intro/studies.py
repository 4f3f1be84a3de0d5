"""The run of the first page."""

from functools import lru_cache

import numpy as np

from lnn._checks import Weights
from lnn.data import saddle_problem
from lnn.descent.run import Run, descend
from lnn.initialization import gaussian
from lnn.problem import Problem

STEP_SIZE = 1e-5
STEPS = 4000
STRIDE = 200


@lru_cache(maxsize=1)
def staircase_start() -> tuple[Problem, Weights]:
    """Return the data of the report's section 4 and the small random weights of the first page.

    Returns
    -------
    problem : Problem
    weights : tuple of arrays
        Widths (5, 4, 4, 5), entries N(0, 0.01²).
    """
    rng = np.random.default_rng(1)
    problem = saddle_problem(rng)
    return problem, gaussian((5, 4, 4, 5), rng, std=0.01)


@lru_cache(maxsize=1)
def staircase_run() -> Run:
    problem, weights = staircase_start()
    return descend(weights, problem, STEP_SIZE, STEPS)


@lru_cache(maxsize=STEPS // STRIDE + 1)
def weights_at(step: int) -> Weights:
    """Weights after `step` steps, reached from the nearest stride before."""
    problem, weights = staircase_start()
    if step == 0:
        return weights
    before = (step - 1) // STRIDE * STRIDE
    return descend(weights_at(before), problem, STEP_SIZE, step - before).weights
