"""Phi in one DSP48E2 against exact rational arithmetic and the golden model, every input, in the bulk simulator."""

import itertools

import numpy as np
import pytest
import torch

from quadcim.cores.cases import CoreCase
from quadcim.hw.activation.plans import unit_plan
from quadcim.hw.activation.quad_dsp_plan import QuadDspPlan
from quadcim.hw.emit.synthesis import FpgaCost, fpga_cost
from quadcim.models.activation import golden
from quadcim.sim.bulk import BulkSimulator
from quadcim.spec.activation import Activation
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.quad import QuadIntegers
from quadcim.spec.unit import ActivationUnit
from tests.conftest import unit_id
from tests.hw.activation.test_quad import check, every_input
from tests.hw.arithmetic.test_primitives import icarus  # noqa: F401 - a fixture

pytestmark = pytest.mark.shared_seeds


def phi(input: str, output: str, stages: int, flow_control: str = "always",
        rounding: str = "nearest") -> ActivationUnit:
    activation = Activation("quad", Format.parse(input), Format.parse(output), rounding)  # pyright: ignore
    return ActivationUnit(activation, stages, flow_control, technology="ultrascale", method="dsp")  # pyright: ignore


def check_all(unit: ActivationUnit, case: CoreCase, seed: int) -> None:
    simulator, raws = BulkSimulator(case), every_input(unit)
    result = simulator.run(raws)
    check(unit, raws, result.outputs)
    assert isinstance(case.integers, QuadIntegers)
    assert case.integers.dropped == 0
    assert (result.outputs == golden(unit.activation, case.integers)(torch.from_numpy(raws)).numpy()).all()
    assert result.latency_cycles == unit.stages
    assert result.cycles == simulator.share(len(raws)) + unit.stages
    output_pause = 0.4 if unit.flow_control == "elastic" else 0.0
    stalled = simulator.run(raws, input_pause=0.3, output_pause=output_pause, seed=seed)
    assert (stalled.outputs == result.outputs).all()


_FLOWS = ("always", "elastic")
_WIDTHS = [phi(both, both, stages, flow) for both, stages, flow in itertools.chain(
    itertools.product(["SQ2.6"], range(6), _FLOWS), itertools.product(["SQ2.14"], range(5), ["elastic"]),
    itertools.product(["SQ2.10"], [0, 3], ["always"]))]
_SATURATED = [phi("SQ2.10", "SQ1.11", stages, _FLOWS[stages % 2]) for stages in range(7)]
_FORMATS = [
    phi("UQ0.6", "UQ0.7", 3), phi("UQ1.10", "SQ2.10", 4), phi("UQ2.6", "UQ2.11", 5),
    phi("SQ3.6", "SQ1.9", 2, "elastic"), phi("SQ6.9", "SQ4.14", 5, "elastic"), phi("SQ1.14", "SQ2.14", 2),
    phi("SQ2.2", "SQ1.23", 4), phi("SQ8.0", "SQ2.3", 3), phi("SQ2.8", "UQ0.9", 1),
    phi("SQ2.10", "SQ2.10", 3, rounding="truncate"), phi("SQ2.12", "SQ2.6", 3, "elastic"),
    phi("SQ2.10", "SQ2.10", 2, rounding="faithful"), phi("SQ2.17", "SQ2.17", 3), phi("SQ3.17", "SQ2.30", 4)]


@pytest.mark.parametrize("unit", [*_WIDTHS, *_SATURATED, *_FORMATS], ids=unit_id)
def test_every_input(unit, make_case, seed):
    check_all(unit, make_case(unit), seed)


@pytest.mark.parametrize("stages", [0, 4])
def test_icarus(icarus, make_case, stages):  # noqa: F811
    unit = phi("SQ2.6", "SQ2.6", stages)
    case, raws = make_case(unit), every_input(unit)
    text = "".join(path.read_text() for path in case.simulation_sources)
    beats = [{"i__payload": int(raw), "i__valid": 1} for raw in (*raws, *[0] * stages)]
    inputs = {"i__payload": 8, "i__valid": 1, **({"rst": 1} if stages else {})}
    got = icarus(text, case.top, [{}], inputs, "o__payload", 8, beats, clock="clk" if stages else None)
    check(unit, raws, np.array([word for word, in got[stages:]], dtype=np.uint8).view(np.int8))


@pytest.mark.parametrize("stages", [2, 4])
def test_cost(stages, make_case):
    """One block, no LUT; a valid bit a stage, and the sign where it waits longer than the block can hold it."""
    unit = phi("SQ2.14", "SQ2.14", stages)
    case, waits = make_case(unit), max(stages - 2, 0)
    assert QuadDspPlan(unit.activation, case.integers).flip_flops(unit_plan(unit)) == waits  # pyright: ignore
    assert fpga_cost(case.rtl, case.top) == FpgaCost(lut=0, carry4=0, ff=stages + waits, lutram=0, srl=0, dsp=1)


def test_illegal_settings():
    with pytest.raises(IllegalSetting, match="17 fraction bits"):
        unit_plan(phi("SQ2.18", "SQ2.18", 3))
    with pytest.raises(IllegalSetting, match="0 to 5"):
        unit_plan(phi("SQ2.14", "SQ2.14", 6))
    activation = phi("SQ2.14", "SQ2.14", 3, rounding="faithful").activation
    with pytest.raises(IllegalSetting, match="nearest or truncate"):
        QuadDspPlan(activation, QuadIntegers.freeze(activation))
