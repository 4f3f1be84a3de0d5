"""Initial weights: Gaussian, balanced, and with a prescribed balancedness constant."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from lnn._checks import Weights, non_negative, valid_widths


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
    scale = non_negative(std, "std")
    return tuple(scale * rng.standard_normal((*size, d[j], d[j - 1])) for j in range(1, len(d)))


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
    if columns > rows:
        raise ValueError(
            f"columns is {columns} and rows is {rows}: at most {rows} columns can be orthonormal"
        )
    q, r = np.linalg.qr(rng.standard_normal((*size, rows, columns)))
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
    d = valid_widths(widths)
    s = np.atleast_1d(non_negative(singular_values, "singular_values"))
    if s.shape[-1] > min(d):
        raise ValueError(
            f"singular_values has {s.shape[-1]} entries but the widths {d} let at most {min(d)} "
            f"through: give min(widths) values or fewer"
        )
    root = s ** (1 / (len(d) - 1))
    bases = [orthogonal_columns(width, s.shape[-1], rng, size) for width in d]
    return tuple((bases[j] * root[..., None, :]) @ bases[j - 1].mT for j in range(1, len(d)))
