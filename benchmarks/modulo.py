"""What accumulating modulo the period saves in a layer of a periodic activation."""

import tempfile
from pathlib import Path

import numpy as np
from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from benchmarks.report import Bar, Table, say
from quadcim.hw.emit.synthesis import fpga_cost, gate_cost
from quadcim.hw.emit.verilog import emit_verilog
from quadcim.hw.inr.layer import Narrowing
from quadcim.hw.inr.plan import LayerPlan
from quadcim.hw.inr.processing_element import ProcessingElement
from quadcim.spec.folding import Folding
from quadcim.spec.formats import Format
from quadcim.spec.inr import FrozenLayer
from quadcim.spec.narrow import Overflow
from quadcim.spec.pipeline import StagePlan, Step

__all__ = ["measure"]

_INPUT, _OUTPUT = Format(True, 1, 7), Format(True, 2, 8)
_WEIGHT_BITS, _WEIGHT_FRACTION, _SIMD = 8, 6, 16
_LEAST_PERCENT = 15


class _Sums(ProcessingElement):
    """A processing element whose products come from outside."""

    def __init__(self, plan: LayerPlan):
        super().__init__(plan)
        self._bits = plan.layer.input.width + plan.layer.weight_bits
        self.products = Signal(_SIMD * self._bits)

    def _products(self, m: Module) -> list[Value]:
        return [self.products.word_select(place, self._bits).as_signed() for place in range(_SIMD)]


class _Measured(wiring.Component):
    """Adder tree, accumulator and narrowing."""

    products: Signal
    bias: Signal
    first: Signal
    accumulates: Signal
    y: Signal

    def __init__(self, plan: LayerPlan):
        self._plan = plan
        bits = plan.layer.input.width + plan.layer.weight_bits
        super().__init__({"products": In(_SIMD * bits), "bias": In(plan.accumulator_bits), "first": In(1),
                          "accumulates": In(1), "y": Out(plan.layer.output.width)})

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.sums = sums = _Sums(self._plan)
        m.submodules.narrowing = narrowing = Narrowing(self._plan)
        m.d.comb += [sums.products.eq(self.products), sums.bias.eq(self.bias), sums.first.eq(self.first),
                     sums.accumulates.eq(self.accumulates), narrowing.total.eq(sums.y), self.y.eq(narrowing.y)]
        return m


def _plan(overflow: Overflow, inputs: int) -> LayerPlan:
    rng = np.random.default_rng(0)
    top = 1 << _WEIGHT_BITS - 1
    weight = (tuple(rng.integers(-top, top, inputs).tolist()),)
    shift = _WEIGHT_FRACTION + _INPUT.fraction_bits - _OUTPUT.fraction_bits
    layer = FrozenLayer(_INPUT, _OUTPUT, overflow, _WEIGHT_BITS, weight, (0,), (shift,))
    levels = (_SIMD - 1).bit_length()
    steps = (Step("multiply", 0, 0), *(Step(f"add_{level}", 0, 0) for level in range(1, levels + 1)))
    return LayerPlan(1, layer, Folding(1, _SIMD), 1, StagePlan(steps, ()), None)


def _cost(plan: LayerPlan) -> tuple[int, float]:
    """LUTs and gate equivalents."""
    with tempfile.TemporaryDirectory() as folder:
        (path := Path(folder, "t.v")).write_text(emit_verilog(_Measured(plan), name="t", header="t").text)
        return fpga_cost([path], "t").lut, gate_cost([path], "t").total_ge


def measure() -> Table:
    """LUTs and gates of both, from one generator."""
    table = Table("Accumulators modulo the period",
                  f"Adder tree, accumulator and narrowing of a processing element of {_SIMD} SIMD, multipliers aside; "
                  f"weights of {_WEIGHT_BITS} bits with {_WEIGHT_FRACTION} of fraction, activations {_INPUT}, "
                  f"pre-activations {_OUTPUT}. Full: accumulators that span what the weights can add up to, and "
                  "saturation, as an activation without a period needs; of wider accumulators whose upper bits nothing "
                  "reads, synthesis keeps none.",
                  ("inputs", "bits, full", "bits, modulo", "LUT, full", "LUT, modulo", "saved, %", "GE, full",
                   "GE, modulo", "saved, %"))
    for inputs in (64, 256):
        say(f"modulo: {inputs} inputs")
        plans = [_plan("saturate", inputs), _plan("wrap", inputs)]
        luts, gates = zip(*map(_cost, plans), strict=True)
        saved = [100 * (1 - after / before) for before, after in (luts, gates)]
        table.add(inputs, *(plan.accumulator_bits for plan in plans), *luts, f"{saved[0]:.1f}",
                  *(f"{ge:.0f}" for ge in gates), f"{saved[1]:.1f}",
                  bars=(Bar(saved[0], ">=", _LEAST_PERCENT, "% fewer LUTs"),))
    return table
