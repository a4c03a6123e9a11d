"""A unit with AXI4-Stream ports."""

from amaranth.hdl import ClockDomain, ClockSignal, Module, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from quadcim.boards.slices import RegisterSlice
from quadcim.boards.units import StreamUnit, input_streams, require_backpressure

__all__ = ["WEIGHTS_AHEAD_CYCLES", "AxiStreamWrapper", "axis_prefix", "whole_bytes"]

WEIGHTS_AHEAD_CYCLES = 128
"""A beat surely meets the weights that were taken so long before it, if none is inside meanwhile: four times what a
unit can stall its weights then."""


def whole_bytes(width: int) -> int:
    """The bytes that a payload of some bits needs."""
    return (width + 7) // 8


def axis_prefix(stream: str) -> str:
    """What the ports of a unit's stream begin with: ``s_axis`` for i, ``s_axis_w`` for w, ``m_axis`` for o."""
    return {"i": "s_axis", "o": "m_axis"}.get(stream, f"s_axis_{stream}")


class AxiStreamWrapper(wiring.Component):
    """AXI4-Stream around a unit of any kind.

    AXI allows no combinational path from a port to a port, and the ready of an elastic unit is one. So the wrapper
    takes beats in register slices of two entries, whose ready is a register. ::

        s_axis   -> register slice -> i, unit, o -> m_axis
        s_axis_w -> register slice -> w              (of units whose weights are loaded)

    A unit with "always" flow control is refused: it cannot hold its output while m_axis_tready is low.

    Latency: one cycle more than the unit's. Throughput: that of the unit under any stall pattern. The two inputs are
    not ordered against each other: a beat surely meets the weights that were taken `WEIGHTS_AHEAD_CYCLES` before it, if
    no beat is inside meanwhile (one that waits holds weights back). No beat mixes weights in any case.

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
    s_axis_w_tdata, s_axis_w_tvalid, s_axis_w_tready
        Likewise for the stream of weights, if the unit has one.
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
        members = {"aclk": In(1), "aresetn": In(1)}
        for name, flow in (*((name, In) for name in input_streams(unit)), ("o", Out)):
            prefix, width = axis_prefix(name), 8 * whole_bytes(len(getattr(unit, name).payload))
            members |= {f"{prefix}_tdata": flow(width), f"{prefix}_tvalid": flow(1),
                        f"{prefix}_tready": Out(1) if flow == In else In(1)}
        super().__init__(members)
        self._unit = unit

    def elaborate(self, platform) -> Module:
        """Build the clock domain, the register slices and the unit."""
        m = Module()
        m.domains.sync = ClockDomain("sync", local=True)
        m.d.comb += [ClockSignal().eq(self.aclk), ResetSignal().eq(~self.aresetn)]
        m.submodules.unit = unit = self._unit
        for name, target in input_streams(unit).items():
            m.submodules[f"slice_{name}"] = piece = RegisterSlice(len(target.payload))
            prefix = axis_prefix(name)
            m.d.comb += [
                piece.i.payload.eq(getattr(self, f"{prefix}_tdata")),
                piece.i.valid.eq(getattr(self, f"{prefix}_tvalid")),
                getattr(self, f"{prefix}_tready").eq(piece.i.ready),
                target.payload.eq(piece.o.payload),
                target.valid.eq(piece.o.valid),
                piece.o.ready.eq(target.ready),
            ]
        m.d.comb += [
            self.m_axis_tdata.eq(unit.o.payload),
            self.m_axis_tvalid.eq(unit.o.valid),
            unit.o.ready.eq(self.m_axis_tready),
        ]
        return m
