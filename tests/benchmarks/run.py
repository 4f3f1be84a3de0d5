"""Measure what the README's speed table says: every number a ratio of two times of one run.

    make benchmarks        or        python tests/benchmarks/run.py [rounds]

The contestants take turns, round after round, so that whatever else the machine does hits all of
them; a ratio is taken within a round, and its median over the rounds is what counts. PyTorch is no
dependency of `lnn`: where it is missing it goes into an environment of its own under `_build`.
OMP_NUM_THREADS limits all contestants alike. Writes the README's table, and results.json beside
this file.
"""

import importlib.util
import json
import os
import platform
import subprocess
import sys
import sysconfig
import time
import venv
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
TORCH = "torch==2.13.0"
BEGIN, END = "<!-- speed table: begin -->", "<!-- speed table: end -->"


def run_where_torch_is() -> None:
    """Start again in an environment that has PyTorch on top of this one."""
    if importlib.util.find_spec("torch"):
        return
    home = HERE.parents[1] / "_build" / "torch"
    python = venv.EnvBuilder().ensure_directories(home).env_exe
    if not Path(python).exists():
        venv.create(home, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", TORCH], check=True)
        packages = sysconfig.get_path("purelib", vars={"base": str(home)})
        below = sysconfig.get_path("purelib")  # addsitedir reads the .pth files there, too
        Path(packages, "below.pth").write_text(f"import site; site.addsitedir({below!r})\n")
    os.execv(python, [python, *sys.argv])


run_where_torch_is()
os.environ.pop("OPENBLAS_NUM_THREADS", None)

import llvmlite  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402

import lnn  # noqa: E402
from lnn.descent._engines.compiled import _cores  # noqa: E402

WIDTHS = (5, 5, 5, 5)
FLOPS = 2000  # of one step of one such network
MEMBERS = 1000
STEP_SIZE = 1e-6


@dataclass(frozen=True)
class Contestant:
    """A piece of work: `run` does it `times` times; a goal is a ratio to another's time."""

    name: str
    run: Callable[[], object]
    times: float
    against: str | None = None
    at_most: float | None = None
    at_least: float | None = None

    @property
    def goal(self) -> str:
        """The goal in words."""
        if self.at_most is not None:
            return f"at most {self.at_most:g}"
        return f"at least {self.at_least:g}" if self.at_least is not None else ""

    def meets(self, ratio: float) -> bool:
        """Tell whether a ratio meets the goal."""
        return ratio <= self.at_most if self.at_most is not None else ratio >= self.at_least


@dataclass(frozen=True)
class Result:
    """Microseconds a piece of work, and the ratio to another contestant, round by round."""

    name: str
    microseconds: tuple[float, float, float]  # quartiles
    fastest: float
    against: str | None = None
    ratio: tuple[float, float, float] | None = None  # quartiles
    ratio_of_fastest: float | None = None
    goal: str = ""
    met: bool | None = None


# ------------------------------------------------------------------ what a user of PyTorch writes


def torch_step(weights: list[torch.Tensor], x: torch.Tensor, y: torch.Tensor) -> None:
    """One step of gradient descent with autograd; leading axes of the weights are an ensemble."""
    product = weights[0]
    for w in weights[1:]:
        product = w @ product
    loss = ((y - product @ x) ** 2).sum()
    loss.backward()
    with torch.no_grad():
        for w in weights:
            w -= STEP_SIZE * w.grad
            w.grad = None


def torch_descend(weights: list[torch.Tensor], data: tuple[torch.Tensor, ...], steps: int) -> None:
    """Descend in place."""
    for _ in range(steps):
        torch_step(weights, *data)


def torch_hessian(weights: tuple[np.ndarray, ...], x: torch.Tensor, y: torch.Tensor):
    """Return a function that takes the Hessian at these weights by automatic differentiation."""
    shapes = [w.shape for w in weights]
    flat = torch.tensor(lnn.network.flatten(weights))

    def loss(parameters: torch.Tensor) -> torch.Tensor:
        out, start = x, 0
        for rows, columns in shapes:
            out = parameters[start : start + rows * columns].reshape(rows, columns) @ out
            start += rows * columns
        return ((y - out) ** 2).sum()

    return lambda: torch.func.hessian(loss)(flat)


# ------------------------------------------------- what a user of NumPy or PyTorch writes by hand


def numpy_descend(
    weights: tuple[np.ndarray, ...], cov_xx: np.ndarray, target: np.ndarray, steps: int
) -> list[np.ndarray]:
    """Gradient descent by stacked products, every array made once."""
    weights = [w.copy() for w in weights]
    d_x, depth = cov_xx.shape[-1], len(weights)
    products = [weights[0], *(np.empty((*w.shape[:-1], d_x)) for w in weights[1:])]
    backs = [np.empty((*w.shape[:-1], d_x)) for w in weights]
    slopes = [backs[0], *(np.empty_like(w) for w in weights[1:])]
    for _ in range(steps):
        for j in range(1, depth):
            np.matmul(weights[j], products[j - 1], out=products[j])
        np.subtract(products[-1], target, out=products[-1])
        np.matmul(products[-1], cov_xx, out=backs[-1])
        for j in range(depth - 1, 0, -1):
            np.matmul(backs[j], products[j - 1].mT, out=slopes[j])
            np.matmul(weights[j].mT, backs[j], out=backs[j - 1])
        for w, slope in zip(weights, slopes, strict=True):
            slope *= 2 * STEP_SIZE
            w -= slope
    return weights


def torch_descend_by_hand(
    weights: list[torch.Tensor], cov_xx: torch.Tensor, target: torch.Tensor, steps: int
) -> list[torch.Tensor]:
    """Gradient descent on a batch, the gradient written out instead of by autograd."""
    weights = [w.clone() for w in weights]
    depth = len(weights)
    for _ in range(steps):
        products = [weights[0]]
        for w in weights[1:]:
            products.append(w @ products[-1])
        back = (products[-1] - target) @ cov_xx
        for j in range(depth - 1, 0, -1):
            slope = back @ products[j - 1].mT
            back = weights[j].mT @ back
            weights[j].sub_(slope, alpha=2 * STEP_SIZE)
        weights[0].sub_(back, alpha=2 * STEP_SIZE)
    return weights


# ------------------------------------------------------------------------------------ measurement


def contestants() -> list[Contestant]:
    """Set all of them up on the same problems, and check that they compute the same."""
    rng = np.random.default_rng(0)
    problem = lnn.step_problem(rng)
    weights = lnn.gaussian(WIDTHS, rng, size=(MEMBERS,))
    data = (torch.tensor(problem.X), torch.tensor(problem.Y))
    single = [torch.tensor(w[0], requires_grad=True) for w in weights]
    batch = [torch.tensor(w, requires_grad=True) for w in weights]

    torch_step(batch, *data)
    ours = lnn.descend(weights, problem, STEP_SIZE, 1, engine="compiled").weights
    for one, other in zip(ours, batch, strict=True):
        np.testing.assert_allclose(one, other.detach().numpy(), rtol=1e-12, atol=1e-15)

    big = lnn.saddle_problem(rng)
    point = lnn.gaussian((5, 4, 4, 5), rng)
    by_autograd = torch_hessian(point, torch.tensor(big.X), torch.tensor(big.Y))
    np.testing.assert_allclose(lnn.hessian(point, big), by_autograd().numpy(), rtol=1e-9, atol=1e-6)

    def descend(engine: str, steps: int, every: int, **goal: object) -> Contestant:
        kind = {"compiled": "compiled engine", "numpy": "NumPy engine"}[engine]
        when = "every step" if every == 1 else f"every {every} steps"
        return Contestant(
            f"lnn.descend, {kind}, loss and gradient norm kept {when}",
            lambda: lnn.descend(
                weights, problem, STEP_SIZE, steps, record_every=every, engine=engine
            ),
            steps * MEMBERS,
            **goal,
        )

    side = 2000
    left, right = rng.normal(size=(2, side, side))
    out = np.empty((side, side))
    samples = big.X.shape[1]
    product = Contestant(
        f"matrix product, {side} x {side}, {FLOPS} flops of it",
        lambda: np.matmul(left, right, out=out),
        2 * side**3 / FLOPS,
    )
    full = descend("compiled", 512, 1, against=product.name, at_most=5)
    closed = Contestant(
        "lnn.hessian, 5-4-4-5", lambda: [lnn.hessian(point, big) for _ in range(20)], 20
    )
    small = [
        product,
        descend("compiled", 512, 16, against=product.name, at_most=5),
        full,
        descend("numpy", 32, 16, against=full.name),
        Contestant(
            "PyTorch autograd, one network at a time",
            lambda: torch_descend(single, data, 100),
            100,
            against=full.name,
            at_least=500,
        ),
        Contestant(
            f"PyTorch autograd, {MEMBERS} networks in a batch",
            lambda: torch_descend(batch, data, 20),
            20 * MEMBERS,
            against=full.name,
            at_least=5,
        ),
    ]
    derivatives = [
        closed,
        Contestant(
            f"lnn.Problem(X, Y) of {samples} samples, then lnn.hessian, 5-4-4-5",
            lambda: [lnn.hessian(point, lnn.Problem(big.X, big.Y)) for _ in range(10)],
            10,
            against=closed.name,
        ),
        Contestant(
            f"torch.func.hessian, 5-4-4-5, {samples} samples",
            by_autograd,
            1,
            against=closed.name,
            at_least=50,
        ),
    ]
    return [*small, *(row for wide in WIDE for row in wide_contestants(*wide)), *derivatives]


WIDE = [(17, 64, 200), (64, 8, 100), (256, 2, 60), (512, 1, 60)]
"""Width, networks in a batch, steps in a run."""


def wide_contestants(width: int, members: int, steps: int) -> list[Contestant]:
    """Set up three square layers of one width, and check that all compute the same."""
    rng = np.random.default_rng(width)
    X, Y = rng.normal(size=(2, width, 2 * width)) / np.sqrt(2 * width)
    problem = lnn.Problem(X, Y)
    weights = lnn.gaussian((width,) * 4, rng, std=width**-0.5, size=(members,))
    tensors = [torch.tensor(w) for w in weights]
    cov_xx, target = torch.tensor(problem.cov_xx), torch.tensor(problem.least_squares)

    def ours(every: int) -> lnn.descent.run.Run:
        return lnn.descend(weights, problem, STEP_SIZE, steps, record_every=every)

    def by_numpy() -> list[np.ndarray]:
        return numpy_descend(weights, problem.cov_xx, problem.least_squares, steps)

    def by_torch() -> list[torch.Tensor]:
        return torch_descend_by_hand(tensors, cov_xx, target, steps)

    runs = zip(ours(steps).weights, by_numpy(), by_torch(), strict=True)
    for one, other, third in runs:
        np.testing.assert_allclose(other, one, rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(third.numpy(), one, rtol=1e-10, atol=1e-13)
    who = f"width {width}, {members} network{'s' if members > 1 else ''}"
    times = steps * members
    plain = Contestant(f"{who}: NumPy loop, products preallocated, nothing kept", by_numpy, times)
    last = Contestant(
        f"{who}: lnn.descend, only the ends kept",
        lambda: ours(steps),
        times,
        against=plain.name,
        at_most=1.1,
    )
    return [
        plain,
        last,
        Contestant(
            f"{who}: lnn.descend, loss and gradient norm kept every step",
            lambda: ours(1),
            times,
            against=last.name,
            at_most=1.1,
        ),
        Contestant(
            f"{who}: PyTorch, batched, gradient by hand", by_torch, times, against=last.name
        ),
    ]


def _clock() -> tuple[Callable[[], float], str]:
    """Return the clock: on one thread its processor time, which other programs hardly change."""
    if _cores() == 1:
        return time.thread_time, "processor time of one thread"
    return time.perf_counter, "elapsed time"


def measure(work: list[Contestant], rounds: int) -> np.ndarray:
    """Return microseconds a piece of work, (rounds, contestants); the first rounds do not count."""
    clock = _clock()[0]
    times = np.empty((rounds + 2, len(work)))
    for times_of_round in times:
        for k, contestant in enumerate(work):
            time.sleep(0.1)  # the last one's idle threads spin for a while before they sleep
            start = clock()
            contestant.run()
            times_of_round[k] = (clock() - start) / contestant.times * 1e6
    return times[2:]


def quartiles(values: np.ndarray) -> tuple[float, float, float]:
    """Return the lower quartile, the median and the upper quartile."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return float(low), float(middle), float(high)


def compare(work: list[Contestant], times: np.ndarray) -> list[Result]:
    """Put the goals beside the ratios."""
    number = {contestant.name: k for k, contestant in enumerate(work)}
    results = []
    fastest = times.min(axis=0)
    for k, contestant in enumerate(work):
        ratio = ratio_of_fastest = met = None
        if contestant.against is not None:
            base = number[contestant.against]
            ratio = quartiles(times[:, k] / times[:, base])
            ratio_of_fastest = float(fastest[k] / fastest[base])
        if contestant.goal:
            met = contestant.meets(ratio[1]) and contestant.meets(ratio_of_fastest)
        results.append(
            Result(
                name=contestant.name,
                microseconds=quartiles(times[:, k]),
                fastest=float(fastest[k]),
                against=contestant.against,
                ratio=ratio,
                ratio_of_fastest=ratio_of_fastest,
                goal=contestant.goal,
                met=met,
            )
        )
    return results


def machine(rounds: int) -> dict[str, str]:
    """Say what was measured on."""
    cpu = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    versions = {m.__name__: m.__version__ for m in (np, llvmlite, torch)}
    return {
        "processor": f"{cpu}, {_cores()} of {os.cpu_count()} cores",
        "software": ", ".join(
            [f"Python {platform.python_version()}", *(f"{k} {v}" for k, v in versions.items())]
        ),
        "load before": f"{os.getloadavg()[0]:.2f}",
        "clock": _clock()[1],
        "rounds": str(rounds),
        "date": time.strftime("%Y-%m-%d"),
    }


# -------------------------------------------------------------------------------------- reporting


def digits(value: float) -> str:
    """Print three significant digits, and no power of ten."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:#.3g}".rstrip(".")


def spread(values: tuple[float, float, float]) -> str:
    """Print quartiles as ``median (lower to upper)``."""
    low, middle, high = (digits(v) for v in values)
    return f"{middle} ({low} to {high})"


def markdown(results: list[Result], about: dict[str, str]) -> str:
    """Return the table that the README shows."""
    number = {result.name: str(n) for n, result in enumerate(results, start=1)}
    lines = [
        "| | what | µs: median (quartiles), fastest | to row "
        "| ratio: median (quartiles), of the fastest | goal |",
        "|--:|---|---|--:|---|---|",
    ]
    for r in results:
        base = ratio = goal = ""
        if r.against is not None:
            base = number[r.against]
            ratio = f"{spread(r.ratio)}, {digits(r.ratio_of_fastest)}"
        if r.met is not None:
            goal = f"{r.goal}: {'met' if r.met else 'missed'}"
        cost = f"{spread(r.microseconds)}, {digits(r.fastest)}"
        lines.append(f"| {number[r.name]} | {r.name} | {cost} | {base} | {ratio} | {goal} |")
    steps = (
        f"Rows 2 to 6: one step of one {'-'.join(map(str, WIDTHS))} network, alone or among "
        f"{MEMBERS}, everything included. Rows 7 to 22: one step of one network of three square "
        "layers, in float64. All times in one run of `tests/benchmarks/run.py`, "
        "contestants taking turns, ratios taken round by round. A goal is met where the median "
        "ratio and the ratio of the fastest times both meet it."
    )
    about_lines = "; ".join(f"{key}: {value}" for key, value in about.items())
    return "\n".join([*lines, "", steps, f"Measured on {about_lines}.", ""])


def main() -> None:
    """Measure, print, and write the table into the README."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    torch.set_num_threads(_cores())
    about = machine(rounds)
    work = contestants()
    results = compare(work, measure(work, rounds))
    table = markdown(results, about)
    print(table)
    record = {"machine": about, "results": [asdict(r) for r in results]}
    (HERE / "results.json").write_text(json.dumps(record, indent=2) + "\n")
    readme = HERE.parents[1] / "README.md"
    before, rest = readme.read_text().split(BEGIN)
    readme.write_text(f"{before}{BEGIN}\n{table}{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    main()
