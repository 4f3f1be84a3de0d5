"""Section 2 of the report: the rank-constrained problem, and why local minimizers are global.

The section has samples as rows, Y ≈ X W_1 ... W_N. `Problem` has them as columns; a product in the
section's order is the transpose of ours.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from lnn._checks import Array, Weights
from lnn.book.audit import cases
from lnn.book.audit.cases import chain, data, gap, misfit
from lnn.book.audit.items import EXACT, Numbers, item
from lnn.book.audit.verdicts import judge
from lnn.descent import descend
from lnn.initialization import gaussian
from lnn.landscape import (
    Kind,
    best_of_rank,
    factorize,
    lift_perturbation,
    numerical_rank,
    raise_to_full_rank,
    release,
    rotate_modes,
)
from lnn.network import flatten, product, unflatten, widths_of
from lnn.objective import gradient, hessian, loss
from lnn.problem import Problem

# ------------------------------------------------------------ 2.1 An equivalent loss


@item(
    "eq. (5)",
    "2.1",
    quote=r"L(\{W_i\}) := ||Y - XW_1 \cdots W_N||_F^2",
    chapter="first_order",
    verdict=lambda m: judge(holds=m["gap"] < EXACT),
    perturbations={"the product in the opposite order": {"order": -1}, "a factor ½": {"half": 0.5}},
    evidence="With samples as rows, and every matrix transposed, it is the loss (4) to {gap:~}: a "
    "definition, and a choice of layout.",
)
def eq_5(order: int = 1, half: float = 1.0) -> Numbers:
    weights = gaussian((5, 5, 5, 5), np.random.default_rng(0))
    product_ = chain(cases.rows(weights)[::order])
    found = half * np.sum((data().Y.T - data().X.T @ product_) ** 2)
    return {"gap": gap(found, loss(weights, data()))}


def _best_and_others(shortfall: int = 0, shuffled: bool = False) -> dict[str, float]:
    """Factors of the best matrix of rank min d_i against random weights, in random shapes."""
    rng = np.random.default_rng(0)
    off, lower, tried, excess = 0.0, 0, 0, np.inf
    for _ in range(60):
        widths = [int(d) for d in rng.integers(1, 8, size=int(rng.integers(3, 7)))]
        problem = Problem(
            rng.standard_normal((widths[0], 20)), rng.standard_normal((widths[-1], 20))
        )
        r = min(widths)
        factors = factorize(best_of_rank(problem, max(r - shortfall, 0)), widths)
        floor = misfit(problem, best_of_rank(problem, r))
        off = max(off, cases.value(factors, problem) / floor - 1)
        others = gaussian(widths, rng, size=(50,))
        near = tuple(f + 0.01 * w for f, w in zip(factors, others, strict=True))
        values = np.concatenate([loss(others, problem), loss(near, problem)])
        lower += int((values < floor * (1 - 1e-12)).sum())
        excess = min(excess, float(values.min() / floor - 1))
        tried += values.size
    return {"off": off, "lower": lower, "tried": tried, "excess": excess}


@item(
    "eq. (6)",
    "2.1",
    quote=r"m := \min_{W_i \in \mathbb{R}^{d_{i-1} \times d_i}} L(\{W_i\})",
    also=(r"and $\{\hat{W}_i\}$ be the minimizing weight matrices",),
    chapter="first_order",
    verdict=lambda m: judge(holds=m["off"] < EXACT and m["lower"] == 0),
    perturbations={"factors of rank one less": {"shortfall": 1}},
    evidence="The minimum is attained: factors of the best matrix of rank min d_i reach it to "
    "{off:~} in 60 random shapes, and {lower:.0f} of {tried:.0f} other weights lie below.",
)
def eq_6(shortfall: int = 0) -> Numbers:
    return _best_and_others(shortfall)


@item(
    "section 2.1: r = min d_i restricts the rank of the product",
    "2.1",
    quote=r"Notice that $r := \min_i d_i$ restricts the rank of the product",
    chapter="first_order",
    verdict=lambda m: judge(holds=m["above"] == 0 and m["below"] == 0),
    perturbations={"the second least width": {"which": 1}},
    evidence="Of {count:.0f} products of random weights in random shapes {above:.0f} have a larger "
    "rank, and {below:.0f} a smaller one.",
)
def restricts(which: int = 0) -> Numbers:
    rng = np.random.default_rng(1)
    above = below = 0
    for _ in range(100):
        widths = [int(d) for d in rng.integers(1, 8, size=4)]
        rank = int(numerical_rank(product(gaussian(widths, rng))))
        above += rank > sorted(widths)[which]
        below += rank < sorted(widths)[which]
    return {"above": above, "below": below, "count": 100}


@item(
    "eq. (7)",
    "2.1",
    quote="G(M) := ||Y - XM||_F^2",
    chapter="first_order",
    verdict=lambda m: judge(holds=m["gap"] < EXACT),
    perturbations={"the product in the opposite order": {"order": -1}},
    evidence="G of the product is L of the factors, to {gap:~}.",
)
def eq_7(order: int = 1) -> Numbers:
    weights = gaussian((5, 5, 5, 5), np.random.default_rng(0))
    M = chain(cases.rows(weights)[::order])
    return {"gap": gap(np.sum((data().Y.T - data().X.T @ M) ** 2), loss(weights, data()))}


def _search(problem: Problem, rank: int, rng: np.random.Generator) -> float:
    """The least G over matrices B A of a rank, by alternating least squares."""
    root = np.linalg.cholesky(problem.cov_xx)
    target = problem.least_squares @ root
    B = rng.standard_normal((problem.d_y, rank))
    for _ in range(500):
        A = np.linalg.lstsq(B, target, rcond=None)[0]
        B = np.linalg.lstsq(A.T, target.T, rcond=None)[0].T
    return misfit(problem, B @ A @ np.linalg.inv(root))


@item(
    "eq. (8)",
    "2.1",
    quote=r"\text{s.t.} \qquad \operatorname{rank}(M) \le r",
    also=("consider the minimization problem",),
    chapter="first_order",
    verdict=lambda m: judge(holds=abs(m["excess"]) < 1e-6 and m["rank"] <= m["allowed"]),
    perturbations={"a competitor of rank r + 1": {"more": 1}},
    evidence="It has a solution: $U_r U_r^T T$, of rank {rank:.0f}. Alternating least squares from "
    "random matrices of rank {allowed:.0f} come to the same value, to {excess:~}.",
)
def eq_8(more: int = 0) -> Numbers:
    problem, rank = data(), 3
    solution = best_of_rank(problem, rank)
    found = min(_search(problem, rank + more, np.random.default_rng(k)) for k in range(3))
    return {
        "excess": found / misfit(problem, solution) - 1,
        "rank": float(numerical_rank(solution)),
        "allowed": rank,
    }


@item(
    "eq. (9)",
    "2.1",
    quote=r"m = L(\{\hat{W}_i\}) = G(\hat{W}) \ge",
    also=(r"Since $rank(\hat{W}) \leq r$",),
    chapter="first_order",
    verdict=lambda m: judge(holds=m["excess"] > -EXACT),
    perturbations={"the best matrix of rank r − 1 on the right": {"less": 1}},
    evidence="Of the products that weights of widths 5-4-3-5 reach, by descent from twenty random "
    "starts, none has a value below the right side; the nearest is {excess:~} above.",
)
def eq_9(less: int = 0) -> Numbers:
    problem = data()
    starts = gaussian((5, 4, 3, 5), np.random.default_rng(0), std=0.4, size=(20,))
    run = descend(starts, problem, 2e-5, 20_000, record_every=20_000)
    least = float(run.losses[:, -1].min())
    return {"excess": least / misfit(problem, best_of_rank(problem, 3 - less)) - 1}


@item(
    "eq. (10)",
    "2.1",
    quote=r"n = \min_{M \in \mathbb{R}^{d_x \times d_y}} G(M)",
    chapter="first_order",
    verdict=lambda m: judge(holds=m["gap"] < 1e-6),
    perturbations={"square roots of the eigenvalues": {"power": 0.5}, "one term more": {"more": 1}},
    evidence="n is tr Σ_YY − (λ_1 + ... + λ_r): a search over matrices of rank 3 finds that "
    "value to {gap:~}.",
)
def eq_10(power: float = 1.0, more: int = 0) -> Numbers:
    problem, r = data(), 3
    formula = np.trace(problem.cov_yy) - np.sum(problem.eigenvalues[: r + more] ** power)
    return {"gap": gap(formula, _search(problem, r, np.random.default_rng(0)))}


def _recipe(M: Array, widths: Sequence[int]) -> list[Array]:
    """Factors of M, shape (d_0, d_N), by the report's recipe: pad or cut, and sandwich identities.

    They are M_1 = U, cut or padded with zeros to d_0 × d_1, identities d_{i-1} × d_i, and
    M_N = diag(s) Vᵀ, cut or padded to d_{N-1} × d_N.
    """
    U, s, Vt = np.linalg.svd(M, full_matrices=False)
    first, last = np.zeros((widths[0], widths[1])), np.zeros((widths[-2], widths[-1]))
    k, p = min(U.shape[1], widths[1]), min(Vt.shape[0], widths[-2])
    first[:, :k] = U[:, :k]
    last[:p] = s[:p, None] * Vt[:p]
    between = [np.eye(a, b) for a, b in pairwise(widths[1:-1])]
    return [first, *between, last]


@item(
    "eq. (11)",
    "2.1",
    quote=r"\hat{M} = \hat{M}_1 \cdots \hat{M}_N",
    also=(
        "Appending 0 vectors to the appropriate unitary matrix",
        "Removing 0 vectors from the diagonal matrix",
        "Multiplying the diagonal matrix with the left or right unitary matrix",
        r"Sandwiching appropriately sized $(d_{i-1} \times d_i)$ identity matrices",
    ),
    chapter="first_order",
    verdict=lambda m: judge(holds=m["gap"] < EXACT),
    perturbations={"a matrix of rank r + 1": {"more": 1}},
    evidence="By the recipe of the four bullets, matrices of rank min d_i factor through "
    "{count:.0f} random shapes to {gap:~}.",
)
def eq_11(more: int = 0) -> Numbers:
    rng, worst, count = np.random.default_rng(2), 0.0, 100
    for _ in range(count):
        widths = [int(d) for d in rng.integers(2, 8, size=int(rng.integers(3, 7)))]
        widths[0] = widths[-1] = 8
        r = min(widths) + more
        M = rng.standard_normal((8, r)) @ rng.standard_normal((r, 8))
        worst = max(worst, gap(chain(_recipe(M, widths)), M))
    return {"gap": worst, "count": count}


@item(
    "eq. (12)",
    "2.1",
    quote=r"n = G(\hat{M}) = L(\{\hat{M}_i\}) \ge",
    also=("Thus, n=m and 6 has the same (globally) minimizing value as 8",),
    chapter="first_order",
    verdict=lambda m: judge(holds=m["off"] < EXACT and m["excess"] > -EXACT),
    perturbations={"factors of rank one less": {"shortfall": 1}},
    evidence="n = m: the factored solution of (8) has L = n to {off:~}, and with (9) nothing lies "
    "below.",
)
def eq_12(shortfall: int = 0) -> Numbers:
    return _best_and_others(shortfall)


# ------------------------------------------------------------ 2.2 Equivalent local minimizers


def _least(problem: Problem, rank: int) -> float:
    """The least G over matrices of rank ≤ rank, whatever the rank of X: by Y X⁺ X."""
    seen = problem.Y @ np.linalg.pinv(problem.X) @ problem.X
    return float(np.sum(problem.Y**2)) - float(
        np.sum(np.linalg.svd(seen, compute_uv=False)[:rank] ** 2)
    )


@item(
    "Theorem 2.1",
    "2.2",
    quote=r"If $\{\bar{W}_i\}$ is a local minimum of L, then $\bar{R} = \bar{W}_N \cdots "
    r"\bar{W}_1$ achieves the value of a local minimum of G",
    also=(
        "Assume that X and Y have full row rank",
        "the local minimizers of 6 are shown to correspond to inputs of G that attain the same "
        "value as a local minimizer of 8",
    ),
    chapter="first_order",
    verdict=lambda m: judge(
        holds=max(m["reversed"], m["of G"]) < 1e-6,
        corrected=max(m["constrained"], m["deficient"]) < 1e-6,
    ),
    perturbations={
        "a saddle instead of a local minimum": {"rank": 1},
        "the value of the best map of rank r + 1": {"more": 1},
    },
    evidence=r"At a local minimum with r = 2, G of $\bar W_N \cdots \bar W_1$ is off the value "
    r"by {reversed:.1f} of it, and the local minimum of G among all matrices by {of G:.2f}; that "
    r"among matrices of rank ≤ r by {constrained:~}. With X and Y of deficient rank: "
    r"{deficient:~}.",
    correction=r"In the order of (5) the product is $\bar R = \bar W_1 \cdots \bar W_N$, and "
    r"“local minimum of G” means of the constrained problem (8). No condition on the ranks of X "
    r"and Y is needed.",
)
def theorem_2_1(rank: int = 2, more: int = 0) -> Numbers:
    rng = np.random.default_rng(3)
    full = Problem(rng.standard_normal((4, 12)), rng.standard_normal((4, 12)))
    thin = Problem(  # X and Y of rank 3
        rng.standard_normal((4, 3)) @ rng.standard_normal((3, 12)),
        rng.standard_normal((4, 3)) @ rng.standard_normal((3, 12)),
    )
    found = {}
    for name, problem in (("constrained", full), ("deficient", thin)):
        std = 0.5 if rank == 2 else 0.0
        weights = gaussian((4, 2, 3, 4), rng, std=std)
        run = descend(weights, problem, 0.004, 40_000, tolerance=1e-10, record_every=40_000)
        here = cases.value(run.weights, problem)
        found[name] = gap(here, _least(problem, 2 + more))
        if name == "constrained":
            backwards = chain(cases.rows(factorize(product(run.weights), (4, 4, 4)))[::-1])
            found["reversed"] = gap(misfit(problem, backwards.T), here)
            found["of G"] = gap(misfit(problem, problem.least_squares), here)
    return found


@item(
    "eq. (13)",
    "2.2",
    quote=r"L(\{\hat{W}_i\}) = L(\{\bar{W}_i\})",
    also=(r"has rank r", "there exists, by lemma, an equivalent local minimizer"),
    chapter="first_order",
    verdict=lambda m: judge(
        holds=m["nearest"] < 1e-6, corrected=m["released"] == m["raised"] == m["count"]
    ),
    perturbations={"targets that the inputs predict": {"target": ((1.0, 0.0),)}},
    evidence="For X = (1, 0), Y = (0, 1), both of full row rank, the origin is a local minimum of "
    "$(w_2 w_1)^2 + 1$; a product w of rank 1 lies {nearest:~} · w² above it, at the same "
    "loss never. Of {count:.0f} other points of deficient rank, {raised:.0f} have an equivalent of "
    "rank r, and {released:.0f} are no local minima at all.",
    correction=r"Only if $\Sigma_{YX}$ has rank r or more. A local minimum whose product has a "
    r"smaller rank has $W \Sigma_{XX} = \Sigma_{YX}$, and is global at once.",
)
def eq_13(target: Sequence[Sequence[float]] = ((0.0, 1.0),)) -> Numbers:
    odd = Problem([[1.0, 0.0]], target)
    grid = np.concatenate([np.geomspace(1e-2, 2, 200), [2.0]])  # the product w_2 w_1
    origin = misfit(odd, np.zeros((1, 1)))
    nearest = min(abs(misfit(odd, np.array([[w]])) - origin) / w**2 for w in grid)
    rng = np.random.default_rng(0)
    released = raised = 0
    for _ in range(60):
        widths = [int(d) for d in rng.integers(2, 6, size=int(rng.integers(3, 6)))]
        problem = Problem(rng.standard_normal((widths[0], 9)), rng.standard_normal((widths[-1], 9)))
        r = min(widths)
        low = factorize(best_of_rank(problem, int(rng.integers(0, r))), widths)
        here = cases.value(low, problem)
        free, full = release(low, problem, 0.1), raise_to_full_rank(low, problem, rng)
        steep = float(np.linalg.norm(flatten(gradient(free, problem))))
        released += gap(cases.value(free, problem), here) < EXACT and steep > 1e-7
        whole = int(numerical_rank(product(full), EXACT)) == r
        raised += gap(cases.value(full, problem), here) < EXACT and whole
    return {"nearest": nearest, "released": released, "raised": raised, "count": 60}


def _minimum() -> tuple[Weights, Problem]:
    """A local minimum whose product has rank r = 2."""
    rng = np.random.default_rng(3)
    problem = Problem(rng.standard_normal((4, 12)), rng.standard_normal((3, 12)))
    start = gaussian((4, 2, 3, 3), rng, std=0.5)
    run = descend(start, problem, 0.005, 20_000, tolerance=1e-10, record_every=20_000)
    return run.weights, problem


def _nearby(W: Array, sizes: Array, rank: int) -> Array:
    """Matrices of a rank at random places around W, at distances of about `sizes`."""
    noise = np.random.default_rng(0).standard_normal((sizes.size, *W.shape))
    left, s, right = np.linalg.svd(W + sizes[:, None, None] * noise, full_matrices=False)
    return np.asarray((left[..., :rank] * s[:, None, :rank]) @ right[:, :rank])


@item(
    "eq. (14)",
    "2.2",
    quote=r"R = W_1 \cdots W_N",
    also=(
        r"s.t. W_i is a perturbation of \hat{W}_i",
        r"If R is a perturbation of \hat{R} with",
    ),
    chapter="first_order",
    verdict=lambda m: judge(holds=m["gap"] < EXACT and m["growth"] < 2),
    perturbations={
        "a product of lower rank": {"deficient": 1.0},
        "perturbations of rank r + 1": {"rank": 3},
    },
    evidence="400 matrices of rank ≤ r around $\\hat R$ are products, to {gap:~}, of factors that "
    "have moved at most {ratio:.1f} times as far, at distances from 0.1 to 10⁻⁴: the ratio changes "
    "by a factor of {growth:.2f}.",
)
def eq_14(deficient: float = 0.0, rank: int = 2) -> Numbers:
    weights, problem = _minimum()
    if deficient:
        weights = factorize(best_of_rank(problem, 1), widths_of(weights))
    W = product(weights)
    targets = _nearby(W, np.geomspace(1e-1, 1e-4, 400), rank)
    lifted = lift_perturbation(weights, targets)
    steps = [np.sum((a - b) ** 2, axis=(-2, -1)) for a, b in zip(lifted, weights, strict=True)]
    moved = np.sqrt(sum(steps))
    ratio = moved / np.linalg.norm(targets - W, axis=(-2, -1))
    parts = [part.max() for part in np.split(ratio, 4)]
    return {
        "gap": gap(product(lifted), targets),
        "ratio": float(ratio.max()),
        "growth": float(max(parts) / min(parts)),
    }


@item(
    "eq. (15)",
    "2.2",
    quote=r"G(R) = L(\{W_i\}) \ge L(\{\hat{W}_i\}) = G(\hat{R})",
    also=(r"This holds true for all perturbations R of \hat{R}",),
    chapter="first_order",
    verdict=lambda m: judge(holds=m["least"] > -EXACT),
    perturbations={"perturbations of rank r + 1": {"rank": 3}},
    evidence=r"Of 400 matrices of rank ≤ r around $\hat R$, the lowest lies {least:~} above, "
    r"relative to $G(\hat R)$.",
)
def eq_15(rank: int = 2) -> Numbers:
    weights, problem = _minimum()
    here = cases.value(weights, problem)
    targets = _nearby(product(weights), np.geomspace(1e-1, 1e-3, 400), rank)
    return {"least": min(misfit(problem, R) for R in targets) / here - 1}


@item(
    "eq. (16)",
    "2.2",
    quote=r"G(\hat{R}) = L(\{\hat{W}_i\}) = L(\{\bar{W}_i\}) = G(\bar{R})",
    also=(r"Thus, \bar{R} indeed attains the value of a local minimum of G",),
    chapter="first_order",
    verdict=lambda m: judge(holds=m["gap"] < EXACT),
    perturbations={"another rank": {"rank": 2}},
    evidence="A point of rank 1, raised to rank 2 at equal loss, keeps all four values equal to "
    "{gap:~}.",
)
def eq_16(rank: int = 1) -> Numbers:
    _, problem = _minimum()
    bar = factorize(best_of_rank(problem, 1), (4, 2, 3, 3))
    low = factorize(best_of_rank(problem, rank), (4, 2, 3, 3))
    hat = raise_to_full_rank(low, problem, np.random.default_rng(0))
    values = [
        misfit(problem, product(hat)),
        float(loss(hat, problem)),
        float(loss(bar, problem)),
        misfit(problem, product(bar)),
    ]
    return {"gap": (max(values) - min(values)) / max(values)}


# ------------------------------------------------------------ 2.3 and 2.4


def _fall(problem: Problem, modes: tuple[int, ...], most: int, upwards: bool) -> float:
    """The best change of G near U_S U_Sᵀ T among matrices of rank ≤ most, relative to its value."""
    u, size = problem.eigenvectors, 0.05
    start = u[:, modes] @ u[:, modes].T @ problem.least_squares
    here = misfit(problem, start)
    others = [j for j in range(problem.d_y) if j not in modes]
    moves = [
        rotate_modes(problem, modes, i, j, size) for i in modes for j in others if upwards or j > i
    ]
    if len(modes) < most and upwards:
        moves += [start + size * np.outer(u[:, j], u[:, j]) @ problem.least_squares for j in others]
    return min((misfit(problem, M) for M in moves), default=here) / here - 1


@item(
    "Theorem 2.2",
    "2.3",
    quote="If X has full row rank, all local minima of optimization problem 8 are global minima",
    also=("the local minimizers of 8 are shown to, in fact, be global minimizers",),
    chapter="first_order",
    verdict=lambda m: judge(holds=m["traps"] == 0 and m["wide"] == 0),
    perturbations={"only turns to smaller modes": {"upwards": False}},
    evidence="Of {sets:.0f} critical matrices that are not the global minimum, {traps:.0f} are "
    "without a way down among matrices of rank ≤ r. Read for samples as rows, as (5) has them, "
    "full row rank means at most d_x samples: descent then missed the least value in {wide:.0f} "
    "of 50 problems. (The proof in the chapter needs no condition at all.)",
)
def theorem_2_2(upwards: bool = True) -> Numbers:
    problem, r = data(), 3
    sets = [s for s in cases.index_sets(r, 5) if s != tuple(range(r))]
    traps = sum(_fall(problem, s, r, upwards) > -1e-6 for s in sets)
    rng = np.random.default_rng(0)
    drawn = [
        (
            np.linalg.qr(rng.standard_normal((4, 3)))[0],
            rng.standard_normal((3, 3)),
            *gaussian((4, 2, 3), rng, std=0.5),
        )
        for _ in range(50)
    ]
    X, Y, *start = map(np.stack, zip(*drawn, strict=True))
    few = Problem(X, Y)
    run = descend(start, few, 0.02, 50_000, record_every=1000, tolerance=1e-10)
    least = np.array([_least(Problem(x, y), 2) for x, y in zip(X, Y, strict=True)])
    missed = int((run.losses[:, -1] - least > 1e-6).sum())
    return {"traps": traps, "sets": len(sets), "wide": missed}


def _way_down(weights: Weights, problem: Problem, curvature_only: bool) -> bool:
    """Whether a lower loss is found within a small distance of critical weights."""
    here = cases.value(weights, problem)
    candidates = []
    values, vectors = np.linalg.eigh(hessian(weights, problem))
    if values[0] < -1e-6 * max(values[-1], 1.0):
        candidates.append(cases.moved(weights, unflatten(vectors[:, 0], widths_of(weights)), 1e-3))
    elif not curvature_only:
        loose = release(weights, problem, 0.05)
        descent = gradient(loose, problem)
        length = float(np.linalg.norm(flatten(descent)))
        candidates += [
            cases.moved(loose, descent, -t / length) for t in np.geomspace(1e-8, 0.05, 30)
        ]
    return any(cases.value(w, problem) < here * (1 - 1e-14) for w in candidates)


@item(
    "section 2.4: every local minimizer is global",
    "2.4",
    quote=r"making $\{W_i\}$ attain the global minimum of L",
    also=(
        "W must attain the global minimum of G",
        r"$W=W_1\cdots W_N$ attains the value of a local minimizer of G",
    ),
    chapter="first_order",
    verdict=lambda m: judge(holds=m["stuck"] == 0 and m["missed"] == 0),
    perturbations={"a search along curvature alone": {"curvature_only": True}},
    evidence="Of {points:.0f} constructed critical points that are not global, with two, three and "
    "four layers, {stuck:.0f} are without lower weights close by; of {runs:.0f} runs from random "
    "weights {missed:.0f} missed the global value. (Here G stands for the constrained problem.)",
)
def every_local_minimizer(curvature_only: bool = False) -> Numbers:
    problem = data()
    points = [
        w for depth in (2, 3, 4) for w, k in cases.saddles(depth) if k != Kind.GLOBAL_MINIMIZER
    ]
    stuck = sum(not _way_down(w, problem, curvature_only) for w in points)
    small = cases.oblong()
    missed = runs = 0
    for widths in ((5, 2, 3), (5, 2, 4, 3), (5, 4, 2, 2, 3)):
        starts = gaussian(widths, np.random.default_rng(7), std=0.5, size=(100,))
        run = descend(starts, small, 2e-3, 40_000, record_every=1000, tolerance=1e-8)
        floor = misfit(small, best_of_rank(small, 2))
        missed += int((run.losses[:, -1] > floor * (1 + 1e-6)).sum())
        runs += 100
    return {"stuck": stuck, "points": len(points), "missed": missed, "runs": runs}
