"""Stage registers and flow control of a pipelined stream unit."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence

from amaranth.hdl import Const, Module, Shape, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from quadcim.spec.formats import Format
from quadcim.spec.pipeline import StagePlan, Step
from quadcim.spec.unit import FlowControl

__all__ = ["Live", "PipelinedUnit", "continues", "register"]

Live = Mapping[str, Value]
"""The values that are alive between two steps, by name."""


def continues(steps: Sequence[Step], cuts: Sequence[int], name: str) -> bool:
    """Whether the step after `name` is of the same kind, ``kind_1`` and ``kind_2``, and in the same stage."""
    names = [step.name for step in steps]
    index = names.index(name)
    kinds = [other.rpartition("_")[0] for other in names[index:index + 2]]
    return len(kinds) == 2 and kinds[0] == kinds[1] and index not in cuts


def register(m: Module, live: Live, *, stage: int, moves: Value) -> Live:
    """Registers for what is alive at a cut; they take new values when `moves` is set, and are not reset."""
    held: dict[str, Value] = {}
    for name, value in live.items():
        if isinstance(value, Const):
            held[name] = value
            continue
        held[name] = word = Signal(value.shape(), name=f"stage{stage}_{name}", reset_less=True)
        with m.If(moves):
            m.d.sync += word.eq(value)
    return held


class PipelinedUnit(wiring.Component):
    """A stream unit that computes in steps, with registers where a stage plan puts them.

    Latency: ``plan.latency_cycles`` cycles from an accepted beat to the beat out. Throughput: one beat a cycle; with
    "elastic" flow control under any stall pattern, since every stage moves on when it is empty or the next one takes
    its beat (the ready signal passes through all stages within the cycle). Only the valid bits are reset.

    Parameters
    ----------
    input, output : Format
        Formats of the payloads.
    plan : StagePlan
        The steps and the cuts; without cuts the unit is combinational.
    flow_control : {"elastic", "always"}
        Streams with valid and ready, or with valid alone (the receiver takes every beat).

    Attributes
    ----------
    i : In(stream.Signature)
        Beats in.
    o : Out(stream.Signature)
        Beats out, in the same order.
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, *, input: Format, output: Format, plan: StagePlan, flow_control: FlowControl):
        always = flow_control == "always"
        super().__init__({
            "i": In(stream.Signature(Shape(input.width, input.signed), always_ready=always)),
            "o": Out(stream.Signature(Shape(output.width, output.signed), always_ready=always)),
        })
        self._plan = plan
        self._flow_control: FlowControl = flow_control

    @property
    def plan(self) -> StagePlan:
        """The steps and where they are cut."""
        return self._plan

    @property
    def flow_control(self) -> FlowControl:
        """Whether beats can be stalled."""
        return self._flow_control

    @abstractmethod
    def build_step(self, m: Module, name: str, live: Live) -> Live:
        """Add the logic of the step `name` to `m`: from what is alive before it to what is alive after it.

        The first step finds the input as ``live["x"]``; the last one leaves the output as ``{"y": ...}``.
        """

    def continues(self, name: str) -> bool:
        """Whether the step after `name` is of the same kind, ``kind_1`` and ``kind_2``, and in the same stage."""
        return continues(self._plan.steps, self._plan.cuts, name)

    def widen(self, y: Value) -> Value:
        """The output payload from the last step's result, by wires alone: what no register has to hold."""
        return y

    def arriving(self) -> Value:
        """The input payload; where a register holds it first, without the bits that do not count."""
        first, payload = self._plan.steps[0], self.i.payload
        return payload[:first.live_bits] if first.is_hold and first.live_bits < len(payload) else payload

    def elaborate(self, platform) -> Module:
        """The steps, the registers after those that end a stage, and the handshake."""
        m = Module()
        moves = self._control(m)
        live: Live = {"x": self.arriving()}
        for index, step in enumerate(self._plan.steps):
            if not step.is_hold:
                live = self.build_step(m, step.name, live)
            if index in self._plan.cuts:
                stage = self._plan.cuts.index(index)
                live = register(m, live, stage=stage + 1, moves=moves[stage])
        m.d.comb += self.o.payload.eq(self.widen(live["y"]))
        return m

    def _control(self, m: Module) -> list[Value]:
        """The valid bits and the ready chain; returns for each stage whether its registers take new values."""
        numbers = range(1, self._plan.stages + 1)
        valid = [self.i.valid, *(Signal(name=f"stage{number}_valid") for number in numbers)]
        if self._flow_control == "always":
            moves: list[Value] = [Const(1)] * self._plan.stages
        else:
            moves = [Signal(name=f"stage{number}_moves") for number in numbers]
            ready = [*moves, self.o.ready]
            for stage, move in enumerate(moves):
                m.d.comb += move.eq(ready[stage + 1] | ~valid[stage + 1])
            m.d.comb += self.i.ready.eq(ready[0])
        for stage, move in enumerate(moves):
            with m.If(move):
                m.d.sync += valid[stage + 1].eq(valid[stage])
        m.d.comb += self.o.valid.eq(valid[-1])
        return moves
