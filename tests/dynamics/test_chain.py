"""The scalar chain in figures and explorers, against its closed form."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from lnn.book import valley as scalar_chain
from lnn.book.chapters.first_order import explorers
from lnn.book.chapters.first_order.studies import turn
from lnn.book.chapters.linear_networks import explorers as linear_networks


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
@pytest.mark.parametrize("t", [-1.2, 0.0, 0.5, 1.0])
def test_derivatives_on_the_diagonal_are_those_of_a_power(depth, t):
    slope, curvature, eigenvalues = linear_networks.derivatives(t, depth)
    expected = np.polynomial.Polynomial([-1] + [0] * (depth - 1) + [1]) ** 2
    np.testing.assert_allclose(slope, expected.deriv()(t), atol=1e-12)
    np.testing.assert_allclose(curvature, expected.deriv(2)(t), atol=1e-12)
    # (1, ..., 1) is an eigenvector by symmetry, so the curvature along it is N times one of them.
    assert np.isclose(eigenvalues * depth, curvature, atol=1e-9).any()


def test_the_verdicts_name_the_kinds_of_points():
    def verdict(t, depth):
        slope, _, eigenvalues = linear_networks.derivatives(t, depth)
        return linear_networks.verdict(slope, eigenvalues, (t**depth - 1) ** 2)

    assert verdict(0.0, 1) == verdict(0.5, 3) == "not critical"
    assert verdict(0.0, 2).endswith("strict saddle")
    assert "cannot tell" in verdict(0.0, 3)
    assert verdict(1.0, 4).endswith("global minimum")
    assert verdict(-1.0, 2).endswith("global minimum")


@pytest.mark.parametrize("target", [0.5, 1.0])
def test_the_drawn_minima_are_minima_and_keep_the_limits(target):
    ax = Figure().subplots()
    ax.set_xlim(-2, 2.5)
    ax.set_ylim(-1.5, 2)
    artists = scalar_chain.draw_critical_points(ax, target=target)
    for branch, sign in zip(artists[:2], (1, -1), strict=True):
        x, y = branch.get_data()
        np.testing.assert_allclose(x * y, target)
        assert (np.sign(x) == sign).all()
    assert ax.get_xlim() == (-2, 2.5)
    assert ax.get_ylim() == (-1.5, 2)


def test_the_weighted_loss_has_its_bad_minimum_where_the_text_says():
    # The loss of u vᵀ against diag(2, 1), off-diagonal entries weighted by w, near u = v = e₂.
    def loss(parameters, w):
        u, v = parameters[:2], parameters[2:]
        weights = np.array([[1, w], [w, 1]])
        return np.sum(weights * (np.outer(u, v) - np.diag([2.0, 1.0])) ** 2)

    rng = np.random.default_rng(0)
    steps = 1e-3 * rng.standard_normal((5000, 4))
    at = np.array([0.0, 1.0, 0.0, 1.0])
    for w, trapped in ((1.0, False), (1.9, False), (2.1, True), (3.0, True)):
        below = min(loss(at + s, w) for s in steps) < loss(at, w) - 1e-12
        assert below != trapped
        assert ("minimum" in explorers.weighted_entries.draw(Figure(), weight=w)) == trapped


def test_the_weighted_loss_on_the_turn_has_its_pass_where_the_text_says():
    # 5 − (1 + x)² / (1 + 2(w − 1) x(1 − x)) with x = sin²θ.
    angles = np.linspace(0, np.pi / 2, 200_001)
    x = np.sin(angles) ** 2
    for w in (0.5, 1.0, 1.5, 2.0, 3.0, 10.0):
        sizes, losses = turn(angles, weight=w)
        np.testing.assert_allclose(
            losses, 5 - (1 + x) ** 2 / (1 + 2 * (w - 1) * x * (1 - x)), atol=1e-12
        )
        if w <= 2:
            assert (np.diff(losses) < 1e-12).all()
        else:
            assert x[np.argmax(losses)] == pytest.approx((w - 2) / (3 * (w - 1)), abs=1e-4)
    sizes, losses = turn(angles, learned=2.5)
    np.testing.assert_allclose(losses, 2**2 + 2.5**2 - sizes**2)
    assert (np.diff(losses) > -1e-12).all()
