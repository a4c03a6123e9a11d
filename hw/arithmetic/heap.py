"""Heaps of weighted bits, and the two ways to add them up. Standard library only.

`TreeSum` is for gates: a compressor tree and one carry-propagate adder. `RowSum` is for FPGAs with carry chains: row by
row into an accumulator, where a LUT forms the partial product and the sum bit at once, so that each bit of the heap
costs one LUT. Both are planned here, so that a pipeline can be planned without elaborating anything, and built by
`quadcim.hw.arithmetic.summation`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from quadcim.hw.arithmetic.compressor import CompressorTree
from quadcim.spec.delay import DelayModel
from quadcim.spec.pipeline import Step

__all__ = ["Heap", "HeapBit", "Lookup", "RowSum", "TreeSum", "Wire", "live_width"]

_CHUNK = 8
"""Bits of a carry-propagate adder between two places where a register may cut it."""


@dataclass(frozen=True, slots=True)
class Wire:
    """A bit of an operand, or its complement."""

    operand: str
    index: int
    invert: bool = False


@dataclass(frozen=True, slots=True)
class HeapBit:
    """The product of up to two wires, or its complement, at ``2**column``; without any it is a constant 1."""

    name: str
    column: int
    factors: tuple[Wire, ...]
    complement: bool = False


@dataclass(frozen=True, slots=True)
class Lookup:
    """An operand that is a truth table of other operands' bits, the lowest first."""

    name: str
    address: tuple[Wire, ...]
    width: int
    entries: tuple[int, ...]


@dataclass(frozen=True)
class Heap:
    """What is to be added, modulo ``2**columns``.

    Parameters
    ----------
    rows : tuple of tuple of HeapBit
        Each row has at most one bit in a column. They are added in this order where rows are.
    constant : int
        Added to them.
    columns : int
        Columns that are kept.
    guard : int
        How many of them lie below the result's last bit.
    lookups : mapping
        The operands that are truth tables, by name.
    kept : tuple of Wire
        Operand bits that are needed after the sum.
    """

    rows: tuple[tuple[HeapBit, ...], ...]
    constant: int
    columns: int
    guard: int
    lookups: Mapping[str, Lookup]
    kept: tuple[Wire, ...] = ()


def live_width(wires: Iterable[tuple[str, int]]) -> dict[str, tuple[int, int]]:
    """The range of each operand that has to be held, from its lowest to its highest bit in use."""
    ranges: dict[str, tuple[int, int]] = {}
    for operand, index in wires:
        low, high = ranges.get(operand, (index, index + 1))
        ranges[operand] = min(low, index), max(high, index + 1)
    return dict(sorted(ranges.items()))


def _bits(ranges: Mapping[str, tuple[int, int]]) -> int:
    return sum(high - low for low, high in ranges.values())


class TreeSum:
    """A compressor tree and a carry-propagate adder, which registers may cut every few bits.

    Parameters
    ----------
    heap : Heap
        What to add.

    Attributes
    ----------
    heap : Heap
        As given.
    tree : CompressorTree
        The schedule.
    chunks : tuple of (int, int)
        Columns from and to which each step of the adder adds.
    """

    def __init__(self, heap: Heap):
        self.heap = heap
        columns: list[list[str]] = [[] for _ in range(heap.columns)]
        for row in heap.rows:
            for bit in row:
                columns[bit.column].append(bit.name)
        self.tree = CompressorTree(columns, heap.constant)
        low = self.adder_low
        # Without anything to add, the heap is its own sum.
        count = max(int(heap.columns > low), round((heap.columns - low) / _CHUNK))
        edges = [low + (heap.columns - low) * chunk // count for chunk in range(count + 1)] if count else [low]
        self.chunks = tuple(pairwise(edges))

    @property
    def adder_low(self) -> int:
        """The lightest column in which two bits are left to add."""
        return next((weight for weight, column in enumerate(self.tree.columns) if len(column) > 1),
                    self.heap.columns)

    @property
    def kept(self) -> dict[str, tuple[int, int]]:
        """The operands that outlive the sum."""
        return live_width((wire.operand, wire.index) for wire in self.heap.kept)

    def steps(self, delays: DelayModel) -> list[Step]:
        """One for each level of the tree, and one for each chunk of the adder."""
        steps, kept = [], _bits(self.kept)
        for number, bits in enumerate(self.tree.bits_after, 1):
            products = delays.product_ps if number == 1 else 0
            steps.append(Step(f"compress_{number}", products + delays.full_adder_ps, len(bits) + kept))
        products = 0 if self.tree.levels else delays.product_ps
        start = self.adder_low
        for number, (low, high) in enumerate(self.chunks, 1):
            whole, alone = delays.carry_propagate_adder_ps(high - start), delays.carry_propagate_adder_ps(high - low)
            before = delays.carry_propagate_adder_ps(low - start) if low > start else 0
            waiting = sum(min(len(column), 2) for column in self.tree.columns[high:]) + int(high < self.heap.columns)
            done = high - self.heap.guard if high > self.heap.guard else 0
            first = products if number == 1 else 0
            steps.append(Step(f"add_{number}", first + whole - before, waiting + done + kept,
                              restart_ps=max(alone - (whole - before), 0)))
        return steps


class RowSum:
    """Row after row into an accumulator; the constant and then the rows as the heap lists them.

    Parameters
    ----------
    heap : Heap
        What to add.
    plus_one : bool
        Whether each adder adds 1 more, in its lowest column; the last row makes up for that.

    Attributes
    ----------
    heap, plus_one
        As given.
    spans : list of (int, int)
        Columns of the accumulator, from and to, before each row and after the last.
    """

    def __init__(self, heap: Heap, *, plus_one: bool):
        self.heap = heap
        self.plus_one = plus_one
        self.spans = [self._constant_span()]
        largest = heap.constant % (1 << heap.columns)
        for index, row in enumerate(heap.rows):
            low, high = self.spans[-1]
            first, last = self.row_span(index)
            carry = int(self._meets(index))
            largest += sum(1 << bit.column for bit in row) + (carry * plus_one << max(first, low))
            top = min(max(high, last) + carry, heap.columns, max(largest.bit_length(), last))
            self.spans.append((first if low == high else min(low, first), top))

    def row_span(self, index: int) -> tuple[int, int]:
        """The columns of a row; the last one reaches down to the accumulator's lowest, to make up for the excess."""
        columns = [bit.column for bit in self.heap.rows[index]]
        low, high = self.spans[index]
        last = index == len(self.heap.rows) - 1
        reach = [self.heap.guard, *([low] if low < high else [])] if last else []
        return min(columns + reach), max(columns) + 1

    def _constant_span(self) -> tuple[int, int]:
        constant = self.heap.constant % (1 << self.heap.columns)
        return ((constant & -constant).bit_length() - 1, constant.bit_length()) if constant else (0, 0)

    def adder_span(self, index: int) -> tuple[int, int] | None:
        """The columns that the adder of a row spans; None if the row needs none."""
        low, first = self.spans[index][0], self.row_span(index)[0]
        return (max(first, low), self.spans[index + 1][1]) if self._meets(index) else None

    def _meets(self, index: int) -> bool:
        """Whether a row and the accumulator share columns; the last one has to make up for the excess."""
        (low, high), (first, last) = self.spans[index], self.row_span(index)
        return low < high and first < high and (low < last or index == len(self.heap.rows) - 1)

    @property
    def excess(self) -> int:
        """What the adders add besides the rows."""
        spans = (self.adder_span(index) for index in range(len(self.heap.rows)))
        return sum(1 << span[0] for span in spans if span and self.plus_one)

    def live(self, index: int) -> dict[str, tuple[int, int]]:
        """The operands that have to be held after `index` rows."""
        later = [bit for row in self.heap.rows[index:] for bit in row]
        wires = {(wire.operand, wire.index) for bit in later for wire in bit.factors}
        return live_width(self._held(wires) | {(wire.operand, wire.index) for wire in self.heap.kept})

    def _held(self, wires: set[tuple[str, int]]) -> set[tuple[str, int]]:
        """Tables that one row alone reads are looked up when it is added; till then their address is held."""
        late = {wire for wire in wires if self.is_late(wire[0])}
        behind = {(wire.operand, wire.index) for operand, _ in late for wire in self.heap.lookups[operand].address}
        return (wires - late) | behind

    def is_late(self, operand: str) -> bool:
        """Whether an operand is a table that one row alone reads."""
        readers = sum(any(wire.operand == operand for bit in row for wire in bit.factors) for row in self.heap.rows)
        return operand in self.heap.lookups and readers == 1

    def accumulator(self, index: int) -> tuple[int, int]:
        """The columns of the accumulator that have to be held after `index` rows."""
        low, high = self.spans[index]
        later = [self.row_span(row)[0] for row in range(index, len(self.heap.rows))]
        return max(low, min([self.heap.guard, *later])), high

    def steps(self, delays: DelayModel) -> list[Step]:
        """One for each row that is added."""
        steps = []
        for index, row in enumerate(self.heap.rows):
            span = self.adder_span(index)
            late = [self.heap.lookups[wire.operand] for wire in row[0].factors if self.is_late(wire.operand)]
            table = max((delays.table_ps(len(lookup.address)) for lookup in late), default=0)
            low, high = self.accumulator(index + 1)
            added = delays.row_adder_ps(span[1] - span[0]) if span else 0
            steps.append(Step(f"row_{index + 1}", table + added, max(high - low, 0) + _bits(self.live(index + 1))))
        return steps
