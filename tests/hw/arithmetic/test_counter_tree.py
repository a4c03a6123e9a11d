"""The schedule of counters, evaluated bit by bit."""

import itertools
import random

import pytest

from quadcim.hw.arithmetic.counter_tree import CarryCounter, CounterTree, FullAdder, PairAdder

pytestmark = pytest.mark.shared_seeds


def digits(value: int, count: int) -> list[int]:
    return [value >> place & 1 for place in range(count)]


def evaluate(tree: CounterTree, bits: dict[str, int], products: list[int]) -> int:
    """The sum of the two rows that are left; a counter's results are the binary digits of what it adds."""
    bits = bits | {"": 0}
    for level, alive in zip(tree.levels, tree.bits_after, strict=True):
        for counter in level:
            match counter:
                case PairAdder():
                    total = sum(products[counter.first:counter.second + 1]) + bits[counter.before]
                    bits[counter.sum], bits[counter.carry] = digits(total, 2)
                case FullAdder():
                    bits[counter.sum], bits[counter.carry] = digits(sum(bits[name] for name in counter.inputs), 2)
                case CarryCounter():
                    total = bits[counter.before] + sum(
                        4**place * sum(bits[name] for name in atom) for place, atom in enumerate(counter.atoms))
                    bits |= zip(counter.results, digits(total, len(counter.results)), strict=True)
        bits = {name: bits[name] for name in alive} | {"": 0}
    assert all(len(column) <= 2 for column in tree.columns)
    return sum(bits[name] << weight for weight, column in enumerate(tree.columns) for name in column)


def inputs(limits: list[int], numbers: list[int]) -> dict[str, int]:
    stride = max(limits).bit_length()
    return {f"bit_{stride * index + place}": number >> place & 1 for index, number in enumerate(numbers)
            for place in range(limits[index].bit_length())}


@pytest.mark.parametrize("rows", range(1, 12))
def test_few_bits(rows):
    plain, gated = CounterTree([1] * rows), CounterTree([1] * rows, gated=True)
    for values in itertools.product((0, 1), repeat=rows):
        assert evaluate(plain, inputs([1] * rows, list(values)), []) == sum(values)
        assert evaluate(gated, {}, list(values)) == sum(values)


@pytest.mark.parametrize("rows", [31, 64, 255, 256, 1000])
def test_many_bits(rows, seed):
    draw = random.Random(f"{seed} {rows}")
    plain, gated = CounterTree([1] * rows), CounterTree([1] * rows, gated=True)
    for share in (0, 0.1, 0.5, 0.9, 1):
        values = [int(draw.random() < share) for _ in range(rows)]
        assert evaluate(plain, inputs([1] * rows, values), []) == sum(values)
        assert evaluate(gated, {}, values) == sum(values)


@pytest.mark.parametrize("limits", [[5], [5, 2], [5] * 7, [5] * 51 + [1], [3, 0, 6, 1]], ids=str)
def test_numbers_of_several_bits(limits, seed):
    draw, tree = random.Random(f"{seed} {limits}"), CounterTree(limits)
    for _ in range(50):
        numbers = [draw.randint(0, limit) for limit in limits]
        assert evaluate(tree, inputs(limits, numbers), []) == sum(numbers)
    assert evaluate(tree, inputs(limits, limits), []) == sum(limits) < 1 << tree.width
