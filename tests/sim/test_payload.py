import random

import numpy as np
import pytest

from quadcim.sim.payload import field_bits, from_integers, pack, to_integers, unpack
from quadcim.spec.formats import Format


@pytest.mark.parametrize("name", ["UQ1.0", "SQ1.0", "UQ5.0", "SQ7.0", "SQ13.0"])
def test_fields_come_back(name, seed):
    fmt = Format.parse(name)
    values = np.random.default_rng(seed).integers(fmt.minimum, fmt.maximum + 1, (20, 9))
    words = pack(field_bits(values, fmt.width))
    assert words.dtype == np.uint32 and words.shape == (20, -(-9 * fmt.width // 32))
    assert (unpack(words, 9, fmt) == values).all()


def test_the_first_field_is_in_the_low_bits():
    words = pack(field_bits(np.array([[1, 2, 3]]), 4), field_bits(np.array([[5]]), 3))
    assert words.tolist() == [[0x5321]]


@pytest.mark.parametrize("width", [1, 31, 32, 33, 100])
def test_integers_come_back(width, seed):
    draw = random.Random(seed)
    payloads = [draw.getrandbits(width) for _ in range(5)] + [0, (1 << width) - 1]
    words = from_integers(payloads, width)
    assert words.shape == (7, -(-width // 32)) and to_integers(words) == payloads
    assert from_integers([], width).shape == (0, words.shape[1])
