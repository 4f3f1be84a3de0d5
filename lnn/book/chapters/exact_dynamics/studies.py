"""Data and starts of the chapter."""

from functools import lru_cache

import numpy as np

from lnn._checks import Array
from lnn.data import saddle_problem
from lnn.descent.flow import gradient_flow
from lnn.descent.plateaus import midpoints
from lnn.descent.run import descend
from lnn.dynamics.closed_form import mode_flow, mode_time
from lnn.dynamics.mode_basis import aligned, effective_start, mode_values, singular_modes
from lnn.initialization import gaussian
from lnn.network import product
from lnn.problem import Problem

TARGETS = np.array([5.0, 4.0, 3.0, 2.0])


@lru_cache(maxsize=1)
def data() -> Problem:
    """Return whitened data, X Xᵀ = I, with modes 5, 4, 3, 2 and random singular vectors.

    Returns
    -------
    Problem
        X is (4, 12), Y is (4, 12), without noise.
    """
    rng = np.random.default_rng(4)
    X = np.linalg.qr(rng.standard_normal((12, 4)))[0].T
    left = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    right = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    return Problem(X, (left * TARGETS) @ right.T @ X)


def unmixed(problem: Problem) -> Problem:
    """Return data with the same map T and the same variances, whose inputs do not mix the modes.

    Parameters
    ----------
    problem : Problem
        With as many modes as inputs.

    Returns
    -------
    Problem
        Σ_XX = V_x diag(a) V_xᵀ, where a is the diagonal of V_xᵀ Σ_XX V_x; no residual.
    """
    right = np.linalg.svd(problem.least_squares)[2].T
    variances = np.diag(right.T @ problem.cov_xx @ right)
    X = right * np.sqrt(variances)
    return Problem(X, problem.least_squares @ X)


def staircase_error(problem: Problem, step_size: float, steps: int) -> float:
    """Return by how much the closed form misses the drops of a run of a 5-4-4-5 network.

    Parameters
    ----------
    problem : Problem
        With five modes, of which the network learns four.
    step_size : float
    steps : int

    Returns
    -------
    float
        The largest relative error of the four steps at which the loss is half-way down to the next
        level; the aligned modes start at 10⁻⁴.
    """
    start, found = np.full(4, 1e-4), singular_modes(problem)
    run = descend(aligned(problem, (5, 4, 4, 5), start ** (1 / 3)), problem, step_size, steps)
    targets, variances = found.targets, found.curvatures
    learned = mode_flow(step_size * run.recorded, start, targets[:4], variances[:4], 3)
    missing = variances[:4, None] * (targets[:4, None] - learned) ** 2
    never = variances[4] * targets[4] ** 2
    predicted = problem.residual + never + missing.sum(axis=0)
    middle = midpoints(problem, 4)
    foretold, observed = (crossings(curve, middle) for curve in (predicted, run.losses))
    return float(np.max(abs(foretold / observed - 1)))


def horizon(start: Array | float, depth: int) -> float:
    """Return a time by which the slowest mode of `data` is learned.

    Parameters
    ----------
    start : (4,) array or float
        p_0.
    depth : int

    Returns
    -------
    float
    """
    return 1.12 * float(np.max(mode_time(0.95 * TARGETS, start, TARGETS, 1.0, depth)))


def unequal_layers(depth: int, product: float, imbalance: float) -> Array:
    """Return N layers w, ..., w, √(w² + imbalance) with the given product, by bisection.

    Parameters
    ----------
    depth : int
    product : float
    imbalance : float
        w_N² − w_1² ≥ 0.

    Returns
    -------
    (N,) array
    """
    low, high = 0.0, product ** (1 / depth)
    for _ in range(80):
        w = (low + high) / 2
        if w ** (depth - 1) * np.sqrt(w**2 + imbalance) < product:
            low = w
        else:
            high = w
    return np.append(np.full(depth - 1, high), np.sqrt(high**2 + imbalance))


@lru_cache(maxsize=1)
def report_data() -> Problem:
    """Return a draw of the data of the report's section 4."""
    return saddle_problem(np.random.default_rng(1))


def crossings(losses: Array, levels: Array) -> Array:
    """Return the first step at which a run is below each level.

    Parameters
    ----------
    losses : (k,) array
        One per step.
    levels : (p,) array

    Returns
    -------
    (p,) array of int
    """
    return np.array([np.argmax(losses < level) for level in levels])


def random_starts(stds: tuple[float, ...], seeds: int = 10) -> tuple[Array, Array]:
    """Return predicted and observed times at which random two-layer networks learn their modes.

    The report's data, widths 5-4-5. A mode is learned when it has come half-way.

    Parameters
    ----------
    stds : tuple of float
    seeds : int
        Starts per standard deviation.

    Returns
    -------
    predicted, observed : (stds, seeds, 4) arrays
    """
    problem = report_data()
    found = singular_modes(problem)
    targets, curvatures = found.targets[:4], found.curvatures[:4]
    predicted, observed = np.empty((2, len(stds), seeds, 4))
    for i, std in enumerate(stds):
        for seed in range(seeds):
            weights = gaussian((5, 4, 5), np.random.default_rng(seed), std=std)
            first = effective_start(weights, problem)[:4]
            predicted[i, seed] = mode_time(targets / 2, first, targets, curvatures, 2)
            grid = np.linspace(0, 1.6 * predicted[i, seed].max(), 1500)
            flow = gradient_flow(weights, problem, grid, rtol=1e-5, method="RK45")
            seen = mode_values(flow.weights, problem)[:, :4]
            observed[i, seed] = grid[np.argmax(seen > targets / 2, axis=0)]
    return predicted, observed


def flow_error(step_size: float, end: float = 4.0) -> float:
    """Return the largest gap between descent and flow of one mode, s = a = 1, N = 3, p(0) = 0.1."""
    single = Problem([[1.0]], [[1.0]])
    weights = tuple(np.full((1, 1), 0.1 ** (1 / 3)) for _ in range(3))
    path = [float(product(weights)[0, 0])]
    for _ in range(round(end / step_size)):
        weights = descend(weights, single, step_size, 1).weights
        path.append(float(product(weights)[0, 0]))
    exact = mode_flow(step_size * np.arange(len(path)), 0.1, 1.0, 1.0, 3)
    return float(np.max(np.abs(np.array(path) - exact)))
