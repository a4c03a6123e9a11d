"""The baseline sine by its Taylor series: ``sin(pi x / 2)``, Horner's rule with multipliers."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed

from quadcim.hw.activation.taylor_plan import TaylorPlan
from quadcim.hw.streams.pipeline import Live, PipelinedUnit
from quadcim.spec.activation import Activation
from quadcim.spec.pipeline import StagePlan
from quadcim.spec.taylor import TaylorIntegers
from quadcim.spec.unit import FlowControl

__all__ = ["TaylorUnit"]


class TaylorUnit(PipelinedUnit):
    """The pipelined Taylor sine unit.

    Computes exactly what `quadcim.spec.taylor` defines. The multipliers are those of the synthesis tool.

    Parameters
    ----------
    activation : Activation
        Function "sine", its formats; the rounding is "faithful".
    integers : TaylorIntegers
        The frozen integers.
    plan : StagePlan
        The steps of ``TaylorPlan(activation, integers)`` and their cuts.
    flow_control : {"elastic", "always"}
        See `PipelinedUnit`, which also states latency and throughput.
    """

    def __init__(self, *, activation: Activation, integers: TaylorIntegers, plan: StagePlan,
                 flow_control: FlowControl):
        super().__init__(input=activation.input, output=activation.output, plan=plan, flow_control=flow_control)
        self._activation = activation
        self._integers = integers
        self._design = TaylorPlan(activation, integers)

    @property
    def activation(self) -> Activation:
        """What the unit computes."""
        return self._activation

    def build_step(self, m: Module, name: str, live: Live) -> Live:  # noqa: D102
        kind, _, number = name.partition("_")
        match kind:
            case "fold":
                return self._fold(m, live)
            case "square":
                return self._square(m, live)
            case "multiply":
                return self._multiply(m, live, int(number))
            case "subtract":
                return self._subtract(m, live, int(number))
            case "scale":
                return self._scale(m, live)
        return self._sign(m, live)

    def _fold(self, m: Module, live: Live) -> Live:
        """The distance to the nearest zero of the sine, by a conditional subtraction from 1."""
        f = self._integers.fraction_bits
        phase = Signal(f + 2)
        wave = Signal(self._design.wave_bits, name="wave")
        falls, below = Signal(name="falls"), Signal(name="below")
        m.d.comb += [
            phase.eq(live["x"]),
            falls.eq(phase[f]),
            below.eq(phase[f + 1]),
            wave.eq((phase[:f] ^ falls.replicate(f)) + falls),
        ]
        return {"wave": wave, "below": below}

    def _square(self, m: Module, live: Live) -> Live:
        f, bits = self._integers.fraction_bits, self._integers.square_bits
        whole = Signal(2 * f + 1, name="whole_square")
        m.d.comb += whole.eq(live["wave"] * live["wave"])
        square = Signal(self._design.square_bits, name="square")
        m.d.comb += square.eq(Cat(Const(0, bits - 2 * f), whole) if bits > 2 * f else whole[2 * f - bits:])
        return {**live, "square": square}

    def _multiply(self, m: Module, live: Live, k: int) -> Live:
        """What the terms from k + 1 on take away from coefficient k."""
        first = k == self._integers.terms - 2
        terms = Const(self._integers.coefficients[-1]) if first else live["sum"]
        product = Signal(self._design.product_bits(k), name=f"product_{k}")
        m.d.comb += product.eq((terms * live["square"])[self._integers.square_bits:])
        held = {name: live[name] for name in ("wave", "below", "square") if k or name != "square"}
        return {**held, "product": product}

    def _subtract(self, m: Module, live: Live, k: int) -> Live:
        total = Signal(self._design.sum_bits(k), name=f"sum_{k}")
        m.d.comb += total.eq(self._integers.coefficients[k] - live["product"])
        return {**{name: value for name, value in live.items() if name != "product"}, "sum": total}

    def _scale(self, m: Module, live: Live) -> Live:
        """The magnitude of the result, 0 to 1."""
        integers = self._integers
        shift = integers.fraction_bits + integers.coefficient_bits - integers.output_bits
        magnitude = Signal(integers.output_bits + 1, name="magnitude")
        m.d.comb += magnitude.eq((live["sum"] * live["wave"])[shift:])
        return {"magnitude": magnitude, "below": live["below"]}

    def _sign(self, m: Module, live: Live) -> Live:
        """Conditional negation, then the output's range."""
        output, magnitude, below = self._activation.output, live["magnitude"], live["below"]
        is_one = magnitude[-1]
        if not output.signed:
            result = Signal(self._design.result_bits, name="result")
            most = Mux(is_one, output.maximum, magnitude[:len(result)]) if self._design.saturates else magnitude
            m.d.comb += result.eq(Mux(below, 0, most))
            return {"y": result}
        result = Signal(signed(self._design.result_bits), name="result")
        negated = (magnitude ^ below.replicate(len(magnitude))) + below
        if self._design.saturates:
            # One bit fewer: +1 is where the magnitude is 1 and not negated, and -1 is in range.
            negated = Mux(is_one & ~below, output.maximum, negated[:len(result)])
        else:
            negated = Cat(negated[:len(magnitude)], below & magnitude.any()).as_signed()
        m.d.comb += result.eq(negated)
        return {"y": result}
