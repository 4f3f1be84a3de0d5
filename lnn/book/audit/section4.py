"""Section 4 of the report: an experiment on critical points."""

import itertools
from collections.abc import Sequence
from functools import cache

import numpy as np

from lnn._checks import Array
from lnn.book.audit import cases, section3
from lnn.book.audit.cases import WIDTHS, data, gap, misfit
from lnn.book.audit.items import EXACT, Numbers, item
from lnn.book.audit.verdicts import BrokenCheckError, judge, judge_number, wish
from lnn.data import check_assumptions, saddle_problem
from lnn.descent import descend
from lnn.descent.plateaus import first_below, follow, midpoints, neighbours
from lnn.dynamics import escape_time
from lnn.initialization import gaussian
from lnn.landscape import Kind, best_of_rank, classify, critical_point
from lnn.network import bottleneck, product
from lnn.objective import hessian
from lnn.problem import Problem


def _steps(last: float, count: int) -> list[int]:
    """Evenly spaced steps from 0 on, without repetition."""
    return sorted({int(step) for step in np.linspace(0, last, count)})


@cache
def resting(std: float, seed: int) -> tuple[tuple[float, Array], ...]:
    """Return loss and product where a run rests on its way from rank 1 to rank 4.

    It rests where the gradient is least between the levels that separate the plateaus.
    """
    problem = data()
    start = gaussian(WIDTHS, np.random.default_rng(seed), std=std)
    path = follow(start, problem, 2e-5, _steps(120 / std, 600))
    levels = np.append(midpoints(problem, 4), -np.inf)
    found = []
    for high, low in itertools.pairwise(levels):
        inside = (path.losses < high) & (path.losses > low)
        if not inside.any():
            found.append((np.inf, np.zeros((5, 5))))
            continue
        k = int(np.argmin(np.where(inside, path.gradient_norms, np.inf)))
        found.append((float(path.losses[k]), product([w[k] for w in path.weights])))
    return tuple(found)


# ------------------------------------------------------------ the setting


@item(
    "section 4: noise N(0, 0.1)",
    "4",
    quote="with each entry being drawn from N(0,0.1)",
    chapter="plateaus",
    verdict=lambda m: judge_number(
        determined=abs(m["variance"] / m["deviation"] - 1) < 0.02,
        agrees=m["least"] > 0,
        possible=m["least"] > 0,
    ),
    perturbations={"a unit, whose root is itself": {"printed": 1.0}},
    evidence="It does not say whether 0.1 is a variance or a standard deviation. The least loss of "
    "rank 4 is {deviation:.0f} or {variance:.0f}; section 5.4 says “standard deviation” of its own "
    "noise, and the book follows it.",
)
def noise(printed: float = 0.1) -> Numbers:
    deviation, variance = (
        float(saddle_problem(np.random.default_rng(4), noise=s).floor(4))
        for s in (printed, printed**0.5)
    )
    return {"deviation": deviation, "variance": variance, "least": min(deviation, variance)}


@item(
    "section 4: r_max = 4",
    "4",
    quote="This leads our model to have rmax = 4, because we have a 4×4 matrix",
    also=(
        r"with $W_1 \in \mathbb{R}^{5 \times 4}$, $W_2 \in \mathbb{R}^{4 \times 4}$, "
        r"$W_3 \in \mathbb{R}^{4 \times 5}$",
    ),
    chapter="linear_networks",
    verdict=lambda m: judge(
        holds=m["here"] == 4 and m["with"] == 4 and m["without"] != 4, corrected=m["here"] == 4
    ),
    perturbations={
        "examples that fit the reason": {"others": ((5, 4, 4, 4), (5, 3, 3, 5))},
        "a layer of three units": {"widths": (5, 4, 3, 5)},
    },
    evidence="r_max is {here:.0f}. But with widths 3-4-4-5, which have a 4×4 matrix too, it is "
    "{with:.0f}, and without one, with widths 5-4-5, it is {without:.0f}.",
    correction="r_max = 4 because 4 is the least of all widths 5-4-4-5.",
)
def r_max(
    widths: Sequence[int] = WIDTHS, others: Sequence[Sequence[int]] = ((3, 4, 4, 5), (5, 4, 5))
) -> Numbers:
    return {
        "here": bottleneck(widths),
        "with": bottleneck(others[0]),
        "without": bottleneck(others[1]),
    }


@item(
    "eq. (21)",
    "4",
    quote=r"\mathcal{L}(W_1, W_2, W_3) = ||Y - XW_1W_2W_3||_F^2",
    also=("after taking the appropriate transposes to match with the definitions",),
    chapter="linear_networks",
    verdict=lambda m: judge(holds=m["gap"] < EXACT),
    perturbations={
        "the product in the opposite order": {"order": -1},
        "a factor ½": {"half": 0.5},
    },
    evidence="With 1000 samples as rows it is the loss (17) of the transposed matrices, to "
    "{gap:~}.",
)
def eq_21(order: int = 1, half: float = 1.0) -> Numbers:
    weights = gaussian((5, 5, 5, 5), np.random.default_rng(0))
    M = cases.chain(cases.rows(weights)[::order])
    found = half * np.sum((data().Y.T - data().X.T @ M) ** 2)
    return {"gap": gap(found, cases.value(weights, data()))}


@item(
    "section 4: the assumptions are satisfied",
    "4",
    quote="We can quickly check that the assumptions above are all satisfied",
    also=("This is due to the randomness of the data",),
    chapter="saddles",
    verdict=lambda m: judge(holds=m["met"] == m["draws"]),
    perturbations={"four samples": {"samples": 4}, "two equal coefficients": {"top": 4.0}},
    evidence="In {met:.0f} of {draws:.0f} draws, distinct eigenvalues included: random data of "
    "this kind satisfy them with probability 1.",
)
def assumptions_met(samples: int = 1000, top: float = 5.0) -> Numbers:
    rng, met = np.random.default_rng(0), 0
    for _ in range(50):
        X = rng.standard_normal((5, samples))
        if top != 5.0:
            X = np.linalg.qr(X.T)[0].T
        noise = 0.1 * rng.standard_normal((5, samples)) * (top == 5.0)
        met += check_assumptions(X, np.diag([top, 4.0, 3.0, 2.0, 1.0]) @ X + noise).met
    return {"met": met, "draws": 50}


# ------------------------------------------------------------ the minimizer and other points


@item(
    "eq. (22)",
    "4",
    quote=r"W^* = U_S U_S^T \Sigma_{YX} \Sigma_{XX}^{-1}, \ S = [1, 2, 3, 4]",
    also=("We can then find the global minimizer W^* using Theorem 1",),
    chapter="saddles",
    verdict=lambda m: judge(holds=abs(m["excess"]) < 1e-6),
    perturbations={
        "S = [1, 2, 3, 5]": {"modes": (0, 1, 2, 4)},
        "the inverse of Σ_YX": {"inverse": "YX"},
    },
    evidence="The best of ten runs from random weights has a loss {excess:~} above that of this "
    "matrix, relative to it; none a lower one.",
)
def eq_22(modes: Sequence[int] = (0, 1, 2, 3), inverse: str = "XX") -> Numbers:
    problem = data()
    gram = problem.cov_xx if inverse == "XX" else problem.cov_yx
    U = problem.eigenvectors[:, list(modes)]
    W = U @ U.T @ problem.cov_yx @ np.linalg.inv(gram)
    starts = gaussian(WIDTHS, np.random.default_rng(1), std=0.3, size=(10,))
    run = descend(starts, problem, 2e-5, 8000, record_every=8000)
    return {"excess": float(run.losses[:, -1].min()) / misfit(problem, W) - 1}


@item(
    "section 4: W* is close to diag(5, 4, 3, 2)",
    "4",
    quote="This critical point corresponds to a matrix very close",
    also=("to diag(5,4,3,2), as expected",),
    chapter="plateaus",
    verdict=lambda m: judge(holds=m["rows"] == 4 and m["off"] < 0.2, corrected=m["off"] < 0.2),
    perturbations={"noise a hundred times larger": {"noise": 10.0}, "the first four": {"cut": 4}},
    evidence="W* has {rows:.0f} rows; in twenty draws its entries are within {off:.2f} of those of "
    "diag(5, 4, 3, 2, 0).",
    correction="It is 5 × 5: close to diag(5, 4, 3, 2, 0).",
)
def w_star(noise: float = 0.1, cut: int = 5) -> Numbers:
    off = 0.0
    for seed in range(20):
        problem = saddle_problem(np.random.default_rng(seed), noise=noise)
        W = best_of_rank(problem, 4)[:cut, :cut]
        off = max(off, float(np.abs(W - np.diag([5.0, 4, 3, 2, 0])[:cut, :cut]).max()))
    return {"rows": W.shape[0], "off": off}


@item(
    "section 4: the deviation comes from the random error",
    "4",
    quote="very close (because of the random error)",
    chapter="plateaus",
    verdict=lambda m: judge(holds=m["without"] < 0.5 * m["with"]),
    perturbations={"inputs with X Xᵀ = I": {"whitened": True}},
    evidence="W* is said to be very close to diag(5, 4, 3, 2, 0), but for the error. Its worst "
    "entry is off by {with:.3f} in the median draw, and by {without:.3f} if the error is left out: "
    "what is off is due to the sample, whose $XX^T$ is no multiple of the identity. (With whitened "
    "inputs and no error nothing is off.)",
)
def deviation(whitened: bool = False) -> Numbers:
    target = np.diag([5.0, 4, 3, 2, 0])
    found: dict[str, list[float]] = {"with": [], "without": []}
    for seed in range(20):
        for name, size in (("with", 0.1), ("without", 0.0)):
            problem = saddle_problem(np.random.default_rng(seed), noise=size)
            if whitened:
                X = np.linalg.qr(problem.X.T)[0].T * 1000**0.5
                error = size * np.random.default_rng(seed).standard_normal(X.shape)
                problem = Problem(X, np.diag([5.0, 4, 3, 2, 1]) @ X + error)
            found[name].append(float(np.abs(best_of_rank(problem, 4) - target).max()))
    return {name: float(np.median(values)) for name, values in found.items()}


@item(
    "section 4: the network converges to the global minimizer",
    "4",
    quote="Our neural network does indeed converge to this point",
    chapter="plateaus",
    verdict=lambda m: judge(holds=m["arrived"] == m["runs"]),
    perturbations={"another point as the goal": {"modes": (0, 1, 2, 4)}},
    evidence="From {arrived:.0f} of {runs:.0f} random starts the product comes within 10⁻⁴ of W*.",
)
def converges(modes: Sequence[int] = (0, 1, 2, 3)) -> Numbers:
    problem = data()
    U = problem.eigenvectors[:, list(modes)]
    goal = U @ U.T @ problem.least_squares
    starts = gaussian(WIDTHS, np.random.default_rng(2), std=0.3, size=(20,))
    run = descend(starts, problem, 2e-5, 30_000, record_every=30_000)
    off = np.linalg.norm(product(run.weights) - goal, axis=(-2, -1))
    return {"arrived": int((off < 1e-4).sum()), "runs": 20}


_SINGULAR = "where λ_i are the singular values of Σ as defined in Section 2.1"


@item(
    "section 4: λ are singular values of Σ from section 2.1",
    "4",
    quote=_SINGULAR,
    also=(r"$\mathcal L(W^*) = tr(\Sigma_{YY}) - \sum \lambda_i$",),
    chapter="saddles",
    verdict=lambda m: judge(
        holds=abs(m["cited"] - m["defined"]) < EXACT and m["gap"] < EXACT,
        corrected=m["gap"] < EXACT,
    ),
    perturbations={
        "the right section": {"words": _SINGULAR.replace("2.1", "3.2")},
        "a sum over all five": {"terms": 5},
    },
    evidence="The loss of W* is met to {gap:~} with the first four singular values of Σ. Σ is "
    "defined in section {defined:.1f}, not {cited:.1f}.",
    correction="Section 3.2; the sum runs over $i \\in S = [1, 2, 3, 4]$.",
)
def singular_values(words: str = _SINGULAR, terms: int = 4) -> Numbers:
    problem = data()
    singular = np.linalg.svd(problem.least_squares @ problem.cov_yx.T, compute_uv=False)
    formula = float(np.trace(problem.cov_yy)) - float(singular[:terms].sum())
    return {
        "gap": gap(formula, misfit(problem, best_of_rank(problem, 4))),
        "cited": float(words.split("Section ")[1]),
        "defined": float(section3.sigma_root.section),
    }


@item(
    "section 4: other subsets of [1, 4]",
    "4",
    quote="we can find other critical points by taking different subsets of [1, 4] as our indexes "
    "for U, as the theorem states",
    chapter="saddles",
    verdict=lambda m: judge(holds=m["critical"] == m["sets"]),
    perturbations={"other vectors than the columns of U": {"turn": 0.3}},
    evidence="{critical:.0f} of the {sets:.0f} proper subsets give critical points. (So do sets "
    "with the fifth index, up to four of five: the sentence does not say otherwise.)",
)
def subsets(turn: float = 0.0) -> Numbers:
    problem = data()
    sets = list(cases.index_sets(3, 4))
    critical = 0
    for s in sets:
        w = list(critical_point(problem, WIDTHS, s))
        w[-1] = w[-1] + turn * np.roll(w[-1], 1, axis=0)
        critical += classify(tuple(w), problem).kind != Kind.NOT_CRITICAL and len(s) < 4
    # The origin stays critical whatever its factors are turned into.
    return {"critical": critical, "sets": len(sets)}


# ------------------------------------------------------------ training


@item(
    "eq. (23)",
    "4",
    quote="gradient descent seems to sequentially solve the following constrained minimization "
    "problem",
    also=("we are particularly interested in the low rank minimizers",),
    chapter="exact_dynamics",
    verdict=lambda m: judge(holds=m["off"] < 0.1),
    perturbations={"large initial weights": {"std": 0.5}, "the next rank": {"shift": 1}},
    evidence="With five seeds, at rest between the drops, the product is the best map of rank 1, "
    "2, 3, 4 in turn, to {off:.1%} of it.",
)
def eq_23(std: float = 0.01, shift: int = 0) -> Numbers:
    off = 0.0
    for seed in range(5):
        for r, (_, W) in enumerate(resting(std, seed), start=1):
            off = max(off, gap(W, best_of_rank(data(), min(r + shift, 5))))
    return {"off": off}


@item(
    "section 4: implicit regularization is a current research topic",
    "4",
    quote="This example of implicit regularization was mentioned in and it is a current research "
    "topic",
    chapter="exact_dynamics",
    verdict=lambda m: wish(answered=m["off"] < 0.15),
    perturbations={"the law of two layers": {"depth": 2}, "half the curvature": {"factor": 0.5}},
    evidence="What the report leaves open, the order and the times of the drops, is computed in "
    "the book: from aligned small weights the modes reach half of their size at the times of a "
    "closed form, to {off:.1%}.",
)
def sequential(depth: int = 3, factor: float = 1.0) -> Numbers:
    problem = Problem(np.eye(4), np.diag([4.0, 3.0, 2.0, 1.0]))
    eta, start = 2e-3, 1e-3
    w = tuple(start ** (1 / 3) * np.eye(4) for _ in range(3))
    targets = np.array([4.0, 3.0, 2.0, 1.0])
    path = follow(w, problem, eta, range(0, 12_000, 20))
    sizes = np.diagonal(product(path.weights), axis1=-2, axis2=-1)
    half = np.array([path.recorded[np.argmax(sizes[:, k] > targets[k] / 2)] for k in range(4)])
    found = half * eta
    predicted = escape_time(np.full(4, start), targets, factor * np.ones(4), depth)
    return {"off": float(np.max(np.abs(found / predicted - 1)))}


@item(
    "section 4: the rank-3 minimizer as strict and as non-strict",
    "4",
    quote="we parametrize the rank 3 minimizer as a strict and non strict minimizer",
    chapter="saddles",
    verdict=lambda m: judge(
        holds=m["strict"] < -1e-6 and m["flat"] > -1e-8 and m["product"] < EXACT
    ),
    perturbations={"rank 4": {"rank": 4}, "the strict factors twice": {"second": 0}},
    evidence="The best map of rank 3 has factors with least Hessian eigenvalue {strict:.0f} and "
    "factors with {flat:~}; the products agree to {product:~}. (Both are saddles; the map is what "
    "is a minimizer, among those of rank 3.)",
)
def rank_three(rank: int = 3, second: int = 1) -> Numbers:
    pair = cases.twins(rank)
    strict, flat = pair[0], pair[second]
    lowest = [float(np.linalg.eigvalsh(hessian(w, data()))[0]) for w in (strict, flat)]
    return {
        "strict": lowest[0],
        "flat": 0.0 if abs(lowest[1]) < 1e-6 else lowest[1],
        "product": gap(product(strict), product(flat)),
    }


_SETTINGS = tuple((eta, size) for eta in (5e-6, 2e-5) for size in (0.5, 0.05))


@item(
    "section 4: 2000 against 500 epochs",
    "4",
    quote="to escape a non strict saddle point it took around 2000 epochs, while it only took "
    "about 500 iterations to leave a strict saddle point",
    chapter="plateaus",
    verdict=lambda m: judge_number(
        determined=m["spread"] < 2,
        agrees=abs(m["longest"] / 2000 - 1) < 0.5,
        possible=m["least ratio"] < 4 < m["largest ratio"],
    ),
    perturbations={
        "one setting, as if it were given": {"settings": _SETTINGS[:1]},
        "saddles of one kind": {"flat": Kind.STRICT_SADDLE},
    },
    evidence="No step size and no perturbation is given. Over two of each the non-strict saddle "
    "takes {shortest:.0f} to {longest:.0f} steps to leave, and {least ratio:.1f} to {largest "
    "ratio:.0f} times as many as the strict one: a ratio of 4 is possible, and so are others.",
)
def epochs(
    settings: Sequence[tuple[float, float]] = _SETTINGS, flat: Kind = Kind.NON_STRICT_SADDLE
) -> Numbers:
    slow = [float(np.median(section3.escape_steps(flat, e, eta))) for eta, e in settings]
    fast = [
        float(np.median(section3.escape_steps(Kind.STRICT_SADDLE, e, eta))) for eta, e in settings
    ]
    ratios = np.divide(slow, fast)
    return {
        "spread": max(slow) / min(slow),
        "longest": max(slow),
        "shortest": min(slow),
        "least ratio": float(ratios.min()),
        "largest ratio": float(ratios.max()),
    }


@item(
    "section 4: the random run plateaus for about 500 epochs",
    "4",
    quote="seems to be plateau for around 500 epochs as well",
    chapter="plateaus",
    verdict=lambda m: judge_number(
        determined=m["longest"] < 2 * m["shortest"],
        agrees=m["shortest"] < 500 < m["longest"],
        possible=m["shortest"] < 500 < m["longest"],
    ),
    perturbations={"one setting, as if it were given": {"settings": ((2e-5, 0.1),)}},
    evidence="At the level of rank 3 the run from random weights rests for {shortest:.0f} to "
    "{longest:.0f} steps, depending on the step size and on the scale of the weights. Neither is "
    "given.",
)
def random_plateau(
    settings: Sequence[tuple[float, float]] = (
        (5e-6, 0.02),
        (5e-6, 0.3),
        (2e-5, 0.02),
        (2e-5, 0.3),
    ),
) -> Numbers:
    problem = data()
    floor, levels = float(problem.floor(3)), midpoints(problem, 4)
    found = []
    for eta, std in settings:
        start = gaussian(WIDTHS, np.random.default_rng(12), std=std)
        run = descend(start, problem, eta, int(0.003 / (eta * std)) + 4000)
        reached = first_below(run.losses, run.recorded, 1.05 * floor)
        found.append(float(first_below(run.losses, run.recorded, levels[3]) - reached))
    return {"shortest": min(found), "longest": max(found)}


@item(
    "figure 2",
    "4",
    quote="Loss with random initialization vs initialization at rank 3 minimizer",
    chapter="plateaus",
    verdict=lambda m: judge(holds=m["after strict"] == m["runs"] and m["flat"] > m["random"]),
    perturbations={"the two saddles exchanged": {"order": (1, 0)}},
    evidence="Redone with {runs:.0f} draws of the same small noise: in {after strict:.0f} the "
    "non-strict saddle keeps its run longer at the level of rank 3 than the strict one, in "
    "{after random:.0f} longer than random weights do; for {flat:.0f} steps in the median, against "
    "{strict:.0f} and {random:.0f}.",
)
def figure_2(order: Sequence[int] = (0, 1)) -> Numbers:
    problem, floor = data(), float(data().floor(3))
    strict, flat = (cases.beside(cases.twins(3)[k], 0.02, 10, seed=12) for k in order)
    random = gaussian(WIDTHS, np.random.default_rng(12), std=0.1, size=(10,))
    stays = []
    for start in (strict, flat, random):
        run = descend(start, problem, 2e-5, 12_000)
        left = first_below(run.losses, run.recorded, midpoints(problem, 4)[3])
        stays.append(left - first_below(run.losses, run.recorded, 1.05 * floor))
    return {
        "after strict": int((stays[1] > stays[0]).sum()),
        "after random": int((stays[1] > stays[2]).sum()),
        "runs": stays[0].size,
        "strict": float(np.median(stays[0])),
        "flat": float(np.median(stays[1])),
        "random": float(np.median(stays[2])),
    }


def _avoided(m: Numbers) -> bool:
    """Whether runs keep away from non-strict saddles however small they start."""
    if m["neighbour"] < -1e-6 or m["slope"] > 1e-6:
        raise BrokenCheckError(
            "the neighbours are no non-strict saddles: measure the distance to those"
        )
    return m["distance"] < 0.2 and m["curvature"] < 0.2


@item(
    "section 4: descent avoids non-strict saddles in favour of strict ones",
    "4",
    quote="avoids non strict saddle points in favor of strict ones",
    also=("we hypothesize that gradient descent, during the process of sequentially finding",),
    chapter="plateaus",
    verdict=lambda m: judge(holds=_avoided(m)),
    perturbations={
        "the distance to strict saddles": {"kind": "strict"},
        "runs kept away by hand": {"away": 1.0},
    },
    evidence="The report's hypothesis, from one run. A run that avoided them would, as we read the "
    "word, keep a distance that does not shrink with its initial weights. It shrinks: over 24 runs "
    "at each of three scales of these weights the distance to the nearest non-strict saddle of "
    "rank 3, at rest beside it, goes as the scale to the power {distance:.1f}, and so does the "
    "negative curvature there ({curvature:.1f}). Small starts pass close by.",
)
def avoids(kind: str = "flat", away: float = 0.0) -> Numbers:
    problem, rank = data(), 3
    levels = midpoints(problem, 4)
    stds = np.array([0.1, 0.04, 0.015])
    distances, curvatures, lowest, slopes = [], [], [], []
    for std in stds:
        begin = gaussian(WIDTHS, np.random.default_rng(3), std=std, size=(24,))
        along = follow(begin, problem, 2e-5, _steps(150 / std, 300))
        inside = (along.losses < levels[rank - 1]) & (along.losses > levels[rank])
        at = np.argmin(np.where(inside, along.gradient_norms, np.inf), axis=-1)
        seen = inside.any(axis=-1)
        index = at[:, None, None, None]
        rest = tuple(np.take_along_axis(w, index, axis=1)[seen, 0] for w in along.weights)
        found = neighbours(rest, problem, rank)
        saddle, distance = (
            (found.flat, found.to_flat) if kind == "flat" else (found.strict, found.to_strict)
        )
        here = np.linalg.eigvalsh(hessian(rest, problem))[:, 0]
        there = np.linalg.eigvalsh(hessian(saddle, problem))[:, 0]
        distances.append(float(np.median(distance)) + away)
        curvatures.append(float(np.median(-here)) + away * 1e4)
        lowest.append(float(np.min(there) / np.max(np.abs(here))))
        slopes += [
            cases.slope(tuple(w[k] for w in saddle), problem)
            for k in range(min(3, int(seen.sum())))
        ]
    fit = [np.polyfit(np.log(stds), np.log(v), 1)[0] for v in (distances, curvatures)]
    return {
        "distance": float(fit[0]),
        "curvature": float(fit[1]),
        "neighbour": min(lowest),
        "slope": max(slopes),
    }
