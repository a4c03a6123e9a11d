"""A double buffer of vectors: one is read, over and over, as the next one is written."""

from math import lcm

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from quadcim.hw.arithmetic.choose import choose
from quadcim.hw.streams.memory import SyncMemory
from quadcim.hw.streams.shift_fifo import joined

__all__ = ["VectorBuffer", "counter"]


def counter(m: Module, count: int, name: str, moves: Value) -> tuple[Value, Value]:
    """A number from 0 to ``count - 1`` that goes on where `moves` is set, and whether it is the last one."""
    if count == 1:
        return Const(0, 1), Const(1, 1)
    number = Signal(range(count), name=name)
    last = Signal(name=f"{name}_is_last")
    wraps = count == 1 << len(number)
    m.d.comb += last.eq(number == count - 1)
    following = number + moves
    m.d.sync += number.eq(following if wraps else Mux(moves & last, 0, following))
    return number, last


class VectorBuffer(wiring.Component):
    """Two vectors of some elements, which come a few at a time and are read a few others at a time.

    Elements lie in rows of so many lanes that a beat in, and a word that is read, is in one row. A beat can be read in
    the cycle after the one in which it was taken. A word is there one cycle after it is asked for.

    Parameters
    ----------
    elements : int
        Of a vector.
    width : int
        Bits of an element.
    arriving, leaving : int
        Elements of a beat in, and of a word that is read; both divide `elements`.

    Attributes
    ----------
    i : stream
        Elements of vectors, in order; the first is in the low bits.
    available : Out(1)
        Whether there is a vector to be read.
    read : In(1)
        Asks for the next word; after the last one of the vector the first follows.
    word : Out
        The word that was asked for last.
    drop : In(1)
        The vector has been read for the last time; in the cycle in which its last word is asked for.
    """

    i: stream.Interface
    available: Signal
    read: Signal
    word: Signal
    drop: Signal

    def __init__(self, *, elements: int, width: int, arriving: int, leaving: int):
        self._width, self._arriving, self._leaving = width, arriving, leaving
        self._lanes = lcm(arriving, leaving)
        self._rows = elements // self._lanes
        super().__init__({"i": In(stream.Signature(arriving * width)), "available": Out(1), "read": In(1),
                          "word": Out(leaving * width), "drop": In(1)})

    def elaborate(self, platform) -> Module:
        """A memory for each beat of a row."""
        m = Module()
        taken = Signal()
        filled = Signal(range(3))
        written = Signal()
        beats, words = self._lanes // self._arriving, self._lanes // self._leaving
        m.d.comb += [self.i.ready.eq(filled != 2), self.available.eq(filled != 0),
                     taken.eq(self.i.valid & self.i.ready)]
        write_beat, write_beat_last = counter(m, beats, "write_beat", taken)
        write_row, write_row_last = counter(m, self._rows, "write_row", taken & write_beat_last)
        read_word, read_word_last = counter(m, words, "read_word", self.read)
        read_row, _last = counter(m, self._rows, "read_row", self.read & read_word_last)
        write_bank = Signal()
        read_bank = Signal()
        m.d.comb += written.eq(taken & write_beat_last & write_row_last)
        with m.If(written):
            m.d.sync += write_bank.eq(~write_bank)
        with m.If(self.drop):
            m.d.sync += read_bank.eq(~read_bank)
        with m.If(written ^ self.drop):
            m.d.sync += filled.eq(Mux(written, filled + 1, filled - 1))
        write_address = Signal(range(2 * self._rows))
        read_address = Signal(range(2 * self._rows))
        m.d.comb += [write_address.eq(self._address(write_row, write_bank)),
                     read_address.eq(self._address(read_row, read_bank))]
        row = []
        for beat in range(beats):
            m.submodules[f"lanes_{beat}"] = lanes = SyncMemory(
                width=self._arriving * self._width, rows=2 * self._rows, style="distributed")
            m.d.comb += [
                lanes.write_address.eq(write_address), lanes.write_data.eq(self.i.payload),
                lanes.write_enable.eq(taken & (write_beat == beat) if beats > 1 else taken),
                lanes.read_address.eq(read_address), lanes.read_enable.eq(self.read)]
            row.append(lanes.read_data)
        m.d.comb += self.word.eq(joined(self._selected(m, Cat(row), read_word, words)))
        return m

    def _address(self, row: Value, bank: Value) -> Value:
        """Of a row; the second vector lies behind the first."""
        return bank if self._rows == 1 else Mux(bank, row + self._rows, row)

    def _selected(self, m: Module, row: Value, number: Value, words: int) -> Value:
        """The word of a row that was asked for."""
        if words == 1:
            return row
        selected = Signal(range(words), reset_less=True)
        with m.If(self.read):
            m.d.sync += selected.eq(number)
        width = self._leaving * self._width
        return choose([row[low:low + width] for low in range(0, words * width, width)], selected)
