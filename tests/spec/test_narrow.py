import decimal
from fractions import Fraction

import pytest

from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.narrow import OVERFLOWS, ROUNDINGS, Narrow

_DECIMAL = {"floor": decimal.ROUND_FLOOR, "half_even": decimal.ROUND_HALF_EVEN, "half_away": decimal.ROUND_HALF_UP}


def _rounded(value: Fraction, rounding: str) -> int:
    if rounding == "half_up":
        return (value + Fraction(1, 2)).__floor__()
    exact = decimal.Decimal(value.numerator) / value.denominator
    return int(exact.to_integral_value(_DECIMAL[rounding]))


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("shift", [-2, 0, 1, 2, 4])
def test_rounding_against_exact_decimals(rounding, shift):
    narrow = Narrow(shift, rounding, "saturate", Format(True, 20, 0))
    for value in range(-200, 200):
        assert narrow(value) == _rounded(Fraction(value) / Fraction(2) ** shift, rounding)


@pytest.mark.parametrize("overflow", OVERFLOWS)
def test_overflow(overflow):
    fmt = Format(True, 4, 0)
    narrow = Narrow(1, "floor", overflow, fmt)
    for value in range(-100, 100):
        assert narrow(value) == (fmt.saturate if overflow == "saturate" else fmt.wrap)(value >> 1)


def test_refused_settings():
    fmt = Format(True, 4, 0)
    with pytest.raises(IllegalSetting, match="rounding must be one of floor, half_up, half_even, half_away, got 'up'"):
        Narrow(1, "up", "wrap", fmt)  # pyright: ignore
    with pytest.raises(IllegalSetting, match="overflow must be one of saturate, wrap, got 'clip'"):
        Narrow(1, "floor", "clip", fmt)  # pyright: ignore
