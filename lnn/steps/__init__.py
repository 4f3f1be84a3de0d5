"""Step sizes: balance, bounds that prove convergence or forbid it, and the search for failure."""

from lnn.steps.a_posteriori import TrappingBound, trapping_bound
from lnn.steps.balance import (
    balancedness,
    drift,
    imbalances,
    layer_norm_ceiling,
    rescaled,
    sharp_layer_norm_ceiling,
)
from lnn.steps.convergence import (
    ConvergenceBound,
    convergence_bound,
    product_norm_ceiling,
    shrink_to_alpha,
)
from lnn.steps.divergence import divergence_bound
from lnn.steps.flattest import (
    LeastSharpness,
    certified_least_sharpness,
    flattest_minimizer,
    least_sharpness,
)
from lnn.steps.record import StepBound
from lnn.steps.search import Attempt, FirstFailure, attempt, fails, first_failure
from lnn.steps.stability import quadratic_limit, stability_limit

__all__ = [
    "Attempt",
    "ConvergenceBound",
    "FirstFailure",
    "LeastSharpness",
    "StepBound",
    "TrappingBound",
    "attempt",
    "balancedness",
    "certified_least_sharpness",
    "convergence_bound",
    "divergence_bound",
    "drift",
    "fails",
    "first_failure",
    "flattest_minimizer",
    "imbalances",
    "layer_norm_ceiling",
    "least_sharpness",
    "product_norm_ceiling",
    "quadratic_limit",
    "rescaled",
    "sharp_layer_norm_ceiling",
    "shrink_to_alpha",
    "stability_limit",
    "trapping_bound",
]
