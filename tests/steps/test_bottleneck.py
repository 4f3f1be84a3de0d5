"""The flattest minimizer at a bottleneck: formulas by hand, searches that find nothing flatter,
convexity, the certificate, and what the closed form of the full-rank case loses there."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.optimize import minimize, minimize_scalar

from lnn import Problem, flattest_minimizer, hessian, least_sharpness, loss, product
from lnn.steps import bottleneck, certified_least_sharpness
from lnn.steps.bottleneck import _Form, _triangular, flattest_factorization
from tests.cases import curvature, random_minimizer

NARROW = [
    (3, 1, 3),
    (4, 2, 4),
    (5, 3, 4),
    (3, 1, 2, 3),
    (4, 2, 2, 4),
    (4, 2, 2, 2, 4),
    (5, 3, 3, 5),
]


def coloured(rng, d_x, d_y, spread):
    """Inputs with standard deviations over `spread` powers of ten, noiseless targets."""
    q, _ = np.linalg.qr(rng.standard_normal((d_x, d_x)))
    X = q @ np.diag(10 ** rng.uniform(-spread / 2, spread / 2, d_x))
    s = np.sort(10 ** rng.uniform(-1, 1, min(d_x, d_y)))[::-1]
    u, _ = np.linalg.qr(rng.standard_normal((d_y, len(s))))
    v, _ = np.linalg.qr(rng.standard_normal((d_x, len(s))))
    return Problem(X, (u * s) @ v.T)


def full_rank_formula(problem, widths):
    """2 N max_v |R v|^{2/N} |W* R v|^{2−2/N}, the least sharpness where nothing is lost."""
    n, u = len(widths) - 1, problem.eigenvectors[:, : min(widths)]
    first, second = problem.root_xx, u.T @ problem.least_squares @ problem.root_xx

    def dual(t):
        form = np.exp((n - 1) * t) * first.T @ first + (n - 1) * np.exp(-t) * second.T @ second
        return 2 * np.linalg.eigvalsh(form)[-1]

    return minimize_scalar(dual, bounds=(-20, 20), method="bounded", options={"xatol": 1e-12}).fun


def test_two_layers_and_one_mode_by_hand():
    # Loss (0.95 − 5 w_1 w_2)² + (1 − ...)²: Σ_YX = diag(4.75, 1), s_1 = 1, v = e_1.
    problem, widths = Problem(np.diag([5.0, 1.0]), np.diag([0.95, 1.0])), (2, 1, 2)
    assert least_sharpness(problem, widths) == pytest.approx(2 * (4.75 + 5), rel=1e-9)
    # All minimizers: W_2 = c e_2, W_1 = e_2ᵀ / c.
    e2 = np.array([[0.0, 1.0]])
    scan = min(curvature((e2 / c, c * e2.T), problem) for c in np.geomspace(0.1, 10, 20_001))
    assert least_sharpness(problem, widths) == pytest.approx(scan, rel=1e-6)
    assert full_rank_formula(problem, widths) < 0.53 * scan


@pytest.mark.parametrize("widths", [(2, 1, 2), (3, 1, 3), (4, 1, 2), (2, 1, 5)])
def test_two_layers_and_one_mode_in_general(widths):
    # 2 max_v (‖Σ_YX v‖ + s_1 ‖Rᵀ v‖) over unit vectors v, climbed from many starts.
    for seed in range(4):
        rng = np.random.default_rng(seed)
        problem = coloured(rng, widths[0], widths[2], 1.5)
        top = np.sqrt(problem.eigenvalues[0])

        def negative(v, problem=problem, top=top):
            v = v / np.linalg.norm(v)
            there = np.linalg.norm(problem.cov_yx @ v) + top * np.linalg.norm(problem.root_xx.T @ v)
            return -2 * there

        best = max(-minimize(negative, rng.standard_normal(widths[0])).fun for _ in range(10))
        assert least_sharpness(problem, widths) == pytest.approx(best, rel=1e-7)


def test_three_layers_and_one_mode_by_a_scan():
    # W_3 = a e_2, W_2 = b, W_1 = e_2ᵀ / (a b): two numbers are left.
    problem, widths = Problem(np.diag([10.0, 1.0]), np.diag([0.99, 1.0])), (2, 1, 1, 2)
    e2 = np.array([[0.0, 1.0]])

    def sharpness(logs):
        a, b = np.exp(logs)
        return curvature((e2 / (a * b), np.array([[b]]), a * e2.T), problem)

    search = [
        minimize(sharpness, x, method="Nelder-Mead", options={"xatol": 1e-10, "maxiter": 2000}).fun
        for x in ([0.0, 0.0], [0.5, -0.5], [-0.5, 0.5], [1.0, 1.0])
    ]
    least = least_sharpness(problem, widths)
    assert least == pytest.approx(min(search), rel=1e-5)
    assert least <= min(search) * (1 + 1e-7)
    assert least / full_rank_formula(problem, widths) == pytest.approx(1.18, abs=0.01)


@pytest.mark.parametrize("widths", NARROW)
def test_value_and_proof_agree_and_the_value_is_attained_by_a_global_minimizer(widths):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        problem = coloured(rng, widths[0], widths[-1], [0.5, 2.0][seed % 2])
        flat = certified_least_sharpness(problem, widths)
        assert flat.lower <= flat.value <= flat.lower * (1 + 5e-6)
        assert flat.value == pytest.approx(curvature(flat.weights, problem), rel=1e-8)
        floor, scale = problem.floor(min(widths)), np.trace(problem.cov_yy)
        assert loss(flat.weights, problem) == pytest.approx(floor, abs=1e-10 * scale)
        assert full_rank_formula(problem, widths) <= flat.value * (1 + 1e-9)


@pytest.mark.parametrize("widths", [(4, 2, 4), (4, 2, 2, 4), (3, 2, 4, 3), (3, 1, 2, 3)])
def test_a_search_over_all_factorizations_finds_nothing_flatter(widths):
    # Changes of basis and blocks beside the rank, from a random minimizer; no formula of ours.
    rng = np.random.default_rng(5)
    problem = coloured(rng, widths[0], widths[-1], 1.5)
    flat, inner = certified_least_sharpness(problem, widths), widths[1:-1]

    def search(weights, rounds):
        sizes = np.cumsum([d * d for d in inner])

        def moved(x):
            parts = [p.reshape(d, d) for p, d in zip(np.split(x, sizes[:-1]), inner, strict=True)]
            bases = [np.eye(widths[0]), *(np.eye(len(p)) + p for p in parts), np.eye(widths[-1])]
            return tuple(bases[j + 1] @ w @ np.linalg.inv(bases[j]) for j, w in enumerate(weights))

        for _ in range(rounds):
            x = minimize(
                lambda x: np.log(curvature(moved(x), problem)),
                np.zeros(sizes[-1]),
                method="Powell",
                options={"maxiter": 4},
            ).x
            weights = moved(x)
        return curvature(weights, problem)

    found = [search(random_minimizer(rng, problem, widths), 3), search(flat.weights, 1)]
    assert min(found) >= flat.lower
    assert min(found) >= flat.value * (1 - 1e-8)
    assert found[0] <= 1.3 * flat.value  # a search worth the name


def test_wider_inner_layers_never_help():
    rng = np.random.default_rng(8)
    for narrow, wide in [((4, 2, 2, 4), (4, 7, 2, 4)), ((3, 1, 1, 1, 3), (3, 2, 1, 5, 3))]:
        problem = coloured(rng, narrow[0], narrow[-1], 1.0)
        least = least_sharpness(problem, narrow)
        assert least_sharpness(problem, wide) == pytest.approx(least, rel=1e-12)
        attained = curvature(flattest_minimizer(problem, wide), problem)
        assert attained == pytest.approx(least, rel=1e-9)
        for _ in range(20):
            other = random_minimizer(rng, problem, wide)
            np.testing.assert_allclose(
                product(other), product(flattest_minimizer(problem, narrow)), atol=1e-8
            )
            assert curvature(other, problem) >= least * (1 - 1e-9)


def layers(problem, rank, factors):
    """W_N = U_r G_{N−1}, W_j = G_j⁻¹ G_{j−1}, W_1 = G_1⁻¹ U_rᵀ T."""
    u = problem.eigenvectors[:, :rank]
    inner = [np.linalg.solve(b, a) for a, b in pairwise(factors)]
    return (np.linalg.solve(factors[0], u.T @ problem.least_squares), *inner, u @ factors[-1])


@pytest.mark.parametrize("widths", [(3, 1, 3), (4, 2, 4), (4, 2, 2, 4), (4, 2, 2, 2, 3)])
def test_the_logarithm_of_the_sharpness_is_geodesically_convex(widths):
    rank, depth = min(widths), len(widths) - 1
    rng = np.random.default_rng(4)
    for _ in range(30):
        problem = coloured(rng, widths[0], widths[-1], 1.0)
        values, ends = [], []
        for _ in range(2):
            ends.append(
                np.exp(rng.standard_normal()) * rng.standard_normal((depth - 1, rank, rank))
            )
            values.append(np.log(curvature(layers(problem, rank, ends[-1]), problem)))
        middle = []
        for g, h in zip(*ends, strict=True):  # S # S' = G (G⁻¹ S' G⁻ᵀ)^{1/2} Gᵀ
            between = np.linalg.solve(g, np.linalg.solve(g, h @ h.T).T).T
            middle.append(np.linalg.cholesky(g @ np.real(sqrtm(between)) @ g.T))
        there = np.log(curvature(layers(problem, rank, middle), problem))
        assert there <= np.mean(values) + 1e-9


@pytest.mark.parametrize("widths", [(4, 2, 4), (4, 2, 2, 4), (3, 1, 1, 3)])
def test_the_certificate_holds_at_points_that_are_not_the_flattest(widths):
    # Any density gives a lower bound; a wrong sign or a lost factor would lift it over the least.
    rank, depth = min(widths), len(widths) - 1
    rng = np.random.default_rng(6)
    closest = []
    for _ in range(8):
        problem = coloured(rng, widths[0], widths[-1], 1.0)
        form = _Form.of(problem.least_squares, problem.root_xx, rank, depth)
        least = np.log(certified_least_sharpness(problem, widths).value / (2 * form.unit))
        for size in (1e-3, 1e-2, 0.1, 1.0):
            x = size * rng.standard_normal(form.unknowns)
            factors = np.tile(np.eye(rank), (depth - 1, 1, 1)) @ _triangular(x, rank)
            spectrum = form.spectrum(factors)
            for power in (1.0, 10.0, 1000.0):
                closest.append(form.certificate(factors, *spectrum, power) - least)
    assert max(closest) <= 1e-9
    assert max(closest) > -0.5


@pytest.mark.parametrize("widths", [(4, 2, 4), (4, 2, 2, 4), (3, 1, 1, 1, 3)])
def test_nothing_flatter_is_farther_than_the_certificate_allows_for(widths):
    rank, depth = min(widths), len(widths) - 1
    rng = np.random.default_rng(10)
    used = []
    for _ in range(10):
        problem = coloured(rng, widths[0], widths[-1], 0.5)
        form = _Form.of(problem.least_squares, problem.root_xx, rank, depth)
        spread = rng.uniform(0, 1.5, (40, 1))
        points = [_triangular(x, rank) for x in spread * rng.standard_normal((40, form.unknowns))]
        values = [form.spectrum(g)[0][-1] for g in points]
        for here, value in zip(points, values, strict=True):
            allowed = form._farthest(here, value)
            for there, other in zip(points, values, strict=True):
                if other < value:
                    stretch = np.linalg.solve(here, there)
                    logs = np.abs(2 * np.log(np.linalg.svd(stretch, compute_uv=False))).max(axis=-1)
                    assert (logs <= allowed + 1e-9).all()
                    used.append((logs / allowed).max())
    assert max(used) > 0.7


@pytest.mark.parametrize("widths", [(4, 2, 3), (4, 2, 2, 3)])
def test_the_gradient_is_that_of_the_smoothed_sharpness(widths):
    rank, depth = min(widths), len(widths) - 1
    rng = np.random.default_rng(7)
    problem = coloured(rng, widths[0], widths[-1], 1.0)
    form = _Form.of(problem.least_squares, problem.root_xx, rank, depth)
    base = rng.standard_normal((depth - 1, rank, rank))
    x, power, h = 0.3 * rng.standard_normal(form.unknowns), 20.0, 1e-6
    value, gradient = form.smooth(base, x, power)
    weights = form.weights(base @ _triangular(x, rank), problem.least_squares)
    np.testing.assert_allclose(
        product(weights), product(flattest_minimizer(problem, widths)), atol=1e-9
    )
    top = np.log(curvature(weights, problem) / (2 * form.unit))
    assert top <= value <= top + np.log(len(form.matrix)) / power
    for i, step in enumerate(h * np.eye(form.unknowns)):
        slope = (form.smooth(base, x + step, power)[0] - form.smooth(base, x - step, power)[0]) / 2
        assert slope / h == pytest.approx(gradient[i], abs=1e-7)


@pytest.mark.parametrize("widths", [(3, 1, 3), (4, 2, 4), (5, 3, 4)])
def test_with_two_layers_every_density_is_a_lower_bound_and_the_best_is_tight(widths):
    # 2 (f + √(f² + c)) of the book's fold on two layers of any rank, written out apart.
    r, rng = widths[1], np.random.default_rng(11)
    problem = coloured(rng, widths[0], widths[2], 1.0)
    values, vectors = np.linalg.eigh(problem.cov_xx)
    root = (vectors * np.sqrt(values)) @ vectors.T
    u, s, vt = np.linalg.svd(problem.least_squares @ root)
    d, kept, rest = np.diag(s[:r]), vt[:r].T, u[:, r:].T @ problem.cov_yx
    identity, gram = np.eye(widths[0]), rest.T @ rest

    def dual(density):
        blocks = density.reshape(r, widths[0], r, widths[0])
        first, omega = np.einsum("aibi->ab", blocks), np.einsum("aiaj,a->ij", blocks, s[:r] ** 2)
        remains = np.einsum("aibj,ji->ab", blocks, gram)
        psi = kept.T @ root @ omega @ root @ kept + remains
        f = np.linalg.svd(np.real(sqrtm(psi) @ sqrtm(first)), compute_uv=False).sum()
        c = np.trace(omega @ root @ (identity - kept @ kept.T) @ root) - np.trace(remains)
        return 2 * (f + np.sqrt(f**2 + c)) if f**2 + c >= 0 else 0.0

    flat = certified_least_sharpness(problem, widths)
    for _ in range(100):
        g = rng.standard_normal((r * widths[0], rng.integers(1, 4)))
        assert dual(g @ g.T / np.sum(g**2)) <= flat.value * (1 + 1e-9)
    # The best density: first layers of the steepest directions, in the coordinates of the proof.
    eigenvalues, directions = np.linalg.eigh(hessian(flat.weights, problem))
    w1, w2 = flat.weights
    factor = u[:, :r].T @ w2
    best = 0.0
    for power in 10.0 ** np.arange(1, 7):
        p = np.maximum(eigenvalues / eigenvalues[-1], 0) ** power
        first = directions[: w1.size].T.reshape(-1, *w1.shape)
        moved = (np.linalg.inv(d) @ factor @ first).reshape(len(p), -1)
        density = moved.T @ (p[:, None] * moved)
        best = max(best, dual(density / np.trace(density)))
    assert flat.value * (1 - 1e-3) < best <= flat.value * (1 + 1e-9)


def test_symmetries():
    # Units of X and Y, rotations of inputs and outputs, the order of samples; with depth 3.
    rng = np.random.default_rng(9)
    widths = (4, 2, 2, 3)
    X = rng.standard_normal((4, 4)) @ rng.standard_normal((4, 9))
    Y = rng.standard_normal((3, 4)) @ X + rng.standard_normal((3, 9))
    least = least_sharpness(Problem(X, Y), widths)
    q, _ = np.linalg.qr(rng.standard_normal((4, 4)))
    p, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    order = rng.permutation(9)
    turned = least_sharpness(Problem(q @ X[:, order], p @ Y[:, order]), widths)
    assert turned == pytest.approx(least, rel=1e-7)
    # λ = 2 κ² (…), κ² = ‖X‖^{2/N} s_1^{2−2/N}
    scaled = least_sharpness(Problem(1e3 * X, 1e-4 * Y), widths)
    assert scaled == pytest.approx(least * 1e3 ** (2 / 3) * 1e-4 ** (4 / 3), rel=1e-7)


def test_at_a_tie_it_is_a_lower_bound_and_says_so():
    # T R has the singular values 2, 1, 1: every rank-2 map that holds 2 and a mix of 1, 1 is best.
    rng = np.random.default_rng(3)
    problem = coloured(rng, 3, 3, 1.0)
    u, _, vt = np.linalg.svd(problem.least_squares @ problem.root_xx)
    target = (u * [2.0, 1.0, 1.0]) @ vt @ np.linalg.inv(problem.root_xx)
    problem = Problem(problem.root_xx, target @ problem.root_xx)
    flat = certified_least_sharpness(problem, (3, 2, 3))
    assert flat.tied
    assert least_sharpness(problem, (3, 2, 3)) == flat.lower < flat.value
    assert flat.value == pytest.approx(curvature(flat.weights, problem), rel=1e-9)
    s, v = np.array([2.0, 1.0]), np.linalg.inv(problem.root_xx)
    for angle in np.linspace(0, np.pi, 50):  # every choice of the best map, its flattest factors
        turn = np.array([0, np.cos(angle), np.sin(angle)])
        kept = np.stack([np.eye(3)[0], turn])
        chosen = (u @ kept.T * s) @ (kept @ vt) @ v
        a, c, b = np.linalg.svd(chosen @ problem.root_xx)
        for t in np.linspace(-2, 2, 9):
            layer = np.exp(t) * a[:, :2]
            weights = (np.exp(-t) * (c[:2, None] * b[:2]) @ v, layer)
            assert loss(weights, problem) == pytest.approx(1.0, rel=1e-9)
            assert curvature(weights, problem) >= flat.lower * (1 - 1e-9)


@pytest.mark.parametrize(("size", "value"), [(1.5e-13, 3.0), (1e-13, 2.0), (0.7e-13, 2.0)])
def test_inputs_that_are_rounding_carry_no_mode(size, value):
    # Modes of sizes 0.5 on e_1 and 1 on the weak input e_2. Where e_2 counts, the second is kept
    # and 2 max_v (‖Σ_YX v‖ + s_1 ‖Rᵀ v‖) = 2 (0.5 + 1); else the first, with 2 (0.5 + 0.5).
    flat = flattest_factorization(np.diag([0.5, 1 / size]), np.diag([1.0, size]), 1, 2)
    assert flat.value == pytest.approx(value, rel=1e-6)


def test_the_best_of_all_stages_is_kept(monkeypatch):
    # A stage that makes the trace small instead of the largest eigenvalue comes out worse.
    problem, widths = coloured(np.random.default_rng(2), 4, 4, 1.5), (4, 2, 4)
    monkeypatch.setattr(bottleneck, "_GAP", -np.inf)  # go on to the last stage
    found = []
    for powers in ([2048.0], [1.0], [2048.0, 1.0]):
        monkeypatch.setattr(bottleneck, "_POWERS", powers)
        flat = certified_least_sharpness(problem, widths)
        found.append(float(flat.value))
        assert curvature(flat.weights, problem) == pytest.approx(found[-1], rel=1e-8)
    high, low, both = found
    assert low > 1.001 * high
    assert both == high
