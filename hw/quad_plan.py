"""The steps of the phi unit, planned without elaborating anything. Standard library only.

The unit sums, in one heap and with the names of `quadcim.spec.quad`, ::

    complement(square + bias - (not negative) * 2**shift - 2**2F)

modulo ``2**(2F + 1)``. Complemented terms are NANDs, and the sign costs one more bit of the heap. From bit `shift` up
it reads ``|Y|`` where phi is positive and ``~(-|Y|)`` where it is negative. So one conditional complement of the sum,
which adds no carry chain, is the result.
"""

from quadcim.hw.compressor import CompressorTree
from quadcim.spec.activation import Activation
from quadcim.spec.delay import DelayModel
from quadcim.spec.pipeline import Step
from quadcim.spec.quad import QuadIntegers, Term

__all__ = ["NOT_NEGATIVE", "QuadPlan", "term_name"]

NOT_NEGATIVE = "not_negative"
"""The name of the heap's bit that carries the sign."""


def term_name(term: Term, fraction_bits: int) -> str:
    """A readable name for a partial product: ``nand_5_2``, or ``nand_5_not2``, or ``not_5`` for a single bit."""
    i, j = ("c" if index == fraction_bits else str(index) for index in (term.i, term.j))
    if term.i == term.j:
        return f"not_{i}"
    return f"nand_{i}_{'not' if term.invert else ''}{j}"


class QuadPlan:
    """What the phi unit builds.

    Parameters
    ----------
    activation : Activation
        Formats and rounding.

    Attributes
    ----------
    activation : Activation
        As given.
    integers : QuadIntegers
        The frozen integers.
    guard_bits : int
        Columns of the heap below the output's last bit.
    result_bits : int
        Bits of the sum above the guard bits.
    tree : CompressorTree
        The heap.
    """

    def __init__(self, activation: Activation):
        self.activation = activation
        self.integers = integers = QuadIntegers.freeze(activation)
        self.guard_bits = integers.shift - integers.lsb
        self.result_bits = 2 * integers.fraction_bits - integers.shift + 1
        self.tree = self._heap()

    def _heap(self) -> CompressorTree:
        integers, guard = self.integers, self.guard_bits
        width = self.result_bits + guard
        columns: list[list[str]] = [[] for _ in range(width)]
        constant = -1 - (integers.bias >> integers.lsb) + (1 << guard) + (1 << (width - 1))
        # The order within a column is free; this one synthesises to the fewest LUTs and gates of those tried.
        if self.may_be_negative:
            columns[guard].append(NOT_NEGATIVE)
            constant -= 1 << guard
        for term in reversed(integers.kept_terms):
            constant -= 1 << (term.weight - integers.lsb)
            # An input that only rises has c set: its complement is no bit of the heap.
            if self.may_fall or not term.i == term.j == integers.fraction_bits:
                columns[term.weight - integers.lsb].append(term_name(term, integers.fraction_bits))
        return CompressorTree(columns, constant)

    @property
    def may_be_negative(self) -> bool:
        """Whether some input lies where phi is negative."""
        return self.activation.input.signed or self.activation.input.integer_bits > 1

    @property
    def may_fall(self) -> bool:
        """Whether some input lies where phi falls in magnitude, beyond its peak."""
        return self.activation.input.signed or self.activation.input.integer_bits > 0

    @property
    def adder_low(self) -> int:
        """The lightest column in which two bits are left to add."""
        return next((weight for weight, column in enumerate(self.tree.columns) if len(column) > 1),
                    len(self.tree.columns))

    @property
    def saturates(self) -> bool:
        """Whether +1 is beyond the output's range."""
        return self.activation.output.integer_bits < 1 + int(self.activation.output.signed)

    def steps(self, delays: DelayModel) -> tuple[Step, ...]:
        """The steps, each of which may end a stage."""
        sign = int(self.may_be_negative)
        output = self.activation.output
        width = len(self.tree.columns) - self.adder_low
        steps = [Step("fold", delays.exclusive_or_ps, self.integers.fraction_bits + int(self.may_fall) + sign)]
        for number, bits in enumerate(self.tree.bits_after, 1):
            products = delays.product_ps if number == 1 else 0
            steps.append(Step(f"compress_{number}", products + delays.full_adder_ps, len(bits) + sign))
        products = 0 if self.tree.levels else delays.product_ps
        steps.append(Step("add", products + delays.carry_propagate_adder_ps(width), self.result_bits + sign))
        saturate = delays.saturate_ps if self.saturates else 0
        result_bits = output.width if self.saturates else self.result_bits + int(output.signed and self.may_be_negative)
        steps.append(Step("sign", delays.exclusive_or_ps + saturate, result_bits))
        return tuple(steps)
