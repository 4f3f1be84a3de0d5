"""The step size that the curvature at a minimizer allows: 2 / λ_max."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from lnn._checks import Array, finite_matrix
from lnn.objective import hessian
from lnn.problem import Problem


def quadratic_limit(Q: ArrayLike) -> Array:
    """Return 2 / λ_max(Q): gradient descent on ½ xᵀ Q x − bᵀ x converges from every start iff
    0 < η < 2 / λ_max(Q).

    Parameters
    ----------
    Q : (..., n, n) array
        Symmetric positive definite.

    Returns
    -------
    (...) array

    Raises
    ------
    ValueError
        If Q is not square, symmetric and positive definite.

    References
    ----------
    chong2010, section 8.3; report2022, section 5.1.

    Examples
    --------
    >>> float(quadratic_limit(np.diag([1.0, 4.0])))
    0.5
    """
    matrix = finite_matrix(Q, "Q")
    if matrix.shape[-1] != matrix.shape[-2] or not np.allclose(matrix, matrix.mT, rtol=1e-10):
        raise ValueError(
            f"Q has shape {matrix.shape} and must be square and symmetric: replace Q by "
            f"(Q + Qᵀ) / 2, which has the same quadratic form"
        )
    eigenvalues = np.linalg.eigvalsh(matrix)
    if (eigenvalues[..., 0] <= 0).any():
        raise ValueError(
            f"Q has the eigenvalue {np.min(eigenvalues):.3g}: the quadratic has no unique "
            f"minimizer; give a positive definite matrix"
        )
    return np.asarray(2 / eigenvalues[..., -1])


def stability_limit(weights: Sequence[ArrayLike], problem: Problem) -> Array:
    """Return 2 / λ_max(∇²L): beyond it a minimizer repels gradient descent.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
        A minimizer of L, or near one.
    problem : Problem

    Returns
    -------
    (...) array
        From the dense Hessian, all members of an ensemble at once.

    Raises
    ------
    ValueError
        If the shapes do not chain or do not fit the problem.

    See Also
    --------
    lnn.objective.sharpness : λ_max alone, for large networks.

    References
    ----------
    cohen2021, section 2.

    Examples
    --------
    At the minimizer w₂ = w₁ = 1 of (1 − w₂ w₁)² the largest eigenvalue is 4.

    >>> one = np.ones((1, 1))
    >>> float(stability_limit((one, one), Problem([[1.0]], [[1.0]])))
    0.5
    """
    with np.errstate(divide="ignore"):  # no curvature: no limit, inf
        return np.asarray(2 / np.linalg.eigvalsh(hessian(weights, problem))[..., -1])
