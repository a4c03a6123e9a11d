"""The golden model of the CORDIC sine against the specification, line by line."""

import pytest
import torch

from quadcim.models.cordic import cordic_golden
from quadcim.spec.cordic import CordicIntegers
from tests.spec.test_cordic import integer_function, sine


@pytest.mark.parametrize("input, output", [
    ("SQ2.6", "SQ2.6"), ("SQ2.8", "SQ1.9"), ("SQ4.8", "UQ1.10"), ("UQ1.9", "SQ2.6"), ("SQ1.4", "SQ2.12"),
    ("SQ2.10", "SQ2.4"), ("SQ3.0", "UQ0.7"), ("SQ2.22", "SQ2.22"), ("SQ2.30", "SQ2.30"),
])
def test_golden(input, output):
    activation = sine(input, output)
    integers = CordicIntegers.freeze(activation)
    fmt = activation.input
    raws = range(fmt.minimum, fmt.maximum + 1, max((1 << fmt.width) // 4093, 1))
    want = [integer_function(activation, integers, raw) for raw in raws]
    assert cordic_golden(activation, integers)(torch.tensor(raws, dtype=torch.int64)).tolist() == want


def test_golden_keeps_the_shape():
    activation = sine("SQ2.6", "SQ2.6")
    golden = cordic_golden(activation, CordicIntegers.freeze(activation))
    raw = torch.arange(-128, 128)
    assert torch.equal(golden(raw.reshape(4, 8, 8)), golden(raw).reshape(4, 8, 8))
