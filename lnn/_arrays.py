"""What many formulas need of stacks of matrices: one axis, products, signs."""

from collections.abc import Sequence

import numpy as np

from lnn._checks import Array


def one_axis(array: Array, ensemble: tuple[int, ...], core: int) -> Array:
    """Return an array with leading axes broadcast to `ensemble` and laid out as one axis.

    Parameters
    ----------
    array : (..., *shape) array
    ensemble : tuple of int
    core : int
        How many trailing axes are no part of the ensemble.

    Returns
    -------
    (members, *shape) array

    Examples
    --------
    >>> one_axis(np.ones((2, 1, 4, 5)), (2, 3), core=2).shape
    (6, 4, 5)
    """
    trailing = array.shape[array.ndim - core :]
    members = int(np.prod(ensemble))
    return np.broadcast_to(array, ensemble + trailing).reshape(members, *trailing)


def kronecker(left: Array, right: Array) -> Array:
    """Return left ⊗ right: the matrix of V ↦ left V rightᵀ, both V and its image in C order.

    Parameters
    ----------
    left : (..., a, c) array
    right : (..., b, d) array

    Returns
    -------
    (..., a b, c d) array

    Examples
    --------
    >>> kronecker(np.array([[1.0, 2.0]]), np.array([[1.0], [10.0]]))
    array([[ 1.,  2.],
           [10., 20.]])
    """
    result = left[..., :, None, :, None] * right[..., None, :, None, :]
    a, b, c, d = result.shape[-4:]
    return result.reshape(*result.shape[:-4], a * b, c * d)


def chain_product(weights: Sequence[Array], width: int) -> Array:
    """Return the product of some layers, the first applied first; of none the identity.

    Parameters
    ----------
    weights : sequence of (..., d_j, d_{j-1}) arrays
    width : int
        The size of the identity, where there are none.

    Returns
    -------
    (..., d_N, d_0) array

    Examples
    --------
    >>> chain_product([], 2)
    array([[1., 0.],
           [0., 1.]])
    """
    if not weights:
        return np.eye(width)
    result = weights[0]
    for w in weights[1:]:
        result = w @ result
    return result


def signs(vectors: Array) -> Array:
    """Return ±1 for each column: the sign of its entry of largest modulus.

    The sign of a singular vector is arbitrary; times this it is the same on every machine.

    Parameters
    ----------
    vectors : (..., n, k) array

    Returns
    -------
    (..., k) array

    Examples
    --------
    >>> signs(np.array([[1.0, 2.0], [-3.0, 0.5]]))
    array([-1.,  1.])
    """
    peak = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=-2, keepdims=True), axis=-2)
    return np.where(peak[..., 0, :] < 0, -1.0, 1.0)
