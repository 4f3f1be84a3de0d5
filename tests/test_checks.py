"""Argument checks by themselves: one bad entry among good ones, and the values at the edges."""

import numpy as np
import pytest

from lnn import _checks as checks

NUMBERS = {
    "finite": (checks.finite, [-2.0, 0.0, 3.0], [np.inf, -np.inf, np.nan]),
    "non_negative": (checks.non_negative, [0.0, 1e-300, 3.0], [np.inf, np.nan, -1e-300]),
    "positive": (checks.positive, [1e-300, 1.0, 3.0], [np.inf, np.nan, 0.0, -1.0]),
}


@pytest.mark.parametrize(("check", "good", "bad"), NUMBERS.values(), ids=NUMBERS)
def test_one_bad_entry_is_enough(check, good, bad):
    np.testing.assert_array_equal(check(good, "x"), good)
    for value in bad:
        for k in range(3):
            with pytest.raises(ValueError, match=r"^x is"):
                check([*good[:k], value, *good[k + 1 :]], "x")


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_a_bad_entry_of_a_matrix_is_named_by_its_place(value):
    matrix = np.ones((2, 3, 4))
    matrix[1, 0, 2] = matrix[1, 2, 3] = value
    with pytest.raises(ValueError, match=rf"X holds {value} at index \(1, 0, 2\)"):
        checks.finite_matrix(matrix, "X")
    good = np.ones((2, 2))
    checks.finite_weights((good, good), "why")
    for weights in ((good, matrix), (matrix, good)):
        with pytest.raises(ValueError, match=r"non-finite entries: why"):
            checks.finite_weights(weights, "why")


@pytest.mark.parametrize("value", [0.0, 1.0, -0.5, 1.5, np.nan, [0.5]])
def test_between_0_and_1_is_exclusive_and_one_number(value):
    assert checks.between_0_and_1(0.25, "x") == 0.25
    with pytest.raises(ValueError, match=r"^x is"):
        checks.between_0_and_1(value, "x")


def test_whole_numbers_start_where_they_are_told_to():
    for value in (3, 3.0, np.int8(3), np.float32(3)):
        assert checks.whole(value, "n", least=3) == 3
    assert checks.whole(0, "n") == 0
    for value, least in ((2, 3), (2.0, 3), (-1, 0), (2.5, 0), (np.inf, 0), (np.nan, 0)):
        with pytest.raises(ValueError, match=f"whole number of at least {least}"):
            checks.whole(value, "n", least=least)
    assert checks.valid_widths((1, 1)) == (1, 1)
    for widths in ((1,), (), (1, 0), (2, 0.5)):
        with pytest.raises(ValueError, match="at least two positive integers"):
            checks.valid_widths(widths)
    assert checks.leading_axes([0, 2]) == (0, 2)
    with pytest.raises(ValueError, match=r"size\[1\] is -1"):
        checks.leading_axes((3, -1))


def test_matrices_and_networks_of_too_few_axes_are_named():
    with pytest.raises(ValueError, match=r"X has shape \(3,\)"):
        checks.finite_matrix(np.ones(3), "X")
    assert checks.finite_matrix(np.ones((1, 1)), "X").shape == (1, 1)
    square = np.ones((2, 2))
    with pytest.raises(ValueError, match=r"weights\[1\] \(W_2\) has shape \(2,\): .*d_2, d_1"):
        checks.chain((square, np.ones(2)))
    with pytest.raises(ValueError, match=r"W_2 has shape \(2, 2\) and W_3 has shape \(2, 3\)"):
        checks.chain((square, square, np.ones((2, 3))))
    assert checks.chain((np.ones((3, 2)), np.ones((5, 4, 3))))[1] == (2, 3, 4)
    with pytest.raises(ValueError, match=r"weights\[0\] \(3,\), weights\[1\] \(2,\)"):
        checks.chain((np.ones((3, 2, 2)), np.ones((2, 2, 2))))


def test_full_row_rank_is_judged_by_the_last_of_so_many_singular_values():
    values = np.array([[3.0, 2.0, 1e-17], [3.0, 1.0, 0.5]])
    np.testing.assert_array_equal(checks.full_row_rank(values, 2, "X"), [2.0, 1.0])
    with pytest.raises(ValueError, match="smallest singular value is 1e-17 against a largest of 3"):
        checks.full_row_rank(values, 3, "X")
    with pytest.raises(ValueError, match="X has 4 rows but rank at most 3"):
        checks.full_row_rank(values, 4, "X")
    cutoff = 3 * np.finfo(float).eps  # rows, times ε, times the largest
    checks.full_row_rank(np.array([1.0, 1.0, 1.01 * cutoff]), 3, "X")
    for least in (cutoff, 0.99 * cutoff):
        with pytest.raises(ValueError, match="not full row rank"):
            checks.full_row_rank(np.array([1.0, 1.0, least]), 3, "X")


def test_what_is_no_number_is_shown_and_an_array_of_it_by_its_type():
    with pytest.raises(TypeError, match=r"^x is 'two': expected real numbers"):
        checks.real("two", "x")
    with pytest.raises(TypeError, match=r"^x is an array of complex128: expected real numbers"):
        checks.real([1.0, 2j], "x")
