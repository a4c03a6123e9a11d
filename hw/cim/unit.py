"""The compute-in-memory macro as a stream component."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from quadcim.hw.arithmetic.choose import choose
from quadcim.hw.cim.column import BitCells, Column, Finish, shape
from quadcim.hw.cim.control import Tokens
from quadcim.hw.cim.partial_sums import PartialSumCells, PartialSumWriter
from quadcim.hw.cim.plan import TABLE_BITS, TABLE_COLUMNS, CimPlan, constant_rows, table_groups
from quadcim.hw.cim.writes import WEIGHTS, CellWrites
from quadcim.hw.emit.shared import SharedModule
from quadcim.hw.streams.pipeline import register

__all__ = ["CimUnit"]


class CimUnit(wiring.Component):
    """A compute-in-memory macro.

    A beat in holds all activations, row 0 in the low bits, and above them the number of the bank; it is accepted with
    its last plane. A beat out holds all columns, column 0 in the low bits. Latency: ``plan.whole.latency_cycles``
    cycles from an accepted beat to the beat out. Throughput: one beat in as many cycles as it has planes, under any
    stall pattern as far as the output is taken.

    A beat of `w` holds a weight for each column, above them the number of the row and that of the bank. A beat of `i`
    is multiplied with the weights that were taken before the cycle in which it is accepted. A write waits, its ready
    low, while a beat of its bank has been taken in part, or has been accepted and not met the cells
    (`quadcim.hw.cim.writes`); in LUTRAM, only a row that starts a table waits, and beats do while that is written
    (`quadcim.hw.cim.partial_sums`).

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
        stored = self._macro.storage == "lutram"
        stopped = Signal(name="writing", attrs=WEIGHTS) if stored else Const(0, 1)
        tokens = Tokens.build(m, plan, i=self.i, o=self.o, stopped=stopped)
        planes, bank = self._select(m, tokens)
        columns = self._stored(m, planes, tokens, stopped) if stored else self._columns(m, planes, bank, tokens)
        if not plan.after.steps:
            m.d.comb += self.o.payload.eq(Cat(columns))
            return m
        assert plan.reference is not None
        reference = Column(self._macro, plan.reference, self._s, cuts=plan.reference_cuts, name="reference")
        s = Signal(shape(self._s), name=f"stage{plan.before.stages}_s")
        m.submodules.reference = SharedModule(reference, "reference", planes=Cat(planes), u=s,
                                              **tokens.connections)
        finish = Finish(plan, self._u, self._s, self._y)
        for index, u in enumerate(columns):
            y = Signal(self._y.width, name=f"stage{plan.whole.stages}_y_{index}")
            m.submodules[f"finish_{index}"] = SharedModule(
                finish, "finish", u=u, s=s, moves=tokens.after, y=y, **finish.constants(index))
            columns[index] = y
        m.d.comb += self.o.payload.eq(Cat(columns))
        return m

    @property
    def _bank(self) -> Value | None:
        """The bank of the beat that is offered, if there are several."""
        return self.i.payload[self._macro.rows * self._macro.activation_bits:] if self._macro.banks > 1 else None

    def _select(self, m: Module, tokens: Tokens) -> tuple[list[Value], Value | None]:
        """The planes of the cycle, and the bank that they are multiplied with."""
        macro, bits = self._macro, self._macro.activation_bits
        payload, step = self.i.payload, macro.bits_per_cycle
        planes = [Signal(macro.rows, name=f"plane_{bit}") for bit in range(step)]
        for bit, target in enumerate(planes):
            choices: list[Value] = []
            for start in range(bit, bits, step):
                # A word with a name is a loop in the Verilog.
                choices.append(Signal(macro.rows, name=f"activations_{start}"))
                m.d.comb += choices[-1].eq(Cat(payload[start::bits][:macro.rows]))
            m.d.comb += target.eq(choices[0] if tokens.plane is None else choose(choices, tokens.plane))
        bank = self._bank
        if tokens.selects is None:
            return list(planes), bank
        live = {f"plane_{bit}": plane for bit, plane in enumerate(planes)} | ({} if bank is None else {"bank": bank})
        held = register(m, live, stage=1, moves=tokens.selects)
        return [held[f"plane_{bit}"] for bit in range(step)], held.get("bank")

    def _columns(self, m: Module, planes: list[Value], bank: Value | None, tokens: Tokens) -> list[Value]:
        macro, plan, cells = self._macro, self._plan, self._plan.integers.cells
        column = Column(macro, plan.column, self._u, cuts=plan.column_cuts, name="column")
        store = writes = None
        if cells is None:
            store = BitCells(macro)
            writes = CellWrites.build(m, macro, self.w, tokens=tokens, offered=self._bank, read=bank)
        results: list[Value] = []
        for index in range(macro.columns):
            u = Signal(shape(self._u), name=f"stage{plan.before.stages}_u_{index}")
            connections = dict(tokens.connections)
            rows = planes
            if store is not None and writes is not None:
                weights = Signal(macro.rows, name=f"weights_{index}", attrs=WEIGHTS)
                banked = {} if bank is None else {"bank": bank}
                m.submodules[f"cells_{index}"] = SharedModule(
                    store, "bit_cells", write=writes.write, data=writes.data[index],
                    weights=weights, **banked)
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
            m.submodules[f"column_{index}"] = SharedModule(column, "column", planes=Cat(rows), u=u,
                                                           **connections)
            results.append(u)
        return results

    def _stored(self, m: Module, planes: list[Value], tokens: Tokens, busy: Value) -> list[Value]:
        """Columns over stored partial sums: five share the LUTRAM of a plane's bit."""
        macro, plan = self._macro, self._plan
        writer = PartialSumWriter.build(m, macro, self.w, tokens=tokens, busy=busy)
        column = Column(macro, plan.column, self._u, cuts=plan.column_cuts, name="column")
        cells = PartialSumCells(macro.rows)
        addresses, combination = [], Cat([writer.combination] * len(table_groups(macro.rows)))
        for bit, plane in enumerate(planes):
            addresses.append(Signal(len(combination), name=f"address_{bit}"))
            m.d.comb += addresses[-1].eq(Mux(busy, combination, plane))
        results: list[Value] = []
        for low in range(0, macro.columns, TABLE_COLUMNS):
            data = Cat(writer.sums[low * TABLE_BITS:(low + TABLE_COLUMNS) * TABLE_BITS],
                       Const(0, TABLE_COLUMNS * TABLE_BITS))[:TABLE_COLUMNS * TABLE_BITS]
            words = []
            for bit, address in enumerate(addresses):
                sums = Signal(TABLE_COLUMNS * plan.column.rows, name=f"sums_{low}_{bit}")
                m.submodules[f"cells_{low}_{bit}"] = SharedModule(
                    cells, "partial_sums", plane=address, write=writer.write, data=data, sums=sums)
                words.append(sums)
            for index in range(low, min(low + TABLE_COLUMNS, macro.columns)):
                u = Signal(shape(self._u), name=f"stage{plan.before.stages}_u_{index}")
                rows = Cat(word.word_select(index - low, plan.column.rows) for word in words)
                m.submodules[f"column_{index}"] = SharedModule(column, "column", planes=rows, u=u,
                                                               **tokens.connections)
                results.append(u)
        return results
