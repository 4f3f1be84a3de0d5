"""Machine code for matrices whose entries are vectors of lanes, one network a lane.

`Writer` writes the code with llvmlite's instruction builder and `machine_code` compiles it. Sizes
are known when the code is written, so small loops are written out; nothing here knows about
networks. An index is an int where it is known and an LLVM value where it is a loop's counter.
"""

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from llvmlite import binding, ir  # type: ignore[import-untyped]

Value: TypeAlias = Any  # an LLVM value (llvmlite has no type hints)
Index: TypeAlias = Any  # an int or an LLVM integer

SUMS = 6  # at most so many vectors are summed at a time, so that they stay in registers
WRITTEN_OUT = 8  # the longest loop that is written out
INTEGER = ir.IntType(64)
POINTER = ir.PointerType()


@dataclass(frozen=True)
class Matrix:
    """A matrix in memory, one vector of lanes an entry; `.T` swaps its strides."""

    address: Value
    rows: int
    columns: int
    row_stride: int
    column_stride: int = 1

    @property
    def T(self) -> "Matrix":
        """The transpose, at the same address."""
        return Matrix(self.address, self.columns, self.rows, self.column_stride, self.row_stride)


class Writer:
    """Writes the body of a function of 64-bit integers and addresses."""

    def __init__(self, name: str, integers: int, addresses: int, lanes: int) -> None:
        arguments = [INTEGER] * integers + [POINTER] * addresses
        self.module = ir.Module()
        function = ir.Function(self.module, ir.FunctionType(ir.VoidType(), arguments), name)
        self.arguments: Sequence[Value] = function.args
        self.build = ir.IRBuilder(function.append_basic_block())
        self._vector = ir.VectorType(ir.DoubleType(), lanes)
        self._bits = ir.VectorType(INTEGER, lanes)
        self._align = 8 * lanes
        self.zero = ir.Constant(self._vector, None)

    # -- scalars and vectors: x * y + z is contracted to one fused instruction where there is one

    def multiple(self, i: Index, j: Index) -> Index:
        """Return i * j."""
        known = isinstance(i, int) and isinstance(j, int)
        return i * j if known else self.build.mul(_integer(i), _integer(j))

    def total(self, i: Index, j: Index) -> Index:
        """Return i + j."""
        known = isinstance(i, int) and isinstance(j, int)
        return i + j if known else self.build.add(_integer(i), _integer(j))

    def ratio(self, i: Index, j: Index) -> Value:
        """Return i // j of non-negative integers."""
        return self.build.udiv(_integer(i), _integer(j))

    def equal(self, i: Index, j: Index) -> Value:
        """Return i == j."""
        return self.build.icmp_signed("==", _integer(i), _integer(j))

    def at(self, address: Value, offset: Index) -> Value:
        """Return the address `offset` vectors further on."""
        return self.build.gep(address, [_integer(offset)], source_etype=self._vector)

    def read(self, address: Value) -> Value:
        """Return the vector at an address."""
        return self.build.load(address, typ=self._vector, align=self._align)

    def write(self, address: Value, value: Value) -> None:
        """Write a vector to an address."""
        self.build.store(value, address, align=self._align)

    def times(self, x: Value, y: Value) -> Value:
        """Return x * y."""
        return self.build.fmul(x, y, flags=("contract",))

    def plus(self, x: Value, y: Value) -> Value:
        """Return x + y."""
        return self.build.fadd(x, y, flags=("contract",))

    def minus(self, x: Value, y: Value) -> Value:
        """Return x - y."""
        return self.build.fsub(x, y, flags=("contract",))

    def at_most(self, x: Value, y: Value) -> Value:
        """Return x <= y, a lane at a time; false where one of them is nan."""
        return self.build.fcmp_ordered("<=", x, y)

    def above(self, x: Value, y: Value) -> Value:
        """Return x > y, a lane at a time; false where one of them is nan."""
        return self.build.fcmp_ordered(">", x, y)

    def choose(self, condition: Value, x: Value, y: Value) -> Value:
        """Return x where the condition holds, y elsewhere."""
        return self.build.select(condition, x, y)

    def mask(self, condition: Value) -> Value:
        """Return the condition as 64 bits a lane, which stay in a register from loop to loop."""
        return self.build.sext(condition, self._bits)

    def masked(self, x: Value, mask: Value) -> Value:
        """Return x where the mask holds, 0 elsewhere."""
        bits = self.build.and_(self.build.bitcast(x, self._bits), mask)
        return self.build.bitcast(bits, self._vector)

    # -- loops

    def loop(
        self, count: Index, body: Callable[..., Sequence[Value]], start: Sequence[Value] = ()
    ) -> Sequence[Value]:
        """Write ``for i in range(count): carried = body(i, *carried)``; it runs at least once."""
        before, inside = self.build.block, self.build.append_basic_block()
        self.build.branch(inside)
        self.build.position_at_end(inside)
        counter, *carried = [self.build.phi(t) for t in (INTEGER, *(v.type for v in start))]
        result = body(counter, *carried)
        following = self.total(counter, 1)
        for phi, first, later in zip(
            [counter, *carried], [INTEGER(0), *start], [following, *result], strict=True
        ):
            phi.add_incoming(first, before)
            phi.add_incoming(later, self.build.block)
        outside = self.build.append_basic_block()
        more = self.build.icmp_signed("<", following, _integer(count))
        self.build.cbranch(more, inside, outside)
        self.build.position_at_end(outside)
        return result

    def short_loop(
        self, count: int, body: Callable[..., Sequence[Value]], start: Sequence[Value] = ()
    ) -> Sequence[Value]:
        """As `loop`, but written out where the count is small; it may be 0."""
        if count > WRITTEN_OUT:
            return self.loop(count, body, start)
        for i in range(count):
            start = body(i, *start)
        return start

    # -- matrices

    def matrices(
        self, address: Value, shapes: Sequence[tuple[int, int]]
    ) -> tuple[list[Matrix], Value]:
        """Lay matrices one after the other; return them and the address behind the last."""
        result = []
        for rows, columns in shapes:
            result.append(Matrix(address, rows, columns, row_stride=columns))
            address = self.at(address, rows * columns)
        return result, address

    def entry(self, m: Matrix, i: Index, k: Index) -> Value:
        """Return the address of m[i, k]."""
        offset = self.total(self.multiple(i, m.row_stride), self.multiple(k, m.column_stride))
        return self.at(m.address, offset)

    def load(self, m: Matrix, i: Index, k: Index) -> Value:
        """Return m[i, k]."""
        return self.read(self.entry(m, i, k))

    def store(self, m: Matrix, i: Index, k: Index, value: Value) -> None:
        """Write m[i, k] = value."""
        self.write(self.entry(m, i, k), value)

    def entrywise(self, m: Matrix, put: Callable[[Index, Index, Value], None]) -> None:
        """Write put(i, k, m[i, k]) for every entry."""

        def row(i: Index) -> Sequence[Value]:
            def entry(k: Index) -> Sequence[Value]:
                put(i, k, self.load(m, i, k))
                return ()

            return self.short_loop(m.columns, entry)

        self.loop(m.rows, row)

    def inner(self, left: Matrix, right: Matrix) -> Value:
        """Return the sum over i, k of left[i, k] * right[i, k]."""

        def row(i: Index, total: Value) -> Sequence[Value]:
            def entry(k: Index, partial: Value) -> Sequence[Value]:
                term = self.times(self.load(left, i, k), self.load(right, i, k))
                return [self.plus(partial, term)]

            return [self.plus(total, *self.short_loop(left.columns, entry, [self.zero]))]

        return self.loop(left.rows, row, [self.zero])[0]

    def multiply(
        self, left: Matrix, right: Matrix, put: Callable[[Index, Index, Value], None]
    ) -> None:
        """Write put(i, k, value) for every entry of left @ right, a tile of a row at a time."""
        width = -(-right.columns // -(-right.columns // SUMS))
        full, rest = divmod(right.columns, width)

        def tile(i: Index, first: Index, width: int) -> None:
            def accumulate(j: Index, *sums: Value) -> Sequence[Value]:
                x = self.load(left, i, j)
                return [
                    self.plus(s, self.times(x, self.load(right, j, self.total(first, c))))
                    for c, s in enumerate(sums)
                ]

            zeros = [self.zero] * width
            for c, value in enumerate(self.short_loop(left.columns, accumulate, zeros)):
                put(i, self.total(first, c), value)

        def row(i: Index) -> Sequence[Value]:
            def full_tile(n: Index) -> Sequence[Value]:
                tile(i, self.multiple(n, width), width)
                return ()

            self.short_loop(full, full_tile)
            if rest:
                tile(i, full * width, rest)
            return ()

        self.loop(left.rows, row)


def _integer(i: Index) -> Value:
    return INTEGER(i) if isinstance(i, int) else i


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
    types = [ctypes.c_int64 if a.type == INTEGER else ctypes.c_void_p for a in writer.arguments]
    call = ctypes.CFUNCTYPE(None, *types)(engine.get_function_address(function.name))
    call.engine = engine  # type: ignore[attr-defined]  # owns the code, so lives as long as it
    return call
