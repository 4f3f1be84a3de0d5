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


def turn(angles: Array, *, learned: float = 1.0, weight: float = 1.0) -> tuple[Array, Array]:
    """Turn the smaller mode of T = diag(2, learned) into the larger one, at the best size.

    Parameters
    ----------
    angles : (k,) array
        θ in radians; the map is s u uᵀ with u = (sin θ, cos θ), so the second mode stands at 0.
    learned : float
        Target of the second mode.
    weight : float
        Of the two entries off the diagonal in the loss; those on it have weight 1.

    Returns
    -------
    sizes, losses : (k,) arrays
        The best s for each direction, and Σ_ij ω_ij (s u_i u_j − T_ij)².

    Examples
    --------
    >>> sizes, losses = turn(np.array([0.0, np.pi / 2]))
    >>> sizes.round(6).tolist(), losses.round(6).tolist()
    ([1.0, 2.0], [4.0, 1.0])
    """
    target = np.diag([2.0, learned])
    entries = np.array([[1.0, weight], [weight, 1.0]])
    u = np.stack([np.sin(angles), np.cos(angles)], axis=-1)
    stripe = u[:, :, None] * u[:, None, :]
    sizes = np.sum(entries * stripe * target, axis=(1, 2)) / np.sum(
        entries * stripe**2, axis=(1, 2)
    )
    losses = np.sum(entries * (sizes[:, None, None] * stripe - target) ** 2, axis=(1, 2))
    return sizes, losses
