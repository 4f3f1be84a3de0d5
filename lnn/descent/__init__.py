"""Gradient descent, gradient flow, and how long they rest on plateaus."""

from lnn.descent.escape import flat_escape_time, strict_escape_time
from lnn.descent.flow import Trajectory, gradient_flow
from lnn.descent.plateaus import (
    Neighbours,
    Path,
    first_below,
    flattest_losses,
    follow,
    midpoints,
    neighbours,
)
from lnn.descent.run import Run, Stop, descend

__all__ = [
    "Neighbours",
    "Path",
    "Run",
    "Stop",
    "Trajectory",
    "descend",
    "first_below",
    "flat_escape_time",
    "flattest_losses",
    "follow",
    "gradient_flow",
    "midpoints",
    "neighbours",
    "strict_escape_time",
]
