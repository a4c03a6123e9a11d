"""A register slice: what breaks the combinational paths of a stream."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["RegisterSlice"]


class RegisterSlice(wiring.Component):
    """Two entries between two streams: neither valid, payload nor ready passes in the cycle in which it comes.

    The receiver sees `head`; `spare` takes the beat that arrives in the cycle in which the receiver stalls.

    Latency: one cycle. Throughput: one beat a cycle under any stall pattern.

    Parameters
    ----------
    width : int
        Bits of the payload.

    Attributes
    ----------
    i, o : stream
        Beats in, and the same out.
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, width: int):
        super().__init__({"i": In(stream.Signature(width)), "o": Out(stream.Signature(width))})
        self._width = width

    def elaborate(self, platform) -> Module:
        """Build both entries."""
        m = Module()
        head = Signal(self._width, reset_less=True)
        spare = Signal(self._width, reset_less=True)
        head_valid = Signal()
        spare_valid = Signal()
        head_moves = Signal()
        waiting = Signal()
        held_back = Signal()
        oldest = Signal(self._width)
        m.d.comb += [
            self.i.ready.eq(~spare_valid),
            self.o.payload.eq(head),
            self.o.valid.eq(head_valid),
            head_moves.eq(self.o.ready | ~head_valid),
            waiting.eq(spare_valid | self.i.valid),
            held_back.eq(waiting & ~head_moves),
            oldest.eq(Mux(spare_valid, spare, self.i.payload)),
        ]
        with m.If(head_moves):
            m.d.sync += [head.eq(oldest), head_valid.eq(waiting)]
        with m.If(self.i.ready):
            m.d.sync += spare.eq(self.i.payload)
        m.d.sync += spare_valid.eq(held_back)
        return m
