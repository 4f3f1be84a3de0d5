"""Your own data: read them, see which assumptions of the theory they meet, mend what fails."""

import csv
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import ArrayLike

from lnn._arrays import signs
from lnn._checks import Array, finite_matrix, generator, leading_axes, non_negative, positive, whole
from lnn._record import Record
from lnn.landscape.low_rank import numerical_rank
from lnn.problem import Problem


@dataclass(frozen=True, eq=False, repr=False)
class Table(Record):
    """A table that was read: one column of X and of Y per sample.

    Attributes
    ----------
    X : (d_x, m) array
    Y : (d_y, m) array
    inputs : tuple of str
        What the rows of X are called.
    targets : tuple of str
        What the rows of Y are called. The row of a class is called "column=class".
    """

    X: Array
    Y: Array
    inputs: tuple[str, ...]
    targets: tuple[str, ...]


def read_csv(
    file: str | os.PathLike[str] | TextIO,
    targets: str | Sequence[str],
    *,
    inputs: Sequence[str] | None = None,
    classes: bool = False,
    delimiter: str = ",",
) -> Table:
    """Read a table with names in its first row and one sample in each further row.

    A target that holds text is a class: each of its values becomes a row of Y, with a 1 where a
    sample has this value and 0 elsewhere.

    Parameters
    ----------
    file : str, path or open text file
    targets : str or sequence of str
        Names of the columns that are to be predicted.
    inputs : sequence of str, optional
        Names of the columns to predict them from; by default all others.
    classes : bool
        Whether targets are classes even where they are written as numbers.
    delimiter : str
        What separates the columns.

    Returns
    -------
    Table

    Raises
    ------
    ValueError
        For a name that no column has, a row of another length, an input that is no finite number.

    Examples
    --------
    >>> import io
    >>> table = read_csv(io.StringIO("size,kind\\n1.5,cat\\n7,dog\\n2,cat"), "kind")
    >>> table.X
    array([[1.5, 7. , 2. ]])
    >>> table.targets, table.Y.tolist()
    (('kind=cat', 'kind=dog'), [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    """
    columns = _columns(file, delimiter)
    answers = _names(targets, "targets", columns)
    asked = [name for name in columns if name not in answers] if inputs is None else inputs
    questions = _names(asked, "inputs", columns)
    X = np.array([_numbers(name, columns[name]) for name in questions])
    rows: dict[str, Array] = {}
    for name in answers:
        cells = columns[name]
        if not classes and all(_number(cell) is not None for cell in cells):
            rows[name] = _numbers(name, cells)
        else:
            for value in sorted(set(cells)):
                rows[f"{name}={value}"] = np.array([float(cell == value) for cell in cells])
    return Table(X, np.array(list(rows.values())), questions, tuple(rows))


def _columns(file: str | os.PathLike[str] | TextIO, delimiter: str) -> dict[str, list[str]]:
    """Return the cells of each column by its name."""
    if isinstance(file, str | os.PathLike):
        with Path(file).open(newline="", encoding="utf-8-sig") as opened:
            return _columns(opened, delimiter)
    if not hasattr(file, "read"):
        raise TypeError(f"file is {file!r:.60}: give a path or an open text file")
    if not isinstance(delimiter, str) or len(delimiter) != 1:
        raise ValueError(f"delimiter is {delimiter!r}: give one character, such as ',' or ';'")
    table = [[cell.strip() for cell in row] for row in csv.reader(file, delimiter=delimiter) if row]
    if len(table) < 2:
        raise ValueError(f"file has {len(table)} rows: give names and at least one sample")
    names = table[0]
    if len(set(names)) < len(names) or len(names) < 2:
        raise ValueError(
            f"file begins with the names {names}: give at least two, all different "
            f"(separated by {delimiter!r}, or by what you give as delimiter)"
        )
    for number, row in enumerate(table[1:], start=1):
        if len(row) != len(names):
            raise ValueError(f"file: sample {number} has {len(row)} cells, not {len(names)}")
    return dict(zip(names, map(list, zip(*table[1:], strict=True)), strict=True))


def _names(
    wanted: str | Sequence[str], what: str, columns: dict[str, list[str]]
) -> tuple[str, ...]:
    if not isinstance(wanted, Iterable):
        raise TypeError(f"{what} are {wanted!r}: give names of columns")
    names = (wanted,) if isinstance(wanted, str) else tuple(wanted)
    for name in names:
        if name not in columns:
            raise ValueError(f"{what} name {name!r}, which is no column: {', '.join(columns)}")
    if not names or len(set(names)) < len(names):
        raise ValueError(f"{what} are {names}: name at least one column, each once")
    return names


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _numbers(name: str, cells: Sequence[str]) -> Array:
    values = [_number(cell) for cell in cells]
    for number, (cell, value) in enumerate(zip(cells, values, strict=True), start=1):
        if value is None or not np.isfinite(value):
            raise ValueError(
                f"column {name!r} holds {cell!r} in sample {number}, which is no finite number: "
                f"mend or drop the sample, or leave the column out of the inputs"
            )
    return np.array(values, dtype=np.float64)


@dataclass(frozen=True)
class Check:
    """One assumption, whether the data meet it, and what to do if not.

    Attributes
    ----------
    assumption : str
    met : bool
    found : str
        The numbers on which the verdict rests.
    remedy : str
    """

    assumption: str
    met: bool
    found: str
    remedy: str


@dataclass(frozen=True)
class Assumptions:
    """The assumptions of the second-order theory, checked on data.

    Attributes
    ----------
    checks : tuple of Check
    """

    checks: tuple[Check, ...]

    @property
    def met(self) -> bool:
        """Whether all of them are met."""
        return all(check.met for check in self.checks)

    def __str__(self) -> str:
        lines = []
        for check in self.checks:
            lines.append(f"{'yes' if check.met else 'NO '}  {check.assumption}: {check.found}")
            if not check.met:
                lines.append(f"     {check.remedy}")
        return "\n".join(lines)


def check_assumptions(X: ArrayLike, Y: ArrayLike, *, resolution: float = 1e-6) -> Assumptions:
    """Check what the classification of critical points and the step bounds assume.

    d_y ≤ d_x ≤ m; X of full row rank; Σ_YX of full rank d_y; distinct eigenvalues of Σ.

    Parameters
    ----------
    X : (d_x, m) array
        Inputs, one column per sample.
    Y : (d_y, m) array
        Targets.
    resolution : float
        Eigenvalues of Σ that differ by at most this fraction of the largest count as equal, and
        those at most this fraction as zero.

    Returns
    -------
    Assumptions
        Print it: it names the numbers, and a remedy for each assumption that fails.

    Raises
    ------
    ValueError
        If X and Y do not fit together or hold non-finite entries.

    References
    ----------
    achour2021, section 2; nguegnang2021, Theorem 2.4.

    Examples
    --------
    >>> X = np.array([[1.0, 0, 1, 2], [2, 0, 2, 4]])
    >>> print(check_assumptions(X, [[1.0, 2, 3, 4]]))
    yes  d_y <= d_x <= m: 1, 2, 4
    NO   X has full row rank: rank 1 of 2
         project X on 1 principal components: principal_components(X, 1)
    yes  Σ_YX has full rank: rank 1 of 1
    yes  distinct eigenvalues of Σ: a single one
    """
    problem = Problem(X, Y)
    positive(resolution, "resolution")
    if problem.ensemble:
        raise ValueError(
            f"X and Y form an ensemble {problem.ensemble}: check one problem at a time"
        )
    d_x, d_y, m = problem.d_x, problem.d_y, problem.X.shape[-1]
    rank = int(numerical_rank(problem.X))
    values = problem.eigenvalues / max(float(problem.eigenvalues[0]), np.finfo(float).tiny)
    seen = int(np.count_nonzero(values > resolution))
    gaps = -np.diff(values[:seen])
    closest = "a single one"
    if gaps.size:
        closest = f"least gap {np.round(gaps.min(), 9) + 0.0:.2g} of the largest"  # + 0.0: no "-0"
    return Assumptions(
        (
            Check(
                "d_y <= d_x <= m",
                d_y <= d_x <= m,
                f"{d_y}, {d_x}, {m}",
                "drop targets until d_y <= d_x, project X on fewer components, or add samples",
            ),
            Check(
                "X has full row rank",
                rank == d_x,
                f"rank {rank} of {d_x}",
                f"project X on {rank} principal components: principal_components(X, {rank})",
            ),
            Check(
                "Σ_YX has full rank",
                seen == d_y,
                f"rank {seen} of {d_y}",
                f"only {seen} directions of Y can be predicted: "
                f"drop dependent targets, such as one class of centred one-hot labels",
            ),
            Check(
                "distinct eigenvalues of Σ",
                bool((gaps > resolution).all()),
                closest,
                "equal modes have no order of their own: perturb or rescale the targets",
            ),
        )
    )


@dataclass(frozen=True, eq=False, repr=False)
class Components(Record):
    """Data in coordinates of their leading principal components.

    Attributes
    ----------
    scores : (count, m) array
        Orthonormal rows: the new X, with X Xᵀ = I.
    basis : (d_x, count) array
        basis @ scores is the projection of the old X. In each column the entry of largest modulus
        is positive, as in scikit-learn.
    explained : float
        Share of ‖X‖_F² that the projection keeps.
    """

    scores: Array
    basis: Array
    explained: float

    def apply(self, X: ArrayLike) -> Array:
        """Return the scores of further samples, (d_x, n) to (count, n)."""
        return np.asarray(np.linalg.pinv(self.basis) @ np.asarray(X, dtype=np.float64))


def principal_components(X: ArrayLike, count: int) -> Components:
    """Return X in whitened coordinates of its `count` leading left singular vectors.

    X is not centred: a network without biases sees the mean as one more direction. Centre X and Y
    first where that is not wanted.

    Parameters
    ----------
    X : (d_x, m) array
    count : int
        From 1 to the rank of X.

    Returns
    -------
    Components

    Raises
    ------
    ValueError
        If there are not so many components.

    Examples
    --------
    >>> X = np.array([[1.0, 0, 1, 2], [2, 0, 2, 4]])
    >>> parts = principal_components(X, 1)
    >>> bool(np.allclose(parts.basis @ parts.scores, X)), round(parts.explained, 12)
    (True, 1.0)
    """
    data = finite_matrix(X, "X")
    rank = int(numerical_rank(data))
    if not 1 <= whole(count, "count") <= rank:
        raise ValueError(f"count is {count}: X has rank {rank}, so give 1 to {rank} components")
    u, s, vt = np.linalg.svd(data, full_matrices=False)
    sign = signs(u)
    u, vt = u * sign, vt * sign[:, None]
    explained = float(np.sum(s[:count] ** 2) / np.sum(s**2))
    return Components(vt[:count], u[:, :count] * s[:count], explained)


def saddle_problem(rng: np.random.Generator, *, noise: float = 0.1, samples: int = 1000) -> Problem:
    """Draw the data of the report's section 4: Y = diag(5, 4, 3, 2, 1) X + noise.

    Parameters
    ----------
    rng : numpy.random.Generator
    noise : float
        Standard deviation of each entry of the noise. The report writes N(0, 0.1), which can
        mean the standard deviation 0.1 (default) or the variance 0.1 (``noise=0.1**0.5``).
    samples : int
        m.

    Returns
    -------
    Problem
        X is (5, m), standard normal.

    References
    ----------
    report2022, section 4.

    Examples
    --------
    >>> saddle_problem(np.random.default_rng(0)).least_squares.round().diagonal()
    array([5., 4., 3., 2., 1.])
    """
    m = whole(samples, "samples", least=1)
    sigma = non_negative(noise, "noise")
    X = generator(rng).standard_normal((5, m))
    Y = np.diag([5.0, 4.0, 3.0, 2.0, 1.0]) @ X + sigma * rng.standard_normal((5, m))
    return Problem(X, Y)


def step_problem(
    rng: np.random.Generator, *, size: tuple[int, ...] = (), noise: float = 0.1
) -> Problem:
    """Draw data of the report's section 5.4: Y = diag(1, 2, 3, 4, 5) X + noise, X of shape (5, 5).

    Parameters
    ----------
    rng : numpy.random.Generator
    size : tuple of int
        Leading axes: () for one problem, (1000,) for an ensemble of a thousand.
    noise : float
        Standard deviation of each entry of the noise.

    Returns
    -------
    Problem
        X is (*size, 5, 5), standard normal.

    References
    ----------
    report2022, section 5.4.

    Examples
    --------
    >>> step_problem(np.random.default_rng(0), size=(1000,)).ensemble
    (1000,)
    """
    sigma = non_negative(noise, "noise")
    size = leading_axes(size)
    X = generator(rng).standard_normal((*size, 5, 5))
    Y = np.diag([1.0, 2.0, 3.0, 4.0, 5.0]) @ X + sigma * rng.standard_normal((*size, 5, 5))
    return Problem(X, Y)
