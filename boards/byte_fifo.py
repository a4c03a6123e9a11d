"""A queue of bytes."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["ByteFifo"]


class ByteFifo(wiring.Component):
    """A shift register of bytes from which the oldest one is read: FPGAs have shift registers of 32 bits in a LUT.

    Latency: one cycle. Throughput: one byte a cycle.

    Parameters
    ----------
    depth : int
        How many bytes it holds. One that comes while it is full is lost: the sender has to count.

    Attributes
    ----------
    i : stream of 8 bits, always ready
        Bytes in.
    o : stream of 8 bits
        The same out.
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, *, depth: int):
        super().__init__({"i": In(stream.Signature(8, always_ready=True)), "o": Out(stream.Signature(8))})
        self._depth = depth

    def elaborate(self, platform) -> Module:
        """Shift with each byte that comes; the oldest is at `level` - 1."""
        m = Module()
        held = Signal(8 * self._depth, reset_less=True)
        level = Signal(range(self._depth + 1))
        oldest = Signal(range(self._depth))
        from_oldest = Signal(8 * self._depth)
        writes = Signal()
        reads = Signal()
        m.d.comb += [
            writes.eq(self.i.valid & (level != self._depth)),
            reads.eq(self.o.valid & self.o.ready),
            oldest.eq(level - 1),
            self.o.valid.eq(level.any()),
            from_oldest.eq(held >> (8 * oldest)),
            self.o.payload.eq(from_oldest[:8]),
        ]
        with m.If(writes):
            m.d.sync += held.eq(Cat(self.i.payload, held))
        m.d.sync += level.eq(level + writes - reads)
        return m
