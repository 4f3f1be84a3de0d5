"""Checking assumptions on one's own data, and mending them; the digits that ship with the book."""

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest

import lnn
from lnn.book import digits
from lnn.book.chapters.your_data import studies as your_data
from lnn.book.wine import WINE


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
    assert _failed(np.eye(3), np.diag([2.0, 1.0, 1.0])) == ["distinct eigenvalues of Σ"]
    assert _failed(X[:1], Y) == ["d_y <= d_x <= m", "Σ_YX has full rank"]
    assert "d_y <= d_x <= m" in _failed(X[:, :3], Y[:, :3])
    text = str(lnn.data.check_assumptions(np.vstack([X, 2 * X[:1]]), Y))
    assert "rank 4 of 5" in text
    assert "principal_components(X, 4)" in text


def test_ensembles_are_refused():
    X, Y = _data(np.random.default_rng(2))
    with pytest.raises(ValueError, match="one problem at a time"):
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


# Reading a table ----------------------------------------------------------------------------------

TABLE = """name,size,age,kind,weight
a,1.5,3,cat,4
b,7,2,dog,20
c,2, 5 ,cat,5
"""


def _read(text=TABLE, targets="weight", **options):
    return lnn.data.read_csv(io.StringIO(text), targets, **options)


def test_a_sample_is_a_column_and_the_names_stand_with_the_rows():
    table = _read(inputs=["age", "size"])
    np.testing.assert_array_equal(table.X, [[3, 2, 5], [1.5, 7, 2]])
    np.testing.assert_array_equal(table.Y, [[4, 20, 5]])
    assert (table.inputs, table.targets) == (("age", "size"), ("weight",))


def test_the_inputs_are_all_columns_that_are_no_targets():
    table = _read("u,v,w\n1,2,3\n4,5,6\n", ["w", "u"])
    np.testing.assert_array_equal(table.X, [[2, 5]])
    np.testing.assert_array_equal(table.Y, [[3, 6], [1, 4]])


def test_text_that_is_to_be_predicted_becomes_one_row_per_class():
    table = _read(targets=["kind", "weight"], inputs=["size"])
    assert table.targets == ("kind=cat", "kind=dog", "weight")
    np.testing.assert_array_equal(table.Y, [[1, 0, 1], [0, 1, 0], [4, 20, 5]])


def test_numbers_can_be_classes():
    table = _read("x,digit\n1,7\n2,3\n3,7\n", "digit", classes=True)
    assert table.targets == ("digit=3", "digit=7")
    np.testing.assert_array_equal(table.Y, [[0, 1, 0], [1, 0, 1]])


def test_a_file_is_read_by_its_path_with_any_separator(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("\ufeffx;y\n1;2\n\n3;4\n", encoding="utf-8")
    for given in (path, str(path)):
        table = lnn.data.read_csv(given, "y", delimiter=";")
        np.testing.assert_array_equal(np.vstack([table.X, table.Y]), [[1, 3], [2, 4]])


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (TABLE, {}, "column 'name' holds 'a' in sample 1.*leave the column out"),
        (TABLE, {"targets": "height"}, "targets name 'height', which is no column: name, size"),
        (TABLE, {"inputs": ["size", "length"]}, "inputs name 'length'"),
        (TABLE, {"inputs": ["size", "size"]}, "each once"),
        (TABLE, {"inputs": []}, "at least one column"),
        (TABLE, {"delimiter": ";"}, "delimiter"),
        (TABLE, {"delimiter": ", "}, "delimiter is ', '"),
        ("x,y\n1,2\n,4\n", {"targets": "y"}, "column 'x' holds '' in sample 2"),
        ("x,y\n1,2\nnan,4\n", {"targets": "y"}, "column 'x' holds 'nan' in sample 2"),
        ("x,y\n1,2\n3\n", {"targets": "y"}, "sample 2 has 1 cells, not 2"),
        ("x,x\n1,2\n", {"targets": "x"}, "all different"),
        ("x,y\n", {"targets": "y"}, "1 rows"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_with_the_place(text, options, message):
    with pytest.raises(ValueError, match=message):
        _read(text, **options)


def test_the_wines_are_those_of_scikit_learn():
    # Imported here: scikit-learn takes seconds, and only this test needs it.
    from sklearn import datasets

    original, table = datasets.load_wine(), lnn.data.read_csv(WINE, "grower")
    np.testing.assert_array_equal(table.X.T, original.data)
    np.testing.assert_array_equal(table.Y.argmax(axis=0), original.target)
    assert table.targets == ("grower=A", "grower=B", "grower=C")


def test_the_resolution_counts_as_equal_and_as_zero_what_is_at_most_that():
    # Powers of two: the eigenvalues 1, 1 − 2⁻²⁰ and 2⁻²⁰ of Σ, up to a rounding or two.
    for values, assumption in (
        ([1.0, 2.0**-20], "Σ_YX has full rank"),
        ([1.0, 1 - 2.0**-20, 0.5], "distinct eigenvalues of Σ"),
    ):
        n = len(values)
        Y = np.diag(np.sqrt(values))
        exact = lnn.Problem(np.eye(n), Y).eigenvalues
        edge = exact[1] if n == 2 else exact[0] - exact[1]
        for resolution, failed in ((edge, [assumption]), (np.nextafter(edge, 0), [])):
            checks = lnn.data.check_assumptions(np.eye(n), Y, resolution=resolution).checks
            assert [check.assumption for check in checks if not check.met] == failed


def test_modes_that_count_as_zero_are_not_compared():
    values = np.array([1.0, 1.5e-6, 0.9e-6])
    checks = lnn.data.check_assumptions(np.eye(3), np.diag(np.sqrt(values))).checks
    assert [check.assumption for check in checks if not check.met] == ["Σ_YX has full rank"]
    assert "rank 2 of 3" in checks[2].found


def test_smaller_weights_take_longer_and_rest_more():
    large, small = (your_data.staircase(size, 3) for size in (0.1, 0.01))
    assert small.arrival / large.arrival == pytest.approx(10, rel=0.1)
    assert small.resting > large.resting + 0.2
    assert small.losses[small.arrival - 1] > small.levels[-1] + 0.01 * (
        small.levels[0] - small.levels[-1]
    )
    assert your_data.staircase(0.01, 2).arrival < 0.05 * small.arrival


@pytest.mark.parametrize(("gap", "shown"), [(0.0, "0"), (1.4e-9, "1e-09"), (0.25, "0.25")])
def test_the_least_gap_is_shown_to_nine_digits(gap, shown):
    checks = lnn.data.check_assumptions(np.eye(2), np.diag([1.0, (1 - gap) ** 0.5])).checks
    assert checks[-1].found == f"least gap {shown} of the largest"
