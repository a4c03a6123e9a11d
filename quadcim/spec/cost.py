"""Cost estimates before synthesis, by which the generator compares ways to build a function.

They are fitted to what Yosys makes of emitted units (`benchmarks/functions.py` prints both), and rank candidates.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from quadcim.spec.piecewise import Fold, PiecewiseIntegers
from quadcim.spec.quad import QuadIntegers

__all__ = ["GATE_28_UM2", "Cost", "piecewise_cost", "product_bits", "quad_cost", "sized_cost"]

GATE_28_UM2 = 0.49
"""A gate equivalent in 28 nm, assumed: some 3 gate pitches of 0.14 um by 12 tracks of 0.1 um."""


@dataclass(frozen=True, slots=True)
class Cost:
    """An estimate: six-input LUTs with carry chains, and gate equivalents; without registers."""

    lut: float
    gates: float


# Of one output of a truth table that is smooth, by its number of inputs; beyond, they double.
_TABLE_GATES = (0.0, 0.3, 1.5, 3.5, 7.0, 12.0, 18.0, 30.0, 52.0)
_HEAP_BIT = Cost(1.05, 8.2)
_EXCLUSIVE_OR = Cost(1.0, 2.0)
_COMPARED_GATES = 1.2


def _table(inputs: int, outputs: int) -> Cost:
    lut = 1.0 if inputs <= 6 else 2.0 ** (inputs - 6) * 1.3
    last = len(_TABLE_GATES) - 1
    gates = _TABLE_GATES[min(inputs, last)] * 2.0 ** max(inputs - last, 0)
    return Cost(lut * outputs, gates * outputs)


def sized_cost(*, fold: Fold, output_width: int, tables: Sequence[tuple[int, int]], heap_bits: int,
               accumulated: int, address_bits: int, mirrored: int) -> Cost:
    """The estimate from sizes.

    Parameters
    ----------
    fold : Fold
        Its complement, and the negation after it.
    output_width : int
        Width of the output.
    tables : sequence of (int, int)
        Inputs and outputs of each truth table.
    heap_bits : int
        Bits that are added to the base.
    accumulated : int
        Columns in which the base is added to them, unless one LUT looks it up and adds it, as it does for five inputs.
    address_bits : int
        Bits of z that select the segment: in LUTs, the fold of the others costs nothing, as the products take it in.
    mirrored : int
        Bits that are counted from the middle of the segment.
    """
    heap_lut = heap_bits * _HEAP_BIT.lut + accumulated
    lookups = [_table(inputs, outputs) for inputs, outputs in tables]
    signs, folded = output_width * bool(fold.sign) + mirrored, int(fold.reflect >= 0)
    lut_ors, gate_ors = signs + folded * address_bits, signs + folded * fold.bits
    return Cost(sum(table.lut for table in lookups) + heap_lut + lut_ors * _EXCLUSIVE_OR.lut,
                sum(table.gates for table in lookups) + heap_bits * _HEAP_BIT.gates
                + gate_ors * _EXCLUSIVE_OR.gates)


def piecewise_cost(integers: PiecewiseIntegers, output_width: int) -> Cost:
    """The estimate for a piecewise unit, by what its tables hold."""
    columns, slope_bits = output_width + integers.guard_bits, integers.slope_bits
    n, shift = integers.offset_bits, integers.slope_shift
    tables = [*_contents(integers.base, columns), *_contents(integers.slope, slope_bits)]
    set_somewhere = [bit for bit in range(slope_bits) if any(slope >> bit & 1 for slope in integers.slope)]
    heap = sum(min(max(n - max(shift - bit, 0), 0), n) for bit in set_somewhere)
    for correction in integers.corrections:
        tables += _contents(correction.entries, correction.value_bits)
        heap += correction.value_bits
    if square := integers.square:
        tables += _contents(square.squares, square.square_bits)
        tables += _contents(square.coefficients, square.coefficient_bits)
        heap += product_bits(square.square_bits, square.coefficient_bits, square.shift)
    if integers.fold.reflect >= 0:
        heap += sum(bit >= shift for bit in set_somewhere)
    cost = sized_cost(fold=integers.fold, output_width=output_width, tables=tables, heap_bits=heap,
                      accumulated=min(slope_bits + max(n - shift, 0), columns) * (integers.address_bits > 5),
                      address_bits=integers.fold.bits if integers.breaks else integers.address_bits,
                      mirrored=max((entry.width for entry in integers.corrections if entry.folded), default=0))
    # A comparison with a constant is a tree of the bits from its lowest one up: the first of them comes for nothing.
    compared = [integers.fold.bits - ((point & -point).bit_length() - 1) for point in integers.breaks]
    counted = max(2 * len(compared) - 2 - integers.address_bits, 0)  # the exclusive-ors that make a number of them
    return Cost(cost.lut + sum(math.ceil((width - 1) / 5) for width in compared) + counted / 4,
                cost.gates + sum(_COMPARED_GATES * (width - 1) for width in compared) + counted * _EXCLUSIVE_OR.gates)


def product_bits(width: int, other: int, shift: int) -> int:
    """Partial products of a truncated product: those at 2**shift and above."""
    return sum(max(other - max(shift - bit, 0), 0) for bit in range(width))


def _contents(entries: Sequence[int], bits: int) -> list[tuple[int, int]]:
    """For each output of a table that is no constant: how many inputs it depends on, and 1."""
    inputs = max(len(entries) - 1, 0).bit_length()
    sizes = []
    for column in ([entry >> bit & 1 for entry in entries] for bit in range(bits)):
        matter = sum(any(column[place] != column[place ^ 1 << bit] for place in range(len(column)))
                     for bit in range(inputs))
        if matter:
            sizes.append((matter, 1))
    return sizes


def quad_cost(integers: QuadIntegers, output_width: int) -> Cost:
    """The estimate for the heap of phi, which is a compressor tree in every technology."""
    bits = len(integers.kept_terms) + 1
    words = integers.fraction_bits + output_width
    return Cost(1.75 * bits + words, 7.6 * bits + 2 * words)
