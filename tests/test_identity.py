"""Identity: nothing that changes what runs goes unseen, nothing else changes it."""

import functools
import importlib
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import lnn
from lnn._identity import identify

MODULE = '''
"""A module of a user."""
import numpy as np
from dataclasses import dataclass

SCALE = 2.0
TABLE = {"a": [1, 2], "b": np.arange(3.0)}


def helper(x):
    """Help."""
    return x + 1


class Shape:
    side = 3

    def area(self):
        return self.side**2

    @property
    def half(self):
        return self.area() / 2


def make(power):
    def inner(rng, size):
        return {"y": rng.random(size) ** power}
    return inner


def imports(rng, size):
    from numpy.linalg import norm
    import helpers_of_user
    return {"y": helpers_of_user.shift(norm(rng.random((*size, 3)), axis=-1))}


def even(n):
    return n == 0 or odd(n - 1)


def odd(n):
    return n != 0 and even(n - 1)


def task(rng, size, *, shift=0.5):
    def nested(x):
        return helper(x) * SCALE
    y = nested(rng.random(size)) + TABLE["b"][0] + Shape().half + even(4) + shift
    return {"y": y}
'''
HELPER = "def shift(x):\n    return x + 1\n\n\ndef unused(x):\n    return x\n"


def digest_of(folder, name, text=MODULE, helper=HELPER):
    """The digest of a name of the module, taken by a process of its own."""
    folder.mkdir(exist_ok=True)
    (folder / "module_of_user.py").write_text(text)
    (folder / "helpers_of_user.py").write_text(helper)
    code = (
        "import sys; sys.dont_write_bytecode = True; "
        f"sys.path.insert(0, {str(folder)!r}); import module_of_user as m; "
        f"from lnn._identity import identify; print(identify({name}).digest)"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(lnn.__file__).parents[1],
    ).stdout


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("original") / "user"
    return {name: digest_of(folder, name) for name in ("m.task", "m.imports", "m.make(2)")}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SCALE = 2.0", "SCALE = 2.5"),
        ("return x + 1", "return x - 1"),
        ('"a": [1, 2]', '"a": [1, 3]'),
        ("np.arange(3.0)", "np.arange(3.0) * (1 + 1e-15)"),
        ("np.arange(3.0)", "np.arange(3)"),
        ("side = 3", "side = 4"),
        ("self.side**2", "self.side**3"),
        ("self.area() / 2", "self.area() // 2"),
        ("return n != 0 and", "return n != 1 and"),
        ("shift=0.5", "shift=0.25"),
        ("helper(x) * SCALE", "helper(x) / SCALE"),
        ("+ even(4)", "+ odd(4)"),
        ('"y": y}', '"z": y}'),
    ],
)
def test_a_change_of_anything_that_runs_changes_the_identity(original, tmp_path, old, new):
    text = MODULE.replace(old, new)
    assert text != MODULE
    assert digest_of(tmp_path / "user", "m.task", text) != original["m.task"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Help."""', '"""Help, otherwise said."""'),
        ("SCALE = 2.0", "\n\n# A comment.\nSCALE = 2.0"),
        ("    return x + 1", "    # Another comment.\n    return (x +\n        1)"),
        ("def imports(rng, size):", "def imports(rng, size, more=1):"),
        ("** power", "* power"),
    ],
)
def test_comments_docstrings_and_what_is_not_reached_change_nothing(original, tmp_path, old, new):
    text = MODULE.replace(old, new)
    assert text != MODULE
    assert digest_of(tmp_path / "elsewhere", "m.task", text) == original["m.task"]


def test_modules_that_are_imported_when_the_task_runs_count(original, tmp_path):
    other = HELPER.replace("x + 1", "x + 2")
    assert digest_of(tmp_path / "user", "m.imports", helper=other) != original["m.imports"]
    unused = HELPER.replace("    return x\n", "    return 2 * x\n")
    assert digest_of(tmp_path / "user", "m.imports", helper=unused) == original["m.imports"]


def test_relative_imports_when_the_task_runs_count(tmp_path, monkeypatch):
    package = tmp_path / "package_of_user"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "helpers.py").write_text(HELPER)
    (package / "tasks.py").write_text(
        "def task(rng, size):\n    from .helpers import shift\n    return shift(rng.random(size))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    tasks = importlib.import_module("package_of_user.tasks")
    helpers = importlib.import_module("package_of_user.helpers")
    before = identify(tasks.task).digest
    monkeypatch.setattr(helpers, "unused", lambda x: 2 * x)
    assert identify(tasks.task).digest == before
    monkeypatch.setattr(helpers, "shift", lambda x: x + 2)
    assert identify(tasks.task).digest != before


def test_closures_count(original, tmp_path):
    assert digest_of(tmp_path / "user", "m.make(2)") == original["m.make(2)"]
    assert digest_of(tmp_path / "user", "m.make(3)") != original["m.make(2)"]


@dataclass
class Machine:
    """A callable object."""

    scale: float
    parts: tuple = ()

    def __call__(self, x):
        return self.scale * x


class Slotted:
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


def plain(x, k=1):
    return x * k


PAIRS = {
    "partial": (functools.partial(plain, k=1.0), functools.partial(plain, k=100.0)),
    "partial, positional": (functools.partial(plain, 1), functools.partial(plain, 2)),
    "partial of another": (functools.partial(plain, 1), functools.partial(pow, 1)),
    "lambda": (lambda x: x + 1, lambda x: x + 2),
    "lambda, constant string": (lambda: "a", lambda: "b"),
    "lambda, attribute": (lambda x: x.real, lambda x: x.imag),
    "lambda, library": (lambda x: np.sin(x), lambda x: np.cos(x)),
    "callable": (Machine(1.0), Machine(2.0)),
    "callable, nested": (Machine(1.0, ({"a": 1},)), Machine(1.0, ({"a": 2},))),
    "method": (Machine(1.0).__call__, Machine(2.0).__call__),
    "slots": (Slotted(1), Slotted(2)),
    "defaults": (plain, lambda x, k=2: x * k),
    "library": (np.sin, np.cos),
    "library function": (np.linalg.svd, np.linalg.eigh),
    "cached": (functools.cache(lambda x: x), functools.cache(lambda x: -x)),
    "generators": (np.random.default_rng(0), np.random.default_rng(1)),
    "types of numbers": (1, 1.0),
    "truth": (1, True),
    "zeros": (0.0, -0.0),
    "text": ("1", b"1"),
    "order": ([1, 2], [2, 1]),
    "nesting": ([[1], 2], [[1, 2]]),
    "arrays": (np.zeros((2, 3)), np.zeros((3, 2))),
    "array types": (np.zeros(2), np.zeros(2, dtype=np.float32)),
    "sets": ({1, 2}, {1, 3}),
    "keys": ({"a": 1}, {"b": 1}),
    "problems": (lnn.Problem([[1.0]], [[1.0]]), lnn.Problem([[1.0]], [[2.0]])),
    "classes": (Machine, Slotted),
}


@pytest.mark.parametrize(("one", "other"), PAIRS.values(), ids=PAIRS.keys())
def test_different_things_are_different(one, other):
    assert identify(one).digest != identify(other).digest
    assert identify(one) == identify(one)


def test_equal_things_are_equal():
    assert identify(Machine(1.0)) == identify(Machine(1.0))
    assert identify({"b", "a", "c"}) == identify({"c", "a", "b"})
    assert identify(functools.partial(plain, k=1)) == identify(functools.partial(plain, k=1))


def test_a_cache_that_fills_changes_nothing():
    cached = functools.lru_cache(maxsize=3)(plain)
    before = identify(cached)
    cached(2)
    assert identify(cached) == before


def test_the_order_of_hashes_in_a_process_changes_nothing(tmp_path):
    def digest(seed):
        code = (
            "import lnn; from lnn._identity import identify; "
            "print(identify((lnn.descend, {'a', 'b', 'c'})).digest)"
        )
        return subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(lnn.__file__).parents[1])},
        ).stdout

    assert digest("1") == digest("2") != ""


def test_libraries_count_by_their_version(monkeypatch):
    import scipy

    from lnn import _identity

    versions = identify(lnn.sharpness).versions
    assert versions["numpy"] == np.__version__
    assert versions["scipy"] == scipy.__version__
    assert versions["python"] == sys.version.split()[0]
    assert "lnn" not in versions
    assert "joblib" not in versions
    assert _identity._library_version("lnn") is None


@pytest.mark.parametrize("thing", [threading.Lock(), (i for i in range(3))], ids=["lock", "it"])
def test_what_has_no_identity_is_refused(thing):
    def task(rng, size):
        return {"y": thing}

    with pytest.raises(ValueError, match=r"the task cannot be identified: by way of .*task"):
        identify(task)


def test_an_open_file_is_refused(tmp_path):
    with (tmp_path / "file").open("w") as file, pytest.raises(ValueError, match="TextIOWrapper"):
        identify(functools.partial(plain, file))


def test_an_identity_has_128_bits_and_the_same_protocol_everywhere():
    asked = []

    class Asks:
        def __reduce_ex__(self, protocol):
            asked.append(protocol)
            return "constant"

    assert len(identify(Asks()).digest) == 128 // 4
    assert asked == [4]


def test_a_constant_is_known_by_its_module_and_its_name():
    class Constant:
        def __init__(self, module, name):
            self.__module__, self.name = module, name

        def __reduce_ex__(self, protocol):
            return self.name

    names = [("one", "pi"), ("one", "e"), ("two", "pi"), (None, "pi")]
    assert len({identify(Constant(*name)).digest for name in names}) == 4
