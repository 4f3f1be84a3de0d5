"""Networks in the browser: starts, losses, runs, closed forms and bounds are those of `lnn`."""

import numpy as np
import pytest

import lnn
from lnn.book.labs.staircase import Staircase
from lnn.book.labs.step import Step
from lnn.descent.run import Stop
from lnn.dynamics.closed_form import mode_flow, mode_time
from lnn.network import flatten
from lnn.steps.a_posteriori import trapping_bound

# Functions of the browser's class, called with widths, spectrum and flat weights.
ON_NETWORK = """([method, widths, spectrum, weights, rest]) => {
  const network = new lab.Network(widths, spectrum);
  const w = weights.map((x) => Float64Array.from(x));
  network.forward(w);
  if (method === "hessianVector") rest = [rest.map((x) => Float64Array.from(x))];
  const found = network[method](w, ...rest);
  if (method === "gradient" || method === "hessianVector") return found.map((x) => [...x]);
  if (method === "descend")
    return {...found, weights: found.weights.map((x) => [...x])};
  return ArrayBuffer.isView(found) ? [...found] : found;
}"""


@pytest.fixture
def on_network(call):
    """Return a function that calls a method of the browser's Network."""
    return lambda *arguments: call.page.evaluate(ON_NETWORK, list(arguments))


def random_networks(seed, count, most=5):
    """Yield widths, spectrum, problem, weights as `lnn` and as the browser has them, rng."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        d = int(rng.integers(1, most + 1))
        hidden = rng.integers(1, most + 1, size=rng.integers(0, 4)).tolist()
        widths = (d, *hidden, d)
        spectrum = rng.uniform(0.3, 4, d)
        problem = lnn.Problem(np.eye(d), np.diag(spectrum))
        weights = lnn.gaussian(widths, rng, std=0.7)
        flat = [w.ravel().tolist() for w in weights]
        yield widths, spectrum.tolist(), problem, weights, flat, rng


@pytest.mark.parametrize("seed", [0, 1, 7, 42, 99])
def test_random_numbers_are_those_of_numpy(call, seed):
    found = call.page.evaluate(
        "(s) => { const g = lab.normals(s); return Array.from({length: 20000}, () => g()) }", seed
    )
    expected = np.random.default_rng(seed).standard_normal(20_000)
    assert np.abs(expected).max() > 3.7  # the tail is visited
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("lab", [Staircase, Step])
def test_the_start_is_that_of_python(call, lab):
    for seed in range(12):
        state = lab.placed(seed=seed, layers=2 + seed % 3, width=1 + seed % 4, scale=0.3)
        found = call("startOf", state.state() | {"widths": state.widths()})
        assert np.concatenate(found) == pytest.approx(flatten(state.weights()), rel=1e-12)
        aligned = lab.placed(layers=2 + seed % 3, width=1 + seed % 4, scale=0.3, start="aligned")
        found = call("startOf", aligned.state() | {"widths": aligned.widths()})
        shapes = [w.shape for w in aligned.weights()]
        ours = [np.reshape(w, shape) for w, shape in zip(found, shapes, strict=True)]
        # The singular vectors of T have free signs.
        assert lnn.product(ours) == pytest.approx(lnn.product(aligned.weights()), abs=1e-15)
        assert lnn.balancedness(ours) == pytest.approx(0, abs=1e-15)


def test_loss_gradient_curvature_sharpness(on_network):
    for widths, spectrum, problem, weights, flat, rng in random_networks(0, 40):
        net = (widths, spectrum, flat, [])
        assert on_network("loss", *net) == pytest.approx(lnn.loss(weights, problem), rel=1e-12)
        slope = np.concatenate(on_network("gradient", *net))
        expected = flatten(lnn.gradient(weights, problem))
        assert slope == pytest.approx(expected, rel=1e-10, abs=1e-11)
        direction = lnn.gaussian(widths, rng)
        turned = on_network("hessianVector", *net[:3], [v.ravel().tolist() for v in direction])
        expected = flatten(lnn.hessian_vector(weights, problem, direction))
        assert np.concatenate(turned) == pytest.approx(expected, rel=1e-9, abs=1e-10)
        top = np.linalg.eigvalsh(lnn.hessian(weights, problem))[-1]
        assert on_network("sharpness", *net) == pytest.approx(top, rel=1e-10)


def test_runs(on_network):
    stops = set()
    for widths, spectrum, problem, weights, flat, rng in random_networks(1, 40):
        eta = float(10 ** rng.uniform(-3, -0.5))
        run = lnn.descend(weights, problem, eta, 200, record_every=5)
        found = on_network("descend", widths, spectrum, flat, [eta, 200, {"every": 5}])
        stops.add(run.stop)
        assert found["diverged"] == (run.stop == Stop.DIVERGED)
        if found["diverged"]:
            assert found["recorded"][-1] == run.steps
            continue
        # Where a run leaps to and fro rounding grows: compare its beginning there.
        same = slice(None) if (np.diff(run.losses) < 1e-12).all() else slice(0, 4)
        assert found["recorded"] == run.recorded.tolist()
        assert found["losses"][same] == pytest.approx(run.losses[same], rel=1e-9, abs=1e-12)
    assert stops >= {Stop.STEPS, Stop.DIVERGED}


def test_singular_values_and_eigenvalues(call):
    rng = np.random.default_rng(2)
    for _ in range(40):
        n, m = rng.integers(1, 7, 2).tolist()
        matrix = rng.standard_normal((n, m)) * 10.0 ** rng.integers(-8, 3, m)
        found = call("singularValues", matrix.ravel().tolist(), n, m)
        expected = np.linalg.svd(matrix, compute_uv=False)
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-15 * expected[0])
        square = rng.standard_normal((n, n))
        found = call("eigenvalues", (square + square.T).ravel().tolist(), n)
        assert found == pytest.approx(np.linalg.eigvalsh(square + square.T)[::-1], abs=1e-12)


@pytest.mark.parametrize("depth", range(1, 7))
def test_the_clock_of_a_mode_is_the_closed_form(call, depth):
    rng = np.random.default_rng(depth)
    for _ in range(30):
        s = float(rng.uniform(0.3, 5))
        p0, p = np.sort(s / (1 + np.exp(-rng.uniform(-9, 9, 2))))
        found = call("modeClock", float(p), s, depth) - call("modeClock", float(p0), s, depth)
        expected = float(mode_time(float(p), float(p0), s, 1.0, depth))
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_the_dotted_curves_are_the_flow_from_an_aligned_start(call, layers):
    state = {"layers": layers, "width": 5, "start": "aligned", "scale": 0.3}
    lab = Staircase.placed(step=0.001, steps=2000, **state)
    run = call("staircaseRun", lab.state())
    theory = call("staircaseTheory", lab.state(), run)
    assert len(theory) == len(lab.spectrum)
    for mode, (points, s) in enumerate(zip(theory, lab.spectrum, strict=True)):
        steps, values = np.transpose(points)
        later = (steps > 0) & (steps < lab.steps)
        flow = mode_flow(steps[later] * lab.step, 0.3**layers, s, 1.0, layers)
        assert values[later] == pytest.approx(flow, rel=1e-7)
        learned = np.interp(steps[later], run["recorded"], [v[mode] for v in run["values"]])
        assert learned == pytest.approx(values[later], abs=0.05 * s)  # descent with a small step


def test_the_dotted_curves_meet_a_random_start_half_way(call):
    lab = Staircase.placed()
    run = call("staircaseRun", lab.state())
    theory = call("staircaseTheory", lab.state(), run)
    assert len(theory) == min(lab.widths())
    for mode, points in enumerate(theory):
        steps, values = np.transpose(points)
        s = run["targets"][mode]
        half = np.interp(s / 2, values, steps)
        learned = np.interp(half, run["recorded"], [v[mode] for v in run["values"]])
        assert learned == pytest.approx(s / 2, rel=0.02)


@pytest.mark.parametrize("layers", [1, 2, 3, 5])
def test_modes_are_half_learned_when_the_closed_form_says(call, layers):
    lab = Staircase.placed(
        layers=layers, width=4, spectrum=[5.0, 4.0, 3.0, 2.0], start="aligned",
        scale=0.3, step=0.001, steps=4000,
    )  # fmt: skip
    found = call("staircaseHalves", call("staircaseRun", lab.state()))
    halves = [float(mode_time(s / 2, 0.3**layers, s, 1.0, layers)) / lab.step for s in lab.spectrum]
    assert found == pytest.approx(halves, rel=0.02)
    late = call("staircaseHalves", call("staircaseRun", lab.state() | {"steps": 50}))
    assert all(np.isnan(late))


def test_a_run_passes_the_plateaus_of_the_theory(call):
    lab = Staircase.placed()
    run = call("staircaseRun", lab.state())
    problem = lab.problem()
    for rank, level in enumerate(run["levels"]):
        least = lnn.loss([lnn.best_of_rank(problem, rank)], problem)
        assert level == pytest.approx(least, abs=1e-9)
    assert run["losses"][-1] == pytest.approx(run["levels"][4], rel=1e-3)


WORLD = """(state) => {
  const world = lab.stepWorld(state);
  for (const _ of lab.findArrival(world));
  return {marks: world.marks, delta: world.delta};
}"""


def test_bounds_of_the_step_size(call, on_network):
    rng = np.random.default_rng(5)
    checked = 0
    for k in range(12):
        lab = Step.placed(
            seed=k, layers=int(rng.integers(2, 5)), width=3 + k % 2, scale=0.1 * (1 + k % 5)
        )
        world = call.page.evaluate(WORLD, lab.state())
        marks, problem, widths = world["marks"], lab.problem(), lab.widths()
        assert marks["none"] == pytest.approx(float(lnn.divergence_bound(problem, widths)))
        bound = lnn.convergence_bound(lab.weights(), problem, world["delta"])
        assert marks["proved"] == pytest.approx(float(bound.step_size), rel=1e-10)
        assert lab.marks()["proved before"] == pytest.approx(marks["proved"], rel=1e-10)
        if "edge" not in marks:
            continue
        checked += 1
        careful = lnn.descend(lab.weights(), problem, marks["none"] / 2, 10_000, record_every=250)
        if careful.stop != Stop.DIVERGED:
            assert marks["edge"] == pytest.approx(
                float(lnn.stability_limit(careful.weights, problem)), rel=1e-3
            )
        assert marks["sufficient"] <= marks["edge"] * (1 + 1e-6)
        assert marks["proved"] < marks["sufficient"]
    assert checked > 6


def test_what_is_proved_on_arrival(call, on_network):
    positive = 0
    for widths, spectrum, problem, weights, flat, _ in random_networks(8, 30, most=3):
        if min(widths) < widths[0]:
            continue
        found = on_network("descend", widths, spectrum, flat, [0.02, 120, {"every": 120}])
        shapes = [w.shape for w in weights]
        near = [np.reshape(w, shape) for w, shape in zip(found["weights"], shapes, strict=True)]
        expected = float(trapping_bound(near, problem).step_size)
        bound = call.page.evaluate(
            "([widths, spectrum, weights]) => { const n = new lab.Network(widths, spectrum);"
            " const w = weights.map((x) => Float64Array.from(x)); n.forward(w);"
            " return lab.trappingBound(n, w); }",
            [widths, spectrum, found["weights"]],
        )
        assert bound == pytest.approx(expected, rel=1e-7)
        positive += expected > 0
    assert positive >= 4


def test_balancedness(call):
    for widths, _, _, weights, flat, _ in random_networks(9, 20):
        found = call("balancedness", flat, widths)
        assert found == pytest.approx(float(lnn.balancedness(weights)), rel=1e-10, abs=1e-14)


def test_the_step_from_which_arrival_is_certain(call):
    lab = Step.placed(step=0.03)
    found = call.page.evaluate(
        "([state]) => { const world = lab.stepWorld(state), found = {};"
        " for (const _ of lab.findCertain(world, state.step, state.steps, found)); return found; }",
        [lab.state()],
    )
    weights, problem = lab.weights(), lab.problem()
    proved = [
        float(trapping_bound(lnn.descend(weights, problem, lab.step, k).weights, problem).step_size)
        for k in (found["at"] - 1, found["at"])
    ]
    assert proved[0] <= lab.step < proved[1]
