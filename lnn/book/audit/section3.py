"""Section 3 of the report: critical points, their values, and the two kinds of saddles."""

from collections.abc import Sequence

import numpy as np

from lnn._checks import Array, Weights
from lnn.book.audit import cases
from lnn.book.audit.cases import WIDTHS, data, gap, misfit, oblong
from lnn.book.audit.items import EXACT, Numbers, item
from lnn.book.audit.verdicts import judge
from lnn.descent import descend
from lnn.descent.plateaus import first_below, midpoints
from lnn.initialization import gaussian
from lnn.landscape import Kind, best_of_rank, classify, critical_point
from lnn.network import product, unflatten, widths_of
from lnn.objective import hessian
from lnn.problem import Problem

# ------------------------------------------------------------ 3.1


@item(
    "section 3.1: saddles of both kinds affect descent",
    "3.1",
    quote="Strict and non strict saddle points can affect the behavior of gradient descent "
    "algorithms",
    also=("a second order analysis of the loss landscape for linear networks is necessary",),
    chapter="plateaus",
    verdict=lambda m: judge(
        holds=min(m["strict"], m["flat"]) > 2 * m["far"] and m["slope"] < EXACT
    ),
    perturbations={"starts far from the saddles": {"size": 1.0}},
    evidence="From 0.01 beside a strict saddle of rank 2 a run needs {strict:.0f} steps to lose "
    "half of its excess, beside a non-strict one {flat:.0f}, from large random weights "
    "{far:.0f}. The gradient, {slope:~} at both, does not tell them apart: it takes second "
    "derivatives.",
)
def both_affect(size: float = 0.01) -> Numbers:
    problem, floor = data(), float(data().floor(4))
    pair = cases.twins(2)
    steps = []
    starts = [cases.beside(w, size, 1, seed=3) for w in pair]
    starts.append(tuple(w[None] for w in gaussian(WIDTHS, np.random.default_rng(1), std=0.6)))
    for start in starts:
        losses = descend(start, problem, 1e-5, 20_000).losses[0]
        steps.append(int(np.argmax(losses - floor < (losses[0] - floor) / 2)))
    return {
        "strict": steps[0],
        "flat": steps[1],
        "far": steps[2],
        "slope": max(cases.slope(w, problem) for w in pair),
    }


# ------------------------------------------------------------ 3.2 Setting


@item(
    "eq. (17)",
    "3.2",
    quote=r"\mathcal{L}(W_1, \dots, W_N) = ||Y - W_N \dots W_1 X||_F^2",
    chapter="saddles",
    verdict=lambda m: judge(holds=m["gap"] < EXACT),
    perturbations={
        "the product in the opposite order": {"order": -1},
        "a factor ½": {"half": 0.5},
    },
    evidence="It is (4), with the product written out: difference {gap:~}.",
)
def eq_17(order: int = 1, half: float = 1.0) -> Numbers:
    weights = gaussian((5, 5, 5, 5), np.random.default_rng(0))
    W = cases.chain(weights[::-1][::order])
    return {"gap": gap(half * misfit(data(), W), cases.value(weights, data()))}


@item(
    "section 3.2: Σ_XX is printed twice, Σ_YY not at all",
    "3.2",
    quote=r"\Sigma_{XX} = \sum_{i=1}^{m} x_i x_i^T = XX^T \in \mathbb{R}^{d_x \times d_x}",
    chapter="saddles",
    verdict=lambda m: judge(holds=m["printed"] < EXACT, corrected=m["mended"] < EXACT),
    perturbations={
        "targets equal to the inputs": {"same": 1.0},
        "the mean over the samples": {"divisor": 1000.0},
    },
    evidence=r"(19) needs $\Sigma_{{YY}}$. With the matrix that stands in its line, "
    r"$\Sigma_{{XX}}$ a second time, the value at a critical point is missed by {printed:.2f} of "
    r"it; with $YY^T$ by {mended:~}.",
    correction=r"The second line should be $\Sigma_{YY} = \sum_i y_i y_i^T = YY^T \in "
    r"\mathbb{R}^{d_y \times d_y}$.",
)
def sigma_yy(same: float = 0.0, divisor: float = 1.0) -> Numbers:
    problem = Problem(data().X, data().X * [[1.0], [0.8], [0.6], [0.4], [0.2]])
    if same:
        turn = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))[0]
        problem = Problem(data().X, turn @ data().X)
    U, lam = problem.eigenvectors, problem.eigenvalues
    here = misfit(problem, U[:, :2] @ U[:, :2].T @ problem.least_squares)

    def formula(matrix: Array) -> float:
        return float(np.trace(matrix)) - float(lam[:2].sum())

    return {
        "printed": gap(formula(problem.X @ problem.X.T), here),
        "mended": gap(formula(problem.Y @ problem.Y.T / divisor), here),
    }


@item(
    "section 3.2: the covariances",
    "3.2",
    quote=r"\Sigma_{XY} = \sum_{i=1}^{m} x_i y_i^T = XY^T \in \mathbb{R}^{d_x \times d_y}",
    also=(r"\Sigma_{YX} = \sum_{i=1}^{m} y_i x_i^T = YX^T \in \mathbb{R}^{d_y \times d_x}",),
    chapter="saddles",
    verdict=lambda m: judge(holds=max(m["XX"], m["XY"], m["YX"]) < EXACT),
    perturbations={"a transpose": {"transpose": True}, "the mean over samples": {"divisor": 30.0}},
    evidence="Summed sample by sample: $XX^T$ to {XX:~}, $XY^T$ to {XY:~}, $YX^T$ to {YX:~}, in "
    "the shapes given.",
)
def covariances(transpose: bool = False, divisor: float = 1.0) -> Numbers:
    X, Y = oblong().X, oblong().Y
    pairs = list(zip(X.T, Y.T, strict=True))
    XX = sum(np.outer(x, x) for x, _ in pairs)
    XY = sum(np.outer(x, y) for x, y in pairs)
    YX = sum(np.outer(y, x) for x, y in pairs)
    if transpose:
        XY = np.transpose(XY)
    return {
        "XX": gap(np.divide(XX, divisor), oblong().cov_xx),
        "XY": gap(XY, oblong().cov_yx.T),
        "YX": gap(YX, oblong().cov_yx),
    }


@item(
    "section 3.2: assumptions",
    "3.2",
    quote=r"Using these newly defined matrices, we will assume the following",
    also=(
        r"1. $d_y \leq d_x \leq m$",
        r"2. Σ_{XX} is invertible",
        r"3. Σ_{XY} is full rank",
    ),
    chapter="saddles",
    verdict=lambda m: judge(holds=m["sets"] == 1, corrected=m["distinct"] == 1),
    perturbations={"distinct eigenvalues": {"second": 1.0}, "no set to begin with": {"modes": ()}},
    evidence="With X = I, Y = 2I they are met (the fourth only defines Σ), and there is a critical "
    "point (gradient {slope:~}) whose product is given by {sets:.0f} of the index sets. With "
    "distinct eigenvalues it is {distinct:.0f}.",
    correction="A fourth assumption is missing: the eigenvalues of Σ are distinct.",
)
def assumptions(second: float = 2.0, modes: Sequence[int] = (0,)) -> Numbers:
    twin = Problem(np.eye(2), np.diag([2.0, second]))
    angle = np.pi / 7 if second == 2.0 else 0.0
    v = np.array([[np.cos(angle)], [np.sin(angle)]])
    tilted = 2**0.5 * v.T, 2**0.5 * v

    def sets(weights: Sequence[Array], problem: Problem) -> int:
        W, U = product(weights), problem.eigenvectors
        maps = [U[:, s] @ U[:, s].T @ problem.least_squares for s in cases.index_sets(2, 2)]
        return sum(float(np.linalg.norm(W - M)) < 1e-9 for M in maps)

    apart = Problem(np.eye(2), np.diag([2.0, 1.0]))
    kept = np.diag([1.0 * (k in modes) for k in (0, 1)])
    return {
        "sets": sets(tilted, twin),
        "slope": cases.slope(tilted, twin),
        "distinct": sets((kept, 2.0 * kept), apart) if len(modes) else 0,
    }


@item(
    "section 3.2: definition of Σ^½ and Σ",
    "3.2",
    quote=r"$\Sigma^{1/2} = \Sigma_{YX} \Sigma_{XX}^{-1} X \in \mathbb{R}^{d_y \times m}$",
    also=(r"$\Sigma = \Sigma^{1/2} (\Sigma^{1/2})^T \in \mathbb{R}^{d_y \times d_y}$",),
    chapter="saddles",
    verdict=lambda m: judge(holds=max(m["root"], m["square"]) < EXACT),
    perturbations={"without the factor X": {"with_x": False}},
    evidence=r"Σ^½ is the fitted $\hat Y$, of shape $d_y × m$, to {root:~}, and Σ = "
    r"$\Sigma_{{YX}}\Sigma_{{XX}}^{{-1}}\Sigma_{{XY}}$ to {square:~}. (It is no square root of "
    r"the matrix Σ in the usual sense.)",
)
def sigma_root(with_x: bool = True) -> Numbers:
    p = oblong()
    root = p.cov_yx @ np.linalg.inv(p.cov_xx) @ (p.X if with_x else np.eye(5))
    fitted = np.linalg.lstsq(p.X.T, p.Y.T, rcond=None)[0].T @ p.X
    expected = p.cov_yx @ np.linalg.inv(p.cov_xx) @ p.cov_yx.T
    return {"root": gap(root, fitted), "square": gap(root @ root.T, expected)}


@item(
    "section 3.2: the singular value decomposition of Σ^½",
    "3.2",
    quote=r"We can perform singular value decomposition on $\Sigma^{1/2} = U \Delta V^T$",
    also=("where U,V are unitary and Δ is a diagonal matrix of descending singular values",),
    chapter="saddles",
    verdict=lambda m: judge(holds=max(m["unitary"], m["product"], m["vectors"]) < EXACT),
    perturbations={"right singular vectors for U": {"side": "right"}},
    evidence="U and V are orthogonal to {unitary:~} and give Σ^½ back to {product:~}; the "
    "columns of U are the eigenvectors of Σ, to {vectors:~}.",
)
def svd(side: str = "left") -> Numbers:
    p = oblong()
    root = p.least_squares @ p.X
    U, s, Vt = np.linalg.svd(root)
    D = np.zeros(root.shape)
    D[: s.size, : s.size] = np.diag(s)
    basis = U if side == "left" else Vt[:3, :3]
    found = np.abs(basis.T @ p.eigenvectors)
    return {
        "unitary": max(gap(U.T @ U, np.eye(3)), gap(Vt @ Vt.T, np.eye(30))),
        "product": gap(U @ D @ Vt, root),
        "vectors": gap(found, np.eye(3)),
    }


# ------------------------------------------------------------ 3.2 Critical points and values


@item(
    "section 3.2: a unique index set S",
    "3.2",
    quote=r"There exists a unique subset S of indices in $[1, d_y]$ of size r such that",
    also=(
        r"set $r = \operatorname{rank}(W_H \cdots W_1) \in [0, r_{\max}]$",
        "W is a critical point associated with S",
    ),
    chapter="saddles",
    verdict=lambda m: judge(holds=m["wrong"] == 0),
    perturbations={"two equal eigenvalues": {"tie": True}, "maps of other data": {"mixed": True}},
    evidence="With distinct eigenvalues: of {count:.0f} critical points with two to four layers, "
    "all but {wrong:.0f} have a product that belongs to exactly one set of r ≤ r_max indices.",
)
def unique_set(tie: bool = False, mixed: bool = False) -> Numbers:
    if tie:
        problem = Problem(np.eye(2), 2 * np.eye(2))
        v = np.array([[np.cos(0.4)], [np.sin(0.4)]])
        points: list[Weights] = [(2**0.5 * v.T, 2**0.5 * v)]
    else:
        points = [w for depth in (2, 3, 4) for w, _ in cases.saddles(depth)]
        problem = Problem(data().X, data().Y[::-1] + data().Y) if mixed else data()
    wrong = 0
    for w in points:
        W, rank = product(w), int(np.linalg.matrix_rank(product(w), tol=1e-8))
        U, most = problem.eigenvectors, min(widths_of(w))
        sets = [s for s in cases.index_sets(most, problem.d_y) if len(s) == rank]
        maps = [U[:, s] @ U[:, s].T @ problem.least_squares for s in sets]
        wrong += sum(float(np.linalg.norm(W - M)) < 1e-7 for M in maps) != 1
    return {"wrong": wrong, "count": len(points)}


@item(
    "eq. (18)",
    "3.2",
    quote=r"W_H \cdots W_1 = U_S U_S^T \Sigma_{YX} \Sigma_{YX}^{-1}",
    chapter="saddles",
    verdict=lambda m: judge(holds=m["printed"] < EXACT, corrected=m["mended"] < EXACT),
    perturbations={
        "the set of another point": {"claimed": (0, 1)},
        "targets equal to the inputs": {"target": "inputs"},
        "a transposed inverse side": {"side": "left"},
    },
    evidence="The printed right side differs from the product of a critical point by {printed:.2f} "
    "of it, with $\\Sigma_{{XX}}^{{-1}}$ by {mended:~}.",
    correction=r"$W_N \cdots W_1 = U_S U_S^T \Sigma_{YX} \Sigma_{XX}^{-1}$. As printed it is "
    r"$U_S U_S^T$.",
)
def eq_18(
    claimed: Sequence[int] = (0, 1, 2), target: str = "report", side: str = "right"
) -> Numbers:
    problem = data()
    if target == "inputs":  # Σ_YX = Σ_XX
        problem = Problem(data().X, data().X)
        W = problem.eigenvectors[:, :3] @ problem.eigenvectors[:, :3].T
    else:
        W = product(critical_point(problem, WIDTHS, (0, 1, 2)))
    U = problem.eigenvectors[:, list(claimed)]
    inverse = np.linalg.inv(problem.cov_xx)
    map_ = problem.cov_yx @ inverse if side == "right" else inverse @ problem.cov_yx
    printed = U @ U.T @ problem.cov_yx @ np.linalg.inv(problem.cov_yx)
    return {"printed": gap(printed, W), "mended": gap(U @ U.T @ map_, W)}


@item(
    "eq. (19)",
    "3.2",
    quote=r"L(W) = \operatorname{tr}(\Sigma_{YY}) - \sum_{i \in \S} \lambda_i",
    chapter="saddles",
    verdict=lambda m: judge(holds=m["gap"] < EXACT),
    perturbations={
        "singular values of Σ^½": {"power": 0.5},
        "their fourth powers": {"power": 2.0},
        "the set without its last index": {"short": 1},
    },
    evidence="With λ the singular values of Σ, the only definition that the report gives (section "
    "4), the values of all {count:.0f} critical points agree to {gap:~}. Σ is positive "
    "semidefinite: they are its eigenvalues.",
)
def eq_19(power: float = 1.0, short: int = 0) -> Numbers:
    problem = data()
    singular = np.linalg.svd(problem.least_squares @ problem.cov_yx.T, compute_uv=False)
    sets = list(cases.index_sets(4, 5))
    found, formula = [], []
    for s in sets:
        found.append(cases.value(critical_point(problem, WIDTHS, s), problem))
        kept = list(s)[: max(len(s) - short, 0)]
        formula.append(float(np.trace(problem.cov_yy)) - float(np.sum(singular[kept] ** power)))
    return {"gap": gap(formula, found), "count": len(sets)}


# ------------------------------------------------------------ 3.2 Two kinds of saddles


def _spectrum(weights: Weights) -> Array:
    values = np.linalg.eigvalsh(hessian(weights, data()))
    scale = float(np.linalg.norm(data().cov_yx, 2))
    return np.asarray(values / scale)


@item(
    "section 3.2: definition of strict and non-strict",
    "3.2",
    quote="A saddle point W_s is strict if $H(W_s)$ has a negative eigenvalue",
    also=(
        "A saddle point W_{ns} is non strict if $H(W_{ns})$ is positive semidefinite with at least "
        "one eigenvalue equal to zero",
    ),
    chapter="saddles",
    verdict=lambda m: judge(holds=m["strict"] + m["flat"] + m["zeros"] == 0),
    perturbations={"the names exchanged": {"swap": True}},
    evidence="Of {count:.0f} saddles with two to four layers, built to be of one kind: "
    "{strict:.0f} strict ones without a negative eigenvalue, {flat:.0f} non-strict ones with "
    "one, {zeros:.0f} non-strict ones without a zero eigenvalue.",
)
def two_kinds(swap: bool = False) -> Numbers:
    points = [p for depth in (2, 3, 4) for p in cases.saddles(depth)]
    points = [p for p in points if p[1] != Kind.GLOBAL_MINIMIZER]
    strict = flat = zeros = 0
    for w, kind in points:
        values = _spectrum(w)
        negative = bool(values[0] < -1e-6)
        if (kind == Kind.STRICT_SADDLE) != swap:
            strict += not negative
        else:
            flat += negative
            zeros += bool(np.abs(values).min() > 1e-6)
    return {"strict": strict, "flat": flat, "zeros": zeros, "count": len(points)}


@item(
    "section 3.2: non-strict saddles are flat valleys",
    "3.2",
    quote="We can think of non strict saddle points as flat valleys",
    chapter="saddles",
    verdict=lambda m: judge(
        holds=m["fall"] > -EXACT, corrected=m["lowest"] > -1e-8 and abs(m["order"] - 3) < 0.2
    ),
    perturbations={
        "a saddle of the other kind": {"kind": Kind.STRICT_SADDLE},
        "a valley": {"kind": Kind.GLOBAL_MINIMIZER},
    },
    evidence="To second order the non-strict saddle of rank 2 is flat: least Hessian eigenvalue "
    "{lowest:~}. But no valley: along one direction the loss falls, at a distance of 0.1 by "
    "{drop:~} of itself, with the power {order:.2f} of the distance.",
    correction="Flat to second order only: the loss falls along some curve, here with the third "
    "power of the distance. On the floor of a valley it would not fall at all.",
)
def flat_valleys(kind: Kind = Kind.NON_STRICT_SADDLE) -> Numbers:
    problem = data()
    rank = 4 if kind == Kind.GLOBAL_MINIMIZER else 2
    weights = critical_point(problem, WIDTHS, range(rank), kind=kind)
    here = cases.value(weights, problem)
    way = cases.third_order(rank if rank < 4 else 2)
    changes = [
        cases.value(cases.moved(weights, way, t), problem) - here for t in (0.025, 0.05, 0.1)
    ]
    down = changes[0] < -1e-9 * here
    order = float(np.log2(changes[1] / changes[0])) if down else 0.0
    lowest = float(_spectrum(weights)[0])
    return {
        "fall": min(changes) / here,
        "drop": -min(changes) / here,
        "order": order,
        "lowest": 0.0 if abs(lowest) < 1e-8 else lowest,
    }


@item(
    "section 3.2: strict saddles have negative curvature",
    "3.2",
    quote="the loss at strict saddle points has negative curvature in at least one direction",
    chapter="saddles",
    verdict=lambda m: judge(holds=m["curved"] == m["count"]),
    perturbations={"saddles of the other kind": {"kind": Kind.NON_STRICT_SADDLE}},
    evidence="From {curved:.0f} of {count:.0f} strict saddles a small step along the direction of "
    "least curvature lowers the loss as the quadratic predicts.",
)
def negative_curvature(kind: Kind = Kind.STRICT_SADDLE) -> Numbers:
    problem = data()
    points = [w for depth in (2, 3, 4) for w, k in cases.saddles(depth) if k == kind]
    curved = 0
    for w in points:
        values, vectors = np.linalg.eigh(hessian(w, problem))
        there = cases.moved(w, unflatten(vectors[:, 0], widths_of(w)), 1e-3)
        change = cases.value(there, problem) - cases.value(w, problem)
        curved += bool(change < 0.25 * values[0] * 1e-6 < -1e-10 * cases.value(w, problem))
    return {"curved": curved, "count": len(points)}


def escape_steps(
    kind: Kind, size: float, step_size: float, seed: int = 12, count: int = 8
) -> Array:
    """Return the steps that runs beside the saddle of rank 3 need to leave its plateau."""
    problem = data()
    weights = critical_point(problem, WIDTHS, range(3), kind=kind)
    start = cases.beside(weights, size, count, seed)
    steps = int(0.004 / (size * step_size)) + 2000
    run = descend(start, problem, step_size, steps)
    return first_below(run.losses, run.recorded, midpoints(problem, 4)[3])


@item(
    "section 3.2: non-strict saddles are harder to escape",
    "3.2",
    quote="it is much harder to escape non strict saddle points than strict ones",
    chapter="plateaus",
    verdict=lambda m: judge(holds=m["least"] > 1 and m["near"] > 2 and m["nearer"] > m["near"]),
    perturbations={"a saddle of the other kind": {"flat": Kind.STRICT_SADDLE}},
    evidence="From the same perturbation a non-strict saddle of rank 3 takes {near:.1f} times as "
    "many steps to leave as a strict one at ε = 0.1, {nearer:.0f} times at ε = 0.02 (medians of "
    "eight draws; in none of them fewer than {least:.1f} times).",
)
def harder(flat: Kind = Kind.NON_STRICT_SADDLE) -> Numbers:
    ratios = [
        escape_steps(flat, size, 1e-5) / escape_steps(Kind.STRICT_SADDLE, size, 1e-5)
        for size in (0.1, 0.02)
    ]
    return {
        "near": float(np.median(ratios[0])),
        "nearer": float(np.median(ratios[1])),
        "least": float(np.min(ratios)),
    }


@item(
    "section 3.2: the global minimizer is a projection of least squares",
    "3.2",
    quote=r"The global minimizer W^* of the loss function is the projection of the linear "
    r"regression solution $\hat{\beta}=(X'X)^{-1}X'Y$",
    also=(r"eigenvectors of the sample covariance matrix of \hat{Y}",),
    chapter="saddles",
    verdict=lambda m: judge(holds=m["covariance"] < EXACT, corrected=m["sigma"] < EXACT),
    perturbations={
        "centred fits": {"centred": True},
        "one eigenvector fewer": {"count": 3},
    },
    evidence="The least loss is met to {sigma:~} by the projection on the first r_max eigenvectors "
    "of Σ; by that on the eigenvectors of the sample covariance of $\\hat Y$, which is centred, to "
    "{covariance:.1g}.",
    correction=r"It is the product of the factors that is this projection; and Σ = $\hat Y \hat "
    r"Y^T$ is a sample covariance only up to centring and a factor.",
)
def projection(centred: bool = False, count: int = 4) -> Numbers:
    X, Y = data().X, data().Y
    if centred:
        X, Y = X - X.mean(axis=1, keepdims=True), Y - Y.mean(axis=1, keepdims=True)
    problem = Problem(X, Y)
    beta = np.linalg.solve(X @ X.T, X @ Y.T)  # samples as rows, as in the report
    fitted = beta.T @ X
    found = {}
    for name, matrix in (("sigma", fitted @ fitted.T), ("covariance", np.cov(fitted))):
        basis = np.linalg.eigh(matrix)[1][:, ::-1][:, :count]
        found[name] = misfit(problem, (beta @ basis @ basis.T).T) / float(problem.floor(4)) - 1
    return found


@item(
    "section 3.2: other subsets give saddles",
    "3.2",
    quote=r"onto the subspace generated by other subsets of eigenvectors of Σ allows us to "
    "find saddle points",
    chapter="saddles",
    verdict=lambda m: judge(holds=m["saddles"] == m["count"] and m["slope"] < EXACT),
    perturbations={
        "the first r_max eigenvectors among them": {"first": 1},
        "a subspace of other vectors": {"turn": 0.3},
    },
    evidence="{saddles:.0f} of the {count:.0f} other sets of at most four eigenvectors give "
    "saddles (gradients up to {slope:~}).",
)
def other_subsets(first: int = 0, turn: float = 0.0) -> Numbers:
    problem = data()
    sets = [s for s in cases.index_sets(4, 5) if first or s != (0, 1, 2, 3)]
    points = []
    for s in sets:
        w = list(critical_point(problem, WIDTHS, s))
        w[-1] = w[-1] + turn * np.roll(w[-1], 1, axis=0)
        points.append(tuple(w))
    kinds = [classify(w, problem).kind for w in points]
    return {
        "saddles": sum(k in (Kind.STRICT_SADDLE, Kind.NON_STRICT_SADDLE) for k in kinds),
        "count": len(sets),
        "slope": max(cases.slope(w, problem) for w in points),
    }


@item(
    "section 3.2: both strict and non-strict parametrizations for N ≥ 3",
    "3.2",
    quote=r"for a linear network with 3 or more layers, every saddle point W_{crit} that is "
    r"obtained by projecting $\hat{\beta}$ on the first r < rmax eigenvectors",
    also=("depending on the parametrization",),
    chapter="saddles",
    verdict=lambda m: judge(holds=m["missing"] == 0),
    perturbations={"two layers": {"shapes": ((5, 4, 5),)}, "r up to r_max": {"up_to": 1}},
    evidence="For every r < r_max and three, four and five layers both were constructed, and the "
    "sign of the least Hessian eigenvalue tells them apart; exceptions: {missing:.0f} of "
    "{count:.0f}.",
)
def both_kinds(
    shapes: Sequence[Sequence[int]] = ((5, 4, 4, 5), (5, 3, 4, 2, 5), (5, 2, 3, 3, 4, 5)),
    up_to: int = 0,
) -> Numbers:
    missing = count = 0
    for widths in shapes:
        for r in range(min(widths) + up_to):
            strict = critical_point(data(), widths, range(r), kind=Kind.STRICT_SADDLE)
            flat = critical_point(data(), widths, range(r), kind=Kind.NON_STRICT_SADDLE)
            missing += not (_spectrum(strict)[0] < -1e-6) or not (_spectrum(flat)[0] > -1e-8)
            count += 1
    return {"missing": missing, "count": count}


@item(
    "eq. (20)",
    "3.2",
    quote=r"\underset{M \in \mathbb{R}^{d_x \times d_y}, rank(M) \le r}{\arg \min} ||Y - MX||_F^2",
    also=("these saddle points correspond to:",),
    chapter="saddles",
    verdict=lambda m: judge(holds=m["unfit"] == 0, corrected=m["gap"] < EXACT),
    perturbations={
        "as many inputs as outputs": {"square": True},
        "the index set {2, ..., r + 1}": {"first": 1},
    },
    evidence=r"A matrix of shape $d_x \times d_y$ cannot multiply X unless $d_x = d_y$ "
    r"({unfit:.0f} rows too few). With $d_y \times d_x$ the saddles of r = 1 and 2 attain the "
    r"least loss to {gap:~}.",
    correction=r"$M \in \mathbb{R}^{d_y \times d_x}$.",
)
def eq_20(square: bool = False, first: int = 0) -> Numbers:
    problem = data() if square else oblong()
    widths = (problem.d_x, 3, 3, problem.d_y)
    off = 0.0
    for r in (1, 2):
        w = critical_point(problem, widths, [min(k + first, problem.d_y - 1) for k in range(r)])
        off = max(off, gap(cases.value(w, problem), misfit(problem, best_of_rank(problem, r))))
    shape = problem.d_x, problem.d_y
    return {"unfit": abs(shape[1] - problem.X.shape[0]), "gap": off}


@item(
    "figure 1",
    "3.2",
    quote="The loss plateaus in the vicinity of low rank minimizers",
    chapter="plateaus",
    verdict=lambda m: judge(holds=m["loss"] < 0.02 and m["map"] < 0.1),
    perturbations={
        "large initial weights": {"std": 0.5},
        "the second-best map of each rank": {"first": 1},
    },
    evidence="Redone with five seeds: where the curve is flattest on its way from rank 1 to 4 its "
    "loss is off the least loss of that rank by {loss:.1%} at most, and the product off the best "
    "map by {map:.1%}.",
)
def figure_1(std: float = 0.01, first: int = 0) -> Numbers:
    from lnn.book.audit.section4 import resting

    problem = data()
    worst_loss, worst_map = 0.0, 0.0
    for seed in range(5):
        for r, (loss_, W) in enumerate(resting(std, seed), start=1):
            U = problem.eigenvectors[:, first : first + r]
            best = U @ U.T @ problem.least_squares
            worst_loss = max(worst_loss, gap(loss_, misfit(problem, best)))
            worst_map = max(worst_map, gap(W, best))
    return {"loss": worst_loss, "map": worst_map}
