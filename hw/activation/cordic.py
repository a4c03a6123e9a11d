"""The baseline sine by CORDIC: ``sin(pi x / 2)``, unrolled rotations without a multiplier."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from quadcim.hw.activation.cordic_plan import CordicPlan
from quadcim.hw.streams.pipeline import Live, PipelinedUnit
from quadcim.spec.activation import Activation
from quadcim.spec.cordic import CordicIntegers
from quadcim.spec.pipeline import StagePlan
from quadcim.spec.unit import FlowControl

__all__ = ["CordicUnit"]


class CordicUnit(PipelinedUnit):
    """The pipelined CORDIC sine unit.

    Computes exactly what `quadcim.spec.cordic` defines, with one step for the fold, one for each rotation (two or three
    adders side by side), and one for saturation where the output needs it.

    Source: J. E. Volder, "The CORDIC Trigonometric Computing Technique", 1959.

    Parameters
    ----------
    activation : Activation
        Function "sine", its formats; the rounding is "faithful".
    integers : CordicIntegers
        The frozen integers.
    plan : StagePlan
        The steps of ``CordicPlan(activation, integers)`` and their cuts.
    flow_control : {"elastic", "always"}
        See `PipelinedUnit`, which also states latency and throughput.
    """

    def __init__(self, *, activation: Activation, integers: CordicIntegers, plan: StagePlan,
                 flow_control: FlowControl):
        super().__init__(input=activation.input, output=activation.output, plan=plan, flow_control=flow_control)
        self._activation = activation
        self._integers = integers
        self._design = CordicPlan(activation, integers)

    @property
    def activation(self) -> Activation:
        """What the unit computes."""
        return self._activation

    def build_step(self, m: Module, name: str, live: Live) -> Live:  # noqa: D102
        if name == "fold":
            return self._fold(m, live)
        if name == "saturate":
            return self._saturate(m, live)
        return self._rotate(m, live, int(name.removeprefix("rotate_")))

    def _fold(self, m: Module, live: Live) -> Live:
        """The angle that is left of 45 degrees, up to a sign: bits of the input, complemented where the sine falls."""
        f, kept = self._integers.fraction_bits, min(self._integers.fraction_bits, self._integers.angle_bits)
        phase = Signal(f + 2)
        falls, below = Signal(name="falls"), Signal(name="below")
        angle = Signal(self._design.angle_live_bits)
        m.d.comb += [phase.eq(live["x"]), falls.eq(phase[f] ^ phase[f + 1]), below.eq(phase[f + 1])]
        # Less one half: the angle's sign is the complement of the fraction's first bit.
        bits = Cat(phase[f - kept:f - 1], ~phase[f - 1]) if kept else Const(0, 0)
        pad = [falls] if self._design.pads_angle else []
        m.d.comb += angle.eq(Cat(*pad, bits ^ falls.replicate(kept)))
        return {"angle": angle, "below": below}

    def _start(self, m: Module, live: Live) -> tuple[Value, Value, Value]:
        """The vector and the angle before the first rotation."""
        integers = self._integers
        x, y = (Signal(signed(integers.vector_bits), name=f"{name}_0") for name in "xy")
        m.d.comb += [x.eq(integers.start), y.eq(Mux(live["below"], -integers.start, integers.start))]
        angle = live["angle"]
        if not self._design.pads_angle:
            return x, y, angle.as_signed()
        pad = integers.angle_bits - integers.fraction_bits
        if integers.fraction_bits:
            return x, y, Cat(angle[0].replicate(pad), angle[1:]).as_signed()
        # Without a fraction the angle is -1/2 quarter turns, or its complement.
        return x, y, Cat(angle[0].replicate(pad - 1), ~angle[0]).as_signed()

    def _rotate(self, m: Module, live: Live, i: int) -> Live:
        """Rotation i, by ``atan(2**-i)`` toward the target."""
        integers, last = self._integers, self._integers.iterations - 1
        if i == 1:
            x, y, z = self._start(m, live)
        else:
            # Bits that a cut did not have to hold are not read any more.
            x = Cat(Const(0, self._design.x_low(i - 1)), live["x"]).as_signed()
            y, z = live["y"], live["z"]
        negative, positive = Signal(name=f"negative_{i}"), Signal(name=f"positive_{i}")
        m.d.comb += [negative.eq(z[-1]), positive.eq(~z[-1])]
        odd = i % 2 == 1
        new_y = self._turn(m, f"y_{i}", y, x.shift_right(i), subtract=negative, plus_one=odd, half=i == last)
        if i == last:
            return {"y": new_y[integers.guard_bits:].as_signed()}
        new_x = x
        if i < integers.x_iterations:
            new_x = self._turn(m, f"x_{i}", x, y.shift_right(i), subtract=positive, plus_one=odd)
        new_z = Signal(signed(integers.angle_widths[i]), name=f"z_{i}")
        angle = integers.angles[i - 1]
        turn = Signal(signed(angle.bit_length() + 1), name=f"z_{i}_turn")
        m.d.comb += [turn.eq(Mux(negative, angle, -angle)), new_z.eq(z + turn)]
        return {"x": new_x[self._design.x_low(i):].as_signed(), "y": new_y, "z": new_z[-1:] if i == last - 1 else new_z}

    @staticmethod
    def _turn(m: Module, name: str, value: Value, shifted: Value, *, subtract: Value, plus_one: bool,
              half: bool = False) -> Value:
        """Sum or difference by complement, plus 1 if asked; `half` adds the rounding constant as well."""
        operand = Signal(signed(len(shifted)), name=f"{name}_turn")
        result = Signal(signed(len(value)), name=name)
        m.d.comb += operand.eq(shifted ^ subtract.replicate(len(shifted)))
        addend = operand
        if half:
            # The operand is as wide as the guard bits: complementing its sign bit adds half of an output bit to it.
            addend = Cat(operand[:-1], ~operand[-1], Const(0, 1)).as_signed()
        # A carry in of 1 costs no logic as the subtraction of a complement.
        if not plus_one:
            m.d.comb += result.eq(value + addend)
            return result
        complement = Signal(addend.shape(), name=f"{name}_complement")
        m.d.comb += [complement.eq(~addend), result.eq(value - complement)]
        return result

    def _saturate(self, m: Module, live: Live) -> Live:
        """The output's range: +1 is the only value above it, and unsigned outputs have nothing below 0."""
        output, y = self._activation.output, live["y"]
        result = Signal(self._design.saturated_bits, name="saturated")
        value: Value = y[:len(result)]
        if output.maximum < 1 << output.fraction_bits:
            is_one = Signal()
            m.d.comb += is_one.eq(~y[-1] & y[-2])
            value = Mux(is_one, output.maximum, value)
        m.d.comb += result.eq(value if output.signed else Mux(y[-1], 0, value))
        return {"y": result.as_signed() if output.signed else result}
