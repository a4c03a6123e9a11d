"""What the columns of a compute-in-memory macro are made of: bit cells, shift-and-add, and what finishes a result."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Shape, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from quadcim.hw.arithmetic.choose import choose
from quadcim.hw.arithmetic.logic import logic_for, negated
from quadcim.hw.arithmetic.narrow import narrow
from quadcim.hw.cim.plan import CimPlan, PlaneSumPlan, folded_affine
from quadcim.hw.cim.plane_sum import PlaneSum
from quadcim.hw.emit.shared import SharedModule
from quadcim.hw.streams.pipeline import register
from quadcim.spec.cim import CimMacro, integer_format
from quadcim.spec.formats import Format
from quadcim.spec.technology import find_technology

__all__ = ["BitCells", "Column", "Finish", "shape"]


def shape(fmt: Format) -> Shape:
    """The shape of raw integers of a format."""
    return Shape(fmt.width, fmt.signed)


class BitCells(wiring.Component):
    """The bit cells of a column, as one module that a hard macro can replace.

    Where ``write`` is set, cell ``bank * rows + row`` takes ``data``; ``weights`` are those of ``bank``.
    """

    write: Value
    data: Value
    bank: Value
    weights: Value

    def __init__(self, macro: CimMacro):
        bank = {"bank": In(macro.bank_bits)} if macro.banks > 1 else {}
        super().__init__({"write": In(macro.rows * macro.banks), "data": In(1), **bank, "weights": Out(macro.rows)})
        self._macro = macro

    def elaborate(self, platform) -> Module:
        """Registers, each with an enable of its own, and the choice of the bank."""
        m, rows, banks = Module(), self._macro.rows, self._macro.banks
        words = []
        for bank in range(banks):
            word = Signal(rows, name=f"bank_{bank}", reset_less=True)
            for row in range(rows):
                with m.If(self.write[bank * rows + row]):
                    m.d.sync += word[row].eq(self.data)
            words.append(word)
        m.d.comb += self.weights.eq(choose(words, self.bank) if banks > 1 else words[0])
        return m


class Column(wiring.Component):
    """Shift-and-add over the planes of a beat.

    ``u = sum over planes of total * 2**(bits per cycle * plane)``; the accumulator holds what is above the bits that
    are settled, so that its adder is as wide as one total.
    """

    planes: Value
    weights: Value
    first: Value
    last: Value
    moves: Value
    u: Value

    def __init__(self, macro: CimMacro, plan: PlaneSumPlan, u: Format, *, cuts: Sequence[int], name: str):
        gated = {"weights": In(plan.rows * plan.code_bits)} if plan.code_bits else {}
        flags = {"first": In(1), "last": In(1)} if macro.planes > 1 else {}
        super().__init__({"planes": In(plan.rows * macro.bits_per_cycle), **gated, **flags,
                          "moves": In(len(cuts) + 1), "u": Out(shape(u))})
        self._macro, self._plan, self._cuts, self._name = macro, plan, tuple(cuts), name
        self._sum = PlaneSum(plan, cuts=cuts, technology=macro.technology)

    def elaborate(self, platform) -> Module:
        """The sums of a plane's bits, and the accumulator that they meet."""
        m, macro = Module(), self._macro
        totals = [self._total(m, bit) for bit in range(macro.bits_per_cycle)]
        low, high = self._range()
        acc = Signal(shape(integer_format(low, high)), name="accumulator", reset_less=True)
        enable, step = self.moves[len(self._cuts)], macro.bits_per_cycle
        added, negative = self._added(m, totals)
        if macro.planes == 1:
            with m.If(enable):
                m.d.sync += acc.eq(-added if macro.signed and step == 1 else added)
            m.d.comb += self.u.eq(acc)
            return m
        settled = Signal((macro.planes - 1) * step, reset_less=True)
        total = logic_for(find_technology(macro.technology)).accumulate(
            m, acc.shift_right(step), added, restart=self.first, negative=negative, width=len(acc))
        with m.If(enable):
            m.d.sync += [acc.eq(total), settled.eq(Cat(settled, acc[:step])[step:])]
        m.d.comb += self.u.eq(Cat(settled, acc))
        return m

    def _total(self, m: Module, bit: int) -> Value:
        total = Signal(shape(self._sum.format), name=f"total_{bit}")
        connections: dict[str, Value] = {"plane": self.planes.word_select(bit, self._plan.rows), "total": total}
        if self._plan.code_bits:
            connections["weights"] = self.weights
        if self._cuts:
            connections["moves"] = self.moves[:len(self._cuts)]
        m.submodules[f"plane_sum_{bit}"] = SharedModule(self._sum, f"{self._name}_sum",
                                                  **connections)
        return total

    def _added(self, m: Module, totals: Sequence[Value]) -> tuple[Value, Value]:
        """What a token adds, and whether it counts negative: the highest bit of a signed activation does."""
        macro, top, (low, high) = self._macro, totals[-1], self._plan.range
        if len(totals) == 1:
            return top, self.last if macro.signed and macro.planes > 1 else Const(0, 1)
        least, most = low, high
        if macro.signed:
            top = -top if macro.planes == 1 else negated(m, top, where=self.last, name="top")
            least, most = min(low, -high), max(high, -low)
        shift = macro.bits_per_cycle - 1
        added, least, most = top << shift, least << shift, most << shift
        for bit, total in enumerate(totals[:-1]):
            least, most = least + (low << bit), most + (high << bit)
            before, added = added, Signal(shape(integer_format(least, most)), name=f"added_{bit}")
            m.d.comb += added.eq(before + (total << bit))
        return added, Const(0, 1)

    def _range(self) -> tuple[int, int]:
        """The least and the most that the accumulator holds."""
        macro, ends, low, high = self._macro, self._plan.range, 0, 0
        seen = [0]
        for plane in range(macro.planes):
            weights = [1 << bit for bit in range(macro.bits_per_cycle)]
            if macro.signed and plane == macro.planes - 1:
                weights[-1] *= -1
            low = (low >> macro.bits_per_cycle) + sum(min(weight * end for end in ends) for weight in weights)
            high = (high >> macro.bits_per_cycle) + sum(max(weight * end for end in ends) for weight in weights)
            seen += [low, high]
        return min(seen), max(seen)


class Finish(wiring.Component):
    """From the sums u of a column and s of all activations to the result."""

    u: Value
    s: Value
    scale: Value
    offset: Value
    bias: Value
    moves: Value
    y: Value

    def __init__(self, plan: CimPlan, u: Format, s: Format, y: Format):
        macro = plan.macro
        self._folded = folded_affine(macro, plan.integers)
        self._widths = [integer_format(min(values), max(values)) for values in zip(*self._folded, strict=True)]
        names = ("scale", "offset", "bias")
        constants = {name: In(shape(fmt)) for name, fmt in zip(names, self._widths, strict=False)}
        super().__init__({"u": In(shape(u)), "s": In(shape(s)), **constants, "moves": In(plan.after.stages),
                          "y": Out(shape(y))})
        self._macro, self._stages, self._y = macro, plan.after, y

    def constants(self, column: int) -> dict[str, Value]:
        """What the constant ports of a column's instance are connected to."""
        names = ("scale", "offset", "bias")
        return {name: Const(value, shape(fmt)) for name, value, fmt in
                zip(names, self._folded[column], self._widths, strict=True)} if self._folded else {}

    def elaborate(self, platform) -> Module:
        """The steps after the accumulators, with the registers that the plan puts behind them."""
        m, live = Module(), {"u": self.u, "s": self.s}
        for index, step in enumerate(self._stages.steps):
            live = self._step(m, step.name, live)
            if index in self._stages.cuts:
                stage = self._stages.cuts.index(index)
                live = dict(register(m, live, stage=stage + 1, moves=self.moves[stage]))
        m.d.comb += self.y.eq(live["y"])
        return m

    def _step(self, m: Module, name: str, live: dict[str, Value]) -> dict[str, Value]:
        match name:
            case "correct":
                a, b = self._macro.correction
                corrected = Signal(shape(self._y), name="corrected")
                m.d.comb += corrected.eq(_times(a, live["u"]) - _times(b, live["s"]))
                return {"y": corrected}
            case "scale":
                return {"scaled": live["u"] * self.scale, "shared": live["s"] * self.offset}
            case "sum":
                return {"sum": live["scaled"] + live["shared"] + self.bias}
            case _:
                assert self._macro.narrow is not None
                return {"y": narrow(m, live["sum"], self._macro.narrow)}


def _times(factor: int, value: Value) -> Value:
    """A product with a positive constant; a shift where that is a power of two."""
    return factor * value if factor & factor - 1 else value << factor.bit_length() - 1
