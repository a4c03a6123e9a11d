"""Piecewise units: the emitted Verilog, compiled, against the golden model on every input."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch

from quadcim.hw.plans import unit_steps
from quadcim.models.activation import unit_golden
from quadcim.sim.bulk import BulkSimulator
from quadcim.spec.activation import Activation
from quadcim.spec.formats import Format
from quadcim.spec.functions import FUNCTIONS, usual_formats
from quadcim.spec.unit import ActivationUnit

_TECHNOLOGIES = ("generic", "fpga", "ultrascale", "cells")


def _catalogue():
    """Every function and technology; stages and flow controls vary with them."""
    for index, (name, technology) in enumerate(itertools.product(FUNCTIONS, _TECHNOLOGIES)):
        width = (8, 11, 9, 10)[(index + index // 4) % 4]
        activation = Activation(name, *usual_formats(FUNCTIONS[name], width), "faithful")
        unit = ActivationUnit(activation, 0, ("elastic", "always")[index // 2 % 2], technology)
        yield dataclasses.replace(unit, stages=index % (len(unit_steps(unit)) + 1))


def _methods():
    """Every method at every number of stages."""
    activation = Activation("sine", Format.parse("SQ2.7"), Format.parse("SQ2.7"), "faithful")
    for method, technology in itertools.product(("table", "multipartite", "linear", "quadratic"), _TECHNOLOGIES[:2]):
        unit = ActivationUnit(activation, 0, "elastic", technology, method)
        for stages in range(len(unit_steps(unit)) + 1):
            yield dataclasses.replace(unit, stages=stages)


def _widest():
    for name, input, output, technology in [
            ("sine", "SQ2.14", "SQ2.14", "generic"), ("tanh", "SQ3.13", "SQ1.15", "fpga"),
            ("sigmoid", "SQ4.12", "UQ0.16", "generic"), ("gaussian", "SQ3.13", "UQ0.15", "fpga"),
            ("softplus", "UQ3.13", "UQ4.10", "ultrascale"), ("cosine", "UQ3.11", "SQ1.12", "cells"),
            ("quad", "SQ2.14", "SQ2.14", "ultrascale")]:
        activation = Activation(name, Format.parse(input), Format.parse(output), "faithful")
        yield ActivationUnit(activation, 3, "elastic", technology)


def _id(unit: ActivationUnit) -> str:
    return unit.name.removeprefix("quadcim_")


@pytest.mark.parametrize("unit", [*_catalogue(), *_methods(), *_widest()], ids=_id)
def test_every_input(unit, make_case, seed):
    fmt = unit.activation.input
    raws = np.arange(fmt.minimum, fmt.maximum + 1)
    simulator = BulkSimulator(make_case(unit))
    result = simulator.run(raws)
    want = unit_golden(unit)(torch.from_numpy(raws)).numpy()
    assert (result.outputs == want).all()
    assert result.latency_cycles == unit.stages
    assert result.cycles == len(raws) + unit.stages
    output_pause = 0.0 if unit.flow_control == "always" else 0.4
    stalled = simulator.run(raws, input_pause=0.3, output_pause=output_pause, seed=seed)
    assert (stalled.outputs == want).all()
