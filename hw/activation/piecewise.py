"""Piecewise functions: a line in each segment, and small corrections, in one sum."""

from amaranth.hdl import Cat, Const, Module, Signal, Value

from quadcim.hw.activation.piecewise_plan import PiecewisePlan
from quadcim.hw.arithmetic.heap import Wire
from quadcim.hw.arithmetic.logic import logic_for
from quadcim.hw.arithmetic.summation import summation
from quadcim.hw.streams.pipeline import Live, PipelinedUnit
from quadcim.spec.pipeline import StagePlan
from quadcim.spec.unit import FlowControl

__all__ = ["PiecewiseUnit"]


class PiecewiseUnit(PipelinedUnit):
    """The pipelined unit of a piecewise function.

    Computes exactly the integer function that `quadcim.spec.piecewise` defines. The fold is one level of
    exclusive-ors, without a carry chain; the tables are modules of their own; all that they give is added in one heap.

    Parameters
    ----------
    design : PiecewisePlan
        What to build.
    plan : StagePlan
        Its steps and their cuts.
    flow_control : {"elastic", "always"}
        See `PipelinedUnit`, which also states latency and throughput.
    """

    def __init__(self, *, design: PiecewisePlan, plan: StagePlan, flow_control: FlowControl):
        super().__init__(input=design.activation.input, output=design.activation.output, plan=plan,
                         flow_control=flow_control)
        self._design = design
        self._logic = logic_for(design.technology)
        self._summation = summation(design.sum, self._logic)

    @property
    def design(self) -> PiecewisePlan:
        """What is built."""
        return self._design

    def build_step(self, m: Module, name: str, live: Live) -> Live:  # noqa: D102
        if "x" in live:
            live = self._coordinate(m, live["x"])
            if name == "fold":
                return live
        if "z" in live:
            live = self._operands(m, live)
            if not self._design.early:
                live = self._summation.enter(m, live)
            if name == "compare":
                return live
        if name == "lookup":
            return self._look_up(m, live)
        if name == "sign":
            return self._sign(m, live)
        if name == "wire":
            return {"y": live["total"]}
        live = self._summation.build(m, name, live, continues=self.continues(name))
        return {"y": live["total"]} if name == self.plan.steps[-1].name else live

    def _coordinate(self, m: Module, x: Value) -> Live:
        """The input's low bits, mirrored into the part that is tabled."""
        fold = self._design.integers.fold
        if not self._design.is_folded:
            z = Signal(fold.bits, name="z")
            m.d.comb += z.eq(x)
            return {"z": z}
        reflected = Signal(name="reflected")
        m.d.comb += reflected.eq(~x[fold.reflect] if fold.reflect_invert else x[fold.reflect])
        z = self._logic.complement(m, x[:fold.bits], reflected, "z")
        live: dict[str, Value] = {"z": z, "reflected": reflected}
        if fold.sign:
            live["negative"] = negative = Signal(name="negative")
            m.d.comb += negative.eq(Cat(x[bit] for bit in fold.sign).xor())
        return live

    def _operands(self, m: Module, live: Live) -> Live:
        """The segment and the offset in it."""
        live = dict(live)
        n, z = self._design.integers.offset_bits, live.pop("z")
        segment, offset = Signal(self._design.integers.address_bits, name="segment"), Signal(n, name="offset")
        m.d.comb += [offset.eq(z[:n]), segment.eq(self._number(m, z) if self._design.integers.breaks else z[n:])]
        low = self._design.mirrored_low
        if low < n:
            mirrored = Signal(n - 1 - low, name="mirrored")
            m.d.comb += mirrored.eq(offset[low:n - 1] ^ (~offset[n - 1]).replicate(n - 1 - low))
            live["mirrored"] = Cat(Const(0, low), mirrored)
        return {**live, "segment": segment, "offset": offset}

    def _number(self, m: Module, z: Value) -> Value:
        """How many of the breaks z has reached: bit b of a count is the parity of every 2**b-th of them."""
        reached = []
        for index, point in enumerate(self._design.integers.breaks, 1):
            zeros = (point & -point).bit_length() - 1
            reached.append(here := Signal(name=f"reached_{index}"))
            m.d.comb += here.eq(z[zeros:] >= point >> zeros)
        return Cat(Cat(reached[(1 << bit) - 1::1 << bit]).xor()
                   for bit in range(self._design.integers.address_bits))

    def _look_up(self, m: Module, live: Live) -> Live:
        """The tables that are read before the sum begins."""
        live = dict(live)

        def bit(wire: Wire) -> Value:
            return live[wire.operand][wire.index]

        for lookup in self._design.early:
            live[lookup.name] = self._logic.look_up(m, lookup, [bit(wire) for wire in lookup.address])
        entered = self._summation.enter(m, self._needed(live))
        return {"y": entered["total"]} if self.plan.steps[-1].name == "lookup" else entered

    def _needed(self, live: Live) -> Live:
        """What the sum reads, so that no register holds more."""
        read = self._design.operands_of_sum
        return {name: value for name, value in live.items() if name in read}

    def _sign(self, m: Module, live: Live) -> Live:
        return {"y": self._logic.complement(m, live["total"], live["negative"], "y")}
