"""The frozen integers of the Taylor sine against the sine."""

import math

import mpmath
import pytest

from quadcim.spec.activation import Activation
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.taylor import TaylorIntegers


def sine(input: str, output: str) -> Activation:
    return Activation("sine", Format.parse(input), Format.parse(output), "faithful")


def integer_function(activation: Activation, t: TaylorIntegers, raw: int) -> int:
    """The function of the module's text, line by line."""
    f = t.fraction_bits
    q1, q0, m = raw >> (f + 1) & 1, raw >> f & 1, raw & ((1 << f) - 1)
    a = 2**f - m if q0 else m
    u = a**2 * 2**t.square_bits // 4**f
    p = t.coefficients[-1]
    for coefficient in reversed(t.coefficients[:-1]):
        p = coefficient - ((p * u) >> t.square_bits)
        assert 0 < p <= coefficient
    magnitude = (a * p) >> (f + t.coefficient_bits - t.output_bits)
    assert 0 <= magnitude <= 1 << t.output_bits
    return activation.output.saturate(-magnitude if q1 else magnitude)


@pytest.mark.parametrize("input", ["SQ2.0", "SQ2.1", "SQ2.4", "SQ3.6", "SQ2.8", "SQ1.7", "UQ1.6", "SQ2.10"])
@pytest.mark.parametrize("output", ["SQ2.0", "SQ2.4", "SQ1.7", "SQ4.8", "UQ0.6", "SQ2.10", "SQ2.12"])
def test_every_input_is_within_an_ulp(input, output):
    activation = sine(input, output)
    integers = TaylorIntegers.freeze(activation)
    fi, fo = activation.input, activation.output
    worst = 0.0
    for raw in range(fi.minimum, fi.maximum + 1):
        exact = math.ldexp(math.sin(math.pi / 2 * (raw % (4 << fi.fraction_bits)) / 2**fi.fraction_bits),
                           fo.fraction_bits)
        error = abs(integer_function(activation, integers, raw) - min(max(exact, fo.minimum), fo.maximum))
        worst = max(worst, error)
    assert worst <= integers.error_bound_ulp
    assert integers.error_bound_ulp < 1


@pytest.mark.parametrize("width", [6, 10, 14, 22, 30])
def test_coefficients(width):
    integers = TaylorIntegers.freeze(sine(f"SQ2.{width}", f"SQ2.{width}"))
    with mpmath.workprec(200):
        exact = [(mpmath.pi / 2) ** (2 * k + 1) / mpmath.factorial(2 * k + 1) * 2**integers.coefficient_bits
                 for k in range(integers.terms)]
        assert all(abs(c - e) <= 0.5 for c, e in zip(integers.coefficients[1:], exact[1:], strict=True))
        assert 0 <= integers.coefficients[0] - exact[0] < 1 << integers.coefficient_bits - integers.output_bits


@pytest.mark.parametrize("input, output", [("SQ2.20", "SQ2.20"), ("SQ2.30", "SQ2.30"), ("SQ2.24", "SQ2.16")])
@pytest.mark.shared_seeds
def test_the_bound_of_wide_formats_holds(input, output, seed):
    activation = sine(input, output)
    integers = TaylorIntegers.freeze(activation)
    f, span = activation.input.fraction_bits, 4 << activation.input.fraction_bits
    with mpmath.workprec(120):
        for k in range(2000):
            raw = (seed + k * 0x9E3779B97F4A7C15) % span - span // 2
            exact = mpmath.sinpi(mpmath.mpf(raw) / 2 ** (f + 1)) * 2**activation.output.fraction_bits
            error = integer_function(activation, integers, raw) - exact
            # The magnitude's cut is one-sided around a polynomial that is never below the sine.
            assert abs(error) < 1


def test_json_round_trip():
    integers = TaylorIntegers.freeze(sine("SQ2.10", "SQ1.9"))
    assert TaylorIntegers.from_json(integers.to_json()) == integers


def test_only_faithful_rounding():
    activation = Activation("sine", Format.parse("SQ2.8"), Format.parse("SQ2.8"), "truncate")
    with pytest.raises(IllegalSetting, match="rounding must be faithful for the method taylor, got 'truncate'"):
        TaylorIntegers.freeze(activation)
