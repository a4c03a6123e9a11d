"""When weights that are written reach the bit cells, so that no beat mixes weights.

A beat sees the weights that were taken before the cycle in which it is accepted, with its last plane. So a write is
not taken while the beat that is offered has been taken in part, and is to be multiplied with the same bank. It is
taken in the cycle of a beat's last plane, for later beats; thus beats never wait, and there is room for a write
between any two of them.

Where a register follows the choice of a plane, the cells are read a cycle or more after the plane is taken. A write
then passes a register, too, and goes to the cells once the plane before it has been read.
"""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream

from quadcim.hw.cim.control import Tokens
from quadcim.hw.emit.notes import section
from quadcim.spec.cim import CimMacro

__all__ = ["WEIGHTS", "CellWrites", "offered_row"]

WEIGHTS = section("Weights")
"""The attributes of what writes weights, and of what cells give."""


@dataclass(frozen=True, slots=True)
class CellWrites:
    """What the bit cells take in a cycle.

    Parameters
    ----------
    write : Signal(rows * banks)
        Which cells of each column take a weight, bank by bank.
    data : Value
        A weight for each column.
    """

    write: Signal
    data: Value

    @classmethod
    def build(cls, m: Module, macro: CimMacro, w: stream.Interface, *, tokens: Tokens, offered: Value | None,
              read: Value | None) -> "CellWrites":
        """Add the order of writes to a module, and the ready of their stream.

        Parameters
        ----------
        m : Module
            Where to add it.
        macro : CimMacro
            The macro, with weights in registers.
        w : stream
            Weights in.
        tokens : Tokens
            The control of the planes.
        offered, read : Value or None
            The bank of the beat that is offered, and of the plane that meets the cells, if there are several banks.
        """
        payload, valid = w.payload, w.valid
        refused = tokens.partly if offered is None else tokens.partly & (_bank(macro, payload) == offered)
        if tokens.selects is None:
            m.d.comb += w.ready.eq(~refused)
            return cls._decoded(m, macro, payload, valid & ~refused)
        held = Signal(name="write_held", attrs=WEIGHTS)
        word = Signal(len(payload), name="held_write", reset_less=True, attrs=WEIGHTS)
        waits = Signal(name="write_waits", attrs=WEIGHTS)
        with m.If(~waits):
            m.d.sync += [held.eq(valid & ~refused), word.eq(payload)]
        if read is None:
            m.d.comb += [waits.eq(held & ~tokens.selects), w.ready.eq(~waits & ~refused)]
            return cls._decoded(m, macro, word, held & ~waits)
        # While a write waits, those to other banks pass it by: no plane of theirs is in the register, and none comes.
        bank = _bank(macro, word)
        passes = Signal(name="write_passes", attrs=WEIGHTS)
        m.d.comb += [passes.eq(_bank(macro, payload) != bank), waits.eq(held & ~tokens.selects & (bank == read)),
                     w.ready.eq(Mux(waits, passes, ~refused))]
        return cls._decoded(m, macro, Mux(waits, payload, word), Mux(waits, valid & passes, held))

    @classmethod
    def _decoded(cls, m: Module, macro: CimMacro, payload: Value, valid: Value) -> "CellWrites":
        row, bank = offered_row(m, macro, payload, valid), _bank(macro, payload)
        write = Signal(macro.rows * macro.banks, name="write", attrs=WEIGHTS)
        m.d.comb += write.eq(Cat(Mux(bank == number, row, 0) for number in range(macro.banks))
                             if macro.banks > 1 else row)
        return cls(write, payload[:macro.columns])


def offered_row(m: Module, macro: CimMacro, payload: Value, valid: Value) -> Signal:
    """The row that a write is for, a bit each; none if it is not valid, or there is no such row."""
    named, decoded = (Signal(macro.rows, name=name, attrs=WEIGHTS) for name in ("named_row", "write_row"))
    m.d.comb += [named.eq(Const(1, macro.rows) << payload[macro.columns:][:macro.row_bits]),
                 decoded.eq(Mux(valid, named, 0))]
    return decoded


def _bank(macro: CimMacro, payload: Value) -> Value:
    """The number of the bank that a write is for."""
    return payload[macro.columns + macro.row_bits:]
