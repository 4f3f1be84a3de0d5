"""Studies: a function of a random generator, run over many members, in parallel, reproducibly.

A task is written once, ``task(rng, size, **options)``, in terms of a generator and leading axes
``size``, and returns a dict of arrays with those leading axes. It serves one member,
``task(np.random.default_rng(7), ())``, and a block of them at once, ``size = (n,)``, where `rng` is
a `GeneratorStack` that gives each member the draws of its own generator. Member i of a study with
seed s draws from ``member_generator(s, i)`` and from nothing else, and the engine of descent is
chosen once for the whole study. So the result of a member depends on the task, its options, the
seed and the member, and on nothing else: not on blocks, workers, backend, order or restarts, bit
for bit on one machine, as long as the task itself treats its members one like the other.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from lnn import _storage
from lnn._checks import Array, whole
from lnn._identity import identify
from lnn.descent._engines.choice import Name, Wish, pinned, resolve

Task: TypeAlias = Callable[..., Mapping[str, ArrayLike]]


def member_generator(seed: int, index: int) -> np.random.Generator:
    """Return the generator of one member of a study.

    Examples
    --------
    >>> a, b = member_generator(7, 0), member_generator(7, 1)
    >>> bool(a.random() == b.random())
    False
    """
    seed, index = whole(seed, "seed"), whole(index, "index")
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
                f"shape ({len(self.generators)}, ...), one row per member"
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
    """Results of a study; ``study["name"]`` has one entry per member, in the order of members.

    Like a mapping it knows its names: ``name in study``, ``for name in study``, ``dict(study)``.

    Attributes
    ----------
    values : dict of str to (members, ...) array
    members : int
    seed : int
    index : (members,) array of int
        Which members these are: 0 to members − 1 unless an unfinished study was loaded.
    engine : str
        What ``engine="auto"`` of descent meant: "compiled" (up to width 16) or "numpy".
    about : dict of str to str
        What a checkpoint or a saved file says of the task, its options, and library versions;
        empty if there was neither.

    Examples
    --------
    >>> study = run_study(lambda rng, size: {"u": rng.random((*size, 2))}, 3, seed=7)
    >>> "u" in study, list(study), study["u"].shape
    (True, ['u'], (3, 2))
    >>> list(study.to_table())
    ['member', 'u[0]', 'u[1]']
    """

    values: dict[str, Array]
    members: int
    seed: int
    index: np.ndarray = field(repr=False)
    engine: str
    about: dict[str, str] = field(default_factory=dict, repr=False)

    def __getitem__(self, name: str) -> Array:
        if name not in self.values:
            raise KeyError(f"{name!r}: this study has {', '.join(self.values)}")
        return self.values[name]

    def __contains__(self, name: object) -> bool:
        return name in self.values

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def keys(self) -> list[str]:
        """Return the names of the results."""
        return list(self.values)

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name}: {value.shape[1:]}" for name, value in self.values.items())
        return f"Study of {self.members} members, seed {self.seed}, {self.engine}: {shapes}"

    def to_table(self) -> dict[str, Array]:
        """Return columns of numbers, one row per member, as ``pandas.DataFrame(...)`` takes them.

        Returns
        -------
        dict of str to (members,) array
            First "member"; a result with further axes has a column an entry, "name[0, 1]".
        """
        columns = {"member": np.asarray(self.index)}
        for name, value in self.values.items():
            for entry in np.ndindex(value.shape[1:]):
                label = f"{name}[{', '.join(map(str, entry))}]" if entry else name
                columns[label] = value[(slice(None), *entry)]
        return columns

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to one file, which NumPy can read, too.

        Parameters
        ----------
        path : path
            ``.npz`` is added where it is missing.
        """
        about = {**self.about, "seed": str(self.seed), "engine": self.engine}
        _storage.write_study(Path(path), self.values, self.index, about)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Study":
        """Read a file written by `save`, or a checkpoint folder, finished or not.

        Nothing is written and nothing has to fit: results can be read whatever has become of the
        code that made them.

        Raises
        ------
        ValueError
            If there is no study at `path`.
        """
        values, index, about = _storage.read_study(Path(path))
        return cls(
            values=values,
            members=len(index),
            seed=int(about["seed"]),
            index=index,
            engine=about.get("engine", "unknown"),
            about=about,
        )


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
    engine: Wish = "auto",
) -> Study:
    """Run a task over many members, in blocks, in parallel by joblib.

    Parameters
    ----------
    task : callable
        ``task(rng, size, **options)``, as the module's docstring says.
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
        interrupted, also with other blocks, workers or more members. The folder belongs to what is
        really run: the code of the task and of all that it reaches (helpers, constants, closures,
        partial arguments, the parts of `lnn` that it uses; not comments), its options, the seed,
        the engine, and the versions of the libraries. Where one of them has changed the folder is
        refused; `Study.load` still reads it. A file that the task reads has no part in this: hand
        on its contents as an option.
    progress : bool, optional
        Whether to show a progress bar; by default where standard error is a terminal.
    engine : {"auto", "numpy", "compiled"}
        What ``engine="auto"`` of `descend` means in the task, on every worker alike.

    Returns
    -------
    Study

    Raises
    ------
    ValueError
        If the folder belongs to another study, the task has no identity that a folder could keep,
        a worker has other code than this process, or the task returns arrays without one entry a
        member.

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

    if not callable(task):
        raise TypeError(f"task is {task!r}: give a function task(rng, size, **options)")
    if options is not None and not isinstance(options, Mapping):
        raise TypeError(f"options is {options!r:.60}: expected a mapping of names to values")
    members = whole(members, "members", least=1)
    block = whole(block, "block", least=1)
    seed = whole(seed, "seed")
    work = _Work(task, seed, dict(options or {}), resolve(engine))
    about = {} if checkpoint is None else work.identity()
    store = None if checkpoint is None else _storage.Checkpoint(Path(checkpoint), about)
    done = _storage.Blocks() if store is None else store.load(members)
    parallel = Parallel(n_jobs=jobs, return_as="generator_unordered")
    with (
        _telling_what_is_kept(done, members, checkpoint),
        tqdm(
            total=members,
            initial=done.members,
            unit="member",
            disable=None if progress is None else not progress,
        ) as bar,
    ):
        missing = list(done.missing(members, block))
        calls = (
            delayed(_Work.run)(work, first, stop, about, os.getpid()) for first, stop in missing
        )
        for first, stop, values in parallel(calls):
            if store is not None:
                store.save(first, stop, values)
            done.add(first, stop, values)
            bar.update(stop - first)
    values, index = done.joined()
    return Study(values, members, seed, index, work.engine, about)


@contextmanager
def _telling_what_is_kept(
    done: _storage.Blocks, members: int, checkpoint: str | os.PathLike[str] | None
) -> Iterator[None]:
    """Add to whatever ends a study early how much of it is kept, and how to go on."""
    try:
        yield
    except BaseException as error:
        if checkpoint is not None:
            error.add_note(
                f"run_study: {done.members} of {members} members are kept in {checkpoint}; the "
                f"same call goes on from there, and lnn.studies.Study.load reads what there is"
            )
        elif done.members:
            error.add_note(
                f"run_study: nothing is kept of the {done.members} of {members} members that were "
                f"done; with checkpoint=<folder> the same call would go on from there"
            )
        raise


@dataclass(frozen=True)
class _Work:
    """What each worker is sent: it runs the task for a block of members."""

    task: Task
    seed: int
    options: dict[str, Any]
    engine: Name

    def run(
        self, first: int, stop: int, about: Mapping[str, str], sender: int
    ) -> tuple[int, int, dict[str, Array]]:
        """Run members first, ..., stop − 1, where `sender`'s process asked for them."""
        from threadpoolctl import threadpool_limits

        if about and os.getpid() != sender:
            self._prove_same(about)
        size = (stop - first,)
        rng = GeneratorStack([member_generator(self.seed, i) for i in range(first, stop)])
        # From width 100 or so, BLAS rounds otherwise on several threads: jobs are what is parallel.
        with pinned(self.engine), threadpool_limits(limits=1, user_api="blas"):
            result = self.task(rng, size, **self.options)
        values = {name: np.asarray(value) for name, value in result.items()}
        for name, value in values.items():
            if value.shape[:1] != size or value.dtype.hasobject:
                raise ValueError(
                    f"the task returned {name!r} of shape {value.shape} and type {value.dtype} for "
                    f"size {size}: give numbers, with one entry per member on the first axis"
                )
        return first, stop, values

    def identity(self) -> dict[str, str]:
        """Return what makes the study this one, each part as a short text."""
        code = identify((self.task, GeneratorStack, member_generator))
        options = identify(sorted(self.options.items()))
        task = self.task
        name = getattr(task, "__qualname__", type(task).__qualname__)
        return {
            "task": f"{getattr(task, '__module__', '?')}.{name}",
            "code": code.digest,
            "options": f"{self.options!r:.200} {options.digest}",
            "seed": str(self.seed),
            "engine": self.engine,
            "versions": ", ".join(
                f"{library} {version}"
                for library, version in sorted({**options.versions, **code.versions}.items())
            ),
        }

    def _prove_same(self, about: Mapping[str, str]) -> None:
        """Prove that this process has the code that the folder stands for."""
        if _proved.get("about") == about:
            return
        here = self.identity()
        for part in ("code", "options", "versions"):
            if here[part] != about[part]:
                raise ValueError(
                    f"a worker has another {part} of the task ({here[part]}) than the process that "
                    f"started the study ({about[part]}): restart the workers, and do not change "
                    f"a module's values at run time"
                )
        _proved["about"] = dict(about)


_proved: dict[str, dict[str, str]] = {}  # what this worker has proved last
