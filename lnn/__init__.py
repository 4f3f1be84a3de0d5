"""Deep linear networks: their loss, their saddles, and the step sizes that work.

Notation, here and in the book:

============  =========================  ==========================================================
symbol        name                       shape and meaning
============  =========================  ==========================================================
X             ``problem.X``              (..., d_x, m), one column a sample
Y             ``problem.Y``              (..., d_y, m)
W_j           ``weights[j - 1]``         (..., d_j, d_{j-1}), layer j = 1, ..., N
d_0..d_N      ``widths``                 d_0 = d_x, d_N = d_y
r_max         ``bottleneck(widths)``     min_j d_j
W             ``product(weights)``       (..., d_y, d_x), W_N ... W_1
Σ_XX          ``problem.cov_xx``         (..., d_x, d_x), X Xᵀ
Σ_YX          ``problem.cov_yx``         (..., d_y, d_x), Y Xᵀ
Σ_YY          ``problem.cov_yy``         (..., d_y, d_y), Y Yᵀ
T             ``problem.least_squares``  (..., d_y, d_x), Σ_YX Σ_XX⁻¹
Σ             T Σ_XX Tᵀ                  (..., d_y, d_y), U diag(λ) Uᵀ
λ             ``problem.eigenvalues``    (..., d_y), descending
U             ``problem.eigenvectors``   (..., d_y, d_y), one column an eigenvector
L             ``loss``                   ‖Y − W X‖_F², without ½
============  =========================  ==========================================================

Leading axes are an ensemble: every function broadcasts over them.
"""

from lnn.data import (
    Assumptions,
    Check,
    Components,
    check_assumptions,
    principal_components,
    saddle_problem,
    step_problem,
)
from lnn.descent.flow import Trajectory, gradient_flow
from lnn.descent.run import Run, Stop, descend
from lnn.dynamics.closed_form import chain_flow, escape_time, mode_flow, mode_time, unbalanced_flow
from lnn.dynamics.mode_basis import Modes, aligned, effective_start, mode_values, modes
from lnn.initialization import balanced, gaussian, with_balancedness
from lnn.landscape.classification import CriticalPoint, Pivot, classify
from lnn.landscape.construction import critical_point
from lnn.landscape.kinds import Kind
from lnn.landscape.lifting import lift_perturbation, raise_to_full_rank, release
from lnn.landscape.low_rank import best_of_rank, factorize, numerical_rank, rotate_modes
from lnn.network import (
    bottleneck,
    flatten,
    left_products,
    product,
    right_products,
    unflatten,
    widths_of,
)
from lnn.objective import gradient, hessian, hessian_vector, loss, sharpness
from lnn.problem import Problem
from lnn.steps.a_posteriori import TrappingBound, trapping_bound
from lnn.steps.balance import (
    balancedness,
    drift,
    imbalances,
    layer_norm_bound,
    rescaled,
    sharp_layer_norm_bound,
)
from lnn.steps.convergence import (
    ConvergenceBound,
    convergence_bound,
    end_to_end_bound,
    shrink_to_alpha,
)
from lnn.steps.divergence import divergence_bound, flattest_minimizer, least_sharpness
from lnn.steps.search import FirstFailure, fails, first_failure
from lnn.steps.stability import quadratic_limit, stability_limit
from lnn.studies import Study, run_study

__all__ = [
    "Assumptions",
    "Check",
    "Components",
    "ConvergenceBound",
    "CriticalPoint",
    "FirstFailure",
    "Kind",
    "Modes",
    "Pivot",
    "Problem",
    "Run",
    "Stop",
    "Study",
    "Trajectory",
    "TrappingBound",
    "aligned",
    "balanced",
    "balancedness",
    "best_of_rank",
    "bottleneck",
    "chain_flow",
    "check_assumptions",
    "classify",
    "convergence_bound",
    "critical_point",
    "descend",
    "divergence_bound",
    "drift",
    "effective_start",
    "end_to_end_bound",
    "escape_time",
    "factorize",
    "fails",
    "first_failure",
    "flatten",
    "flattest_minimizer",
    "gaussian",
    "gradient",
    "gradient_flow",
    "hessian",
    "hessian_vector",
    "imbalances",
    "layer_norm_bound",
    "least_sharpness",
    "left_products",
    "lift_perturbation",
    "loss",
    "mode_flow",
    "mode_time",
    "mode_values",
    "modes",
    "numerical_rank",
    "principal_components",
    "product",
    "quadratic_limit",
    "raise_to_full_rank",
    "release",
    "rescaled",
    "right_products",
    "rotate_modes",
    "run_study",
    "saddle_problem",
    "sharp_layer_norm_bound",
    "sharpness",
    "shrink_to_alpha",
    "stability_limit",
    "step_problem",
    "trapping_bound",
    "unbalanced_flow",
    "unflatten",
    "widths_of",
    "with_balancedness",
]
