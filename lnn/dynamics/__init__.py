"""Modes, and the closed forms of their growth."""

from lnn.dynamics.closed_form import chain_flow, escape_time, mode_flow, mode_time, unbalanced_flow
from lnn.dynamics.mode_basis import (
    SingularModes,
    aligned,
    effective_start,
    mode_values,
    singular_modes,
)

__all__ = [
    "SingularModes",
    "aligned",
    "chain_flow",
    "effective_start",
    "escape_time",
    "mode_flow",
    "mode_time",
    "mode_values",
    "singular_modes",
    "unbalanced_flow",
]
