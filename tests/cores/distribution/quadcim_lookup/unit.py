"""A memory, whose image is a file, and two registers of one shared module."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from quadcim.hw.emit.shared import SharedModule
from quadcim.hw.streams.memory import SyncMemory
from quadcim_lookup.spec import BITS, ROWS


class HeldNibble(wiring.Component):
    """Four bits and whether they are there: a module with a state that a reset clears."""

    data: Signal
    valid: Signal
    moves: Signal
    held: Signal
    full: Signal

    def __init__(self):
        super().__init__({"data": In(4), "valid": In(1), "moves": In(1), "held": Out(4), "full": Out(1)})

    def elaborate(self, platform):
        m = Module()
        with m.If(self.moves):
            m.d.sync += [self.held.eq(self.data), self.full.eq(self.valid)]
        return m


class LookupUnit(wiring.Component):
    i: stream.Interface
    o: stream.Interface

    def __init__(self, entries):
        super().__init__({"i": In(stream.Signature(BITS)), "o": Out(stream.Signature(BITS))})
        self._entries = entries

    def elaborate(self, platform):
        m, nibble = Module(), HeldNibble()
        m.submodules.table = table = SyncMemory(width=BITS, rows=ROWS, contents=self._entries, written=False,
                                                style="block", image=True)
        read, moves, reads = Signal(), Signal(), Signal()
        m.d.comb += [moves.eq(self.o.ready | ~self.o.valid), reads.eq(moves | ~read), self.i.ready.eq(reads),
                     table.read_address.eq(self.i.payload), table.read_enable.eq(reads)]
        with m.If(reads):
            m.d.sync += read.eq(self.i.valid)
        full = Signal(2)
        for half in range(2):
            m.submodules[f"nibble_{half}"] = SharedModule(
                nibble, "nibble", data=table.read_data[4 * half:4 * half + 4], valid=read, moves=moves,
                held=self.o.payload[4 * half:4 * half + 4], full=full[half])
        m.d.comb += self.o.valid.eq(full.all())
        return m
