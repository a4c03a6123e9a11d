"""The compute-in-memory macro as a stream component."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from quadcim.hw.cim_plan import (
    TABLE_BITS,
    TABLE_COLUMNS,
    CimPlan,
    PlaneSumPlan,
    constant_rows,
    folded_affine,
    table_groups,
)
from quadcim.hw.logic import logic_for
from quadcim.hw.narrow import narrow
from quadcim.hw.partial_sums import PartialSumCells, PartialSumWriter
from quadcim.hw.pipeline import register
from quadcim.hw.plane_sum import PlaneSum
from quadcim.hw.shared import SharedModule
from quadcim.spec.cim import CimMacro, integer_format
from quadcim.spec.formats import Format
from quadcim.spec.technology import find_technology

__all__ = ["CimUnit"]


def _shape(fmt: Format) -> Shape:
    return Shape(fmt.width, fmt.signed)


def _choose(choices: Sequence[Value], number: Value) -> Value:
    """``choices[number]`` by multiplexers of two, one layer for each bit of the number."""
    layer = list(choices)
    for bit in number:
        pairs = [layer[index:index + 2] for index in range(0, len(layer), 2)]
        layer = [Mux(bit, pair[1], pair[0]) if len(pair) == 2 else pair[0] for pair in pairs]
    return layer[0]


class _Cells(wiring.Component):
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
        m, rows, banks = Module(), self._macro.rows, self._macro.banks
        words = []
        for bank in range(banks):
            word = Signal(rows, name=f"bank_{bank}", reset_less=True)
            for row in range(rows):
                with m.If(self.write[bank * rows + row]):
                    m.d.sync += word[row].eq(self.data)
            words.append(word)
        m.d.comb += self.weights.eq(_choose(words, self.bank) if banks > 1 else words[0])
        return m


class _Column(wiring.Component):
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
                          "moves": In(len(cuts) + 1), "u": Out(_shape(u))})
        self._macro, self._cuts, self._name, self._rows = macro, tuple(cuts), name, plan.rows
        self._sum = PlaneSum(plan, cuts=cuts, technology=macro.technology)
        self._gated = bool(plan.code_bits)

    def elaborate(self, platform) -> Module:
        m, macro = Module(), self._macro
        totals = [self._total(m, bit) for bit in range(macro.bits_per_cycle)]
        low, high = self._range(self._sum.format)
        acc = Signal(_shape(integer_format(low, high)), name="accumulator", reset_less=True)
        enable, step = self.moves[len(self._cuts)], macro.bits_per_cycle
        added, negative = self._added(totals)
        if macro.planes == 1:
            with m.If(enable):
                m.d.sync += acc.eq(-added if macro.signed and step == 1 else added)
            m.d.comb += self.u.eq(acc)
            return m
        settled = Signal((macro.planes - 1) * step, reset_less=True)
        total = logic_for(find_technology(macro.technology)).accumulate(
            m, acc >> step, added, restart=self.first, negative=negative, width=len(acc))
        with m.If(enable):
            m.d.sync += [acc.eq(total), settled.eq(Cat(settled, acc[:step])[step:])]
        m.d.comb += self.u.eq(Cat(settled, acc))
        return m

    def _total(self, m: Module, bit: int) -> Value:
        total = Signal(_shape(self._sum.format), name=f"total_{bit}")
        connections: dict[str, Value] = {"plane": self.planes.word_select(bit, self._rows), "total": total}
        if self._gated:
            connections["weights"] = self.weights
        if self._cuts:
            connections["moves"] = self.moves[:len(self._cuts)]
        m.submodules[f"plane_sum_{bit}"] = SharedModule(self._sum, f"{self._name}_sum", clocked=bool(self._cuts),
                                                  **connections)
        return total

    def _added(self, totals: Sequence[Value]) -> tuple[Value, Value]:
        """What a token adds, and whether it counts negative: the highest bit of a signed activation does."""
        macro, top = self._macro, totals[-1]
        if len(totals) == 1:
            return top, self.last if macro.signed and macro.planes > 1 else Const(0, 1)
        if macro.signed:
            top = -top if macro.planes == 1 else Mux(self.last, -top, top)
        added = top << macro.bits_per_cycle - 1
        for bit, total in enumerate(totals[:-1]):
            added = added + (total << bit)
        return added, Const(0, 1)

    def _range(self, total: Format) -> tuple[int, int]:
        """The least and the most that the accumulator holds."""
        macro, ends, low, high = self._macro, (total.minimum, total.maximum), 0, 0
        seen = [0]
        for plane in range(macro.planes):
            weights = [1 << bit for bit in range(macro.bits_per_cycle)]
            if macro.signed and plane == macro.planes - 1:
                weights[-1] *= -1
            low = (low >> macro.bits_per_cycle) + sum(min(weight * end for end in ends) for weight in weights)
            high = (high >> macro.bits_per_cycle) + sum(max(weight * end for end in ends) for weight in weights)
            seen += [low, high]
        return min(seen), max(seen)


class _Finish(wiring.Component):
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
        constants = {name: In(_shape(fmt)) for name, fmt in zip(names, self._widths, strict=False)}
        super().__init__({"u": In(_shape(u)), "s": In(_shape(s)), **constants, "moves": In(plan.after.stages),
                          "y": Out(_shape(y))})
        self._macro, self._stages = macro, plan.after

    def constants(self, column: int) -> dict[str, Value]:
        """What the constant ports of a column's instance are connected to."""
        names = ("scale", "offset", "bias")
        return {name: Const(value, _shape(fmt)) for name, value, fmt in
                zip(names, self._folded[column], self._widths, strict=True)} if self._folded else {}

    def elaborate(self, platform) -> Module:
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
                return {"y": a * live["u"] - b * live["s"]}
            case "scale":
                return {"scaled": live["u"] * self.scale, "shared": live["s"] * self.offset}
            case "sum":
                return {"sum": live["scaled"] + live["shared"] + self.bias}
            case _:
                assert self._macro.narrow is not None
                return {"y": narrow(m, live["sum"], self._macro.narrow)}


class CimUnit(wiring.Component):
    """A compute-in-memory macro.

    A beat in holds all activations, row 0 in the low bits, and above them the number of the bank; it is accepted with
    its last plane. A beat out holds all columns, column 0 in the low bits. A beat of `w` holds a weight for each
    column, above them the number of the row and that of the bank; it is taken at once, and counts for planes from the
    next cycle on. Latency: ``plan.whole.latency_cycles`` cycles from an accepted beat to the beat out. Throughput: one
    beat in as many cycles as it has planes, under any stall pattern as far as the output is taken.

    Parameters
    ----------
    plan : CimPlan
        The macro, its integers, and its registers.

    Attributes
    ----------
    i, o : stream
        Activations in, results out, in the same order.
    w : stream
        Weights in, if they are loaded at run time.
    """

    i: stream.Interface
    o: stream.Interface
    w: stream.Interface

    def __init__(self, plan: CimPlan):
        macro = self._macro = plan.macro
        self._plan = plan
        self._u = macro.sum_format(plan.integers)
        self._s = macro.sum_format(plan.integers, reference=True)
        self._y = macro.output_format(plan.integers)
        signature = {
            "i": In(stream.Signature(macro.rows * macro.activation_bits + macro.bank_bits)),
            "o": Out(stream.Signature(macro.columns * self._y.width))}
        if macro.storage != "constant":
            signature["w"] = In(stream.Signature(macro.columns + macro.row_bits + macro.bank_bits))
        super().__init__(signature)

    def elaborate(self, platform) -> Module:
        """The control of the planes, the columns side by side, and what follows their accumulators."""
        m, plan = Module(), self._plan
        writer = None
        if self._macro.storage == "lutram":
            row, _bank = self._offered_row(m)
            writer = PartialSumWriter.build(m, row=row, weights=self.w.payload[:self._macro.columns])
            m.d.comb += self.w.ready.eq(~writer.busy)
        tokens = self._control(m, Const(0, 1) if writer is None else writer.busy)
        planes, bank = self._select(m, tokens)
        columns = self._columns(m, planes, bank, tokens) if writer is None else self._stored(m, planes, writer, tokens)
        if not plan.after.steps:
            m.d.comb += self.o.payload.eq(Cat(columns))
            return m
        assert plan.reference is not None
        reference = _Column(self._macro, plan.reference, self._s, cuts=plan.reference_cuts, name="reference")
        s = Signal(_shape(self._s), name="s")
        m.submodules.reference = SharedModule(reference, "reference", clocked=True, planes=Cat(planes), u=s,
                                              **tokens.connections)
        finish = _Finish(plan, self._u, self._s, self._y)
        for index, u in enumerate(columns):
            y = Signal(self._y.width, name=f"y_{index}")
            m.submodules[f"finish_{index}"] = SharedModule(
                finish, "finish", clocked=True, u=u, s=s, moves=tokens.after, y=y, **finish.constants(index))
            columns[index] = y
        m.d.comb += self.o.payload.eq(Cat(columns))
        return m

    def _control(self, m: Module, stopped: Value) -> "_Tokens":
        """The handshake: a token is a plane; after the accumulators, a token is a result.

        While LUTRAM is written, no token passes the place where it is read.
        """
        macro, before, after = self._macro, self._plan.before.stages, self._plan.after.stages
        first, last, plane = Const(1), Const(1), None
        moves = [Signal(name=f"stage{number}_moves") for number in range(1, before + after + 1)]
        lookup = int(self._plan.selected)
        accepts = moves[0] & ~stopped if lookup == 0 else moves[0]
        valid = [self.i.valid, *(Signal(name=f"stage{number}_valid") for number in range(1, before + after + 1))]
        if macro.planes > 1:
            plane = Signal(range(macro.planes), name="plane")
            first, last = Signal(name="first"), Signal(name="last")
            m.d.comb += [first.eq(~plane.any()), last.eq(plane == macro.planes - 1)]
            with m.If(self.i.valid & accepts):
                m.d.sync += plane.eq(Mux(last, 0, plane + 1))
        flags = {"first": first, "last": last}
        selected = {}
        for stage, move in enumerate(moves):
            ready = moves[stage + 1] if stage + 1 < len(moves) else self.o.ready
            ready = ready & ~stopped if stage + 1 == lookup else ready
            m.d.comb += move.eq(ready | ~valid[stage + 1])
            entering = valid[stage] & ~stopped if stage == lookup else valid[stage]
            # The accumulators hand on a result with a beat's last plane only.
            entering = entering & flags["last"] if stage == before - 1 else entering
            with m.If(move):
                m.d.sync += valid[stage + 1].eq(entering)
            if stage < before - 1 and macro.planes > 1:
                flags = dict(register(m, flags, stage=stage + 1, moves=move))
            if stage == 0 and self._plan.selected:
                selected = {"moves": move}
        m.d.comb += [self.i.ready.eq(accepts & last), self.o.valid.eq(valid[-1])]
        accumulate = Signal(name="accumulates")
        adding = moves[before - 1] & valid[before - 1]
        m.d.comb += accumulate.eq(adding & ~stopped if lookup == before - 1 else adding)
        inner = Cat(*moves[int(self._plan.selected):before - 1], accumulate)
        connections = {"moves": inner, **(flags if macro.planes > 1 else {})}
        return _Tokens(connections, Cat(moves[before:]), plane, selected.get("moves"))

    def _select(self, m: Module, tokens: "_Tokens") -> tuple[list[Value], Value | None]:
        """The planes of the cycle, and the bank that they are multiplied with."""
        macro, bits = self._macro, self._macro.activation_bits
        payload, step = self.i.payload, macro.bits_per_cycle
        planes = [Signal(macro.rows, name=f"plane_{bit}") for bit in range(step)]
        for bit, target in enumerate(planes):
            choices = [Cat(payload[row * bits + start + bit] for row in range(macro.rows))
                       for start in range(0, bits, step)]
            m.d.comb += target.eq(choices[0] if tokens.plane is None else _choose(choices, tokens.plane))
        bank = payload[macro.rows * bits:] if macro.banks > 1 else None
        if tokens.selects is None:
            return list(planes), bank
        live = {f"plane_{bit}": plane for bit, plane in enumerate(planes)} | ({} if bank is None else {"bank": bank})
        held = register(m, live, stage=1, moves=tokens.selects)
        return [held[f"plane_{bit}"] for bit in range(step)], held.get("bank")

    def _columns(self, m: Module, planes: list[Value], bank: Value | None, tokens: "_Tokens") -> list[Value]:
        macro, plan, cells = self._macro, self._plan, self._plan.integers.cells
        column = _Column(macro, plan.column, self._u, cuts=plan.column_cuts, name="column")
        store, write = _Cells(macro) if cells is None else None, Signal(macro.rows * macro.banks, name="write")
        if store is not None:
            self._write(m, write)
        results: list[Value] = []
        for index in range(macro.columns):
            u = Signal(_shape(self._u), name=f"u_{index}")
            connections = dict(tokens.connections)
            rows = planes
            if store is not None:
                weights = Signal(macro.rows, name=f"weights_{index}")
                banked = {} if bank is None else {"bank": bank}
                m.submodules[f"cells_{index}"] = SharedModule(
                    store, "bit_cells", clocked=True, write=write, data=self.w.payload[index], weights=weights,
                    **banked)
                connections["weights"] = weights
            elif plan.column.code_bits:
                assert cells is not None
                code = sum(row[index] << place * plan.column.code_bits for place, row in enumerate(cells))
                connections["weights"] = Const(code, macro.rows * plan.column.code_bits)
            else:
                assert cells is not None
                chosen = constant_rows(cells, index)
                spare = Const(0, plan.column.rows - len(chosen))
                rows = [Cat(*(plane[row] for row in chosen), spare) for plane in planes]
            m.submodules[f"column_{index}"] = SharedModule(column, "column", clocked=True, planes=Cat(rows), u=u,
                                                           **connections)
            results.append(u)
        return results

    def _write(self, m: Module, write: Signal) -> None:
        """The cells that take a weight."""
        macro = self._macro
        m.d.comb += self.w.ready.eq(1)
        decoded, bank = self._offered_row(m)
        m.d.comb += write.eq(Cat(Mux(bank == number, decoded, 0) for number in range(macro.banks))
                             if macro.banks > 1 else decoded)

    def _offered_row(self, m: Module) -> tuple[Value, Value]:
        """The row that the stream of weights offers, a bit each, and the number of its bank."""
        macro, fields = self._macro, self.w.payload[self._macro.columns:]
        decoded = Signal(macro.rows, name="write_row")
        m.d.comb += decoded.eq(Mux(self.w.valid, Const(1, macro.rows) << fields[:macro.row_bits], 0))
        return decoded, fields[macro.row_bits:]

    def _stored(self, m: Module, planes: list[Value], writer: PartialSumWriter, tokens: "_Tokens") -> list[Value]:
        """Columns over stored partial sums: five share the LUTRAM of a plane's bit."""
        macro, plan = self._macro, self._plan
        column = _Column(macro, plan.column, self._u, cuts=plan.column_cuts, name="column")
        cells = PartialSumCells(macro.rows)
        addresses, combination = [], Cat([writer.combination] * len(table_groups(macro.rows)))
        for bit, plane in enumerate(planes):
            addresses.append(Signal(len(combination), name=f"address_{bit}"))
            m.d.comb += addresses[-1].eq(Mux(writer.busy, combination, plane))
        results: list[Value] = []
        for low in range(0, macro.columns, TABLE_COLUMNS):
            data = Cat(writer.sums[low * TABLE_BITS:(low + TABLE_COLUMNS) * TABLE_BITS],
                       Const(0, TABLE_COLUMNS * TABLE_BITS))[:TABLE_COLUMNS * TABLE_BITS]
            words = []
            for bit, address in enumerate(addresses):
                sums = Signal(TABLE_COLUMNS * plan.column.rows, name=f"sums_{low}_{bit}")
                m.submodules[f"cells_{low}_{bit}"] = SharedModule(
                    cells, "partial_sums", clocked=True, plane=address, write=writer.write, data=data, sums=sums)
                words.append(sums)
            for index in range(low, min(low + TABLE_COLUMNS, macro.columns)):
                u = Signal(_shape(self._u), name=f"u_{index}")
                rows = Cat(word.word_select(index - low, plan.column.rows) for word in words)
                m.submodules[f"column_{index}"] = SharedModule(column, "column", clocked=True, planes=rows, u=u,
                                                               **tokens.connections)
                results.append(u)
        return results


class _Tokens:
    """What the control hands to the rest.

    Parameters
    ----------
    connections : dict
        Of each column: its moves, and the flags at its accumulator.
    after : Value
        Moves of the stages after the accumulators.
    plane : Value or None
        Number of the plane, if a beat has several.
    selects : Value or None
        Moves of the register before the columns, if there is one.
    """

    def __init__(self, connections: dict[str, Value], after: Value, plane: Value | None, selects: Value | None):
        self.connections, self.after, self.plane, self.selects = connections, after, plane, selects
