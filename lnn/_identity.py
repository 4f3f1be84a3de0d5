"""What a function really computes, as a number: its code, and all that the code reaches.

`identify` hashes bytecode (so a comment changes nothing) and, recursively, the globals, closures,
defaults, partial arguments and instance state that the code uses, through helpers and classes of
any module that is not an installed library. A library counts by its version. An object that is none
of these counts by what pickle would take of it; what pickle cannot take is refused. Not seen are
files that the code reads, and names that it looks up by a string at run time.
"""

import copyreg
import dis
import functools
import hashlib
import importlib
import importlib.metadata
import importlib.util
import platform
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

import numpy as np

_GLOBALS = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"}

# Of a class: what does not change what it does, or is made from what is looked at anyway.
_NO_PART_OF_A_CLASS = {
    "__dict__",
    "__weakref__",
    "__doc__",
    "__module__",
    "__qualname__",
    "__annotations__",
    "__annotate__",
    "__annotate_func__",
    "__annotations_cache__",
    "__firstlineno__",
    "__static_attributes__",
    "__dataclass_fields__",
    "__dataclass_params__",
    "__orig_bases__",
    "__parameters__",
    "__type_params__",
    "__abstractmethods__",
    "_abc_impl",
}


@dataclass(frozen=True)
class Identity:
    """The identity of an object.

    Attributes
    ----------
    digest : str
        Equal for two objects, of whatever process, whose code and data are the same.
    versions : dict of str to str
        The libraries that it reaches, and Python.
    """

    digest: str
    versions: dict[str, str]


def identify(thing: object) -> Identity:
    """Return the identity of a function, or of anything that pickle could take.

    Raises
    ------
    ValueError
        If it holds something without an identity, such as an open file.

    Examples
    --------
    >>> identify(lambda x: x + 1).digest == identify(lambda y: y + 2).digest
    False
    >>> half, third = (functools.partial(pow, exp=e) for e in (1 / 2, 1 / 3))
    >>> identify(half) == identify(third)
    False
    """
    walk = _Walk()
    digest = walk.digest(thing)
    return Identity(digest.hex()[:32], dict(sorted(walk.versions.items())))


@dataclass
class _Walk:
    """One walk through everything that an object reaches."""

    versions: dict[str, str] = field(default_factory=lambda: {"python": platform.python_version()})
    open: dict[int, int] = field(default_factory=dict)  # id: depth, of what is being looked at
    done: dict[int, bytes] = field(default_factory=dict)
    kept: list[object] = field(default_factory=list)  # so that no id is used twice
    path: list[str] = field(default_factory=list)

    def digest(self, thing: Any, names: Iterable[str] = ()) -> bytes:
        """Return the digest of one thing; `names` are those that its user takes from a module."""
        if isinstance(thing, CellType):
            try:
                thing = thing.cell_contents
            except ValueError:  # the name has no value yet
                return _hash("empty")
        if isinstance(thing, ModuleType):
            return _hash("module", *self._module(thing, set(names)))
        key = id(thing)
        if key in self.open:
            return _hash("cycle", str(self.open[key]))
        if key not in self.done:
            self.open[key] = len(self.open)
            self.kept.append(thing)
            self.path.append(_called(thing))
            self.done[key] = _hash(type(thing).__qualname__, *self._parts(thing))
            self.path.pop()
            del self.open[key]
        return self.done[key]

    def _each(self, things: Iterable[Any]) -> Iterator[bytes]:
        return (self.digest(thing) for thing in things)

    def _named(self, things: Iterable[tuple[str, Any]]) -> Iterator[bytes | str]:
        for name, thing in sorted(things, key=lambda pair: pair[0]):
            yield name
            yield self.digest(thing)

    def _parts(self, thing: Any) -> Iterable[bytes | str]:
        kind = type(thing)
        if thing is None or thing is Ellipsis or thing is NotImplemented:
            return [repr(thing)]
        if kind in (bool, int, str):
            return [str(thing)]
        if kind is float:
            return [thing.hex()]
        if kind is complex:
            return [thing.real.hex(), thing.imag.hex()]
        if kind in (bytes, bytearray):
            return [bytes(thing)]
        if kind in (tuple, list):
            return self._each(thing)
        if kind in (set, frozenset):
            return sorted(self._each(thing))
        if kind in (dict, MappingProxyType):
            return self._each(part for item in thing.items() for part in item)
        if kind is np.ndarray and not thing.dtype.hasobject:
            return [str(thing.dtype.descr), str(thing.shape), thing.tobytes()]
        if kind is np.ndarray:
            return [str(thing.shape), *self._each(thing.ravel().tolist())]
        if library := self._library(thing):
            return ["library", library]
        if isinstance(thing, type):
            return self._class(thing)
        if kind is FunctionType:
            return self._function(thing)
        if kind is CodeType:
            return self._code(thing)
        return self._instance(thing)

    def _instance(self, thing: Any) -> Iterable[bytes | str]:
        if isinstance(thing, functools.partial):
            return self._each([thing.func, thing.args, thing.keywords])
        if isinstance(thing, MethodType | BuiltinFunctionType) and hasattr(thing, "__self__"):
            return [thing.__name__, self.digest(thing.__self__), *self._own(thing)]
        if isinstance(thing, functools._lru_cache_wrapper):
            return self._each([thing.__wrapped__, thing.cache_parameters()])
        if isinstance(thing, staticmethod | classmethod):
            return self._each([thing.__func__])
        if isinstance(thing, property):
            return self._each([thing.fget, thing.fset, thing.fdel])
        if isinstance(thing, functools.cached_property):
            return self._each([thing.func])
        if isinstance(thing, ContextVar):
            return [thing.name]
        if isinstance(thing, MemberDescriptorType | GetSetDescriptorType | WrapperDescriptorType):
            return [str(thing.__name__)]
        return self._pickled(thing)

    def _own(self, method: Any) -> Iterator[bytes]:
        if isinstance(method, MethodType):
            yield self.digest(method.__func__)

    def _pickled(self, thing: Any) -> Iterable[bytes | str]:
        """Return what pickle would keep of an object."""
        try:
            reduce = copyreg.dispatch_table.get(type(thing))
            state = reduce(thing) if reduce else thing.__reduce_ex__(4)
        except Exception as error:
            self._refuse(thing, error)
        if isinstance(state, str):
            return [getattr(thing, "__module__", None) or "", state]
        call, arguments, *rest = state
        rest = [list(r) if isinstance(r, Iterator) else r for r in rest]
        return self._each([type(thing), call, arguments, *rest])

    def _refuse(self, thing: Any, error: Exception) -> None:
        raise ValueError(
            f"the task cannot be identified: by way of {' > '.join(self.path)} it uses an object "
            f"of {type(thing).__module__}.{type(thing).__qualname__} ({error}), which a checkpoint "
            f"could not tell from another; pass plain data in options, or run without a checkpoint"
        ) from error

    def _class(self, cls: type) -> Iterable[bytes | str]:
        members = [(k, v) for k, v in vars(cls).items() if k not in _NO_PART_OF_A_CLASS]
        return [*self._each([*cls.__bases__, type(cls)]), *self._named(members)]

    def _function(self, function: FunctionType) -> Iterable[bytes | str]:
        code = function.__code__
        known, names, imports = _reached(code, function.__globals__.get("__package__") or "")
        yield self.digest(code)
        for name in sorted(known & function.__globals__.keys()):
            yield name
            yield self.digest(function.__globals__[name], names)
        for name in sorted(imports):
            yield name
            yield self._import(name, names)
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            yield name
            yield self.digest(cell, names)
        yield from self._each([function.__defaults__, function.__kwdefaults__])
        yield from self._named(function.__dict__.items())

    def _code(self, code: CodeType) -> Iterable[bytes | str]:
        """Return what runs; not where it stands, nor its docstring, which nothing loads."""
        yield f"{code.co_argcount} {code.co_posonlyargcount} {code.co_kwonlyargcount}"
        yield f"{code.co_flags & ~0x4000000} {code.co_varnames} {code.co_cellvars}"
        yield code.co_exceptiontable
        for step in dis.get_instructions(code):
            yield step.opname
            if step.opcode in dis.hasconst:
                yield self.digest(step.argval)
            else:
                yield step.argval if isinstance(step.argval, str) else str(step.arg)

    def _import(self, name: str, names: set[str]) -> bytes:
        """Return the digest of a module that code imports when it runs."""
        top = name.partition(".")[0]
        if self._is_library(top):
            return _hash("library", name)
        try:
            modules = [importlib.import_module(name), sys.modules[top]]
        except ImportError:
            return _hash("missing", name)
        return _hash("import", *(self.digest(module, names) for module in modules))

    def _module(self, module: ModuleType, names: set[str]) -> Iterator[bytes | str]:
        if self._is_library(module.__name__):
            yield module.__name__
            return
        for name in sorted(names & vars(module).keys()):
            yield name
            yield self.digest(vars(module)[name], names)

    def _library(self, thing: Any) -> str | None:
        """Return the name by which a library knows this function or class."""
        module = getattr(thing, "__module__", None)
        name = getattr(thing, "__qualname__", None) or getattr(thing, "__name__", None)
        if not (isinstance(module, str) and isinstance(name, str) and self._is_library(module)):
            return None
        found: Any = sys.modules.get(module)
        for part in name.split("."):
            found = getattr(found, part, None)
        return f"{module}:{name}" if found is thing else None

    def _is_library(self, module: str) -> bool:
        """Tell whether a module belongs to an installed library, and note the library's version."""
        top = module.partition(".")[0]
        version = _library_version(top)
        if version and top not in sys.stdlib_module_names:
            self.versions[top] = version
        return version is not None


def _hash(kind: str, *parts: bytes | str) -> bytes:
    """Hash a sequence: no two different sequences run together."""
    state = hashlib.sha256(kind.encode())
    for part in parts:
        data = part.encode(errors="surrogatepass") if isinstance(part, str) else part
        state.update(f"|{'s' if isinstance(part, str) else 'b'}{len(data)}:".encode())
        state.update(data)
    return state.digest()


def _called(thing: Any) -> str:
    return getattr(thing, "__qualname__", None) or type(thing).__qualname__


def _reached(code: CodeType, package: str) -> tuple[set[str], set[str], set[str]]:
    """Return the globals that code loads, all names that it uses, and the modules it imports."""
    known, names, imports = set(), set(code.co_names), set()
    before: list[Any] = [None, None]
    for step in dis.get_instructions(code):
        if step.opname in _GLOBALS:
            known.add(step.argval)
        if step.opname == "IMPORT_NAME":
            level = before[-2] or 0
            name = "." * level + step.argval
            imports.add(importlib.util.resolve_name(name, package) if level else name)
        before.append(step.argval)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            for ours, theirs in zip((known, names, imports), _reached(inner, package), strict=True):
                ours |= theirs
    return known, names, imports


@functools.cache
def _folders() -> tuple[Path, ...]:
    """Return where libraries are installed."""
    paths = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    paths += [*site.getsitepackages(), site.getusersitepackages()]
    return tuple(Path(path).resolve() for path in paths if path)


@functools.cache
def _library_version(top: str) -> str | None:
    """Return the version of the library that a top-level module belongs to; None if to none.

    `lnn` is never one: its code is looked at, so that only what a task reaches of it counts.
    """
    if top == "lnn" or top == "__main__":
        return None
    if top in sys.stdlib_module_names:
        return platform.python_version()
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    origin = spec and (spec.origin or next(iter(spec.submodule_search_locations or []), None))
    if not origin or not any(folder in Path(origin).resolve().parents for folder in _folders()):
        return None
    try:
        return importlib.metadata.version(top)
    except importlib.metadata.PackageNotFoundError:
        pass
    for name in importlib.metadata.packages_distributions().get(top, []):
        return importlib.metadata.version(name)
    return None  # a file without a version: its code is looked at
