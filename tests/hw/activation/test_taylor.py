"""The Taylor sine's RTL against its golden model and the sine itself, in the bulk simulator."""

import re

import numpy as np
import pytest
import torch

from quadcim.hw.activation.taylor import TaylorUnit
from quadcim.hw.activation.taylor_plan import TaylorPlan
from quadcim.hw.emit.verilog import emit_verilog
from quadcim.models.taylor import taylor_golden
from quadcim.spec.delay import DELAY_MODELS
from quadcim.spec.taylor import TaylorIntegers
from tests.hw.activation.baselines import build, every_input, make_sine, simulator, sine_errors

pytestmark = pytest.mark.shared_seeds


def _build(activation, stages, flow_control):
    return build(TaylorPlan, TaylorUnit, activation, TaylorIntegers.freeze(activation), stages, flow_control)


def _check(activation, raws, outputs):
    golden = taylor_golden(activation, TaylorIntegers.freeze(activation))(torch.from_numpy(raws)).numpy()
    wrong = np.flatnonzero(golden != outputs)
    assert not wrong.size, f"{wrong.size} wrong, first: {raws[wrong[0]]} gave {outputs[wrong[0]]}"
    assert sine_errors(activation, raws, outputs).max() < 1


@pytest.mark.parametrize("input, output, stages, flow_control", [
    ("SQ2.6", "SQ2.6", 0, "elastic"), ("SQ2.6", "SQ1.7", 3, "always"), ("SQ3.6", "SQ2.9", 5, "elastic"),
    ("SQ2.8", "SQ2.8", 4, "always"), ("SQ2.9", "UQ1.8", 2, "elastic"), ("SQ4.8", "SQ1.11", -1, "always"),
    ("SQ2.10", "SQ2.10", 6, "elastic"), ("SQ2.10", "SQ4.6", 0, "always"), ("UQ2.4", "SQ2.13", -1, "elastic"),
    ("SQ2.1", "UQ0.8", 1, "always"), ("SQ2.0", "SQ2.5", 2, "elastic"), ("SQ2.2", "SQ2.0", 3, "always"),
])
def test_every_input(input, output, stages, flow_control, tmp_path, seed):
    activation = make_sine(input, output)
    unit = _build(activation, stages, flow_control)
    raws = every_input(activation)
    compiled = simulator(unit, activation, tmp_path)
    result = compiled.run(raws)
    _check(activation, raws, result.outputs)
    assert result.latency_cycles == unit.plan.stages == unit.plan.latency_cycles
    assert result.cycles == compiled.share(len(raws)) + unit.plan.stages
    output_pause = 0.0 if flow_control == "always" else 0.4
    stalled = compiled.run(raws, input_pause=0.3, output_pause=output_pause, seed=seed)
    assert (stalled.outputs == result.outputs).all()


@pytest.mark.parametrize("output, stages, flow_control", [("SQ2.14", 0, "always"), ("SQ1.15", 7, "elastic")])
def test_every_16_bit_input(output, stages, flow_control, tmp_path):
    activation = make_sine("SQ2.14", output)
    result = simulator(_build(activation, stages, flow_control), activation, tmp_path).run(every_input(activation))
    _check(activation, every_input(activation), result.outputs)
    assert result.latency_cycles == stages


@pytest.mark.parametrize("input, output", [("SQ2.22", "SQ2.22"), ("SQ2.30", "SQ2.30"), ("SQ6.20", "SQ2.12")])
def test_wide_inputs(input, output, tmp_path, seed):
    activation = make_sine(input, output)
    fmt = activation.input
    draw = np.random.default_rng(seed).integers(fmt.minimum, fmt.maximum + 1, 200_000)
    edges = np.arange(-4, 4)[:, None] * (1 << fmt.fraction_bits) + np.arange(-3, 4)
    raws = np.concatenate([np.clip(edges.ravel(), fmt.minimum, fmt.maximum), draw])
    result = simulator(_build(activation, 3, "always"), activation, tmp_path).run(raws)
    _check(activation, raws, result.outputs)


def test_numbers_of_stages(tmp_path):
    activation = make_sine("SQ2.6", "SQ1.6")
    steps = TaylorPlan(activation, TaylorIntegers.freeze(activation)).steps(DELAY_MODELS["cells"])
    for stages in (1, 2, len(steps) // 2, len(steps) - 1, len(steps)):
        unit = _build(activation, stages, "always")
        compiled = simulator(unit, activation, tmp_path / str(stages))
        result = compiled.run(every_input(activation))
        _check(activation, every_input(activation), result.outputs)
        assert result.latency_cycles == stages


@pytest.mark.parametrize("input, output", [("SQ2.10", "SQ2.10"), ("SQ2.8", "SQ1.9"), ("SQ2.6", "UQ1.9"),
                                           ("SQ3.12", "SQ2.8")])
def test_registers_are_those_of_the_plan(input, output):
    activation = make_sine(input, output)
    unit = _build(activation, -1, "always")
    text = emit_verilog(unit, name="sine", header="sine").text
    held = re.findall(r"\breg (?:signed )?(?:\[(\d+):0\] )?\w", text)
    assert sum(int(high or 0) + 1 for high in held) == unit.plan.register_bits + unit.plan.stages
