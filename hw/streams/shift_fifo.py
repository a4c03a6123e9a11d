"""A small queue in shift registers."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["ShiftFifo", "joined"]


def joined(parts: Value) -> Value:
    """Several parts as one value: the Verilog has a port for each part that enters or leaves a module.

    Of what an operation makes it has a single one, and this operation is dropped from the Verilog.
    """
    return parts | Const(0, len(parts))


class ShiftFifo(wiring.Component):
    """A shift register for each bit of the payload; `oldest` is where the oldest entry lies, all ones if there is none.

    FPGAs have shift registers of 16 and of 32 bits in a LUT.

    Latency: one cycle. Throughput: one beat a cycle. No combinational path leads from the input to the output, or from
    a ready to the other.

    Parameters
    ----------
    width : int
        Bits of the payload.
    depth : int
        How many beats it holds. One that comes while `i.ready` is low is not taken.

    Attributes
    ----------
    i, o : stream
        Beats in, and the same out.
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, *, width: int, depth: int):
        super().__init__({"i": In(stream.Signature(width)), "o": Out(stream.Signature(width))})
        self._width, self._depth = width, depth

    def elaborate(self, platform) -> Module:
        """Shift with each beat that comes."""
        m = Module()
        place_bits = max(1, (self._depth - 1).bit_length())
        # Where the oldest entry lies; with all bits set, the highest among them, there is none.
        oldest = Signal(place_bits + 1, init=-1)
        place = Signal(place_bits)
        writes = Signal()
        reads = Signal()
        older = Signal(place_bits + 1)
        newer = Signal(place_bits + 1)
        m.d.comb += [
            self.i.ready.eq(oldest != self._depth - 1),
            self.o.valid.eq(~oldest[-1]),
            place.eq(oldest),
            writes.eq(self.i.valid & self.i.ready),
            reads.eq(self.o.valid & self.o.ready),
            older.eq(oldest + 1),
            newer.eq(oldest - 1),
        ]
        with m.If(writes ^ reads):
            m.d.sync += oldest.eq(Mux(writes, older, newer))
        entries = []
        for bit in self.i.payload:
            entries.append(Signal(1 << place_bits, name=f"entries_{len(entries)}", reset_less=True))
            with m.If(writes):
                m.d.sync += entries[-1].eq(Cat(bit, entries[-1]))
        m.d.comb += self.o.payload.eq(joined(Cat(lane.bit_select(place, 1) for lane in entries)))
        return m
