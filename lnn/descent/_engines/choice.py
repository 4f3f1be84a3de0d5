"""Which engine runs gradient descent: chosen here, by the widths alone.

The engines agree to rounding, and a run at the edge of stability makes rounding visible. So the
choice must not depend on how many networks run, on how many steps, or on which worker: a network's
result would depend on its company.
"""

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.metadata import PackageNotFoundError, version
from typing import Literal, TypeAlias

from lnn.descent._engines.compiled import Ensemble
from lnn.descent._engines.stacked import Stack

Name: TypeAlias = Literal["numpy", "compiled"]
Wish: TypeAlias = Literal["auto", "numpy", "compiled"]

COMPILE_UP_TO = 16
"""The largest width for which "auto" compiles: beyond it NumPy's matrix products are efficient."""

_pinned: ContextVar[Name | None] = ContextVar("lnn_engine", default=None)


@functools.cache
def available() -> bool:
    """Return whether the compiled engine can run here: whether llvmlite 0.45 or later is there."""
    try:
        found = version("llvmlite").split(".")
    except PackageNotFoundError:
        return False
    return (int(found[0]), int(found[1])) >= (0, 45)


def resolve(wish: Wish) -> Name:
    """Return what a wish means here: "auto" is "compiled" where that can run, else "numpy".

    Raises
    ------
    ValueError
        If the wish is unknown, or the compiled engine cannot run.
    """
    if wish not in ("auto", "numpy", "compiled"):
        raise ValueError(f"engine is {wish!r}: choose 'auto', 'numpy' or 'compiled'")
    if wish == "auto":
        wish = _pinned.get() or ("compiled" if available() else "numpy")
    if wish == "compiled" and not available():
        raise ValueError(
            "engine is 'compiled', but llvmlite is not installed: install lnn[compiled], or use "
            "'numpy', which takes the same steps up to rounding"
        )
    return wish


def choose(wish: Wish, widths: Sequence[int]) -> type[Stack] | type[Ensemble]:
    """Return the engine for networks of these widths.

    A wish for "numpy" or "compiled" is met; "auto" compiles, where it can, up to `COMPILE_UP_TO`.
    """
    engine = resolve(wish)
    if wish == "auto" and max(widths) > COMPILE_UP_TO:
        engine = "numpy"
    return Ensemble if engine == "compiled" else Stack


@contextmanager
def pinned(name: Name) -> Iterator[None]:
    """Let "auto" mean this engine for a while, whatever is installed: a study's workers agree.

    Examples
    --------
    >>> with pinned("numpy"):
    ...     choose("auto", (5, 5)).__name__
    'Stack'
    """
    token = _pinned.set(name)
    try:
        yield
    finally:
        _pinned.reset(token)
