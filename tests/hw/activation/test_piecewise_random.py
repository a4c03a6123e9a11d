"""Functions of a user's that fits are apt to trip over: the emitted Verilog, compiled, on every input."""

import dataclasses
import math
import random

import pytest

from quadcim.hw.activation.plans import unit_plan, unit_steps
from quadcim.spec.activation import Activation
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.technology import TECHNOLOGIES
from quadcim.spec.unit import ActivationUnit
from tests.piecewise_sweep import activation_of, check_unit, draw_unit


def _formats(input: str, output: str) -> tuple[Format, Format]:
    return Format.parse(input), Format.parse(output)


pytestmark = pytest.mark.shared_seeds

_CONSTANT = [
    Activation("tanh", *_formats("SQ1.5", "SQ4.0"), "truncate"), Activation("exp2", *_formats("SQ1.1", "SQ2.0")),
    activation_of(lambda _x: 0.0, *_formats("SQ2.2", "SQ2.2"), "faithful"),
    activation_of(lambda _x: -0.75, *_formats("UQ2.2", "SQ2.2"), "nearest")]


@pytest.mark.parametrize("technology, stages", [*zip([*TECHNOLOGIES] * 2, (0, 1, 2, 3, 4, 0, 9, 1), strict=True)])
def test_a_constant_output_at_any_number_of_stages(technology, stages):
    for activation in _CONSTANT:
        unit = ActivationUnit(activation, stages, "elastic", technology)
        check_unit(unit)
        assert unit_plan(unit).register_bits == 0


def test_a_constant_waits_no_longer_than_is_sensible():
    with pytest.raises(IllegalSetting, match="stages must be 0 to 65 for this unit, got 66"):
        unit_plan(ActivationUnit(_CONSTANT[0], 66))


@pytest.mark.parametrize("technology", TECHNOLOGIES)
def test_wires_alone(technology):
    for function in (lambda x: x, lambda x: abs(x) / 2):
        for stages in (0, 1, 2):
            activation = activation_of(function, *_formats("SQ2.3", "SQ3.4"), "faithful")
            check_unit(ActivationUnit(activation, stages, "elastic", technology))


@pytest.mark.parametrize("technology", ["fpga", "ultrascale"])
def test_a_row_that_lies_below_what_has_been_added(technology):
    activation = activation_of(lambda x: x - math.floor(x), *_formats("SQ4.7", "UQ0.12"), "nearest")
    check_unit(ActivationUnit(activation, 0, "elastic", technology))


def test_a_slope_wider_than_the_output():
    activation = activation_of(lambda x: x - math.floor(x), *_formats("UQ1.6", "UQ0.6"), "nearest")
    check_unit(ActivationUnit(activation, 0, "elastic", "cells"))


@pytest.mark.parametrize("number", [pytest.param(number, marks=[pytest.mark.long] if number >= 12 else [])
                                    for number in range(300)])
def test_random_functions(number, seed):
    draw = random.Random(f"{seed} {number}")
    unit = draw_unit(draw)
    try:
        most = len(unit_steps(unit)) + 1
    except IllegalSetting as error:
        assert error.option == "rounding"
        return
    check_unit(dataclasses.replace(unit, stages=draw.randint(0, most)))
