"""One hidden layer with an activation: f(x) = W_2 σ(W_1 x), its loss, derivatives and descent.

The step from linear networks to non-linear ones, kept as small as it can be. Weights are again a
tuple (W_1, W_2), with W_1 of shape (..., h, d_x) and W_2 of shape (..., d_y, h), and the data again
a `Problem`. Biases of the hidden units are the last column of W_1 when the last row of X holds ones
(`with_ones`). The loss is L = ‖Y − W_2 σ(W_1 X)‖_F², without ½; unlike that of a linear network it
depends on all the samples and not on their covariances alone.

Where every unit is active on every sample, a ReLU network is the linear network with the same
weights. That makes the minimizers of the linear network local minimizers of the ReLU network, and
`active_radius` measures how far around them this holds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lnn._checks import (
    Array,
    Weights,
    chain,
    finite_matrix,
    generator,
    non_negative,
    positive,
    real,
    whole,
)
from lnn._record import Record
from lnn.descent.run import Run, Stop
from lnn.intervals import share_interval
from lnn.problem import Problem, checked, fits


@dataclass(frozen=True)
class Activation:
    """A componentwise, non-decreasing function σ with its first two derivatives.

    Attributes
    ----------
    name : str
    value : callable
        z to h = σ(z), array to array.
    slope : callable
        h to σ'(z). Written in h, it needs no second evaluation of σ.
    curvature : callable
        h to σ''(z), in the same way.
    """

    name: str
    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    curvature: Callable[[Array], Array]


RELU = Activation(
    "ReLU",
    value=lambda z: np.maximum(z, 0.0),
    slope=lambda h: (h > 0).astype(np.float64),
    curvature=np.zeros_like,
)
"""max(0, z). At the kink the slope is taken as 0, as deep-learning libraries do."""

TANH = Activation(
    "tanh",
    value=np.tanh,
    slope=lambda h: 1 - h**2,
    curvature=lambda h: -2 * h * (1 - h**2),
)
"""An analytic activation, of the kind that Nguyen and Hein's theorem asks for."""

IDENTITY = Activation("identity", value=np.copy, slope=np.ones_like, curvature=np.zeros_like)
"""σ(z) = z: the linear network with two layers, for comparison and for tests."""


@dataclass(frozen=True, eq=False, repr=False)
class SuccessRate(Record):
    """A share of successes with its 95 % Clopper–Pearson interval.

    Attributes
    ----------
    rate : (...) array
    low : (...) array
        Lower end of the interval.
    high : (...) array
        Upper end.
    """

    rate: Array
    low: Array
    high: Array


def success_rate(successes: ArrayLike) -> SuccessRate:
    """Return the share of successes along the last axis and its exact binomial interval.

    Parameters
    ----------
    successes : (..., trials) array of bool

    Returns
    -------
    SuccessRate
        The interval covers the true rate with a probability of at least 95 %.

    Examples
    --------
    >>> share = success_rate([True] * 8 + [False] * 2)
    >>> float(share.rate), float(share.low.round(3)), float(share.high.round(3))
    (0.8, 0.444, 0.975)
    """
    hits = np.atleast_1d(real(successes, "successes") != 0)
    n = whole(hits.shape[-1], "the number of trials", least=1)
    k = hits.sum(axis=-1)
    low, high = np.array([share_interval(int(hit), n) for hit in k.ravel()]).T
    return SuccessRate(np.asarray(k / n), low.reshape(k.shape), high.reshape(k.shape))


def with_ones(X: ArrayLike) -> Array:
    """Append a row of ones to X, so that the last column of W_1 holds the biases.

    Parameters
    ----------
    X : (..., d, m) array

    Returns
    -------
    (..., d + 1, m) array

    Examples
    --------
    >>> with_ones([[2.0, 3.0]])
    array([[2., 3.],
           [1., 1.]])
    """
    x = finite_matrix(X, "X")
    return np.concatenate([x, np.ones((*x.shape[:-2], 1, x.shape[-1]))], axis=-2)


def hinge_problem() -> Problem:
    """Return five samples of a hinge, y = 1 + max(0, x − 2) at x = 0, ..., 4, with a row of ones.

    Two hidden ReLUs fit it exactly. The best straight line, 0.6 + 0.5 x, leaves a loss of 0.7.

    Returns
    -------
    Problem
        X is (2, 5), Y is (1, 5).

    Examples
    --------
    >>> float(hinge_problem().residual.round(12))
    0.7
    """
    x = np.arange(5.0)
    return Problem(with_ones(x[None, :]), 1 + np.maximum(0, x[None, :] - 2))


def _checked(weights: Sequence[ArrayLike], problem: Problem) -> tuple[Array, Array]:
    layers, widths = _two_layers(weights)
    fits(widths, problem)
    return layers


def _two_layers(weights: Sequence[ArrayLike]) -> tuple[tuple[Array, Array], tuple[int, ...]]:
    matrices, widths = chain(weights)
    if len(matrices) != 2:
        raise ValueError(
            f"weights have {len(matrices)} layers: this module treats one hidden layer, (W_1, W_2)"
        )
    return (matrices[0], matrices[1]), widths


def _inputs(X: ArrayLike, d_x: int) -> Array:
    x = finite_matrix(X, "X")
    if x.shape[-2] != d_x:
        raise ValueError(
            f"X has {x.shape[-2]} rows (shape {x.shape}), but weights take {d_x} inputs: give one "
            f"column a sample"
        )
    return x


def outputs(weights: Sequence[ArrayLike], X: ArrayLike, activation: Activation = RELU) -> Array:
    """Return W_2 σ(W_1 X).

    Parameters
    ----------
    weights : tuple of (..., h, d_x) and (..., d_y, h) arrays
    X : (..., d_x, m) array
    activation : Activation

    Returns
    -------
    (..., d_y, m) array

    Examples
    --------
    >>> outputs((np.array([[1.0], [-1.0]]), np.array([[1.0, 1.0]])), [[-2.0, 3.0]])  # |x|
    array([[2., 3.]])
    """
    (first, second), widths = _two_layers(weights)
    return np.asarray(second @ activation.value(first @ _inputs(X, widths[0])))


def loss(weights: Sequence[ArrayLike], problem: Problem, activation: Activation = RELU) -> Array:
    """Return L = ‖Y − W_2 σ(W_1 X)‖_F². No ½, no mean over samples.

    Parameters
    ----------
    weights : tuple of (..., h, d_x) and (..., d_y, h) arrays
    problem : Problem
    activation : Activation

    Returns
    -------
    (...) array

    Raises
    ------
    ValueError
        If there are not two layers, or the shapes do not fit.

    Examples
    --------
    All units dead: the network is 0 and the loss is ‖Y‖_F².

    >>> problem = hinge_problem()
    >>> dead = (np.array([[0.0, -1.0], [0.0, -1.0]]), np.ones((1, 2)))
    >>> float(loss(dead, problem)), float(np.sum(problem.Y**2))
    (16.0, 16.0)
    """
    matrices = _checked(weights, problem)
    misfit = outputs(matrices, problem.X, activation) - problem.Y
    return np.asarray(np.sum(misfit**2, axis=(-2, -1)))


def gradient(
    weights: Sequence[ArrayLike],
    problem: Problem,
    activation: Activation = RELU,
    *,
    counts: ArrayLike = 1.0,
) -> Weights:
    """Return the gradient of Σ_i c_i ‖y_i − f(x_i)‖² in both layers.

    With R = (W_2 H − Y) diag(c), H = σ(W_1 X) and S = σ'(W_1 X),

        ∇_{W_2} L = 2 R Hᵀ,    ∇_{W_1} L = 2 (S ∘ W_2ᵀ R) Xᵀ.

    Parameters
    ----------
    weights : tuple of (..., h, d_x) and (..., d_y, h) arrays
    problem : Problem
    activation : Activation
    counts : (..., m) array or float
        c_i: how often each sample counts; 1 for the full loss.

    Returns
    -------
    tuple of (..., h, d_x) and (..., d_y, h) arrays

    Raises
    ------
    ValueError
        If there are not two layers, or the shapes do not fit.

    Examples
    --------
    L = (3 − max(0, w))² at w = 1, and where the unit is dead.

    >>> problem = Problem([[1.0]], [[3.0]])
    >>> gradient((np.array([[1.0]]), np.array([[1.0]])), problem)
    (array([[-4.]]), array([[-4.]]))
    >>> float(np.abs(gradient((np.array([[-1.0]]), np.array([[1.0]])), problem)).sum())
    0.0
    """
    first, second = _checked(weights, problem)
    return _gradient(first, second, problem.X, problem.Y, real(counts, "counts"), activation)


def _gradient(
    first: Array, second: Array, X: Array, Y: Array, counts: Array, activation: Activation
) -> Weights:
    h = activation.value(_times(first, X))
    error = 2 * (second @ h - Y)
    if counts.ndim:
        error = error * counts[..., None, :]
    elif counts != 1:
        error = error * counts
    return _times(activation.slope(h) * (second.mT @ error), X.mT), error @ h.mT


def _times(stack: Array, matrix: Array) -> Array:
    """Return stack @ matrix: as one product, several times faster, where the matrix is single."""
    if matrix.ndim > 2 or stack.ndim == 2:
        return np.asarray(stack @ matrix)
    product = stack.reshape(-1, stack.shape[-1]) @ matrix
    return product.reshape(*stack.shape[:-1], matrix.shape[-1])


def hessian(weights: Sequence[ArrayLike], problem: Problem, activation: Activation = RELU) -> Array:
    """Return the Hessian of L in closed form; for ReLU, wherever no unit sits on its kink.

    With J the Jacobian of the outputs and r = f − y their errors, ∇²L = 2 JᵀJ + 2 Σ r ∇²f.

    Parameters
    ----------
    weights : tuple of (h, d_x) and (d_y, h) arrays
        A single network.
    problem : Problem
    activation : Activation

    Returns
    -------
    (n, n) array
        Parameters ordered as by `lnn.flatten`: W_1, then W_2, each raveled in C order.

    Raises
    ------
    ValueError
        If there are not two layers, or the shapes do not fit.

    Examples
    --------
    L = (1 − w₂ w₁)² at 0, where the linear network has its saddle.

    >>> zero = np.zeros((1, 1))
    >>> hessian((zero, zero), Problem([[1.0]], [[1.0]]), IDENTITY)
    array([[ 0., -2.],
           [-2.,  0.]])
    """
    first, second = _checked(weights, problem)
    x, (units, d_x), d_y = problem.X, first.shape, second.shape[0]
    h = activation.value(first @ x)
    s = activation.slope(h)
    error = second @ h - problem.Y
    eye = np.eye(d_y)
    # ∂f[o,i]/∂W_1[k,c] = W_2[o,k] σ'(z[k,i]) x[c,i] and ∂f[o,i]/∂W_2[p,k] = 1[o=p] h[k,i].
    by_first = np.einsum("ok,ki,ci->oikc", second, s, x).reshape(-1, units * d_x)
    by_second = np.einsum("op,ki->oipk", eye, h).reshape(-1, d_y * units)
    jacobian = np.concatenate([by_first, by_second], axis=1)
    result = 2 * jacobian.T @ jacobian
    n = units * d_x
    bend = (second.T @ error) * activation.curvature(h)
    blocks = np.einsum("ki,ci,di,kl->kcld", bend, x, x, np.eye(units)).reshape(n, n)
    cross = np.einsum("oi,ki,ci,kl->kcol", error, s, x, np.eye(units)).reshape(n, d_y * units)
    result[:n, :n] += 2 * blocks
    result[:n, n:] += 2 * cross
    result[n:, :n] += 2 * cross.T
    return np.asarray(result)


def active_radius(weights: Sequence[ArrayLike], X: ArrayLike) -> Array:
    """Return how far W_1 can move, in Frobenius norm, with all units active on all samples.

    It is min over units k and samples i of (W_1 x_i)_k / ‖x_i‖. Within this distance a ReLU network
    is the linear network W_2 W_1; a negative value says that some unit is inactive somewhere.

    Parameters
    ----------
    weights : tuple of (..., h, d_x) and (..., d_y, h) arrays
    X : (..., d_x, m) array

    Returns
    -------
    (...) array

    Examples
    --------
    >>> float(active_radius((np.array([[3.0]]), np.array([[1.0]])), [[1.0, 2.0]]))
    3.0
    """
    (first, _), widths = _two_layers(weights)
    x = _inputs(X, widths[0])
    distance = (first @ x) / np.linalg.norm(x, axis=-2, keepdims=True)
    return np.asarray(distance.min(axis=(-2, -1)))


def linear_minimum(problem: Problem, units: int, *, margin: float = 1.0) -> Weights:
    """Return a ReLU network that computes the least-squares map with every unit always active.

    The last row of X must hold ones. Output o is the difference of two kinds of units,
    (T x)_o = σ((T x)_o + s) − σ(s): d_y units carry the map and a last one takes the shift s back;
    further units repeat the last with output weight 0.

    Parameters
    ----------
    problem : Problem
    units : int
        h, at least d_y + 1.
    margin : float
        The least activity of a unit on a sample; s is as small as this allows.

    Returns
    -------
    tuple of (h, d_x) and (d_y, h) arrays
        A local minimizer: within `active_radius` the loss is that of a linear network.

    Raises
    ------
    ValueError
        If X has no row of ones, there are too few units, or the margin is not positive.

    References
    ----------
    christof2020, for spurious minima of conic schemes that contain linear ones.

    Examples
    --------
    >>> problem = hinge_problem()
    >>> spurious = linear_minimum(problem, units=2)
    >>> float(loss(spurious, problem).round(12)), float(active_radius(spurious, problem.X)) > 0
    (0.7, True)
    """
    if not np.all(checked(problem).X[..., -1, :] == 1):
        raise ValueError("the last row of problem.X must be ones, for the biases: use with_ones(X)")
    d_y = problem.d_y
    if whole(units, "units") < d_y + 1:
        raise ValueError(f"units is {units}: give at least d_y + 1 = {d_y + 1}")
    gap = float(positive(margin, "margin"))
    fitted = problem.least_squares @ problem.X
    shift = max(gap, gap - float(fitted.min()))
    first = np.zeros((units, problem.d_x))
    first[:, -1] = shift
    first[:d_y] += problem.least_squares
    second = np.zeros((d_y, units))
    second[:, :d_y] = np.eye(d_y)
    second[:, d_y] = -1.0
    return first, second


def descend(
    weights: Sequence[ArrayLike],
    problem: Problem,
    step_size: ArrayLike,
    steps: int,
    *,
    activation: Activation = RELU,
    rng: np.random.Generator | None = None,
    batch: int | None = None,
    noise: ArrayLike = 0.0,
    quiet: int = 0,
    record_every: int = 1,
) -> Run:
    """Run gradient descent on both layers: full-batch, on random batches, or with added noise.

    A step is W ← W − η (g + noise ξ), with g the gradient, or m/b times the gradient of b samples
    drawn with replacement, and ξ standard normal.

    Parameters
    ----------
    weights : tuple of (..., h, d_x) and (..., d_y, h) arrays
        Where to start; leading axes are the ensemble.
    problem : Problem
        A single problem.
    step_size : (...) array or float
        η > 0.
    steps : int
    activation : Activation
    rng : numpy.random.Generator, optional
        Needed with `batch` or `noise`.
    batch : int, optional
        b; the whole data unless given.
    noise : (...) array or float
        Standard deviation of the noise added to each entry of the gradient.
    quiet : int
        The last so many steps are full-batch and without noise, so that what is reached can be told
        from how far it is shaken.
    record_every : int

    Returns
    -------
    Run
        As from `lnn.descend`; a member whose loss is not finite counts as diverged.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is out of range, or randomness is asked for without `rng`.

    Examples
    --------
    >>> run = descend((np.array([[1.0]]), np.array([[1.0]])), Problem([[1.0]], [[3.0]]), 0.05, 100)
    >>> float(run.losses[-1].round(6)), run.stop.name
    (0.0, 'STEPS')
    """
    first, second = _checked(weights, problem)
    if problem.ensemble:
        raise ValueError(f"problem is an ensemble {problem.ensemble}: give a single problem")
    eta, sigma = positive(step_size, "step_size"), non_negative(noise, "noise")
    steps, every = whole(steps, "steps"), whole(record_every, "record_every", least=1)
    loud = steps - whole(quiet, "quiet")
    samples = problem.X.shape[-1]
    size = samples if batch is None else whole(batch, "batch", least=1)
    if rng is not None:
        generator(rng)
    random = batch is not None or bool(np.any(sigma > 0))
    if random and rng is None:
        raise ValueError("rng is None: give a numpy.random.Generator for batches or noise")
    ensemble = np.broadcast_shapes(first.shape[:-2], second.shape[:-2], eta.shape, sigma.shape)
    state = [np.broadcast_to(w, ensemble + w.shape[-2:]).copy() for w in (first, second)]
    rate, jitter = (a[..., None, None] for a in np.broadcast_arrays(eta, sigma))
    recorded = np.unique(np.append(np.arange(0, steps, every), steps))
    losses = np.empty((*ensemble, recorded.size))
    everything, even = np.ones(()), np.full(samples, 1 / samples)
    position = {int(step): k for k, step in enumerate(recorded)}
    with np.errstate(all="ignore"):
        for step in range(steps + 1):
            if step in position:
                losses[..., position[step]] = loss(state, problem, activation)
            if step == steps:
                break
            counts = everything
            if batch is not None and step < loud:
                assert rng is not None
                counts = rng.multinomial(size, even, size=ensemble) * (samples / size)
            slopes = _gradient(state[0], state[1], problem.X, problem.Y, counts, activation)
            for w, slope in zip(state, slopes, strict=True):
                w -= rate * slope
                if step < loud and jitter.any():
                    assert rng is not None
                    w -= rate * jitter * rng.standard_normal(w.shape)
    losses[~np.isfinite(losses)] = np.inf
    stop = np.where(np.isinf(losses[..., -1]), Stop.DIVERGED, Stop.STEPS)
    single = ensemble == ()
    return Run(
        weights=(state[0], state[1]),
        losses=losses,
        recorded=recorded,
        stop=Stop(int(stop)) if single else stop,
        steps=steps if single else np.full(ensemble, steps),
        step_size=np.broadcast_to(eta, ensemble),
    )
