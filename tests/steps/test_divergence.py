"""The divergence bound is obeyed by runs: none above it reaches a global minimum."""

import numpy as np
import pytest

from lnn import Problem, descend, divergence_bound, flattest_minimizer, gaussian
from lnn.descent import Stop
from tests.cases import random_problem


def near(weights, rng, size, spread):
    return tuple(w + spread * rng.standard_normal((size, *w.shape)) for w in weights)


@pytest.mark.parametrize("widths", [(3, 3, 3), (3, 3, 3, 3), (3, 4, 2), (3, 2, 3), (3, 1, 2, 3)])
def test_the_bound_separates_attraction_from_repulsion(widths):
    # Started beside the flattest minimizer, runs stay there just below the bound and leave above.
    rng = np.random.default_rng(6)
    problem = random_problem(rng, widths[0], widths[-1])
    bound = divergence_bound(problem, widths)
    start = near(flattest_minimizer(problem, widths), rng, 20, 1e-5)
    floor = problem.floor(min(widths))
    scale = np.trace(problem.cov_yy)
    below = descend(start, problem, 0.98 * bound, 6000, record_every=100)
    assert (below.losses[:, -1] - floor <= 1e-12 * scale).all()
    above = descend(start, problem, 1.02 * bound, 6000, record_every=100)
    assert (above.losses[:, -1] - floor > 1e-12 * scale).all()


DEPTHS = [(3,) * (n + 1) for n in (2, 3, 4, 5)] + [(4, 2, 4), (4, 2, 2, 4), (3, 5, 3), (2, 4, 4, 3)]


@pytest.mark.parametrize("widths", DEPTHS)
def test_no_run_above_the_bound_reaches_a_global_minimum(widths):
    # 150 problems for each of 8 tuples of widths, 30 at a bottleneck, from three sizes of start.
    count = 30 if min(widths) < min(widths[0], widths[-1]) else 150
    rng = np.random.default_rng(sum(widths))
    X = rng.standard_normal((count, widths[0], 8))
    Y = rng.standard_normal((count, widths[-1], widths[0])) @ X + 0.1 * rng.standard_normal(
        (count, widths[-1], 8)
    )
    problems = Problem(X, Y)
    bound = divergence_bound(problems, widths)
    floor = problems.floor(min(widths))
    for std in (0.1, 0.4, 0.8):
        start = gaussian(widths, rng, std=std, size=(count,))
        run = descend(start, problems, 1.01 * bound, 800, record_every=200)
        ended = run.losses[:, -1]
        reached = (run.stop != Stop.DIVERGED) & (ended - floor <= 1e-8 * floor)
        assert not reached.any()
        # The same starts with a small step do reach it, so that the test is one.
        if std == 0.4:
            small = descend(start, problems, 0.2 * bound, 3000, record_every=500)
            assert np.mean(small.losses[:, -1] - floor <= 1e-2 * floor) > 0.1
