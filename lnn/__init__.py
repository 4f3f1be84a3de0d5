"""Deep linear networks: their loss, their saddles, and the step sizes that work.

Notation, here and in the book:

============  =========================  ==========================================================
symbol        name                       shape and meaning
============  =========================  ==========================================================
X             ``problem.X``              (..., d_x, m), one column per sample
Y             ``problem.Y``              (..., d_y, m)
W_j           ``weights[j - 1]``         (..., d_j, d_{j-1}), layer j = 1, ..., N
d_0..d_N      ``widths``                 d_0 = d_x, d_N = d_y
r_max         ``network.bottleneck``     min_j d_j
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

Leading axes are an ensemble: every function broadcasts over them. Modes are numbered from 0, as the
entries of ``problem.eigenvalues``.

What most people need is here. The rest is where its subject is: `lnn.network` and `lnn.data`;
`lnn.landscape`, critical points; `lnn.descent`, runs and plateaus; `lnn.steps`, step sizes;
`lnn.dynamics`, modes; `lnn.one_hidden_layer`, activations. `lnn.book` is what only the book needs.
"""

from lnn import dynamics as dynamics
from lnn import one_hidden_layer as one_hidden_layer
from lnn.data import saddle_problem, step_problem
from lnn.descent.flow import gradient_flow
from lnn.descent.run import descend
from lnn.initialization import balanced, gaussian
from lnn.landscape.classification import classify
from lnn.landscape.construction import critical_point
from lnn.landscape.kinds import Kind
from lnn.landscape.low_rank import best_of_rank, factorize
from lnn.network import product
from lnn.objective import gradient, hessian, hessian_vector, loss, sharpness
from lnn.problem import Problem
from lnn.steps.balance import balancedness
from lnn.steps.convergence import convergence_bound
from lnn.steps.divergence import divergence_bound
from lnn.steps.flattest import flattest_minimizer, least_sharpness
from lnn.steps.stability import stability_limit
from lnn.studies import run_study

__version__ = "2.0.0.dev0"

__all__ = [
    "Kind",
    "Problem",
    "balanced",
    "balancedness",
    "best_of_rank",
    "classify",
    "convergence_bound",
    "critical_point",
    "descend",
    "divergence_bound",
    "factorize",
    "flattest_minimizer",
    "gaussian",
    "gradient",
    "gradient_flow",
    "hessian",
    "hessian_vector",
    "least_sharpness",
    "loss",
    "product",
    "run_study",
    "saddle_problem",
    "sharpness",
    "stability_limit",
    "step_problem",
]
