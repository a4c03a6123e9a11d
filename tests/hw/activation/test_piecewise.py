"""Piecewise units: the emitted Verilog, compiled, against the golden model on every input."""

import dataclasses
import itertools

import numpy as np
import pytest
import torch

from quadcim.hw.activation.plans import unit_integers, unit_steps
from quadcim.models.activation import golden
from quadcim.sim.bulk import BulkSimulator
from quadcim.spec.activation import Activation
from quadcim.spec.formats import Format
from quadcim.spec.functions import FUNCTIONS, usual_formats
from quadcim.spec.unit import ActivationUnit

pytestmark = pytest.mark.shared_seeds

_TECHNOLOGIES = ("generic", "fpga", "ultrascale", "cells")


def _catalogue():
    """Every function and technology; stages and flow controls vary with them. Half of them are left to the long run."""
    for index, (name, technology) in enumerate(itertools.product(FUNCTIONS, _TECHNOLOGIES)):
        width = (8, 10, 7, 9)[(index + index // 4) % 4]
        activation = Activation(name, *usual_formats(FUNCTIONS[name], width), "faithful")
        unit = ActivationUnit(activation, index, ("elastic", "always")[index // 2 % 2], technology)
        long = (index + index // 4) % 2
        yield pytest.param(unit, id=f"{name}-{width}-{technology}", marks=[pytest.mark.long] if long else [])


def _widest():
    for name, input, output, technology in [
            ("sine", "SQ2.14", "SQ2.14", "generic"), ("tanh", "SQ3.13", "SQ1.15", "fpga"),
            ("sigmoid", "SQ4.12", "UQ0.16", "cells"), ("quad", "SQ2.14", "SQ2.14", "ultrascale"),
            ("gaussian", "SQ3.13", "UQ0.15", "fpga"), ("softplus", "UQ3.13", "UQ4.10", "ultrascale"),
            ("cosine", "UQ3.11", "SQ1.12", "generic")]:
        activation = Activation(name, Format.parse(input), Format.parse(output), "faithful")
        long = name in ("gaussian", "softplus", "cosine")
        yield pytest.param(ActivationUnit(activation, 3, "elastic", technology), id=f"{name}-{input}-{technology}",
                           marks=[pytest.mark.long] if long else [])


def check(unit: ActivationUnit, make_case, seed: int) -> None:
    """RTL equals golden; the latency is that of the plan; nothing is lost in pauses."""
    fmt = unit.activation.input
    raws = np.arange(fmt.minimum, fmt.maximum + 1)
    simulator = BulkSimulator(make_case(unit))
    result = simulator.run(raws)
    want = golden(unit.activation, unit_integers(unit))(torch.from_numpy(raws)).numpy()
    assert (result.outputs == want).all()
    assert result.latency_cycles == unit.stages
    assert result.cycles == simulator.share(len(raws)) + unit.stages
    output_pause = 0.0 if unit.flow_control == "always" else 0.4
    stalled = simulator.run(raws, input_pause=0.3, output_pause=output_pause, seed=seed)
    assert (stalled.outputs == want).all()


@pytest.mark.parametrize("unit", [*_catalogue(), *_widest()])
def test_every_input(unit, make_case, seed):
    steps = unit_steps(dataclasses.replace(unit, stages=0))
    check(dataclasses.replace(unit, stages=unit.stages % (len(steps) + 2)), make_case, seed)


@pytest.mark.parametrize("technology", _TECHNOLOGIES[:3])
@pytest.mark.parametrize("method", ["table", "multipartite", "linear", "quadratic"])
def test_every_number_of_stages(method, technology, make_case, seed):
    activation = Activation("sine", Format.parse("SQ2.6"), Format.parse("SQ2.6"), "faithful")
    unit = ActivationUnit(activation, 0, "elastic", technology, method)
    for stages in range(len(unit_steps(unit)) + 2):
        check(dataclasses.replace(unit, stages=stages), make_case, seed)
