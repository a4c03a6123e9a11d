"""The picture of a unit."""

import re
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
import torch

from quadcim.cores.activation.plot import function_plot
from quadcim.fit.freeze import freeze
from quadcim.models.activation import golden
from quadcim.spec.activation import Activation, Samples
from quadcim.spec.formats import Format
from quadcim.spec.piecewise import PiecewiseIntegers
from quadcim.spec.presets import PRESETS
from quadcim.spec.unit import ActivationUnit

_LARGEST_BYTES = 150_000
# A line where a segment begins, told from others by its colour and width.
_SEGMENT = "stroke: #c4c4c4; stroke-width: 0.5"


def make_unit(function: str, input: str, output: str, rounding: str, method: str = "auto") -> ActivationUnit:
    activation = Activation(function, Format.parse(input), Format.parse(output), rounding)  # pyright: ignore
    return ActivationUnit(activation, 0, method=method)


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


@pytest.mark.parametrize("unit, stride", [
    (PRESETS["phi8"], 1), (PRESETS["phi16"], 1), (PRESETS["gelu8"], 1), (PRESETS["phi-unsigned"], 1),
    (make_unit("tanh", "SQ3.7", "SQ1.9", "faithful"), 1), (make_unit("quad", "SQ4.22", "SQ2.22", "nearest"), 1025)])
def test_says_what_it_shows(unit, stride):
    picture, integers = draw(unit, stride), freeze(unit)
    words = " ".join(ElementTree.fromstring(picture).itertext())
    activation = unit.activation
    for word in (f"{activation.function}, {activation.input} to {activation.output}, {activation.rounding}",
                 f"error at most {integers.max_error_ulp:.6f} ulp", "unit", "error, ulp",
                 integers.to_json()["method"]):
        assert word in words
    assert abs(marked_ulp(picture)) <= integers.max_error_ulp + 1e-4
    assert len(picture.encode()) < _LARGEST_BYTES


def test_is_the_same_each_time_whatever_the_user_s_settings():
    unit = PRESETS["gelu8"]
    first = draw(unit)
    with mpl.rc_context({"lines.linewidth": 9, "font.size": 30, "svg.fonttype": "path"}):
        assert draw(unit) == first
    assert all(word not in first for word in ("<dc:date>", "data:font", "Matplotlib v"))


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
    # The input spans two periods, of which a quarter is built: segments appear mirrored and repeated.
    unit = make_unit("sine", "SQ3.5", "SQ2.5", "faithful", "linear")
    integers = freeze(unit)
    assert isinstance(integers, PiecewiseIntegers) and integers.fold.reflect >= 0
    fold, pieces = integers.fold, set()
    for raw in range(256):
        reflected = raw >> fold.reflect & 1
        z = (raw ^ -reflected) & (1 << fold.bits) - 1
        pieces.add((z >> integers.offset_bits, reflected, raw >> fold.bits))
    assert 1 << integers.address_bits < len(pieces) <= 64
    # In both panels, each but the first.
    assert draw(unit).count(_SEGMENT) == 2 * (len(pieces) - 1)


@pytest.mark.parametrize("unit", [make_unit("quad", "SQ2.6", "SQ2.6", "nearest", "heap"),  # has none
                                  make_unit("gelu", "SQ4.4", "SQ4.4", "nearest", "table")])  # has too many
def test_no_segments_to_mark(unit):
    assert _SEGMENT not in draw(unit)


def test_what_saturates_is_no_error():
    assert abs(marked_ulp(draw(make_unit("relu", "SQ3.5", "UQ1.7", "faithful")))) < 1


def test_draws_a_function_of_the_user_s():
    values = tuple(0.5 if place == 7 else 0.25 for place in range(64))
    activation = Activation("spike", Format(False, 0, 6), Format(False, 0, 6), "nearest", Samples("0" * 64, values))
    picture = draw(ActivationUnit(activation, 0))
    assert "spike, UQ0.6 to UQ0.6, nearest" in picture and marked_ulp(picture) == 0
