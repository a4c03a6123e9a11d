"""Weights in LUTRAM, as the sums that five rows of a column can have.

A RAM32M16 holds 32 words of 16 bits. Five activations are its address, and a word holds what five columns add up for
them, three bits each: 25 cells in eight LUTs, which then need no AND and fewer counters. The idea is distributed
arithmetic (Croisier 1973; White, IEEE ASSP Magazine 1989).
"""

from dataclasses import dataclass

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from quadcim.hw.cim.control import Tokens
from quadcim.hw.cim.plan import TABLE_BITS, TABLE_COLUMNS, TABLE_ROWS, table_groups
from quadcim.hw.cim.writes import WEIGHTS, offered_row
from quadcim.hw.emit.shared import SharedModule
from quadcim.spec.cim import CimMacro

__all__ = ["CombinationSum", "PartialSumCells", "PartialSumWriter"]

_PORTS = "ABCDEFGH"


class PartialSumCells(wiring.Component):
    """The partial sums of five columns, a RAM32M16 for each five rows.

    Where ``write`` is set, the RAM of those rows takes `data` at the address that is its part of `plane`. Read at once.

    Parameters
    ----------
    rows : int
        Activations.

    Attributes
    ----------
    plane : In(5 * groups)
        A bit of each activation, zeros above them; while writing, the address for every five of them.
    write : In(groups)
        Which RAMs are written.
    data : In(15)
        The partial sums of the five columns.
    sums : Out(5 * groups * 3)
        For each column the partial sums of all rows, the first rows in the low bits.
    """

    plane: Value
    write: Value
    data: Value
    sums: Value

    def __init__(self, rows: int):
        self._groups = len(table_groups(rows))
        super().__init__({"plane": In(TABLE_ROWS * self._groups), "write": In(self._groups),
                          "data": In(TABLE_COLUMNS * TABLE_BITS),
                          "sums": Out(TABLE_COLUMNS * self._groups * TABLE_BITS)})

    def elaborate(self, platform) -> Module:
        """A RAM for each group of rows; each of its eight ports holds two bits of the word."""
        m = Module()
        words = []
        for group in range(self._groups):
            address = self.plane.word_select(group, TABLE_ROWS)
            word = Signal(2 * len(_PORTS), name=f"word_{group}")
            data = Cat(self.data, Const(0, 1))
            ports: dict[str, Value] = {}
            for index, port in enumerate(_PORTS):
                ports |= {f"i_ADDR{port}": address, f"i_DI{port}": data[2 * index:2 * index + 2],
                          f"o_DO{port}": word[2 * index:2 * index + 2]}
            m.submodules[f"ram_{group}"] = Instance("RAM32M16", i_WCLK=ClockSignal(), i_WE=self.write[group], **ports)
            words.append(word)
        m.d.comb += self.sums.eq(Cat(word.word_select(column, TABLE_BITS)
                                     for column in range(TABLE_COLUMNS) for word in words))
        return m


class CombinationSum(wiring.Component):
    """``sum = popcount(combination & weights)``: what some of five weights add up to."""

    combination: Value
    weights: Value
    sum: Value

    def __init__(self):
        super().__init__({"combination": In(TABLE_ROWS), "weights": In(TABLE_ROWS), "sum": Out(TABLE_BITS)})

    def elaborate(self, platform) -> Module:
        """Add up five bits."""
        m = Module()
        chosen = Signal(TABLE_ROWS)
        first_two, next_two, first_four = Signal(2), Signal(2), Signal(3)
        m.d.comb += [chosen.eq(self.combination & self.weights), first_two.eq(chosen[0] + chosen[1]),
                     next_two.eq(chosen[2] + chosen[3]), first_four.eq(first_two + next_two),
                     self.sum.eq(first_four + chosen[4])]
        return m


@dataclass(frozen=True, slots=True)
class PartialSumWriter:
    """Turns rows of weights into partial sums.

    Rows are taken one by one; the last of each five starts 32 cycles in which the sums of all their combinations are
    written, one a cycle. The others of the five are those taken last. It is taken between two beats, and the sums are
    written once the plane before it has been read (`quadcim.hw.cim.writes`); the other rows wait for neither.

    Parameters
    ----------
    combination : Signal(5)
        Which of the five rows add up: the address.
    write : Signal(groups)
        Which five rows are written.
    sums : Signal(columns * 3)
        The sum of each column.
    """

    combination: Signal
    write: Signal
    sums: Signal

    @classmethod
    def build(cls, m: Module, macro: CimMacro, w: stream.Interface, *, tokens: Tokens,
              busy: Value) -> "PartialSumWriter":
        """Add the writer to a module, and the ready of the stream of weights.

        Parameters
        ----------
        m : Module
            Where to add it.
        macro : CimMacro
            The macro.
        w : stream
            Weights in.
        tokens : Tokens
            The control of the planes.
        busy : Value
            Is set while sums are written.
        """
        row, weights = offered_row(m, macro, w.payload, w.valid), w.payload[:macro.columns]
        groups, columns = table_groups(macro.rows), macro.columns
        combination = Signal(TABLE_ROWS, name="combination", attrs=WEIGHTS)
        held = [Signal(columns, name=f"held_{place}", reset_less=True, attrs=WEIGHTS) for place in range(TABLE_ROWS)]
        group = Signal(len(groups), name="group", reset_less=True, attrs=WEIGHTS)
        last, completes, starts = Cat(row[high - 1] for _low, high in groups), Signal(
            name="completes", attrs=WEIGHTS), Signal(name="starts", attrs=WEIGHTS)
        due, at_work = starts, busy
        if tokens.selects is not None:  # a plane that was taken before may still have to be read
            waits = Signal(name="table_waits", attrs=WEIGHTS)
            m.d.sync += waits.eq(starts | (waits & ~tokens.selects))
            due, at_work = waits & tokens.selects, busy | waits
        m.d.comb += [completes.eq(last.any()), w.ready.eq(~at_work & ~(completes & tokens.partly)),
                     starts.eq(completes & w.ready)]
        for place, word in enumerate(held):
            taken = Signal(name=f"taken_{place}", attrs=WEIGHTS)
            m.d.comb += taken.eq(Cat(row[place::TABLE_ROWS]).any() & w.ready)
            with m.If(taken):
                m.d.sync += word.eq(weights)
        with m.If(starts):
            m.d.sync += group.eq(last)
        m.d.sync += busy.eq(Mux(busy, ~combination.all(), due))
        with m.If(busy):
            m.d.sync += combination.eq(combination + 1)
        write, sums = Signal(len(groups), name="write", attrs=WEIGHTS), Signal(columns * TABLE_BITS, name="sums")
        parts = [Signal(TABLE_BITS, name=f"sum_{column}", attrs=WEIGHTS) for column in range(columns)]
        adder = CombinationSum()
        for column, part in enumerate(parts):
            m.submodules[f"combination_sum_{column}"] = SharedModule(
                adder, "combination_sum", combination=combination,
                weights=Cat(word[column] for word in held), sum=part)
        m.d.comb += [write.eq(group & busy.replicate(len(groups))), sums.eq(Cat(parts))]
        return cls(combination, write, sums)
