"""Random functions of a user's in random formats, and the check of a unit that evaluates one of them."""

import math
import random
import tempfile
from pathlib import Path

import numpy as np
import torch

from quadcim.fit.reference import admitted_outputs, real_values
from quadcim.hw.activation.plans import unit_integers
from quadcim.hw.activation.units import create_unit
from quadcim.models.activation import golden
from quadcim.sim.bulk import BulkSimulator
from quadcim.sim.design import write_design
from quadcim.spec.activation import Activation, Samples
from quadcim.spec.formats import Format
from quadcim.spec.ports import Field
from quadcim.spec.technology import TECHNOLOGIES
from quadcim.spec.timing import Timing
from quadcim.spec.unit import ActivationUnit

__all__ = ["activation_of", "check_unit", "draw_unit"]


def _functions(draw: random.Random):
    """Shapes that fits are apt to trip over: constants, jumps, corners, saws, peaks, symmetry, noise."""
    a, b, c = (draw.uniform(-2, 2) for _ in range(3))
    noise: dict[float, float] = {}
    return [
        lambda x: a, lambda x: 0.0, lambda x: x - math.floor(x), lambda x: a * x + b, abs,
        lambda x: max(x, a), lambda x: min(max(x, a), a + 1), lambda x: float(x > a), lambda x: math.copysign(1, x),
        lambda x: float(math.floor(x)), lambda x: a * x * x + b * x + c, lambda x: math.sin(a * x + b),
        lambda x: math.exp(-x * x), lambda x: math.tanh(a * x), lambda x: float(x == 0), lambda x: -abs(x) + b,
        lambda x: math.cos(math.pi / 2 * x), lambda x: abs(x - math.floor(x) - 0.5), lambda x: 2.0 ** min(x, 8),
        lambda x: max(x, a * x / 8), lambda x: noise.setdefault(x, draw.uniform(-1, 1)),
        lambda x: a + 1e-3 * x, lambda x: 1 / (1 + abs(x)),
    ]


def _format(draw: random.Random, narrowest: int, widest: int) -> Format:
    width, signed = draw.randint(narrowest, widest), draw.random() < 0.7
    return Format(signed, whole := draw.randint(int(signed), min(width, 4)), width - whole)


def activation_of(function, input: Format, output: Format, rounding) -> Activation:
    """The activation of a function of one number."""
    values = tuple(float(function(input.wrap(bits) / 2**input.fraction_bits)) for bits in range(1 << input.width))
    return Activation("drawn", input, output, rounding, Samples(str(hash(values)), values))


def draw_unit(draw: random.Random, *, widest: int = 9) -> ActivationUnit:
    """A combinational unit."""
    function = draw.choice(_functions(draw))
    activation = activation_of(function, _format(draw, 2, widest), _format(draw, 2, 12),
                               draw.choice(["faithful", "nearest", "truncate"]))
    return ActivationUnit(activation, 0, "elastic", draw.choice(list(TECHNOLOGIES)))


def check_unit(unit: ActivationUnit) -> None:
    """The emitted Verilog equals the golden model, and that keeps what the rounding promises, at every input."""
    activation, integers = unit.activation, unit_integers(unit)
    raws = np.arange(activation.input.minimum, activation.input.maximum + 1)
    golden_outputs = golden(activation, integers)(torch.from_numpy(raws)).numpy()
    least, greatest = (bound[raws & (1 << activation.input.width) - 1]
                       for bound in admitted_outputs(activation, real_values(activation)))
    assert ((least <= golden_outputs) & (golden_outputs <= greatest)).all()
    with tempfile.TemporaryDirectory() as folder:
        layouts = {f"{stream}__payload": (Field("value", 0, fmt),)
                   for stream, fmt in (("i", activation.input), ("o", activation.output))}
        simulator = BulkSimulator(write_design(create_unit(unit), Path(folder), top="drawn",
                                               timing=Timing(unit.stages, 1, 1), layouts=layouts))
        result = simulator.run(raws, input_pause=0.2, output_pause=0.2)
    assert (result.outputs == golden_outputs).all()
