"""Stacks of matrices: products written out, axes that broadcast, signs."""

import numpy as np
import pytest

from lnn._arrays import chain_product, kronecker, one_axis, signs


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_the_kronecker_product_of_stacks_is_that_of_their_members(rng):
    left, right = rng.standard_normal((2, 1, 2, 3)), rng.standard_normal((5, 4, 2))
    result = kronecker(left, right)
    assert result.shape == (2, 5, 8, 6)
    for i, j in np.ndindex(2, 5):
        np.testing.assert_allclose(result[i, j], np.kron(left[i, 0], right[j]))


def test_one_axis_holds_the_members_in_c_order(rng):
    array = rng.standard_normal((3, 1, 4, 5))
    result = one_axis(array, (2, 3, 2), 2)
    assert result.shape == (12, 4, 5)
    for k, (_, j, _) in enumerate(np.ndindex(2, 3, 2)):
        np.testing.assert_array_equal(result[k], array[j, 0])
    np.testing.assert_array_equal(one_axis(np.array([1.0, 2.0]), (3, 2), 0), [1, 2] * 3)


def test_an_empty_product_is_the_identity(rng):
    first, second = rng.standard_normal((2, 3)), rng.standard_normal((4, 2))
    np.testing.assert_array_equal(chain_product([], 3), np.eye(3))
    np.testing.assert_array_equal(chain_product([first], 3), first)
    np.testing.assert_allclose(chain_product([first, second], 3), second @ first)


def test_the_sign_of_a_column_is_that_of_its_largest_entry(rng):
    columns = rng.standard_normal((6, 4, 3))
    found = signs(columns)
    for i, j in np.ndindex(6, 3):
        column = columns[i, :, j]
        assert found[i, j] == np.sign(column[np.abs(column).argmax()])
    np.testing.assert_array_equal(signs(np.zeros((2, 1))), [1.0])  # 1 and not 0 or -1
