"""Bisection: where a condition ceases to hold, to 60 binary digits."""

import numpy as np

from lnn._bisection import last_where


def test_an_interval_is_halved_sixty_times():
    # A last point below a whole number of steps of 2^-60 is found as the step below it.
    for steps in (0.5, 1.5, 2.0, 6.5):
        last = steps * 2.0**-60
        found = last_where(lambda x, last=last: x <= last, np.zeros(()), np.ones(()))
        assert found == np.floor(steps) * 2.0**-60


def test_every_member_has_its_own_interval_and_condition():
    roots = np.array([[0.3, -1.5], [0.999, 2.0]])
    low, high = np.array([[0.0, -2.0], [-5.0, 1.0]]), np.array([1.0, 3.0])
    found = last_where(lambda x: x**3 <= roots**3, low, np.broadcast_to(high, (2, 2)))
    np.testing.assert_allclose(found, roots, rtol=1e-15)
