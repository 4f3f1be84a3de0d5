"""Data and runs of the chapter."""

from functools import lru_cache

import numpy as np

from lnn._checks import Array
from lnn.data import saddle_problem
from lnn.descent.run import descend
from lnn.landscape.low_rank import best_of_rank
from lnn.problem import Problem

NETWORKS = {
    "5-5-5-5": (5, 5, 5, 5),
    "5-4-4-5": (5, 4, 4, 5),
    "5-2-2-5": (5, 2, 2, 5),
}


def chain_paths(starts: Array, *, step_size: float = 0.02, steps: int = 150) -> Array:
    """Return paths of gradient descent on (w₂ w₁ − 1)².

    Parameters
    ----------
    starts : (n, 2) array
        Starting points (w₁, w₂).
    step_size : float
    steps : int

    Returns
    -------
    (n, steps + 1, 2) array
    """
    problem = Problem([[1.0]], [[1.0]])
    points = [np.asarray(starts, dtype=np.float64)]
    for _ in range(steps):
        w1, w2 = points[-1].T[..., None, None]
        run = descend((w1, w2), problem, step_size, 1)
        points.append(np.stack([w[:, 0, 0] for w in run.weights], axis=-1))
    return np.stack(points, axis=1)


@lru_cache(maxsize=1)
def data() -> Problem:
    return saddle_problem(np.random.default_rng(4))


@lru_cache(maxsize=6)
def explained(rank: int) -> Array:
    """Share of each output's sum of squares that the best map of this rank explains."""
    problem = data()
    rest = np.sum((problem.Y - best_of_rank(problem, rank) @ problem.X) ** 2, axis=-1)
    return np.asarray(1 - rest / np.sum(problem.Y**2, axis=-1))
