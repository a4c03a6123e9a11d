import pytest

from quadcim.hw.activation.plans import stages_for_clock, unit_plan, unit_steps
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.presets import PRESETS, find_preset
from quadcim.spec.unit import ActivationUnit


@pytest.mark.parametrize("unit", PRESETS.values(), ids=PRESETS)
def test_presets_are_legal_and_survive_json(unit):
    assert unit_plan(unit).stages == unit.stages
    assert ActivationUnit.from_json(unit.to_json()) == unit


def test_names_are_readable():
    assert find_preset("phi16").name == "quad_sq2_14_s3"
    assert find_preset("gabor12-imaginary").name == "gabor_ima_sq3_9_s2"


def test_refused_settings():
    activation = PRESETS["phi16"].activation
    with pytest.raises(IllegalSetting, match="flow-control must be one of elastic, always, got 'never'"):
        ActivationUnit(activation, 1, "never")  # pyright: ignore
    with pytest.raises(IllegalSetting, match="technology must be one of generic, fpga, ultrascale, cells, got 'x'"):
        ActivationUnit(activation, 1, "elastic", "x")
    with pytest.raises(IllegalSetting, match="method must be one of auto, heap, .*, got 'x'"):
        ActivationUnit(activation, 1, "elastic", "generic", "x")
    with pytest.raises(IllegalSetting, match="preset must be one of phi8"):
        find_preset("phi99")


def test_clock_picks_more_stages_when_faster():
    unit = PRESETS["phi16"]
    stages = [stages_for_clock(unit, mhz) for mhz in (200, 1000, 1500, 2000)]
    assert stages == sorted(stages)
    assert 1 <= stages[0] < stages[-1] <= len(unit_steps(unit))
