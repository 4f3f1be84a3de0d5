"""The base of all records of results: one line that says what is in them."""

from dataclasses import fields
from typing import Any

import numpy as np


class Record:
    """A dataclass whose `repr` gives numbers where they are few, else shapes and ranges.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(repr=False)
    ... class Example(Record):
    ...     rate: np.ndarray
    ...     losses: np.ndarray
    >>> Example(np.array(0.25), np.arange(100.0).reshape(4, 25))
    Example(rate=0.25, losses=(4, 25) from 0 to 99)
    """

    def __repr__(self) -> str:
        shown = [f"{f.name}={_brief(getattr(self, f.name))}" for f in fields(self) if f.repr]  # type: ignore[arg-type]
        return f"{type(self).__qualname__}({', '.join(shown)})"


_FEW = 6


def _brief(value: Any) -> str:
    if isinstance(value, tuple) and value and all(isinstance(v, np.ndarray) for v in value):
        return f"{len(value)} arrays {', '.join(str(v.shape) for v in value)}"
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biuf":
        text = repr(value)
        return text if len(text) <= 80 else f"{text[:77]}..."
    if value.ndim == 0:
        return f"{value[()]:.6g}" if value.dtype.kind == "f" else str(value[()])
    if value.ndim == 1 and value.size <= _FEW:
        return np.array2string(value, precision=4, separator=", ")
    if value.size == 0 or value.dtype.kind == "b":
        return f"{value.shape} of {value.dtype}"
    with np.errstate(invalid="ignore"):
        low, high = np.min(value), np.max(value)  # nan if one is
    return f"{value.shape} from {low:.4g} to {high:.4g}"
