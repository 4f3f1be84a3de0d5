"""Section 5.4 of the report: an experiment on step sizes.

Ensembles are drawn as the section says: X standard normal and 5 × 5, Y = diag(1, ..., 5) X plus
noise of standard deviation 0.1, normal weights scaled until their balancedness constant is α δ,
with the report's α. Every number is looked at with the formulas as printed and as they should read,
for the loss without ½ and with it: a step of ½L is twice as long as the same move for L.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from lnn._checks import Array, Weights
from lnn.book.audit.cases import gap
from lnn.book.audit.items import EXACT, Numbers, item
from lnn.book.audit.printed import Bound, bound
from lnn.book.audit.verdicts import judge, judge_number, wish
from lnn.book.browser import sizes
from lnn.data import step_problem
from lnn.descent import descend
from lnn.initialization import gaussian
from lnn.intervals import quantile_interval, share_interval
from lnn.network import product
from lnn.objective import loss
from lnn.problem import Problem
from lnn.steps import (
    attempt,
    balancedness,
    convergence_bound,
    divergence_bound,
    first_failure,
    least_sharpness,
    shrink_to_alpha,
    trapping_bound,
)
from lnn.steps.search import Attempt, FirstFailure

DELTA, ALPHA_DELTA, ALPHA, ETA, FAILING = 1.17328, 0.84352, 0.71894, 2.374e-4, 0.0273
"""What the report prints."""

SQUARE, NARROW = (5, 5, 5, 5), (5, 2, 2, 5)

SIZES = sizes(searched=(400, 100), followed=(200, 100))
"""Networks whose first diverging step is looked for, and that are run for 5000 steps."""


@cache
def draws(widths: tuple[int, ...], size: int = 500) -> tuple[Weights, Problem]:
    """Draw problems and weights; the problems are the same for all widths with d_x = 5."""
    rng = np.random.default_rng(54)
    problem = step_problem(rng, size=(size,))
    if widths[0] != 5:  # fewer inputs and outputs: the leading ones
        problem = Problem(
            problem.X[:, : widths[0], : widths[0]], problem.Y[:, : widths[0], : widths[0]]
        )
    weights = gaussian(widths, np.random.default_rng(5), size=(size,))
    return shrink_to_alpha(weights, problem, ALPHA), problem


def followed() -> tuple[Weights, Problem]:
    """Return the first networks of 5 × 5 matrices, which are run for 5000 steps."""
    weights, problem = draws(SQUARE)
    return tuple(w[: SIZES.followed] for w in weights), problem[: SIZES.followed]


def bounds(widths: tuple[int, ...], *, printed: bool = True, half: bool = True) -> Bound:
    """Return the displayed bound over an ensemble."""
    return bound(*draws(widths), ALPHA, printed=printed, half=half)


@cache
def search(
    widths: tuple[int, ...], divergence_only: bool = True, size: int = SIZES.searched
) -> FirstFailure:
    """Double the step size from 0.9 of the theorem's bound until descent diverges, or fails."""
    weights, problem = draws(widths)
    some = tuple(w[:size] for w in weights), problem[:size]
    start = 0.9 * convergence_bound(*some).step_size
    guess = 0.5 * divergence_bound(some[1], SQUARE)  # near enough for narrow networks, too
    return first_failure(*some, start, guess=guess, divergence_only=divergence_only)


def _ends(tried: Attempt, problem: Problem) -> Array:
    """The losses after the steps; infinite where a run has diverged."""
    whole = tuple(np.where(tried.diverged[..., None, None], 0.0, w) for w in tried.weights)
    return np.asarray(np.where(tried.diverged, np.inf, loss(whole, problem)))


def _share(hits: np.ndarray) -> Array:
    """The 95% interval of a share."""
    return share_interval(int(np.count_nonzero(hits)), int(np.size(hits)))


# ------------------------------------------------------------ the setting


@item(
    "section 5.4: normal weights with a balancedness constant below δ",
    "5.4",
    quote="sampled from a normal distribution with the layers having a balanceness constant",
    chapter="step_size_experiments",
    verdict=lambda m: judge_number(
        determined=m["share"] > 0.5, agrees=m["share"] > 0.5, possible=m["scaled"] < 1
    ),
    perturbations={"weights a tenth as large": {"std": 0.1}},
    evidence="How is not said. Of 500 networks with standard normal weights {share:.1%} have one "
    "below δ of (30); a typical constant is {typical:.0f}. We scale the weights down until it is "
    "αδ.",
)
def normal_weights(std: float = 1.0) -> Numbers:
    _, problem = draws(SQUARE)
    weights = gaussian(SQUARE, np.random.default_rng(1), std=std, size=(500,))
    constants = balancedness(weights)
    delta = bound(weights, problem, 0.5, printed=True).delta
    shrunk = draws(SQUARE)
    return {
        "share": float(np.mean(constants < delta)),
        "typical": float(np.median(constants)),
        "scaled": float(np.max(balancedness(shrunk[0]) / bounds(SQUARE, printed=False).delta)),
    }


@item(
    "section 5.4: balancedness constant δ, then αδ",
    "5.4",
    quote="and the balancedness constant is $\\alpha\\delta=0.84352$",
    also=("with the layers having a balanceness constant of",),
    chapter="step_size_experiments",
    verdict=lambda m: judge(holds=m["first"] > EXACT, corrected=m["second"] > EXACT),
    perturbations={"αδ in both places": {"first": ALPHA_DELTA}},
    evidence="With layers of balancedness constant δ, as the experiment begins, α is 1 and the "
    "bound is {first:~}: the theorem says nothing. With αδ, as it goes on, it is {second:~}.",
    correction=r"The layers have a balancedness constant $\alpha\delta$ with $\alpha < 1$.",
)
def delta_then_alpha(first: float = DELTA) -> Numbers:
    weights, problem = draws(SQUARE)
    found = [
        float(np.median(bound(weights, problem, c / DELTA, printed=False).step_size))
        for c in (first, ALPHA_DELTA)
    ]
    return {"first": found[0], "second": found[1]}


@item(
    "eq. (30)",
    "5.4",
    quote=r"\delta = \frac{1}{N(N+1)^2} M^{\frac{2}{N}}",
    chapter="step_size_experiments",
    verdict=lambda m: judge(holds=m["gap"] < EXACT and 0.2 < m["against best"] <= 1),
    perturbations={
        "(N + 1) without its square": {"power": 1},
        "δ ten times larger": {"factor": 10},
    },
    evidence="It is the default of the book, to {gap:~}. The step bound that it gives is "
    "{against best:.0%} of the best that any δ gives, in the median draw.",
)
def eq_30(power: int = 2, factor: float = 1.0) -> Numbers:
    weights, problem = (tuple(w[:100] for w in draws(SQUARE)[0]), draws(SQUARE)[1][:100])
    ours = convergence_bound(weights, problem)
    chosen = factor * np.asarray(ours.M) ** (2 / 3) / (3 * 4**power)
    constant = balancedness(weights)

    def step(delta: Array) -> Array:
        alpha = np.minimum(constant / delta, 1.0)
        return bound(weights, problem, alpha, printed=False, delta=delta).step_size

    grid = [step(np.asarray(ours.delta) * t) for t in np.geomspace(0.75, 30, 60)]
    return {
        "gap": gap(chosen, ours.delta),
        "against best": float(np.median(step(chosen) / np.max(grid, axis=0))),
    }


@item(
    "eq. (31)",
    "5.4",
    quote=r"M = \frac{\sqrt{2||Y - W_N(0) \cdots W_1(0)X|| + ||Y||}}{\sigma_{\min}(X)}",
    chapter="step_size_experiments",
    verdict=lambda m: judge(holds=m["printed"] < EXACT, corrected=m["mended"] < EXACT),
    perturbations={
        "no change of units": {"units": 1.0},
        "a square left over": {"power": 2.0},
    },
    evidence="If X and Y are measured in tenths, W stays as it is and so should a bound of ‖W‖. "
    "The printed M changes by {printed:.0%}, the corrected one by {mended:~}.",
    correction=r"$M = (\|Y - W X\|_F + \|Y\|)/\sigma_{\min}(X)$.",
)
def eq_31(units: float = 10.0, power: float = 1.0) -> Numbers:
    weights, problem = draws(SQUARE)
    other = Problem(units * problem.X, units * problem.Y)

    def M(data: Problem) -> Array:
        misfit = np.linalg.norm(data.Y - product(weights) @ data.X, axis=(-2, -1)) ** power
        y_norm = np.linalg.norm(data.Y, 2, axis=(-2, -1))
        return np.asarray((misfit + y_norm) / data.singular_values_x[..., -1])

    shown = [bound(weights, data, ALPHA).M for data in (other, problem)]
    return {"printed": gap(*shown), "mended": gap(M(other), M(problem))}


@item(
    "eq. (32)",
    "5.4",
    quote=r"\mathcal{L}(W_1, W_2, W_3) = ||Y - XW_1W_2W_3||_F^2",
    also=(r"We let $Y = \text{diag}(1,2,3,4,5)X + \mathcal{E}$",),
    chapter="step_size_experiments",
    verdict=lambda m: judge(holds=m["right"] < 0.2, corrected=m["left"] < 0.2),
    perturbations={"data made the other way": {"left": False}, "noise of 100": {"noise": 100.0}},
    evidence="The data are made with the matrix on the left of X. The least-squares map on the "
    "right is off diag(1, ..., 5) by {right:.1f} of it in the median draw, the one on the left "
    "by {left:.2f}.",
    correction=r"$\|Y - W_3 W_2 W_1 X\|_F^2$: the samples are columns here.",
)
def eq_32(left: bool = True, noise: float = 0.1) -> Numbers:
    rng = np.random.default_rng(0)
    X, E = rng.standard_normal((100, 5, 5)), noise * rng.standard_normal((100, 5, 5))
    D = np.diag([1.0, 2, 3, 4, 5])
    Y = (D @ X if left else X @ D) + E
    on_right, on_left = np.linalg.solve(X, Y), np.linalg.solve(X.mT, Y.mT).mT
    off = [np.median(np.linalg.norm(V - D, axis=(-2, -1))) for V in (on_right, on_left)]
    size = np.linalg.norm(D)
    return {"right": float(off[0] / size), "left": float(off[1] / size)}


@item(
    "section 5.4: XXᵀ has full rank",
    "5.4",
    quote="We also checked and found that XX^T is full rank",
    chapter="step_size_experiments",
    verdict=lambda m: judge(holds=m["deficient"] == 0),
    perturbations={"four samples": {"samples": 4}},
    evidence="{deficient:.0f} of {count:.0f} draws are deficient. But σ_min(X) is {least:.2f} in "
    "the median, and M is proportional to its inverse.",
)
def full_rank(samples: int = 5) -> Numbers:
    X = np.random.default_rng(0).standard_normal((1000, 5, samples))
    gram = np.linalg.eigvalsh(X @ X.mT)[:, 0]
    return {
        "deficient": int((gram < 1e-12).sum()),
        "count": 1000,
        "least": float(np.median(np.sqrt(np.maximum(gram, 0)))),
    }


# ------------------------------------------------------------ the first network


def _norm_allowed(eta: float, terms: float) -> float:
    """The largest ‖X‖ that δ and η allow: η ≤ 2/B and B ≥ 2eN K^{N−1}‖X‖², K = M^{2/N} + terms δ.

    M^{2/N} = N (N + 1)² δ by (30), whatever M is.
    """
    n = 3
    K = n * (n + 1) ** 2 * DELTA + terms * DELTA
    return float(np.sqrt(2 / eta / (2 * np.e * n * K ** (n - 1))))


@cache
def _smallest_failing(norm: float) -> float:
    """The least first diverging step over 60 draws whose X is scaled to a spectral norm."""
    problem = draws(SQUARE)[1][:60]
    scale = (norm / problem.singular_values_x[:, 0])[:, None, None]
    rng = np.random.default_rng(1)
    X = scale * problem.X
    Y = np.diag([1.0, 2, 3, 4, 5]) @ X + 0.1 * rng.standard_normal(X.shape)
    small = Problem(X, Y)
    weights = shrink_to_alpha(gaussian(SQUARE, rng, size=(60,)), small, ALPHA)
    start = np.full(60, FAILING / 2**6)
    return float(first_failure(weights, small, start, steps=2000).step_size.min())


@item(
    "section 5.4: δ = 1.17328, αδ = 0.84352, η = 2.374e-4",
    "5.4",
    quote=r"we have that $\delta=1.17328$ and the balancedness constant is $\alpha\delta=0.84352$",
    also=(r"we have a theoretical stepsize upper bound of $\eta=2.374\cdot 10^{-4}$",),
    chapter="step_size_experiments",
    verdict=lambda m: judge_number(
        determined=m["probability"] > 0.999,
        agrees=m["probability"] > 0.999,
        possible=m["probability"] > 1e-9 or m["failing"] <= FAILING,
    ),
    perturbations={"a bound a thousand times smaller": {"eta": ETA / 1000}},
    evidence=r"They exclude each other. δ fixes $M^{{2/N}}$ by (30), whatever M is, and then η "
    r"is at most 2.374 · 10⁻⁴ only if ‖X‖ ≤ {norm:.2f}, by the most generous of three readings "
    r"of $K_\delta$. For standard normal entries that has a probability below 10⁻⁹; and with "
    r"entries scaled down so far, descent first fails at steps of {failing:.2f} or more, not at "
    r"0.0273.",
)
def exclude(eta: float = ETA) -> Numbers:
    from scipy.stats import chi2

    norm = max(_norm_allowed(eta, terms) for terms in (16.0, 4.0, 0.0))
    # ‖X‖_F² ≤ 5 ‖X‖² is a sum of 25 squares of standard normals.
    return {
        "norm": norm,
        "probability": float(chi2.cdf(5 * norm**2, 25)),
        "failing": _smallest_failing(min(norm, 3.0)),
    }


@item(
    "section 5.4: α = 0.71894",
    "5.4",
    quote=r"This gives us $\alpha=0.71894$",
    chapter="step_size_experiments",
    verdict=lambda m: judge(holds=abs(m["ratio"] - ALPHA) < 5.1e-6),
    perturbations={"digits of δ exchanged": {"delta": 1.17382}},
    evidence="It is the ratio of the two printed numbers, {ratio:.5f}.",
)
def alpha(delta: float = DELTA) -> Numbers:
    return {"ratio": ALPHA_DELTA / delta}


@item(
    "section 5.4: 0.9 η converges",
    "5.4",
    quote="we started with 0.9η to ensure we indeed have convergence",
    also=("Since we have satisfied all the conditions",),
    chapter="step_size_experiments",
    verdict=lambda m: judge(holds=m["failed"] == 0 and m["failed printed"] == 0),
    perturbations={"ten thousand times as much": {"factor": 1e4}},
    evidence="Of {count:.0f} networks {failed:.0f} fail at 0.9 of the theorem's bound and "
    "{failed printed:.0f} at 0.9 of the printed η. (After 5000 steps the loss is still "
    "{left:.0%} and {left printed:.1%} of the start, in the median.)",
)
def ninety(factor: float = 1.0) -> Numbers:
    weights, problem = followed()
    count = SIZES.followed
    steps = (convergence_bound(weights, problem).step_size, np.full(count, ETA))
    found: dict[str, float] = {"count": count}
    for name, eta in zip(("", " printed"), steps, strict=True):
        step = 0.9 * factor * eta
        tried = attempt(weights, problem, step, steps=5000)
        found["failed" + name] = int(np.count_nonzero(tried.failed))
        left = _ends(tried, problem) / loss(weights, problem)
        found["left" + name] = float(np.median(left))
    return found


@item(
    "section 5.4: larger steps converge too",
    "5.4",
    quote="it could be the case where some step size greater than η allows us to converge to a "
    "critical point",
    also=("this is a sufficient condition and not a necessary and sufficient condition",),
    chapter="step_size_experiments",
    verdict=lambda m: judge(holds=m["least"] > 2),
    perturbations={"the bound against itself": {"factor": 1e-4}},
    evidence="In each of {count:.0f} networks the step size can be doubled many times over: the "
    "last that does not diverge is at least {least:.0f} times the theorem's bound.",
)
def larger(factor: float = 1.0) -> Numbers:
    found = search(SQUARE)
    weights, problem = draws(SQUARE)
    some = tuple(w[: found.step_size.size] for w in weights), problem[: found.step_size.size]
    last = np.asarray(found.step_size) / 2
    return {
        "least": float(np.min(factor * last / convergence_bound(*some).step_size)),
        "count": found.step_size.size,
    }


@dataclass(frozen=True, eq=False)
class Doublings:
    """Runs of 5000 steps with 0.9 · 2.374e-4 · 2^k, k = 0, ..., 7: arrays (k, networks)."""

    start: Array
    end: Array
    failed: np.ndarray
    diverged: np.ndarray


@cache
def doublings() -> Doublings:
    """Run networks at the printed step sizes, taken as steps of L."""
    weights, problem = followed()
    etas = 0.9 * ETA * 2.0 ** np.arange(8)[:, None] * np.ones(SIZES.followed)
    tried = attempt(weights, problem, etas, steps=5000)
    start = np.broadcast_to(loss(weights, problem), etas.shape)
    return Doublings(start, _ends(tried, problem), tried.failed, tried.diverged)


@item(
    "figure 3",
    "5.4",
    quote="we see that with all these step sizes, we have convergence to the critical point",
    also=("Figure 3: Convergence of linear neural networks with varying step sizes",),
    chapter="step_size_experiments",
    verdict=lambda m: judge(holds=m["all"] > 0.5, corrected=m["down"] > 0.95),
    perturbations={
        "arrival at nine tenths of the loss": {"level": 0.9},
        "steps that climb": {"upside": True},
    },
    evidence="Redone for {count:.0f} networks with the printed η: of the seven step sizes 0.9η to "
    "2⁶ · 0.9η, as far as they do not fail, all bring the loss below a thousandth of its start "
    "within 5000 steps in {all:.0%} of the networks; in {some:.0%} at least one does. In "
    "{down:.0%} it goes down at all.",
    correction="In all of them the loss goes down; within 5000 steps only the larger ones arrive.",
)
def figure_3(level: float = 1e-3, upside: bool = False) -> Numbers:
    runs = doublings()
    first, last, good = runs.start[:7], runs.end[:7], ~runs.failed[:7]
    arrived = last < level * first
    down = last > first if upside else last < first
    return {
        "all": float((arrived | ~good).all(axis=0).mean()),
        "some": float((arrived & good).any(axis=0).mean()),
        "down": float((down | ~good).all(axis=0).mean()),
        "count": last.shape[-1],
    }


@item(
    "section 5.4: smaller steps converge more slowly",
    "5.4",
    quote="with the smaller step size, we see convergence significantly slower compared to the "
    "larger step sizes",
    chapter="step_size_experiments",
    verdict=lambda m: judge(holds=m["low"] > 0.9),
    perturbations={"the losses in the opposite order": {"order": -1}},
    evidence="In {share:.0%} of {count:.0f} networks, 95% interval from {low:.0%}, every doubling "
    "that does not fail leaves a lower loss after 5000 steps.",
)
def slower(order: int = 1) -> Numbers:
    last, good = doublings().end[::order], ~doublings().failed[::order]
    right = ((last[1:] <= last[:-1]) | ~good[1:] | ~good[:-1]).all(axis=0)
    return {"share": float(right.mean()), "low": float(_share(right)[0]), "count": right.size}


@item(
    "section 5.4: the bound can be significantly tighter",
    "5.4",
    quote="this bound can be significantly tighter which could be possibly discussed in future "
    "works",
    also=("we had to increase the step size significantly in order to force divergence",),
    chapter="divergence",
    verdict=lambda m: wish(answered=m["gain"] > 10),
    perturbations={"the bound against itself": {"factor": 1e-4}},
    evidence="Answered: a bound computed along the run proves convergence to a global minimum for "
    "steps {gain:.0f} times as long as the theorem's, in the median of {count:.0f} networks.",
)
def tighter(factor: float = 1.0) -> Numbers:
    weights, problem = (tuple(w[:40] for w in draws(SQUARE)[0]), draws(SQUARE)[1][:40])
    run = descend(weights, problem, 2e-3, 40_000, record_every=40_000)
    proved = factor * trapping_bound(run.weights, problem).step_size
    # The run has used the step 2e-3: proved for it if the bound at its end allows as much.
    gain = np.where(proved > 2e-3, 2e-3, 0) / convergence_bound(weights, problem).step_size
    return {"gain": float(np.median(gain)), "count": 40}


@item(
    "section 5.4: first diverging step 0.0273",
    "5.4",
    quote=r"the first step size in which we fail to converge to a critical point is $\eta=0.0273$",
    also=("Because we double the step size every time the method converges",),
    chapter="step_size_experiments",
    verdict=lambda m: judge(
        holds=abs(m["doubled"] - FAILING) < 5.1e-5 and m["fails"] > 0.05,
        corrected=abs(m["doubled"] - FAILING) < 5.1e-5
        and max(m["fails half"], m["diverges"]) > 0.05,
    ),
    perturbations={
        "six doublings": {"doubled": 6},
        "a bound ten times smaller": {"eta": ETA / 10},
        "networks that fail one doubling later": {"later": 1},
    },
    evidence="0.9 · 2.374 · 10⁻⁴ doubled seven times is {doubled:.4f}, the doublings agree. But "
    "of {count:.0f} draws, in steps of the loss (32), {fails:.0%} first fail to settle at just "
    "this step (upper end of the 95% interval); {diverges:.0%} first diverge there. In steps of "
    "½L it is {fails half:.0%} and {diverges half:.0%}.",
    correction="In steps of ½L, or where failing means that the loss blows up.",
)
def failing_step(doubled: int = 7, eta: float = ETA, later: int = 0) -> Numbers:
    def first_at(bad: np.ndarray, k: int) -> float:
        return float(_share(bad[k] & ~bad[:k].any(axis=0))[1])

    runs = doublings()
    return {
        "doubled": 0.9 * eta * 2**doubled,
        "count": runs.end.shape[-1],
        "fails": first_at(runs.failed, 7 - later),
        "diverges": first_at(runs.diverged, 7 - later),
        # The same move in steps of ½L is half as long in steps of L: one doubling less.
        "fails half": first_at(runs.failed, 6 - later),
        "diverges half": first_at(runs.diverged, 6 - later),
    }


# ------------------------------------------------------------ ensembles of the bound


def _power(value: float) -> int:
    """The nearest power of ten."""
    return int(np.round(np.log10(value)))


def _cap(widths: tuple[int, ...], printed: bool) -> float:
    """The median of the largest bound that any start has on these data: L(W(0)) = 0 and α = 0."""
    problem = draws(widths)[1]
    W = np.linalg.solve(problem.X.mT, problem.Y.mT).mT  # fits exactly
    eye: Array = np.broadcast_to(np.eye(5), W.shape).astype(np.float64)
    fitted = (np.asarray(W, dtype=np.float64), *[eye] * (len(widths) - 2))
    return float(np.median(2 / bound(fitted, problem, 0.0, printed=printed).B))


@item(
    "figure 4",
    "5.4",
    quote="Left-Calculated Bound of Convergence of Linear Neural Networks using 3 5x5 weights",
    also=(
        r"Right-Calculated Bound of Convergence of Linear Neural Networks using $W_1(0)",
        "we run the calculations with 1000 linear neural networks and graph the distributions",
        r"a linear neural network with 3 weights has a step size convergence bound of about "
        r"$\eta=10^{-4}$",
    ),
    chapter="step_size_experiments",
    verdict=lambda m: judge(holds=m["half"] == -4 and m["whole"] == -4),
    perturbations={"the corrected M": {"printed": False}, "four layers": {"widths": (5,) * 5}},
    evidence="With (31) exactly as printed the median bound of three layers is {median:~} for ½L "
    "and {median whole:~} for L: 10⁻⁴ is the nearest power of ten. (With the corrected M it is "
    "{corrected:~}.)",
)
def figure_4(printed: bool = True, widths: tuple[int, ...] = SQUARE) -> Numbers:
    half, whole = (
        float(np.median(bounds(widths, printed=printed, half=h).step_size)) for h in (True, False)
    )
    return {
        "half": _power(half),
        "whole": _power(whole),
        "median": half,
        "median whole": whole,
        "corrected": float(np.median(bounds(widths, printed=False).step_size)),
    }


@item(
    "section 5.4: the bound's distribution is roughly the same for 5-2-2-5",
    "5.4",
    quote="Looking at 4, we see that the distribution of step sizes are roughly the same",
    also=(r"we let $W_1(0) \in \mathbb{R}^{5 \times 2}$",),
    chapter="step_size_experiments",
    verdict=lambda m: judge(holds=m["low"] > 0.9 and m["high"] < 1.1),
    perturbations={"four layers": {"other": (5, 2, 2, 2, 5)}},
    evidence="On the same 500 problems the ratio of the two lies between {low:.2f} and "
    "{high:.2f} for nine networks of ten, by the printed M; by the corrected one between {low "
    "corrected:.2f} and {high corrected:.2f}.",
)
def same_distribution(other: tuple[int, ...] = NARROW) -> Numbers:
    found = {}
    for name, printed in (("", True), (" corrected", False)):
        ratio = bounds(other, printed=printed).step_size / bounds(SQUARE, printed=printed).step_size
        found["low" + name], found["high" + name] = np.quantile(ratio, [0.05, 0.95])
    return found


@item(
    "section 5.4: dimensions tell nothing about the bound",
    "5.4",
    quote="the dimensions of the weights do not provide any insightful information of the step "
    "size bound",
    chapter="step_size_experiments",
    verdict=lambda m: judge(
        holds=abs(np.log(m["hidden"])) < 0.2 and abs(np.log(m["outer"])) < 0.2,
        corrected=abs(np.log(m["hidden"])) < 0.2,
    ),
    perturbations={
        "the same inputs and outputs": {"outer": (5, 3, 3, 5)},
        "hidden layers and inputs changed together": {"hidden": (3, 2, 2, 3)},
    },
    evidence="With hidden layers of 2 the median bound is {hidden:.2f} of that with 5. With three "
    "inputs and outputs instead of five it is {outer:.1f} times as large.",
    correction="The hidden dimensions do not; those of the inputs and outputs do.",
)
def dimensions(hidden: tuple[int, ...] = NARROW, outer: tuple[int, ...] = (3, 3, 3, 3)) -> Numbers:
    middle = np.median(bounds(SQUARE).step_size)
    return {
        "hidden": float(np.median(bounds(hidden).step_size) / middle),
        "outer": float(np.median(bounds(outer).step_size) / middle),
    }


@item(
    "figure 5",
    "5.4",
    quote="Left-Calculated Bound of Convergence of Linear Neural Networks with four layers",
    also=(
        "we preform the same experiments but for a 4 layer neural network and a 2 layer",
        "Right-Calculated Bound of Convergence of Linear Neural Networks with two layers",
    ),
    chapter="step_size_experiments",
    verdict=lambda m: judge(holds=m["two over three"] > 1 and m["three over four"] > 1),
    perturbations={"two and four layers exchanged": {"order": -1}},
    evidence="Redone, the order is that of the figure: at two layers the bound is larger than at "
    "three by a factor of at least {two over three:.1f} (95% interval of the median), at three "
    "than at four by {three over four:.1f}. The levels are an item of their own.",
)
def figure_5(order: int = 1) -> Numbers:
    two, three, four = (bounds((5,) * (n + 1)).step_size for n in (2, 3, 4)[::order])
    return {
        "two over three": float(quantile_interval(two / three)[0]),
        "three over four": float(quantile_interval(three / four)[0]),
    }


@item(
    "section 5.4: a factor of 10 per layer",
    "5.4",
    quote="the convergence bound changes by about a factor of 10 as we increase the number of "
    "weights",
    chapter="step_size_experiments",
    verdict=lambda m: judge(holds=min(m["second"], m["second corrected"]) > 10 / 2),
    perturbations={"a bound that falls tenfold with each layer": {"extra": 5.0}},
    evidence="From two to three layers the median falls by a factor of {first:.1f} as printed "
    "({first corrected:.1f} with the corrected M), from three to four by {second:.1f} "
    "({second corrected:.1f}). The report's own levels give 10 and 1.",
)
def factor_of_ten(extra: float = 1.0) -> Numbers:
    found = {}
    for name, printed in (("", True), (" corrected", False)):
        medians = [
            float(np.median(bounds((5,) * (n + 1), printed=printed).step_size)) / extra**n
            for n in (2, 3, 4)
        ]
        found["first" + name] = medians[0] / medians[1]
        found["second" + name] = medians[1] / medians[2]
    return found


_CLAIMED = {2: -3, 3: -4, 4: -4}


@item(
    "section 5.4: 10⁻³, 10⁻⁴, 10⁻⁴ for 2, 3, 4 layers",
    "5.4",
    quote=r"a linear neural network with 2 weights has a step size convergence bound of about "
    r"$\eta=10^{-3}$",
    also=(r"a linear neural network with 4 weights has a step size convergence bound of about",),
    chapter="step_size_experiments",
    verdict=lambda m: judge_number(
        determined=m["wrong"] == 0, agrees=m["wrong"] == 0, possible=m["beyond"] == 0
    ),
    perturbations={"the corrected M": {"printed": False}, "tenfold bounds": {"factor": 4.0}},
    evidence="With (31) as printed and the report's α the medians are {two:~}, {three:~} and "
    "{four:~}: {wrong:.0f} of the three have another nearest power of ten. They hang on the "
    "weights, which are not given; from weights that fit the data they rise to {cap two:~}, {cap "
    "three:~}, {cap four:~}, so the levels are possible. With the corrected M no start reaches "
    "them.",
)
def levels(printed: bool = True, factor: float = 1.0) -> Numbers:
    found: dict[str, float] = {"wrong": 0, "beyond": 0}
    for n, claimed in _CLAIMED.items():
        widths = (5,) * (n + 1)
        median = factor * float(np.median(bounds(widths, printed=printed).step_size))
        cap = factor * _cap(widths, printed)
        name = {2: "two", 3: "three", 4: "four"}[n]
        found |= {name: median, f"cap {name}": cap}
        found["wrong"] += _power(median) != claimed
        found["beyond"] += _power(cap) < claimed
    return found


@item(
    "section 5.4: the bound changes exponentially with N",
    "5.4",
    quote="This is roughly what we expect since the step size bound given changes exponentially "
    "with N",
    chapter="step_size_experiments",
    verdict=lambda m: judge(
        holds=m["chosen"] > 1.5 and m["fixed"] > 1.5, corrected=m["fixed"] > 1.5
    ),
    perturbations={
        "the δ of (30) in both": {"fixed": False},
        "a fixed δ in both": {"chosen": False},
    },
    evidence="For a fixed δ it falls by a factor of {fixed:.0f} or more with each layer, up to 30. "
    "With the δ of (30), which the experiments use, the factor goes to 1: it is {chosen:.2f} at 30 "
    "layers, and the bound falls like N to the power {power:.1f}.",
    correction="For a fixed δ it does. With (30) it falls like 1/N³ in the end: not exponentially.",
)
def exponentially(fixed: bool = True, chosen: bool = True) -> Numbers:
    problem = draws(SQUARE)[1][:100]

    def median(n: int, with_delta: bool) -> float:
        weights = tuple(np.zeros((100, 5, 5)) for _ in range(n))
        delta = np.full(100, DELTA) if with_delta else None
        return float(
            np.median(bound(weights, problem, ALPHA, printed=False, delta=delta).step_size)
        )

    depths = (10, 20, 30)
    ratios = [median(n, fixed) / median(n + 1, fixed) for n in depths]
    last = [median(n, not chosen) for n in (30, 31, 60)]
    return {
        "fixed": min(ratios),
        "chosen": last[0] / last[1],
        "power": float(np.log(last[2] / last[0]) / np.log(2)),
    }


# ------------------------------------------------------------ ensembles of the first failure


def _skew(values: Array) -> float:
    return float(np.mean((values - values.mean()) ** 3) / values.std() ** 3)


@item(
    "figure 6",
    "5.4",
    quote="Left-Step size of Divergence of Linear Neural Networks using 5x5 weights",
    also=(
        "First, we ran the first experiment 100 times and created a histogram of step sizes",
        "Right-Step size of Divergence of Linear Neural Networks using variable weights",
    ),
    chapter="step_size_experiments",
    verdict=lambda m: judge(holds=min(m["networks"], m["narrow"]) >= 100 and m["lowest"] > 0),
    perturbations={"ten networks": {"size": 10}},
    evidence="Redone with {networks:.0f} and {narrow:.0f} networks. All diverge at a finite "
    "step: in the median at {median:~} and {median narrow:~}, in steps of L.",
)
def figure_6(size: int = SIZES.searched) -> Numbers:
    a, b = (np.asarray(search(w).step_size)[:size] for w in (SQUARE, NARROW))
    return {
        "networks": int(np.isfinite(a).sum()),
        "narrow": int(np.isfinite(b).sum()),
        "lowest": float(min(a.min(), b.min())),
        "median": float(np.median(a)),
        "median narrow": float(np.median(b)),
    }


@item(
    "section 5.4: the distribution is skewed right",
    "5.4",
    quote="we see that the distribution is skewed right",
    chapter="step_size_experiments",
    verdict=lambda m: judge(holds=m["low"] > 0),
    perturbations={"mirrored": {"sign": -1.0}},
    evidence="The skewness of the first diverging steps is {skew:.1f}, 95% interval from "
    "{low:.1f}.",
)
def skewed(sign: float = 1.0) -> Numbers:
    values = sign * np.asarray(search(SQUARE).step_size)
    picks = np.random.default_rng(0).integers(0, values.size, size=(500, values.size))
    return {
        "skew": _skew(values),
        "low": float(np.quantile([_skew(values[p]) for p in picks], 0.025)),
    }


@item(
    "section 5.4: 5×5 diverges between 0.01 and 0.03",
    "5.4",
    quote=r"most of the linear neural networks requiring step sizes from $\eta = 0.01$ to "
    r"$\eta = 0.03$ to diverge",
    chapter="step_size_experiments",
    verdict=lambda m: judge(holds=m["most"] > 0.5 and m["least half"] > 0.5),
    perturbations={
        "steps ten times as long": {"factor": 10.0},
        "networks that fail to settle": {"divergence": False},
    },
    evidence="Where divergence means that the loss blows up, between {least:.0%} and {most:.0%} "
    "of the networks (95% interval) do so first between 0.01 and 0.03, in steps of ½L {least "
    "half:.0%} to {most half:.0%}. (It would not hold of “fail to converge” in steps of L: most "
    "of them stop settling below 0.01.)",
)
def between(factor: float = 1.0, divergence: bool = True) -> Numbers:
    values = factor * np.asarray(search(SQUARE, divergence_only=divergence).step_size)
    found: dict[str, float] = {}
    for name, v in (("", values), (" half", 2 * values)):
        low, high = _share((v >= 0.01) & (v <= 0.03))
        found |= {"least" + name: float(low), "most" + name: float(high)}
    return found


@item(
    "section 5.4: 5-2-2-5 varies less",
    "5.4",
    quote="we see that there is less variability",
    chapter="step_size_experiments",
    verdict=lambda m: judge(holds=m["high"] < 1),
    perturbations={"values pulled together": {"power": 0.5}},
    evidence="The spread of the middle eight tenths, on a logarithmic scale, is {ratio:.2f} "
    "times that of 5×5, 95% interval {low:.2f} to {high:.2f}.",
)
def less_variable(power: float = 1.0) -> Numbers:
    a, b = (np.log(np.asarray(search(w).step_size)) for w in (SQUARE, NARROW))
    b = power * b

    def spread(values: Array) -> float:
        return float(np.diff(np.quantile(values, [0.1, 0.9]))[0])

    picks = np.random.default_rng(0).integers(0, a.size, size=(1000, a.size))
    ratios = [spread(b[p]) / spread(a[p]) for p in picks]
    low, high = np.quantile(ratios, [0.025, 0.975])
    return {"ratio": spread(b) / spread(a), "low": float(low), "high": float(high)}


@item(
    "section 5.4: 5-2-2-5 diverges at about 0.02",
    "5.4",
    quote=r"most neural networks tend to diverge upon having a step size of $\eta = 0.02$",
    chapter="step_size_experiments",
    verdict=lambda m: judge(
        holds=m["low"] / 1.1 <= 0.02 <= 1.1 * m["high"],
        corrected=m["low half"] / 1.1 <= 0.02 <= 1.1 * m["high half"],
    ),
    perturbations={
        "steps twice as long": {"factor": 2.0},
        "steps ten times as long": {"factor": 10.0},
    },
    evidence="In steps of L the median is between {low:.4f} and {high:.4f} (95% interval), in "
    "steps of ½L between {low half:.4f} and {high half:.4f}.",
    correction="In steps of ½L.",
)
def about_two(factor: float = 1.0) -> Numbers:
    low, high = factor * quantile_interval(search(NARROW).step_size)
    return {"low": low, "high": high, "low half": 2 * low, "high half": 2 * high}


@item(
    "section 5.4: 5-2-2-5 has more outliers",
    "5.4",
    quote="we have more possibility of outliers with larger step sizes of divergence in the latter "
    "case",
    chapter="step_size_experiments",
    verdict=lambda m: judge(holds=m["low narrow"] > m["high"]),
    perturbations={"a tail made heavier": {"power": 2.0}},
    evidence="Beyond twice the median lie {share narrow:.1%} of the 5-2-2-5 networks (95% "
    "interval {low narrow:.1%} to {high narrow:.1%}) and {share:.1%} of the 5×5 ones ({low:.1%} "
    "to {high:.1%}).",
)
def outliers(power: float = 1.0) -> Numbers:
    found: dict[str, float] = {}
    for name, widths in (("", SQUARE), (" narrow", NARROW)):
        values = np.asarray(search(widths).step_size)
        if name:
            values = values**power
        far = values > 2 * np.median(values)
        low, high = _share(far)
        found |= {
            "share" + name: float(far.mean()), "low" + name: float(low), "high" + name: float(high)
        }  # fmt: skip
    return found


@item(
    "section 5.4: a lower bound for divergence",
    "5.4",
    quote="it might be interesting to see a lower bound for divergence for linear neural networks",
    chapter="divergence",
    verdict=lambda m: wish(answered=m["reached"] == 0 and m["below"] > 0),
    perturbations={"a tenth of the bound": {"factor": 0.1}},
    evidence="Answered: above 2 over the least sharpness of a global minimizer almost no start "
    "reaches one. A tenth above it {reached:.0f} of {count:.0f} networks did, at eight tenths of "
    "it {below:.0f}.",
)
def lower_bound(factor: float = 1.1) -> Numbers:
    rng = np.random.default_rng(0)
    X = np.linalg.qr(rng.standard_normal((60, 5, 5)))[0]
    Y = np.diag([1.0, 2, 3, 4, 5]) @ X + 0.1 * rng.standard_normal(X.shape)
    problem = Problem(X, Y)
    weights = gaussian(SQUARE, rng, std=0.3, size=(60,))
    limit = 2 / least_sharpness(problem, SQUARE)
    counts = []
    for f in (factor, 0.8):
        run = descend(weights, problem, f * limit, 20_000, record_every=20_000)
        counts.append(int((run.losses[:, -1] < 1e-6 * problem.eigenvalues[:, 0]).sum()))
    return {"reached": counts[0], "below": counts[1], "count": 60}
