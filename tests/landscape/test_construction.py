"""Construction of critical points: values, products, vanishing gradients, impossible requests."""

import itertools

import numpy as np
import pytest
import reference
from cases import WIDTHS, random_problem

from lnn import Kind, Problem, classify, critical_point, loss, product
from lnn.landscape import construction
from lnn.landscape.kinds import possible_kinds, require_second_order_assumptions
from lnn.landscape.strings import canonical_strings
from lnn.network import bottleneck


@pytest.fixture
def rng():
    return np.random.default_rng(4)


DEEP = {
    name: widths for name, widths in WIDTHS.items() if len(widths) > 2 and widths[-1] <= widths[0]
}


def index_sets(widths):
    """Every S that the widths allow."""
    d_y = widths[-1]
    sets = [tuple(k for k in range(d_y) if code >> k & 1) for code in range(2**d_y)]
    return [s for s in sets if len(s) <= min(widths)]


def relative_gradient(weights, problem):
    slopes = reference.gradient(weights, problem.X, problem.Y)
    size = np.linalg.norm(problem.cov_yx) * max(1, *(np.linalg.norm(w) for w in weights)) ** (
        len(weights) - 1
    )
    return max(np.abs(g).max() for g in slopes) / size


@pytest.mark.parametrize("name", DEEP)
@pytest.mark.parametrize("member", ["canonical", "random"])
def test_every_index_set_and_kind_gives_a_critical_point_with_its_value(rng, name, member):
    widths = DEEP[name]
    problem = random_problem(rng, widths[0], widths[-1])
    u, values = problem.eigenvectors, problem.eigenvalues
    for modes in index_sets(widths):
        for kind in possible_kinds(modes, widths):
            weights = critical_point(
                problem, widths, modes, kind=kind, rng=rng if member == "random" else None
            )
            assert relative_gradient(weights, problem) < 1e-12
            u_s = u[:, list(modes)]
            expected = u_s @ u_s.T @ problem.least_squares
            np.testing.assert_allclose(product(weights), expected, atol=1e-10)
            value = np.trace(problem.cov_yy) - sum(values[k] for k in modes)
            np.testing.assert_allclose(
                reference.loss(weights, problem.X, problem.Y), value, rtol=1e-10
            )


def test_the_leading_modes_attain_the_floor_and_no_other_set_of_that_size_does(rng):
    problem = random_problem(rng, 4, 3)
    values = {
        s: float(loss(critical_point(problem, (4, 3, 3), s), problem))
        for s in index_sets((4, 3, 3))
    }
    for s, value in values.items():
        floor = float(problem.floor(len(s)))
        if s == tuple(range(len(s))):
            np.testing.assert_allclose(value, floor, rtol=1e-9)
        else:
            assert value > floor + 1e-6
    assert len(set(values.values())) == 2**3  # distinct critical values: one an index set


@pytest.mark.parametrize("kind", [Kind.STRICT_SADDLE, Kind.NON_STRICT_SADDLE])
def test_members_of_an_ensemble_differ_and_share_the_product(rng, kind):
    problem = random_problem(rng, 4, 3)
    weights = critical_point(problem, (4, 3, 4, 3), (0,), kind=kind, rng=rng, size=(2, 3))
    assert [w.shape for w in weights] == [(2, 3, 3, 4), (2, 3, 4, 3), (2, 3, 3, 4)]
    maps = product(weights)
    np.testing.assert_allclose(maps, np.broadcast_to(maps[0, 0], maps.shape), atol=1e-10)
    assert np.abs(weights[1][0, 0] - weights[1][0, 1]).max() > 0.1


def test_an_ensemble_of_problems_broadcasts(rng):
    X, Y = rng.standard_normal((5, 3, 8)), rng.standard_normal((5, 2, 8))
    weights = critical_point(Problem(X, Y), (3, 2, 2, 2), (0,), rng=rng)
    for k in range(5):
        single = Problem(X[k], Y[k])
        assert relative_gradient([w[k] for w in weights], single) < 1e-12
        np.testing.assert_allclose(
            float(loss([w[k] for w in weights], single)), float(single.floor(1)), rtol=1e-10
        )


def test_the_canonical_member_is_balanced_and_deterministic(rng):
    problem = random_problem(rng, 4, 3)
    first = critical_point(problem, (4, 3, 4, 3), (0, 1))
    second = critical_point(problem, (4, 3, 4, 3), [1, 0])
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    for w, above in itertools.pairwise(first):
        np.testing.assert_allclose(above.T @ above, w @ w.T, atol=1e-10)


def test_random_members_vary_in_the_ranks_of_their_layers(rng):
    problem = random_problem(rng, 3, 3)
    ranks = {
        tuple(
            int(np.linalg.matrix_rank(w, tol=1e-8))
            for w in critical_point(problem, (3, 3, 3, 3), (), rng=rng)
        )
        for _ in range(60)
    }
    assert len(ranks) > 5


def test_the_spread_bounds_the_conditioning_of_the_conjugation(rng):
    problem = random_problem(rng, 3, 3)
    plain = critical_point(problem, (3, 3, 3), (0, 1, 2))
    for spread in (1.0 + 1e-9, 4.0):
        moved = critical_point(problem, (3, 3, 3), (0, 1, 2), rng=rng, spread=spread)
        ratio = np.linalg.svd(moved[1], compute_uv=False) / np.linalg.svd(
            plain[1], compute_uv=False
        )
        assert ratio.min() > 1 / spread - 1e-6
        assert ratio.max() < spread + 1e-6


def test_after_five_hundred_drawings_in_vain_the_canonical_strings_are_taken(rng, monkeypatch):
    drawn = []

    def closed(nodes, data_rank, rng):
        drawn.append(nodes)
        return canonical_strings(nodes, data_rank, middle_open=False)

    monkeypatch.setattr(construction, "random_strings", closed)
    problem, widths = random_problem(rng, 3, 3), (3, 2, 2, 3)
    weights = critical_point(problem, widths, (0,), kind=Kind.STRICT_SADDLE, rng=rng)
    assert classify(weights, problem).kind is Kind.STRICT_SADDLE
    assert len(drawn) == 1 + 500


@pytest.mark.parametrize(
    ("widths", "modes", "options", "message"),
    [
        ((3, 3, 3), (0,), {"kind": Kind.NON_STRICT_SADDLE}, "N = 2 layers.*three layers"),
        ((3, 2, 2, 3), (0, 1), {"kind": Kind.NON_STRICT_SADDLE}, "fill the bottleneck"),
        ((3, 2, 2, 3), (0, 2), {"kind": Kind.NON_STRICT_SADDLE}, "not the 2 leading"),
        ((3, 2, 2, 3), (1,), {"kind": Kind.NON_STRICT_SADDLE}, "not the 1 leading"),
        ((3, 2, 2, 3), (0,), {"kind": Kind.GLOBAL_MINIMIZER}, "do not fill the bottleneck"),
        ((3, 2, 2, 3), (0, 1), {"kind": Kind.STRICT_SADDLE}, "a global minimizer"),
        ((3, 2, 2, 3), (0,), {"kind": Kind.NOT_CRITICAL}, "critical points only"),
        ((3, 2, 2, 3), (0, 1, 2), {}, "rank of at most 2"),
        ((3, 2, 2, 3), (0, 0), {}, "distinct indices"),
        ((3, 2, 2, 3), (3,), {}, "from 0 to d_y - 1 = 2"),
        ((3, 2, 2, 3), (-1,), {}, "from 0 to"),
        ((3, 3), (0,), {}, "N = 1 layer"),
        ((4, 2, 3), (0,), {}, "widths"),
        ((3, 2, 2, 3), (0,), {"size": (4,)}, "rng is None"),
        ((3, 2, 2, 3), (0,), {"spread": 0.5}, "spread"),
        ((3, 2, 2, 3), (0,), {"kind": "strict"}, "kind is 'strict'.*Kind.STRICT_SADDLE"),
        ((3, 2, 2, 3), (0,), {"strength": 0.0}, "strength is 0"),
    ],
)
def test_impossible_requests_say_why(rng, widths, modes, options, message):
    problem = random_problem(rng, 3, 3)
    with pytest.raises(ValueError, match=message):
        critical_point(problem, widths, modes, **options)


@pytest.mark.parametrize("modes", [(0.7,), "01", (0, "1"), 3, (None,)])
def test_modes_are_integers(rng, modes):
    with pytest.raises(TypeError, match="modes is"):
        critical_point(random_problem(rng, 3, 3), (3, 2, 3), modes)


def test_modes_may_be_integers_of_numpy(rng):
    problem = random_problem(rng, 3, 3)
    expected = critical_point(problem, (3, 2, 3), (0, 2))
    for modes in (np.array([2, 0]), [np.int8(0), np.int64(2)]):
        for a, b in zip(critical_point(problem, (3, 2, 3), modes), expected, strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_size_that_does_not_broadcast_is_named(rng):
    problem = Problem(rng.standard_normal((5, 3, 8)), rng.standard_normal((5, 2, 8)))
    with pytest.raises(ValueError, match=r"size is \(4,\).*leading axes \(5,\)"):
        critical_point(problem, (3, 2, 2), (0,), rng=rng, size=(4,))
    assert critical_point(problem, (3, 2, 2), (0,), rng=rng, size=(4, 5))[0].shape == (4, 5, 2, 3)


def test_the_strength_is_the_size_of_the_open_middle(rng):
    """The smallest eigenvalue, −2 strength^{N−2} times the largest singular value left out."""
    problem = random_problem(rng, 4, 3)
    for depth, widths in ((3, (4, 3, 3, 3)), (4, (4, 3, 3, 3, 3))):
        for strength in (0.25, 1.0):
            weights = critical_point(
                problem, widths, (0,), kind=Kind.STRICT_SADDLE, strength=strength
            )
            for w in weights[1:-1]:
                np.testing.assert_array_equal(w[1:, 1:], strength * np.eye(2))
            u = problem.eigenvectors[:, 1:]
            left_out = np.linalg.norm(u.T @ problem.cov_yx, 2)
            lowest = np.linalg.eigvalsh(reference.hessian(weights, problem.X, problem.Y))[0]
            expected = -2 * strength ** (depth - 2) * left_out
            np.testing.assert_allclose(lowest, expected, rtol=1e-6)
    default = critical_point(problem, (4, 3, 3, 3), (0,), kind=Kind.STRICT_SADDLE)[1][1, 1]
    size = np.linalg.norm(problem.X, 2)
    assert default == pytest.approx((problem.eigenvalues[0] ** 0.5 / size) ** (1 / 3))
    # Of an ensemble the strongest mode of all: targets 8 times as large, layers twice.
    both = Problem(np.stack([problem.X] * 2), np.stack([problem.Y, 8 * problem.Y]))
    middles = critical_point(both, (4, 3, 3, 3), (0,), kind=Kind.STRICT_SADDLE)[1]
    np.testing.assert_allclose(middles[:, 1, 1], 2 * default)


@pytest.mark.parametrize(
    ("X", "Y", "message"),
    [
        (np.eye(2), np.zeros((2, 2)), "Σ_YX is zero"),
        (np.eye(2), np.eye(3)[:, :2] + 0, "d_y = 3 > d_x = 2"),
        (np.ones((2, 5)), np.arange(10.0).reshape(2, 5), "X has not full row rank"),
        (np.eye(3), np.diag([1.0, 0.0, 2.0]), "full rank d_y = 3"),
        (np.eye(3), np.diag([2.0, 2.0, 1.0]), "eigenvalues of Σ coincide"),
    ],
)
def test_problems_outside_the_assumptions_are_refused(X, Y, message):
    problem = Problem(X, Y)
    widths = (problem.d_x, 2, problem.d_y)
    with pytest.raises(ValueError, match=message):
        critical_point(problem, widths, (0,))


def test_one_layer_has_its_minimizer(rng):
    problem = random_problem(rng, 4, 3)
    (w,) = critical_point(problem, (4, 3), (0, 1, 2))
    np.testing.assert_allclose(w, problem.least_squares, atol=1e-10)
    (w,) = critical_point(problem, (4, 3), (0, 1, 2), rng=rng)
    np.testing.assert_allclose(w, problem.least_squares, atol=1e-10)
    assert bottleneck((4, 3)) == 3


def test_an_eigenvalue_of_the_size_of_the_resolution_counts_as_zero():
    problem = Problem(np.eye(2), np.diag([2.0, 1.0]))
    require_second_order_assumptions(problem, np.nextafter(0.25, 0.0))
    with pytest.raises(ValueError, match="full rank d_y = 2"):
        require_second_order_assumptions(problem, 0.25)
