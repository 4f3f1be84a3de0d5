"""The plain engine of descent: stacked NumPy matrix products. It works everywhere."""

import numpy as np

from lnn._checks import Array, Weights
from lnn.descent._engines.records import Records
from lnn.network import flatten
from lnn.objective import unchecked_gradient


class Stack:
    """Networks under gradient descent, one flat axis of members.

    Parameters, attributes and methods are those of `lnn.descent._engines.compiled.Ensemble`.
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
        self.weights = tuple(w.copy() for w in weights)
        self._cov_xx, self._least_squares, self._residual = cov_xx, least_squares, residual
        self._rate = step_size[:, None, None]
        self._ceiling, self._tolerance = ceiling, tolerance

    def advance(self, steps: int, every: int = 1) -> Records:
        """Take steps; a member that stops at a record keeps its weights ever after."""
        losses, squared_norms = [], []
        going = np.ones(len(self._rate), dtype=bool)
        slopes = self._slopes()
        for step in range(steps + 1):
            if step % every == 0 or step == steps:
                losses.append(self._loss())
                squared_norms.append((flatten(slopes) ** 2).sum(axis=-1))
                going &= np.abs(losses[-1]) <= self._ceiling  # false for nan, too
                going &= squared_norms[-1] > self._tolerance**2
            if step < steps:
                self._step(slopes, going)
                slopes = self._slopes()
        return Records(np.array(losses), np.array(squared_norms))

    def _slopes(self) -> Weights:
        return unchecked_gradient(self.weights, self._cov_xx, self._least_squares)

    def _step(self, slopes: Weights, going: np.ndarray) -> None:
        stay = None if going.all() else ~going
        for w, slope in zip(self.weights, slopes, strict=True):
            move = self._rate * slope
            if stay is not None:
                move[stay] = 0.0
            w -= move

    def _loss(self) -> Array:
        product = self.weights[0]
        for w in self.weights[1:]:
            product = w @ product
        off = product - self._least_squares
        return np.asarray(self._residual + ((off @ self._cov_xx) * off).sum(axis=(-2, -1)))
