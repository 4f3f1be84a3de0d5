"""Sections 5.1 to 5.3 of the report: quadratics, gradient flow, balance, the theorem."""

import itertools
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from lnn._checks import Array, Weights
from lnn.book.audit import cases
from lnn.book.audit.cases import gap
from lnn.book.audit.items import EXACT, Numbers, item
from lnn.book.audit.printed import bound
from lnn.book.audit.verdicts import judge, judge_proof
from lnn.data import step_problem
from lnn.descent import descend, gradient_flow
from lnn.initialization import balanced, gaussian, with_balancedness
from lnn.network import flatten, product, unflatten
from lnn.objective import gradient, hessian
from lnn.problem import Problem
from lnn.steps import balancedness, convergence_bound, shrink_to_alpha

# ------------------------------------------------------------ 5.1


@item(
    "section 5.1: a quadratic needs a step below 2/λ_max",
    "5.1",
    quote=r"converges for any initialization if and only if $0 < \alpha < "
    r"\frac{2}{\lambda_{\max}(Q)}$",
    also=("In class, we saw observed that for the quadratic function",),
    chapter="step_size",
    verdict=lambda m: judge(holds=m["inside"] < 1e-6 and m["outside"] > 0.1),
    perturbations={
        "f without the ½": {"factor": 2.0},
        "starts without the top eigenvector": {"generic": False},
    },
    evidence="At 0.05, 0.5 and 0.99 of 2/λ_max all of twenty starts come within {inside:~} of the "
    "minimizer; at 0, at 2/λ_max and 1% above it all stay at least {outside:.1f} away.",
)
def quadratic(factor: float = 1.0, generic: bool = True) -> Numbers:
    Q, b = np.diag([1.0, 3.0, 10.0]), np.array([1.0, -1.0, 2.0])
    goal = np.linalg.solve(Q, b)
    starts = goal + 1.0 + np.random.default_rng(0).random((20, 3))
    if not generic:
        starts[:, 2] = goal[2]

    def distance(alpha: float) -> Array:
        x = starts.copy()
        for _ in range(3000):
            x = x - alpha * factor * (x @ Q - b)
        return np.asarray(np.minimum(np.linalg.norm(x - goal, axis=1), 1e9))

    with np.errstate(over="ignore", invalid="ignore"):
        inside = [distance(f * 2 / 10).max() for f in (0.05, 0.5, 0.99)]
        outside = [distance(f * 2 / 10).min() for f in (0.0, 1.0, 1.01)]
    return {"inside": float(max(inside)), "outside": float(min(outside))}


# ------------------------------------------------------------ 5.2 Gradient flow


def _case() -> tuple[Weights, Problem]:
    rng = np.random.default_rng(0)
    problem = Problem(rng.standard_normal((3, 10)), rng.standard_normal((3, 10)))
    return gaussian((3, 3, 3, 3), rng, std=0.7), problem


@item(
    "section 5.2: gradient flow is descent in continuous time",
    "5.2",
    quote="gradient flow is a system of differential equations representing gradient descent in a "
    "continuous case",
    also=("Since gradient descent is applied to discretized data",),
    chapter="step_size",
    verdict=lambda m: judge(holds=abs(m["order"] - 1) < 0.15 and m["gap"] < 1e-2),
    perturbations={"a flow twice as fast": {"speed": 2.0}},
    evidence="At a fixed time the two differ by {gap:~} of the weights for η = 10⁻⁴, and the "
    "difference goes with η to the power {order:.2f}.",
)
def flow_and_descent(speed: float = 1.0) -> Numbers:
    weights, problem = _case()
    end = flatten([w[-1] for w in gradient_flow(weights, problem, [0.0, speed * 0.05]).weights])
    gaps = []
    for eta in (4e-4, 1e-4):
        count = round(0.05 / eta)
        gaps.append(gap(flatten(descend(weights, problem, eta, count).weights), end))
    return {"order": float(np.log(gaps[0] / gaps[1]) / np.log(4)), "gap": gaps[1]}


def _velocity(weights: Weights, problem: Problem) -> Array:
    """dW/dt of the flow, from the flow itself, at time 0."""
    h = 1e-5
    ahead = gradient_flow(weights, problem, [0.0, h]).weights
    return np.asarray((flatten([w[-1] for w in ahead]) - flatten([w[0] for w in ahead])) / h)


@item(
    "eq. (24)",
    "5.2",
    quote=r"\frac{dL}{dW_j} = -\nabla_{W_j} L(W_1(t), \dots, W_N(t)), \quad j = 1, \dots, N",
    also=(r"given weights $W(t) = (W_N(t) \cdots W_1(t))$",),
    chapter="step_size",
    verdict=lambda m: judge(holds=m["printed"] < EXACT, corrected=m["mended"] < 1e-2),
    perturbations={
        "a point where the gradient vanishes": {"at_rest": True},
        "a flow that climbs": {"sign": 1.0},
    },
    evidence="$dL/dW_j$ is the gradient, and differs from its negative by {printed:.0f} times "
    "itself. The velocity $dW_j/dt$ of the flow is the negative gradient to {mended:.1g}.",
    correction=r"$\frac{dW_j}{dt} = -\nabla_{W_j} L(W_1(t), \dots, W_N(t))$, for the tuple "
    r"$W(t) = (W_N(t), \dots, W_1(t))$.",
)
def eq_24(at_rest: bool = False, sign: float = -1.0) -> Numbers:
    weights, problem = _case()
    if at_rest:
        weights = tuple(0 * w for w in weights)
    slope = flatten(gradient(weights, problem))
    size = max(float(np.linalg.norm(slope)), 1e-30)
    return {
        "printed": float(np.linalg.norm(slope - (-slope))) / max(size, 1.0),
        "mended": float(np.linalg.norm(_velocity(weights, problem) - sign * slope))
        / max(size, 1.0),
    }


@item(
    "eq. (25)",
    "5.2",
    quote=r"\nabla_{W_j} L(W_1(t), \dots, W_N(t)) = W_j X X^T - Y X^T",
    chapter="linear_networks",
    verdict=lambda m: judge(holds=min(m["whole"], m["half"]) < 1e-6, corrected=m["mended"] < 1e-6),
    perturbations={
        "one layer": {"depth": 1},
        "half the corrected gradient": {"factor": 1.0},
        "the outer products exchanged": {"exchange": True},
    },
    evidence="Against differences of the loss, the printed gradient is off by {whole:.1f} of it, "
    "for ½L by {half:.1f}; the corrected one by {mended:~}. For a single layer, and ½L, it is "
    "right.",
    correction=r"$\nabla_{W_j} L = 2\,(W_N \cdots W_{j+1})^T (W X X^T - Y X^T) "
    r"(W_{j-1} \cdots W_1)^T$.",
)
def eq_25(depth: int = 3, factor: float = 2.0, exchange: bool = False) -> Numbers:
    rng = np.random.default_rng(0)
    problem = Problem(rng.standard_normal((3, 10)), rng.standard_normal((3, 10)))
    widths = (3,) * (depth + 1)
    weights = gaussian(widths, rng, std=0.7)
    flat = flatten(weights)
    h = 1e-5
    numeric = np.array(
        [
            (
                cases.value(unflatten(flat + h * e, widths), problem)
                - cases.value(unflatten(flat - h * e, widths), problem)
            )
            / (2 * h)
            for e in np.eye(flat.size)
        ]
    )
    printed = flatten([w @ problem.cov_xx - problem.cov_yx for w in weights])
    error = product(weights) @ problem.cov_xx - problem.cov_yx
    mended = []
    for j in range(depth):
        above = product(weights[j + 1 :]) if j + 1 < depth else np.eye(3)
        below = product(weights[:j]) if j else np.eye(3)
        if exchange:
            above, below = below, above
        mended.append(factor * above.T @ error @ below.T)
    return {
        "whole": gap(printed, numeric),
        "half": gap(printed, numeric / 2),
        "mended": gap(flatten(mended), numeric),
    }


@item(
    "eq. (26)",
    "5.2",
    quote=r"W_j(t+1) = W_j(t) - \eta \frac{dL}{dW_j}(W_1(t), \dots, W_N(t))",
    chapter="linear_networks",
    verdict=lambda m: judge(holds=m["change"] < 0 and m["first order"] < 0.05),
    perturbations={
        "the sign that (24) gives to dL/dW": {"sign": 1.0},
        "half a step": {"factor": 0.5},
    },
    evidence="With $dL/dW_j$ in its ordinary sense, the gradient, a short step changes the loss by "
    "{change:~}, which is −η‖∇L‖² to {first order:.1%}. Only with (24) taken at its word would "
    "it climb: once (24) is mended, (26) needs nothing.",
)
def eq_26(sign: float = -1.0, factor: float = 1.0) -> Numbers:
    weights, problem = _case()
    slope = gradient(weights, problem)
    eta = 1e-5
    there = tuple(w + sign * factor * eta * g for w, g in zip(weights, slope, strict=True))
    change = cases.value(there, problem) - cases.value(weights, problem)
    return {"change": change, "first order": gap(change, -eta * np.sum(flatten(slope) ** 2))}


@item(
    "eq. (27)",
    "5.2",
    quote=r"W_{j+1}^T W_{j+1} = W_j W_j^T",
    also=("We say the flow is balanced if the initial weights are balanced",),
    chapter="step_size",
    verdict=lambda m: judge(holds=m["start"] < EXACT and m["along"] < 1e-6),
    perturbations={
        "the products the other way round": {"swap": True},
        "descent with a large step": {"discrete": True},
        "a start that is not balanced": {"delta": 0.3},
    },
    evidence="Weights built to be balanced stay so along the flow: the largest imbalance is "
    "{start:~} at the start, {along:~} on the way.",
)
def eq_27(swap: bool = False, discrete: bool = False, delta: float = 0.0) -> Numbers:
    _, problem = _case()
    rng = np.random.default_rng(1)
    weights = with_balancedness((3, 3, 3, 3), [1.0, 0.5, 0.1], delta, rng)
    path: Sequence[Array] = gradient_flow(weights, problem, np.linspace(0, 1, 9)).weights
    if discrete:
        ahead = descend(weights, problem, 0.02, 20).weights
        path = [np.stack([a, b]) for a, b in zip(weights, ahead, strict=True)]
    worst = np.zeros(path[0].shape[0])
    for below, above in itertools.pairwise(path):
        c = above @ above.mT - below.mT @ below if swap else above.mT @ above - below @ below.mT
        worst = np.maximum(worst, np.linalg.norm(c, 2, axis=(-2, -1)))
    return {"start": float(worst[0]), "along": float(worst.max())}


@item(
    "section 5.2: balance is difficult to satisfy",
    "5.2",
    quote="This is a difficult condition to satisfy",
    chapter="step_size",
    verdict=lambda m: judge(
        holds=m["random"] > 0.01 and m["built"] > 0.01,
        corrected=m["random"] > 0.01 and m["built"] < EXACT,
    ),
    perturbations={
        "weights built with a constant of 0.3": {"delta": 0.3},
        "random draws shrunk to nothing": {"scale": 1e-4},
    },
    evidence="None of 1000 networks with normal weights comes nearer to balance than δ = "
    "{random:.2f}. But balanced weights with any product are built by one decomposition: δ = "
    "{built:~} in 100 of them.",
    correction="Random weights satisfy it with probability 0; by construction it is easy.",
)
def difficult(delta: float = 0.0, scale: float = 1.0) -> Numbers:
    rng = np.random.default_rng(0)
    drawn = gaussian((3, 3, 3, 3), rng, std=scale, size=(1000,))
    built = with_balancedness((3, 3, 3, 3), [2.0, 1.0, 0.5], delta, rng, size=(100,))
    return {
        "random": float(balancedness(drawn).min()),
        "built": float(balancedness(built).max()),
    }


@item(
    "eq. (28)",
    "5.2",
    quote=r"||W_{j+1}^T W_{j+1} - W_j W_j^T|| \le \delta, \quad j = 1, \dots, N - 1",
    also=("We can consider balanced weights to have balancedness constant 0",),
    chapter="step_size",
    verdict=lambda m: judge(holds=abs(m["found"] - 0.3) < EXACT and m["balanced"] < EXACT),
    perturbations={
        "the Frobenius norm": {"norm": "fro"},
        "the products the other way round": {"swap": True},
    },
    evidence="Weights built with imbalances of spectral norm 0.3 have the least δ = {found:.3f}, "
    "balanced ones {balanced:~}.",
)
def eq_28(norm: str = "2", swap: bool = False) -> Numbers:
    def least(weights: Weights) -> float:
        worst = 0.0
        for below, above in itertools.pairwise(weights):
            c = above @ above.T - below.T @ below if swap else above.T @ above - below @ below.T
            worst = max(worst, float(np.linalg.norm(c, "fro" if norm == "fro" else 2)))
        return worst

    rng = np.random.default_rng(1)
    widths, values = (3, 3, 3, 3), [1.0, 0.5, 0.1]
    uneven = with_balancedness(widths, values, 0.3, rng)
    return {"found": least(uneven), "balanced": least(balanced(widths, values, rng))}


@item(
    "section 5.2: bounds on ‖W‖",
    "5.2",
    quote="we can find some bounds on ||W|| which will ultimately help derive an upper bound",
    chapter="step_size",
    verdict=lambda m: judge(holds=m["product"] < 2, corrected=m["layers"] <= 1 + EXACT),
    perturbations={
        "weights of one size": {"scales": (1.0, 1.01)},
        "the exponent 1/N": {"exponent": 1.0},
    },
    evidence="(29) bounds the layers: ‖W_j‖² is at most {layers:.2f} of its right side, for "
    "balanced networks of many sizes. Their products, which stand on that side, grow "
    "{product:.0f}-fold.",
    correction=r"Bounds on $\|W_j\|$, by $\|W\|$.",
)
def bounds_on_w(scales: Sequence[float] = (0.5, 1.0, 4.0, 20.0), exponent: float = 2.0) -> Numbers:
    shape = balanced((3, 3, 3, 3), [1.0, 0.5, 0.1], np.random.default_rng(0))
    norms, ratios = [], []
    for scale in scales:
        weights = tuple(scale * w for w in shape)
        norms.append(float(np.linalg.norm(product(weights), 2)))
        largest = max(float(np.linalg.norm(w, 2)) for w in weights)
        ratios.append(largest**2 / norms[-1] ** (exponent / 3))
    return {"product": max(norms) / min(norms), "layers": max(ratios)}


def _excess(depth: int, exponent: float) -> float:
    """The largest (‖W_j‖² − ‖W‖^exponent) / δ over ladders of scalars and random networks."""
    worst = 0.0
    for delta in (1.0, 0.1):
        for lift in (0.0, 1e-3, 0.3, 5.0):  # |w_j|² = lift + (j − 1) δ: the last is the largest
            ladder = np.sqrt(lift + delta * np.arange(depth))
            worst = max(worst, (ladder[-1] ** 2 - np.prod(ladder) ** exponent) / delta)
    rng = np.random.default_rng(depth)
    for std in (0.3, 1.0, 2.0):
        weights = gaussian((3,) * (depth + 1), rng, std=std, size=(300,))
        delta_ = balancedness(weights)
        largest = np.max([np.linalg.norm(w, 2, axis=(-2, -1)) for w in weights], axis=0)
        norm = np.linalg.norm(product(weights), 2, axis=(-2, -1))
        worst = max(worst, float(np.max((largest**2 - norm**exponent) / delta_)))
    return float(worst)


_DEPTHS = (2, 3, 4, 6, 9, 12)


def _over(constant: Callable[[int], float], exponent: float) -> Numbers:
    excess = {n: _excess(n, exponent / n) for n in _DEPTHS}
    return {
        "ratio": max(e / constant(n) for n, e in excess.items()),
        "sharp": max(e / (n - 1) for n, e in excess.items()),
    }


@item(
    "Proposition 3.2",
    "5.2",
    quote="Proposition (Proposition 3.2 of Nguegnang et. al.⁷) Let W be a tuple of weights",
    also=("We omit the proof of this proposition",),
    chapter="step_size",
    verdict=lambda m: judge(
        holds=m["printed"] <= 1 and abs(m["K"] - 1) < EXACT, corrected=m["quoted"] <= 1
    ),
    perturbations={
        "N + 1 in K_δ too": {"power": 1},
        "the exponent 1/N": {"exponent": 1.0},
    },
    evidence=r"The proposition quoted has $(N+1)^2\delta$, which is what $K_\delta$ of section "
    r"5.3 uses ({K:.0f} times the printed term for N = 3). Both are true: the largest excess "
    r"found is {quoted:.0%} of the one and {printed:.0%} of the other.",
    correction=r"Proposition 3.2 reads $\|W_j\|^2 \leq \|W\|^{2/N} + (N+1)^2 \delta$; the printed "
    "inequality is stronger, see (29).",
)
def proposition(power: int = 2, exponent: float = 2.0) -> Numbers:
    n = 3
    return {
        "printed": _over(lambda n: n + 1, exponent)["ratio"],
        "quoted": _over(lambda n: (n + 1) ** 2, exponent)["ratio"],
        "K": (n + 1) ** power / (n + 1),
    }


@item(
    "eq. (29)",
    "5.2",
    quote=r"||W_j||^2 \le ||W||^{\frac{2}{N}} + (N+1)\delta",
    chapter="step_size",
    verdict=lambda m: judge(holds=m["ratio"] <= 1 and m["sharp"] < 1 + 1e-6),
    perturbations={
        "N − 2 for N + 1": {"less": 3},
        "the exponent 1/N": {"exponent": 1.0},
    },
    evidence="Proved in the book for all N, even with N − 1 for N + 1, which is the best constant. "
    "For N from 2 to 12, ladders of scalars reach {sharp:.0%} of (N − 1)δ and nothing exceeds it: "
    "{ratio:.0%} of (N + 1)δ.",
)
def eq_29(less: int = 0, exponent: float = 2.0) -> Numbers:
    return _over(lambda n: max(n + 1 - less, 1e-3), exponent)


# ------------------------------------------------------------ 5.3 The theorem


@item(
    "Theorem 2.4",
    "5.3",
    quote="gradient descent converges to the global minimum for almost all initializations of the "
    "linear neural network",
    also=(
        "The main theorem we will prove is presented in Nguegnang's paper",
        "Suppose the initial weights of the gradient descent algorithm has balancedness constant",
    ),
    chapter="step_size",
    verdict=lambda m: judge_proof(
        refuted=m["missed"] > 0 or m["slope"] > 1e-6, proved=m["depth"] <= 2
    ),
    perturbations={
        "two layers only": {"depths": (2,)},
        "starts from a set of measure 0": {"third": 0.0},
    },
    evidence="No proof is given. The paper's Theorem 2.4 promises a critical point; that almost "
    "all starts reach a global minimum is its Theorem 2.6, for two layers only. For three it has "
    "a minimum among matrices of some rank. Of {runs:.0f} random starts with two to {depth:.0f} "
    "layers {missed:.0f} missed the global minimum: not refuted, and not proved.",
    correction=r"Below the bound descent converges to a critical point (Theorem 2.4); for two "
    r"layers and almost all starts to a global minimum (2.6), for more to a minimum among "
    r"matrices of some rank $k \leq r_{\max}$.",
)
def theorem_2_4(depths: Sequence[int] = (2, 3, 4), third: float = 1.0) -> Numbers:
    problem = Problem(np.eye(3), np.diag([3.0, 2.0, 1.0]))
    missed = runs = 0
    slope = 0.0
    for depth in depths:
        start = gaussian((3,) * (depth + 1), np.random.default_rng(5), std=0.3, size=(100,))
        if third == 0.0:
            start = tuple(w * np.diag([1.0, 1.0, 0.0]) for w in start)
        run = descend(start, problem, 0.01, 40_000, tolerance=1e-9, record_every=1000)
        missed += int((run.losses[:, -1] > 1e-6).sum())
        runs += 100
        slope = max(slope, cases.slope(run.weights, problem))
    return {"missed": missed, "runs": runs, "slope": slope, "depth": max(depths)}


@cache
def _ensemble(size: int = 60) -> tuple[Weights, Problem]:
    """Draws of section 5.4, at α = 0.7."""
    rng = np.random.default_rng(54)
    problem = step_problem(rng, size=(size,))
    return shrink_to_alpha(gaussian((5, 5, 5, 5), rng, size=(size,)), problem, 0.7), problem


@item(
    "section 5.3: the bound on the step size",
    "5.3",
    quote=r"\eta & \leq \frac{2(1-\alpha)\delta}{4\mathcal{L}(W(0)) + (1-\alpha)\delta B_{\delta}}",
    also=(r"Let $X \in \mathbb{R}^{d_x \times m}$, $Y \in \mathbb{R}^{d_y \times m}$",),
    chapter="step_size",
    verdict=lambda m: judge(holds=m["gap"] < EXACT and m["rises"] + m["unbalanced"] == 0),
    perturbations={
        "a factor 2": {"factor": 2.0},
        "α for 1 − α": {"alpha": 0.3},
        "a step ten thousand times as long": {"step": 1e4},
    },
    evidence="For ½‖Y − WX‖², for which it is proved, and with the corrected M, it is the step "
    "size of the book, to {gap:~}. With it {rises:.0f} of {count:.0f} runs ever climb, and "
    "{unbalanced:.0f} leave the balancedness constant δ, as the proof promises.",
)
def step_bound(factor: float = 1.0, alpha: float = 0.7, step: float = 1.0) -> Numbers:
    weights, problem = _ensemble()
    shown = bound(weights, problem, alpha, printed=False, half=True)
    ours = convergence_bound(weights, problem)
    # A step of the ½ loss is half as long in the loss without ½.
    eta = step * shown.step_size / 2
    run = descend(weights, problem, eta, 2000)
    with np.errstate(invalid="ignore"):
        rises = np.any(np.diff(run.losses, axis=-1) > 1e-12 * run.losses[:, :1], axis=-1)
    whole = np.isfinite(run.losses[:, -1])
    ends = tuple(np.where(whole[:, None, None], w, 1e6) for w in run.weights)
    return {
        "gap": gap(factor * shown.step_size / 2, ours.step_size),
        "rises": int((rises | ~whole).sum()),
        "unbalanced": int((balancedness(ends) > shown.delta).sum()),
        "count": whole.size,
    }


def _at_the_ceiling(depth: int, K: Array, problem: Problem) -> Weights:
    """Weights with ‖W_j‖² = K along the directions that curve the loss most."""
    rng = np.random.default_rng(0)
    root = np.sqrt(K)[:, None, None]
    drawn = gaussian((5,) * (depth + 1), rng, size=K.shape)
    return tuple(root * w / np.linalg.norm(w, 2, axis=(-2, -1))[:, None, None] for w in drawn)


@item(
    "section 5.3: the curvature bound B_δ",
    "5.3",
    quote=r"B_{\delta} & = 2eNK_{\delta}^{N-1}||X||^2 + "
    r"\sqrt{e}NK_{\delta}^{\frac{N}{2}-1}||XY^T||",
    chapter="step_size",
    verdict=lambda m: judge(holds=m["random"] <= 1 and m["worst"] <= 1),
    perturbations={
        "the power N − 2": {"power": -1.0},
        "without ‖X‖²": {"with_x": False},
        "a quarter of it": {"factor": 0.25},
    },
    evidence="It bounds the curvature of ½L while ‖W_j‖² ≤ K_δ: over sixty draws and random "
    "weights of that size the largest Hessian eigenvalue is at most {random:.1%} of it, at the "
    "balanced worst case {worst:.0%}.",
)
def b_delta(power: float = 0.0, with_x: bool = True, factor: float = 1.0) -> Numbers:
    start, problem = _ensemble()
    shown = bound(start, problem, 0.7, printed=False)
    n, K = 3, shown.K
    top = problem.singular_values_x[:, 0] ** 2
    xy = np.linalg.norm(problem.cov_yx, 2, axis=(-2, -1))
    B = 2 * np.e * n * K ** (n - 1 + power) * (top if with_x else 1.0)
    B = factor * (B + np.sqrt(np.e) * n * K ** (n / 2 - 1) * xy)
    drawn = _at_the_ceiling(n, K, problem)
    # The worst case: every layer √K v vᵀ with v the input direction that X stretches most.
    vectors = np.linalg.eigh(problem.cov_xx)[1][:, :, -1:]
    aligned = tuple(np.sqrt(K)[:, None, None] * vectors @ vectors.mT for _ in range(n))
    found = []
    for w in (drawn, aligned):
        values = np.linalg.eigvalsh(hessian(w, problem))[:, -1] / 2
        found.append(float(np.max(values / B)))
    return {"random": found[0], "worst": found[1]}


@item(
    "section 5.3: the layer bound K_δ",
    "5.3",
    quote=r"K_{\delta} & = M^{\frac{2}{N}} + (N+1)^2\delta",
    chapter="step_size",
    verdict=lambda m: judge(holds=m["ratio"] <= 1),
    perturbations={
        "the exponent 1/N": {"exponent": 1.0},
        "without the term in δ": {"with_delta": 0.0},
    },
    evidence="It bounds ‖W_j‖² of weights that are δ-balanced and have ‖W‖ ≤ M: over ladders of "
    "scalars and random networks, two to eight layers, ‖W_j‖² reaches {ratio:.0%} of it. (N − 1 "
    "would do for (N + 1)².)",
)
def k_delta(exponent: float = 2.0, with_delta: float = 1.0) -> Numbers:
    worst = 0.0
    for n in (2, 3, 5, 8):
        for lift in (0.0, 0.5, 20.0):
            ladder = np.sqrt(lift + np.arange(n))
            K = np.prod(ladder) ** (exponent / n) + with_delta * (n + 1) ** 2
            worst = max(worst, float(ladder[-1] ** 2 / max(K, 1e-9)))
        weights = gaussian((3,) * (n + 1), np.random.default_rng(n), std=1.5, size=(200,))
        norm = np.linalg.norm(product(weights), 2, axis=(-2, -1))
        K_ = norm ** (exponent / n) + with_delta * (n + 1) ** 2 * balancedness(weights)
        largest = np.max([np.linalg.norm(w, 2, axis=(-2, -1)) for w in weights], axis=0)
        worst = max(worst, float(np.max(largest**2 / K_)))
    return {"ratio": worst}


def _m_case(size: float) -> tuple[float, float, float]:
    """‖W‖, printed M and M where the misfit points along the targets: the worst case."""
    problem = Problem(np.eye(2), np.diag([size, 0.1 * size]))
    W = np.diag([2 * size, 0.1 * size])
    misfit = float(np.linalg.norm(problem.Y - W))
    return 2 * size, float(np.sqrt(2 * misfit + size)), misfit + size


@item(
    "section 5.3: M in the theorem",
    "5.3",
    quote=r"M & = \frac{\sqrt{2||Y-W_N(0)\cdots W_1(0)X|| + ||Y||}}{\sigma_{\min}(X)}",
    chapter="step_size",
    verdict=lambda m: judge(holds=m["printed"] <= 1, corrected=m["mended"] <= 1 + EXACT),
    perturbations={
        "small targets": {"size": 0.5},
        "a root of ½L instead of 2·½L": {"factor": 0.5**0.5},
    },
    evidence="M has to bound ‖W‖. Where the misfit points along large targets ‖W‖ is {printed:.1f} "
    "times the printed M, and {mended:.3f} times the corrected one.",
    correction=r"$M = (\sqrt{2 L(W(0))} + \|Y\|)/\sigma_{\min}(X)$ with $2 L = \|Y - W X\|_F^2$: "
    r"the root does not cover $\|Y\|$.",
)
def m_theorem(size: float = 30.0, factor: float = 1.0) -> Numbers:
    norm, printed, _ = _m_case(size)
    return {"printed": norm / printed, "mended": norm / (factor * size + size)}


@item(
    "section 5.3: loss with and without ½",
    "5.3",
    quote="fixed step-size η gradient descent converges",
    also=("Unless stated otherwise, our loss function",),
    chapter="step_size",
    verdict=lambda m: judge(
        holds=m["unchanged"] <= 1 + EXACT, corrected=abs(m["halved"] - 1) < EXACT
    ),
    perturbations={
        "the loss with ½ throughout": {"whole": 1.0},
        "a quarter instead of a half": {"share": 0.25},
    },
    evidence="The theorem is proved for ½‖Y − WX‖². Applied unchanged to the loss (4), without "
    "½, its step is up to {unchanged:.2f} times the one that is proved for it; half the step for "
    "½L is {halved:.2f} times.",
    correction="For the loss without ½ the step is half the one computed from ½L.",
)
def with_half(whole: float = 2.0, share: float = 0.5) -> Numbers:
    weights, problem = _ensemble()
    # What is proved for `whole` times ½‖Y − W X‖², from the book's bound for twice that.
    proved = convergence_bound(weights, problem).step_size * 2 / whole
    unchanged = bound(weights, problem, 0.7, printed=False, half=whole == 1.0).step_size
    for_half = bound(weights, problem, 0.7, printed=False, half=True).step_size
    return {
        "unchanged": float(np.max(unchanged / proved)),
        "halved": float(np.max(share * for_half / proved)),
    }


@item(
    "section 5.3: some formulas simplify",
    "5.3",
    quote="with specific choices of δ , some of these formulas simplify nicely",
    also=("this upper bound may seem rather strange and difficult to work with",),
    chapter="step_size_experiments",
    verdict=lambda m: judge(holds=m["gap"] < EXACT and m["ratio"] <= 1),
    perturbations={"another choice of δ": {"factor": 2.0}},
    evidence=r"With (30) $K_\delta = M^{{2/N}}(1 + 1/N)$, to {gap:~}, and $K_\delta^{{N-1}}$ is "
    r"at most {ratio:.2f} of $e\,M^{{2-2/N}}$, for N from 2 to 50.",
)
def simplify(factor: float = 1.0) -> Numbers:
    worst = off = 0.0
    for n in (2, 3, 4, 10, 50):
        M = 7.0
        delta = factor * M ** (2 / n) / (n * (n + 1) ** 2)
        K = M ** (2 / n) + (n + 1) ** 2 * delta
        off = max(off, gap(K, M ** (2 / n) * (1 + 1 / n)))
        worst = max(worst, float(K ** (n - 1) / (np.e * M ** (2 - 2 / n))))
    return {"gap": off, "ratio": worst}
