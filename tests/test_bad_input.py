"""Whatever is given: a ValueError or a TypeError that names the argument, in every function."""

import importlib
import inspect
import pkgutil

import numpy as np
import pytest

import lnn
from lnn.book.wine import WINE
from lnn.network import flatten
from lnn.one_hidden_layer import with_ones
from lnn.problem import Problem

# Modules whose functions a user calls; what is left out works on what these have checked.
_INTERNAL = {
    "lnn.landscape.evidence",
    "lnn.landscape.ring",
    "lnn.landscape.strings",
    "lnn.landscape.verdicts",
    "lnn.steps.bottleneck",
}
_INTERNAL_NAMES = {
    "checked",
    "count_above",
    "fits",
    "inverse_root",
    "possible_kinds",
    "random_member",
    "unchecked_gradient",
}


def functions():
    """All public functions of the numerics, by their full names."""
    found = {}
    for entry in pkgutil.walk_packages(lnn.__path__, "lnn."):
        name = entry.name
        if name.startswith("lnn.book") or "._" in name or name in _INTERNAL:
            continue
        for key, value in vars(importlib.import_module(name)).items():
            if (
                not key.startswith("_")
                and key not in _INTERNAL_NAMES
                and getattr(value, "__module__", None) == name
                and (inspect.isfunction(value) or value is Problem)
            ):
                found[f"{name.removeprefix('lnn.')}.{key}"] = value
    return found


RNG = np.random.default_rng(0)
WIDTHS = (3, 4, 2)
PROBLEM = Problem(RNG.standard_normal((3, 9)), RNG.standard_normal((2, 9)))
WEIGHTS = tuple(0.3 * w for w in lnn.gaussian(WIDTHS, RNG))

# Arguments that will do, by name; below, by function, where a name means something else.
GOOD = {
    "X": PROBLEM.X,
    "Y": PROBLEM.Y,
    "Q": np.diag([2.0, 1.0]),
    "K": np.diag([2.0, 1.0]),
    "activation": lnn.one_hidden_layer.RELU,
    "alpha": 0.5,
    "angle": 0.3,
    "atol": 1e-12,
    "balanced": False,
    "batch": 3,
    "block": 2,
    "checkpoint": None,
    "classes": False,
    "columns": 2,
    "count": 2,
    "counts": 1.0,
    "cov_xx": np.eye(2),
    "curvature": 1.5,
    "delimiter": ",",
    "delta": 0.1,
    "depth": 3,
    "direction": WEIGHTS,
    "divergence_factor": 1e8,
    "divergence_only": False,
    "engine": "auto",
    "inputs": None,
    "guess": 1e-3,
    "hits": 2,
    "imbalance": 0.5,
    "index": 1,
    "jobs": 1,
    "kind": None,
    "layers": [0.1, 0.2],
    "level": 0.9,
    "levels": [2.0, 1.0],
    "losses": np.array([3.0, 2.0, 1.0]),
    "margin": 1.0,
    "matrix": np.eye(3),
    "members": 3,
    "method": "DOP853",
    "modes": (0,),
    "most": 3,
    "new": 1,
    "noise": 0.1,
    "old": 0,
    "on_unbalanced": "nan",
    "options": {},
    "problem": PROBLEM,
    "progress": False,
    "q": 0.5,
    "quiet": 1,
    "rank": 1,
    "ranks": 1,
    "record_every": 2,
    "recorded": np.arange(3),
    "resolution": 1e-6,
    "rng": RNG,
    "rows": 4,
    "rtol": 1e-9,
    "sample": np.arange(30.0),
    "samples": 20,
    "seed": 3,
    "share": 0.5,
    "singular_values": [2.0, 1.0],
    "size": (2,),
    "spread": 2.0,
    "start": 1e-3,
    "std": 1.0,
    "step_size": 1e-3,
    "steps": 4,
    "strength": None,
    "strengths": [2.0, 1.0],
    "successes": [True, False, True],
    "target": 2.0,
    "targets": "grower",
    "task": lambda rng, size: {"u": rng.random(size)},
    "times": np.array([0.0, 0.1]),
    "tolerance": 1e-3,
    "trials": 5,
    "units": 4,
    "value": 1.0,
    "vector": flatten(WEIGHTS),
    "weights": WEIGHTS,
    "widths": WIDTHS,
    "z_first": [0.1, 0.2],
    "z_last": [0.2, 0.1],
    "z_middle": [0.3, 0.1],
}
SADDLE = lnn.critical_point(PROBLEM, WIDTHS, (0,))
DEEP = lnn.critical_point(PROBLEM, (3, 3, 3, 2), (0,), kind=lnn.Kind.NON_STRICT_SADDLE)
OWN = {
    "data.read_csv": {"file": WINE},
    "descent.escape.strict_escape_time": {"z_middle": 1.0},
    "descent.escape.flat_escape_time": {"z_middle": 1.0},
    "descent.plateaus.follow": {"steps": (0, 2, 4)},
    "descent.plateaus.neighbours": {"weights": DEEP},
    "landscape.flatness.way_out": {"weights": DEEP},
    "landscape.lifting.release": {"weights": SADDLE, "size": 1e-3},
    "landscape.lifting.lift_perturbation": {"target": lnn.product(WEIGHTS)},
    "landscape.low_rank.factorize": {"widths": (3, 4, 3)},
    "one_hidden_layer.linear_minimum": {
        "problem": Problem(with_ones(RNG.standard_normal((2, 9))), RNG.standard_normal((2, 9)))
    },
    "steps.balance.layer_norm_ceiling": {"delta": 100.0},
    "steps.balance.sharp_layer_norm_ceiling": {"delta": 100.0},
}

# What is wrong for every argument of a kind.
NUMBERS = ["text", None, 1 + 2j, np.array(["a", "b"]), np.nan, object()]
WHOLE = ["3", None, 2.5, 1j, -1, np.nan]
MATRICES = ["text", None, np.ones((2, 3)) * 1j, [[1.0, 2.0], [3.0]], np.full((3, 3), np.nan), 1.0]
NETWORKS = [
    None,
    "text",
    (),
    np.eye(3),
    5,
    (np.ones(3), np.ones(3)),
    (np.ones((4, 3)) * 1j, np.ones((2, 4))),
    (np.ones((4, 3)), np.ones((2, 5))),
    (np.ones((2, 4, 3)), np.ones((3, 2, 4))),
    (np.full((4, 3), "a"), np.ones((2, 4))),
    (None, None),
]
MISFITS = [(np.ones((4, 9)), np.ones((2, 4))), (np.ones((4, 3)), np.ones((9, 4)))]
KINDS = {
    "problem": [np.eye(3), None, "text", 3, (PROBLEM.X, PROBLEM.Y)],
    "weights": NETWORKS,
    "direction": NETWORKS,
    "widths": [
        None,
        "345",
        5,
        (2.5, 3.0),
        ("3", "2"),
        (3,),
        (),
        (3, 0, 2),
        (3, None, 2),
        (3, 1j, 2),
    ],
    "rng": [None, 3, "text", np.random],
    "size": [3, "ab", (2.5,), (-1,), None],
    "modes": [None, (0.5,), ("0",), ("a",), (7,), (-1,), (0, 0), 1.5],
    "engine": [None, "torch", 3],
    "task": [None, "text"],
    "options": [3, "text"],
    "kind": ["saddle", 7],
    "X": MATRICES,
    "Y": MATRICES,
    "Q": [*MATRICES, np.ones((2, 3)), -np.eye(2), np.array([[1.0, 2.0], [0.0, 1.0]])],
    "matrix": MATRICES,
}
KINDS |= {
    "delimiter": [None, 3, "", ", "],
    "file": [None, 3, b"a,b"],
    "inputs": [3, "c", ("a", "a"), (None,), ()],
    "targets": [None, 3, "c", ("a", "a"), ()],
}
KINDS |= dict.fromkeys(
    [
        "batch",
        "block",
        "columns",
        "count",
        "depth",
        "hits",
        "index",
        "members",
        "most",
        "new",
        "old",
        "quiet",
        "rank",
        "ranks",
        "record_every",
        "rows",
        "samples",
        "seed",
        "steps",
        "trials",
        "units",
    ],
    WHOLE,
)
KINDS |= dict.fromkeys(
    [
        "K",
        "alpha",
        "angle",
        "atol",
        "counts",
        "cov_xx",
        "curvature",
        "delta",
        "divergence_factor",
        "guess",
        "imbalance",
        "layers",
        "level",
        "levels",
        "losses",
        "margin",
        "noise",
        "q",
        "recorded",
        "resolution",
        "rtol",
        "sample",
        "share",
        "singular_values",
        "spread",
        "start",
        "std",
        "step_size",
        "strengths",
        "successes",
        "target",
        "times",
        "tolerance",
        "value",
        "vector",
        "z_first",
        "z_last",
        "z_middle",
    ],
    NUMBERS,
)
KINDS["batch"] = [x for x in WHOLE if x is not None]
for name in ("delta", "guess", "tolerance"):
    KINDS[name] = [x for x in NUMBERS if x is not None]
for name in (
    "vector",
    "recorded",
    "levels",
    "losses",
    "counts",
    "successes",
):  # runs that diverged have nan
    KINDS[name] = [x for x in KINDS[name] if not (isinstance(x, float) and np.isnan(x))]

FREE = {  # what takes anything, or whose errors are those of the library it is handed to
    "activation",
    "balanced",
    "checkpoint",
    "classes",
    "divergence_only",
    "jobs",
    "method",
    "on_unbalanced",
    "progress",
    "strength",
}


def cases():
    for where, function in functions().items():
        for name in inspect.signature(function).parameters:
            if name in FREE:
                continue
            kind = KINDS[name]
            if name == "weights" and "problem" in inspect.signature(function).parameters:
                kind = NETWORKS + MISFITS
            if where == "descent.plateaus.follow" and name == "steps":
                kind = [None, "text", (1.5,), (-1, 2), ("3",), (4, 2)]
            if where == "landscape.lifting.release" and name == "size":
                kind = NUMBERS
            if where == "landscape.lifting.lift_perturbation" and name == "target":
                kind = MATRICES
            if where == "descent.plateaus.first_below" and name == "level":
                kind = [x for x in NUMBERS if not (isinstance(x, float) and np.isnan(x))]
            for number, wrong in enumerate(kind):
                yield pytest.param(where, name, wrong, id=f"{where}-{name}-{number}")


def arguments(where):
    parameters = inspect.signature(functions()[where]).parameters
    return {name: GOOD[name] for name in parameters if name in GOOD} | OWN.get(where, {})


@pytest.mark.parametrize("where", list(functions()))
def test_the_good_arguments_are_good(where):
    functions()[where](**arguments(where))


@pytest.mark.parametrize(("where", "name", "wrong"), list(cases()))
def test_wrong_arguments_are_named(where, name, wrong):
    with pytest.raises((ValueError, TypeError)) as raised:
        functions()[where](**{**arguments(where), name: wrong})
    assert name in str(raised.value), raised.value
    assert "__" not in str(raised.value).replace("__main__", "")


LEAST = {  # whole numbers that start at 1; what is not listed starts at 0
    "batch", "block", "columns", "depth", "members", "most", "ranks", "record_every", "rows",
    "samples", "trials",
}  # fmt: skip


def edges():
    for where, function in functions().items():
        for name in inspect.signature(function).parameters:
            if name in LEAST:
                yield where, name, 2 if where.endswith(".escape_time") else 1
            elif name == "steps" and where.startswith("steps.search."):
                yield where, name, 1 if where.endswith(".first_failure") else 0


@pytest.mark.parametrize(("where", "name", "least"), list(edges()))
def test_whole_numbers_start_where_the_message_says(where, name, least):
    call, good = functions()[where], arguments(where)
    with pytest.raises(ValueError, match=rf"{name} is {least - 1}: .* at least {least}"):
        call(**{**good, name: least - 1})
    if name != "trials" and name != "rows":  # at least the hits, at least the columns
        call(**{**good, name: least})


NOTHING = {
    "targets": Problem(PROBLEM.X, np.zeros((2, 9))),
    "inputs": Problem(np.zeros_like(PROBLEM.X), PROBLEM.Y),
}


@pytest.mark.parametrize(
    "where", [w for w, f in functions().items() if "problem" in inspect.signature(f).parameters]
)
@pytest.mark.parametrize("scale", [0.0, 1.0])
@pytest.mark.parametrize("zero", NOTHING)
def test_zero_data_give_a_result_or_an_error_but_no_warning(where, zero, scale):
    given = {**arguments(where), "problem": NOTHING[zero]}
    if "weights" in given:
        given["weights"] = tuple(scale * w for w in WEIGHTS)
    refused = None
    try:
        functions()[where](**given)
    except ValueError as error:
        refused = error
    assert not isinstance(refused, np.linalg.LinAlgError)
    assert refused is None or len(str(refused)) > 30
