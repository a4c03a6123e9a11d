"""The phi unit's RTL against exact rational arithmetic, in the bulk simulator: every input of a covering grid."""

import itertools

import numpy as np
import pytest

from quadcim.hw.activation.plans import unit_steps
from quadcim.sim.bulk import BulkSimulator
from quadcim.sim.vectors import edge_inputs
from quadcim.spec.activation import ROUNDINGS
from tests.conftest import make_unit, unit_id

pytestmark = pytest.mark.shared_seeds

_INPUTS = ["SQ2.2", "SQ1.4", "UQ0.6", "SQ2.5", "UQ2.6", "SQ3.6", "SQ2.8", "UQ1.10", "SQ2.10", "SQ4.9", "SQ2.12",
           "SQ1.14", "SQ2.14"]
_OUTPUTS = ["SQ1.5", "UQ0.7", "SQ2.6", "SQ1.9", "SQ2.10", "UQ2.11", "SQ2.14", "SQ4.14", "SQ2.18", "SQ1.23"]


def _grid():
    """Every input with every rounding; outputs, stages and flow controls vary with them, each value many times."""
    for row, (input, rounding) in enumerate(itertools.product(_INPUTS, ROUNDINGS)):
        for column in range(3):
            output = _OUTPUTS[(row * 3 + column * 4 + row // 10) % len(_OUTPUTS)]
            unit = make_unit(input, output, rounding, 0, "elastic")
            stages = (row + column * 3) % (len(unit_steps(unit)) + 2)
            unit = make_unit(input, output, rounding, stages, ("elastic", "always")[(row + column) % 2])
            yield pytest.param(unit, id=unit_id(unit), marks=[pytest.mark.long] if column == 2 else [])


def exact(unit, raws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Phi as a fraction of integers: (numerator, denominator) with a sign, in ulp of the output; Python integers."""
    fi, fo = unit.activation.input.fraction_bits, unit.activation.output.fraction_bits
    one = 1 << fi
    x = raws.astype(object) % (4 * one)
    first = x < 2 * one
    y = x - 4 * one
    numerator = np.where(first, 2 * x * one - x * x, y * y + 2 * y * one)
    return numerator * (1 << fo), np.array(one * one, dtype=object)


def check(unit, raws: np.ndarray, outputs: np.ndarray) -> None:
    """Against the contract of the unit's rounding."""
    numerator, denominator = exact(unit, raws)
    low, high = unit.activation.output.minimum, unit.activation.output.maximum
    if unit.activation.rounding == "faithful":
        clipped = np.clip(numerator, low * denominator, high * denominator)
        assert (np.abs(outputs.astype(object) * denominator - clipped) < denominator).all()
        return
    half = denominator if unit.activation.rounding == "nearest" else 0
    magnitude = (2 * np.abs(numerator) + half) // (2 * denominator)
    want = np.clip(np.where(numerator < 0, -magnitude, magnitude), low, high)
    wrong = np.flatnonzero(want != outputs)
    assert not wrong.size, f"{wrong.size} wrong, first: {raws[wrong[0]]} gave {outputs[wrong[0]]}, not {want[wrong[0]]}"


def every_input(unit) -> np.ndarray:
    fmt = unit.activation.input
    return np.arange(fmt.minimum, fmt.maximum + 1)


@pytest.mark.parametrize("unit", list(_grid()))
def test_every_input(unit, make_case, seed):
    raws = every_input(unit)
    simulator = BulkSimulator(make_case(unit))
    result = simulator.run(raws)
    check(unit, raws, result.outputs)
    assert result.latency_cycles == unit.stages
    assert result.cycles == simulator.share(len(raws)) + unit.stages
    output_pause = 0.0 if unit.flow_control == "always" else 0.4
    stalled = simulator.run(raws, input_pause=0.3, output_pause=output_pause, seed=seed)
    assert (stalled.outputs == result.outputs).all()


def _product(input: str, output: str):
    """Every rounding, every legal number of stages and both flow controls."""
    for rounding in ROUNDINGS:
        legal = len(unit_steps(make_unit(input, output, rounding, 0, "elastic"))) + 1
        for stages, flow_control in itertools.product(range(legal + 1), ("elastic", "always")):
            unit = make_unit(input, output, rounding, stages, flow_control)
            long = (stages + (flow_control == "always") + ROUNDINGS.index(rounding)) % 2
            yield pytest.param(unit, id=unit_id(unit), marks=[pytest.mark.long] if long else [])


@pytest.mark.parametrize("unit", [*_product("SQ2.3", "SQ1.5"), *_product("SQ2.14", "SQ2.14")])
def test_every_number_of_stages(unit, make_case):
    raws = every_input(unit)
    result = BulkSimulator(make_case(unit)).run(raws)
    check(unit, raws, result.outputs)
    assert result.latency_cycles == unit.stages


@pytest.mark.parametrize("unit", [
    make_unit("SQ2.22", "SQ2.22", "faithful", 4, "elastic"), make_unit("SQ2.22", "SQ1.23", "nearest", 8, "always"),
    make_unit("SQ4.20", "SQ2.14", "truncate", 0, "elastic"), make_unit("SQ2.30", "SQ2.30", "faithful", 3, "always"),
    make_unit("SQ2.30", "SQ2.16", "nearest", 9, "elastic"), make_unit("UQ2.30", "UQ2.30", "truncate", 2, "elastic"),
], ids=unit_id)
def test_wide_inputs(unit, make_case, seed):
    fmt = unit.activation.input
    draw = np.random.default_rng(seed).integers(fmt.minimum, fmt.maximum + 1, 1_000_000)
    raws = np.concatenate([np.array(edge_inputs(fmt)), draw])
    check(unit, raws, BulkSimulator(make_case(unit)).run(raws).outputs)
