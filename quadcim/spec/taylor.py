"""The frozen integers of a full-period sine by its Taylor series, ``sin(pi x / 2)`` with x in quarter turns.

The baseline: a quarter wave by reflection, then the odd polynomial by Horner's rule in the square, with multipliers.
Let the raw input X have F fraction bits, q1 and q0 be its bits F+1 and F (the quadrant, x modulo 4) and m its F low
bits. With T terms, W = coefficient_bits and U = square_bits, and Fo fraction bits of the output ::

    a = 2**F - m if q0 else m                                  (0 to 2**F: quarter turns, 1 included)
    u = a**2 scaled to U fraction bits, cut
    p = coefficients[T - 1]
    for k = T - 2 ... 0:
        p = coefficients[k] - ((p * u) >> U)
    |Y| = (a * p) >> (F + W - Fo)
    Y   = saturate(-|Y| if q1 else |Y|)

Coefficient k is ``(pi / 2)**(2k + 1) / (2k + 1)!`` with W fraction bits, rounded, and without its sign, which the
subtractions bring in. Coefficient 0 is raised by what all the cuts can take away: then the polynomial is never below
the sine and less than 1 ulp above, so that cutting the product is faithful and no rounding constant is added.
"""

import math
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from quadcim.spec.activation import Activation
from quadcim.spec.errors import IllegalSetting

__all__ = ["TaylorIntegers"]

# The double is within 2**-53 of pi; the error bound is widened by more than that makes.
_HALF_PI = Fraction(math.pi) / 2
_DOUBT = Fraction(1, 1 << 48)


@dataclass(frozen=True, slots=True)
class TaylorIntegers:
    """The frozen integers of one Taylor unit; the module's text gives the function that they make.

    Parameters
    ----------
    fraction_bits : int
        F, fraction bits of the input.
    output_bits : int
        Fo, fraction bits of the output.
    coefficient_bits : int
        W, fraction bits of the coefficients and of the partial sums.
    square_bits : int
        U, fraction bits of the square.
    coefficients : tuple of int
        Their magnitudes, of the linear term first.
    """

    fraction_bits: int
    output_bits: int
    coefficient_bits: int
    square_bits: int
    coefficients: tuple[int, ...]

    @classmethod
    def freeze(cls, activation: Activation) -> "TaylorIntegers":
        """The integers with the fewest multiplier bits whose error bound is faithful.

        Raises
        ------
        IllegalSetting
            If the rounding is not "faithful".
        """
        if activation.rounding != "faithful":
            raise IllegalSetting("rounding", "faithful for the method taylor", activation.rounding)
        return _freeze(activation.input.fraction_bits, activation.output.fraction_bits)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "TaylorIntegers":
        """The integers that `to_json` described."""
        rest = {name: part for name, part in value.items() if name != "method"}
        return cls(**{**rest, "coefficients": tuple(rest["coefficients"])})

    @property
    def method(self) -> str:
        """The kind of evaluation."""
        return "taylor"

    @property
    def max_error_ulp(self) -> float:
        """The bound, rounded up in the sixth decimal."""
        return math.ceil(self.error_bound_ulp * 10**6) / 10**6

    def to_json(self) -> dict[str, Any]:
        """The integers by name."""
        return {"method": self.method, **asdict(self), "coefficients": list(self.coefficients)}

    @property
    def terms(self) -> int:
        """T, the number of terms; the degree is 2 T - 1."""
        return len(self.coefficients)

    @property
    def multiplier_bits(self) -> int:
        """Partial products of all multipliers, the measure that `freeze` makes small."""
        square = (self.fraction_bits + 1) * (self.fraction_bits + 2) // 2
        horner = sum(c.bit_length() * (self.square_bits + 1) for c in self.coefficients[1:])
        return square + horner + self.coefficients[0].bit_length() * (self.fraction_bits + 1)

    @property
    def error_bound_ulp(self) -> Fraction:
        """Bound of ``|Y * ulp - sine|`` in ulp of the output, saturation aside: always below 1.

        The polynomial is 0 to this much above the sine, and the cut of the last product takes less than 1 ulp away.
        """
        low, high = (bound * (1 << self.output_bits) for bound in
                     _tail_error(self.coefficients, self.coefficient_bits, self.square_bits, 0))
        last_bit = Fraction(1, 1 << (self.fraction_bits + self.coefficient_bits - self.output_bits))
        return max(high, 1 - last_bit - min(low, Fraction(0)))


def _exact(k: int) -> Fraction:
    """Coefficient k of the series, without its sign."""
    return _HALF_PI ** (2 * k + 1) / math.factorial(2 * k + 1)


def _tail_error(coefficients: tuple[int, ...], coefficient_bits: int, square_bits: int,
                k: int) -> tuple[Fraction, Fraction]:
    """Bounds of what p is above the series from term k on, which lies between its first term and 0.

    Where the next sum is `low` to `high` above its own series, the product is cut by less than one bit, and the square
    by less than one bit of its own.
    """
    rounded = Fraction(coefficients[k], 1 << coefficient_bits) - _exact(k)
    if k == len(coefficients) - 1:
        return rounded - _DOUBT, rounded + _exact(k + 1) + _DOUBT
    low, high = _tail_error(coefficients, coefficient_bits, square_bits, k + 1)
    cut = Fraction(1, 1 << coefficient_bits) + _exact(k + 1) / (1 << square_bits)
    return rounded - max(high, Fraction(0)) - _DOUBT, rounded + cut - min(low, Fraction(0)) + _DOUBT


@lru_cache(maxsize=64)
def _freeze(fraction_bits: int, output_bits: int) -> TaylorIntegers:
    terms = next(t for t in range(2, 20) if _exact(t) < Fraction(1, 1 << output_bits))
    candidates = (_make(fraction_bits, output_bits, count, output_bits + guard, output_bits + more)
                  for count in (terms, terms + 1) for guard in range(1, 8) for more in range(-2, 8)
                  if output_bits + more > 0)
    faithful = (candidate for candidate in candidates if candidate.error_bound_ulp < 1)
    return min(faithful, key=lambda candidate: candidate.multiplier_bits)


def _make(fraction_bits: int, output_bits: int, terms: int, coefficient_bits: int, square_bits: int) -> TaylorIntegers:
    rounded = tuple(round(_exact(k) * (1 << coefficient_bits)) for k in range(terms))
    low, _ = _tail_error(rounded, coefficient_bits, square_bits, 0)
    raised = rounded[0] + math.ceil(-low * (1 << coefficient_bits))
    return TaylorIntegers(fraction_bits, output_bits, coefficient_bits, square_bits, (raised, *rounded[1:]))
