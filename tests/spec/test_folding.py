"""Foldings: what is legal, and what the solver finds."""

import math
import random
from itertools import pairwise, product

import pytest

from quadcim.spec.errors import IllegalSetting
from quadcim.spec.folding import Folding, check_folding, fold_for_cycles, fold_for_multipliers, legal_foldings


def _best(shapes, cycles):
    """The fewest multipliers of each layer, by trying everything."""
    return [min(pe * simd for pe, simd in product(range(1, outputs + 1), range(1, inputs + 1))
                if outputs % pe == 0 == inputs % simd and outputs // pe * inputs // simd <= cycles)
            for outputs, inputs in shapes]


def _random_shapes(draw):
    sizes = [draw.randint(1, 24) for _ in range(draw.randint(3, 5))]
    return [(after, before) for before, after in pairwise(sizes)]


@pytest.mark.parametrize("number", range(40))
def test_no_folding_is_smaller(number, seed):
    draw = random.Random(f"{seed} {number}")
    shapes, cycles = _random_shapes(draw), draw.randint(1, 200)
    found = fold_for_cycles(shapes, cycles)
    assert [folding.multipliers for folding in found] == _best(shapes, cycles)
    assert all(folding.cycles(*shape) <= cycles for folding, shape in zip(found, shapes, strict=True))


@pytest.mark.parametrize("number", range(40))
def test_no_folding_is_faster(number, seed):
    draw = random.Random(f"{seed} {number}")
    shapes = _random_shapes(draw)
    budget = draw.randint(len(shapes), 2 * sum(math.prod(shape) for shape in shapes))
    found = fold_for_multipliers(shapes, budget)
    slowest = max(folding.cycles(*shape) for folding, shape in zip(found, shapes, strict=True))
    assert sum(folding.multipliers for folding in found) <= budget
    assert slowest == 1 or sum(_best(shapes, slowest - 1)) > budget


@pytest.mark.parametrize("sizes, multipliers, cycles", [
    ((2, 64, 64, 1), 67, 64), ((2, 256, 256, 256, 3), 130, 1024), ((2, 256, 256, 256, 3), 517, 256)])
def test_multipliers_are_used(sizes, multipliers, cycles):
    shapes = [(after, before) for before, after in pairwise(sizes)]
    found = fold_for_multipliers(shapes, multipliers)
    assert max(folding.cycles(*shape) for folding, shape in zip(found, shapes, strict=True)) == cycles
    used = sum(math.prod(shape) for shape in shapes) / (cycles * sum(folding.multipliers for folding in found))
    assert used >= 0.97


def test_illegal_foldings_list_the_legal_ones():
    with pytest.raises(IllegalSetting, match=r"for layer 2, 6 inputs and 4 outputs, PE of 1, 2, 4 and SIMD of 1, 2, 3,"
                                             r" 6, got '3x2'"):
        check_folding(Folding(3, 2), 4, 6, layer=2)
    with pytest.raises(IllegalSetting, match="multipliers must be at least 2, one for each layer, got 1"):
        fold_for_multipliers([(3, 2), (1, 3)], 1)
    with pytest.raises(IllegalSetting, match="cycles must be at least 1, got 0"):
        fold_for_cycles([(3, 2)], 0)
    for wrong in ("", "2", "0x1", "2x", "x2", "2x3x4", "-1x2"):
        with pytest.raises(IllegalSetting, match="folding must be PExSIMD"):
            Folding.parse(wrong)
    assert Folding.parse("12x3") == Folding(12, 3) and str(Folding(12, 3)) == "12x3"


def test_all_foldings_of_a_layer():
    assert legal_foldings(2, 4) == [Folding(1, 1), Folding(1, 2), Folding(2, 1), Folding(2, 2), Folding(1, 4),
                                    Folding(2, 4)]
