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


CROWDS = [
    {"step": 0.05, "steps": 25},
    {"step": 0.25, "steps": 400, "target": 1.5},
    {"layers": 3, "step": 0.1, "steps": 300},
]


@pytest.mark.parametrize("state", CROWDS)
def test_the_ends_of_400_runs_are_those_of_lnn(call, state):
    lab = Valley.placed(shows="ends", **state)
    found = call("valleyEnds", lab.state())
    ends, expected = np.array(found["ends"]), lab.ends()
    assert 40 < len(expected) < 400
    # Runs at the edge of stability amplify rounding: nearly all ends agree, and so does their law.
    assert abs(len(ends) - len(expected)) <= 4
    apart = np.abs(ends[:, None] - expected[None]).max(axis=-1).min(axis=1)
    assert np.mean(apart < 1e-6) > 0.95
    w1, w2 = ends.T
    assert w1 * w2 ** (lab.layers - 1) == pytest.approx(np.full(len(ends), lab.target), rel=2e-4)


@pytest.mark.parametrize("state", CROWDS)
def test_runs_settle_only_where_the_floor_is_flat_enough(call, state):
    lab = Valley.placed(shows="ends", **state)
    crowd = call("valleyEnds", lab.state())
    sharp = [call("floorSharpness", y, lab.target, lab.layers) for _, y in crowd["ends"]]
    for (_, y), value in list(zip(crowd["ends"], sharp, strict=True))[::40]:
        w = [lab.target / y ** (lab.layers - 1), *[y] * (lab.layers - 1)]
        top = np.linalg.eigvalsh(lnn.hessian(factors(w), lab.problem()))[-1]
        assert value == pytest.approx(top, rel=1e-9)
    assert max(sharp) < 2 / lab.step * (1 + 1e-3)
    sentence = call("valleyCrowd", lab.state(), crowd)
    assert f"{len(sharp)} have settled" in sentence
    assert f"to {call('words', max(sharp))}; {crowd['gone']} have blown up." in sentence


def test_above_the_divergence_bound_no_run_settles(call):
    lab = Valley.placed(shows="ends", step=0.52, steps=400)
    bound = float(lnn.divergence_bound(lab.problem(), (1, 1, 1)))
    assert bound < lab.step
    crowd = call("valleyEnds", lab.state())
    assert crowd["ends"] == []
    assert lab.ends().shape == (0, 2)
    sentence = call("valleyCrowd", lab.state(), crowd)
    assert sentence.startswith("No minimizer is flatter than")
    assert "none has settled" in sentence
