"""Where results of studies lie: blocks of members in a folder, or a whole study in a file."""

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias
from zipfile import BadZipFile

import numpy as np

from lnn._checks import Array

Values: TypeAlias = dict[str, Array]

MANIFEST = "study.json"


class Blocks:
    """Results of ranges of members, each member once."""

    def __init__(self) -> None:
        self._parts: dict[tuple[int, int], Values] = {}

    @property
    def members(self) -> int:
        """How many members there are."""
        return sum(stop - first for first, stop in self._parts)

    def add(self, first: int, stop: int, values: Values, origin: str = "") -> None:
        """Add the members first, ..., stop − 1, which may overlap others that are the same."""
        for (start, end), there in list(self._parts.items()):
            low, high = max(first, start), min(stop, end)
            if low < high and not _same(there, low - start, values, low - first, high - low):
                raise ValueError(
                    f"{origin} holds members {low} to {high - 1}, which another block holds with "
                    f"other values: the folder mixes studies; delete what does not belong there"
                )
        for start, end in list(self.missing(stop, stop)):
            if end > first:
                start = max(start, first)
                part = {name: value[start - first : end - first] for name, value in values.items()}
                self._parts[start, end] = part

    def missing(self, members: int, block: int) -> Iterator[tuple[int, int]]:
        """Ranges of at most `block` members that are not there."""
        position = 0
        for first, stop in [*sorted(self._parts), (members, members)]:
            for start in range(position, min(first, members), block):
                yield start, min(start + block, first, members)
            position = stop

    def joined(self) -> tuple[Values, np.ndarray]:
        """Return all values in the order of members, and which members they are."""
        keys = sorted(self._parts)
        names = list(self._parts[keys[0]])
        values = {n: np.concatenate([self._parts[key][n] for key in keys]) for n in names}
        return values, np.concatenate([np.arange(*key) for key in keys])


def _same(one: Values, i: int, other: Values, j: int, count: int) -> bool:
    return one.keys() == other.keys() and all(
        np.array_equal(one[n][i : i + count], other[n][j : j + count], equal_nan=_has_nan(one[n]))
        for n in one
    )


def _has_nan(value: Array) -> bool:
    return np.issubdtype(value.dtype, np.inexact)


class Checkpoint:
    """A folder with one file a block and the identity of the study it belongs to.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    identity : mapping of str to str
        What makes the study this one.

    Raises
    ------
    ValueError
        If the folder belongs to another study, or holds something else.
    """

    def __init__(self, folder: Path, identity: Mapping[str, str]) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        manifest = folder / MANIFEST
        if manifest.exists():
            _prove_same(folder, _read_manifest(folder), identity)
        elif any(not path.name.startswith(".partial-") for path in folder.iterdir()):
            raise ValueError(f"checkpoint {folder} is not empty and no study's: choose another")
        else:
            text = json.dumps(dict(identity), indent=1)
            _write(manifest, lambda file: file.write(text.encode()))

    def load(self, members: int) -> Blocks:
        """Return the blocks there are, cut off at `members`."""
        return _read_blocks(self.folder, members)

    def save(self, first: int, stop: int, values: Values) -> None:
        """Write a block."""
        _write_arrays(self.folder / f"block-{first:012d}-{stop:012d}.npz", values)


def write_study(path: Path, values: Values, index: np.ndarray, about: Mapping[str, str]) -> None:
    """Write a study to one file: its values, beside them ``__members__`` and ``__about__``."""
    if path.suffix != ".npz":
        path = path.with_name(path.name + ".npz")
    extra = {"__members__": index, "__about__": np.array(json.dumps(dict(about)))}
    _write_arrays(path, {**values, **extra})


def read_study(path: Path) -> tuple[Values, np.ndarray, dict[str, str]]:
    """Return values, members and identity from a file of `write_study` or a checkpoint folder."""
    if path.is_dir():
        about = _read_manifest(path)
        blocks = _read_blocks(path)
        if blocks.members == 0:
            raise ValueError(f"{path} holds no block yet: nothing to load")
        return (*blocks.joined(), about)
    if not path.exists() and path.suffix != ".npz":
        path = path.with_name(path.name + ".npz")
    if not path.exists():
        raise ValueError(f"path is {path}: there is no file and no checkpoint folder")
    values = _read_arrays(path)
    if "__about__" not in values:
        raise ValueError(f"path is {path}: this file was not written by Study.save")
    about, index = json.loads(str(values.pop("__about__"))), values.pop("__members__")
    return values, index, about


def _read_manifest(folder: Path) -> dict[str, str]:
    try:
        return dict(json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ValueError(f"{folder} has no {MANIFEST}: it is no checkpoint of a study") from None


def _prove_same(folder: Path, there: Mapping[str, str], now: Mapping[str, str]) -> None:
    changed = [part for part in now if there.get(part) != now[part]]
    if changed:
        raise ValueError(
            f"checkpoint {folder} belongs to a study with another {' and '.join(changed)} "
            f"(there {', '.join(str(there.get(part)) for part in changed)}; "
            f"now {', '.join(now[part] for part in changed)}): choose another folder, or delete "
            f"this one; lnn.studies.Study.load({str(folder)!r}) reads what it holds"
        )


def _read_blocks(folder: Path, members: int | None = None) -> Blocks:
    blocks = Blocks()
    for path in sorted(folder.glob("block-*.npz")):
        first, stop = (int(part) for part in path.stem.split("-")[1:])
        if members is None or first < members:
            keep = stop if members is None else min(stop, members)
            values = _read_arrays(path)
            cut = {name: value[: keep - first] for name, value in values.items()}
            blocks.add(first, keep, cut, str(path))
    return blocks


def _read_arrays(path: Path) -> Values:
    try:
        with path.open("rb") as raw, np.load(raw) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise ValueError(
            f"{path} cannot be read ({error}): delete it, and it is made anew"
        ) from None


def _write_arrays(path: Path, values: Values) -> None:
    _write(path, lambda file: np.savez(file, **values))  # type: ignore[arg-type]


def _write(path: Path, write: Callable[[Any], Any]) -> None:
    """Write a file whole or not at all, whatever happens in between."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".partial-", delete=False) as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(file.name, path)  # noqa: PTH105
