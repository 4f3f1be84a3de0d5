"""Classification of critical points, against Hessians that share no formula with it."""

from dataclasses import replace

import numpy as np
import pytest
import reference
from cases import random_network, random_problem

from lnn import (
    Kind,
    Problem,
    classify,
    critical_point,
    descend,
    factorize,
    gaussian,
    hessian,
    saddle_problem,
)
from lnn.book.chapters.saddles.census import census, complex_step_hessian
from lnn.descent import Stop
from lnn.landscape.classification import _falling_step, _verdict
from lnn.landscape.evidence import gather
from lnn.landscape.kinds import possible_kinds
from lnn.network import flatten


@pytest.fixture
def rng():
    return np.random.default_rng(4)


def kron_hessian(weights, X, Y):
    """Second derivatives entry by entry of the polynomial, from np.kron and Jacobians.

    vec(W) changes to first order by J dw, so L'' = 2 Jᵀ (Σ_XX ⊗ I) J plus, for each pair of
    layers, the second-order change of W against the residual.
    """
    depth = len(weights)

    def chained(factors, size):
        result = np.eye(size)
        for w in factors:
            result = w @ result
        return result

    # Column-major vec: vec(P V Q) = (Qᵀ ⊗ P) vec(V).
    blocks, orders = [], []
    for j, w in enumerate(weights):
        p = chained(weights[j + 1 :], w.shape[0])
        q = chained(weights[:j], X.shape[0])
        blocks.append(np.kron(q.T, p))
        orders.append(np.arange(w.size).reshape(w.shape, order="F").ravel(order="C"))
    blocks = [b[:, order] for b, order in zip(blocks, orders, strict=True)]
    jacobian = np.hstack(blocks)
    total = chained(weights, X.shape[0])
    result = 2 * jacobian.T @ np.kron(X @ X.T, np.eye(Y.shape[0])) @ jacobian
    residual = (total @ X - Y) @ X.T
    starts = np.cumsum([0, *(w.size for w in weights)])
    for i in range(depth):
        for j in range(i):
            for a in range(weights[i].size):
                for b in range(weights[j].size):
                    moved = [w.copy() for w in weights]
                    moved[i] = np.zeros_like(weights[i])
                    moved[i].flat[a] = 1
                    moved[j] = np.zeros_like(weights[j])
                    moved[j].flat[b] = 1
                    change = 2 * np.sum(residual * chained(moved, X.shape[0]))
                    result[starts[i] + a, starts[j] + b] += change
                    result[starts[j] + b, starts[i] + a] += change
    return result


def test_three_independent_hessians_agree(rng):
    problem = random_problem(rng, 3, 2)
    weights = random_network(rng, (3, 2, 4, 2))
    expected = kron_hessian(weights, problem.X, problem.Y)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(hessian(weights, problem), expected, atol=1e-12 * scale)
    np.testing.assert_allclose(complex_step_hessian(weights, problem), expected, atol=1e-12 * scale)


CASES = [
    ((3, 2, 2), 2), ((2, 3, 2), 2), ((3, 2, 3, 2), 3), ((4, 3, 2, 3), 3), ((3, 3, 2, 3, 2), 4),
    ((3, 2, 3, 2, 3, 2), 5), ((2, 3, 3, 2, 2, 1), 5),
]  # fmt: skip


@pytest.mark.parametrize(("widths", "depth"), CASES)
def test_classification_agrees_with_the_kronecker_hessian(rng, widths, depth):
    assert len(widths) == depth + 1
    problem = random_problem(rng, widths[0], widths[-1])
    d_y = widths[-1]
    for code in range(2**d_y):
        modes = tuple(k for k in range(d_y) if code >> k & 1)
        if len(modes) > min(widths):
            continue
        for kind in possible_kinds(modes, widths):
            for member in (None, rng):
                weights = critical_point(problem, widths, modes, kind=kind, rng=member)
                found = classify(weights, problem)
                eigenvalues = np.linalg.eigvalsh(kron_hessian(weights, problem.X, problem.Y))
                scale = max(np.abs(eigenvalues).max(), np.linalg.norm(problem.cov_yx))
                assert found.kind is kind, found.reason
                assert found.modes == modes
                assert found.rank == len(modes)
                assert (eigenvalues[0] < -1e-7 * scale) == (kind is Kind.STRICT_SADDLE)
                np.testing.assert_allclose(
                    found.smallest_eigenvalue, eigenvalues[0], atol=1e-11 * scale
                )


@pytest.mark.parametrize("generic", [True, False])
def test_kind_modes_index_and_nullity_of_thousands_of_points(generic):
    """Against the complex-step Hessian, which is formed from X and Y."""
    result = census(5000, np.random.default_rng(7), generic=generic)
    assert result.points >= 5000
    assert result.disagreements == ()
    for depth in (2, 3, 4, 5):
        for kind in (Kind.GLOBAL_MINIMIZER, Kind.STRICT_SADDLE, Kind.NON_STRICT_SADDLE):
            seen = result.counts.get((depth, kind), 0)
            assert (seen > 50) if (depth, kind) != (2, Kind.NON_STRICT_SADDLE) else seen == 0
    largest_zero, least_other = result.gap
    assert largest_zero < 1e-11
    assert least_other > 1e-9


def falls(weights, direction, problem, step):
    moved = [w + step * v for w, v in zip(weights, direction, strict=True)]
    start = reference.loss(weights, problem.X, problem.Y)
    return reference.loss(moved, problem.X, problem.Y) < start


@pytest.mark.parametrize("modes", [(0, 2), (1,), (2,), (0,), ()])
def test_the_escape_has_unit_norm_negative_curvature_and_the_loss_falls(rng, modes):
    problem = random_problem(rng, 4, 3)
    for widths in ((4, 3, 3), (4, 3, 4, 3), (4, 3, 4, 4, 3)):
        weights = critical_point(problem, widths, modes, kind=Kind.STRICT_SADDLE, rng=rng)
        found = classify(weights, problem)
        v = flatten(found.escape)
        np.testing.assert_allclose(np.linalg.norm(v), 1)
        full = kron_hessian(weights, problem.X, problem.Y)
        np.testing.assert_allclose(v @ full @ v, found.escape_curvature, rtol=1e-8)
        assert found.escape_curvature < 0
        assert found.smallest_eigenvalue <= found.escape_curvature * (1 - 1e-9)
        assert falls(weights, found.escape, problem, found.escape_step)
        # The loss falls as ½ t² vᵀ∇²L v says.
        t = 1e-3
        drop = reference.loss(weights, problem.X, problem.Y) - reference.loss(
            [w + t * e for w, e in zip(weights, found.escape, strict=True)], problem.X, problem.Y
        )
        np.testing.assert_allclose(drop, -(t**2) * found.escape_curvature / 2, rtol=0.1)


def test_the_curvature_of_the_rotation_is_twice_the_gap_of_the_eigenvalues(rng):
    """Along V_N = u_j u_iᵀ W_N, V_1 = W_1 Σ_XY u_i u_jᵀ T / λ_i, not normalized."""
    problem = random_problem(rng, 4, 3)
    weights = critical_point(problem, (4, 3, 4, 3), (0, 2), rng=rng)
    u, values = problem.eigenvectors, problem.eigenvalues
    i, j = 2, 1
    last = np.outer(u[:, j], u[:, i]) @ weights[2]
    first = weights[0] @ np.outer(problem.cov_yx.T @ u[:, i], u[:, j] @ problem.least_squares)
    v = flatten((first / values[i], 0 * weights[1], last))
    curvature = v @ kron_hessian(weights, problem.X, problem.Y) @ v
    np.testing.assert_allclose(curvature, 2 * (values[i] - values[j]), rtol=1e-8)
    # The escape of classify is at least as steep as this one, normalized.
    assert classify(weights, problem).escape_curvature <= curvature / (v @ v) + 1e-9


def test_pivots_of_three_layers_at_zero(rng):
    """W = 0 is tightened; a non-zero middle layer opens the pivot (3, 1)."""
    problem = random_problem(rng, 3, 2)
    zeros = (np.zeros((2, 3)), np.zeros((3, 2)), np.zeros((2, 3)))
    flat = classify(zeros, problem)
    assert flat.kind is Kind.NON_STRICT_SADDLE
    assert flat.tightened is True
    assert flat.escape is None
    assert np.isnan(flat.escape_curvature)
    assert flat.pivots[3, 1].inner_rank == 0
    assert (flat.pivots[2, 1].inner_rank, flat.pivots[2, 1].outer_rank) == (2, 0)
    middle = np.zeros((3, 2))
    middle[1, 0] = 2.0
    sharp = classify((zeros[0], middle, zeros[2]), problem)
    assert sharp.kind is Kind.STRICT_SADDLE
    assert sharp.tightened is False
    assert [pair for pair, p in sharp.pivots.items() if not p.tightened] == [(3, 1)]
    assert sharp.pivots[3, 1].outer_rank == 2
    # Add rank through the middle: −4 σ κ at weights α βᵀ, γ δᵀ of norm 1/√2 each, κ = ‖Σ_YX‖.
    expected = -2 * 2.0 * np.linalg.norm(problem.cov_yx, 2)
    np.testing.assert_allclose(sharp.escape_curvature, expected, rtol=1e-10)
    np.testing.assert_allclose(sharp.smallest_eigenvalue, expected, rtol=1e-10)


def test_the_outer_block_is_one_product_through_the_data():
    """W_4 and W_1 of rank one whose product through Σ_XY vanishes: the Hessian is zero.

    The ranks of W_4 and W_1 taken separately would call this point strict.
    """
    problem = Problem(np.eye(2), np.diag([3.0, 1.0]))
    zero, e = np.zeros((2, 2)), np.eye(2)
    crossed = (np.outer(e[0], e[1]), zero, zero, np.outer(e[0], e[0]))
    found = classify(crossed, problem)
    assert found.kind is Kind.NON_STRICT_SADDLE
    assert np.abs(kron_hessian(crossed, problem.X, problem.Y)).max() == 0
    # It is no minimizer: the loss falls at third order, where W_2 and W_3 join a third layer.
    direction = (np.outer(e[0], e[0]), np.outer(e[0], e[0]), np.outer(e[0], e[0]), zero)
    assert falls(crossed, direction, problem, 0.1)
    aligned = (np.outer(e[0], e[0]), zero, zero, np.outer(e[0], e[0]))
    assert classify(aligned, problem).kind is Kind.STRICT_SADDLE


def test_a_point_that_is_not_critical(rng):
    problem = random_problem(rng, 3, 2)
    found = classify(random_network(rng, (3, 2, 2)), problem)
    assert found.kind is Kind.NOT_CRITICAL
    assert (found.modes, found.rank, found.tightened, found.escape) == (None, None, None, None)
    assert found.pivots == {}
    assert found.relative_gradient > found.tolerance
    assert "above the tolerance" in found.reason


@pytest.mark.parametrize("distance", [1e-12, 1e-9, 1e-7])
def test_near_critical_weights_count_as_the_point_beside_them(rng, distance):
    problem = random_problem(rng, 4, 3)
    widths = (4, 3, 4, 3)
    for modes in [(0, 1, 2), (0, 2), (0, 1), (0,), ()]:
        for kind in possible_kinds(modes, widths):
            weights = critical_point(problem, widths, modes, kind=kind)
            noise = gaussian(widths, rng, std=distance)
            found = classify([w + e for w, e in zip(weights, noise, strict=True)], problem)
            assert (found.kind, found.modes) == (kind, modes), found.reason
            assert 0 < found.relative_gradient < found.tolerance
            left = float(
                problem.eigenvalues[[k for k in range(3) if k not in modes]].max(initial=0)
            )
            ratio = (left / float(problem.eigenvalues[0])) ** 0.5 or 1.0
            assert found.rank_tolerance == pytest.approx(
                8 * (max(found.relative_gradient, np.finfo(float).eps) / ratio) ** 0.5, rel=1e-3
            )
            said = "near such a point, not at it" in found.reason
            assert said == (found.relative_gradient > 1e-12)


@pytest.mark.parametrize("widths", [(4, 3, 3, 3), (4, 3, 3, 3, 3), (3, 3, 3, 3, 3, 3)])
@pytest.mark.parametrize("distance", [1e-8, 1e-6])
def test_noise_in_deep_flat_places_is_not_taken_for_open_layers(rng, widths, distance):
    """Beside W = 0 the gradient is of order ε^(N−1): far smaller than the noise in the layers."""
    problem = random_problem(rng, widths[0], 3)
    for rank, drawn in ((0, {"rng": rng, "size": (6,)}), (1, {"rng": rng, "size": (6,)}), (0, {})):
        weights = critical_point(problem, widths, range(rank), kind=Kind.NON_STRICT_SADDLE, **drawn)
        noise = gaussian(widths, rng, std=distance, size=(6,))
        found = classify([w + e for w, e in zip(weights, noise, strict=True)], problem)
        assert (found.kind == Kind.NON_STRICT_SADDLE).all(), found.reason
        for pivots in found.pivots:
            assert all(rank in (p.inner_rank, p.outer_rank) for p in pivots.values())


@pytest.mark.parametrize("widths", [(3, 2), (4, 3, 2), (3, 4, 2, 3)], ids=str)
@pytest.mark.parametrize("scale", [1e-3, 0.05, 1.0, 30.0])
def test_the_relative_gradient_is_what_the_record_says(rng, widths, scale):
    """max_j of the slopes, over 2 ‖M‖ ∏ n_k, on whitened inputs and without lnn's derivatives."""
    problem = random_problem(rng, widths[0], widths[-1])
    members = random_network(rng, widths, size=(5,))
    weights = tuple(scale * w for w in members)
    found = classify(weights, problem)
    root = np.linalg.cholesky(problem.cov_xx)  # another root than the package's
    target = problem.cov_yx @ np.linalg.inv(root).T
    size, depth = np.linalg.norm(target, 2), len(widths) - 1
    for k in range(5):
        white = [weights[0][k] @ root, *(w[k] for w in weights[1:])]
        slopes = reference.gradient(white, np.eye(widths[0]), target)
        norms = np.array([np.linalg.norm(w, 2) for w in white])
        passed = white[0]
        for w in white[1:]:
            passed = w @ passed
        if np.linalg.norm(passed, 2) < size / 100:
            norms = np.maximum(norms, size ** (1 / depth))
        shares = [
            np.linalg.norm(slope) * n / (2 * size * np.prod(norms))
            for slope, n in zip(slopes, norms, strict=True)
        ]
        np.testing.assert_allclose(found.relative_gradient[k], max(shares), rtol=1e-9)
    np.testing.assert_allclose(found.curvature_tolerance, 8 * np.sqrt(found.relative_gradient))


@pytest.mark.parametrize(("multiple", "rank"), [(9.6, 1), (10.4, 2)])
def test_modes_below_ten_times_the_relative_gradient_are_not_seen(multiple, rank):
    # The first mode is off by δ, which is the relative gradient; the second is there.
    off = 1e-6
    weak = multiple * off
    problem = Problem(np.eye(2), np.diag([1.0, weak]))
    layer = np.diag([1 + off, weak])[None] ** 0.5
    evidence = gather((layer, layer), problem.reshape(1))
    np.testing.assert_allclose(evidence.relative_gradient, off, rtol=1e-6)
    assert evidence.rank == rank


@pytest.mark.parametrize(("multiple", "refused"), [(9.6, False), (10.0, False), (10.4, True)])
def test_a_product_may_be_off_by_ten_times_the_noise(rng, multiple, refused):
    problem, widths = random_problem(rng, 3, 2), (3, 2, 2)
    weights = critical_point(problem, widths, (0, 1))
    evidence = gather(tuple(w[None] for w in weights), problem.reshape(1))
    doctored = replace(evidence, mismatch=multiple * evidence.noise)
    verdict = _verdict(widths, doctored, 0, 1e-5)
    assert (verdict.kind is Kind.NOT_CRITICAL) == refused


@pytest.mark.parametrize(
    ("last", "said"), [(1.0, "2 leading modes are all that fit"), (0.0, "1 leading modes are all")]
)
def test_a_minimizer_has_all_modes_that_fit_or_all_there_are(last, said):
    problem = Problem(np.eye(3), np.diag([2.0, last, last / 2]))
    found = classify(factorize(np.diag([2.0, last, 0.0]), (3, 2, 3)), problem)
    assert found.kind is Kind.GLOBAL_MINIMIZER
    assert f"the {said}" in found.reason
    assert ("all there are" in found.reason) == (last == 0)


def test_beside_targets_that_are_zero_a_gradient_is_relative_to_one():
    found = classify((np.array([[0.5]]),), Problem([[1.0]], [[0.0]]))
    assert found.relative_gradient == pytest.approx(0.5)


def test_one_layer_has_no_saddle_though_it_lacks_a_mode_too_weak_to_be_seen():
    found = classify((np.diag([1.0, 0.0]),), Problem(np.eye(2), np.diag([1.0, 1e-7])))
    assert (found.kind, found.order) == (Kind.GLOBAL_MINIMIZER, None)
    assert (found.index, found.nullity) == (0, 0)  # of the Hessian 2 Σ_XX ⊗ 1


def test_of_two_paths_whose_product_is_noise_the_smaller_counts_as_closed():
    # Four scalar layers 0, 0.05, 0, 1e-6: exact, so that paths below 8 √ε ≈ 1.2e-7 are closed.
    weights = tuple(np.array([[w]]) for w in (0.0, 0.05, 0.0, 1e-6))
    found = classify(weights, Problem([[1.0]], [[1.0]]))
    assert found.dropped == pytest.approx(1e-6)
    assert (found.kind, found.order) == (Kind.NON_STRICT_SADDLE, 3)  # 4 if all were closed


@pytest.mark.parametrize(("second", "small"), [(0.072, True), (0.08, False), (0.088, False)])
def test_a_product_below_a_hundredth_of_M_has_layers_as_large_as_M_s(second, small):
    # M = diag(1, 1/2), layers 1/8 and 0.08 times the identity: at a hundredth, n_k are their sizes.
    target, eye = np.diag([1.0, 0.5]), np.eye(2)
    found = classify((0.125 * eye, second * eye), Problem(eye, target))
    misfit = np.linalg.norm(target - 0.125 * second * eye)
    expected = 0.125 * misfit if small else misfit
    assert found.relative_gradient == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("distance", "said"), [(0.7e-12, "at such a point"), (1.4e-12, "near such")]
)
def test_a_gradient_that_counts_as_rounding_is_at_the_point(distance, said):
    weights = (np.array([[1.0]]), np.array([[1.0 + distance]]))
    assert said in classify(weights, Problem([[1.0]], [[1.0]])).reason


def test_the_smallest_step_tried_is_two_to_the_minus_ninety_nine():
    for power in (0, 1, 98, 99, 100):  # −a t + t² < 0 for t < a
        slope = np.array([-1.5 * 2.0**-power, 1.0])
        expected = 2.0**-power if power < 100 else np.nan
        np.testing.assert_equal(_falling_step(slope), expected)
    np.testing.assert_equal(_falling_step(np.array([0.0, 0.0])), np.nan)


def test_the_escape_step_is_the_largest_halving_that_lowers_the_loss(rng):
    problem = random_problem(rng, 4, 3)
    taken = set()
    for widths in ((4, 3, 3), (4, 3, 4, 3), (4, 3, 3, 3, 3)):
        for _ in range(6):
            weights = critical_point(
                problem, widths, (0,), kind=Kind.STRICT_SADDLE, rng=rng, spread=4.0
            )
            found = classify(weights, problem)
            step = 1.0
            while not falls(weights, found.escape, problem, step):
                step /= 2
            assert found.escape_step == step
            taken.add(step)
    assert len(taken) > 2


def test_the_tolerance_decides_what_counts_as_critical(rng):
    problem = random_problem(rng, 3, 2)
    weights = critical_point(problem, (3, 2, 2), (0, 1))
    near = [w + e for w, e in zip(weights, gaussian((3, 2, 2), rng, std=1e-4), strict=True)]
    relative = classify(near, problem).relative_gradient
    assert classify(near, problem, tolerance=2 * relative).kind is Kind.GLOBAL_MINIMIZER
    assert classify(near, problem, tolerance=relative / 2).kind is Kind.NOT_CRITICAL


def test_where_runs_end_is_classified(rng):
    """A run to a gradient of 1e-6, and one stopped on the plateau beside a flat saddle."""
    problem = saddle_problem(rng, samples=50)
    widths, eta = (5, 4, 4, 5), 2e-4
    start = gaussian(widths, rng, std=0.5)
    run = descend(start, problem, eta, 20_000, tolerance=1e-6, record_every=50)
    assert run.stop is Stop.CONVERGED
    assert classify(run.weights, problem).kind is Kind.GLOBAL_MINIMIZER
    saddle = critical_point(problem, widths, (0, 1))
    noise = gaussian(widths, rng, std=1e-4)
    start = [w + e for w, e in zip(saddle, noise, strict=True)]
    stuck = descend(start, problem, eta, 2000, record_every=100)
    found = classify(stuck.weights, problem)
    assert (found.kind, found.modes) == (Kind.NON_STRICT_SADDLE, (0, 1))


def test_a_small_gradient_far_from_every_critical_product_is_no_critical_point():
    """Two huge blocks that nothing passes make every gradient small in comparison."""
    problem = Problem(np.eye(1), np.eye(1))
    huge, first = np.diag([1.0, 1e8]), np.array([[0.6], [0.0]])
    weights = (first, huge, np.diag([1.0, 0.0]), huge, np.array([[1.0, 0.0]]))
    found = classify(weights, problem)
    assert found.relative_gradient < found.tolerance
    assert found.kind is Kind.NOT_CRITICAL
    assert "the product is 0.4 away from every critical one" in found.reason


def test_the_escape_goes_downhill_where_the_gradient_has_not_vanished(rng):
    problem = random_problem(rng, 4, 3)
    weights = critical_point(problem, (4, 3, 4, 3), (1,), rng=rng)
    direction = classify(weights, problem).escape
    for t in (1e-7, -1e-7):
        near = [w + t * v for w, v in zip(weights, direction, strict=True)]
        found = classify(near, problem)
        slopes = reference.gradient(near, problem.X, problem.Y)
        assert sum(np.sum(g * v) for g, v in zip(slopes, found.escape, strict=True)) < 0


def evidence_of_one_mode(column, row):
    """Of the layers rowᵀ M and column, for M = diag(2, 1) and inputs that are the identity."""
    target = np.diag([2.0, 1.0])
    weights = ((row @ target)[None, None, :], column[None, :, None])
    return gather(weights, Problem(np.eye(2), target).reshape(1))


def test_the_image_is_that_of_the_symmetric_part():
    # W Mᵀ Σ⁻¹ = (1, 0)ᵀ (1, ε), whose symmetric part has its axes at the angle θ, tan 2θ = ε.
    off = 1e-3
    found = evidence_of_one_mode(np.array([1.0, 0.0]), np.array([1.0, off]))
    c, s = np.cos(np.arctan(off) / 2), np.sin(np.arctan(off) / 2)
    np.testing.assert_allclose(found.projector[0], [[c * c, c * s], [c * s, s * s]], atol=1e-12)


def test_an_image_that_mixes_modes_mismatches_by_its_commutator():
    c, s = np.cos(1e-3), np.sin(1e-3)
    found = evidence_of_one_mode(np.array([c, s]), np.array([c, s]))
    np.testing.assert_allclose(found.projector[0], [[c * c, c * s], [c * s, s * s]], atol=1e-12)
    np.testing.assert_allclose(found.mismatch, c * s * (4 - 1) / 4, rtol=1e-9)


def test_curvature_is_relative_to_the_targets_where_the_hessian_is_small():
    # Layers 0, 1/2, 0: with n_k = 1 the Hessian has ± 2 · 1/2, of 2 ‖M‖ = 2.
    weights = tuple(np.array([[[w]]]) for w in (0.0, 0.5, 0.0))
    found = gather(weights, Problem([[1.0]], [[1.0]]).reshape(1))
    np.testing.assert_allclose(found.curvature, -0.5, rtol=1e-12)
    # Layers 0, 4, 0: with n_k = 1, 4, 1 it has ± 2 / 4, of 2 ‖M‖ / 4.
    weights = tuple(np.array([[[w]]]) for w in (0.0, 4.0, 0.0))
    found = gather(weights, Problem([[1.0]], [[1.0]]).reshape(1))
    np.testing.assert_allclose(found.curvature, -1.0, rtol=1e-12)


def test_what_nodes_hold_besides_the_signal_is_a_projection_at_any_weights(rng):
    # Beside a global minimizer, not at it, where the signal has the rank of the product.
    widths, problem = (4, 3, 5, 3), random_problem(rng, 4, 3)
    noise = rng.standard_normal((3, 4))
    target = problem.least_squares
    beside = target + 1e-3 * np.linalg.norm(target) / np.linalg.norm(noise) * noise
    weights = tuple(w[None] for w in factorize(beside, widths))
    evidence = gather(weights, problem.reshape(1))
    assert evidence.rank == 3
    for width, node in zip(widths, evidence.nodes, strict=True):
        np.testing.assert_allclose(node @ node, node, atol=1e-9)
        assert width - np.trace(node[0]) == pytest.approx(3)


def test_without_a_signal_the_ring_is_closed_by_what_the_product_misses(rng):
    problem = random_problem(rng, 4, 3)
    weights = tuple(w[None] for w in factorize(0.1 * problem.least_squares, (4, 3, 3)))
    evidence = gather(weights, problem.reshape(1))
    assert evidence.rank == 0
    np.testing.assert_allclose(evidence.closing[0], 0.9 * problem.fitted.T, rtol=1e-9)
    np.testing.assert_allclose(evidence.residue, 0.9, rtol=1e-9)


def test_a_hessian_that_contradicts_the_ranks_withdraws_the_verdict(rng):
    problem = random_problem(rng, 3, 2)
    widths = (3, 2, 3, 2)
    for modes, change, why in [
        ((0, 1), -1.0, "too far from such a point"),
        ((0,), -1.0, "too far from such a point"),
        ((1,), 1.0, "no negative eigenvalue"),
    ]:
        weights = critical_point(problem, widths, modes)
        evidence = gather(tuple(w[None] for w in weights), problem.reshape(1))
        assert _verdict(widths, evidence, 0, 1e-5).kind is not Kind.NOT_CRITICAL
        doctored = replace(evidence, curvature=evidence.curvature + change)
        verdict = _verdict(widths, doctored, 0, 1e-5)
        assert verdict.kind is Kind.NOT_CRITICAL
        assert (verdict.index, verdict.nullity, verdict.order) == (None, None, None)
        assert why in verdict.reason
    # Of a strict saddle a negative eigenvalue is asked for that is no rounding.
    for curvature, kind in (
        (-1.3e-14, Kind.STRICT_SADDLE),
        (-1e-14, Kind.STRICT_SADDLE),
        (-0.7e-14, Kind.NOT_CRITICAL),
    ):
        doctored = replace(evidence, curvature=np.array([curvature]))
        assert _verdict(widths, doctored, 0, 1e-5).kind is kind


def test_what_equals_a_bound_is_within_it(rng):
    problem, widths = random_problem(rng, 3, 2), (3, 2, 2)
    weights = critical_point(problem, widths, (0, 1))
    evidence = gather(tuple(w[None] for w in weights), problem.reshape(1))
    noise = float(evidence.noise[0])
    for curvature, kind in (
        (-noise, Kind.GLOBAL_MINIMIZER),
        (np.nextafter(-noise, -1.0), Kind.NOT_CRITICAL),
    ):
        doctored = replace(evidence, curvature=np.array([curvature]))
        assert _verdict(widths, doctored, 0, 1e-5).kind is kind
    for gradient, said in ((1e-12, "at such a point"), (np.nextafter(1e-12, 1.0), "not at it")):
        doctored = replace(evidence, relative_gradient=np.array([gradient]))
        assert said in _verdict(widths, doctored, 0, 1e-5).reason
        assert _verdict(widths, doctored, 0, gradient).kind is Kind.GLOBAL_MINIMIZER
        assert _verdict(widths, doctored, 0, gradient / 2).kind is Kind.NOT_CRITICAL


def test_verdicts_do_not_depend_on_units(rng):
    """Scaling X, Y or passing to equivalent layers changes no verdict."""
    problem = random_problem(rng, 4, 3)
    widths = (4, 3, 4, 3)
    for kind in (Kind.STRICT_SADDLE, Kind.NON_STRICT_SADDLE):
        for x_unit, y_unit in ((1e-3, 1.0), (1.0, 1e4), (1e3, 1e3)):
            scaled = Problem(x_unit * problem.X, y_unit * problem.Y)
            found = classify(critical_point(scaled, widths, (0,), kind=kind, rng=rng), scaled)
            assert found.kind is kind


def test_an_ensemble_is_its_members(rng):
    problem = random_problem(rng, 4, 3)
    members = [
        critical_point(problem, (4, 3, 4, 3), modes, kind=kind, rng=rng)
        for modes, kind in [
            ((0,), Kind.STRICT_SADDLE),
            ((0,), Kind.NON_STRICT_SADDLE),
            ((0, 1, 2), Kind.GLOBAL_MINIMIZER),
        ]
    ]
    members.append(random_network(rng, (4, 3, 4, 3)))
    stacked = [np.stack(layer) for layer in zip(*members, strict=True)]
    found = classify(stacked, problem)
    singles = [classify(m, problem) for m in members]
    assert found.kind.tolist() == [int(s.kind) for s in singles]
    assert found.rank.tolist() == [1, 1, 3, -1]
    assert list(found.modes) == [s.modes for s in singles]
    for name in ("index", "nullity", "order"):
        expected = [-1 if getattr(s, name) is None else getattr(s, name) for s in singles]
        assert getattr(found, name).tolist() == expected
    assert found.reason.tolist() == [s.reason for s in singles]
    np.testing.assert_allclose(
        found.smallest_eigenvalue, [s.smallest_eigenvalue for s in singles], atol=1e-9
    )
    for j, layer in enumerate(found.escape):
        np.testing.assert_allclose(layer[0], singles[0].escape[j], atol=1e-9)
        assert not layer[1:].any()


def test_an_ensemble_of_problems(rng):
    problem = Problem(rng.standard_normal((3, 2, 8)), rng.standard_normal((3, 2, 8)))
    weights = critical_point(problem, (2, 2, 2, 2), (1,), rng=rng)
    found = classify(weights, problem)
    assert (found.kind == Kind.STRICT_SADDLE).all()
    for k in range(3):
        single = classify([w[k] for w in weights], problem[k])
        np.testing.assert_allclose(single.escape_curvature, found.escape_curvature[k], rtol=1e-6)


def test_bad_input_is_refused(rng):
    problem = random_problem(rng, 3, 2)
    weights = random_network(rng, (3, 2, 2))
    with pytest.raises(ValueError, match="non-finite"):
        classify((weights[0] * np.nan, weights[1]), problem)
    with pytest.raises(ValueError, match="tolerance"):
        classify(weights, problem, tolerance=0.0)
    with pytest.raises(ValueError, match="d_0 = 3 and d_N = 2"):
        classify(random_network(rng, (2, 2, 2)), problem)
