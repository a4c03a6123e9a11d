"""The steps of the phi unit, planned without elaborating anything. Standard library only.

The unit sums, in one heap and with the names of `quadcim.spec.quad`, ::

    complement(square + bias - (not negative) * 2**shift - 2**2F)

modulo ``2**(2F + 1)``. Complemented terms are NANDs, and the sign costs one more bit of the heap. From bit `shift` up
it reads ``|Y|`` where phi is positive and ``~(-|Y|)`` where it is negative. So one conditional complement of the sum,
which adds no carry chain, is the result.
"""

from quadcim.hw.arithmetic.heap import Heap, HeapBit, TreeSum, Wire
from quadcim.spec.activation import Activation
from quadcim.spec.delay import DelayModel
from quadcim.spec.pipeline import Step
from quadcim.spec.quad import QuadIntegers, Term
from quadcim.spec.technology import Technology

__all__ = ["QuadPlan"]

_NEGATIVE = Wire("negative", 0)


class QuadPlan:
    """What the phi unit builds.

    Parameters
    ----------
    activation : Activation
        Formats and rounding.
    integers : QuadIntegers
        The frozen integers.
    technology : Technology
        How the heap is added up.

    Attributes
    ----------
    activation, integers, technology
        As given.
    result_bits : int
        Bits of the sum above the guard bits.
    sum : TreeSum
        The heap.
    """

    def __init__(self, activation: Activation, integers: QuadIntegers, technology: Technology):
        self.activation = activation
        self.integers = integers
        self.technology = technology
        self.result_bits = 2 * integers.fraction_bits - integers.shift + 1
        self.sum = TreeSum(self._heap())

    def _heap(self) -> Heap:
        integers = self.integers
        guard = integers.shift - integers.lsb
        width = self.result_bits + guard
        constant = -1 - (integers.bias >> integers.lsb) + (1 << guard) + (1 << (width - 1))
        # The order within a column is free; this one synthesises to the fewest LUTs and gates of those tried.
        bits = []
        if self.may_be_negative:
            bits.append(HeapBit("not_negative", guard, (Wire("negative", 0, invert=True),)))
            constant -= 1 << guard
        for term in reversed(integers.kept_terms):
            constant -= 1 << (term.weight - integers.lsb)
            # An input that only rises has c set: its complement is no bit of the heap.
            if self.may_fall or not term.i == term.j == integers.fraction_bits:
                bits.append(self._complement(term))
        rows = tuple((bit,) for bit in bits)
        return Heap(rows, constant, width, guard, {}, (_NEGATIVE,) if self.may_be_negative else ())

    def _complement(self, term: Term) -> HeapBit:
        """A complemented partial product: ``nand_5_2``, or ``nand_5_not2``, or ``not_5`` for a single bit."""
        f = self.integers.fraction_bits
        i, j = ("c" if index == f else str(index) for index in (term.i, term.j))
        column = term.weight - self.integers.lsb
        if term.i == term.j:
            return HeapBit(f"not_{i}", column, (self._wire(term.i),), complement=True)
        factors = [self._wire(term.i)]
        if self.may_fall or term.j != f:
            factors.append(self._wire(term.j, invert=term.invert))
        return HeapBit(f"nand_{i}_{'not' if term.invert else ''}{j}", column, tuple(factors), complement=True)

    def _wire(self, index: int, *, invert: bool = False) -> Wire:
        """A bit of ``a``, or ``c``, in the names of the specification."""
        return Wire("rising", 0) if index == self.integers.fraction_bits else Wire("folded", index, invert)

    @property
    def may_be_negative(self) -> bool:
        """Whether some input lies where phi is negative."""
        return self.activation.input.signed or self.activation.input.integer_bits > 1

    @property
    def may_fall(self) -> bool:
        """Whether some input lies where phi falls in magnitude, beyond its peak."""
        return self.activation.input.signed or self.activation.input.integer_bits > 0

    @property
    def saturates(self) -> bool:
        """Whether +1 is beyond the output's range."""
        return self.activation.output.integer_bits < 1 + int(self.activation.output.signed)

    def steps(self, delays: DelayModel) -> tuple[Step, ...]:
        """The steps, each of which may end a stage."""
        sign, output = int(self.may_be_negative), self.activation.output
        saturate = delays.saturate_ps if self.saturates else 0
        result_bits = output.width if self.saturates else self.result_bits + int(output.signed and self.may_be_negative)
        return (Step("fold", delays.exclusive_or_ps, self.integers.fraction_bits + int(self.may_fall) + sign),
                *self.sum.steps(delays), Step("sign", delays.exclusive_or_ps + saturate, result_bits))
