from fractions import Fraction

import pytest

from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format


@pytest.mark.parametrize("name, signed, integer, fraction, minimum, maximum", [
    ("SQ4.12", True, 4, 12, -32768, 32767),
    ("UQ0.8", False, 0, 8, 0, 255),
    ("SQ1.0", True, 1, 0, -1, 0),
    ("UQ8.0", False, 8, 0, 0, 255),
    ("UQ64.0", False, 64, 0, 0, 2**64 - 1),
])
def test_parse(name, signed, integer, fraction, minimum, maximum):
    fmt = Format.parse(name)
    assert fmt == Format(signed, integer, fraction)
    assert str(fmt) == name
    assert (fmt.minimum, fmt.maximum) == (minimum, maximum)
    assert fmt.width == integer + fraction


@pytest.mark.parametrize("name", ["", "Q4.12", "SQ0.8", "UQ0.0", "SQ4", "SQ4.12 ", "sq4.12", "SQ60.5", "SQ-1.3",
                                  "SQ4.1e1", "SQ٣.1", "SQ1.2\n"])
def test_refused_names(name):
    with pytest.raises(IllegalSetting, match="input must be (a format such as SQ4.12|1 to 64 bits wide)") as error:
        Format.parse(name, option="input")
    assert error.value.option == "input"
    assert error.value.given == name


@pytest.mark.parametrize("fmt", [Format(True, 2, 3), Format(False, 0, 4), Format(True, 1, 0)])
def test_wrap_and_saturate_agree_with_arithmetic(fmt):
    legal = range(fmt.minimum, fmt.maximum + 1)
    for raw in range(-70, 70):
        assert fmt.wrap(raw) in legal
        assert (fmt.wrap(raw) - raw) % 2**fmt.width == 0
        assert fmt.saturate(raw) == min(legal, key=lambda candidate: abs(candidate - raw))


def test_real_is_exact():
    assert Format.parse("SQ4.12").real(-1) == Fraction(-1, 4096)
