"""A unit with AXI4-Stream ports."""

from amaranth.hdl import ClockDomain, ClockSignal, Module, Mux, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from quadcim.boards.units import StreamUnit, require_backpressure

__all__ = ["AxiStreamWrapper"]


def _whole_bytes(width: int) -> int:
    return (width + 7) // 8 * 8


class AxiStreamWrapper(wiring.Component):
    """AXI4-Stream around a unit.

    AXI allows no combinational path from a port to a port, and the ready of an elastic unit is one. So the wrapper
    takes beats in a register slice of two entries, whose ready is a register. ::

        s_axis -> register slice -> unit -> m_axis

    A unit with "always" flow control is refused: it cannot hold its output while m_axis_tready is low.

    Latency: one cycle more than the unit's. Throughput: one beat a cycle under any stall pattern.

    Parameters
    ----------
    unit : StreamUnit
        The unit, in the domain "sync"; it becomes a submodule.

    Attributes
    ----------
    aclk, aresetn : In(1)
        The clock, and the synchronous, active-low reset: the unit's domain.
    s_axis_tdata : In
        Input in the low bits, the rest ignored; whole bytes.
    s_axis_tvalid, s_axis_tready : In(1), Out(1)
        Handshake of the input.
    m_axis_tdata : Out
        Output, sign- or zero-extended to whole bytes.
    m_axis_tvalid, m_axis_tready : Out(1), In(1)
        Handshake of the output.

    Raises
    ------
    IllegalSetting
        If the unit has no backpressure.
    """

    aclk: Signal
    aresetn: Signal
    s_axis_tdata: Signal
    s_axis_tvalid: Signal
    s_axis_tready: Signal
    m_axis_tdata: Signal
    m_axis_tvalid: Signal
    m_axis_tready: Signal

    def __init__(self, *, unit: StreamUnit):
        require_backpressure(unit)
        super().__init__({
            "aclk": In(1),
            "aresetn": In(1),
            "s_axis_tdata": In(_whole_bytes(len(unit.i.payload))),
            "s_axis_tvalid": In(1),
            "s_axis_tready": Out(1),
            "m_axis_tdata": Out(_whole_bytes(len(unit.o.payload))),
            "m_axis_tvalid": Out(1),
            "m_axis_tready": In(1),
        })
        self._unit = unit

    def elaborate(self, platform) -> Module:
        """Build the clock domain, the register slice and the unit."""
        m = Module()
        m.domains.sync = ClockDomain("sync", local=True)
        m.d.comb += [ClockSignal().eq(self.aclk), ResetSignal().eq(~self.aresetn)]
        m.submodules.unit = unit = self._unit
        self._register_slice(m)
        m.d.comb += [
            self.m_axis_tdata.eq(unit.o.payload),
            self.m_axis_tvalid.eq(unit.o.valid),
            unit.o.ready.eq(self.m_axis_tready),
        ]
        return m

    def _register_slice(self, m: Module) -> None:
        """Feed the unit from `head`; `spare` takes the beat that arrives in the cycle in which the unit stalls."""
        unit, width = self._unit, len(self._unit.i.payload)
        head = Signal(width, reset_less=True)
        spare = Signal(width, reset_less=True)
        head_valid = Signal()
        spare_valid = Signal()
        head_moves = Signal()
        waiting = Signal()
        held_back = Signal()
        oldest = Signal(width)
        m.d.comb += [
            self.s_axis_tready.eq(~spare_valid),
            unit.i.payload.eq(head),
            unit.i.valid.eq(head_valid),
            head_moves.eq(unit.i.ready | ~head_valid),
            waiting.eq(spare_valid | self.s_axis_tvalid),
            held_back.eq(waiting & ~head_moves),
            oldest.eq(Mux(spare_valid, spare, self.s_axis_tdata[:width])),
        ]
        with m.If(head_moves):
            m.d.sync += [head.eq(oldest), head_valid.eq(waiting)]
        with m.If(self.s_axis_tready):
            m.d.sync += spare.eq(self.s_axis_tdata)
        m.d.sync += spare_valid.eq(held_back)
