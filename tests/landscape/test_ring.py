"""Strings on the ring: ranks, pairs, gaps, and the order in which the loss falls."""

import itertools

import numpy as np
import pytest

from lnn import Kind, Problem, classify, critical_point
from lnn.book.chapters.saddles.census import complex_step_hessian, sample
from lnn.landscape.flatness import way_out
from lnn.landscape.ring import (
    data_pairs,
    fewest_gaps,
    flatness_order,
    loose_pairs,
    path_singular_values,
    pivot_paths,
)
from lnn.landscape.strings import bases_beside_data, canonical_strings, random_strings
from lnn.network import flatten, unflatten


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def draw(rng, count=300):
    for _ in range(count):
        depth = int(rng.integers(2, 7))
        nodes = rng.integers(1, 5, depth + 1)
        yield depth, random_strings(nodes, int(rng.integers(0, min(nodes[0], nodes[-1]) + 1)), rng)


def arcs(strings):
    """Every string as its list of nodes, numbered on without end across the data."""
    count = len(strings.nodes)
    reached = {
        ((a + 1) % count, t) for a, arrow in enumerate(strings.arrows) for t in arrow.values()
    }
    found = []
    for a in range(count):
        for v in range(strings.nodes[a]):
            if (a, v) not in reached:
                arc, node, vector = [a], a, v
                while vector in strings.arrows[node]:
                    vector = strings.arrows[node][vector]
                    node = (node + 1) % count
                    arc.append(node)
                found.append(arc)
    return found


def test_strings_pass_every_vector_once_and_no_string_is_as_long_as_the_ring(rng):
    lengths = set()
    for depth, strings in draw(rng):
        found = arcs(strings)
        assert sum(len(arc) for arc in found) == sum(strings.nodes)
        assert strings.arcs() == [(arc[0], len(arc)) for arc in found]
        assert max(len(arc) for arc in found) <= depth
        lengths |= {(depth, len(arc)) for arc in found}
    assert {(d, n) for d in range(2, 7) for n in range(1, d + 1)} <= lengths


def test_strings_are_drawn_sparse_or_dense_or_as_long_as_can_be(rng):
    # Of two arrows in a row only one may stand, and each is drawn with probability 0.2, 0.6 or 1.
    empty = [not any(random_strings((1, 1, 1), 0, rng).arrows) for _ in range(4000)]
    assert np.mean(empty) == pytest.approx((0.8**2 + 0.4**2 + 0) / 3, abs=0.03)


def test_ranks_of_strings_are_ranks_of_their_matrices(rng):
    for depth, strings in draw(rng, 60):
        layers = [strings.matrix(h) for h in range(1, depth + 1)]
        closing = np.zeros((strings.nodes[0], strings.nodes[-1]))
        for source, target in strings.arrows[-1].items():
            closing[target, source] = 1.0
        ranks = strings.ranks()
        assert (ranks[:, depth] == 0).all()
        for (start, length), values in path_singular_values(layers, closing):
            path = [*layers, closing]
            product = np.eye(strings.nodes[start])
            for step in range(length):
                product = path[(start + step) % (depth + 1)] @ product
            assert ranks[start, length] == np.linalg.matrix_rank(product) == np.sum(values > 0.5)


def test_pairs_are_pairs_of_strings_that_cover_the_ring(rng):
    """p and p' counted string by string: each takes over where the other has ended.

    A string that the data forget, at node N, has ended before layer N as well: then the gap is
    that layer if the other string passes node N, and the data if not.
    """
    seen = set()
    for depth, strings in draw(rng):
        found = arcs(strings)
        layers = data = 0
        for pair in itertools.combinations(found, 2):
            gaps = []
            for one, other in (pair, pair[::-1]):
                if one[-1] == depth and depth in other:
                    gaps.append(depth)
                elif (one[-1] + 1) % (depth + 1) in other:
                    gaps.append((one[-1] + 1) % (depth + 1))
            if len(set(gaps)) == 2:
                layers += 0 not in gaps
                data += 0 in gaps
        assert loose_pairs(strings.ranks()) == layers
        assert data_pairs(strings.ranks()) == data
        seen |= {(layers > 0, data > 0)}
    assert len(seen) == 4


@pytest.mark.parametrize("count", [loose_pairs, data_pairs])
def test_pairs_of_an_ensemble_are_those_of_its_members(rng, count):
    members = [random_strings((3, 2, 2, 3), 2, rng).ranks() for _ in range(12)]
    together = count(np.reshape(members, (2, 2, 3, 4, 4)))
    np.testing.assert_array_equal(together.ravel(), [count(ranks) for ranks in members])
    assert len(set(together.ravel())) > 1


def test_two_gaps_suffice_exactly_where_a_pivot_is_loose(rng):
    counts = set()
    for depth, strings in draw(rng):
        ranks = strings.ranks()
        if (ranks[:, 0] == 0).any() or ranks[depth, 1] == 0:
            continue
        loose = [p for p, (a, b) in pivot_paths(depth).items() if ranks[a] and ranks[b]]
        gaps = fewest_gaps(ranks)
        assert (loose_pairs(ranks) > 0) == bool(loose) == (len(gaps) == 2)
        # Brute force: the fewest layers whose removal leaves open paths.
        for size in range(1, depth + 1):
            covers = [
                chosen
                for chosen in itertools.combinations(range(1, depth + 1), size)
                if all(
                    ranks[a, (b - 1 - a) % (depth + 1)]
                    for a, b in zip(chosen, (*chosen[1:], chosen[0]), strict=True)
                )
            ]
            if covers:
                break
        assert gaps in covers
        counts.add(len(gaps))
    assert counts >= {2, 3, 4, 5}


def test_the_ring_of_the_transposed_network_is_the_ring_backwards(rng):
    orders = set()
    for depth, strings in draw(rng):
        ranks = strings.ranks()
        a, n = np.indices(ranks.shape)
        backwards = ranks[(depth - a - n) % (depth + 1), n]
        assert loose_pairs(backwards) == loose_pairs(ranks)
        assert data_pairs(backwards) == data_pairs(ranks)
        if (ranks[:, 0] > 0).all() and ranks[depth, 1] > 0:
            assert len(fewest_gaps(backwards)) == len(fewest_gaps(ranks))
            assert flatness_order(backwards) == flatness_order(ranks)
            injective = ranks[depth, 1] == min(ranks[0, 0], ranks[depth, 0])
            orders.add((flatness_order(ranks), bool(injective)))
    assert orders >= {(2, True), (3, True), (4, True), (3, False), (4, False)}


def test_the_bases_beside_the_data_turn_them_into_arrows(rng):
    for shape, rank in (((3, 2), 2), ((2, 4), 1), ((3, 3), 0), ((2, 2), 2)):
        data = rng.standard_normal((5, shape[0], rank)) @ rng.standard_normal((5, rank, shape[1]))
        first, last = bases_beside_data(data, rank, rng, 2.0)
        arrows = np.linalg.inv(first) @ data @ last
        arrows /= np.abs(arrows).max(axis=(-2, -1), keepdims=True) if rank else 1.0
        expected = np.zeros(shape)
        expected[:rank, :rank] = np.eye(rank)
        np.testing.assert_allclose(arrows, np.broadcast_to(expected, arrows.shape), atol=1e-10)
        assert np.linalg.cond(last).max() < 1e4


def coefficients(weights, direction, problem):
    """Those of t ↦ L(w + t v) − L(w), by interpolation of the loss on the samples."""
    count = 2 * len(weights)
    t = np.cos(np.pi * (np.arange(count) + 0.5) / count) * 1.5  # never 0
    values = []
    for step in t:
        w = problem.X
        for layer, v in zip(weights, direction, strict=True):
            w = (layer + step * v) @ w
        values.append(np.sum((problem.Y - w) ** 2))
    start = problem.X
    for layer in weights:
        start = layer @ start
    base = np.sum((problem.Y - start) ** 2)
    return np.linalg.solve(t[:, None] ** np.arange(1, count + 1), np.array(values) - base)


def flat_points(rng, generic, count):
    found = 0
    while found < count:
        drawn = sample(int(rng.integers(3, 6)), rng, generic=generic, count=1)
        if drawn.kind is Kind.NON_STRICT_SADDLE:
            found += 1
            yield drawn.problem, drawn.widths, tuple(w[0] for w in drawn.weights)


def test_the_loss_falls_along_the_way_out_with_the_order_of_flatness(rng):
    orders = set()
    for problem, _, weights in flat_points(rng, True, 80):
        order = classify(weights, problem).order
        along = coefficients(weights, way_out(weights, problem), problem)
        along /= np.abs(along).max()
        assert np.abs(along[: order - 1]).max() < 1e-9
        assert along[order - 1] < -1e-7
        orders.add(order)
    assert orders >= {3, 4}


def test_the_exponent_of_the_fall_is_the_order(rng):
    problem = Problem(rng.standard_normal((3, 9)), rng.standard_normal((3, 9)))
    for depth in (3, 4, 5):
        weights = critical_point(problem, (3,) * (depth + 1), (0,))
        assert classify(weights, problem).order == depth
        if depth == 4:  # one open layer in the middle: one gap less
            weights[1][1, 1] = 1.0
            assert classify(weights, problem).order == 3
        v, order = way_out(weights, problem), classify(weights, problem).order
        t = np.geomspace(3e-3, 3e-2, 8)
        falls = []
        for step in t:
            falls.append(-_rise(weights, v, problem, step))
        slope = np.polyfit(np.log(t), np.log(falls), 1)[0]
        assert slope == pytest.approx(order, abs=0.1)


def _rise(weights, direction, problem, step):
    powers = step ** np.arange(1, 2 * len(weights) + 1)
    return float(coefficients(weights, direction, problem) @ powers)


@pytest.mark.parametrize("generic", [True, False])
def test_the_order_is_three_exactly_where_a_flat_direction_has_a_cubic_term(rng, generic):
    """On the kernel of a semidefinite Hessian the loss is of third order, or it is flatter."""
    orders = set()
    for problem, widths, weights in flat_points(rng, generic, 120):
        values, vectors = np.linalg.eigh(complex_step_hessian(weights, problem))
        kernel = vectors[:, np.abs(values) < 1e-9 * max(1.0, np.abs(values).max())]
        cubic = 0.0
        for _ in range(4):
            v = kernel @ rng.standard_normal(kernel.shape[1])
            direction = unflatten(v / np.linalg.norm(v), widths)
            along = coefficients(weights, direction, problem)
            cubic = max(cubic, abs(along[2]) / np.linalg.norm(problem.cov_yx))
        found = classify(weights, problem)
        assert (found.order == 3) == (cubic > 1e-8), (found.order, cubic)
        orders.add(found.order)
    assert orders >= {3, 4}


def test_data_that_are_neither_injective_nor_surjective_can_cost_an_order():
    """M = diag(1, 0), three layers of width one: the fall is t⁴ / 4, not t³."""
    problem = Problem(np.eye(2), np.diag([1.0, 0.0]))
    e = np.eye(2)
    weights = (e[1:].copy(), np.zeros((1, 1)), e[:, 1:].copy())
    found = classify(weights, problem)
    assert (found.kind, found.order) == (Kind.NON_STRICT_SADDLE, 4)
    with pytest.raises(ValueError, match="neither injective nor surjective"):
        way_out(weights, problem)
    # The curve: first and last layer turn to the mode by a t, the middle one opens by b t². The
    # loss changes by b² t⁴ − 2 a² b t⁴ + ..., least at b = a²; for unit speed 2 a² = 1: −t⁴ / 4.
    for t in (1e-1, 1e-2):
        a, b = 0.5**0.5, 0.5
        moved = (
            weights[0] + a * t * e[:1],
            np.full((1, 1), b * t**2),
            weights[2] + a * t * e[:, :1],
        )
        rise = np.sum((moved[2] @ moved[1] @ moved[0] - problem.Y) ** 2) - 1.0
        assert rise / t**4 == pytest.approx(-0.25, abs=0.3 * t)
    # Where the inputs do not reach the middle layer, or the outputs do not see it, nothing is lost.
    free = (np.zeros((1, 2)), np.zeros((1, 1)), e[:, 1:].copy())
    assert classify(free, problem).order == 3
    assert classify(tuple(w.T for w in reversed(free)), problem).order == 3
    ranks = canonical_strings((2, 1, 1, 2), 1, middle_open=False).ranks()
    assert flatness_order(ranks) == 3


def test_strict_saddles_come_arbitrarily_near_with_an_eigenvalue_of_order_m_minus_two(rng):
    """Fill all but two of the gaps by δ: strict, and λ_min ∝ δ^(m−2)."""
    problem = Problem(rng.standard_normal((3, 9)), rng.standard_normal((3, 9)))
    for depth in (3, 4, 5):
        weights = critical_point(problem, (3,) * (depth + 1), (0,))
        lowest = []
        for delta in (1e-1, 1e-2):
            near = [w.copy() for w in weights]
            for w in near[1:-1]:
                w[1, 1] = delta
            found = classify(near, problem)
            assert found.kind is Kind.STRICT_SADDLE
            lowest.append(found.smallest_eigenvalue)
        slope = np.log10(lowest[0] / lowest[1])
        assert slope == pytest.approx(depth - 2, abs=1e-6)


def test_a_way_out_needs_a_single_non_strict_saddle(rng):
    problem = Problem(np.eye(2), np.diag([3.0, 1.0]))
    with pytest.raises(ValueError, match="STRICT_SADDLE"):
        way_out(critical_point(problem, (2, 2, 2), ()), problem)
    with pytest.raises(ValueError, match="ensemble"):
        way_out(tuple(np.zeros((2, 2, 2)) for _ in range(3)), problem)
    assert np.linalg.norm(flatten(way_out([np.zeros((2, 2))] * 3, problem))) == pytest.approx(1)
