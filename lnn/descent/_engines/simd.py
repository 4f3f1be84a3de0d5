"""Machine code for matrices whose entries are vectors of lanes, one network a lane.

`Integer`, `Vector`, `Condition` and `Address` stand for values of the code that is being written:
their operators write instructions with llvmlite's builder, so that an algorithm written with them
reads as one. `Writer` adds loops and matrix products, and `machine_code` compiles it. Sizes are
known when the code is written, so small loops are written out; nothing here knows about networks.
"""

import ctypes
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeAlias

from llvmlite import binding, ir  # type: ignore[import-untyped]

Builder: TypeAlias = Any  # llvmlite has no type hints
Value: TypeAlias = Any

SUMS = 6  # at most so many vectors are summed at a time, so that they stay in registers
WRITTEN_OUT = 8  # the longest loop that is written out
INTEGER = ir.IntType(64)
POINTER = ir.PointerType()


@dataclass(frozen=True, eq=False)
class Integer:
    """An integer: an int where it is known when the code is written, else an LLVM value."""

    build: Builder
    value: Any

    @property
    def operand(self) -> Value:
        """The LLVM value."""
        return INTEGER(self.value) if isinstance(self.value, int) else self.value

    def _with(self, other: "Index") -> tuple["Integer", bool]:
        number = other if isinstance(other, Integer) else Integer(self.build, other)
        return number, isinstance(self.value, int) and isinstance(number.value, int)

    def __add__(self, other: "Index") -> "Integer":
        number, known = self._with(other)
        if known:
            return Integer(self.build, self.value + number.value)
        return Integer(self.build, self.build.add(self.operand, number.operand))

    def __sub__(self, other: "Index") -> "Integer":
        return self + self._with(other)[0] * -1

    def __mul__(self, other: "Index") -> "Integer":
        number, known = self._with(other)
        if known:
            return Integer(self.build, self.value * number.value)
        return Integer(self.build, self.build.mul(self.operand, number.operand))

    def __floordiv__(self, other: "Index") -> "Integer":
        """Of non-negative integers."""
        number, _ = self._with(other)
        return Integer(self.build, self.build.udiv(self.operand, number.operand))

    def equals(self, other: "Index") -> "Condition":
        """Return self == other."""
        number, _ = self._with(other)
        return Condition(self.build, self.build.icmp_signed("==", self.operand, number.operand))

    def __lt__(self, other: "Index") -> "Condition":
        number, _ = self._with(other)
        return Condition(self.build, self.build.icmp_signed("<", self.operand, number.operand))


Index: TypeAlias = int | Integer


@dataclass(frozen=True)
class Condition:
    """A truth value, one for all or one a lane."""

    build: Builder
    value: Value

    def __and__(self, other: "Condition") -> "Condition":
        return Condition(self.build, self.build.and_(self.value, other.value))

    def __or__(self, other: "Condition") -> "Condition":
        return Condition(self.build, self.build.or_(self.value, other.value))

    def __invert__(self) -> "Condition":
        return Condition(self.build, self.build.not_(self.value))

    def choose(self, x: "Vector", y: "Vector") -> "Vector":
        """Return x where the condition holds, y elsewhere."""
        return Vector(self.build, self.build.select(self.value, x.value, y.value))


@dataclass(frozen=True)
class Mask:
    """A condition as 64 bits a lane, which stay in a register from loop to loop."""

    value: Value


@dataclass(frozen=True)
class Vector:
    """One number a lane. x * y + z is contracted to one fused instruction where there is one."""

    build: Builder
    value: Value

    def __add__(self, other: "Vector") -> "Vector":
        return Vector(self.build, self.build.fadd(self.value, other.value, flags=("contract",)))

    def __sub__(self, other: "Vector") -> "Vector":
        return Vector(self.build, self.build.fsub(self.value, other.value, flags=("contract",)))

    def __mul__(self, other: "Vector") -> "Vector":
        return Vector(self.build, self.build.fmul(self.value, other.value, flags=("contract",)))

    def __neg__(self) -> "Vector":
        return Vector(self.build, ir.Constant(self.value.type, None)) - self

    def __le__(self, other: "Vector") -> Condition:
        """False where one of them is nan."""
        return Condition(self.build, self.build.fcmp_ordered("<=", self.value, other.value))

    def __gt__(self, other: "Vector") -> Condition:
        """False where one of them is nan."""
        return Condition(self.build, self.build.fcmp_ordered(">", self.value, other.value))

    def mask(self) -> Mask:
        """Return where the vector is positive."""
        bits = ir.VectorType(INTEGER, self.value.type.count)
        zero = Vector(self.build, ir.Constant(self.value.type, None))
        return Mask(self.build.sext((self > zero).value, bits))

    def __and__(self, mask: Mask) -> "Vector":
        """Return the vector where the mask holds, 0 elsewhere, also for inf and nan."""
        bits = self.build.and_(self.build.bitcast(self.value, mask.value.type), mask.value)
        return Vector(self.build, self.build.bitcast(bits, self.value.type))


@dataclass(frozen=True)
class Address:
    """A place in memory, counted in vectors."""

    build: Builder
    value: Value
    type: Any

    def __add__(self, offset: Index) -> "Address":
        offset = offset if isinstance(offset, Integer) else Integer(self.build, offset)
        there = self.build.gep(self.value, [offset.operand], source_etype=self.type)
        return Address(self.build, there, self.type)

    @property
    def _bytes(self) -> int:
        return 8 * int(self.type.count)

    def read(self) -> Vector:
        """Return the vector that is there."""
        return Vector(self.build, self.build.load(self.value, typ=self.type, align=self._bytes))

    def write(self, vector: Vector) -> None:
        """Write a vector there."""
        self.build.store(vector.value, self.value, align=self._bytes)


@dataclass(frozen=True)
class Matrix:
    """A matrix in memory, one vector of lanes an entry; `.T` swaps its strides."""

    address: Address
    rows: int
    columns: int
    row_stride: int
    column_stride: int = 1

    @property
    def T(self) -> "Matrix":
        """The transpose, at the same address."""
        return Matrix(self.address, self.columns, self.rows, self.column_stride, self.row_stride)

    def _entry(self, index: tuple[Index, Index]) -> Address:
        i, k = (n if isinstance(n, Integer) else Integer(self.address.build, n) for n in index)
        return self.address + (i * self.row_stride + k * self.column_stride)

    def __getitem__(self, index: tuple[Index, Index]) -> Vector:
        return self._entry(index).read()

    def __setitem__(self, index: tuple[Index, Index], vector: Vector) -> None:
        self._entry(index).write(vector)


Put: TypeAlias = Callable[[Index, Index, Vector], None]
"""What becomes of an entry (i, k) with a value."""


class Writer:
    """Writes the body of a function of 64-bit integers and addresses."""

    def __init__(self, name: str, integers: int, addresses: int, lanes: int) -> None:
        arguments = [INTEGER] * integers + [POINTER] * addresses
        self.module = ir.Module()
        function = ir.Function(self.module, ir.FunctionType(ir.VoidType(), arguments), name)
        self.build = ir.IRBuilder(function.append_basic_block())
        vector = ir.VectorType(ir.DoubleType(), lanes)
        self.integers = [Integer(self.build, a) for a in function.args[:integers]]
        self.addresses = [Address(self.build, a, vector) for a in function.args[integers:]]
        self.zero = Vector(self.build, ir.Constant(vector, None))

    def when(self, condition: Condition) -> AbstractContextManager[Any]:
        """Write what the block writes as ``if condition:``."""
        branch: AbstractContextManager[Any] = self.build.if_then(condition.value)
        return branch

    def loop(
        self,
        count: Index,
        body: Callable[..., Sequence[Vector] | None],
        start: Sequence[Vector] = (),
    ) -> Sequence[Vector]:
        """Write ``for i in range(count): carried = body(i, *carried)``; it runs at least once."""
        build = self.build
        before, inside = build.block, build.append_basic_block()
        build.branch(inside)
        build.position_at_end(inside)
        counter = Integer(build, build.phi(INTEGER))
        carried = [Vector(build, build.phi(v.value.type)) for v in start]
        result = body(counter, *carried) or ()
        following = counter + 1
        firsts, laters = [Integer(build, 0).operand], [following.value]
        firsts += [v.value for v in start]
        laters += [v.value for v in result]
        phis = [counter.value, *(v.value for v in carried)]
        for phi, first, later in zip(phis, firsts, laters, strict=True):
            phi.add_incoming(first, before)
            phi.add_incoming(later, build.block)
        outside = build.append_basic_block()
        build.cbranch((following < count).value, inside, outside)
        build.position_at_end(outside)
        return result

    def short_loop(
        self,
        count: int,
        body: Callable[..., Sequence[Vector] | None],
        start: Sequence[Vector] = (),
    ) -> Sequence[Vector]:
        """As `loop`, but written out where the count is small; it may be 0."""
        if count > WRITTEN_OUT:
            return self.loop(count, body, start)
        for i in range(count):
            start = body(i, *start) or ()
        return start

    def matrices(
        self, address: Address, shapes: Sequence[tuple[int, int]]
    ) -> tuple[list[Matrix], Address]:
        """Lay matrices one after the other; return them and the address behind the last."""
        result = []
        for rows, columns in shapes:
            result.append(Matrix(address, rows, columns, row_stride=columns))
            address = address + rows * columns
        return result, address

    def entrywise(self, m: Matrix, put: Put) -> None:
        """Write put(i, k, m[i, k]) for every entry."""

        def row(i: Index) -> None:
            self.short_loop(m.columns, lambda k: put(i, k, m[i, k]))

        self.loop(m.rows, row)

    def inner(self, left: Matrix, right: Matrix) -> Vector:
        """Return the sum over i, k of left[i, k] * right[i, k]."""

        def row(i: Index, total: Vector) -> Sequence[Vector]:
            def entry(k: Index, partial: Vector) -> Sequence[Vector]:
                return [partial + left[i, k] * right[i, k]]

            return [total + self.short_loop(left.columns, entry, [self.zero])[0]]

        return self.loop(left.rows, row, [self.zero])[0]

    def multiply(self, left: Matrix, right: Matrix, put: Put) -> None:
        """Write put(i, k, value) for every entry of left @ right, a tile of a row at a time."""
        width = -(-right.columns // -(-right.columns // SUMS))
        full, rest = divmod(right.columns, width)

        def tile(i: Index, first: Index, width: int) -> None:
            at = [Integer(self.build, c) + first for c in range(width)]

            def accumulate(j: Index, *sums: Vector) -> Sequence[Vector]:
                x = left[i, j]
                return [s + x * right[j, k] for s, k in zip(sums, at, strict=True)]

            zeros = [self.zero] * width
            for k, value in zip(at, self.short_loop(left.columns, accumulate, zeros), strict=True):
                put(i, k, value)

        def row(i: Index) -> None:
            def full_tile(n: Index) -> None:
                first = n if isinstance(n, Integer) else Integer(self.build, n)
                tile(i, first * width, width)

            self.short_loop(full, full_tile)
            if rest:
                tile(i, full * width, rest)

        self.loop(left.rows, row)


def machine_code(writer: Writer) -> Callable[..., None]:
    """Compile the function; integers and addresses go in as Python ints."""
    function = writer.module.functions[0]
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    machine = binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(),
        features=binding.get_host_cpu_features().flatten(),
        opt=3,
        jit=True,
    )
    engine = binding.create_mcjit_compiler(binding.parse_assembly(str(writer.module)), machine)
    engine.finalize_object()
    types = [ctypes.c_int64 for _ in writer.integers] + [ctypes.c_void_p for _ in writer.addresses]
    call = ctypes.CFUNCTYPE(None, *types)(engine.get_function_address(function.name))
    call.engine = engine  # type: ignore[attr-defined]  # owns the code, so lives as long as it
    return call
