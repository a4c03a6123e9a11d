"""The frozen integers against the definition of phi in exact rational arithmetic."""

from fractions import Fraction

import pytest

from quadcim.spec.activation import ROUNDINGS, Activation
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.quad import QuadIntegers, square_terms


def phi(x: Fraction) -> Fraction:
    """QuadINR, arXiv 2508.14374: two parabolas, repeated with period 4."""
    x = x % 4
    return -x * x + 2 * x if x < 2 else (x - 4) ** 2 + 2 * (x - 4)


def term_values(fraction_bits: int, m: int) -> dict:
    """Each partial product of the square at x mod 2 = m."""
    c = int(m < 1 << fraction_bits)
    bits = [(m >> k & 1) ^ c for k in range(fraction_bits)] + [c]
    return {t: (bits[t.i] & (bits[t.j] ^ t.invert)) << t.weight for t in square_terms(fraction_bits)}


def integer_function(activation: Activation, raw: int) -> int:
    """The function of the module's text, term by term."""
    q = QuadIntegers.freeze(activation)
    f = q.fraction_bits
    m, negative = raw % (1 << (f + 1)), raw >> (f + 1) & 1
    values = term_values(f, m)
    square = sum(values[t] for t in q.kept_terms)
    magnitude = ((1 << (2 * f - q.shift)) - ((square + q.bias) >> q.shift)) << q.extend
    return activation.output.saturate(-magnitude if negative else magnitude)


@pytest.mark.parametrize("fraction_bits", range(9))
def test_terms_sum_to_the_square(fraction_bits):
    for m in range(1 << (fraction_bits + 1)):
        assert sum(term_values(fraction_bits, m).values()) == ((1 << fraction_bits) - m) ** 2


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("input", ["SQ2.0", "SQ2.1", "SQ2.5", "SQ1.5", "UQ0.6", "UQ1.5", "UQ4.3", "SQ5.4"])
@pytest.mark.parametrize("output", ["SQ2.0", "SQ2.4", "SQ1.5", "SQ4.9", "UQ0.6", "UQ2.3", "SQ2.14"])
def test_against_exact_rationals(input, output, rounding):
    activation = Activation("quad", Format.parse(input), Format.parse(output), rounding)
    fi, fo = activation.input, activation.output
    for raw in range(fi.minimum, fi.maximum + 1):
        exact = phi(fi.real(raw)) * 2**fo.fraction_bits
        got = integer_function(activation, raw)
        if rounding == "faithful":
            clipped = min(max(exact, Fraction(fo.minimum)), Fraction(fo.maximum))
            assert abs(got - clipped) < 1
        else:
            toward_zero = int(abs(exact) + (Fraction(1, 2) if rounding == "nearest" else 0))
            assert got == fo.saturate(toward_zero if exact > 0 else -toward_zero)


@pytest.mark.parametrize("fraction_bits, output_bits", [(6, 6), (10, 10), (8, 4), (10, 13), (12, 12)])
def test_error_bound_holds_and_is_close(fraction_bits, output_bits):
    activation = Activation("quad", Format(True, 2, fraction_bits), Format(True, 3, output_bits), "faithful")
    bound = QuadIntegers.freeze(activation).error_bound_ulp
    worst = max(abs(integer_function(activation, raw) - phi(activation.input.real(raw)) * 2**output_bits)
                for raw in range(1 << (fraction_bits + 1)))
    assert worst <= bound < 1
    assert bound <= worst * Fraction(13, 10)


def test_json_round_trip():
    activation = Activation("quad", Format.parse("SQ2.14"), Format.parse("SQ1.7"), "truncate")
    assert Activation.from_json(activation.to_json()) == activation


@pytest.mark.parametrize("settings, message", [
    (("sin", "SQ2.8", "SQ2.8", "nearest"), "function must be one of quad, sine, .*, got 'sin'"),
    (("quad", "SQ2.31", "SQ2.8", "nearest"), "input must be 2 to 32 bits wide with at most 30 fraction bits"),
    (("quad", "SQ2.8", "SQ1.0", "nearest"), "output must be 2 to 32 bits wide"),
    (("quad", "SQ2.8", "SQ2.8", "up"), "rounding must be one of nearest, truncate, faithful, got 'up'"),
])
def test_refused_settings(settings, message):
    function, input, output, rounding = settings
    with pytest.raises(IllegalSetting, match=message):
        Activation(function, Format.parse(input), Format.parse(output), rounding)
