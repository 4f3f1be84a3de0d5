"""Initial weights: Gaussian, balanced, and with a prescribed balancedness constant."""

import numpy as np
import pytest
from cases import WIDTHS

import lnn


def test_gaussian_has_the_standard_deviation_and_shapes_asked_for():
    weights = lnn.gaussian((4, 3, 2), np.random.default_rng(0), std=0.3, size=(20_000,))
    assert [w.shape for w in weights] == [(20_000, 3, 4), (20_000, 2, 3)]
    for w in weights:
        assert np.std(w) == pytest.approx(0.3, rel=0.02)
        assert abs(np.mean(w)) < 0.01


DEEP = {name: widths for name, widths in WIDTHS.items() if len(widths) > 2}


@pytest.mark.parametrize("widths", DEEP.values(), ids=DEEP)
@pytest.mark.parametrize("delta", [0.0, 1e-8, 0.3, 1e4])
def test_the_balancedness_constant_and_the_product_are_as_prescribed(widths, delta):
    k = min(widths)
    s = np.linspace(2.0, 1.0, k)
    weights = lnn.initialization.with_balancedness(
        widths, s, delta, np.random.default_rng(1), size=(20,)
    )
    largest = max(float(np.linalg.norm(w, 2, axis=(-2, -1)).max()) ** 2 for w in weights)
    np.testing.assert_allclose(
        lnn.balancedness(weights), delta, rtol=0, atol=20 * np.finfo(float).eps * largest
    )
    np.testing.assert_allclose(
        np.linalg.svd(lnn.product(weights), compute_uv=False)[..., :k],
        np.broadcast_to(s, (20, k)),
        rtol=1e-9,
    )


def test_every_difference_of_neighbours_is_delta_times_a_projection():
    weights = lnn.initialization.with_balancedness(
        (4, 3, 5, 2), [2.0, 1.0], 0.25, np.random.default_rng(2)
    )
    for c in lnn.steps.imbalances(weights):
        eigenvalues = np.linalg.eigvalsh(c)
        np.testing.assert_allclose(eigenvalues[-2:], 0.25, rtol=1e-12)
        np.testing.assert_allclose(eigenvalues[:-2], 0.0, atol=1e-12)


def test_a_vanishing_singular_value_and_an_ensemble_of_constants():
    delta = np.geomspace(1e-3, 1.0, 7)
    weights = lnn.initialization.with_balancedness(
        (3, 3, 3, 3), [1.0, 0.0], delta, np.random.default_rng(3), size=(7,)
    )
    np.testing.assert_allclose(lnn.balancedness(weights), delta, rtol=1e-12)
    values = np.linalg.svd(lnn.product(weights), compute_uv=False)
    np.testing.assert_allclose(values, np.broadcast_to([1.0, 0.0, 0.0], (7, 3)), atol=1e-12)


@pytest.mark.parametrize("size", [1e-150, 1e160])
def test_singular_values_of_extreme_size(size):
    weights = lnn.initialization.with_balancedness(
        (2, 3, 2), [2 * size, size], 1.0, np.random.default_rng(4)
    )
    np.testing.assert_allclose(
        np.linalg.svd(lnn.product(weights) / size, compute_uv=False), [2.0, 1.0], rtol=1e-9
    )


def test_without_imbalance_it_is_the_balanced_draw():
    ours = lnn.initialization.with_balancedness(
        (3, 2, 4), [2.0, 1.0], 0.0, np.random.default_rng(4)
    )
    for a, b in zip(
        ours, lnn.balanced((3, 2, 4), [2.0, 1.0], np.random.default_rng(4)), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.parametrize(
    ("widths", "singular_values", "delta", "message"),
    [
        ((3, 2, 3), [1.0, 1.0, 1.0], 0.1, "3 entries but the widths"),
        ((3, 2, 3), [1.0], -0.1, "delta is -0.1"),
        ((3, 2, 3), [-1.0], 0.1, "singular_values is"),
        ((3, 3), [1.0], 0.1, "single layer"),
        ((3,), [1.0], 0.1, "widths is"),
    ],
)
def test_what_cannot_be_is_refused(widths, singular_values, delta, message):
    with pytest.raises(ValueError, match=message):
        lnn.initialization.with_balancedness(
            widths, singular_values, delta, np.random.default_rng(5)
        )


def test_an_ensemble_has_its_own_singular_values_and_constants():
    values = np.array([[3.0, 1.0], [2.0, 0.5], [5.0, 4.0]])
    delta = np.array([0.1, 0.2, 0.3])
    weights = lnn.initialization.with_balancedness(
        (4, 3, 5), values, delta, np.random.default_rng(0), size=(3,)
    )
    np.testing.assert_allclose(lnn.balancedness(weights), delta, rtol=1e-9)
    found = np.linalg.svd(lnn.product(weights), compute_uv=False)
    np.testing.assert_allclose(found[:, :2], values, rtol=1e-9)
    np.testing.assert_allclose(found[:, 2:], 0, atol=1e-12)
