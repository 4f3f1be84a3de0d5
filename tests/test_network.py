"""Products, partial products and the order of parameters."""

from itertools import pairwise

import numpy as np
import pytest
from cases import WIDTHS, random_network
from hypothesis import given
from hypothesis import strategies as st

import lnn


@pytest.mark.parametrize("widths", WIDTHS.values(), ids=WIDTHS.keys())
def test_every_layer_stands_between_its_partial_products(widths):
    weights = random_network(np.random.default_rng(1), widths, size=(2,))
    whole = lnn.product(weights)
    assert whole.shape == (2, widths[-1], widths[0])
    for i in range(2):
        by_hand = np.linalg.multi_dot([np.eye(widths[-1])] + [w[i] for w in weights[::-1]])
        np.testing.assert_allclose(whole[i], by_hand, rtol=1e-12, atol=1e-12)
    for p, w, q in zip(
        lnn.network.left_products(weights),
        weights,
        lnn.network.right_products(weights),
        strict=True,
    ):
        np.testing.assert_allclose(p @ w @ q, whole, rtol=1e-12, atol=1e-12)


def test_the_first_layer_is_applied_first():
    first, second = np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]])
    np.testing.assert_array_equal(lnn.product((first, second)), second @ first)


@given(st.lists(st.integers(1, 4), min_size=2, max_size=6), st.integers(0, 2**32 - 1))
def test_unflatten_inverts_flatten(widths, seed):
    weights = random_network(np.random.default_rng(seed), widths, size=(2,))
    vector = lnn.network.flatten(weights)
    assert vector.shape == (2, sum(a * b for a, b in pairwise(widths)))
    for a, b in zip(lnn.network.unflatten(vector, widths), weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_parameters_are_ordered_by_layer_then_in_c_order():
    w1, w2 = np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([[4.0, 5.0]])
    np.testing.assert_array_equal(lnn.network.flatten((w1, w2)), np.arange(6.0))


def test_bottleneck_is_the_smallest_width():
    assert lnn.network.bottleneck((5, 2, 3)) == 2
    assert lnn.network.widths_of((np.ones((2, 5)), np.ones((3, 2)))) == (5, 2, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lnn.product((np.ones((2, 3)), np.ones((2, 3)))), r"W_2 W_1 needs"),
        (lambda: lnn.product(()), "non-empty tuple"),
        (lambda: lnn.product(np.ones((2, 2, 2))), "non-empty tuple"),
        (lambda: lnn.product((np.ones(3),)), "at least two axes"),
        (lambda: lnn.network.unflatten(np.ones(5), (2, 2)), "have 4 parameters"),
        (lambda: lnn.network.bottleneck((3,)), "at least two positive integers"),
        (lambda: lnn.network.bottleneck((3, 0)), "at least two positive integers"),
        (lambda: lnn.network.bottleneck((3, 2.5)), "at least two positive integers"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
