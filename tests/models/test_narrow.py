import numpy as np
import pytest
import torch

from quadcim.models.narrow import narrow
from quadcim.spec.formats import Format
from quadcim.spec.narrow import OVERFLOWS, ROUNDINGS, Narrow

EXTREMES = [-(1 << 63), -(1 << 62) - 1, (1 << 62) - 1, (1 << 63) - 1]


@pytest.mark.parametrize("output", ["SQ4.2", "UQ3.2", "SQ1.0", "SQ32.32", "UQ30.33"])
@pytest.mark.parametrize("overflow", OVERFLOWS)
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_equals_the_specification(rounding, overflow, output):
    values = list(range(-600, 600))
    for shift in (-3, 0, 1, 2, 5, 11):
        how = Narrow(shift, rounding, overflow, Format.parse(output))
        assert narrow(torch.tensor(values), how).tolist() == [how(value) for value in values]


@pytest.mark.parametrize("overflow", OVERFLOWS)
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_is_exact_at_the_ends_of_int64(rounding, overflow):
    for shift in (1, 31, 62, 63):
        how = Narrow(shift, rounding, overflow, Format.parse("SQ20.3"))
        assert narrow(torch.tensor(EXTREMES), how).tolist() == [how(value) for value in EXTREMES]


@pytest.mark.parametrize("seed", [11])
def test_one_narrowing_for_each_channel(seed):
    values = np.random.default_rng(seed).integers(-1 << 20, 1 << 20, (4, 5, 3))
    hows = [Narrow(shift, "half_even", "saturate", Format.parse("SQ6.2")) for shift in (-1, 4, 13)]
    expected = [[[how(int(value)) for how, value in zip(hows, row, strict=True)] for row in block] for block in values]
    assert narrow(torch.from_numpy(values), hows).tolist() == expected


def test_one_narrowing_for_each_channel_and_no_other_number():
    with pytest.raises(ValueError, match="shorter"):
        narrow(torch.zeros(2, 3, dtype=torch.int64), [Narrow(0, "floor", "wrap", Format.parse("SQ4.0"))] * 2)
