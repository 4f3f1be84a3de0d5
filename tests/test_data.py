"""Checking assumptions on one's own data, and mending them; the digits that ship with the book."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

import lnn
from lnn.book import digits
from lnn.book.chapters.your_data import studies as your_data


def _data(rng, d_x=4, d_y=2, m=30):
    X = rng.standard_normal((d_x, d_x)) @ rng.standard_normal((d_x, m))
    return X, rng.standard_normal((d_y, d_x)) @ X + rng.standard_normal((d_y, m))


def _failed(X, Y):
    return [check.assumption for check in lnn.data.check_assumptions(X, Y).checks if not check.met]


def test_good_data_pass_and_the_library_agrees():
    X, Y = _data(np.random.default_rng(0))
    found = lnn.data.check_assumptions(X, Y)
    assert found.met
    assert "NO" not in str(found)
    lnn.critical_point(lnn.Problem(X, Y), (4, 2, 2), modes=(0,))  # raises outside the assumptions


def test_each_failure_is_named_with_its_remedy():
    rng = np.random.default_rng(1)
    X, Y = _data(rng)
    assert _failed(X, np.vstack([Y, Y[:1] + Y[1:]])) == ["Σ_YX has full rank"]
    assert _failed(np.vstack([X, 2 * X[:1]]), Y) == ["X has full row rank"]
    assert _failed(np.eye(3), np.eye(3)) == ["distinct eigenvalues of Σ"]
    assert _failed(X[:1], Y) == ["d_y <= d_x <= m", "Σ_YX has full rank"]
    assert "d_y <= d_x <= m" in _failed(X[:, :3], Y[:, :3])
    text = str(lnn.data.check_assumptions(np.vstack([X, 2 * X[:1]]), Y))
    assert "rank 4 of 5" in text
    assert "principal_components(X, 4)" in text


def test_ensembles_are_refused():
    X, Y = _data(np.random.default_rng(2))
    with pytest.raises(ValueError, match="one problem a time"):
        lnn.data.check_assumptions(np.stack([X, X]), Y)


def test_components_whiten_project_and_apply():
    X, _ = _data(np.random.default_rng(3))
    parts = lnn.data.principal_components(X, 3)
    np.testing.assert_allclose(parts.scores @ parts.scores.T, np.eye(3), atol=1e-12)
    # Eckart–Young: no rank-3 matrix is closer to X.
    s = np.linalg.svd(X, compute_uv=False)
    error = np.linalg.norm(X - parts.basis @ parts.scores) ** 2
    assert np.isclose(error, s[3] ** 2)
    assert np.isclose(parts.explained, 1 - s[3] ** 2 / np.sum(s**2))
    np.testing.assert_allclose(parts.apply(X), parts.scores, atol=1e-10)


def test_components_have_the_signs_of_scikit_learn():
    # Imported here: scikit-learn takes seconds.
    from sklearn.decomposition import PCA

    X = np.random.default_rng(5).standard_normal((4, 30))
    X -= X.mean(axis=1, keepdims=True)
    parts, theirs = lnn.data.principal_components(X, 4), PCA(4).fit(X.T)
    np.testing.assert_allclose(
        parts.basis / np.linalg.norm(parts.basis, axis=0), theirs.components_.T, rtol=1e-9
    )
    mirrored = lnn.data.principal_components(-X, 4)
    np.testing.assert_allclose(mirrored.basis, parts.basis, rtol=1e-9)
    np.testing.assert_allclose(mirrored.scores, -parts.scores, rtol=1e-9)


def test_all_components_leave_the_plateaus_as_they_are():
    X, Y = _data(np.random.default_rng(4))
    whole = lnn.data.principal_components(X, 4)
    np.testing.assert_allclose(
        lnn.Problem(whole.scores, Y).eigenvalues, lnn.Problem(X, Y).eigenvalues, rtol=1e-9
    )


@pytest.mark.parametrize("count", [0, 3])
def test_impossible_counts_are_refused(count):
    X = np.outer([1.0, 2, 3], [1.0, 0, 2]) + np.outer([0, 1.0, 0], [0, 1.0, 0])
    with pytest.raises(ValueError, match="rank 2, so give 1 to 2"):
        lnn.data.principal_components(X, count)


def test_the_digits_are_those_of_scikit_learn():
    # Imported here: scikit-learn takes seconds, and only this test needs it.
    from sklearn import datasets

    images, labels = digits.digits()
    original = datasets.load_digits()
    np.testing.assert_array_equal(images.T * 16, original.data)
    np.testing.assert_array_equal(labels, original.target)
    copy = Path(digits.__file__).parent / "digits.csv.gz"
    source = Path(datasets.__file__).parent / "data" / "digits.csv.gz"
    assert (
        hashlib.sha256(copy.read_bytes()).digest() == hashlib.sha256(source.read_bytes()).digest()
    )


def test_a_digit_is_told_from_its_template():
    problem, parts = your_data.digit_problem()
    training, test = your_data.accuracy(problem.least_squares, parts)
    assert 0.85 < test < training < 0.97
    low = your_data.accuracy(lnn.best_of_rank(problem, 1), parts)
    assert max(low) < 0.2
