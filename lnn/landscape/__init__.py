"""The landscape of the loss: low-rank maps, lifting, critical points and their kinds."""

from lnn.landscape.classification import classify
from lnn.landscape.construction import critical_point
from lnn.landscape.flatness import way_out
from lnn.landscape.kinds import Kind, possible_kinds, require_second_order_assumptions
from lnn.landscape.lifting import lift_perturbation, raise_to_full_rank, release
from lnn.landscape.low_rank import best_of_rank, factorize, numerical_rank, rotate_modes
from lnn.landscape.verdicts import CriticalPoint, Pivot

__all__ = [
    "CriticalPoint",
    "Kind",
    "Pivot",
    "best_of_rank",
    "classify",
    "critical_point",
    "factorize",
    "lift_perturbation",
    "numerical_rank",
    "possible_kinds",
    "raise_to_full_rank",
    "release",
    "require_second_order_assumptions",
    "rotate_modes",
    "way_out",
]
