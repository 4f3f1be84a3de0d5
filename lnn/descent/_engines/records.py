"""What an engine tells of the steps that it took."""

from dataclasses import dataclass

from lnn._checks import Array


@dataclass(frozen=True, eq=False)
class Records:
    """What an engine's `advance` met on the way.

    Attributes
    ----------
    losses : (k, ...) array
    squared_norms : (k, ...) array
        Of the whole gradient.
    """

    losses: Array
    squared_norms: Array
