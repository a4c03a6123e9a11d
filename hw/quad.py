"""QuadINR's phi: ``phi(x) = v (2 - |v|)``, ``v = ((x + 2) mod 4) - 2``, with one squarer and no multiplier."""

from amaranth.hdl import Cat, Const, Module, Signal, Value

from quadcim.hw.compressor import ONE
from quadcim.hw.pipeline import Live, PipelinedUnit
from quadcim.hw.quad_plan import NOT_NEGATIVE, QuadPlan, term_name
from quadcim.spec.activation import Activation
from quadcim.spec.pipeline import StagePlan
from quadcim.spec.unit import FlowControl

__all__ = ["QuadUnit"]

_WORD = 32


def _sum_and_carry(inputs: list[Value], *, plus_one: bool) -> tuple[Value, Value]:
    """The two bits of the sum of an adder's inputs, and of 1 if that is among them."""
    match inputs:
        case [a]:
            return ~a, a
        case [a, b] if plus_one:
            return ~(a ^ b), a | b
        case [a, b]:
            return a ^ b, a & b
        case [a, b, c]:
            # Sharing the exclusive-or with the sum saves gates over the majority of three.
            either = a ^ b
            return either ^ c, (a & b) | (c & either)
    raise AssertionError("an adder has one to three inputs besides the constant")


class QuadUnit(PipelinedUnit):
    """The pipelined phi unit.

    Computes ``Y = saturate(round(phi(X * 2**-Fi) * 2**Fo))`` exactly as `quadcim.spec.quad` defines it for the rounding
    of `activation`. The period is a bit selection, the fold one level of exclusive-ors; the folded square is summed
    together with the rounding constant and the sign in one compressor tree and one carry-propagate adder
    (`quadcim.hw.quad_plan`).

    Source: QuadINR, arXiv 2508.14374.

    Parameters
    ----------
    activation : Activation
        Function "quad", its formats and rounding.
    plan : StagePlan
        The steps of ``QuadPlan(activation)`` and their cuts.
    flow_control : {"elastic", "always"}
        See `PipelinedUnit`, which also states latency and throughput.
    """

    def __init__(self, *, activation: Activation, plan: StagePlan, flow_control: FlowControl):
        super().__init__(input=activation.input, output=activation.output, plan=plan, flow_control=flow_control)
        self._activation = activation
        self._design = QuadPlan(activation)

    @property
    def activation(self) -> Activation:
        """What the unit computes."""
        return self._activation

    def build_step(self, m: Module, name: str, live: Live) -> Live:  # noqa: D102
        if name == "fold":
            return self._fold(m, live)
        if name.startswith("compress_"):
            return self._compress(m, live, level=int(name.removeprefix("compress_")))
        return self._add(m, live) if name == "add" else self._sign(m, live)

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
        return {"folded": folded, "rising": rising, "negative": negative}

    def _products(self, m: Module, live: Live) -> dict[str, Value]:
        """The complemented partial products, and the sign's bit of the heap."""
        operand = Cat(live["folded"], live["rising"])
        bits: dict[str, Value] = {}
        if self._design.may_be_negative:
            bits[NOT_NEGATIVE] = Signal(name=NOT_NEGATIVE)
            m.d.comb += bits[NOT_NEGATIVE].eq(~live["negative"])
        for term in self._design.integers.kept_terms:
            name = term_name(term, self._design.integers.fraction_bits)
            bits[name] = Signal(name=name)
            other = ~operand[term.j] if term.invert else operand[term.j]
            product = operand[term.i] if term.i == term.j else operand[term.i] & other
            m.d.comb += bits[name].eq(~product)
        return bits

    def _compress(self, m: Module, live: Live, *, level: int) -> Live:
        tree = self._design.tree
        bits = self._products(m, live) if level == 1 else self._unpack(live, level - 1)
        for adder in tree.levels[level - 1]:
            total, carry = Signal(name=adder.sum), Signal(name=adder.carry)
            inputs = [bits[name] for name in adder.inputs if name != ONE]
            sum_logic, carry_logic = _sum_and_carry(inputs, plus_one=ONE in adder.inputs)
            m.d.comb += [total.eq(sum_logic), carry.eq(carry_logic)]
            bits |= {adder.sum: total, adder.carry: carry}
        return {**self._pack(m, bits, level), "negative": live["negative"]}

    def _pack(self, m: Module, bits: dict[str, Value], level: int) -> Live:
        """The bits alive after a level, in words: short enough for people and for compilers of simulators."""
        names = self._design.tree.bits_after[level - 1]
        words: dict[str, Value] = {}
        for number, start in enumerate(range(0, len(names), _WORD)):
            part = names[start:start + _WORD]
            words[f"heap_{number}"] = word = Signal(len(part), name=f"heap_{level}_{number}")
            m.d.comb += word.eq(Cat(bits[name] for name in part))
        return words

    def _unpack(self, live: Live, level: int) -> dict[str, Value]:
        """The bits of the heap by name."""
        return {name: live[f"heap_{index // _WORD}"][index % _WORD]
                for index, name in enumerate(self._design.tree.bits_after[level - 1])}

    def _add(self, m: Module, live: Live) -> Live:
        tree, low = self._design.tree, self._design.adder_low
        bits = self._unpack(live, len(tree.levels)) if tree.levels else self._products(m, live)
        bits[ONE] = Const(1)
        rows = [Cat(bits[column[row]] if row < len(column) else Const(0) for column in tree.columns) for row in (0, 1)]
        addend_0 = Signal(len(tree.columns) - low)
        addend_1 = Signal(len(tree.columns) - low)
        total = Signal(len(tree.columns))
        m.d.comb += [
            addend_0.eq(rows[0][low:]),
            addend_1.eq(rows[1][low:]),
            total.eq(Cat(rows[0][:low], (addend_0 + addend_1)[:len(addend_0)])),
        ]
        return {"magnitude": total[self._design.guard_bits:], "negative": live["negative"]}

    def _sign(self, m: Module, live: Live) -> Live:
        """Conditional complement, then the output's range."""
        one = self._design.result_bits - 1
        result, below_zero, is_one = self._apply_sign(m, live)
        signed = self._activation.output.signed
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
        one, magnitude, negative = self._design.result_bits - 1, live["magnitude"], live["negative"]
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
        return wide.as_signed() if self._activation.output.signed and self._design.may_be_negative else wide
