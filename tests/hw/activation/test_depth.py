"""How deep a unit can be: from forms that can have as many stages, the cheapest is taken."""

from dataclasses import replace

import pytest

from quadcim.fit.freeze import freeze
from quadcim.hw.activation.plans import closest_stages_to_clock, stages_for_clock, unit_integers, unit_plan, unit_steps
from quadcim.spec.activation import Activation
from quadcim.spec.cost import piecewise_cost
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.functions import FUNCTIONS, usual_formats
from quadcim.spec.piecewise import PiecewiseIntegers
from quadcim.spec.presets import PRESETS
from quadcim.spec.technology import find_technology
from quadcim.spec.unit import ActivationUnit
from tests.piecewise_sweep import check_unit


def make(function: str, width: int, technology: str, method: str = "auto") -> ActivationUnit:
    formats = usual_formats(FUNCTIONS[function], width)
    return ActivationUnit(Activation(function, *formats, "faithful"), 0, "elastic", technology, method)


def deepest(unit: ActivationUnit) -> int:
    """The most stages, as the error names them."""
    with pytest.raises(IllegalSetting, match=r"^stages must be 0 to \d+ for this unit, got 999$") as error:
        unit_plan(replace(unit, stages=999))
    return int(error.value.legal.split()[2])


@pytest.mark.parametrize("unit, fewest", [
    (make("softplus", 10, "generic"), 5), (make("quad", 9, "ultrascale"), 8), (make("tanh", 7, "fpga"), 5),
    (make("gelu", 8, "cells"), 5), (make("sine", 8, "fpga", "linear"), 4)], ids=lambda of: getattr(of, "name", None))
def test_a_sweep_over_depth_has_no_holes(unit, fewest):
    most, cheapest = deepest(unit), freeze(unit)
    assert most >= fewest
    cost = 0.0
    for stages in range(most + 1):
        staged = replace(unit, stages=stages)
        assert unit_plan(staged).stages == stages <= len(unit_steps(staged)) + 1
        integers = unit_integers(staged)
        if stages <= len(unit_steps(unit)) + 1:
            assert integers == cheapest
        if isinstance(integers, PiecewiseIntegers):
            before, cost = cost, getattr(piecewise_cost(integers, unit.activation.output.width),
                                         find_technology(unit.technology).goal)
            assert cost >= before
    for stages in (len(unit_steps(unit)) + 2, most):
        check_unit(replace(unit, stages=stages))


@pytest.mark.parametrize("name", ["phi8", "phi16-fpga", "sine12-fpga", "relu8", "gelu8", "phi16-dsp", "sine12-taylor"])
def test_presets_keep_the_cheapest_form(name):
    assert unit_integers(PRESETS[name]) == freeze(PRESETS[name])


def test_a_form_that_is_asked_for_stays():
    with pytest.raises(IllegalSetting, match="stages must be 0 to 2 for this unit, got 3"):
        unit_plan(replace(make("sine", 8, "fpga", "table"), stages=3))


def test_a_clock_that_is_not_asked_for_gives_way():
    unit = make("tanh", 8, "generic")
    stages, clock_mhz = closest_stages_to_clock(unit, 500)
    assert (stages, clock_mhz) == (stages_for_clock(unit, 500), 500)
    stages, clock_mhz = closest_stages_to_clock(unit, 20_000)
    assert 500 < clock_mhz < 20_000 and unit_plan(replace(unit, stages=stages)).stages == stages
    with pytest.raises(IllegalSetting, match="clock-mhz must be at most"):
        stages_for_clock(unit, 20_000)
