"""The optional compiled engine: many steps of gradient descent for many small networks.

A step of one 5-5-5-5 network is 2000 flops, of which NumPy's overhead costs many times more. Here
the networks of an ensemble are dealt into blocks of a few lanes, one network a lane; each scalar
operation of the algorithm is one vector instruction for all the lanes, and a block takes all its
steps while its weights stay in the first-level cache.

The code for one tuple of widths is written by `_kernel`, compiled in a tenth of a second and kept.
This needs llvmlite, imported only when the engine is used. The NumPy engine in
`lnn.descent._engines.stacked` does the same arithmetic; the two agree to rounding.
"""

import functools
import operator
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from lnn._checks import Array, Weights
from lnn.descent._engines.records import Records

if TYPE_CHECKING:
    from lnn.descent._engines.simd import (
        Address,
        Index,
        Integer,
        Mask,
        Matrix,
        Put,
        Vector,
        Writer,
    )

LANES = 8  # networks a block, a cache line; one, two or four vectors of the processor
SETTINGS = 4  # numbers a network: 2 * step size, residual, ceiling, tolerance ** 2 / 4
FLOPS_A_THREAD = 1e7  # less work than this is not worth a thread


class Ensemble:
    """Networks of equal widths under gradient descent, in the layout of the compiled code.

    With T the least-squares map and Σ = X Xᵀ, the loss is residual + <(W - T) Σ, W - T> and its
    gradient in W_j is 2 P_jᵀ (W - T) Σ Q_jᵀ, where P_j = W_N ... W_{j+1}, Q_j = W_{j-1} ... W_1.

    Parameters
    ----------
    weights : tuple of (..., d_j, d_{j-1}) arrays
        Copied. All arguments broadcast over their leading axes.
    cov_xx : (..., d_0, d_0) array
        Σ, symmetric.
    least_squares : (..., d_N, d_0) array
        T.
    residual, step_size : (...) array
    ceiling : (...) array
        A network stops where its recorded loss exceeds this or is nan. Overflow can give either
        sign, so the absolute value counts.
    tolerance : float
        A network stops where the norm of its recorded gradient is at most this.

    Examples
    --------
    >>> ensemble = Ensemble((np.array([[3.0]]),), np.eye(1), np.eye(1), 0.0, 0.25)
    >>> ensemble.advance(2).losses  # the distance to 1 halves at every step
    array([4.  , 1.  , 0.25])
    >>> ensemble.weights
    (array([[1.5]]),)
    """

    def __init__(
        self,
        weights: Weights,
        cov_xx: Array,
        least_squares: Array,
        residual: Array | float,
        step_size: Array | float,
        ceiling: Array | float = np.inf,
        tolerance: float = 0.0,
    ) -> None:
        data: tuple[Array, ...] = (least_squares, cov_xx)
        settings = (2.0 * np.asarray(step_size), residual, ceiling, tolerance**2 / 4)
        stacks = [a.shape[:-2] for a in (*weights, *data)]
        self.shape = np.broadcast_shapes(*stacks, *(np.shape(a) for a in settings))
        self._layers = [w.shape[-2:] for w in weights]
        self._kernel = _kernel((weights[0].shape[-1], *(w.shape[-2] for w in weights)))
        shared = all(a.size == a.shape[-2] * a.shape[-1] for a in data)
        if shared:
            data = tuple(a.reshape(a.shape[-2:]) for a in data)
        self._weights = _pack(weights, self.shape)
        self._data = _pack(data, () if shared else self.shape)
        self._settings = _pack([np.asarray(a)[..., None, None] for a in settings], self.shape)

    @property
    def weights(self) -> Weights:
        """The weights now, a tuple of (..., d_j, d_{j-1}) arrays."""
        flat = self._unpack(self._weights.swapaxes(0, 1).copy())
        ends = np.cumsum([rows * columns for rows, columns in self._layers])
        return tuple(
            part.T.reshape(*self.shape, *layer)
            for part, layer in zip(np.split(flat, ends[:-1]), self._layers, strict=True)
        )

    def advance(self, steps: int, every: int = 1, threads: int | None = None) -> Records:
        """Take steps.

        Parameters
        ----------
        steps : int
        every : int
            Records are made before the steps 0, every, 2 every, ... and after the last. A network
            that stops at one of them keeps its weights, its loss and its gradient ever after.
        threads : int, optional
            By default OMP_NUM_THREADS, which joblib and Dask set in their workers; where it is not
            set, the number of cores this process may use.

        Returns
        -------
        Records
            ceil(steps / every) + 1 of them.
        """
        blocks, records = len(self._weights), -(-steps // every) + 1
        losses, norms = (_aligned((records, blocks, LANES)) for _ in range(2))
        data_stride = self._data.shape[1] if len(self._data) == blocks else 0

        def run(first: int, last: int) -> None:
            scratch = _aligned((self._kernel.scratch, LANES))
            arrays = (self._weights, self._data, self._settings, losses, norms, scratch)
            addresses = (a.ctypes.data for a in arrays)
            self._kernel.call(first, last, blocks, steps, every, data_stride, *addresses)

        work = self._kernel.flops * LANES * blocks * (steps + 1)
        threads = max(1, min(threads or _cores(), blocks, int(work / FLOPS_A_THREAD)))
        if threads == 1:
            run(0, blocks)
        else:  # the call releases the interpreter's lock; no thread outlives it, so forks are safe
            ends = [blocks * n // threads for n in range(threads + 1)]
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(run, ends[:-1], ends[1:]))
        with np.errstate(over="ignore"):
            norms *= 4
        return Records(*(self._unpack(a).reshape(records, *self.shape) for a in (losses, norms)))

    def _unpack(self, packed: Array) -> Array:
        """Turn (entries, blocks, lanes) into (entries, networks)."""
        return packed.reshape(len(packed), -1)[:, : int(np.prod(self.shape))]


def _cores() -> int:
    """Return how many threads this process should use."""
    if limit := os.environ.get("OMP_NUM_THREADS"):
        return int(limit.split(",")[0])
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _aligned(shape: tuple[int, ...]) -> Array:
    """Return an empty array that starts on a cache line, as the code's vectors need."""
    size = int(np.prod(shape))
    buffer = np.empty(size + 7)
    start = -buffer.ctypes.data % 64 // 8
    return buffer[start : start + size].reshape(shape)


def _pack(matrices: Sequence[Array], shape: tuple[int, ...]) -> Array:
    """Lay matrices out as (blocks, entries, lanes); the last network fills the last block up."""
    networks = int(np.prod(shape))
    flat = np.concatenate(
        [np.broadcast_to(m, shape + m.shape[-2:]).reshape(networks, -1) for m in matrices], axis=1
    )
    blocks = -(-networks // LANES)
    filled = flat[np.minimum(np.arange(blocks * LANES), networks - 1)]
    packed = _aligned((blocks, flat.shape[1], LANES))
    packed[:] = filled.reshape(blocks, LANES, -1).swapaxes(1, 2)
    return packed


@dataclass(frozen=True)
class _Kernel:
    """The compiled code for one tuple of widths."""

    call: Callable[..., None]
    scratch: int  # vectors of scratch memory a thread
    flops: int  # a network and step


@functools.cache
def _kernel(widths: tuple[int, ...]) -> _Kernel:
    """Write and compile gradient descent for networks of these widths."""
    from lnn.descent._engines.simd import Writer, machine_code

    d_x, d_y = widths[0], widths[-1]
    shapes = list(zip(widths[1:], widths[:-1], strict=True))
    entries = sum(rows * columns for rows, columns in shapes)

    w = Writer("descend", integers=6, addresses=6, lanes=LANES)
    first, last, blocks, steps, every, data_stride = w.integers
    strides: tuple[Index, ...] = (entries, data_stride, SETTINGS, 1, 1, 0)

    def block(offset: "Integer") -> None:
        n = first + offset
        starts = [a + n * stride for a, stride in zip(w.addresses, strides, strict=True)]
        weights, data, settings, losses, norms, scratch = starts
        layers, _ = w.matrices(weights, shapes)
        (target, cov_xx), _ = w.matrices(data, [(d_y, d_x), (d_x, d_x)])
        slopes, spare = w.matrices(scratch, shapes)
        rate, residual, ceiling, least_norm = (settings + k for k in range(SETTINGS))

        def step(i: "Integer") -> None:
            loss = residual.read() + _evaluate(w, layers, target, cov_xx, slopes, spare)
            record = (i + (every - 1)) // every
            is_last = i.equals(steps)
            with w.when(is_last | (record * every).equals(i)):
                norm = reduce(operator.add, [w.inner(slope, slope) for slope in slopes])
                (losses + record * blocks).write(loss)
                (norms + record * blocks).write(norm)
                most = ceiling.read()
                goes_on = (loss <= most) & (-most <= loss) & (norm > least_norm.read())
                rate.write(goes_on.choose(rate.read(), w.zero))
            with w.when(~is_last):
                speed = rate.read()
                moving = speed.mask()  # inf or nan times a rate of 0 would be no 0
                for layer, slope in zip(layers, slopes, strict=True):
                    _descend(w, layer, slope, speed, moving)

        w.loop(steps + 1, step)

    w.loop(last - first, block)
    w.build.ret_void()
    products = 2 * d_x * (d_y * d_x + 3 * (entries - widths[1] * d_x))
    return _Kernel(
        call=machine_code(w),
        scratch=entries + 2 * d_x * (sum(widths[1:]) + d_y),
        flops=products + 2 * entries + 2 * d_y * d_x,
    )


def _descend(
    w: "Writer", layer: "Matrix", slope: "Matrix", speed: "Vector", moving: "Mask"
) -> None:
    """Write W <- W - speed * slope for the networks that move."""

    def put(i: "Index", k: "Index", value: "Vector") -> None:
        layer[i, k] = value - speed * (slope[i, k] & moving)

    w.entrywise(layer, put)


def _evaluate(
    w: "Writer",
    layers: list["Matrix"],
    target: "Matrix",
    cov_xx: "Matrix",
    slopes: list["Matrix"],
    spare: "Address",
) -> "Vector":
    """Write half the gradient into `slopes` and return <(W - T) Σ, W - T>.

    With Q_{j+1} = W_j Q_j, B_N = (W - T) Σ and B_{j-1} = W_jᵀ B_j, the slope in W_j is B_j Q_jᵀ.
    """
    shapes = [(layer.rows, target.columns) for layer in layers]
    products, spare = w.matrices(spare, shapes[1:-1])
    (error, *backs), _ = w.matrices(spare, [shapes[-1], *shapes[1:]])
    backs = [slopes[0], *backs]  # Q_1 = 1

    def put_error(i: "Index", k: "Index", value: "Vector") -> None:
        error[i, k] = value - target[i, k]

    prefixes = [layers[0]]
    for layer, product in zip(layers[1:], products, strict=False):
        w.multiply(layer, prefixes[-1], _into(product))
        prefixes.append(product)
    if len(layers) == 1:
        w.entrywise(layers[0], put_error)
    else:
        w.multiply(layers[-1], prefixes[-1], put_error)
    w.multiply(error, cov_xx, _into(backs[-1]))
    for j in range(len(layers) - 1, 0, -1):
        w.multiply(layers[j].T, backs[j], _into(backs[j - 1]))
        w.multiply(backs[j], prefixes[j - 1].T, _into(slopes[j]))
    return w.inner(error, backs[-1])


def _into(matrix: "Matrix") -> "Put":
    """Let the entries of a product become those of a matrix."""

    def put(i: "Index", k: "Index", value: "Vector") -> None:
        matrix[i, k] = value

    return put
