"""The regression problem: minimize ‖Y − W X‖_F² over the end-to-end map W of a linear network.

A `Problem` reduces the data, once, to matrices whose size does not depend on the number of samples
m. With T = Σ_YX Σ_XX⁻¹ the least-squares map and A any root of Σ_XX (A Aᵀ = Σ_XX), orthogonality
of the residual gives, for every W,

    ‖Y − W X‖_F² = ‖Y − T X‖_F² + ‖(W − T) A‖_F²,

which is how `lnn` evaluates the loss: no cancellation near the optimum, no work that grows with m.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lnn._arrays import signs
from lnn._checks import Array, finite_matrix, full_row_rank, whole
from lnn._record import Record

# Trailing axes of each array of a Problem; what stands before them is the ensemble.
_CORE_AXES = {
    "X": 2,
    "Y": 2,
    "cov_xx": 2,
    "cov_yx": 2,
    "cov_yy": 2,
    "root_xx": 2,
    "least_squares": 2,
    "fitted": 2,
    "residual": 0,
    "eigenvalues": 1,
    "eigenvectors": 2,
    "singular_values_x": 1,
}


@dataclass(frozen=True, eq=False, repr=False)
class Problem(Record):
    """Data (X, Y) of a linear regression, one column per sample.

    Leading axes of `X` and `Y` broadcast: they make an ensemble of problems.

    Parameters
    ----------
    X : (..., d_x, m) array
        Inputs.
    Y : (..., d_y, m) array
        Targets.

    Attributes
    ----------
    cov_xx : (..., d_x, d_x) array
        Σ_XX = X Xᵀ (sums over samples, not means).
    cov_yx : (..., d_y, d_x) array
        Σ_YX = Y Xᵀ.
    cov_yy : (..., d_y, d_y) array
        Σ_YY = Y Yᵀ.
    root_xx : (..., d_x, min(d_x, m)) array
        A with A Aᵀ = Σ_XX, from the QR factorization of Xᵀ.
    least_squares : (..., d_y, d_x) array
        T = Σ_YX Σ_XX⁻¹; the least-squares map of minimal norm if X has not full row rank.
    fitted : (..., d_y, min(d_x, m)) array
        M = T A, the least-squares map where inputs are measured in whitened coordinates. It and W A
        do not change under X → B X, W → W B⁻¹, and units of the inputs cost it no digits.
    residual : (...) array
        ‖Y − T X‖_F², the least loss of any linear map.
    eigenvalues : (..., d_y) array
        λ_1 ≥ λ_2 ≥ ... of Σ = T Σ_XX Tᵀ = M Mᵀ.
    eigenvectors : (..., d_y, d_y) array
        U with Σ = U diag(λ) Uᵀ; in each column the entry of largest modulus is positive.
    singular_values_x : (..., min(d_x, m)) array
        Singular values of X, descending.

    Raises
    ------
    ValueError
        If an entry is not finite or the numbers of samples differ.

    References
    ----------
    achour2021, section 2, for Σ and its eigenvalues.

    Examples
    --------
    >>> problem = Problem(X=np.eye(2), Y=np.diag([3.0, 1.0]))
    >>> problem.least_squares
    array([[3., 0.],
           [0., 1.]])
    >>> problem.eigenvalues
    array([9., 1.])
    """

    X: Array
    Y: Array
    cov_xx: Array = field(init=False, repr=False)
    cov_yx: Array = field(init=False, repr=False)
    cov_yy: Array = field(init=False, repr=False)
    root_xx: Array = field(init=False, repr=False)
    least_squares: Array = field(init=False, repr=False)
    fitted: Array = field(init=False, repr=False)
    residual: Array = field(init=False, repr=False)
    eigenvalues: Array = field(init=False, repr=False)
    eigenvectors: Array = field(init=False, repr=False)
    singular_values_x: Array = field(init=False, repr=False)

    def __init__(self, X: ArrayLike, Y: ArrayLike) -> None:
        x, y = finite_matrix(X, "X"), finite_matrix(Y, "Y")
        if x.shape[-1] != y.shape[-1]:
            raise ValueError(
                f"X has {x.shape[-1]} samples (columns, shape {x.shape}) and Y has "
                f"{y.shape[-1]} (shape {y.shape}): give one column per sample; transpose if "
                f"your samples are rows"
            )
        try:
            np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
        except ValueError:
            raise ValueError(
                f"the leading (ensemble) axes of X {x.shape[:-2]} and of Y {y.shape[:-2]} do not "
                f"broadcast: make them equal or 1"
            ) from None
        # Xᵀ = Q R, so X = A Qᵀ with A = Rᵀ: all that follows happens in the row space of X.
        q, r = np.linalg.qr(x.mT)
        root = r.mT
        inverse, seen = inverse_root(root)
        fitted = y @ q @ seen
        target = fitted @ inverse
        if inverse.shape[-2] < x.shape[-2] or not np.allclose(seen, np.eye(seen.shape[-1])):
            target = target @ (root @ np.linalg.pinv(root))  # of all that fit, the smallest
        u, s, _ = np.linalg.svd(fitted, full_matrices=True)
        eigenvalues = np.zeros(u.shape[:-1])
        eigenvalues[..., : s.shape[-1]] = s**2
        derived = {
            "X": x,
            "Y": y,
            "cov_xx": x @ x.mT,
            "cov_yx": y @ x.mT,
            "cov_yy": y @ y.mT,
            "root_xx": root,
            "least_squares": target,
            "fitted": fitted,
            "residual": np.sum((y - target @ x) ** 2, axis=(-2, -1)),
            "eigenvalues": eigenvalues,
            "eigenvectors": u * signs(u)[..., None, :],
            "singular_values_x": np.linalg.svd(root, compute_uv=False),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, np.asarray(value))

    @property
    def d_x(self) -> int:
        """Input width."""
        return int(self.least_squares.shape[-1])

    @property
    def d_y(self) -> int:
        """Output width."""
        return int(self.least_squares.shape[-2])

    @property
    def ensemble(self) -> tuple[int, ...]:
        """Leading axes; () for a single problem."""
        return self.least_squares.shape[:-2]

    def __getitem__(self, index: Any) -> "Problem":
        """Return the members of the ensemble that a NumPy index into the leading axes selects.

        Examples
        --------
        >>> from lnn.data import step_problem
        >>> step_problem(np.random.default_rng(0), size=(7,))[2:5].ensemble
        (3,)
        """
        return self._map(lambda array: array[index])

    def broadcast_to(self, ensemble: tuple[int, ...]) -> "Problem":
        """Return the same problem with leading axes `ensemble`, as a view.

        Examples
        --------
        >>> Problem(np.eye(2), np.eye(2)).broadcast_to((7,)).ensemble
        (7,)
        """
        own = len(self.ensemble)
        return self._map(lambda array: np.broadcast_to(array, ensemble + array.shape[own:]))

    def reshape(self, *ensemble: int) -> "Problem":
        """Return the same problems with their leading axes laid out as `ensemble`.

        Examples
        --------
        >>> from lnn.data import step_problem
        >>> step_problem(np.random.default_rng(0), size=(2, 3)).reshape(6).ensemble
        (6,)
        """
        own = len(self.ensemble)
        return self._map(lambda array: array.reshape(*ensemble, *array.shape[own:]))

    def _map(self, change: Callable[[Array], Array]) -> "Problem":
        """Apply a change of the leading axes to every array, without deriving anything anew."""
        result = object.__new__(Problem)
        for entry in fields(self):
            array = getattr(self, entry.name)
            trailing = array.shape[array.ndim - _CORE_AXES[entry.name] :]
            array = change(np.broadcast_to(array, self.ensemble + trailing))
            object.__setattr__(result, entry.name, array)
        return result

    def require_full_row_rank(self) -> Array:
        """Return σ_min(X), shape (...); a ValueError if X has not full row rank."""
        return full_row_rank(self.singular_values_x, self.d_x, "X")

    def floor(self, rank: int) -> Array:
        """Return the least loss of any map of rank at most `rank`: tr Σ_YY − Σ_{i≤rank} λ_i.

        Parameters
        ----------
        rank : int

        Returns
        -------
        (...) array
            Computed as residual + Σ_{i>rank} λ_i, which does not cancel.

        Examples
        --------
        >>> float(Problem(np.eye(2), np.diag([3.0, 1.0])).floor(1))
        1.0
        """
        return np.asarray(self.residual + self.eigenvalues[..., whole(rank, "rank") :].sum(axis=-1))


def inverse_root(root: Array) -> tuple[Array, Array]:
    """Invert A on the row space of X, in units of the inputs that make them alike.

    Parameters
    ----------
    root : (..., d_x, k) array
        A.

    Returns
    -------
    (..., k, d_x) array, (..., k, k) array
        G, and G A, the orthogonal projector on the row space of X: the identity if X has full row
        rank. Relative to its row, an entry of A of the order of rounding does not count.

    Examples
    --------
    >>> inverse, seen = inverse_root(np.diag([1e-8, 1e8]))
    >>> inverse
    array([[1.e+08, 0.e+00],
           [0.e+00, 1.e-08]])
    """
    unit = np.linalg.norm(root, axis=-1)
    unit = np.where(unit > 0, unit, 1.0)
    p, s, gt = np.linalg.svd(root / unit[..., None], full_matrices=False)
    kept = s > 64 * s.shape[-1] * np.finfo(np.float64).eps * s[..., :1]
    inverse = (gt.mT * np.where(kept, 1 / np.where(kept, s, 1.0), 0.0)[..., None, :]) @ p.mT
    return inverse / unit[..., None, :], (gt.mT * kept[..., None, :]) @ gt


def checked(problem: Problem) -> Problem:
    """Return the problem; a TypeError where something else stands in its place."""
    if not isinstance(problem, Problem):
        raise TypeError(
            f"problem is of type {type(problem).__name__}: make one of the data, Problem(X, Y)"
        )
    return problem


def fits(widths: Sequence[int], problem: Problem, name: str = "weights") -> Problem:
    """Return the problem, with the proof that a network of these widths can solve it."""
    d_x, d_y = checked(problem).d_x, problem.d_y
    if (widths[0], widths[-1]) != (d_x, d_y):
        raise ValueError(
            f"{name} have widths {tuple(widths)}, a map from R^{widths[0]} to R^{widths[-1]}, but "
            f"the problem maps R^{d_x} to R^{d_y}: use d_0 = {d_x} and d_N = {d_y}"
        )
    return problem
