"""What many formulas need of stacks of matrices: one axis, Kronecker products, moves of weights."""

from collections.abc import Sequence

import numpy as np

from lnn._checks import Array, Weights


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


def moved(weights: Weights, t: Array | float, direction: Weights) -> Weights:
    """Return the weights W_j + t V_j.

    Parameters
    ----------
    weights, direction : tuple of (..., d_j, d_{j-1}) arrays
    t : (...) array or float

    Returns
    -------
    tuple of (..., d_j, d_{j-1}) arrays

    Examples
    --------
    >>> moved((np.ones((1, 1)),), 0.5, (np.full((1, 1), 4.0),))
    (array([[3.]]),)
    """
    scale = np.asarray(t)[..., None, None]
    return tuple(w + scale * v for w, v in zip(weights, direction, strict=True))
