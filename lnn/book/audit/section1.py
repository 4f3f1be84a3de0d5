"""Section 1 of the report: networks, the loss, critical points, what the report sets out to do."""

from collections.abc import Callable, Sequence

import numpy as np

from lnn import one_hidden_layer as nonlinear
from lnn._checks import Array
from lnn.book.audit import cases
from lnn.book.audit.cases import WIDTHS, data, gap, oblong
from lnn.book.audit.items import EXACT, Numbers, item
from lnn.book.audit.verdicts import judge
from lnn.descent import Stop, descend
from lnn.initialization import gaussian
from lnn.landscape import Kind, best_of_rank, classify, critical_point, factorize, numerical_rank
from lnn.network import flatten, product, widths_of
from lnn.objective import hessian, loss
from lnn.one_hidden_layer import (
    IDENTITY,
    RELU,
    Activation,
    active_radius,
    hinge_problem,
    linear_minimum,
)
from lnn.problem import Problem

# ---------------------------------------------------------------- 1.1 Networks and the loss


@item(
    "eq. (1)",
    "1.1",
    quote=r"g_N \circ g_{N-1} \circ \dots \circ g_1(x)",
    also=("let $d_x = d_0$, $d_y = d_N$",),
    chapter="linear_networks",
    verdict=lambda m: judge(holds=m["gap"] < EXACT),
    perturbations={"the layers in the opposite order": {"order": (2, 1, 0)}},
    evidence="Three tanh layers, written out as one formula and applied one after the other, agree "
    "to {gap:~} of the output.",
)
def eq_1(order: Sequence[int] = (0, 1, 2)) -> Numbers:
    rng = np.random.default_rng(0)
    W, b = gaussian((3, 3, 3, 3), rng), rng.standard_normal((3, 3, 1))
    x = rng.standard_normal((3, 7))
    z = x
    for i in order:
        z = np.tanh(W[i] @ z + b[i])
    formula = np.tanh(W[2] @ np.tanh(W[1] @ np.tanh(W[0] @ x + b[0]) + b[1]) + b[2])
    return {"gap": gap(z, formula)}


@item(
    "section 1.1: the network outputs Y",
    "1.1",
    quote=r"outputs a matrix $Y \in \mathbb{R}^{d_y \times m}$",
    chapter="linear_networks",
    verdict=lambda m: judge(holds=m["loss"] < EXACT, corrected=m["shapes"] == 0),
    perturbations={"a target that the network fits": {"fitted": 1.0}},
    evidence="If $Y$ were the output, the loss (4) would be 0 for all weights; at random weights "
    "it is {loss:.2f} of ‖Y‖². The output has the shape of $Y$.",
    correction=r"It outputs $f(X)$; $Y$ is the target in (4).",
)
def output_is_target(fitted: float = 0.0) -> Numbers:
    weights = gaussian((5, 4, 3), np.random.default_rng(0), std=0.3)
    output = product(weights) @ oblong().X
    target = oblong().Y + fitted * (output - oblong().Y)
    return {
        "loss": float(np.sum((target - output) ** 2) / np.sum(target**2)),
        "shapes": abs(output.shape[0] - target.shape[0]) + abs(output.shape[1] - target.shape[1]),
    }


@item(
    "section 1.1: d_i counts the rows or columns of W_i",
    "1.1",
    quote="denotes the number of rows/columns of the *i*th parameter (weight) matrix",
    also=(r"g_i : \mathbb{R}^{d_{i-1}} \to \mathbb{R}^{d_i}",),
    chapter="linear_networks",
    verdict=lambda m: judge(holds=m["wrong"] == 0),
    perturbations={"the layer before": {"shift": 1}},
    evidence="In the order $W_N \\cdots W_1$ the matrix $W_i$ has $d_i$ rows, in the order "
    "$W_1 \\cdots W_N$ of section 2 it has $d_i$ columns: {wrong:.0f} exceptions in {count:.0f}.",
)
def rows_or_columns(shift: int = 0) -> Numbers:
    widths = (3, 4, 2, 5)
    weights = gaussian(widths, np.random.default_rng(0))
    found = [w.shape[0] for w in weights] + [w.shape[1] for w in cases.rows(weights)]
    expected = [widths[i - shift] for i in (1, 2, 3)] * 2
    return {"wrong": int(np.sum(np.not_equal(found, expected))), "count": len(found)}


@item(
    "eq. (2)",
    "1.1",
    quote=r"g_i(z) = \sigma(W_i z + b_i) \text{ for } W_i \in W^{\mathbb{R}^{d_i} \times "
    r"\mathbb{R}^{d_i}}",
    chapter="linear_networks",
    verdict=lambda m: judge(holds=m["square"] == 0, corrected=m["fitting"] == 0),
    perturbations={"all widths equal": {"widths": (3, 3, 3, 3)}},
    evidence=r"With widths 3-4-2-5, {square:.0f} of {layers:.0f} layers cannot be applied if "
    r"$W_i$ is $d_i \times d_i$, and {fitting:.0f} if it is $d_i \times d_{{i-1}}$.",
    correction=r"$W_i \in \mathbb{R}^{d_i \times d_{i-1}}$: square layers force all widths to be "
    "equal.",
)
def eq_2(widths: Sequence[int] = (3, 4, 2, 5)) -> Numbers:
    pairs = list(zip(widths[1:], widths[:-1], strict=True))
    return {
        "square": sum(np.zeros((d, d)).shape[1] != before for d, before in pairs),
        "fitting": sum(np.zeros((d, before)).shape[1] != before for d, before in pairs),
        "layers": len(pairs),
    }


def _leaky(t: np.ndarray) -> np.ndarray:
    return np.where(t > 0, t, 0.1 * t)


@item(
    "section 1.1: activations act on each component",
    "1.1",
    quote=r"applied to a vector is treated as $(\sigma(w))_k=\sigma(w_k)$",
    also=(r"$\sigma(t)=\mathrm{ReLU}(t)=\max\{0,t\}$",),
    chapter="nonlinear",
    verdict=lambda m: judge(holds=max(m["vector"], m["relu"]) < EXACT),
    perturbations={"a leaky ReLU": {"activation": _leaky}},
    evidence="The ReLU of a vector is that of its entries, and max(0, t), to {vector:~} and "
    "{relu:~}.",
)
def componentwise(activation: object = RELU.value) -> Numbers:
    assert callable(activation)
    w = np.random.default_rng(0).standard_normal(50)
    one_by_one = [float(activation(np.array([t]))[0]) for t in w]
    return {
        "vector": gap(activation(w), one_by_one),
        "relu": gap(activation(w), [max(0.0, t) for t in w]),
    }


@item(
    "section 1.1: a bias delays the activation",
    "1.1",
    quote='The purpose of bias is to "delay" the activation function',
    also=("which allows for more flexibility in the network",),
    chapter="nonlinear",
    verdict=lambda m: judge(holds=abs(m["onset"] - m["expected"]) < 1e-3 and m["gain"] > 0.5),
    perturbations={"the bias added after the activation": {"inside": 0.0}},
    evidence="max(0, t − 1.5) starts to rise at t = {onset:.2f}. With such a bias one unit and a "
    "constant fit a hinge; without it {gain:.0%} of the loss of the best line is left.",
)
def bias_delays(inside: float = 1.0) -> Numbers:
    t = np.linspace(0, 4, 4001)
    bias = -1.5
    unit = np.maximum(0, t + inside * bias) + (1 - inside) * bias
    rising = np.flatnonzero(np.diff(unit) > 0)
    target = np.maximum(0, t - 1.5)

    def left(feature: np.ndarray) -> float:
        design = np.stack([feature, np.ones_like(t)])
        return float(np.mean((target - target @ np.linalg.pinv(design) @ design) ** 2))

    return {
        "onset": float(t[rising[0]]),
        "expected": -bias,
        "gain": (left(np.maximum(0, t)) - left(unit)) / left(t),
    }


@item(
    "section 1.1: linear networks have identity activations and no biases",
    "1.1",
    quote="Linear neural networks are neural networks with activation functions consisting of "
    "identity functions",
    also=("biases $b_i=0",),
    chapter="linear_networks",
    verdict=lambda m: judge(holds=m["linear"] < EXACT and m["biased"] > 0.1),
    perturbations={"tanh": {"activation": np.tanh}, "one layer with a bias": {"bias": 1.0}},
    evidence="Layer after layer it gives $W_N \\cdots W_1 x$ to {linear:~}; a bias in one layer "
    "moves f(0) to a distance of {biased:.1f} from 0.",
)
def identity_and_no_bias(activation: object = np.copy, bias: float = 0.0) -> Numbers:
    assert callable(activation)
    rng = np.random.default_rng(0)
    weights = gaussian((3, 4, 2, 5), rng)

    def run(x: np.ndarray, b: float) -> np.ndarray:
        z = x
        for k, w in enumerate(weights):
            z = activation(w @ z + (b if k == 0 else 0.0))
        return np.asarray(z)

    x = rng.standard_normal((3, 7))
    return {
        "linear": gap(run(x, bias), product(weights) @ x),
        "biased": float(np.linalg.norm(run(0 * x[:, :1], 1.0))),
    }


@item(
    "eq. (3)",
    "1.1",
    quote=r"\sum_{i=1}^m \ell(f_{W_1, \dots, W_N, b_1, \dots, b_N}(x_i, y_i))",
    also=(r"\ell:\mathbb{R}^{d_y}\to\mathbb{R}^{d_y}\to\mathbb{R}_+",),
    chapter="linear_networks",
    verdict=lambda m: judge(holds=m["inputs"] == m["pairs"], corrected=m["gap"] < EXACT),
    perturbations={
        "a network that takes the target as an input": {"inputs": 8},
        "ℓ without the square": {"power": 1.0},
    },
    evidence=r"As printed $f$ takes {pairs:.0f} numbers $(x_i, y_i)$, but the network has "
    r"{inputs:.0f} inputs. The sum of $\ell(f(x_i), y_i)$ is the loss (4) to {gap:~}.",
    correction=r"$\mathcal{L} = \sum_i \ell(f(x_i), y_i)$ with "
    r"$\ell : \mathbb{R}^{d_y} \times \mathbb{R}^{d_y} \to \mathbb{R}_+$.",
)
def eq_3(inputs: int = 5, power: float = 2.0) -> Numbers:
    problem = oblong()
    weights = gaussian((5, 4, 3), np.random.default_rng(0))
    W = product(weights)
    summed = sum(
        float(np.linalg.norm(W @ x - y) ** power)
        for x, y in zip(problem.X.T, problem.Y.T, strict=True)
    )
    return {
        "inputs": inputs,
        "pairs": problem.d_x + problem.d_y,
        "gap": gap(summed, loss(weights, problem)),
    }


@item(
    "section 1.1: the loss is the Frobenius norm",
    "1.1",
    quote="our loss function will be the Frobenius norm",
    chapter="linear_networks",
    verdict=lambda m: judge(holds=m["norm"] < EXACT, corrected=m["squared"] < EXACT),
    perturbations={
        "a misfit of norm 1": {"unit": 1.0},
        "half the squared norm": {"half": 0.5},
    },
    evidence="The norm itself is off the loss (4) by {norm:.2f} of it, its square by {squared:~}.",
    correction="It is the squared Frobenius norm, without ½, as (4) prints it.",
)
def frobenius(unit: float = 0.0, half: float = 1.0) -> Numbers:
    weights = gaussian((5, 4, 3), np.random.default_rng(0))
    R = oblong().Y - product(weights) @ oblong().X
    if unit:
        R = R / np.linalg.norm(R)
    printed = half * float(np.sum(R**2))  # the right side of (4)
    return {
        "norm": gap(np.linalg.norm(R), printed),
        "squared": gap(np.linalg.norm(R) ** 2, printed),
    }


@item(
    "eq. (4)",
    "1.1",
    quote=r"\mathcal{L}(W_1, \dots, W_N) = ||Y - WX||_F^2",
    also=(r"We also denote $W := W_N \cdots W_1$",),
    chapter="linear_networks",
    verdict=lambda m: judge(holds=m["gap"] < EXACT),
    perturbations={
        "a factor ½": {"factor": 0.5},
        "the norm without its square": {"power": 1.0},
        "the product in the opposite order": {"order": -1},
    },
    evidence="Sample by sample, layer by layer, the squared errors add up to it: difference "
    "{gap:~}.",
)
def eq_4(factor: float = 1.0, power: float = 2.0, order: int = 1) -> Numbers:
    problem = data()
    weights = gaussian((5, 5, 5), np.random.default_rng(0))
    total = 0.0
    for x, y in zip(problem.X.T, problem.Y.T, strict=True):
        z = x
        for w in weights:
            z = w @ z
        total += float(np.sum((y - z) ** 2))
    W = product(weights[::order])
    return {"gap": gap(factor * np.linalg.norm(problem.Y - W @ problem.X) ** power, total)}


# ---------------------------------------------------------------- 1.1 Critical points


@item(
    "section 1.1: the loss is twice differentiable",
    "1.1",
    quote=r"We assume $f \in C^2$",
    chapter="linear_networks",
    verdict=lambda m: judge(holds=m["sides"] < 1e-4 and m["hessian"] < 1e-4),
    perturbations={"a ReLU, at its kink": {"activation": RELU}},
    evidence="It is a polynomial of the weights. Differences of its gradient to either side agree "
    "with each other to {sides:~} and with the Hessian to {hessian:~}.",
)
def twice_differentiable(activation: Activation = IDENTITY) -> Numbers:
    problem = hinge_problem()
    weights = np.array([[1.0, -2.0], [0.5, 1.0]]), np.ones((1, 2))  # a unit is 0 on a sample
    v = np.ones((2, 2)), np.ones((1, 2))
    here = flatten(nonlinear.gradient(weights, problem, activation))
    h = 1e-6
    right, left = (
        (flatten(nonlinear.gradient(cases.moved(weights, v, s), problem, activation)) - here) / s
        for s in (h, -h)
    )
    exact = nonlinear.hessian(weights, problem, activation) @ flatten(v)
    return {"sides": gap(right, left), "hessian": gap(right, exact)}


@item(
    "section 1.1: definition of a global minimizer",
    "1.1",
    quote=r"x^* is a global minimizer if and only if for all $x \in \mathbb{R}^n$",
    chapter="first_order",
    verdict=lambda m: judge(holds=m["lower"] == 0 and m["excess"] < EXACT),
    perturbations={"a saddle instead of a minimizer": {"rank": 3}},
    evidence="At the factors of the best map {lower:.0f} of {tried:.0f} other weights, near and "
    "far, have a lower loss.",
)
def global_minimizer(rank: int = 4) -> Numbers:
    problem = data()
    weights = factorize(best_of_rank(problem, rank), WIDTHS)
    here = cases.value(weights, problem)
    others = [cases.beside(weights, size, 400) for size in (1e-2, 0.1, 1.0)]
    others.append(tuple(np.stack([w]) for w in factorize(best_of_rank(problem, 4), WIDTHS)))
    lower = sum(int((loss(w, problem) < here * (1 - 1e-12)).sum()) for w in others)
    return {"lower": lower, "tried": 1201, "excess": here / float(problem.floor(4)) - 1}


@item(
    "section 1.1: definition of a local minimizer",
    "1.1",
    quote=r"x^* is a local minimizer if there exists $\varepsilon > 0$ such that "
    r"$\mathcal{L}(x^*) \leq \mathcal{L}(x)$",
    chapter="nonlinear",
    verdict=lambda m: judge(holds=m["near"] == 0 and m["far"] > 0),
    perturbations={
        "the saddle of a linear network": {"activation": IDENTITY, "scale": 0.0},
        "a ball that reaches the global minimizer": {"reach": 1.0},
    },
    evidence="A ReLU network on the best line: within ε = {radius:.2f} none of {tried:.0f} moves "
    "is lower, yet far away the loss is lower by {far:.1f}. A local minimizer need not be global.",
)
def local_minimizer(
    activation: Activation = RELU, scale: float = 1.0, reach: float = 0.0
) -> Numbers:
    problem = hinge_problem()
    best = (np.array([[1.0, -2.0], [0.0, 1.0]]), np.array([[1.0, 1.0]]))
    spurious = tuple(scale * w for w in linear_minimum(problem, units=2))
    radius = 0.4 * max(float(active_radius(spurious, problem.X)), 0.1)
    here = float(nonlinear.loss(spurious, problem, activation))
    rng = np.random.default_rng(0)
    first, second = (rng.standard_normal((5000, *w.shape)) for w in spurious)
    length = np.sqrt((first**2).sum((1, 2)) + (second**2).sum((1, 2)))[:, None, None]
    size = radius * rng.random((5000, 1, 1))
    others = [spurious[0] + size * first / length, spurious[1] + size * second / length]
    if reach:
        others = [np.concatenate([w, b[None]]) for w, b in zip(others, best, strict=True)]
    near = nonlinear.loss(others, problem, activation)
    return {
        "near": int((near < here - 1e-12).sum()),
        "far": here - float(nonlinear.loss(best, problem)),
        "radius": radius,
        "tried": 5000,
    }


@item(
    "section 1.1: definition of a first-order critical point",
    "1.1",
    quote=r"x^* is a first order critical point if and only if $\nabla \mathcal{L}(x^*) = 0$",
    chapter="saddles",
    verdict=lambda m: judge(holds=m["slope"] < EXACT and m["order"] > 1.9),
    perturbations={"a point nearby": {"size": 1e-3}},
    evidence="At a constructed critical point the gradient is {slope:~}, and the loss changes with "
    "the distance to the power {order:.1f}: not to the first.",
)
def first_order(size: float = 0.0) -> Numbers:
    problem = data()
    weights = cases.twins(2)[0]
    weights = tuple(w + size for w in weights)
    here = cases.value(weights, problem)
    direction = gaussian(WIDTHS, np.random.default_rng(0))
    steps = np.array([1e-3, 2e-3])
    changes = [abs(cases.value(cases.moved(weights, direction, t), problem) - here) for t in steps]
    return {
        "slope": cases.slope(weights, problem),
        "order": float(np.log2(changes[1] / changes[0])),
    }


def _lowest(weights: Sequence[np.ndarray]) -> float:
    """The least Hessian eigenvalue, relative to the largest."""
    values = np.linalg.eigvalsh(hessian(weights, data()))
    return float(values[0] / max(values[-1], 1.0))


@item(
    "section 1.1: definition of a second-order critical point",
    "1.1",
    quote=r"x^* is a second order critical point if and only if $\nabla \mathcal{L}(x^*) = 0$ and "
    r"$\nabla^2 \mathcal{L}(x^*) \succeq 0$",
    also=(r"We also write $A \succeq 0$ if matrix A is positive semi-definite",),
    chapter="saddles",
    verdict=lambda m: judge(
        holds=m["minimizer"] > -1e-7 and m["flat"] > -1e-7 and m["strict"] < -1e-4
    ),
    perturbations={"a saddle of the other kind": {"flat_rank_kind": 0}},
    evidence="The least Hessian eigenvalue, relative to the largest, is {minimizer:~} at a global "
    "minimizer, {flat:~} at a non-strict saddle and {strict:.2g} at a strict one, which the "
    "definition leaves out.",
)
def second_order(flat_rank_kind: int = 1) -> Numbers:
    best = critical_point(data(), WIDTHS, range(4))
    pair = cases.twins(2)
    return {
        "minimizer": _rounded(_lowest(best)),
        "flat": _rounded(_lowest(pair[flat_rank_kind])),
        "strict": _lowest(pair[0]),
    }


def _rounded(relative: float) -> float:
    """Eigenvalues of a Hessian are exact up to about 1e-9 of the largest."""
    return 0.0 if abs(relative) < 1e-8 else relative


# Functions of two variables with a critical point at 0: value, Hessian, and what 0 is.
_FORMS: dict[str, tuple[Callable[[Array, Array], Array], tuple[float, float]]] = {
    "x² + y²": (lambda x, y: x**2 + y**2, (2.0, 2.0)),
    "−x² − y²": (lambda x, y: -(x**2) - y**2, (-2.0, -2.0)),
    "−x² − y⁴": (lambda x, y: -(x**2) - y**4, (-2.0, 0.0)),
    "−x⁴ − y⁴": (lambda x, y: -(x**4) - y**4, (0.0, 0.0)),
    "x² + y⁴": (lambda x, y: x**2 + y**4, (2.0, 0.0)),
    "x² − y²": (lambda x, y: x**2 - y**2, (2.0, -2.0)),
    "x³ − y²": (lambda x, y: x**3 - y**2, (0.0, -2.0)),
    "x³ + y²": (lambda x, y: x**3 + y**2, (0.0, 2.0)),
    "x⁴ − y⁴": (lambda x, y: x**4 - y**4, (0.0, 0.0)),
}


def _definitions(saddles_only: bool, definite: bool) -> dict[str, int]:
    """How often the definitions of sections 1.1 and 3.2 disagree on the forms."""
    angle = np.linspace(0, 2 * np.pi, 400)
    circle = 1e-2 * np.cos(angle), 1e-2 * np.sin(angle)
    strict = flat = 0
    for form, spectrum in _FORMS.values():
        values = form(*circle)
        minimizer, maximizer = values.min() >= 0, values.max() <= 0
        saddle = not minimizer and not maximizer
        second = min(spectrum) >= 0
        eligible = saddle or not saddles_only  # 3.2 begins with "A saddle point"
        strict_1 = not minimizer and not maximizer and not second
        flat_1 = second and not minimizer and not maximizer
        strict_3 = eligible and min(spectrum) < 0
        zero = min(np.abs(spectrum)) == 0 and not definite
        flat_3 = eligible and second and zero
        strict += strict_1 != strict_3
        flat += flat_1 != flat_3
    return {"strict": strict, "flat": flat, "forms": len(_FORMS)}


@item(
    "section 1.1: definition of a strict saddle",
    "1.1",
    quote="x^* is a strict saddle point if it is a first-order critical point but not a local "
    "minimizer, local maximizer, nor a second-order critical point",
    chapter="saddles",
    verdict=lambda m: judge(holds=m["strict"] == 0),
    perturbations={"section 3.2 without its words “a saddle point”": {"saddles_only": False}},
    evidence="On {forms:.0f} functions of two variables, maxima and degenerate points among "
    "them, it disagrees with section 3.2 in {strict:.0f} cases: 3.2 says “a saddle point”, which "
    "leaves out maximizers too.",
)
def strict_saddle(saddles_only: bool = True) -> Numbers:
    return _definitions(saddles_only, definite=False)


@item(
    "section 1.1: definition of a non-strict saddle",
    "1.1",
    quote="x^* is a non-strict saddle point if it is a first-order and second-order critical point "
    "but not a local minimizer nor local maximizer",
    chapter="saddles",
    verdict=lambda m: judge(holds=m["flat"] == 0),
    perturbations={
        "section 3.2 without its words “a saddle point”": {"saddles_only": False},
        "a definite Hessian": {"definite": True},
    },
    evidence="On {forms:.0f} functions of two variables it disagrees with section 3.2 in "
    "{flat:.0f} cases. A saddle with a semidefinite Hessian always has a zero eigenvalue.",
)
def non_strict_saddle(saddles_only: bool = True, definite: bool = False) -> Numbers:
    return _definitions(saddles_only, definite)


@item(
    "section 1.1: the problem is non-convex",
    "1.1",
    quote="due to the non-convex nature of the problem",
    chapter="linear_networks",
    verdict=lambda m: judge(holds=m["bulge"] > EXACT),
    perturbations={"a single layer": {"depth": 1}},
    evidence="Turning the sign of two layers leaves the loss as it is; halfway it is higher by "
    "{bulge:.2f} of itself.",
)
def non_convex(depth: int = 2) -> Numbers:
    problem = oblong()
    widths = (5, *[4] * (depth - 1), 3)
    a = factorize(best_of_rank(problem, 3), widths)
    b = tuple(-w for w in a)
    middle = tuple((u + v) / 2 for u, v in zip(a, b, strict=True))
    ends = (cases.value(a, problem) + cases.value(b, problem)) / 2
    return {"bulge": cases.value(middle, problem) / ends - 1}


@item(
    "section 1.1: gradient descent may end in local minimizers or saddles",
    "1.1",
    quote="we instead might converge to local minimizers, strict saddle points, and non strict "
    "saddle points",
    also=("how saddle points can influence the convergence of gradient descent",),
    chapter="step_size",
    verdict=lambda m: judge(
        holds=m["bad minima"] > 0,
        corrected=m["strict end"] == Kind.STRICT_SADDLE
        and m["flat end"] == Kind.NON_STRICT_SADDLE
        and m["missed"] == 0,
    ),
    perturbations={"exceptional starts made generic": {"third": 0.1}},
    evidence="Runs whose start lacks one mode end at a strict saddle (two layers) and at a "
    "non-strict one (three). Of {random:.0f} random starts {missed:.0f} missed the global minimum, "
    "and {bad minima:.0f} ended in a local minimizer that is not global.",
    correction="A linear network has no local minimizer that is not global. Runs from exceptional "
    "starts do end at saddles of either kind; of random starts none has been seen to.",
)
def ends(third: float = 0.0) -> Numbers:
    problem = Problem(np.eye(3), np.diag([3.0, 2.0, 1.0]))

    def kind(depth: int) -> int:
        start = (np.diag([1.0, 1.0, third]),) * depth
        run = descend(start, problem, 0.02, 4000, tolerance=1e-12)
        return int(classify(run.weights, problem).kind)

    starts = gaussian((3, 3, 3, 3), np.random.default_rng(5), std=0.3, size=(100,))
    run = descend(starts, problem, 0.01, 20_000, tolerance=1e-9, record_every=1000)
    above = run.losses[:, -1] > 1e-6
    settled = np.asarray(run.stop == Stop.CONVERGED)
    kinds = [
        classify(tuple(w[k] for w in run.weights), problem).kind
        for k in np.flatnonzero(above & settled)
    ]
    return {
        "strict end": kind(2),
        "flat end": kind(3),
        "random": above.size,
        "missed": int(above.sum()),
        "bad minima": sum(k == Kind.NOT_CRITICAL for k in kinds),  # `classify` has no other name
    }


# ---------------------------------------------------------------- 1.2 and 1.3 What is promised

_FIRST_NAME = 'Theorem 2.6 of "Convergence of Gradient Descent for Learning Linear Neural Networks"'
_SECOND_NAME = "Theorem 2.4 of Nguegnang et. al."


def _number(words: str) -> float:
    return float(words.split("Theorem ")[1].split()[0])


@item(
    "section 1.2: the theorem tested is 2.6",
    "1.2",
    quote=_FIRST_NAME,
    chapter="step_size",
    verdict=lambda m: judge(
        holds=abs(m["here"] - m["there"]) < EXACT,
        corrected=m["slope"] < 1e-6 and m["short of global"] > 0.1,
    ),
    perturbations={
        "one name in both places": {"second": _SECOND_NAME.replace("2.4", "2.6")},
        "a start from which both theorems promise the same": {"third": 1.0},
    },
    evidence="Section 1.2 says {here}, section 5.3 says {there} of the same statement. They "
    "differ: from a start without the third mode the run has a gradient of {slope:~}, as Theorem "
    "2.4 promises, and stays {short of global:.1f} above the global minimum.",
    correction="The step bound, and convergence to a critical point, are Theorem 2.4 of "
    "Nguegnang et al.; that almost all starts do better is Theorem 2.6.",
)
def theorem_name(second: str = _SECOND_NAME, third: float = 0.0) -> Numbers:
    problem = Problem(np.eye(3), np.diag([3.0, 2.0, 1.0]))
    run = descend((np.diag([1.0, 1.0, third]),) * 2, problem, 0.02, 4000)
    return {
        "here": _number(_FIRST_NAME),
        "there": _number(second),
        "slope": cases.slope(run.weights, problem),
        "short of global": float(run.losses[-1] - problem.floor(3)),
    }


@item(
    "section 1.2: non-strict saddles have r_max plateau values",
    "1.2",
    quote="the non-strict saddle points are associated with rmax plateau values of the empirical "
    "risk",
    also=("We also numerically verified the intuition Achour et. al. have in section 1.4",),
    chapter="saddles",
    verdict=lambda m: judge(holds=m["values"] == m["r_max"] and m["off"] < EXACT),
    perturbations={
        "saddles of the other kind": {"kind": Kind.STRICT_SADDLE},
        "two layers": {"depth": 2},
    },
    evidence="Over all index sets and random parametrizations the non-strict saddles of a 5-3-4-5 "
    "network have {values:.0f} values, the least losses of rank 0, 1 and 2 (to {off:~}); "
    "r_max is {r_max:.0f}.",
)
def plateau_values(kind: Kind = Kind.NON_STRICT_SADDLE, depth: int = 3) -> Numbers:
    problem = data()
    points = cases.saddles(depth)
    found = [cases.value(w, problem) for w, k in points if k == kind]
    distinct: list[float] = []
    for v in found:
        if all(abs(v / d - 1) > 1e-6 for d in distinct):
            distinct.append(v)
    floors = sorted(float(problem.floor(r)) for r in range(3))
    off = gap(sorted(distinct), floors) if distinct else 1.0
    return {"values": len(distinct), "r_max": min(widths_of(points[0][0])), "off": off}


@item(
    "section 1.2: r_max is the thinnest layer",
    "1.2",
    quote="rmax is the size of the thinnest layer of the network",
    chapter="linear_networks",
    verdict=lambda m: judge(holds=m["wrong"] == 0),
    perturbations={"only hidden layers counted": {"first": 1}},
    evidence="The product of random weights has rank min d_j, inputs and outputs included, in all "
    "but {wrong:.0f} of {count:.0f} random shapes.",
)
def thinnest(first: int = 0) -> Numbers:
    rng = np.random.default_rng(0)
    wrong, count = 0, 60
    for _ in range(count):
        widths = [int(d) for d in rng.integers(1, 8, size=4)]
        rank = int(numerical_rank(product(gaussian(widths, rng))))
        wrong += rank != min(widths[first : len(widths) - first])
    return {"wrong": wrong, "count": count}


@item(
    "section 1.2: descent rests at the plateau values",
    "1.2",
    quote="these are values of the empirical risk that first-order algorithms can take for some "
    "time",
    also=("which might be confused with a global minimum",),
    chapter="plateaus",
    verdict=lambda m: judge(holds=m["share"] > 0.5 and m["fall"] < 1e-3 and m["above"] > 2),
    perturbations={"large initial weights": {"std": 1.0}},
    evidence="A run from small weights spends {share:.0%} of its way down within 2% of one of the "
    "four values. On the plateau of rank 3 it loses {fall:~} of its loss per step, "
    "{above:.1f} times above the minimum.",
)
def rests(std: float = 0.01) -> Numbers:
    problem = data()
    start = gaussian(WIDTHS, np.random.default_rng(3), std=std)
    losses = descend(start, problem, 2e-5, 9000).losses
    floors = np.array([float(problem.floor(r)) for r in range(5)])
    down = losses > 1.05 * floors[4]
    near = (np.abs(losses[:, None] / floors[:4] - 1) < 0.02).any(axis=1)
    third = np.flatnonzero(np.abs(losses / floors[3] - 1) < 0.02)
    falls = -np.diff(np.log(losses[third])) if third.size > 2 else np.ones(1)
    return {
        "share": float((near & down).sum() / max(int(down.sum()), 1)),
        "fall": float(np.median(falls)),
        "above": float(floors[3] / floors[4]),
    }


@item(
    "section 1.3: a local-to-global result about first-order critical points",
    "1.3",
    quote="a proof of a local-to-global result about first-order critical points",
    chapter="first_order",
    verdict=lambda m: judge(holds=m["excess"] < EXACT, corrected=m["slope"] < EXACT),
    perturbations={"a critical point that is a minimizer": {"rank": 4}},
    evidence="A first-order critical point need not be global: here is one with gradient {slope:~} "
    "and a loss {excess:.1f} times the least above it.",
    correction="It is a result about local minimizers: each is a global one.",
)
def local_to_global(rank: int = 2) -> Numbers:
    weights = critical_point(data(), WIDTHS, range(rank))
    least = float(data().floor(4))
    return {
        "excess": cases.value(weights, data()) / least - 1,
        "slope": cases.slope(weights, data()),
    }


@item(
    "section 1.3: the second-order critical points are classified",
    "1.3",
    quote="the classification of the second-order critical points of the loss landscape of linear "
    "networks attained in Achour et. al.",
    chapter="saddles",
    verdict=lambda m: judge(holds=m["wrong"] == 0),
    perturbations={"strict saddles counted among them": {"extra": (Kind.STRICT_SADDLE,)}},
    evidence="They are the global minimizers and the non-strict saddles: of {count:.0f} "
    "constructed critical points with two to four layers {wrong:.0f} contradict the sign of the "
    "least Hessian eigenvalue.",
)
def second_order_classified(extra: Sequence[Kind] = ()) -> Numbers:
    among = {Kind.GLOBAL_MINIMIZER, Kind.NON_STRICT_SADDLE, *extra}
    points = [p for depth in (2, 3, 4) for p in cases.saddles(depth)]
    wrong = sum((k in among) != (_lowest(w) > -1e-7) for w, k in points)
    return {"wrong": wrong, "count": len(points)}
