"""The verdict on weights does not depend on the coordinates in which the inputs are measured."""

import numpy as np
import pytest

from lnn import Kind, Problem, classify, critical_point, gaussian, saddle_problem
from lnn.book.chapters.saddles.census import complex_step_hessian, sample


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def changed(problem, weights, matrix, inverse):
    """The same networks for inputs B x."""
    return Problem(matrix @ problem.X, problem.Y), (weights[0] @ inverse, *weights[1:])


def mixing(rng, d):
    """A random well-conditioned matrix and its inverse."""
    left, right = (np.linalg.qr(rng.standard_normal((d, d)))[0] for _ in range(2))
    sizes = rng.uniform(0.5, 2.0, d)
    return (left * sizes) @ right, (right.T / sizes) @ left.T


@pytest.mark.parametrize("generic", [True, False])
@pytest.mark.parametrize("depth", [2, 3, 4, 5])
def test_units_over_ten_orders_of_magnitude_change_no_verdict(rng, generic, depth):
    points = 0
    while points < 500:
        drawn = sample(depth, rng, generic=generic, count=20)
        before = classify(drawn.weights, drawn.problem)
        matrix, inverse = mixing(rng, drawn.widths[0])
        units = 10.0 ** rng.uniform(-5, 5, drawn.widths[0])
        problem, weights = changed(
            drawn.problem, drawn.weights, units[:, None] * matrix, inverse / units
        )
        after = classify(weights, problem)
        assert (before.kind == drawn.kind).all()
        for name in ("kind", "rank", "index", "nullity", "order"):
            np.testing.assert_array_equal(getattr(after, name), getattr(before, name), name)
        for name in ("modes", "tightened", "pivots", "eigenspaces"):
            assert list(getattr(after, name)) == list(getattr(before, name))
        strict = after.kind == Kind.STRICT_SADDLE
        assert (after.escape_curvature[strict] < 0).all()
        assert (after.escape_step[strict] > 0).all()
        points += len(strict)


def test_ill_conditioned_mixtures_change_no_verdict(rng):
    """Units first, then a mixture: every input is large, and their differences are small."""
    for _ in range(40):
        drawn = sample(int(rng.integers(2, 5)), rng, generic=True, count=10)
        d = drawn.widths[0]
        first, first_inverse = mixing(rng, d)
        last, last_inverse = mixing(rng, d)
        units = 10.0 ** rng.uniform(-1.5, 1.5, d)
        problem, weights = changed(
            drawn.problem,
            drawn.weights,
            last @ (units[:, None] * first),
            (first_inverse / units) @ last_inverse,
        )
        found = classify(weights, problem)
        assert (found.kind == drawn.kind).all(), found.reason
        np.testing.assert_array_equal(found.index, classify(drawn.weights, drawn.problem).index)


@pytest.mark.parametrize(
    ("X", "widths", "lowest"),
    [
        # Layers of size 5e5^(-1/4), and K = 1 in whitened, 1 in the given coordinates.
        ([1e5, 1.0], (2, 2, 2, 2, 2), -0.0089),
        ([1.0, 1e-7], (2, 2, 2), -2e-7),
    ],
)
def test_badly_scaled_inputs_hide_no_strict_saddle(X, widths, lowest):
    problem = Problem(np.diag(X), np.diag([2.0, 1.0]))
    weights = critical_point(problem, widths, (0,), kind=Kind.STRICT_SADDLE)
    found = classify(weights, problem)
    assert found.kind is Kind.STRICT_SADDLE
    eigenvalues = np.linalg.eigvalsh(complex_step_hessian(weights, problem))
    assert eigenvalues[0] == pytest.approx(lowest, rel=0.01)
    assert found.escape_curvature == pytest.approx(eigenvalues[0], rel=1e-6)
    assert found.index == 1


@pytest.mark.parametrize("depth", [3, 4, 5])
def test_saddles_constructed_for_badly_scaled_inputs_are_recognized(rng, depth):
    for kind in (Kind.STRICT_SADDLE, Kind.NON_STRICT_SADDLE):
        for _ in range(50):
            x = np.array([[1e5], [1.0], [1e-2]]) * rng.standard_normal((3, 12))
            problem = Problem(x, rng.standard_normal((2, 12)))
            widths = (3, *rng.integers(2, 4, depth - 1), 2)
            weights = critical_point(problem, widths, (0,), kind=kind, rng=rng, size=(2,))
            found = classify(weights, problem)
            assert (found.kind == kind).all(), found.reason


@pytest.mark.parametrize("gap", [1e-4, 1e-6, 2e-8, 1.5e-8, 1e-8, 1e-10, 2e-12])
def test_near_equal_eigenvalues_are_told_apart_where_the_weights_tell(gap):
    """S = {2} beside λ_1 = 1 + gap: strict, with curvature −2 gap per unit weights, halved."""
    problem = Problem(np.eye(2), np.diag([(1 + gap) ** 0.5, 1.0]))
    found = classify((np.array([[0.0, 1.0]]), np.array([[0.0], [1.0]])), problem)
    assert (found.kind, found.modes, found.index) == (Kind.STRICT_SADDLE, (1,), 1)
    assert found.escape_curvature == pytest.approx(-gap, rel=1e-3)
    assert "at such a point" in found.reason
    # Between the two modes the weights are not critical, and as near to it as the gap is small.
    v = np.array([[0.6, 0.8]])
    found = classify((v, v.T), problem)
    if gap > 1e-5:
        assert found.kind is Kind.NOT_CRITICAL
        assert "above the tolerance" in found.reason
    else:
        assert found.kind is Kind.GLOBAL_MINIMIZER
        assert found.eigenspaces == {(0, 1): 1}
        assert f"[0, 1] count as equal: they differ by {gap:.1g} of the" in found.reason


@pytest.mark.parametrize("gap", [0.0, 1e-15, 2e-13])
def test_eigenvalues_equal_up_to_rounding_are_equal(gap):
    problem = Problem(np.eye(3), np.diag([(1 + gap) ** 0.5, 1.0, 0.5]))
    for angle in (0.0, 0.3, np.pi / 2):
        v = np.array([[np.cos(angle), np.sin(angle), 0.0]])
        found = classify((v, v.T), problem)
        assert (found.kind, found.index) == (Kind.GLOBAL_MINIMIZER, 0)
        assert found.eigenspaces == {(0, 1): 1, (2,): 0}
        assert found.modes == (0,)
        assert found.nullity == 2  # of six: the scale between the layers, and the angle


def test_two_layers_have_no_non_strict_saddle_however_weak_a_mode(rng):
    for weak in 10.0 ** -np.arange(1, 12):
        problem = Problem(np.diag([1.0, weak, 3.0]), np.diag([2.0, 1.0, weak]))
        for modes in ((), (0,), (0, 1)):
            u = np.eye(3)[:, list(modes)]
            fill = np.zeros((3 - len(modes), 3))
            first = np.concatenate([u.T @ problem.least_squares, fill])
            last = np.concatenate([u, fill.T], axis=1)
            found = classify((first, last), problem)
            assert found.kind is Kind.STRICT_SADDLE, found.reason
            assert found.index == (3 - len(modes)) ** 2


def test_the_reason_says_at_or_near_and_how_near(rng):
    problem = saddle_problem(rng)
    exact = classify(critical_point(problem, (5, 4, 4, 5), (0, 1)), problem)
    assert "at such a point up to rounding" in exact.reason
    assert exact.dropped < 1e-12
    network = gaussian((5,) * 11, rng, std=0.1)
    found = classify(network, problem)
    assert found.kind is Kind.NON_STRICT_SADDLE
    assert found.smallest_eigenvalue < 0
    for words in (
        "near such a point, not at it",
        f"relative gradient {found.relative_gradient:.2g} (tolerance 1e-05)",
        f"relative size up to {found.dropped:.2g} count as closed",
        "the Hessian's eigenvalue -",
    ):
        assert words in found.reason
    assert found.dropped > 1e-4
