"""A memory, the greatest entry so far, and an output register of two instances of one shared module."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from quadcim_lookup.unit import HeldNibble

from quadcim.hw.emit.shared import SharedModule
from quadcim.hw.streams.memory import SyncMemory
from quadcim_peak.spec import BITS, MOST, ROWS


class PeakUnit(wiring.Component):
    """Beats look up the table, then the greatest entry is held until the last result of its frame has been given."""

    i: stream.Interface
    o: stream.Interface
    i__last: Signal
    o__last: Signal

    def __init__(self, entries, beats: int):
        self._entries, self._beats = entries, beats
        last = {} if beats else {"i__last": Out(1), "o__last": Out(1)}
        super().__init__({"i": In(stream.Signature(BITS)), "o": Out(stream.Signature(BITS)), **last})

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.table = table = SyncMemory(width=BITS, rows=ROWS, contents=self._entries, written=False,
                                                style="block", image=True)
        read = Signal()
        read_first = Signal()
        read_last = Signal()
        read_more = Signal(range(MOST))
        whole = Signal()
        peak = Signal(BITS, reset_less=True)
        peak_more = Signal(range(MOST))
        read_moves = Signal()
        peak_moves = Signal()
        given = Signal()
        first, last, more, waits = self._count(m)
        m.d.comb += [
            peak_moves.eq(~whole | given), read_moves.eq(~read | peak_moves),
            self.i.ready.eq(read_moves & ~(last & waits)),
            table.read_address.eq(self.i.payload), table.read_enable.eq(read_moves)]
        with m.If(read_moves):
            m.d.sync += [read.eq(self.i.valid & self.i.ready), read_first.eq(first), read_last.eq(last),
                         read_more.eq(more)]
        with m.If(peak_moves):
            m.d.sync += [whole.eq(read & read_last), peak_more.eq(read_more)]
            with m.If(read & (read_first | (table.read_data > peak))):
                m.d.sync += peak.eq(table.read_data)
        self._give(m, peak, whole, peak_more, given)
        return m

    def _count(self, m: Module) -> tuple[Value, Value, Value, Value]:
        """What is known of the beat on offer.

        Whether it is its frame's first, or last; how many results more than one come of the frame; and whether its last
        beat waits for the results of the frame before, so that none waits inside.
        """
        taken = Signal()
        first = Signal(init=1)
        last = Signal()
        left = Signal(range(MOST))
        kept = Signal(range(MOST))
        busy = Signal(range(MOST))
        begun = Signal(range(MOST))
        m.d.comb += [taken.eq(self.i.valid & self.i.ready), last.eq(Mux(first, begun, left) == 0),
                     begun.eq(self._beats - 1 if self._beats else self.i.payload[:2])]
        more = Mux(first, begun, kept)
        with m.If(taken):
            m.d.sync += [first.eq(last), left.eq(Mux(first, begun, left) - 1), kept.eq(more)]
        if self._beats:
            return first, last, Signal(range(MOST)), Signal()
        m.d.comb += self.i__last.eq(last)
        with m.If(taken & last):
            m.d.sync += busy.eq(more)
        with m.Elif(busy.any()):
            m.d.sync += busy.eq(busy - 1)
        return first, last, more, busy.any()

    def _give(self, m: Module, peak: Value, whole: Value, more: Value, given: Signal) -> None:
        """The output register, which gives the peak once, and as often more as is said."""
        nibble = HeldNibble()
        full = Signal(2)
        owed = Signal(range(MOST))
        for half in range(2):
            m.submodules[f"nibble_{half}"] = SharedModule(
                nibble, "nibble", data=peak[4 * half:4 * half + 4], valid=whole, moves=given,
                held=self.o.payload[4 * half:4 * half + 4], full=full[half])
        m.d.comb += [self.o.valid.eq(full.all()), given.eq(~self.o.valid | (self.o.ready & (owed == 0)))]
        with m.If(given):
            m.d.sync += owed.eq(more)
        with m.Elif(self.o.ready):
            m.d.sync += owed.eq(owed - 1)
        if not self._beats:
            m.d.comb += self.o__last.eq(owed == 0)
