"""Saddles on the ring: kind, index, order and escape, from strings, are those of the Hessian."""

import itertools

import numpy as np
import pytest
from scipy.optimize import minimize

import lnn
from lnn.book.labs.ring import TARGETS, Ring
from lnn.network import flatten, unflatten

NAMES = {
    "GLOBAL_MINIMIZER": "global minimizer",
    "STRICT_SADDLE": "strict saddle",
    "NON_STRICT_SADDLE": "non-strict saddle",
}


def tables(layers, most):
    """Yield states of the gates: all, or so many at random."""
    rows = ["".join(bits) for bits in itertools.product("01", repeat=layers)]
    everything = list(itertools.product(rows, repeat=3))
    rng = np.random.default_rng(layers)
    if len(everything) > most:
        chosen = rng.choice(len(everything), most, replace=False)
        everything = [everything[0], everything[-1], *(everything[i] for i in chosen)]
    for table in everything:
        yield Ring.placed(layers=layers, gates="/".join(table))


@pytest.mark.parametrize(("layers", "most"), [(2, 64), (3, 150), (4, 200), (5, 200)])
def test_kind_and_index_are_those_of_lnn(call, layers, most):
    seen = set()
    for lab in tables(layers, most):
        point = call("ringPoint", lab.table(), TARGETS)
        weights, problem = lab.weights(), lab.problem()
        flat = call("ringWeights", lab.table(), TARGETS)
        assert np.concatenate(flat) == pytest.approx(flatten(weights), abs=1e-15)
        critical = np.abs(flatten(lnn.gradient(weights, problem))).max() < 1e-12
        assert critical == (point["kind"] != "not critical"), lab.gates
        seen.add(point["kind"])
        if not critical:
            continue
        spectrum = np.linalg.eigvalsh(lnn.hessian(weights, problem))
        assert point["index"] == (spectrum < -1e-9).sum(), lab.gates
        assert point["kind"] == NAMES[lnn.classify(weights, problem).kind.name], lab.gates
    assert seen >= {"not critical", "strict saddle", "global minimizer"}
    assert ("non-strict saddle" in seen) == (layers > 2)


@pytest.mark.parametrize("layers", [2, 3, 4, 5])
def test_the_escape_falls_in_the_order_that_is_said(call, layers):
    orders = set()
    for lab in tables(layers, 400):
        point = call("ringPoint", lab.table(), TARGETS)
        escape = call("ringEscape", lab.table(), TARGETS)
        if point["order"] is None:
            assert escape == []
            continue
        assert sum(value**2 for *_, value in escape) == pytest.approx(1)
        sizes = [0.01, 0.02]
        falls = call("ringFall", lab.table(), TARGETS, escape, sizes)
        assert max(falls) < 0
        # The differences of losses near 5 lose digits beyond the third order at this size.
        if point["order"] < 5:
            slope = np.log(falls[1] / falls[0]) / np.log(2)
            assert slope == pytest.approx(point["order"], abs=0.15), lab.gates
        orders.add(point["order"])
    assert orders >= set(range(2, layers + 1))


@pytest.mark.parametrize(
    ("gates", "order"),
    [
        ("000/000/000", 3),
        ("111/000/000", 3),
        ("0000/0000/0000", 4),
        ("1111/0100/0000", 3),
        ("1111/0100/0010", 3),
    ],
)
def test_no_direction_falls_faster(call, gates, order):
    lab = Ring.placed(layers=len(gates.split("/")[0]), gates=gates)
    assert call("ringPoint", lab.table(), TARGETS)["order"] == order
    problem, start = lab.problem(), flatten(lab.weights())
    widths = (3,) * (lab.layers + 1)
    base = float(lnn.loss(lab.weights(), problem))

    def fall(v, t):
        moved = unflatten(start + t * v / np.linalg.norm(v), widths)
        return (float(lnn.loss(moved, problem)) - base) / t**order

    rng = np.random.default_rng(0)
    best = []
    for t in (0.05, 0.1):
        tries = (
            minimize(fall, rng.standard_normal(start.size), (t,), options={"maxiter": 200}).fun
            for _ in range(3)
        )
        best.append(min(tries))
    assert max(best) < 0
    # The fall in units of t^order settles: a faster order would double the ratio or more.
    assert best[0] / best[1] == pytest.approx(1, abs=0.45)


def test_gates_that_are_no_gates_are_refused():
    with pytest.raises(ValueError, match="gates is '11/2/0': give a text"):
        Ring.placed(gates="11/2/0")


def test_a_full_chain_stays_full_where_a_layer_is_added():
    lab = Ring.placed(layers=4, gates="111/010/000")
    assert lab.table()[0] == [True] * 4
    assert lab.table()[1] == [False, True, False, False]
