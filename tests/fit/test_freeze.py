"""Frozen integers keep what the rounding promises, by references that share nothing with the fit."""

import dataclasses

import pytest
import torch

from quadcim.fit import freeze as freeze_module
from quadcim.fit.freeze import freeze
from quadcim.models.activation import golden
from quadcim.spec.activation import Activation
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.functions import FUNCTIONS, usual_formats
from quadcim.spec.integers import integers_from_json
from quadcim.spec.unit import ActivationUnit
from tests.reference import every_input, max_error_ulp, rounded


def make(function: str, input: str, output: str, rounding: str = "faithful", **settings) -> ActivationUnit:
    activation = Activation(function, Format.parse(input), Format.parse(output), rounding)  # pyright: ignore
    return ActivationUnit(activation, stages=0, **settings)


def outputs(unit: ActivationUnit) -> list[int]:
    return golden(unit.activation, freeze(unit))(torch.from_numpy(every_input(unit.activation))).tolist()


@pytest.mark.parametrize("technology", ["generic", "fpga"])
@pytest.mark.parametrize("width", [6, 8, 11])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_faithful_everywhere_and_reported_as_it_is(function, width, technology):
    formats = usual_formats(FUNCTIONS[function], width)
    unit = ActivationUnit(Activation(function, *formats, "faithful"), 0, technology=technology)
    integers = freeze(unit)
    error = max_error_ulp(unit.activation, every_input(unit.activation), outputs(unit))
    assert error < 1
    assert error <= integers.max_error_ulp <= max(1.3 * error, error + 1e-5)
    assert integers_from_json(integers.to_json()) == integers


@pytest.mark.parametrize("rounding", ["nearest", "truncate"])
@pytest.mark.parametrize("function, input, output", [
    ("sine", "SQ2.7", "SQ2.7"), ("gaussian", "SQ3.5", "UQ0.8"), ("sigmoid", "SQ4.4", "SQ1.7"),
    ("tanh", "SQ3.6", "SQ1.8"), ("gelu", "SQ4.4", "SQ4.4"), ("relu", "SQ4.6", "UQ3.3"),
    ("quad", "SQ2.7", "SQ1.6"), ("softplus", "SQ4.4", "UQ4.4")])
def test_nearest_and_truncate_are_exact(function, input, output, rounding):
    unit = make(function, input, output, rounding)
    raws, results = every_input(unit.activation), outputs(unit)
    assert results == rounded(unit.activation, raws)
    error = max_error_ulp(unit.activation, raws, results)
    assert error <= freeze(unit).max_error_ulp <= max(1.3 * error, error + 1e-5)


@pytest.mark.parametrize("rounding", ["nearest", "truncate"])
def test_values_that_the_output_can_represent_are_exact(rounding):
    # exp(2 log 2) is 4 but for the last of any number of digits.
    assert outputs(make("exp2", "SQ3.0", "UQ4.4", rounding)) == [1, 2, 4, 8, 16, 32, 64, 128]
    assert freeze(make("exp2", "SQ3.0", "UQ4.4", rounding)).max_error_ulp < 1e-5


@pytest.mark.parametrize("method", ["table", "multipartite", "linear", "quadratic"])
def test_a_method_can_be_forced(method):
    unit = make("sine", "SQ2.8", "SQ2.8", method=method)
    assert freeze(unit).method == method
    assert max_error_ulp(unit.activation, every_input(unit.activation), outputs(unit)) < 1


def test_ends_of_the_range_are_exact():
    # Where other generators wrap: the lowest input of a folded function, and +1 that is or is not representable.
    for output in ("SQ2.10", "SQ1.11"):
        unit = make("sine", "SQ2.10", output)
        results = dict(zip(every_input(unit.activation).tolist(), outputs(unit), strict=True))
        one = min(1 << unit.activation.output.fraction_bits, unit.activation.output.maximum)
        assert (results[1024], results[-1024], results[0], results[-2048]) == (
            one, -(1 << unit.activation.output.fraction_bits), 0, 0)
    unit = make("tanh", "SQ1.9", "SQ1.9")
    assert abs(outputs(unit)[0] + 0.76159415595 * 512) < 1


def test_the_same_fit_is_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    unit = make("tanh", "SQ3.5", "SQ1.7")
    freeze_module._freeze.cache_clear()
    first = freeze(unit)
    freeze_module._freeze.cache_clear()
    monkeypatch.setattr("quadcim.fit.piecewise.fit_piecewise", None)
    assert freeze(unit) == first


@pytest.mark.parametrize("settings, message", [
    ({"method": "heap"}, "method must be one that suits sine: auto, .*, got 'heap'"),
    ({"input": "SQ2.22"}, "input must be at most 20 bits wide for sine"),
    ({"input": "SQ2.14", "method": "multipartite"}, "method must be one that .* for sine at these formats"),
    ({"rounding": "nearest", "input": "SQ2.14", "method": "table"}, "rounding must be one that .*, got 'nearest'"),
    ({"method": "cordic", "rounding": "nearest"}, "rounding must be faithful for the method cordic"),
])
def test_refused_settings(settings, message):
    unit = make("sine", settings.pop("input", "SQ2.8"), settings.pop("output", "SQ2.8"),
                settings.pop("rounding", "faithful"), **settings)
    with pytest.raises(IllegalSetting, match=message):
        freeze(dataclasses.replace(unit))
