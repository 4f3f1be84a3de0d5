"""Linear networks: weights, their product, and the partial products on either side of a layer.

A network with N layers is the tuple ``weights = (W_1, ..., W_N)``, ``W_j`` of shape
(..., d_j, d_{j-1}). Leading axes are an ensemble: every function here broadcasts over them.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from lnn._arrays import chain_product
from lnn._checks import Array, Weights, chain, real, valid_widths


def widths_of(weights: Sequence[ArrayLike]) -> tuple[int, ...]:
    """Return the widths (d_0, ..., d_N) of a network.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays

    Returns
    -------
    tuple of int
        d_0 is the input width, d_N the output width.

    Raises
    ------
    ValueError
        If the shapes do not chain.

    Examples
    --------
    >>> widths_of((np.ones((4, 5)), np.ones((3, 4))))
    (5, 4, 3)
    """
    return chain(weights)[1]


def bottleneck(widths: Sequence[int]) -> int:
    """Return r_max = min_j d_j, the largest rank that the product can have.

    Parameters
    ----------
    widths : sequence of int
        (d_0, ..., d_N).

    Returns
    -------
    int

    Examples
    --------
    >>> bottleneck((5, 4, 4, 5))
    4
    """
    return min(valid_widths(widths))


def product(weights: Sequence[ArrayLike]) -> Array:
    """Return the end-to-end map W = W_N ... W_1.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays

    Returns
    -------
    (..., d_N, d_0) array

    Examples
    --------
    >>> product((np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]])))
    array([[3., 6.],
           [4., 8.]])
    """
    matrices, widths = chain(weights)
    return chain_product(matrices, widths[0])


def left_products(weights: Sequence[ArrayLike]) -> Weights:
    """Return what stands to the left of each layer: P_j = W_N ... W_{j+1}, P_N = I.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays

    Returns
    -------
    tuple of (..., d_N, d_j) arrays
        (P_1, ..., P_N), so that W = P_j W_j Q_j with Q_j of `right_products`.

    Examples
    --------
    >>> left_products((np.array([[1.0]]), np.array([[2.0]]), np.array([[3.0]])))
    (array([[6.]]), array([[3.]]), array([[1.]]))
    """
    matrices, widths = chain(weights)
    products = [np.eye(widths[-1])]
    for w in matrices[:0:-1]:
        products.append(products[-1] @ w)
    return tuple(reversed(products))


def right_products(weights: Sequence[ArrayLike]) -> Weights:
    """Return what stands to the right of each layer: Q_j = W_{j-1} ... W_1, Q_1 = I.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays

    Returns
    -------
    tuple of (..., d_{j-1}, d_0) arrays
        (Q_1, ..., Q_N).

    Examples
    --------
    >>> right_products((np.array([[1.0]]), np.array([[2.0]]), np.array([[3.0]])))
    (array([[1.]]), array([[1.]]), array([[2.]]))
    """
    matrices, widths = chain(weights)
    products = [np.eye(widths[0])]
    for w in matrices[:-1]:
        products.append(w @ products[-1])
    return tuple(products)


def flatten(weights: Sequence[ArrayLike]) -> Array:
    """Return all parameters as one vector: W_1, W_2, ..., each raveled in C order.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays

    Returns
    -------
    (..., n) array
        n = Σ_j d_j d_{j-1}.

    See Also
    --------
    unflatten : the inverse.

    Examples
    --------
    >>> flatten((np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]])))
    array([1., 2., 3., 4.])
    """
    matrices, _ = chain(weights)
    ensemble = np.broadcast_shapes(*(w.shape[:-2] for w in matrices))
    return np.concatenate(
        [np.broadcast_to(w, ensemble + w.shape[-2:]).reshape(*ensemble, -1) for w in matrices],
        axis=-1,
    )


def unflatten(vector: ArrayLike, widths: Sequence[int]) -> Weights:
    """Return the weights whose `flatten` is `vector`.

    Parameters
    ----------
    vector : (..., n) array
    widths : sequence of int
        (d_0, ..., d_N) with Σ_j d_j d_{j-1} = n.

    Returns
    -------
    tuple of (..., d_j, d_{j-1}) arrays

    Raises
    ------
    ValueError
        If n does not fit the widths.

    Examples
    --------
    >>> unflatten([1.0, 2.0, 3.0, 4.0], (2, 1, 2))
    (array([[1., 2.]]), array([[3.],
           [4.]]))
    """
    array = real(vector, "vector")
    d = valid_widths(widths)
    sizes = [d[j] * d[j - 1] for j in range(1, len(d))]
    if array.ndim == 0 or array.shape[-1] != sum(sizes):
        raise ValueError(
            f"vector has shape {array.shape}, but widths {d} have {sum(sizes)} parameters: "
            f"the last axis must have length {sum(sizes)}"
        )
    pieces = np.split(array, np.cumsum(sizes)[:-1], axis=-1)
    return tuple(
        piece.reshape(*array.shape[:-1], d[j], d[j - 1]) for j, piece in enumerate(pieces, start=1)
    )
