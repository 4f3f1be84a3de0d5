"""Studies: a function of a random generator, run over many members, in parallel, reproducibly.

A task is written once, ``task(rng, size, **options)``, in terms of a generator and leading axes
``size``, and returns a dict of arrays with those leading axes. It serves one member,
``task(np.random.default_rng(7), ())``, and a block of them at once, ``size = (n,)``, where `rng` is
a `GeneratorStack` that gives each member the draws of its own generator. Member i of a study with
seed s draws from ``member_generator(s, i)`` and from nothing else: so its result does not depend on
the number of workers, the blocks, the backend, or on a restart.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from lnn._checks import Array, whole

Task: TypeAlias = Callable[..., Mapping[str, ArrayLike]]


def member_generator(seed: int, index: int) -> np.random.Generator:
    """Return the generator of one member of a study.

    Examples
    --------
    >>> a, b = member_generator(7, 0), member_generator(7, 1)
    >>> bool(a.random() == b.random())
    False
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index,)))


class GeneratorStack(np.random.Generator):
    """Many generators that draw like one: row i of every draw comes from generator i.

    Draw `standard_normal`, `normal`, `random`, `uniform` or `integers`, with a size whose first
    axis has one entry a generator. Anything else raises a TypeError: it would not know its member.

    Examples
    --------
    >>> stack = GeneratorStack([member_generator(7, i) for i in (4, 5)])
    >>> draws = stack.standard_normal((2, 3))
    >>> bool((draws[1] == member_generator(7, 5).standard_normal(3)).all())
    True
    """

    def __init__(self, generators: Sequence[np.random.Generator]) -> None:
        super().__init__(np.random.PCG64(0))  # never drawn from
        self.generators = tuple(generators)

    def _draw(self, name: str, size: Any, *arguments: Any) -> Any:
        if not isinstance(size, tuple) or not size or size[0] != len(self.generators):
            raise ValueError(
                f"size is {size}: a stack of {len(self.generators)} generators draws arrays of "
                f"shape ({len(self.generators)}, ...), one row a member"
            )
        draws = [getattr(g, name)(*arguments, size=size[1:]) for g in self.generators]
        return np.stack([np.asarray(d) for d in draws])

    def standard_normal(self, size: Any = None, *_: Any) -> Any:  # type: ignore[override]
        """Draw from N(0, 1)."""
        return self._draw("standard_normal", size)

    def normal(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
        """Draw from N(loc, scale²); loc and scale are numbers."""
        return self._draw("normal", size, loc, scale)

    def random(self, size: Any = None, *_: Any) -> Any:  # type: ignore[override]
        """Draw from the uniform distribution on [0, 1)."""
        return self._draw("random", size)

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
        """Draw from the uniform distribution on [low, high); both are numbers."""
        return self._draw("uniform", size, low, high)

    def integers(  # type: ignore[override]
        self, low: Any, high: Any = None, size: Any = None, *_: Any
    ) -> Any:
        """Draw integers from [low, high) or [0, low); both are numbers."""
        return self._draw("integers", size, low, high)


def _unsupported(name: str) -> Callable[..., Any]:
    def method(self: GeneratorStack, *_: Any, **__: Any) -> Any:
        raise TypeError(
            f"a stack of generators cannot draw {name!r}: use standard_normal, normal, random, "
            f"uniform or integers, or loop over rng.generators in the task"
        )

    return method


for _name in set(vars(np.random.Generator)) - set(vars(GeneratorStack)):
    if not _name.startswith("_") and callable(getattr(np.random.Generator, _name)):
        setattr(GeneratorStack, _name, _unsupported(_name))


@dataclass(frozen=True, eq=False)
class Study:
    """Results of a study; ``study["name"]`` has one entry a member, in the order of members.

    Attributes
    ----------
    values : dict of str to (members, ...) array
    members : int
    seed : int
    """

    values: dict[str, Array]
    members: int
    seed: int

    def __getitem__(self, name: str) -> Array:
        return self.values[name]


def run_study(
    task: Task,
    members: int,
    *,
    seed: int,
    options: Mapping[str, Any] | None = None,
    block: int = 500,
    jobs: int | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
) -> Study:
    """Run a task over many members, in blocks, in parallel by joblib.

    Parameters
    ----------
    task : callable
        ``task(rng, size, **options)``, as the module's docstring says; a function of a module,
        so that workers find it.
    members : int
    seed : int
        Of the whole study.
    options : mapping, optional
        Keyword arguments of the task.
    block : int
        Members that a worker takes at a time.
    jobs : int, optional
        As `joblib.Parallel`: by default one process, or what ``joblib.parallel_config`` says, which
        takes a study to a Dask cluster: ``with parallel_config("dask"): run_study(...)``. The
        backends that hand on results as they come will do: loky, threading, dask.
    checkpoint : path, optional
        A folder that keeps each block as it is done. The same call then goes on where it was
        interrupted, also with other blocks, workers or more members.
    progress : bool, optional
        Whether to show a progress bar; by default where standard error is a terminal.

    Returns
    -------
    Study

    Raises
    ------
    ValueError
        If the folder belongs to a study with another task, code, seed or options, or the task
        returns arrays without one entry a member.

    Examples
    --------
    >>> from lnn.data import step_problem
    >>> def condition(rng, size):
    ...     s = step_problem(rng, size=size).singular_values_x
    ...     return {"condition": s[..., 0] / s[..., -1]}
    >>> study = run_study(condition, 10, seed=7, block=4)
    >>> study["condition"].shape
    (10,)
    >>> alone = condition(member_generator(7, 3), ())["condition"]
    >>> bool(alone == study["condition"][3])
    True
    """
    # Imported here: with them `import lnn` would take twice as long.
    from joblib import Parallel, delayed
    from tqdm import tqdm

    members = whole(members, "members", least=1)
    block = whole(block, "block", least=1)
    chosen = dict(options or {})
    store = None
    if checkpoint is not None:
        store = _Checkpoint(Path(checkpoint), _identity(task, seed, chosen))
    parts = {} if store is None else store.load(members)
    todo = list(_missing(parts, members, block))
    done = members - sum(stop - first for first, stop in todo)
    parallel = Parallel(n_jobs=jobs, return_as="generator_unordered")
    with tqdm(
        total=members,
        initial=done,
        unit="member",
        disable=None if progress is None else not progress,
    ) as bar:
        calls = (delayed(_run_block)(task, seed, first, stop, chosen) for first, stop in todo)
        for first, stop, values in parallel(calls):
            if store is not None:
                store.save(first, stop, values)
            parts[first, stop] = values
            bar.update(stop - first)
    ordered = [parts[key] for key in sorted(parts)]
    names = list(ordered[0])
    return Study(
        values={name: np.concatenate([part[name] for part in ordered]) for name in names},
        members=members,
        seed=seed,
    )


def _run_block(
    task: Task, seed: int, first: int, stop: int, options: dict[str, Any]
) -> tuple[int, int, dict[str, Array]]:
    size = (stop - first,)
    rng = GeneratorStack([member_generator(seed, i) for i in range(first, stop)])
    values = {name: np.asarray(value) for name, value in task(rng, size, **options).items()}
    for name, value in values.items():
        if value.shape[:1] != size:
            raise ValueError(
                f"the task returned {name!r} of shape {value.shape} for size {size}: its first "
                f"axis must have one entry a member"
            )
    return first, stop, values


def _missing(
    parts: Mapping[tuple[int, int], Any], members: int, block: int
) -> Iterator[tuple[int, int]]:
    """Ranges of at most `block` members that no part holds."""
    position = 0
    for first, stop in [*sorted(parts), (members, members)]:
        for start in range(position, first, block):
            yield start, min(start + block, first)
        position = stop


class _Checkpoint:
    """A folder with one file a block and the identity of the study it belongs to."""

    def __init__(self, folder: Path, identity: dict[str, str]) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        manifest = folder / "study.json"
        if manifest.exists():
            kept = json.loads(manifest.read_text(encoding="utf-8"))
            changed = [k for k in identity if kept.get(k) != identity[k]]
            if changed:
                raise ValueError(
                    f"checkpoint {folder} belongs to a study with another {' and '.join(changed)} "
                    f"(there {', '.join(str(kept.get(k)) for k in changed)}; "
                    f"now {', '.join(identity[k] for k in changed)}): "
                    f"choose another folder, or delete this one"
                )
        elif any(not path.name.startswith(".partial-") for path in folder.iterdir()):
            raise ValueError(f"checkpoint {folder} is not empty and no study's: choose another")
        else:
            self._write(manifest, lambda file: file.write(json.dumps(identity, indent=1).encode()))

    def load(self, members: int) -> dict[tuple[int, int], dict[str, Array]]:
        """Return the blocks there are, cut off at `members`."""
        parts = {}
        for path in self.folder.glob("block-*.npz"):
            first, stop = (int(part) for part in path.stem.split("-")[1:])
            if first < members:
                with np.load(path) as file:
                    keep = min(stop, members)
                    parts[first, keep] = {name: file[name][: keep - first] for name in file.files}
        return parts

    def save(self, first: int, stop: int, values: dict[str, Array]) -> None:
        """Write a block."""
        self._write(
            self.folder / f"block-{first:012d}-{stop:012d}.npz",
            lambda file: np.savez(file, **values),  # type: ignore[arg-type]
        )

    def _write(self, path: Path, write: Callable[[Any], Any]) -> None:
        """Write a file whole or not at all, whatever happens in between."""
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".partial-", delete=False) as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, path)  # noqa: PTH105


def _identity(task: Task, seed: int, options: dict[str, Any]) -> dict[str, str]:
    """What makes a study this one: its task, the code of the task and of lnn, seed and options."""
    import hashlib
    import inspect

    import joblib

    code = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        code.update(path.read_bytes())
    try:
        code.update(inspect.getsource(task).encode())
    except (OSError, TypeError):  # typed at a prompt: no source to be had
        code.update(getattr(getattr(task, "__code__", None), "co_code", b""))
    name = getattr(task, "__qualname__", type(task).__qualname__)
    return {
        "task": f"{getattr(task, '__module__', '?')}.{name}",
        "code": code.hexdigest()[:16],
        "seed": str(seed),
        "options": f"{options!r:.200} {joblib.hash(options)}",
    }
