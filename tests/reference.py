"""Slow, obvious references: every formula from its definition, on the data, one entry at a time.

None of this calls `lnn`, so that an error there cannot hide here.
"""

import itertools

import numpy as np


def loss(weights, X, Y):
    """‖Y − W_N ... W_1 X‖_F², sample by sample."""
    total = 0.0
    for x, y in zip(X.T, Y.T, strict=True):
        for w in weights:
            x = w @ x
        total += sum((a - b) ** 2 for a, b in zip(y, x, strict=True))
    return total


def _entries(weights):
    for layer, w in enumerate(weights):
        for index in itertools.product(*(range(k) for k in w.shape)):
            yield layer, index


def _moved(weights, moves):
    moved = [
        w.astype(complex) if any(isinstance(m[2], complex) for m in moves) else w.copy()
        for w in weights
    ]
    for layer, index, amount in moves:
        moved[layer][index] += amount
    return moved


def _analytic_loss(weights, X, Y):
    """The loss as a polynomial of the weights, without complex conjugation."""
    product = weights[0]
    for w in weights[1:]:
        product = w @ product
    return np.sum((Y - product @ X) ** 2)


def gradient(weights, X, Y):
    """Complex step: Im L(w + ih) / h, exact to rounding since L is a polynomial."""
    h = 1e-30
    result = [np.zeros_like(w) for w in weights]
    for layer, index in _entries(weights):
        result[layer][index] = (
            _analytic_loss(_moved(weights, [(layer, index, h * 1j)]), X, Y).imag / h
        )
    return tuple(result)


def hessian(weights, X, Y):
    """Central differences of the complex-step gradient, in the order W_1, W_2, ..., C order."""
    h = 1e-4
    columns = []
    for layer, index in _entries(weights):
        up = gradient(_moved(weights, [(layer, index, h)]), X, Y)
        down = gradient(_moved(weights, [(layer, index, -h)]), X, Y)
        columns.append(
            np.concatenate([(a - b).ravel() / (2 * h) for a, b in zip(up, down, strict=True)])
        )
    return np.array(columns)


def descend(weights, X, Y, step_size, steps):
    """Gradient descent on the reference gradient."""
    weights = [w.copy() for w in weights]
    for _ in range(steps):
        for w, slope in zip(weights, gradient(weights, X, Y), strict=True):
            w -= step_size * slope
    return tuple(weights)
