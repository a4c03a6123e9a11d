"""A unit with AXI4-Stream ports."""

from amaranth.hdl import Cat, ClockDomain, ClockSignal, Const, Module, Mux, ResetSignal, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from quadcim.boards.vcu128.units import StreamUnit, input_streams
from quadcim.hw.streams.shift_fifo import ShiftFifo, joined
from quadcim.hw.streams.slices import RegisterSlice
from quadcim.spec.timing import Timing

__all__ = ["PASSED_STREAMS", "WEIGHTS_AHEAD_CYCLES", "AxiStreamWrapper", "axis_prefix", "whole_bytes"]

WEIGHTS_AHEAD_CYCLES = 128
"""A beat surely meets the weights that were taken so long before it, if none is inside meanwhile: four times what a
unit can stall its weights then."""

PASSED_STREAMS = ("i", "o")
"""The streams of a unit whose beats have TLAST and TUSER: what comes with one of `i` leaves with its result on `o`."""


def whole_bytes(width: int) -> int:
    """The bytes that a payload of some bits needs."""
    return (width + 7) // 8


def axis_prefix(stream: str) -> str:
    """What the ports of a unit's stream begin with: ``s_axis`` for i, ``s_axis_w`` for w, ``m_axis`` for o."""
    return {"i": "s_axis", "o": "m_axis"}.get(stream, f"s_axis_{stream}")


class AxiStreamWrapper(wiring.Component):
    """AXI4-Stream around a unit of any kind.

    AXI allows no combinational path from a port to a port, and the ready of an elastic unit is one. So the wrapper
    takes beats in register slices of two entries, whose ready is a register. What belongs to a beat but is not
    computed with, TLAST and TUSER, waits for the result in a queue beside the unit, as deep as beats fit inside. ::

        s_axis_tlast, _tuser -> queue                      -> m_axis_tlast, _tuser
        s_axis_tdata         -> register slice -> i, unit, o -> m_axis_tdata
        s_axis_w             -> register slice -> w        (of units whose weights are loaded)

    A unit with "always" flow control cannot hold its results while m_axis_tready is low: a second queue does, and a
    beat is taken only if its result will have a place there. ::

        s_axis_tlast, _tuser -> queue            -> m_axis_tlast, _tuser
        s_axis_tdata         -> i, unit, o, queue -> m_axis_tdata

    Where frames are several beats, s_axis_tlast is compared with what the unit takes for a frame's last beat: a wrong
    one sets ``frame_error``, and the frame counts by its beats. Then m_axis_tlast marks a frame's last beat, and TUSER
    is that of a frame's first beat in. Both go through the register slice with the beat. ::

        s_axis_tdata, _tlast, _tuser -> register slice -> i, unit, o -> m_axis_tdata, _tlast
                                                       -> queue      -> m_axis_tuser

    Latency: one cycle more than the unit's. Throughput: that of the unit under any stall pattern. The two inputs are
    not ordered against each other: a beat surely meets the weights that were taken `WEIGHTS_AHEAD_CYCLES` before it, if
    no beat is inside meanwhile (one that waits holds weights back). No beat mixes weights in any case.

    Parameters
    ----------
    unit : StreamUnit
        The unit, in the domain "sync"; it becomes a submodule.
    timing : Timing
        That of the unit: its capacity, and its frames.
    user_bits : int
        Width of TUSER; 0 for none.

    Attributes
    ----------
    aclk, aresetn : In(1)
        The clock, and the synchronous, active-low reset: the unit's domain.
    s_axis_tdata : In
        Input in the low bits, the rest ignored; whole bytes.
    s_axis_tlast, s_axis_tuser : In(1), In
        Of a beat: they return with its result.
    s_axis_tvalid, s_axis_tready : In(1), Out(1)
        Handshake of the input.
    s_axis_w_tdata, s_axis_w_tvalid, s_axis_w_tready
        Likewise for the stream of weights, if the unit has one.
    m_axis_tdata : Out
        Output, sign- or zero-extended to whole bytes.
    m_axis_tlast, m_axis_tuser : Out(1), Out
        Of the beat that the output is the result of.
    m_axis_tvalid, m_axis_tready : Out(1), In(1)
        Handshake of the output.
    frame_error : Out(1)
        Where frames are several beats in: TLAST was wrong since the last reset.
    """

    aclk: Signal
    aresetn: Signal
    s_axis_tdata: Signal
    s_axis_tlast: Signal
    s_axis_tvalid: Signal
    s_axis_tready: Signal
    m_axis_tdata: Signal
    m_axis_tlast: Signal
    m_axis_tvalid: Signal
    m_axis_tready: Signal
    m_axis_tuser: Signal
    frame_error: Signal

    def __init__(self, *, unit: StreamUnit, timing: Timing, user_bits: int = 0):
        members = {"aclk": In(1), "aresetn": In(1)}
        for name, flow in (*((name, In) for name in input_streams(unit)), ("o", Out)):
            prefix, width = axis_prefix(name), 8 * whole_bytes(len(getattr(unit, name).payload))
            members |= {f"{prefix}_tdata": flow(width), f"{prefix}_tvalid": flow(1),
                        f"{prefix}_tready": Out(1) if flow == In else In(1)}
            if name in PASSED_STREAMS:
                members |= {f"{prefix}_tlast": flow(1)} | ({f"{prefix}_tuser": flow(user_bits)} if user_bits else {})
        self._checked = timing.beats_in != 1
        super().__init__(members | ({"frame_error": Out(1)} if self._checked else {}))
        self._unit, self._timing, self._user_bits = unit, timing, user_bits
        # The wrapper itself holds two beats: in the register slice, or on the way into and out of the queue of results.
        # Where frames differ, short ones may be inside in greater number than the fewest that fit: as many as follow
        # each other within the latency.
        inside = timing.latency_cycles // timing.initiation_interval_cycles + 1 if timing.beats_in is None or (
            timing.beats_out is None) else 0
        self._depth = max(timing.capacity_beats, inside) + 2

    def elaborate(self, platform) -> Module:
        """Build the clock domain, the queue of what is passed on, and what stands around the unit."""
        m = Module()
        m.domains.sync = ClockDomain("sync", local=True)
        m.d.comb += [ClockSignal().eq(self.aclk), ResetSignal().eq(~self.aresetn)]
        m.submodules.unit = unit = self._unit
        if self._timing.framed:
            self._frames(m)
            return m
        m.submodules.passed = passed = ShiftFifo(width=1 + self._user_bits, depth=self._depth)
        m.d.comb += [
            passed.i.payload.eq(joined(self._passed("s_axis"))),
            passed.i.valid.eq(self.s_axis_tvalid & self.s_axis_tready),
            self._passed("m_axis").eq(passed.o.payload),
            passed.o.ready.eq(self.m_axis_tvalid & self.m_axis_tready),
        ]
        if unit.o.signature.always_ready:
            self._results_queued(m, ready=passed.i.ready)
        else:
            self._inputs_sliced(m)
        return m

    def _passed(self, prefix: str) -> Value:
        return Cat(getattr(self, f"{prefix}_{part}") for part in ("tlast", *(["tuser"] if self._user_bits else [])))

    def _inputs_sliced(self, m: Module) -> None:
        """A unit that can be stalled: the slices and the unit hold no more beats than the queue beside them."""
        for name in input_streams(self._unit):
            self._input(m, name)
        self._result(m)

    def _input(self, m: Module, name: str) -> None:
        """A register slice before an input."""
        target: stream.Interface = getattr(self._unit, name)
        piece = self._sliced(m, name, len(target.payload), getattr(self, f"{axis_prefix(name)}_tdata"))
        m.d.comb += [
            target.payload.eq(piece.o.payload),
            target.valid.eq(piece.o.valid),
            piece.o.ready.eq(target.ready),
        ]

    def _sliced(self, m: Module, name: str, width: int, payload: Value) -> RegisterSlice:
        """The register slice behind an input."""
        m.submodules[f"slice_{name}"] = piece = RegisterSlice(width)
        prefix = axis_prefix(name)
        m.d.comb += [
            piece.i.payload.eq(payload),
            piece.i.valid.eq(getattr(self, f"{prefix}_tvalid")),
            getattr(self, f"{prefix}_tready").eq(piece.i.ready),
        ]
        return piece

    def _result(self, m: Module) -> None:
        """The output of a unit that can be stalled."""
        m.d.comb += [
            self.m_axis_tdata.eq(self._unit.o.payload),
            self.m_axis_tvalid.eq(self._unit.o.valid),
            self._unit.o.ready.eq(self.m_axis_tready),
        ]

    def _frames(self, m: Module) -> None:
        """A unit whose frames are several beats: they are counted at its own ports."""
        unit = self._unit
        for name in input_streams(unit):
            if name != "i":
                self._input(m, name)
        width = len(unit.i.payload)
        beat = joined(Cat(self.s_axis_tdata[:width], self._passed("s_axis")))
        piece = self._sliced(m, "i", len(beat), beat)
        begins, ends, goes = Signal(init=1), self._last(m, "i"), Signal(init=1)
        accepted = Signal()
        m.d.comb += [
            unit.i.payload.eq(piece.o.payload[:width]),
            unit.i.valid.eq(piece.o.valid & goes),
            piece.o.ready.eq(unit.i.ready & goes),
            accepted.eq(unit.i.valid & unit.i.ready),
        ]
        with m.If(accepted):
            m.d.sync += begins.eq(ends)
        if self._checked:
            with m.If(accepted & (piece.o.payload[width] != ends)):
                m.d.sync += self.frame_error.eq(1)
        self._result(m)
        m.d.comb += self.m_axis_tlast.eq(self._last(m, "o"))
        if self._user_bits:
            self._user(m, piece.o.payload[width + 1:], begins=begins, accepted=accepted, goes=goes)

    def _last(self, m: Module, stream: str) -> Value:
        """Whether the beat on a stream of the unit is its frame's last one: counted, or as the unit says."""
        target = getattr(self._unit, stream)
        length = self._timing.beats_in if stream == "i" else self._timing.beats_out
        if length is None:
            return getattr(self._unit, f"{stream}__last")
        if length == 1:
            return Const(1, 1)
        left, last = Signal(range(length), init=length - 1, name=f"{stream}_left"), Signal(name=f"{stream}_last")
        m.d.comb += last.eq(left == 0)
        with m.If(target.valid & target.ready):
            m.d.sync += left.eq(Mux(last, length - 1, left - 1))
        return last

    def _user(self, m: Module, user: Value, *, begins: Value, accepted: Value, goes: Signal) -> None:
        """TUSER of a frame's first beat in waits in a queue until the frame's last beat leaves."""
        m.submodules.passed = passed = ShiftFifo(width=self._user_bits, depth=self._depth)
        m.d.comb += [
            goes.eq(~begins | passed.i.ready),
            passed.i.payload.eq(user),
            passed.i.valid.eq(accepted & begins),
            self.m_axis_tuser.eq(passed.o.payload),
            passed.o.ready.eq(self.m_axis_tvalid & self.m_axis_tready & self.m_axis_tlast),
        ]

    def _results_queued(self, m: Module, *, ready: Value) -> None:
        """A unit that cannot be stalled: each beat in it, or in the queue of results, is one in the queue beside it."""
        unit, result = self._unit, Signal.like(self._unit.o.payload, name="result")
        m.submodules.results = results = ShiftFifo(width=len(result), depth=self._depth)
        m.d.comb += [
            self.s_axis_tready.eq(ready),
            unit.i.payload.eq(self.s_axis_tdata),
            unit.i.valid.eq(self.s_axis_tvalid & self.s_axis_tready),
            results.i.payload.eq(unit.o.payload),
            results.i.valid.eq(unit.o.valid),
            result.eq(results.o.payload),
            self.m_axis_tdata.eq(result),
            self.m_axis_tvalid.eq(results.o.valid),
            results.o.ready.eq(self.m_axis_tready),
        ]
