"""QuadINR's phi: ``phi(x) = v (2 - |v|)``, ``v = ((x + 2) mod 4) - 2``, with one squarer and no multiplier."""

from amaranth.hdl import Cat, Const, Module, Signal, Value

from quadcim.hw.activation.quad_plan import QuadPlan
from quadcim.hw.arithmetic.logic import logic_for
from quadcim.hw.arithmetic.summation import summation
from quadcim.hw.streams.pipeline import Live, PipelinedUnit
from quadcim.spec.pipeline import StagePlan
from quadcim.spec.unit import FlowControl

__all__ = ["QuadUnit"]

class QuadUnit(PipelinedUnit):
    """The pipelined phi unit.

    Computes ``Y = saturate(round(phi(X * 2**-Fi) * 2**Fo))`` exactly as `quadcim.spec.quad` defines it for the rounding
    of `activation`. The period is a bit selection, the fold one level of exclusive-ors; the folded square is summed
    together with the rounding constant and the sign in one compressor tree and one carry-propagate adder
    (`quadcim.hw.activation.quad_plan`).

    Source: QuadINR, arXiv 2508.14374.

    Parameters
    ----------
    design : QuadPlan
        What to build.
    plan : StagePlan
        Its steps and their cuts.
    flow_control : {"elastic", "always"}
        See `PipelinedUnit`, which also states latency and throughput.
    """

    def __init__(self, *, design: QuadPlan, plan: StagePlan, flow_control: FlowControl):
        super().__init__(input=design.activation.input, output=design.activation.output, plan=plan,
                         flow_control=flow_control)
        self._design = design
        self._summation = summation(design.sum, logic_for(design.technology))

    @property
    def design(self) -> QuadPlan:
        """What is built."""
        return self._design

    def build_step(self, m: Module, name: str, live: Live) -> Live:  # noqa: D102
        if name == "fold":
            return self._summation.enter(m, self._fold(m, live))
        if name == "sign":
            return self._sign(m, live)
        return self._summation.build(m, name, live, continues=self.continues(name))

    def _fold(self, m: Module, live: Live) -> Live:
        """Distance to the peak, ``|2**F - m| = folded + rising``, without a carry chain."""
        f = self._design.integers.fraction_bits
        phase = Signal(f + 2)
        folded = Signal(f)
        rising = Signal(name="rising") if self._design.may_fall else Const(1)
        negative = Signal(name="negative") if self._design.may_be_negative else Const(0)
        m.d.comb += phase.eq(live["x"])
        if self._design.may_be_negative:
            m.d.comb += negative.eq(phase[f + 1])
        if self._design.may_fall:
            m.d.comb += [rising.eq(~phase[f]), folded.eq(phase[:f] ^ rising.replicate(f))]
        else:
            m.d.comb += folded.eq(~phase[:f])
        operands: dict[str, Value] = {"folded": folded}
        if self._design.may_fall:
            operands["rising"] = rising
        if self._design.may_be_negative:
            operands["negative"] = negative
        return operands

    def _sign(self, m: Module, live: Live) -> Live:
        """Conditional complement, then the output's range."""
        one = self._design.result_bits - 1
        result, below_zero, is_one = self._apply_sign(m, live)
        signed = self._design.activation.output.signed
        value = Cat(Const(0, self._design.integers.extend), result[:one]) if self._design.saturates else result
        if not signed and self._design.may_be_negative:
            above_zero = Signal()
            positive = Signal(len(value))
            m.d.comb += [above_zero.eq(~live["negative"]), positive.eq(value & above_zero.replicate(len(value)))]
            value = positive
        if self._design.saturates:
            saturated = Signal(len(value))
            m.d.comb += saturated.eq(value | is_one.replicate(len(value)))
            value = saturated
        return {"y": Cat(value, below_zero) if signed and self._design.may_be_negative else value}

    def _apply_sign(self, m: Module, live: Live) -> tuple[Value, Value, Value]:
        """The signed result, and whether it is below zero, and +1; bit `one` is set in both cases."""
        one, magnitude, negative = self._design.result_bits - 1, live["total"], live.get("negative", Const(0))
        if not self._design.may_be_negative:
            return magnitude, Const(0), magnitude[one]
        result = Signal(one + 1)
        below_zero = Signal()
        is_one = Signal()
        m.d.comb += [
            result.eq(magnitude ^ negative.replicate(one + 1)),
            below_zero.eq(result[one] & negative),
            is_one.eq(result[one] & ~negative),
        ]
        return result, below_zero, is_one

    def widen(self, y: Value) -> Value:  # noqa: D102
        if self._design.saturates:
            return y
        wide = Cat(Const(0, self._design.integers.extend), y)
        return wide.as_signed() if self._design.activation.output.signed and self._design.may_be_negative else wide
