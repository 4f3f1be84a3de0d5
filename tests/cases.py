"""Small named problems and networks for the property tests."""

import numpy as np

from lnn import Problem, hessian

WIDTHS = {
    "one layer": (3, 2),
    "two layers, bottleneck": (4, 2, 3),
    "three layers": (3, 4, 2, 3),
    "report, section 4": (5, 4, 4, 5),
    "four layers": (3, 2, 3, 2, 2),
    "five layers": (2, 3, 2, 2, 3, 2),
    "scalar chain": (1, 1, 1, 1),
}
"""One to five layers, unequal widths."""


def random_problem(rng, d_x, d_y, samples=12):
    """Correlated inputs and noisy targets: nothing is symmetric, diagonal or whitened."""
    X = rng.standard_normal((d_x, d_x)) @ rng.standard_normal((d_x, samples))
    Y = rng.standard_normal((d_y, d_x)) @ X + rng.standard_normal((d_y, samples))
    return Problem(X, Y)


def random_network(rng, widths, size=()):
    """Weights with entries of order one."""
    return tuple(
        rng.standard_normal((*size, widths[j], widths[j - 1])) for j in range(1, len(widths))
    )


def curvature(weights, problem):
    """λ_max of the Hessian, from the dense matrix."""
    return np.linalg.eigvalsh(hessian(weights, problem))[..., -1]


def whitened(rng, singular_values):
    """X Xᵀ = I and T with the given singular values."""
    n = len(singular_values)
    q, _ = np.linalg.qr(rng.standard_normal((8, n)))
    u, _ = np.linalg.qr(rng.standard_normal((n, n)))
    return Problem(q.T, (u * singular_values) @ q.T)


def random_minimizer(rng, problem, widths):
    """A random global minimizer: a random factorization, with random blocks beside the rank."""
    rank, depth = min(widths), len(widths) - 1
    if depth == 1:
        return (problem.least_squares,)
    u = problem.eigenvectors[:, :rank]
    rest = problem.eigenvectors[:, rank:]
    narrow = int(np.argmin(widths))
    bases = [np.eye(d) + 0.4 * rng.standard_normal((d, d)) for d in widths]
    result = []
    for j in range(1, depth + 1):
        w = np.zeros((widths[j], widths[j - 1]))
        w[:rank, :rank] = np.eye(rank)
        w[rank:, rank:] = 0.5 * rng.standard_normal((widths[j] - rank, widths[j - 1] - rank))
        if j == 1:
            top = u.T @ problem.least_squares
            low = 0.5 * rng.standard_normal((widths[1] - rank, widths[0]))
            low = low if narrow > 0 else np.zeros_like(low)
            w = np.vstack([top, low])
        if j == depth:
            w = np.hstack([u, rest @ w[rank:, rank:]]) if rest.size else w[:, : widths[-2]]
            if not rest.size:
                w = np.hstack([u, np.zeros((widths[-1], widths[-2] - rank))])
        left = bases[j] if j < depth else np.eye(widths[-1])
        right = np.linalg.inv(bases[j - 1]) if j > 1 else np.eye(widths[0])
        result.append(left @ w @ right)
    return tuple(result)
