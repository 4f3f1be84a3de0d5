"""The valley's numbers in the browser are those of `lnn`, and its words are true."""

import numpy as np
import pytest

import lnn
from lnn.book.labs.valley import Valley
from lnn.descent.run import Stop
from lnn.network import flatten


def factors(values):
    return tuple(np.array([[w]]) for w in values)


def random_chains(seed, count):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        layers = int(rng.integers(2, 4))
        yield rng.uniform(-2, 2, layers), float(rng.uniform(0.3, 2.5)), rng


def test_gradient_and_sharpness_are_those_of_lnn(call):
    for w, s, _ in random_chains(0, 60):
        problem = lnn.Problem([[1.0]], [[s]])
        slope = flatten(lnn.gradient(factors(w), problem))
        assert call("chainSlope", w.tolist(), s) == pytest.approx(slope, rel=1e-12, abs=1e-12)
        top = np.linalg.eigvalsh(lnn.hessian(factors(w), problem))[-1]
        assert call("chainSharpness", w.tolist(), s) == pytest.approx(top, rel=1e-11, abs=1e-11)


def test_runs_are_those_of_lnn(call):
    ends = set()
    for w, s, rng in random_chains(1, 60):
        eta, steps = float(10 ** rng.uniform(-2.5, 0.2)), 150
        problem = lnn.Problem([[1.0]], [[s]])
        run = lnn.descend(factors(w), problem, eta, steps)
        found = call("chainDescent", w.tolist(), s, eta, steps)
        assert found["diverged"] == (run.stop == Stop.DIVERGED)
        if not found["diverged"]:
            assert len(found["losses"]) == steps + 1
        ends.add(run.stop)
        # On the edge of stability rounding grows: compare the beginning there, all elsewhere.
        sharp = max(x for x in found["sharpness"] if np.isfinite(x))
        same = 25 if eta * sharp > 2 else steps + 1
        losses = np.array(found["losses"][:same])
        finite = np.isfinite(run.losses[: losses.size])
        assert losses[finite] == pytest.approx(
            run.losses[: losses.size][finite], rel=1e-8, abs=1e-13
        )
    assert Stop.DIVERGED in ends
    assert Stop.STEPS in ends


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        ("glides", {"w1": 0.5, "w2": 1.5, "step": 0.05}),
        ("bounces", {"w1": 0.5, "w2": 1.5, "step": 0.3}),
        ("edge", {"w1": 0.3, "w2": 2.3, "step": 0.25, "steps": 200}),
        ("oscillates", {"w1": 0.9, "w2": 1.2, "step": 0.55, "steps": 200}),
        ("diverges", {"w1": 2.0, "w2": 2.2, "step": 0.6}),
        ("underway", {"w1": 0.05, "w2": 0.06, "step": 0.02, "steps": 20}),
        ("saddle", {"layers": 3, "w1": -1.0, "w2": 0.5, "step": 0.05, "steps": 200}),
    ],
)
def test_the_verdict_is_what_happens(call, verdict, state):
    full = Valley.placed(**state).state()
    run = call("valleyRun", full)
    kind, sentence = call("valleyVerdict", full, run)
    assert kind == verdict
    assert sentence.endswith(".")
    if verdict == "edge":
        assert max(run["sharpness"]) > 2 / full["step"] > run["sharpness"][-1]


def test_three_weights_stay_on_their_plane(call):
    run = call("valleyRun", Valley.placed(layers=3, w1=-0.7, w2=1.9, step=0.03).state())
    path = np.array(run["path"])
    assert path.shape[1] == 3
    assert (path[:, 1] == path[:, 2]).all()


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (0.05, "0.05"), (-1.23456, "−1.23"), (1e-5, "10⁻⁵"), (-2.5e7, "−2.5 · 10⁷")],
)
def test_numbers_as_words(call, number, text):
    assert call("words", number) == text


@pytest.mark.parametrize("layers", [2, 3])
def test_the_words_name_the_flattest_minimizer(call, layers):
    state = Valley.placed(layers=layers, target=2.0, step=1.5, w1=2.0, w2=2.0)
    _, sentence = call("valleyVerdict", state.state(), call("valleyRun", state.state()))
    least = float(lnn.least_sharpness(state.problem(), (1,) * (layers + 1)))
    assert f"the flattest has sharpness {call('words', least)}," in sentence
