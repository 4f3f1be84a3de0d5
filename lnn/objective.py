"""The loss L(W_1, ..., W_N) = ‖Y − W_N ... W_1 X‖_F² (no ½) and its derivatives in closed form.

With W the product, P_j and Q_j what stands left and right of layer j (W = P_j W_j Q_j) and

    E = (W − T) Σ_XX = W Σ_XX − Σ_YX,

the gradient is ∇_{W_j} L = 2 P_jᵀ E Q_jᵀ. Everything depends on the data through Σ_XX, Σ_YX and
tr Σ_YY alone, so nothing here costs more with more samples.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from lnn._arrays import kronecker
from lnn._checks import Array, Weights, chain, finite_weights
from lnn.network import flatten, left_products, product, right_products, unflatten
from lnn.problem import Problem, fits


def _error(weights: Weights, problem: Problem) -> Array:
    """E = (W − T) Σ_XX."""
    return np.asarray((product(weights) - problem.least_squares) @ problem.cov_xx)


def _checked(weights: Sequence[ArrayLike], problem: Problem) -> Weights:
    matrices, widths = chain(weights)
    fits(widths, problem)
    return matrices


def loss(weights: Sequence[ArrayLike], problem: Problem) -> Array:
    """Return L = ‖Y − W X‖_F², W = W_N ... W_1. No ½, no mean over samples.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
    problem : Problem

    Returns
    -------
    (...) array
        A zero-dimensional array for a single network.

    Raises
    ------
    ValueError
        If the shapes do not chain or do not fit the problem.

    Examples
    --------
    >>> problem = Problem(np.eye(2), np.diag([3.0, 1.0]))
    >>> float(loss((np.eye(2), np.eye(2)), problem))
    4.0
    """
    misfit = (product(_checked(weights, problem)) - problem.least_squares) @ problem.root_xx
    return np.asarray(problem.residual + np.sum(misfit**2, axis=(-2, -1)))


def gradient(weights: Sequence[ArrayLike], problem: Problem) -> Weights:
    """Return ∇_{W_j} L = 2 P_jᵀ (W Σ_XX − Σ_YX) Q_jᵀ for every layer.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
    problem : Problem

    Returns
    -------
    tuple of (..., d_j, d_{j-1}) arrays
        Shaped like `weights`.

    Raises
    ------
    ValueError
        If the shapes do not chain or do not fit the problem.

    Examples
    --------
    One layer, one sample: L = (3 − w)², so dL/dw = −2 (3 − w).

    >>> gradient((np.array([[1.0]]),), Problem([[1.0]], [[3.0]]))
    (array([[-4.]]),)
    """
    matrices = _checked(weights, problem)
    return unchecked_gradient(matrices, problem.cov_xx, problem.least_squares)


def unchecked_gradient(weights: Weights, cov_xx: Array, least_squares: Array) -> Weights:
    """Do the work of `gradient`; every step of descent calls this.

    One sweep forward for the Q_j, one backward that carries P_jᵀ (2 E).
    """
    right = [weights[0]]
    for w in weights[1:]:
        right.append(w @ right[-1])
    back = 2 * (right[-1] - least_squares) @ cov_xx
    result = []
    for j in range(len(weights) - 1, 0, -1):
        result.append(back @ right[j - 1].mT)
        back = weights[j].mT @ back
    result.append(back)
    return tuple(reversed(result))


def hessian_vector(
    weights: Sequence[ArrayLike], problem: Problem, direction: Sequence[ArrayLike]
) -> Weights:
    """Return ∇²L · V: the derivative of the gradient along a direction V, without forming ∇²L.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
    problem : Problem
    direction : tuple of (..., d_j, d_{j-1}) arrays
        V, shaped like `weights` up to leading axes.

    Returns
    -------
    tuple of (..., d_j, d_{j-1}) arrays

    Raises
    ------
    ValueError
        If the shapes do not chain, do not fit the problem, or differ between the two.

    Examples
    --------
    L = (3 − w)² has second derivative 2.

    >>> hessian_vector((np.array([[1.0]]),), Problem([[1.0]], [[3.0]]), (np.array([[5.0]]),))
    (array([[10.]]),)
    """
    matrices = _checked(weights, problem)
    vectors, widths = chain(direction, "direction")
    if widths != chain(matrices)[1]:
        raise ValueError(
            f"direction has widths {widths} but weights have {chain(matrices)[1]}: "
            f"give one matrix per layer, shaped like the weights"
        )
    depth = len(matrices)
    left, right = left_products(matrices), right_products(matrices)
    # Derivatives of the partial products along V, by the product rule.
    d_right: list[Array] = [np.zeros_like(right[0])]
    for j in range(1, depth):
        d_right.append(vectors[j - 1] @ right[j - 1] + matrices[j - 1] @ d_right[-1])
    d_left: list[Array] = [np.zeros_like(left[-1])]
    for j in range(depth - 1, 0, -1):
        d_left.append(left[j] @ vectors[j] + d_left[-1] @ matrices[j])
    d_left.reverse()
    error = _error(matrices, problem)
    d_product = left[-1] @ (vectors[-1] @ right[-1] + matrices[-1] @ d_right[-1])
    d_error = d_product @ problem.cov_xx
    return tuple(
        2
        * (
            d_left[j].mT @ error @ right[j].mT
            + left[j].mT @ d_error @ right[j].mT
            + left[j].mT @ error @ d_right[j].mT
        )
        for j in range(depth)
    )


def hessian(weights: Sequence[ArrayLike], problem: Problem) -> Array:
    """Return the Hessian ∇²L in closed form.

    For layers i ≥ j, with M = W_{i-1} ... W_{j+1} what stands between them (i > j),

        ∂²L / ∂W_i[a,b] ∂W_j[c,d] = 2 (P_iᵀ P_j)[a,c] (Q_i Σ_XX Q_jᵀ)[b,d]
        + 2 (P_iᵀ E Q_jᵀ)[a,d] M[b,c]   (the last term if i > j).

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
    problem : Problem

    Returns
    -------
    (..., n, n) array
        Symmetric; parameters ordered as by `flatten`: W_1, W_2, ..., each raveled in C order.

    Raises
    ------
    ValueError
        If the shapes do not chain or do not fit the problem.

    Examples
    --------
    At w = 0 the chain L = (1 − w₂ w₁)² has Hessian [[0, −2], [−2, 0]].

    >>> zero = np.zeros((1, 1))
    >>> hessian((zero, zero), Problem([[1.0]], [[1.0]]))
    array([[ 0., -2.],
           [-2.,  0.]])
    """
    matrices = _checked(weights, problem)
    left, right = left_products(matrices), right_products(matrices)
    error = _error(matrices, problem)
    right_cov = tuple(q @ problem.cov_xx for q in right)
    sizes = [w.shape[-2] * w.shape[-1] for w in matrices]
    ends = np.cumsum(sizes)
    starts = ends - sizes
    ensemble = np.broadcast_shapes(error.shape[:-2], *(w.shape[:-2] for w in matrices))
    result = np.empty((*ensemble, ends[-1], ends[-1]))
    for i in range(len(matrices)):
        between = np.eye(matrices[i].shape[-1])
        for j in range(i, -1, -1):
            block = 2 * kronecker(left[i].mT @ left[j], right_cov[i] @ right[j].mT)
            if i > j:
                curvature = left[i].mT @ error @ right[j].mT
                twisted = curvature[..., :, None, None, :] * between[..., None, :, :, None]
                block = block + 2 * twisted.reshape(*twisted.shape[:-4], sizes[i], sizes[j])
                between = between @ matrices[j]
            result[..., starts[i] : ends[i], starts[j] : ends[j]] = block
            result[..., starts[j] : ends[j], starts[i] : ends[i]] = block.mT
    return result


def sharpness(weights: Sequence[ArrayLike], problem: Problem) -> Array:
    """Return the largest Hessian eigenvalue λ_max(∇²L), by Lanczos on Hessian-vector products.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
    problem : Problem

    Returns
    -------
    (...) array
        One eigenvalue a network. Members of an ensemble are treated one after the other.

    Raises
    ------
    ValueError
        If the shapes do not fit, or weights are not finite (a diverged run has no sharpness).

    Examples
    --------
    At the minimizer w₂ = w₁ = 1 of (1 − w₂ w₁)² the Hessian is 2 [[1, 1], [1, 1]].

    >>> one = np.ones((1, 1))
    >>> round(float(sharpness((one, one), Problem([[1.0]], [[1.0]]))), 12)
    4.0
    """
    matrices, widths = chain(_checked(weights, problem))
    finite_weights(matrices, "a diverged network has no sharpness")
    vectors = flatten(matrices)
    ensemble = np.broadcast_shapes(vectors.shape[:-1], problem.ensemble)
    vectors = np.broadcast_to(vectors, (*ensemble, vectors.shape[-1]))
    members = problem.broadcast_to(ensemble)
    result = np.empty(ensemble)
    for index in np.ndindex(*ensemble):
        result[index] = _largest_eigenvalue(unflatten(vectors[index], widths), members[index])
    return result


def _largest_eigenvalue(weights: Weights, problem: Problem) -> float:
    widths = chain(weights)[1]

    def apply(vector: Array) -> Array:
        return flatten(hessian_vector(weights, problem, unflatten(vector.ravel(), widths)))

    n = flatten(weights).size
    # A fixed generic start, so that the result is a function of the arguments.
    start = np.random.default_rng(0).standard_normal(n)
    image = apply(start)
    if n == 1 or not image.any():  # Lanczos needs n > 1 and a start outside the kernel
        return float(image[0] / start[0])
    # Imported here: with it `import lnn` would take twice as long.
    from scipy.sparse.linalg import LinearOperator, eigsh

    operator = LinearOperator((n, n), matvec=apply, dtype=np.float64)
    return float(eigsh(operator, k=1, which="LA", v0=start, return_eigenvectors=False)[0])
