"""Section 6 of the report: what is known of networks that are not linear."""

import numpy as np

from lnn import one_hidden_layer as nonlinear
from lnn._checks import Array
from lnn.book.audit.items import EXACT, Numbers, item
from lnn.book.audit.verdicts import BrokenCheckError, judge
from lnn.initialization import gaussian
from lnn.intervals import share_interval
from lnn.one_hidden_layer import IDENTITY, RELU, TANH, Activation, hinge_problem, with_ones
from lnn.problem import Problem


def _problem(rng: np.random.Generator, samples: int = 10) -> Problem:
    """Random samples in R³ with a row of ones for the biases, and random targets."""
    return Problem(with_ones(rng.standard_normal((3, samples))), rng.standard_normal((1, samples)))


def _ranks(hidden: Array) -> Array:
    """Ranks up to a relative tolerance of 1e-9, so that rounding does not pass for rank."""
    s = np.linalg.svd(hidden, compute_uv=False)
    return np.asarray((s > 1e-9 * s[..., :1]).sum(axis=-1))


@item(
    "section 6: almost every local minimizer of a wide network is global",
    "6",
    quote="they prove that *almost every* local minimizer is a global minimizer (for their very "
    "specific network architectures)",
    also=(
        'Nguyen and Hein prove in their paper "The loss surface of deep and wide neural networks',
        "networks (under certain assumptions)",
    ),
    chapter="nonlinear",
    verdict=lambda m: judge(holds=m["deficient"] == 0 and m["gap"] < EXACT),
    perturbations={
        "every hidden unit twice": {"twice": True},
        "an activation that is a polynomial": {"activation": IDENTITY},
        "half as many units as samples": {"units": 5},
    },
    evidence="Under their assumptions, an analytic activation that is no polynomial, and as many "
    "units as samples: of {draws:.0f} random first layers {deficient:.0f} give a hidden matrix "
    "of deficient rank. Wherever the rank is full, a vanishing gradient of the last layer forces "
    "loss 0 (solved for, the loss is {gap:~}). That the exceptions have measure 0 is their "
    "theorem.",
)
def wide(units: int = 10, activation: Activation = TANH, twice: bool = False) -> Numbers:
    rng = np.random.default_rng(1)
    problem = _problem(rng)
    first = gaussian((4, units), rng, size=(200,))[0]
    if twice:
        first = np.concatenate([first[:, : units // 2]] * 2, axis=1)
    hidden = activation.value(first @ problem.X)
    # The weights of the last layer at which its gradient vanishes.
    last = np.linalg.lstsq(hidden[0].T, problem.Y.T, rcond=1e-9)[0].T
    left = float(nonlinear.loss((first[0], last), problem, activation))
    return {
        "deficient": int((_ranks(hidden) < 10).sum()),
        "draws": 200,
        "gap": left / float(np.sum(problem.Y**2)),
    }


@item(
    "section 6: spurious minima come with expressiveness",
    "6",
    quote='the emergence of so-called "spurious" (not globally optimal) minima in the loss '
    "landscape is directly linked (in a quantifiable way, no less) to the increase in "
    "expressiveness",
    chapter="nonlinear",
    verdict=lambda m: judge(holds=_linked(m)),
    perturbations={
        "data that the affine maps fit": {"affine": True},
        "an output weight of 7 for 1": {"weight": 7.0},
        "a linear activation": {"activation": IDENTITY},
    },
    evidence="For ReLU, which is conic: in {spurious:.0f} of {count:.0f} random data sets the "
    "best affine map is a local minimizer (gradient {slope:~}, {lower:.0f} of {moves:.0f} moves "
    "lower) that one hinge more improves, by at least {gain:.1%} of its loss: the very gain in "
    "expressiveness.",
)
def expressive(activation: Activation = RELU, affine: bool = False, weight: float = 1.0) -> Numbers:
    rng = np.random.default_rng(1)
    spurious = lower = 0
    steepest, gains, count = 0.0, [], 60
    for _ in range(count):
        inputs = with_ones(rng.standard_normal((3, 12)))
        targets = rng.standard_normal((2, 12))
        if affine:
            targets = rng.standard_normal((2, 4)) @ inputs
        data = Problem(inputs, targets)
        first, second = nonlinear.linear_minimum(data, units=5)
        second = np.where(second == 1, weight, second)
        here = float(nonlinear.loss((first, second), data, activation))
        size = float(np.sum(targets**2))
        slopes = nonlinear.gradient((first, second), data, activation)
        steepest = max(steepest, max(float(np.abs(g).max()) for g in slopes) / size)
        radius = 0.5 * float(nonlinear.active_radius((first, second), inputs))
        step = rng.standard_normal((50, *first.shape))
        step *= radius * rng.random((50, 1, 1)) / np.linalg.norm(step, axis=(1, 2), keepdims=True)
        near = first + step, second + 0.1 * rng.standard_normal((50, *second.shape))
        lower += int((nonlinear.loss(near, data, activation) < here - 1e-9 * size).sum())
        # Turn the idle unit into a hinge along a generic direction, between two samples.
        order = first[0] @ inputs
        ramps = activation.value((order - order[:, None])[np.argsort(order)[1:-1]])
        residual = data.Y - data.least_squares @ inputs
        gain = ((ramps @ residual.T) ** 2).sum(axis=1) / (ramps**2).sum(axis=1)
        gains.append(float(gain.max()) / max(here, 1e-300) if here > 1e-9 * size else 0.0)
        spurious += gains[-1] > 1e-6
    return {
        "spurious": spurious,
        "count": count,
        "slope": steepest,
        "lower": lower,
        "moves": 50 * count,
        "gain": min(gains),
    }


def _linked(m: Numbers) -> bool:
    """Whether all data sets have a spurious minimum, which must be critical and minimal."""
    if m["slope"] > EXACT or m["lower"] > 0:
        raise BrokenCheckError("the affine optimum is not represented: no local minimum was tested")
    return m["spurious"] == m["count"]


@item(
    "section 6: the set of spurious minima may have measure 0",
    "6",
    quote="(for the specific cases considered) that the set of spurious local minima for losses of "
    "non-linear neural networks may have measure 0",
    chapter="nonlinear",
    verdict=lambda m: judge(holds=m["deficient"] == 0),
    perturbations={
        "a ReLU, whose units die": {"activation": RELU},
        "a polynomial activation": {"activation": IDENTITY},
    },
    evidence="In the case of Nguyen and Hein it has: a spurious minimum needs a hidden matrix of "
    "deficient rank, which {deficient:.0f} of 2000 random first layers have. In Christof's it "
    "need not: {dead:.1%} of random ReLU networks with two units are dead on the book's five "
    "samples, each in a ball of spurious minima.",
)
def measure_zero(activation: Activation = TANH) -> Numbers:
    rng = np.random.default_rng(2)
    problem = _problem(rng)
    hidden = activation.value(gaussian((4, 10), rng, size=(2000,))[0] @ problem.X)
    draws = gaussian((2, 2), rng, size=(4000,))[0]
    dead = (draws @ hinge_problem().X < 0).all(axis=(-2, -1))
    return {"deficient": int((_ranks(hidden) < 10).sum()), "dead": float(dead.mean())}


@item(
    "section 6: the set of spurious minima is never empty",
    "6",
    quote="but it will never be empty",
    chapter="nonlinear",
    verdict=lambda m: judge(
        holds=m["analytic"] > 0, corrected=m["analytic"] == 0 and m["conic"] == m["sets"]
    ),
    perturbations={
        "a ReLU for the one unit": {"activation": RELU},
        "data that the affine maps fit": {"affine": True},
    },
    evidence="Both cases were considered, and they differ. For ReLU with biases it is not empty "
    "in {conic:.0f} of {sets:.0f} data sets that no affine map fits. In the case of Nguyen and "
    "Hein it can be: one tanh unit and one sample have {analytic:.0f} spurious minima among "
    "{cells:.0f} cells of a grid of weights.",
    correction="Never empty for the data that Christof's theorem covers; for analytic "
    "activations and wide layers it can be empty.",
)
def never_empty(activation: Activation = TANH, affine: bool = False) -> Numbers:
    problem = Problem([[1.0]], [[0.8]])
    grid = np.linspace(-3, 3, 241)
    a, b = np.meshgrid(grid, grid, indexing="ij")
    losses = nonlinear.loss((a[..., None, None], b[..., None, None]), problem, activation)
    inner = losses[1:-1, 1:-1]
    around = [
        losses[1 + i : 240 + i, 1 + j : 240 + j]
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
        if (i, j) != (0, 0)
    ]
    minimal = np.all([inner <= n for n in around], axis=0)
    found = expressive.measure(affine=affine)
    return {
        "analytic": int((minimal & (inner > 0.05)).sum()),
        "cells": inner.size,
        "conic": found["spurious"],
        "sets": found["count"],
    }


@item(
    "section 6: noise jiggles descent out of spurious minima",
    "6",
    quote="using stochastic methods to jiggle the optimization path out of these spurious local "
    "minima",
    chapter="nonlinear",
    verdict=lambda m: judge(holds=m["shaken"] > m["still"]),
    perturbations={"no noise": {"noise": 0.0}, "noise far too small": {"noise": 1e-3}},
    evidence="Of eighty runs of 6000 steps that start beside a spurious minimum, at least "
    "{shaken:.0%} leave it for a lower loss with noise added to the gradient (lower end of a 95% "
    "interval), and at most {still:.0%} without (upper end). How much noise, and for how long, "
    "decides.",
)
def jiggle(noise: float = 4.0) -> Numbers:
    problem, count = hinge_problem(), 80
    rng = np.random.default_rng(0)
    spurious = nonlinear.linear_minimum(problem, units=2)
    starts = tuple(w + 0.05 * rng.standard_normal((count, *w.shape)) for w in spurious)
    hits = []
    for size in (noise, 0.0):
        run = nonlinear.descend(
            starts, problem, 0.008, 6000, rng=rng, noise=size, quiet=2000, record_every=6000
        )
        hits.append(int((run.losses[:, -1] < 0.95 * float(problem.residual)).sum()))
    return {
        "shaken": float(share_interval(hits[0], count)[0]),
        "still": float(share_interval(hits[1], count)[1]),
    }
