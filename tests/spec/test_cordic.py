"""The frozen integers of the CORDIC sine against the sine."""

import math
from dataclasses import replace

import mpmath
import pytest

from quadcim.spec.activation import Activation
from quadcim.spec.cordic import CordicIntegers
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format


def sine(input: str, output: str) -> Activation:
    return Activation("sine", Format.parse(input), Format.parse(output), "faithful")


def integer_function(activation: Activation, c: CordicIntegers, raw: int) -> int:
    """The function of the module's text, line by line."""
    f, b = c.fraction_bits, c.angle_bits
    q1, q0, m = raw >> (f + 1) & 1, raw >> f & 1, raw & ((1 << f) - 1)
    z = (m * 2**b // 2**f) - 2 ** (b - 1)
    z = ~z if q1 ^ q0 else z
    x, y = c.start, -c.start if q1 else c.start
    for i in range(1, c.iterations):
        d = int(z < 0)
        new_x = x + ~((y >> i) ^ -d) + i % 2 if i < c.x_iterations else x
        x, y = new_x, y + ((x >> i) ^ -d) + i % 2
        z += c.angles[i - 1] if d else -c.angles[i - 1]
        assert all(-(1 << (c.vector_bits - 1)) <= v < 1 << (c.vector_bits - 1) for v in (x, y))
        assert c.angle_ranges[i][0] <= z <= c.angle_ranges[i][1]
    return activation.output.saturate((y + 2 ** (c.guard_bits - 1)) >> c.guard_bits)


@pytest.mark.parametrize("input", ["SQ2.0", "SQ2.1", "SQ2.4", "SQ3.6", "SQ2.8", "SQ1.7", "UQ1.6", "SQ2.10"])
@pytest.mark.parametrize("output", ["SQ2.0", "SQ2.4", "SQ1.7", "SQ4.8", "UQ0.6", "SQ2.10", "SQ2.12"])
def test_every_input_is_within_an_ulp(input, output):
    activation = sine(input, output)
    integers = CordicIntegers.freeze(activation)
    fi, fo = activation.input, activation.output
    worst = 0.0
    for raw in range(fi.minimum, fi.maximum + 1):
        exact = math.ldexp(math.sin(math.pi / 2 * (raw % (4 << fi.fraction_bits)) / 2**fi.fraction_bits),
                           fo.fraction_bits)
        error = abs(integer_function(activation, integers, raw) - min(max(exact, fo.minimum), fo.maximum))
        worst = max(worst, error)
    assert worst <= integers.error_bound_ulp + 1e-9
    assert integers.error_bound_ulp < 1


@pytest.mark.parametrize("fraction_bits", [6, 8, 10])
def test_fewer_bits_are_not_faithful(fraction_bits):
    activation = sine(f"SQ2.{fraction_bits}", f"SQ2.{fraction_bits}")
    integers = CordicIntegers.freeze(activation)
    assert replace(integers, x_iterations=integers.x_iterations - 1).error_bound_ulp >= 1
    fewer = replace(integers, guard_bits=integers.guard_bits - 1, start=integers.start + 1 >> 1)
    assert fewer.error_bound_ulp >= 1


@pytest.mark.parametrize("width", [6, 10, 14, 22, 30])
def test_constants(width):
    integers = CordicIntegers.freeze(sine(f"SQ2.{width}", f"SQ2.{width}"))
    assert integers.iterations == width + 3
    with mpmath.workprec(200):
        for i, angle in enumerate(integers.angles, 1):
            assert abs(mpmath.atan(mpmath.mpf(2) ** -i) * 2 / mpmath.pi * 2**integers.angle_bits - angle) <= 0.5
        gain = mpmath.mpf(1)
        for i in range(integers.iterations):
            gain *= mpmath.sqrt(1 + mpmath.mpf(4) ** -i)
        assert abs(2 ** (integers.output_bits + integers.guard_bits) / gain - integers.start) <= 0.5


@pytest.mark.parametrize("input, output", [("SQ2.20", "SQ2.20"), ("SQ2.30", "SQ2.30"), ("SQ2.24", "SQ2.16")])
@pytest.mark.shared_seeds
def test_the_bound_of_wide_formats_holds(input, output, seed):
    activation = sine(input, output)
    integers = CordicIntegers.freeze(activation)
    assert 0.5 < integers.error_bound_ulp < 1
    f, span = activation.input.fraction_bits, 4 << activation.input.fraction_bits
    with mpmath.workprec(120):
        for k in range(2000):
            raw = (seed + k * 0x9E3779B97F4A7C15) % span - span // 2
            exact = mpmath.sinpi(mpmath.mpf(raw) / 2 ** (f + 1)) * 2**activation.output.fraction_bits
            assert abs(integer_function(activation, integers, raw) - exact) < integers.error_bound_ulp


def test_json_round_trip():
    integers = CordicIntegers.freeze(sine("SQ2.10", "SQ1.9"))
    assert CordicIntegers.from_json(integers.to_json()) == integers


def test_only_faithful_rounding():
    activation = Activation("sine", Format.parse("SQ2.8"), Format.parse("SQ2.8"), "nearest")
    with pytest.raises(IllegalSetting, match="rounding must be faithful for the method cordic, got 'nearest'"):
        CordicIntegers.freeze(activation)
