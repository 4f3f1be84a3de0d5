"""Small named problems and networks for the property tests."""

from lnn import Problem

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
