"""Functions of a few lines: segments of lengths of their own, where those of one length would be many."""

import dataclasses
import time

import numpy as np
import pytest
import torch

from quadcim.fit.freeze import freeze
from quadcim.fit.reference import admitted_outputs, real_values
from quadcim.hw.activation.plans import unit_integers, unit_steps
from quadcim.models.activation import golden
from quadcim.spec.activation import Activation
from quadcim.spec.formats import Format
from quadcim.spec.piecewise import PiecewiseIntegers
from quadcim.spec.presets import PRESETS
from quadcim.spec.unit import ActivationUnit
from tests.piecewise_sweep import activation_of, check_unit


def make(function: str, input: str, output: str, rounding: str, technology: str) -> ActivationUnit:
    activation = Activation(function, Format.parse(input), Format.parse(output), rounding)  # pyright: ignore
    return ActivationUnit(activation, 0, "elastic", technology)


@pytest.mark.parametrize("technology", ["generic", "fpga"])
@pytest.mark.parametrize("function, input, output, rounding, segments", [
    ("relu", "SQ4.16", "UQ3.9", "nearest", 3), ("relu", "SQ2.18", "UQ0.12", "nearest", 3),
    ("relu1", "SQ3.17", "UQ0.20", "faithful", None), ("relu", "SQ3.17", "UQ2.18", "faithful", None)])
def test_twenty_bits_in_seconds(function, input, output, rounding, segments, technology):
    unit = make(function, input, output, rounding, technology)
    activation, began = unit.activation, time.process_time()
    integers = freeze(unit)
    assert time.process_time() - began < 10
    assert isinstance(integers, PiecewiseIntegers) and segments in (None, integers.segments)
    raws = np.arange(1 << 20)
    results = golden(activation, integers)(torch.from_numpy(raws - (raws >> 19 << 20))).numpy()
    least, greatest = admitted_outputs(activation, real_values(activation))
    assert ((least <= results) & (results <= greatest)).all()


_SHAPES = {
    "clamped": lambda x: min(max(x, -0.7), 0.9), "leaky": lambda x: x if x > 0 else x / 8,
    "kinks": lambda x: max(x, 0.3 * x - 0.2, -2.0), "peak": lambda x: float(x == 0.5),
    "steps": lambda x: float(int(x * 1.3)),
}


@pytest.mark.parametrize("name, input, output, rounding, technology, stages", [
    ("clamped", "SQ4.8", "SQ4.8", "nearest", "cells", 1), ("clamped", "SQ4.9", "SQ3.6", "truncate", "ultrascale", 4),
    ("leaky", "SQ4.10", "SQ3.6", "truncate", "generic", 5), ("kinks", "SQ4.8", "SQ4.8", "nearest", "fpga", 3),
    ("peak", "SQ4.8", "SQ4.8", "nearest", "fpga", 3), ("steps", "SQ3.7", "UQ2.4", "faithful", "ultrascale", 1),
    ("clamped", "SQ4.10", "SQ2.8", "nearest", "generic", 0), ("steps", "SQ4.9", "SQ3.6", "truncate", "cells", 2)])
def test_hardware_and_golden_model(name, input, output, rounding, technology, stages):
    activation = activation_of(_SHAPES[name], Format.parse(input), Format.parse(output), rounding)
    unit = ActivationUnit(activation, stages, "elastic", technology)
    integers = unit_integers(unit)
    assert isinstance(integers, PiecewiseIntegers) and 2 <= integers.segments <= 16
    assert len(integers.breaks) == integers.segments - 1
    assert PiecewiseIntegers.from_json(integers.to_json()) == integers
    check_unit(unit)
    check_unit(dataclasses.replace(unit, stages=len(unit_steps(unit)) + 1))


def test_presets_of_a_few_lines_keep_segments_of_one_length():
    for name in ("relu8", "relu1-8"):
        assert "breaks" not in freeze(PRESETS[name]).to_json()
