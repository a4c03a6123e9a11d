import itertools

import pytest

from quadcim.spec.cim import Adc, CellCodes, CimIntegers, CimMacro, integer_format
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.narrow import Narrow


@pytest.mark.parametrize("settings, message", [
    ({"rows": 0}, "rows must be a whole number from 1 to 1024, got 0"),
    ({"columns": 513}, "columns must be a whole number from 1 to 512, got 513"),
    ({"activation_bits": 9}, "activation-bits must be a whole number from 1 to 8, got 9"),
    ({"bits_per_cycle": 3}, "bits-per-cycle must be a divisor of 4: 1, 2, 4, got 3"),
    ({"encoding": "ternary"}, "encoding must be one of unipolar, bipolar, got 'ternary'"),
    ({"storage": "tape"}, "storage must be one of registers, lutram, constant, got 'tape'"),
    ({"storage": "constant", "banks": 2}, "banks must be 1 for the storage constant, got 2"),
    ({"storage": "lutram"}, "technology must be ultrascale for the storage lutram, got 'generic'"),
    ({"storage": "lutram", "technology": "ultrascale", "adc": Adc(4, 3, 0, 7, 1)},
     "storage must be registers or constant for a macro with converters, got 'lutram'"),
    ({"storage": "lutram", "technology": "ultrascale", "banks": 2}, "banks must be 1 for the storage lutram, got 2"),
    ({"technology": "valves"}, "technology must be one of"),
    ({"adc": Adc(16, 3, 0, 7, 1)}, "adc rows must be a whole number from 1 to the 8 rows, got 16"),
    ({"codes": CellCodes(2, 3, 0)}, "storage must be constant for cells with conductance codes, got 'registers'"),
])
def test_refused_settings(settings, message):
    with pytest.raises(IllegalSetting, match=message):
        CimMacro(**{"rows": 8, "columns": 2, "activation_bits": 4} | settings)


@pytest.mark.parametrize("settings, message", [
    ((4, 3, 0, 7, 3), "adc step must be a power of two, got 3"),
    ((4, 3, 0, 7, 2), "adc high must be above 0 by a multiple of the step 2, got 7"),
    ((4, 2, 0, 7, 1), "adc bits must be at least 3 for 8 levels from 0 to 7 in steps of 1, got 2"),
])
def test_refused_converters(settings, message):
    with pytest.raises(IllegalSetting, match=message):
        Adc(*settings)


@pytest.mark.parametrize("integers, message", [
    (CimIntegers(), "weights must be given exactly if they are constant, got 'none'"),
    (CimIntegers(((1, 0),)), "weights must be 2 rows, got 1"),
    (CimIntegers(((1,), (0,))), "weights must be rows of 2 integers, each 0 or 1, got 'a row of 1 from 1 to 1'"),
    (CimIntegers(((1, 2), (0, 0))), "weights must be rows of 2 integers, each 0 or 1"),
    (CimIntegers(((1, 0), (0, 0)), (1, 1)), "affine scale must be empty without an affine, got 2"),
])
def test_refused_integers(integers, message):
    with pytest.raises(IllegalSetting, match=message):
        CimMacro(2, 2, 4, storage="constant").check(integers)


@pytest.mark.parametrize("bits", range(1, 9))
def test_legal_values_are_legal(bits):
    legal = CimMacro.legal_values(bits)
    for signed, step, encoding, technology in itertools.product(
            *(legal[name] for name in ("signed", "bits_per_cycle", "encoding", "technology"))):
        CimMacro(8, 2, bits, signed, step, encoding, technology=technology)


@pytest.mark.parametrize("low, high", [(0, 0), (0, 1), (0, 8), (-1, 0), (-8, 7), (-9, 3), (-1, 127), (-1, 128)])
def test_the_narrowest_format(low, high):
    fmt = integer_format(low, high)
    assert fmt.minimum <= low <= high <= fmt.maximum and fmt.signed == (low < 0)
    assert fmt.width == 1 or not -(1 << fmt.width - 2) * (low < 0) <= low <= high < 1 << fmt.width - 1 - (low < 0)


def with_affine(scale: int, offset: int, bias: int, shift: int = 0, output: str = "SQ8.0", **settings):
    macro = CimMacro(2, 1, 2, narrow=Narrow(shift, "half_up", "saturate", Format.parse(output)), **settings)
    return macro, CimIntegers(None, (scale,), (offset,), (bias,))


@pytest.mark.parametrize("shift, output, message", [
    (-1, "SQ8.0", "affine shift must be a whole number from 0 to 62, got -1"),
    (63, "SQ8.0", "affine shift must be a whole number from 0 to 62, got 63"),
    (0, "SQ63.0", "affine output must be a format of at most 62 bits, got 'SQ63.0'"),
])
def test_refused_narrowings_of_an_affine(shift, output, message):
    with pytest.raises(IllegalSetting, match=message):
        with_affine(1, 0, 0, shift, output)


@pytest.mark.parametrize("scale, offset, bias, shift", [
    (1 << 61, 0, 0, 61), (0, -1 << 61, 0, 0), (0, 0, 1 << 61, 0), (1 << 60, 1 << 60, -1 << 60, 4), (0, 0, 1 << 60, 62),
    (10**40, 0, 0, 0)])
@pytest.mark.parametrize("encoding", ["unipolar", "bipolar"])
def test_an_affine_beyond_62_bits_is_refused(scale, offset, bias, shift, encoding):
    macro, integers = with_affine(scale, offset, bias, shift, encoding=encoding)
    with pytest.raises(IllegalSetting, match="affine must be so small that every intermediate result stays within 62 "
                                             "bits, got '[0-9]+ bits in column 0'"):
        macro.check(integers)


def test_an_affine_of_62_bits_is_taken():
    macro, integers = with_affine((1 << 61) // 8, 0, 7, 62)
    with pytest.raises(IllegalSetting):
        macro.check(integers)
    macro, integers = with_affine((1 << 60) // 6, 0, 0, 60)
    macro.check(integers)
