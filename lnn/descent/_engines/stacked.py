"""The plain engine of descent: stacked NumPy matrix products. It works everywhere.

What a step costs beside its matrix products is kept small. All arrays are made once. The weights of
a network lie one after the other in one row, and so do its moves: a step of all layers is one
difference. The step size is multiplied into the error, which is the smallest of the factors. And
whether a network stops at a record is looked at for many records together.
"""

from collections.abc import Callable

import numpy as np

from lnn._checks import Array, Weights
from lnn.descent._engines.records import Records


class Stack:
    """Networks under gradient descent, one flat axis of members.

    Parameters, attributes and `advance` are those of `lnn.descent._engines.compiled.Ensemble`; here
    all arrays have the leading axis.
    """

    def __init__(
        self,
        weights: Weights,
        cov_xx: Array,
        least_squares: Array,
        residual: Array,
        step_size: Array,
        ceiling: Array | float = np.inf,
        tolerance: float = 0.0,
    ) -> None:
        members, d_x = len(step_size), cov_xx.shape[-1]
        self._cov_xx, self._least_squares, self._residual = cov_xx, least_squares, residual
        # Where a move is so small that its square would be 0, the step size is multiplied in late.
        small = step_size < 1e-60
        early, late = np.where(small, 1.0, step_size), np.where(small, step_size, 1.0)
        self._unit, self._rate = early, 2 * early[:, None, None]
        self._late = late[:, None] if small.any() else None
        self._ceiling, self._least_norm = ceiling, tolerance**2
        self._going = np.ones(members, dtype=bool)

        shapes = [w.shape[-2:] for w in weights]
        self._flat, self.weights = _rows(members, shapes)
        for mine, given in zip(self.weights, weights, strict=True):
            mine[:] = given
        self._move, moves = _rows(members, shapes)
        # Q_{j+1} = W_j ... W_1, and B_j, which is what the error becomes on its way back.
        wide = [np.empty((members, rows, d_x)) for rows, _ in shapes]
        self._products = [self.weights[0], *wide[1:]]
        self._off = wide[0] if len(weights) == 1 else wide[-1]
        backs = [moves[0], *(np.empty_like(a) for a in wide[1:])]
        self._error = backs[-1]
        self._loss_factors = [a.reshape(members, -1) for a in (self._off, self._error)]
        self._dot: Callable[..., object] = np.vecdot if self._flat.shape[1] < _LONG else _dot
        self._forward = [
            (self.weights[j], self._products[j - 1], self._products[j])
            for j in range(1, len(weights))
        ]
        self._backward = []
        for j in range(len(weights) - 1, 0, -1):
            self._backward.append((backs[j], self._products[j - 1].mT, moves[j]))
            self._backward.append((self.weights[j].mT, backs[j], backs[j - 1]))

    def advance(self, steps: int, every: int = 1) -> Records:
        """Take steps; a member that stops at a record keeps its weights ever after."""
        count = -(-steps // every) + 1
        records = Records(*(np.empty((count, len(self._flat))) for _ in range(2)))
        row, careful = 0, not self._going.all()
        while row < count:
            rows = range(row, min(row + _AT_A_TIME, count))
            before = self._flat.copy()
            self._run(rows, steps, every, records, careful)
            if careful or self._go_on(records, slice(row, rows.stop)).all():
                row = rows.stop
            else:
                self._flat[:] = before  # again, and from now on with a look at every record
                careful = True
        return records

    def _run(self, rows: range, steps: int, every: int, records: Records, careful: bool) -> None:
        """Make these records, each before its step, and take the steps up to the next."""
        some = slice(rows.start, rows.stop)
        losses, norms = records.losses[some], records.squared_norms[some]
        for row, loss, norm in zip(rows, losses, norms, strict=True):
            self._evaluate(loss, norm)
            if careful:
                self._going &= self._go_on(records, row)
            for step in range(min(every, steps - row * every)):
                if step:
                    self._evaluate()
                if self._late is not None:
                    self._move *= self._late
                if careful and not self._going.all():  # inf or nan times a rate of 0 is no 0
                    moving = self._going[:, None]
                    np.subtract(self._flat, self._move, out=self._flat, where=moving)
                else:
                    self._flat -= self._move

    def _evaluate(self, loss: Array | None = None, norm: Array | None = None) -> None:
        """Make the moves of a step; on the way, the loss without the residual, and their norm.

        With B_N = (W − T) Σ and B_{j−1} = W_jᵀ B_j, the gradient in W_j is 2 B_j Q_jᵀ.
        """
        for left, right, out in self._forward:
            np.matmul(left, right, out=out)
        np.subtract(self._products[-1], self._least_squares, out=self._off)
        np.matmul(self._off, self._cov_xx, out=self._error)
        if loss is not None:
            self._dot(*self._loss_factors, loss)
        self._error *= self._rate
        for left, right, out in self._backward:
            np.matmul(left, right, out=out)
        if norm is not None:
            self._dot(self._move, self._move, norm)

    def _go_on(self, records: Records, rows: int | slice) -> np.ndarray:
        """Complete some records, and tell who goes on after them."""
        losses, norms = records.losses[rows], records.squared_norms[rows]
        losses += self._residual
        for _ in range(2):  # not by the square, which might underflow
            norms /= self._unit
        return (np.abs(losses) <= self._ceiling) & (norms > self._least_norm)  # nobody who is nan


_AT_A_TIME = 64  # records: whether a network has stopped is looked at for all of them at once
_LONG = 8192  # numbers: BLAS splits longer sums among threads


def _dot(left: Array, right: Array, out: Array) -> None:
    """Put the inner product of each row of two long matrices into `out`, whatever the threads."""
    np.einsum("np,np->n", left, right, out=out)


def _rows(members: int, shapes: list[tuple[int, ...]]) -> tuple[Array, Weights]:
    """Return a row of numbers a member, and the views of its parts as matrices of these shapes."""
    sizes = [rows * columns for rows, columns in shapes]
    flat = np.empty((members, sum(sizes)))
    parts = np.split(flat, np.cumsum(sizes)[:-1], axis=1)
    return flat, tuple(
        part.reshape(members, *shape) for part, shape in zip(parts, shapes, strict=True)
    )
