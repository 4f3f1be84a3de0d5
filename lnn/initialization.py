"""Initial weights: Gaussian, balanced, and with a prescribed balancedness constant."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from lnn._checks import Array, Weights, generator, leading_axes, non_negative, valid_widths, whole


def gaussian(
    widths: Sequence[int],
    rng: np.random.Generator,
    *,
    std: float = 1.0,
    size: tuple[int, ...] = (),
) -> Weights:
    """Draw weights with independent entries N(0, std²).

    Parameters
    ----------
    widths : sequence of int
        (d_0, ..., d_N).
    rng : numpy.random.Generator
    std : float
        Standard deviation of each entry (not the variance).
    size : tuple of int
        Leading axes of the ensemble.

    Returns
    -------
    tuple of (*size, d_j, d_{j-1}) arrays

    Examples
    --------
    >>> [w.shape for w in gaussian((5, 4, 3), np.random.default_rng(0), size=(10,))]
    [(10, 4, 5), (10, 3, 4)]
    """
    d = valid_widths(widths)
    scale, axes = non_negative(std, "std"), leading_axes(size)
    draw = generator(rng).standard_normal
    return tuple(scale * draw((*axes, d[j], d[j - 1])) for j in range(1, len(d)))


def orthogonal_columns(
    rows: int, columns: int, rng: np.random.Generator, size: tuple[int, ...] = ()
) -> np.ndarray:
    """Draw a (*size, rows, columns) matrix with orthonormal columns, Haar-distributed.

    Examples
    --------
    >>> q = orthogonal_columns(4, 2, np.random.default_rng(0))
    >>> bool(np.allclose(q.T @ q, np.eye(2)))
    True
    """
    rows, columns = whole(rows, "rows", least=1), whole(columns, "columns", least=1)
    if columns > rows:
        raise ValueError(
            f"columns is {columns} and rows is {rows}: at most {rows} columns can be orthonormal"
        )
    q, r = np.linalg.qr(generator(rng).standard_normal((*leading_axes(size), rows, columns)))
    # Without the signs of diag(R) the distribution depends on the QR routine (Mezzadri 2007).
    return np.asarray(q * np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :])


def balanced(
    widths: Sequence[int],
    singular_values: ArrayLike,
    rng: np.random.Generator,
    *,
    size: tuple[int, ...] = (),
) -> Weights:
    """Draw exactly balanced weights, W_{j+1}ᵀ W_{j+1} = W_j W_jᵀ, with random singular vectors.

    W_j = V_j diag(s)^{1/N} V_{j-1}ᵀ with random orthonormal V_0, ..., V_N: the product has the
    singular values s, and every factor has s^{1/N}.

    Parameters
    ----------
    widths : sequence of int
        (d_0, ..., d_N).
    singular_values : (..., k) array
        Singular values s of the product, k ≤ min_j d_j, non-negative; leading axes broadcast
        against `size`.
    rng : numpy.random.Generator
    size : tuple of int
        Leading axes of the ensemble.

    Returns
    -------
    tuple of (*size, d_j, d_{j-1}) arrays

    Raises
    ------
    ValueError
        If there are more singular values than the bottleneck lets through.

    References
    ----------
    arora2019, section 3, for balanced initialization.

    Examples
    --------
    >>> w1, w2 = balanced((3, 2, 3), [4.0, 1.0], np.random.default_rng(0))
    >>> bool(np.allclose(w2.T @ w2, w1 @ w1.T))
    True
    """
    d, s = _spectrum(widths, singular_values)
    root = s ** (1 / (len(d) - 1))
    bases = [orthogonal_columns(width, s.shape[-1], rng, size) for width in d]
    return tuple((bases[j] * root[..., None, :]) @ bases[j - 1].mT for j in range(1, len(d)))


def with_balancedness(
    widths: Sequence[int],
    singular_values: ArrayLike,
    delta: ArrayLike,
    rng: np.random.Generator,
    *,
    size: tuple[int, ...] = (),
) -> Weights:
    """Draw weights with balancedness constant δ and given singular values of the product.

    W_j = V_j diag(τ + (j − 1) δ)^{1/2} V_{j-1}ᵀ with random orthonormal V_0, ..., V_N: then
    W_{j+1}ᵀ W_{j+1} − W_j W_jᵀ = δ V_j V_jᵀ for every j. For each singular value s the number
    τ ≥ 0 is the root of τ (τ + δ) ⋯ (τ + (N − 1) δ) = s².

    Parameters
    ----------
    widths : sequence of int
        (d_0, ..., d_N), N ≥ 2 unless δ = 0: a single layer has nothing to balance.
    singular_values : (..., k) array
        Of the product, k ≤ min_j d_j, non-negative.
    delta : (...) array or float
        δ ≥ 0. Leading axes of both broadcast against `size`.
    rng : numpy.random.Generator
    size : tuple of int
        Leading axes of the ensemble.

    Returns
    -------
    tuple of (*size, d_j, d_{j-1}) arrays
        `balancedness` gives δ to rounding: up to a few eps max_j ‖W_j‖².

    Raises
    ------
    ValueError
        If there are more singular values than the bottleneck lets through, or δ > 0 for N = 1.

    See Also
    --------
    balanced : the case δ = 0.
    lnn.steps.balance.rescaled : other weights, scaled to a balancedness constant.

    References
    ----------
    nguegnang2021, Definition 2.2, for the constant; the construction is ours.

    Examples
    --------
    >>> w1, w2 = with_balancedness((3, 2, 3), [4.0, 1.0], 0.5, np.random.default_rng(0))
    >>> np.linalg.eigvalsh(w2.T @ w2 - w1 @ w1.T).round(12)
    array([0.5, 0.5])
    >>> np.linalg.svd(w2 @ w1, compute_uv=False)[:2].round(12)
    array([4., 1.])
    """
    d, s = _spectrum(widths, singular_values)
    gap = non_negative(delta, "delta")
    if len(d) == 2 and gap.any():
        raise ValueError(
            f"delta is {gap} but the widths {d} have a single layer, which is always balanced: "
            f"give delta=0 or more layers"
        )
    steps = gap[..., None, None] * np.arange(len(d) - 1)  # (..., 1, N)
    tau = _root_of_product(s, steps)
    bases = [orthogonal_columns(width, s.shape[-1], rng, size) for width in d]
    factors = np.sqrt(tau[..., None] + steps)  # (..., k, N)
    return tuple(
        (bases[j] * factors[..., None, :, j - 1]) @ bases[j - 1].mT for j in range(1, len(d))
    )


def _root_of_product(s: Array, steps: Array) -> Array:
    """Return τ ≥ 0 with Π_j (τ + steps_j) = s², by Newton's method on log τ.

    g(x) = Σ_j log(eˣ + steps_j) − 2 log s is convex and increasing: from the right, where g ≥ 0,
    Newton's method descends to the root without overshooting.
    """
    depth = steps.shape[-1]
    with np.errstate(divide="ignore"):  # s = 0 has the root τ = 0, log τ = −inf
        goal = np.broadcast_to(2 * np.log(s), np.broadcast_shapes(s.shape, steps.shape[:-1]))
    x = goal / depth
    positive = np.isfinite(goal)
    for _ in range(60):
        terms = np.exp(x)[..., None] + steps
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.sum(np.log(terms), axis=-1) - goal
            slope = np.sum(np.exp(x)[..., None] / terms, axis=-1)
            x = np.where(positive, x - value / slope, x)
    return np.asarray(np.exp(x))


def _spectrum(widths: Sequence[int], singular_values: ArrayLike) -> tuple[tuple[int, ...], Array]:
    d = valid_widths(widths)
    s = np.atleast_1d(non_negative(singular_values, "singular_values"))
    if s.shape[-1] > min(d):
        raise ValueError(
            f"singular_values has {s.shape[-1]} entries but the widths {d} let at most {min(d)} "
            f"through: give min(widths) values or fewer"
        )
    return d, s
