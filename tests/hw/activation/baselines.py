"""What the tests of the baseline units share: a unit's Verilog in the bulk simulator, and the sine."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from quadcim.hw.streams.pipeline import PipelinedUnit
from quadcim.sim.bulk import BulkSimulator
from quadcim.sim.design import write_design
from quadcim.spec.activation import Activation
from quadcim.spec.delay import DELAY_MODELS
from quadcim.spec.formats import Format
from quadcim.spec.pipeline import plan_stages
from quadcim.spec.ports import Field
from quadcim.spec.timing import Timing

__all__ = ["build", "every_input", "make_sine", "simulator", "sine_errors"]


def make_sine(input: str, output: str) -> Activation:
    """A faithful sine from words."""
    return Activation("sine", Format.parse(input), Format.parse(output), "faithful")


def build(plan_type: Callable, unit_type: Callable, activation: Activation, integers: object, stages: int,
          flow_control: str) -> PipelinedUnit:
    """The unit of a baseline with so many stages; all there are if `stages` is -1."""
    steps = plan_type(activation, integers).steps(DELAY_MODELS["lut"])
    plan = plan_stages(steps, stages if stages >= 0 else len(steps))
    return unit_type(activation=activation, integers=integers, plan=plan, flow_control=flow_control)


def simulator(unit: PipelinedUnit, activation: Activation, folder: Path) -> BulkSimulator:
    """The emitted Verilog of a unit, compiled."""
    folder.mkdir(parents=True, exist_ok=True)
    formats = {"i__payload": activation.input, "o__payload": activation.output}
    layouts = {name: (Field("value", 0, fmt),) for name, fmt in formats.items()}
    return BulkSimulator(write_design(unit, folder, timing=Timing(unit.plan.latency_cycles, 1, 1), layouts=layouts))


def every_input(activation: Activation) -> np.ndarray:
    return np.arange(activation.input.minimum, activation.input.maximum + 1)


def sine_errors(activation: Activation, raws: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """How far outputs are from the sine, clipped to the output's range, in ulp."""
    fmt = activation.output
    phases = raws % (4 << activation.input.fraction_bits)
    sines = np.sin(math.pi / 2 * np.ldexp(phases.astype(float), -activation.input.fraction_bits))
    return np.abs(outputs - np.clip(np.ldexp(sines, fmt.fraction_bits), fmt.minimum, fmt.maximum))
