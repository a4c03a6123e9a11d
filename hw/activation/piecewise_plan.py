"""The steps of a piecewise unit, planned without elaborating anything. Standard library only.

All of `quadcim.spec.piecewise` is one heap: the base, the partial products of the line and of the square, and the
corrections. The sign of a folded function costs one more bit of it, as in phi: from bit `guard` up the heap reads
``|Y|``, or ``~Y`` where the result is to be negated.
"""

from quadcim.hw.arithmetic.heap import Heap, HeapBit, Lookup, RowSum, TreeSum, Wire, live_width
from quadcim.spec.activation import Activation
from quadcim.spec.delay import DelayModel
from quadcim.spec.piecewise import Correction, PiecewiseIntegers
from quadcim.spec.pipeline import Step
from quadcim.spec.technology import Technology

__all__ = ["NEGATIVE", "PiecewisePlan"]

NEGATIVE = Wire("negative", 0)
_REFLECTED = Wire("reflected", 0)
_LUT_INPUTS = 6


class PiecewisePlan:
    """What a piecewise unit builds.

    Parameters
    ----------
    activation : Activation
        Formats and rounding.
    integers : PiecewiseIntegers
        The frozen integers.
    technology : Technology
        How the heap is added up.

    Attributes
    ----------
    activation, integers, technology
        As given.
    mirrored_low : int
        The lowest bit of the offset that is counted from the segment's middle; the offset's width if none is.
    sum : TreeSum or RowSum
        The heap, and how it is added up.
    early : tuple of Lookup
        The tables that are read before the sum begins.
    """

    def __init__(self, activation: Activation, integers: PiecewiseIntegers, technology: Technology):
        self.activation = activation
        self.integers = integers
        self.technology = technology
        self.mirrored_low = integers.offset_bits
        self._lookups: dict[str, Lookup] = {}
        self._constant = 0
        rows = self._rows()
        folded = bool(integers.fold.sign)
        columns = activation.output.width + integers.guard_bits
        heap = Heap(rows, self._constant % (1 << columns), columns, integers.guard_bits, self._lookups,
                    (NEGATIVE,) if folded else ())
        self.sum = RowSum(heap, plus_one=technology.plus_one) if technology.rows else TreeSum(heap)
        self.early = tuple(lookup for name, lookup in self._lookups.items()
                           if not (isinstance(self.sum, RowSum) and self.sum.is_late(name)))

    def _rows(self) -> tuple[tuple[HeapBit, ...], ...]:
        """The heap's bits: the base comes last, so that the accumulator of a `RowSum` grows no sooner than needed."""
        integers, rows = self.integers, []
        if integers.slope:
            rows += self._line()
        if integers.square:
            rows += self._square()
        rows += [self._correction(number, entry) for number, entry in enumerate(integers.corrections)]
        columns = self.activation.output.width + integers.guard_bits
        # The sum is modulo 2**columns.
        rows = [tuple(bit for bit in row if bit.column < columns) for row in rows]
        rows = [row for row in rows if row]
        if integers.fold.sign:
            rows = self._with_sign(rows)
        # The constants of the other rows are in the base.
        entries = [(value + self._constant - self._excess(rows, columns)) % (1 << columns) for value in integers.base]
        self._constant = 0
        base = self._table_row("base", self._segment(integers.address_bits), columns, entries)
        if self.technology.rows and (rows or base):
            ones = (HeapBit(f"one_{bit}", bit, ()) for bit in range(columns) if self._constant >> bit & 1)
            base, self._constant = tuple(sorted((*base, *ones), key=lambda bit: bit.column)), 0
        return (*rows, base) if base else tuple(rows)

    def _excess(self, rows: list[tuple[HeapBit, ...]], columns: int) -> int:
        """What a `RowSum` of some rows and the base adds besides them."""
        if not self.technology.rows or not rows:
            return 0
        base = tuple(HeapBit("", column, ()) for column in range(columns))
        return RowSum(Heap((*rows, base), 0, columns, 0, {}), plus_one=self.technology.plus_one).excess

    def _segment(self, bits: int) -> tuple[Wire, ...]:
        """The upper bits of the segment."""
        low = self.integers.address_bits - bits
        return tuple(Wire("segment", low + index) for index in range(bits))

    def _look_up(self, name: str, address: tuple[Wire, ...], width: int, entries: list[int]) -> None:
        self._lookups[name] = Lookup(name, address, width, tuple(entries))

    def _table_row(self, name: str, address: tuple[Wire, ...], width: int, entries: list[int]) -> tuple[HeapBit, ...]:
        """A row that is a table; columns in which all entries agree are constants, and equal columns one bit."""
        used = [bit for bit in range(width) if len({entry >> bit & 1 for entry in entries}) > 1]
        self._constant += sum(1 << bit for bit in range(width) if bit not in used and entries[0] >> bit & 1)
        if not used:
            return ()
        packed = [sum((entry >> bit & 1) << index for index, bit in enumerate(used)) for entry in entries]
        self._look_up(name, address, len(used), packed)
        return tuple(HeapBit(f"{name}_{bit}", bit, (Wire(name, index),)) for index, bit in enumerate(used))

    def _line(self) -> list[tuple[HeapBit, ...]]:
        """The truncated product, a row for each bit of the offset, and the slope once more where z is reflected."""
        integers = self.integers
        width, shift = integers.slope_bits, integers.slope_shift
        mask = (1 << width) - 1
        if integers.address_bits:
            entries = [slope & mask for slope in integers.slope]
            self._look_up("slope", self._segment(integers.address_bits), width, entries)
        gates = [(Wire("offset", bit), bit) for bit in range(integers.offset_bits)]
        if integers.fold.reflect >= 0:
            gates.insert(0, (_REFLECTED, 0))
        return [self._line_row(gate, weight - shift) for gate, weight in gates]

    def _line_row(self, gate: Wire, weight: int) -> tuple[HeapBit, ...]:
        """The slope times one bit; the sign bit of a slope weighs -1: ``-ab = ~(ab) - 1`` there."""
        top = self.integers.slope_bits - 1
        bits = []
        for index in range(top + 1):
            column = index + weight
            signed = index == top and self.integers.slope_signed
            # The floor of what is cut off: a sign bit that falls below column 0 still counts -1 there.
            if (column < 0 and not signed) or not self._may_be_set(index):
                continue
            name = f"slope_{index}_{gate.operand}_{gate.index}"
            factors = (Wire("slope", index), gate) if "slope" in self._lookups else (gate,)
            bits.append(HeapBit(name, max(column, 0), factors, complement=signed))
            if signed:
                self._constant -= 1 << max(column, 0)
        return tuple(bits)

    def _may_be_set(self, index: int) -> bool:
        """Whether a bit of the slope is set in some segment; where there is one alone, it is known."""
        return any(slope >> index & 1 for slope in self.integers.slope)

    def _square(self) -> list[tuple[HeapBit, ...]]:
        """The truncated product of a table of squares and a table of coefficients."""
        square = self.integers.square
        assert square is not None
        self._look_up("square", self._mirrored(square.low, square.width), square.square_bits, list(square.squares))
        if square.address_bits:
            self._look_up("curvature", self._segment(square.address_bits), square.coefficient_bits,
                          list(square.coefficients))
        rows = []
        for bit in range(square.square_bits):
            row = []
            for index in range(square.coefficient_bits):
                column, name = bit + index - square.shift, f"curvature_{index}_square_{bit}"
                if column < 0:
                    continue
                if square.address_bits:
                    row.append(HeapBit(name, column, (Wire("curvature", index), Wire("square", bit))))
                elif square.coefficients[0] >> index & 1:
                    row.append(HeapBit(name, column, (Wire("square", bit),)))
            rows.append(tuple(row))
        return rows

    def _mirrored(self, low: int, width: int) -> tuple[Wire, ...]:
        self.mirrored_low = min(self.mirrored_low, low)
        return tuple(Wire("mirrored", low + index) for index in range(width))

    def _correction(self, number: int, entry: Correction) -> tuple[HeapBit, ...]:
        name, upper = f"correction_{number}", self._segment(entry.address_bits)
        entries = list(entry.entries)
        if not entry.folded:
            address = tuple(Wire("offset", entry.low + index) for index in range(entry.width))
        elif self.technology.rows and entry.address_bits + entry.width < _LUT_INPUTS:
            # One more input of a LUT that has it to spare is cheaper than the exclusive-ors before it.
            address = tuple(Wire("offset", entry.low + index) for index in range(entry.width + 1))
            count = 1 << entry.width
            groups = [entries[start:start + count] for start in range(0, len(entries), count)]
            entries = [value for group in groups for value in (*group[::-1], *group)]
        else:
            address = self._mirrored(entry.low, entry.width)
        return self._table_row(name, address + upper, entry.value_bits, entries)

    def _with_sign(self, rows: list[tuple[HeapBit, ...]]) -> list[tuple[HeapBit, ...]]:
        """Subtract ``total + 1`` ulp where the result is negated: bits where it is not, and a constant."""
        guard, width = self.integers.guard_bits, self.activation.output.width
        amount = (self.integers.fold.total + 1) % (1 << width)
        self._constant -= amount << guard
        for column in (guard + bit for bit in range(width) if amount >> bit & 1):
            new = HeapBit(f"not_negative_{column}", column, (Wire("negative", 0, invert=True),))
            free = [index for index, row in enumerate(rows) if all(other.column != column for other in row)]
            if free:
                best = min(free, key=lambda index: _stretch(rows[index], column))
                rows[best] = tuple(sorted((*rows[best], new), key=lambda bit: bit.column))
            else:
                rows.append((new,))
        return rows

    @property
    def operands_of_sum(self) -> frozenset[str]:
        """The operands that are read after the tables."""
        if isinstance(self.sum, RowSum):
            return frozenset(self.sum.live(0))
        return frozenset(wire.operand for row in self.sum.heap.rows for bit in row for wire in bit.factors) | {
            wire.operand for wire in self.sum.heap.kept}

    @property
    def is_constant(self) -> bool:
        """Whether every input has the same result."""
        return not self.sum.heap.rows and not self.integers.fold.sign

    @property
    def is_folded(self) -> bool:
        """Whether there is a fold before everything else."""
        return self.integers.fold.reflect >= 0

    def steps(self, delays: DelayModel) -> tuple[Step, ...]:
        """The steps, each of which may end a stage."""
        integers, steps = self.integers, []
        sign = int(bool(integers.fold.sign))
        if self.is_folded:
            steps.append(Step("fold", delays.exclusive_or_ps, integers.fold.bits + 1 + sign))
        if integers.breaks:
            held = self._held_operands if self.early else self._after_lookup()
            steps.append(Step("compare", delays.carry_propagate_adder_ps(integers.fold.bits) + delays.exclusive_or_ps,
                              held))
        if self.early:
            mirrored = delays.exclusive_or_ps if any(
                wire.operand == "mirrored" for lookup in self.early for wire in lookup.address) else 0
            delay = mirrored + max(delays.table_ps(len(lookup.address)) for lookup in self.early)
            steps.append(Step("lookup", delay, self._after_lookup()))
        steps += self.sum.steps(delays)
        if not sign and {step.name for step in steps} <= {"fold", "compare"}:  # nothing to add: the sum is wires
            steps.append(Step("wire", 0, 0 if self.is_constant else self.activation.output.width))
        if sign:
            steps.append(Step("sign", delays.exclusive_or_ps, self.activation.output.width))
        return tuple(steps)

    @property
    def _held_operands(self) -> int:
        """Bits of the segment's number, the offset and what the fold leaves besides."""
        integers = self.integers
        return integers.address_bits + integers.offset_bits + int(self.is_folded) + int(bool(integers.fold.sign))

    def _after_lookup(self) -> int:
        """Bits that are alive before the sum begins."""
        if isinstance(self.sum, RowSum):
            held = self.sum.live(0)
        elif not self.sum.chunks:
            return self.activation.output.width + len(self.sum.heap.kept)
        else:
            wires = [wire for row in self.sum.heap.rows for bit in row for wire in bit.factors]
            held = live_width((wire.operand, wire.index) for wire in (*wires, *self.sum.heap.kept))
        return sum(high - low for low, high in held.values())


def _stretch(row: tuple[HeapBit, ...], column: int) -> int:
    """By how many columns a row grows to hold one more."""
    columns = [bit.column for bit in row]
    return max(min(columns) - column, column - max(columns), 0)
