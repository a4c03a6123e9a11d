import random

import pytest

from quadcim.hw.arithmetic.compressor import ONE, CompressorTree


def evaluate(tree: CompressorTree, bits: dict[str, int]) -> int:
    """The value of what is left, computed adder by adder; no adder may use a result of its own level."""
    bits = bits | {ONE: 1}
    for level in tree.levels:
        before = dict(bits)
        for adder in level:
            total = sum(before[name] for name in adder.inputs)
            bits[adder.sum], bits[adder.carry] = total & 1, total >> 1
    return sum(bits[name] << weight for weight, column in enumerate(tree.columns) for name in column)


@pytest.mark.parametrize("number", range(60))
def test_keeps_the_sum(number, seed):
    draw = random.Random(f"{seed} {number}")
    width = draw.randint(1, 14)
    columns = [[f"b{w}_{k}" for k in range(draw.randint(0, 9))] for w in range(width)]
    constant = draw.getrandbits(width)
    tree = CompressorTree(columns, constant)
    assert max(map(len, tree.columns)) <= 2
    for _ in range(20):
        bits = {name: draw.getrandbits(1) for column in columns for name in column}
        want = constant + sum(bits[name] << w for w, column in enumerate(columns) for name in column)
        assert evaluate(tree, bits) % 2**width == want % 2**width


def test_bits_after_each_level_are_what_is_alive():
    tree = CompressorTree([["a", "b", "c"], ["d", "e", "f", "g"]], 0)
    alive = {"a", "b", "c", "d", "e", "f", "g"}
    for level, after in zip(tree.levels, tree.bits_after, strict=True):
        for adder in level:
            alive = alive - set(adder.inputs) | {adder.sum} | ({adder.carry} if adder.column == 0 else set())
        assert set(after) == alive


@pytest.mark.parametrize("height, levels", [(2, 0), (3, 1), (4, 2), (6, 3), (9, 4), (13, 5), (19, 6)])
def test_levels_are_dadda_s(height, levels):
    columns = [[f"b{w}_{k}" for k in range(height)] for w in range(4)]
    assert len(CompressorTree(columns, 0).levels) == levels
