"""The picture of a unit."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
import torch

from quadcim.fit.freeze import freeze
from quadcim.models.activation import golden
from quadcim.plot import function_plot
from quadcim.spec.activation import Activation, Samples
from quadcim.spec.formats import Format
from quadcim.spec.piecewise import PiecewiseIntegers
from quadcim.spec.presets import PRESETS
from quadcim.spec.unit import ActivationUnit

_LARGEST_BYTES = 150_000
# The colours tell lines of segments from the other vertical lines.
_SEGMENT = "stroke: #c4c4c4; stroke-width: 0.5"


def outputs_of(unit: ActivationUnit, stride: int = 1) -> tuple[np.ndarray, np.ndarray]:
    fmt = unit.activation.input
    inputs = np.arange(fmt.minimum, fmt.maximum + 1, stride)
    return inputs, golden(unit.activation, freeze(unit))(torch.from_numpy(inputs)).numpy()


def draw(unit: ActivationUnit, stride: int = 1) -> str:
    return function_plot(unit, freeze(unit), *outputs_of(unit, stride))


def marked_ulp(picture: str) -> float:
    """The greatest error, as the picture tells."""
    found = re.search(r">([+-][0-9.]+) ulp at x = ", picture)
    assert found
    return float(found[1])


@pytest.mark.parametrize("preset, stride", [("phi8", 1), ("phi16", 1), ("gelu8", 1), ("sine12-fpga", 1),
                                            ("phi32", 65537), ("phi-unsigned", 1), ("sine16-cordic", 1)])
def test_says_what_it_shows(preset, stride):
    unit = PRESETS[preset]
    picture, integers = draw(unit, stride), freeze(unit)
    assert ElementTree.fromstring(picture).tag.endswith("svg")
    activation = unit.activation
    for words in (f"{activation.function}, {activation.input} to {activation.output}, {activation.rounding}",
                  f"error at most {integers.max_error_ulp:.4f} ulp", "function", "unit", "error, ulp"):
        assert words in picture
    assert integers.to_json()["method"] in picture
    assert abs(marked_ulp(picture)) <= integers.max_error_ulp + 1e-4
    assert len(picture.encode()) < _LARGEST_BYTES


def test_is_the_same_each_time_whatever_the_user_s_settings():
    unit = PRESETS["gelu8"]
    first = draw(unit)
    with mpl.rc_context({"lines.linewidth": 9, "font.size": 30, "svg.fonttype": "path"}):
        assert draw(unit) == first
    assert not {"<dc:date>", "data:font", "Matplotlib v"} & {word for word in ("<dc:date>", "data:font", "Matplotlib v")
                                                            if word in first}


def test_no_error_is_lost():
    # One wrong output of 65536.
    unit = PRESETS["phi16"]
    inputs, outputs = outputs_of(unit)
    outputs[12345] += 40
    picture = function_plot(unit, freeze(unit), inputs, outputs)
    assert 39 < marked_ulp(picture) < 41
    x = inputs[12345] / 2**14
    assert f"ulp at x = {x:g}" in picture


def test_segments_are_marked_where_they_can_be_told_apart():
    unit = PRESETS["relu1-8"]
    integers = freeze(unit)
    assert isinstance(integers, PiecewiseIntegers) and integers.fold.reflect < 0
    # In both panels, each segment but the first.
    assert draw(unit).count(_SEGMENT) == 2 * ((1 << integers.address_bits) - 1)
    assert _SEGMENT not in draw(PRESETS["tanh16"])
    assert _SEGMENT not in draw(PRESETS["phi8"])  # the heap has none


def test_mirrored_and_repeated_segments_are_marked():
    fmt = Format(True, 3, 5)
    unit = ActivationUnit(Activation("sine", fmt, Format(True, 2, 6), "faithful"), 0, method="linear")
    integers = freeze(unit)
    assert isinstance(integers, PiecewiseIntegers)
    fitting = (1 << fmt.width) >> integers.offset_bits
    assert fitting <= 64 and fitting > 1 << integers.address_bits
    assert draw(unit).count(_SEGMENT) == 2 * (fitting - 1)


def test_what_saturates_is_no_error():
    narrow = replace(PRESETS["relu8"].activation, output=Format(False, 1, 7))
    picture = draw(ActivationUnit(narrow, 0))
    assert abs(marked_ulp(picture)) < 1


def test_draws_a_function_of_the_user_s():
    values = tuple(0.5 if place == 7 else 0.25 for place in range(64))
    activation = Activation("spike", Format(False, 0, 6), Format(False, 0, 6), "nearest", Samples("0" * 64, values))
    picture = draw(ActivationUnit(activation, 0))
    assert "spike, UQ0.6 to UQ0.6, nearest" in picture and marked_ulp(picture) == 0
