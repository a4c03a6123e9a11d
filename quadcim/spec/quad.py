"""The frozen integers of QuadINR's phi.

phi(x) = v (2 - |v|) with v = ((x + 2) mod 4) - 2 is ``+-(1 - (1 - |v|)^2)``: one squarer and no multiplier. Let the raw
input X have F fraction bits, s be its bit F+1 (phi is negative) and m = X mod 2**(F+1) (x modulo 2, by bit selection).
Then ``|phi| = 1 - (1 - m * 2**-F)^2``, and the integer function of every rounding is ::

    square = (2**F - m)**2 - sum of the dropped terms
    |Y|    = (2**(2F - shift) - ((square + bias) >> shift)) << extend
    Y      = saturate(-|Y| if s else |Y|)

A rounding is a choice of `dropped` and `bias`. "nearest" and "truncate" drop nothing. "faithful" drops the lightest
terms of the square whose total stays below one ulp of the output: the floor errs in the other direction, so that the
result stays within one ulp without any guard bit.

The terms are those of a folded squarer without a carry chain before it. With c = (m < 2**F) and the F low bits of m
complemented where c is set, ``a = m_low ^ c``, the distance to the peak is ``|2**F - m| = a + c``, and
``(a + c)^2 = a^2 + 2ac + c``.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from quadcim.spec.activation import Activation

__all__ = ["QuadIntegers", "Term", "square_terms"]


@dataclass(frozen=True, slots=True, order=True)
class Term:
    """One partial product of the square: ``bit[i] & (bit[j] ^ invert)`` at weight ``2**weight``.

    Bits 0 to F-1 are those of ``a``; bit F is ``c``. A single bit is a term with i = j.
    """

    weight: int
    i: int
    j: int
    invert: bool = False


@lru_cache(maxsize=64)
def square_terms(fraction_bits: int) -> tuple[Term, ...]:
    """The partial products of ``(a + c)^2``, lightest first (by weight, then by i and j).

    Equal pairs are folded: ``a_i a_j + a_j a_i = 2 a_i a_j``. Neighbours are spread over two columns, which lowers the
    highest column: ``a_k + 2 a_k a_(k-1)`` in units of 2**2k, as ``(a_k & ~a_(k-1)) + 2 (a_k & a_(k-1))`` and the rest.
    """
    f = c = fraction_bits
    terms = [Term(i + j + 1, i, j) for i in range(f) for j in range(i + 2, f)]
    for k in range(1, f):
        # a_k^2 weighs 2k; 2 a_k a_(k-1) weighs 2k too. Together: 1 if only a_k is set, 2 if both are.
        terms += [Term(2 * k, k, k - 1, invert=True), Term(2 * k + 1, k, k - 1)]
    if f:
        terms.append(Term(0, 0, 0))
    terms += [Term(i + 1, i, c) for i in range(f)]
    terms.append(Term(0, c, c))
    return tuple(sorted(terms))


@dataclass(frozen=True, slots=True)
class QuadIntegers:
    """The frozen integers of one phi unit; the module's text gives the function that they make.

    Parameters
    ----------
    fraction_bits : int
        F, fraction bits of the input.
    shift : int
        Bits of the square that the output does not have.
    extend : int
        Zeros appended where the output has more fraction bits than the exact result.
    dropped : int
        How many of `square_terms`, from the lightest, are left out.
    bias : int
        What is added to the square before the shift.
    """

    fraction_bits: int
    shift: int
    extend: int
    dropped: int
    bias: int

    @classmethod
    def freeze(cls, activation: Activation) -> "QuadIntegers":
        """The integers for an activation specification whose function is phi."""
        f, fo = activation.input.fraction_bits, activation.output.fraction_bits
        shift, extend = max(2 * f - fo, 0), max(fo - 2 * f, 0)
        if shift == 0:
            return cls(f, 0, extend, dropped=0, bias=0)
        match activation.rounding:
            case "nearest":
                return cls(f, shift, extend, dropped=0, bias=(1 << (shift - 1)) - 1)
            case "truncate":
                return cls(f, shift, extend, dropped=0, bias=(1 << shift) - 1)
            case "faithful":
                return cls._faithful(f, shift)

    @classmethod
    def _faithful(cls, fraction_bits: int, shift: int) -> "QuadIntegers":
        terms, dropped, total = square_terms(fraction_bits), 0, 0
        while total + (1 << terms[dropped].weight) < 1 << shift:
            total += 1 << terms[dropped].weight
            dropped += 1
        lsb = min(terms[dropped].weight, shift)
        return cls(fraction_bits, shift, 0, dropped, bias=total >> lsb << lsb)

    @property
    def kept_terms(self) -> tuple[Term, ...]:
        """The terms that are built."""
        return square_terms(self.fraction_bits)[self.dropped:]

    @property
    def dropped_terms(self) -> tuple[Term, ...]:
        """The terms that are left out."""
        return square_terms(self.fraction_bits)[:self.dropped]

    @property
    def lsb(self) -> int:
        """Weight of the lightest column that is built; everything kept is a multiple of 2**lsb."""
        return min(self.kept_terms[0].weight, self.shift)

    @property
    def error_bound_ulp(self) -> Fraction:
        """Bound of ``|Y * ulp - phi|`` in ulp of the output, saturation aside: always below 1.

        With d in [0, D] the value of the dropped terms and r in [0, 2**shift - 2**lsb] the bits cut by the shift,
        ``|Y| - |phi| = d - bias + r`` in units of 2**-shift ulp.
        """
        total = sum(1 << term.weight for term in self.dropped_terms)
        above = total - self.bias + (1 << self.shift) - (1 << self.lsb)
        return Fraction(max(above, self.bias), 1 << self.shift)

    @property
    def method(self) -> str:
        """The kind of evaluation."""
        return "heap"

    @property
    def max_error_ulp(self) -> float:
        """The bound, rounded up in the sixth decimal."""
        return math.ceil(self.error_bound_ulp * 10**6) / 10**6

    def to_json(self) -> dict[str, Any]:
        """The integers by name."""
        return {"method": self.method, "fraction_bits": self.fraction_bits, "shift": self.shift, "extend": self.extend,
                "dropped": self.dropped, "bias": self.bias}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "QuadIntegers":
        """The integers that `to_json` described."""
        return cls(**{name: part for name, part in value.items() if name != "method"})
