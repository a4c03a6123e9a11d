"""The hardware that adds up a heap, step by step, as `quadcim.hw.arithmetic.heap` planned it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from amaranth.hdl import Cat, Const, Module, Signal, Value

from quadcim.hw.arithmetic.compressor import ONE, Adder
from quadcim.hw.arithmetic.heap import Heap, HeapBit, RowSum, TreeSum, Wire
from quadcim.hw.arithmetic.logic import PlainLogic, Product, TreeAdder
from quadcim.hw.emit.notes import note
from quadcim.hw.streams.pipeline import Live

__all__ = ["RowSummation", "Summation", "TreeSummation", "summation"]

_WORD = 32


class Summation(Protocol):
    """From operands to the sum.

    ``live`` holds operands by name; those that are not needed any more are narrowed or left out. After the last step
    it holds the result's bits as ``"total"`` and what the heap keeps.
    """

    def enter(self, m: Module, live: Live) -> Live:
        """What has to be alive before the first step, from whole operands."""
        ...

    def build(self, m: Module, name: str, live: Live, *, continues: bool) -> Live:
        """Add the logic of a step; `continues` if the next one is of the same kind and in the same stage."""
        ...


def summation(plan: TreeSum | RowSum, logic: PlainLogic) -> Summation:
    """The builder of a plan."""
    return TreeSummation(plan, logic) if isinstance(plan, TreeSum) else RowSummation(plan, logic)


class _Operands:
    """Operand bits by their index in the whole operand, though only a range of each is held."""

    def __init__(self, live: Live, ranges: Mapping[str, tuple[int, int]]):
        self._live, self._ranges = dict(live), dict(ranges)

    def wire(self, wire: Wire) -> Value:
        bit = self._live[wire.operand][wire.index - self._ranges.get(wire.operand, (0, 0))[0]]
        return ~bit if wire.invert else bit

    def product(self, bit: HeapBit) -> Product:
        return Product(tuple(self.wire(factor) for factor in bit.factors), bit.complement)

    def products(self, row: Sequence[HeapBit]) -> Value:
        """The products of bits of which all but the last factors are the same, and the last ones follow each other."""
        (*common, first), (*_common, last) = row[0].factors, row[-1].factors
        base = self._ranges.get(first.operand, (0, 0))[0]
        value = self._live[first.operand][first.index - base:last.index + 1 - base]
        value = ~value if first.invert else value
        for wire in common:
            value = self.wire(wire).replicate(len(row)) & value
        return ~value if row[0].complement else value

    def add(self, name: str, value: Value) -> None:
        self._live[name] = value

    def narrow(self, ranges: Mapping[str, tuple[int, int]]) -> dict[str, Value]:
        held = {}
        for name, (low, high) in ranges.items():
            base = self._ranges.get(name, (0, 0))[0]
            held[name] = self._live[name][low - base:high - base]
        return held


def _stem(name: str) -> str:
    """What the names of a row's bits begin with."""
    return name.rstrip("0123456789").rstrip("_")


def _rows(bits: Sequence[HeapBit]) -> list[list[HeapBit]]:
    """Bits whose products are one operation on words: one factor is common, the other counts up."""
    alike: dict[object, list[HeapBit]] = {}
    for bit in bits:
        last = bit.factors[-1:]
        key = (_stem(bit.name), bit.complement, bit.factors[:-1], *((wire.operand, wire.invert) for wire in last))
        alike.setdefault(key, []).append(bit)
    rows: list[list[HeapBit]] = []
    for group in alike.values():
        for bit in sorted(group, key=lambda bit: [wire.index for wire in bit.factors]):
            follows = rows and rows[-1][0] in group and bit.factors and (
                bit.factors[-1].index == rows[-1][-1].factors[-1].index + 1)
            if follows:
                rows[-1].append(bit)
            else:
                rows.append([bit])
    return rows


def _constant(heap: Heap) -> Const:
    """The sum of a heap without rows."""
    return Const(heap.constant % (1 << heap.columns) >> heap.guard, heap.columns - heap.guard)


class TreeSummation:
    """The compressor tree, level by level, and the adder, chunk by chunk."""

    def __init__(self, plan: TreeSum, logic: PlainLogic):
        self._plan = plan
        self._logic = logic

    @property
    def _heap(self) -> Heap:
        return self._plan.heap

    def enter(self, m: Module, live: Live) -> Live:
        """Whole operands, which the first step reads; the sum itself where nothing is to be added."""
        if self._plan.chunks:
            return live
        if not self._heap.rows:
            return {**self._kept(live, first=True), "total": _constant(self._heap)}
        products = self._products(m, live) | {ONE: Const(1)}
        bits = [products[column[0]] if column else Const(0) for column in self._plan.tree.columns]
        return {**self._kept(live, first=True), "total": Cat(bits[self._heap.guard:])}

    def build(self, m: Module, name: str, live: Live, *, continues: bool) -> Live:
        """Add the logic of a step."""
        kind, number = name.rsplit("_", 1)
        if kind == "compress":
            return self._compress(m, live, level=int(number))
        if int(number) == 1:
            live = self._addends(m, live)
        return live if continues else self._add(m, live, chunk=int(number))

    def _products(self, m: Module, live: Live) -> dict[str, Value]:
        """The bits of the heap: those of a row that are alike side by side in a word."""
        operands = _Operands(live, {})
        bits: dict[str, Value] = {}
        for group in _rows([bit for row in self._heap.rows for bit in row]):
            first, last = group[0], group[-1]
            if len(first.factors) == 1 and not (first.complement or first.factors[0].invert):
                word = Cat(operands.wire(bit.factors[0]) for bit in group)  # as it is
            elif len(group) == 1:
                word = Signal(name=first.name)
                m.d.comb += word.eq(operands.product(first).value)
            else:
                columns = f"columns {first.column} to {last.column}" if first.column < last.column else (
                    f"column {first.column}")
                word = Signal(len(group),
                              name=f"{_stem(first.name)}_bits_{last.factors[-1].index}_{first.factors[-1].index}",
                              attrs=note(f"Of {columns}"))
                m.d.comb += word.eq(operands.products(group))
            bits |= {bit.name: word[place] for place, bit in enumerate(group)}
        return bits

    def _kept(self, live: Live, *, first: bool) -> dict[str, Value]:
        return _Operands(live, {} if first else self._plan.kept).narrow(self._plan.kept)

    def _compress(self, m: Module, live: Live, *, level: int) -> Live:
        bits = self._products(m, live) if level == 1 else self._unpack(live, level - 1)
        bits |= self._adders(m, self._plan.tree.levels[level - 1], level, bits)
        return {**self._pack(m, bits, level), **self._kept(live, first=level == 1)}

    def _adders(self, m: Module, adders: Sequence[Adder], level: int, bits: Mapping[str, Value]) -> dict[str, Value]:
        """What the adders of a level make of bits."""
        given = [TreeAdder(adder.sum.removeprefix("sum_"), adder.column,
                           tuple(bits[name] for name in adder.inputs if name != ONE), ONE in adder.inputs)
                 for adder in adders]
        made: dict[str, Value] = {}
        for adder, (total, carry) in zip(adders, self._logic.tree_adders(m, level, given), strict=True):
            made |= {adder.sum: total, adder.carry: carry}
        return made

    def _pack(self, m: Module, bits: dict[str, Value], level: int) -> dict[str, Value]:
        """The bits alive after a level, in words: short enough for people and for compilers of simulators."""
        names = self._plan.tree.bits_after[level - 1]
        words: dict[str, Value] = {}
        for number, start in enumerate(range(0, len(names), _WORD)):
            part = names[start:start + _WORD]
            words[f"heap_{number}"] = word = Signal(len(part), name=f"heap_{level}_{number}")
            m.d.comb += word.eq(Cat(bits[name] for name in part))
        return words

    def _unpack(self, live: Live, level: int) -> dict[str, Value]:
        """The bits of the heap by name."""
        return {name: live[f"heap_{index // _WORD}"][index % _WORD]
                for index, name in enumerate(self._plan.tree.bits_after[level - 1])}

    def _addends(self, m: Module, live: Live) -> Live:
        """The two rows that the tree leaves, and the columns below them that are settled."""
        plan, low = self._plan, self._plan.adder_low
        bits = self._unpack(live, len(plan.tree.levels)) if plan.tree.levels else self._products(m, live)
        bits[ONE] = Const(1)
        rows = [Cat(bits[column[row]] if row < len(column) else Const(0) for column in plan.tree.columns)
                for row in (0, 1)]
        held = self._kept(live, first=not plan.tree.levels)
        if low > self._heap.guard:
            held["settled"] = settled = Signal(low - self._heap.guard)
            m.d.comb += settled.eq(rows[0][self._heap.guard:low])
        addend_0 = Signal(self._heap.columns - low)
        addend_1 = Signal(self._heap.columns - low)
        m.d.comb += [addend_0.eq(rows[0][low:]), addend_1.eq(rows[1][low:])]
        return {**held, "addend_0": addend_0, "addend_1": addend_1}

    def _add(self, m: Module, live: Live, *, chunk: int) -> Live:
        """Add from where the last cut left off to the end of a chunk."""
        columns, guard, high = self._heap.columns, self._heap.guard, self._plan.chunks[chunk - 1][1]
        live = dict(live)
        rows = live.pop("addend_0"), live.pop("addend_1")
        low = columns - len(rows[0])
        settled, carry = live.pop("settled", Const(0, 0)), live.pop("carry", None)
        part = Signal(high - low + int(high < columns), name=f"sum_{chunk}")
        first, second = (row[:high - low] for row in rows)
        if carry is None:
            m.d.comb += part.eq(first + second)
        else:  # the carry enters through one more column below, so that there is one carry chain
            m.d.comb += part.eq((Cat(Const(1), first) + Cat(carry, second))[1:])
        done = Cat(settled, part[min(max(guard - low, 0), high - low):high - low])
        if high == columns:
            return {**live, "total": done}
        return {**live, "settled": done, "carry": part[-1], "addend_0": rows[0][high - low:],
                "addend_1": rows[1][high - low:]}


class RowSummation:
    """Row after row into the accumulator."""

    def __init__(self, plan: RowSum, logic: PlainLogic):
        self._plan = plan
        self._logic = logic

    def enter(self, m: Module, live: Live) -> Live:
        """The operand bits that some row reads; the sum itself where there are no rows."""
        held = _Operands(live, {}).narrow(self._plan.live(0))
        return held if self._plan.heap.rows else {**held, "total": _constant(self._plan.heap)}

    def build(self, m: Module, name: str, live: Live, *, continues: bool) -> Live:
        """Add the logic of a step."""
        plan, index = self._plan, int(name.removeprefix("row_")) - 1
        operands = _Operands(live, plan.live(index))
        row = plan.heap.rows[index]
        for operand in dict.fromkeys(wire.operand for bit in row for wire in bit.factors):
            if plan.is_late(operand) and not self._is_absorbed(operand, index):
                lookup = plan.heap.lookups[operand]
                operands.add(operand, self._logic.look_up(m, lookup, [operands.wire(wire) for wire in lookup.address]))
        held = operands.narrow(plan.live(index + 1))
        total = self._accumulate(m, operands, index, live.get("total"))
        low, high = plan.accumulator(index + 1)
        shift = low - plan.spans[index + 1][0]
        return {**held, "total": total[shift:shift + high - low]}

    def _accumulate(self, m: Module, operands: _Operands, index: int, held: Value | None) -> Value:
        """The accumulator after a row, on all the columns of its span."""
        plan, row, number = self._plan, self._plan.heap.rows[index], index + 1
        (low, high), span = plan.spans[index + 1], plan.adder_span(index)
        bits = {bit.column: self._product(operands, bit, index) for bit in row}
        before, (held_low, held_high) = self._before(index, held), plan.spans[index]
        total = Signal(high - low, name=f"sum_{number}")
        start = span[0] if span else high
        # Below the adder, columns come from the accumulator or from the row as they are.
        passed = [before[column - held_low] if held_low <= column < held_high else
                  bits[column].value if column in bits else Const(0) for column in range(low, start)]
        added: Value = Const(0, 0)
        if span:
            shifted = {column - start: product for column, product in bits.items() if column >= start}
            added = self._logic.row_adder(m, str(number), before[start - held_low:], shifted, span[1] - start)
        m.d.comb += total.eq(Cat(*passed, added))
        return total

    def _is_absorbed(self, operand: str, index: int) -> bool:
        """Whether the adder of a row takes in a late table: a small one, whose bits are all added as they are."""
        row, span = self._plan.heap.rows[index], self._plan.adder_span(index)
        return (self._plan.is_late(operand) and self._logic.absorbs(self._plan.heap.lookups[operand])
                and span is not None and span[0] <= self._plan.row_span(index)[0]
                and all(len(bit.factors) < 2 for bit in row))

    def _product(self, operands: _Operands, bit: HeapBit, index: int) -> Product:
        """A bit of a row; that of a table which the adder takes in is a function of the table's address."""
        if not bit.factors or not self._is_absorbed(bit.factors[0].operand, index):
            return operands.product(bit)
        lookup = self._plan.heap.lookups[bit.factors[0].operand]
        column = tuple(entry >> bit.factors[0].index & 1 for entry in lookup.entries)
        return Product(tuple(operands.wire(wire) for wire in lookup.address), contents=column)

    def _before(self, index: int, held: Value | None) -> Value:
        """The accumulator before a row from its lowest column in use; at first, the constant."""
        low, high = self._plan.spans[index]
        if index == 0:
            return Const(self._plan.heap.constant % (1 << self._plan.heap.columns) >> low, high - low)
        assert held is not None
        first = self._plan.accumulator(index)[0]
        # Settled columns below the guard are not held; nothing reads them.
        return Cat(Const(0, first - low), held)
