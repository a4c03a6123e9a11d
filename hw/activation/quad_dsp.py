"""QuadINR's phi in one DSP48E2: pre-adder, squarer and adder with the rounding and the sign; no LUT."""

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Signal, Value

from quadcim.hw.activation.quad_dsp_plan import QuadDspPlan
from quadcim.hw.streams.pipeline import Live, PipelinedUnit, register
from quadcim.spec.pipeline import HOLD, StagePlan
from quadcim.spec.unit import FlowControl

__all__ = ["QuadDspUnit"]

# D + A from the block's A2 register.
_INMODE = 0b00100
# W = 0, Z = C, X and Y the product; bit 8, which makes W = RND, is the sign.
_OPMODE = 0b00_011_01_01
_OPMODE_SIGN = 8
# 3 is Z - others, and 1 is ~Z + others: bit 1 is the sign, complemented at the block's pin.
_ALUMODE = 0b0001
_ALUMODE_INVERTED = 0b0010
_RESETS = ("RSTA", "RSTALLCARRYIN", "RSTALUMODE", "RSTB", "RSTC", "RSTCTRL", "RSTD", "RSTINMODE", "RSTM", "RSTP")
_CASCADES = {"ACIN": 30, "BCIN": 18, "CARRYCASCIN": 1, "MULTSIGNIN": 1, "PCIN": 48}


class QuadDspUnit(PipelinedUnit):
    """The pipelined phi unit for UltraScale and UltraScale+ devices.

    Computes ``Y = saturate(round(phi(X * 2**-Fi) * 2**Fo))`` exactly as `quadcim.spec.quad` defines it, for inputs of
    up to 17 fraction bits and the roundings that square exactly (`quadcim.hw.activation.quad_dsp_plan`). Its stages are
    registers of the block. Only the sign, where it waits for the square longer than one stage, takes a flip-flop a
    stage outside, and an output that +1 or negative results do not fit into takes LUTs after the block.

    Parameters
    ----------
    design : QuadDspPlan
        What to build.
    plan : StagePlan
        Its steps and their cuts.
    flow_control : {"elastic", "always"}
        See `PipelinedUnit`, which also states latency and throughput.
    """

    def __init__(self, *, design: QuadDspPlan, plan: StagePlan, flow_control: FlowControl):
        super().__init__(input=design.activation.input, output=design.activation.output, plan=plan,
                         flow_control=flow_control)
        self._design = design

    @property
    def design(self) -> QuadDspPlan:
        """What is built."""
        return self._design

    def elaborate(self, platform) -> Module:
        """The block, whose registers are the stages, and what follows it."""
        m = Module()
        moves = self._control(m)
        stages = self._design.stages(self._plan)
        f, shift = self._design.integers.fraction_bits, self._design.integers.shift
        phase, product_sum = Signal(f + 2), Signal(48)
        x = self.arriving()
        if HOLD in stages:
            x = register(m, {"x": x}, stage=1, moves=moves[0])["x"]
        m.d.comb += phase.eq(x)
        enables = {name: moves[stage] for name, stage in stages.items()}
        waiting = self._design.sign_stages(self._plan)
        negative = self._delay_sign(m, phase[f + 1], {stage: moves[stage] for stage in waiting[:-1]})
        m.submodules.dsp = Instance(
            "DSP48E2", **self._settings(stages), **self._operands(phase[:f + 1], negative),
            **self._clocking(enables, moves[waiting[-1]] if waiting else Const(0)), o_P=product_sum)
        live: Live = {"total": product_sum[shift:shift + self._design.result_bits]}
        if self._design.saturates or self._design.clamps:
            live = self.build_step(m, "saturate", live)
            if "saturate" in stages:
                live = register(m, live, stage=self._plan.stages, moves=moves[-1])
        m.d.comb += self.o.payload.eq(self.widen(live["total"]))
        return m

    def build_step(self, m: Module, name: str, live: Live) -> Live:
        """The one step outside the block: saturate."""
        result, one = live["total"], self._design.result_bits - 2
        below_zero = result[one + 1] if self._design.may_be_negative else Const(0)
        value = Cat(Const(0, self._design.integers.extend), result[:one if self._design.saturates else one + 1])
        if self._design.saturates:
            is_one = Signal()
            m.d.comb += is_one.eq(result[one] & ~below_zero)
            value = value | is_one.replicate(len(value))
        if self._design.clamps:
            value = value & (~below_zero).replicate(len(value))
        if self._design.activation.output.signed:
            value = Cat(value, below_zero)
        saturated = Signal(len(value))
        m.d.comb += saturated.eq(value)
        return {"total": saturated}

    def widen(self, y: Value) -> Value:  # noqa: D102
        if self._design.saturates or self._design.clamps:
            return y.as_signed() if self._design.activation.output.signed else y
        return Cat(Const(0, self._design.integers.extend), y).as_signed()

    def _delay_sign(self, m: Module, sign: Value, enables: dict[int, Value]) -> Value:
        """The sign after the stages in which no register of the block holds it."""
        if not self._design.may_be_negative:
            return Const(0)
        for stage, moves in enables.items():
            sign = register(m, {"negative": sign}, stage=stage + 1, moves=moves)["negative"]
        return sign

    def _settings(self, stages: dict[str, int]) -> dict[str, int | str | Const]:
        """The parameters of the block."""
        control = int(bool(self._design.sign_stages(self._plan)))
        return {
            "p_AMULTSEL": "AD", "p_BMULTSEL": "AD", "p_PREADDINSEL": "A", "p_USE_MULT": "MULTIPLY",
            "p_AREG": int("input" in stages), "p_ACASCREG": int("input" in stages), "p_DREG": 0,
            "p_ADREG": int("difference" in stages), "p_MREG": int("square" in stages), "p_PREG": int("add" in stages),
            "p_BREG": 1, "p_BCASCREG": 1, "p_CREG": 0, "p_INMODEREG": 0, "p_CARRYINREG": 0,
            "p_OPMODEREG": control, "p_CARRYINSELREG": control, "p_ALUMODEREG": control,
            "p_IS_ALUMODE_INVERTED": Const(_ALUMODE_INVERTED, 4), "p_RND": Const(self._design.negative_addend, 48),
        }

    def _operands(self, m: Value, negative: Value) -> dict[str, Value]:
        """What is computed with. B is not used: its register never takes the ones, which saves power."""
        return {
            "i_A": Cat(m, Const(0, 30 - len(m))), "i_D": Const(-1 << self._design.integers.fraction_bits, 27),
            "i_B": Const(-1, 18), "i_C": Const(self._design.addend, 48), "i_CARRYIN": Const(0, 1),
            "i_CARRYINSEL": Const(0, 3), "i_INMODE": Const(_INMODE, 5),
            "i_OPMODE": Cat(Const(_OPMODE, _OPMODE_SIGN), negative),
            "i_ALUMODE": Cat(Const(_ALUMODE, 1), negative, Const(0, 2)),
            **{f"i_{name}": Const(0, width) for name, width in _CASCADES.items()},
        }

    def _clocking(self, enables: dict[str, Value], control: Value) -> dict[str, Value]:
        """Clock, clock enables and resets; a register that is not there is not enabled."""
        off = Const(0, 1)
        return {
            "i_CLK": ClockSignal() if self._plan.cuts else off,
            "i_CEA1": off, "i_CEA2": enables.get("input", off), "i_CEAD": enables.get("difference", off),
            "i_CEM": enables.get("square", off), "i_CEP": enables.get("add", off),
            "i_CECTRL": control, "i_CEALUMODE": control,
            **{f"i_{name}": off for name in ("CEB1", "CEB2", "CEC", "CECARRYIN", "CED", "CEINMODE", *_RESETS)},
        }
