"""The frozen integers of a full-period sine by CORDIC, ``sin(pi x / 2)`` with x in quarter turns.

The baseline: rotation mode, unrolled, one rotation an iteration. Let the raw input X have F fraction bits, q1 and q0 be
its bits F+1 and F (the quadrant, x modulo 4) and m its F low bits. Reflecting the left half plane, and rotating by
``+-45`` degrees toward the target, leave an angle of ``+-(m - 1/2)`` quarter turns: both are bit selections. So the
vector starts at ``(start, +-start)``, where the gain of all iterations is already taken out, with W = Fo + guard_bits
fraction bits, and the angle with B = angle_bits ones ::

    z = (m scaled to B fraction bits, cut if B < F) - 2**(B - 1)
    z = ~z if q1 ^ q0 else z
    y = -start if q1 else start
    for i = 1 ... N - 1:
        d = (z < 0)
        x, y = x + ~((y >> i) ^ -d) + (i mod 2),  y + ((x >> i) ^ -d) + (i mod 2)    (x only where i < x_iterations)
        z = z + (angles[i - 1] if d else -angles[i - 1])
    Y = saturate((y + 2**(guard_bits - 1)) >> guard_bits)

Subtracting by complement and carrying in 1 in every other iteration costs no logic and leaves no bias. N = Fo + 3: then
the last rotation's operand has just `guard_bits` bits, so that flipping its sign bit adds the rounding constant.

Source: J. E. Volder, "The CORDIC Trigonometric Computing Technique", 1959; J. S. Walther, "A unified algorithm for
elementary functions", 1971.
"""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from quadcim.spec.activation import Activation
from quadcim.spec.errors import IllegalSetting

__all__ = ["CordicIntegers"]

_EXTRA_ITERATIONS = 3
# Up to here every input is tried; beyond, it would take too long, and a bound has to do.
_MOST_EXHAUSTIVE_BITS = 14
# Doubles hold the sines and angles, which leaves this much doubt (in ulp) whether an error is below 1.
_DOUBT = 1e-6


@dataclass(frozen=True, slots=True)
class CordicIntegers:
    """The frozen integers of one CORDIC unit; the module's text gives the function that they make.

    Parameters
    ----------
    fraction_bits : int
        F, fraction bits of the input.
    output_bits : int
        Fo, fraction bits of the output.
    guard_bits : int
        Fraction bits of the vector that the output does not have.
    angle_bits : int
        B, fraction bits of the angle in quarter turns.
    x_iterations : int
        From this iteration on, x is left alone: its changes no longer matter.
    start : int
        Both magnitudes of the vector after the rotation by 45 degrees.
    angles : tuple of int
        ``atan(2**-i)`` in quarter turns for i = 1 to N - 1.
    """

    fraction_bits: int
    output_bits: int
    guard_bits: int
    angle_bits: int
    x_iterations: int
    start: int
    angles: tuple[int, ...]

    @classmethod
    def freeze(cls, activation: Activation) -> "CordicIntegers":
        """The integers with the fewest adder bits that are faithful.

        Up to 14 fraction bits of the input or the output, every input is tried; beyond, a bound of the error decides.

        Raises
        ------
        IllegalSetting
            If the rounding is not "faithful".
        """
        if activation.rounding != "faithful":
            raise IllegalSetting("rounding", "faithful for the method cordic", activation.rounding)
        return _freeze(activation.input.fraction_bits, activation.output.fraction_bits)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "CordicIntegers":
        """The integers that `to_json` described."""
        rest = {name: part for name, part in value.items() if name != "method"}
        return cls(**{**rest, "angles": tuple(rest["angles"])})

    @property
    def method(self) -> str:
        """The kind of evaluation."""
        return "cordic"

    @property
    def max_error_ulp(self) -> float:
        """The bound, rounded up in the sixth decimal."""
        return math.ceil(self.error_bound_ulp * 10**6) / 10**6

    def to_json(self) -> dict[str, Any]:
        """The integers by name."""
        return {"method": self.method, **asdict(self), "angles": list(self.angles)}

    @property
    def iterations(self) -> int:
        """N, the rotation by 45 degrees included."""
        return len(self.angles) + 1

    @property
    def vector_bits(self) -> int:
        """Width of x and of y, two's complement: both stay within [-2, 2)."""
        return self.output_bits + self.guard_bits + 2

    @property
    def angle_ranges(self) -> tuple[tuple[int, int], ...]:
        """Least and greatest z before iteration 1, 2, ... N - 1, and after the last."""
        low, high = -(1 << (self.angle_bits - 1)), (1 << (self.angle_bits - 1)) - 1
        ranges = [(low, high)]
        for angle in self.angles:
            low, high = min(-angle, low + angle), max(angle - 1, high - angle)
            ranges.append((low, high))
        return tuple(ranges)

    @property
    def angle_widths(self) -> tuple[int, ...]:
        """Width of z, two's complement, before each iteration and after the last."""
        return tuple(max((~low).bit_length(), high.bit_length()) + 1 for low, high in self.angle_ranges)

    @property
    def adder_bits(self) -> int:
        """Total width of all adders, the measure that `freeze` makes small."""
        rotations = self.iterations - 1 + min(self.x_iterations, self.iterations - 1) - 1
        return rotations * self.vector_bits + sum(self.angle_widths[1:-1])

    @property
    def error_bound_ulp(self) -> float:
        """Bound of ``|Y * ulp - sine|`` in ulp of the output, saturation aside: always below 1."""
        return max(_worst_errors(self)) if _exhaustible(self) else _bound(self)


def _exhaustible(integers: CordicIntegers) -> bool:
    return min(integers.fraction_bits, integers.output_bits) <= _MOST_EXHAUSTIVE_BITS


@lru_cache(maxsize=64)
def _freeze(fraction_bits: int, output_bits: int) -> CordicIntegers:
    last = output_bits + _EXTRA_ITERATIONS - 1
    middle = output_bits // 2
    candidates = (_make(fraction_bits, output_bits, guard_bits, output_bits + angle_guard, x_iterations)
                  for guard_bits in range(2, 10) for angle_guard in range(2, 10)
                  for x_iterations in range(min(middle + 1, last), min(middle + 8, last) + 1))
    return next(c for c in sorted(candidates, key=lambda c: (c.adder_bits, -c.guard_bits)) if _is_faithful(c))


def _make(fraction_bits: int, output_bits: int, guard_bits: int, angle_bits: int, x_iterations: int) -> CordicIntegers:
    count = output_bits + _EXTRA_ITERATIONS
    gain = math.prod(math.sqrt(1 + 4.0**-i) for i in range(count))
    return CordicIntegers(
        fraction_bits, output_bits, guard_bits, angle_bits, x_iterations,
        start=round(math.ldexp(1 / gain, output_bits + guard_bits)),
        angles=tuple(round(math.ldexp(math.atan(2.0**-i) * 2 / math.pi, angle_bits)) for i in range(1, count)))


def _is_faithful(integers: CordicIntegers) -> bool:
    if not _exhaustible(integers):
        return _bound(integers) < 1
    return all(error < 1 - _DOUBT for error in _worst_errors(integers))


def _bound(integers: CordicIntegers) -> float:
    """The sum of all that can go wrong, in ulp."""
    vector_bits = integers.output_bits + integers.guard_bits
    low, high = integers.angle_ranges[-1]
    # The angle left over; half a bit of each constant; one bit where the complement, and one where the cut is inexact.
    angle = max(-low, high) + len(integers.angles) / 2 + 1 + int(integers.angle_bits < integers.fraction_bits)
    vector = math.sqrt(0.5)  # of the start vector, then at most 1 in x and 1 in y each iteration
    for i in range(1, integers.iterations):
        in_x = 1 if i < integers.x_iterations else math.ldexp(1.01, vector_bits - i) + 1
        # What is wrong with x from here on reaches y scaled by 2**-(i + 1) + 2**-(i + 2) + ... at most.
        vector += 1 + math.ldexp(in_x, -i)
    gain = 1.17  # of the iterations from 1 on
    return (0.5 + math.pi / 2 * math.ldexp(angle, integers.output_bits - integers.angle_bits)
            + gain * math.ldexp(vector, -integers.guard_bits))


def _worst_errors(integers: CordicIntegers) -> Iterator[float]:
    """The greatest error in ulp among the inputs of each sequence of rotations that occurs.

    Inputs that turn the same way in every iteration have the same output, and the sine is monotonic between the least
    and the greatest of them.
    """
    f, b = integers.fraction_bits, integers.angle_bits
    merged = max(f - b, 0)  # bits of m that the angle does not have
    for quadrant in range(4):
        falls = quadrant in (1, 2)
        for y, first, count in _outcomes(integers, above=quadrant < 2, complemented=falls):
            low, high = first << merged, ((first + count) << merged) - 1
            result = y >> integers.guard_bits
            for m in (low, high):
                phase = (quadrant << f) + ((1 << f) - 1 - m if falls else m)
                sine = math.sin(math.pi / 2 * math.ldexp(phase, -f))
                yield abs(result - math.ldexp(sine, integers.output_bits))


def _outcomes(integers: CordicIntegers, *, above: bool, complemented: bool) -> Iterator[tuple[int, int, int]]:
    """Of each sequence of rotations in a quadrant: y, and its inputs (first, count), counted from the least angle."""
    f, b, last = integers.fraction_bits, integers.angle_bits, integers.iterations - 1
    step = 1 << max(b - f, 0)
    least = -(1 << (b - 1)) + (step - 1 if complemented else 0)
    waiting = [(1, integers.start, integers.start if above else -integers.start, least, 0, 1 << min(f, b))]
    while waiting:
        i, x, y, z, first, count = waiting.pop()
        if i > last:
            yield y + (1 << (integers.guard_bits - 1)), first, count
            continue
        negative = min(max(-(z // step), 0), count)  # angles z, z + step, ... that are below 0
        angle, odd = integers.angles[i - 1], i % 2
        if negative:
            moved = x + (y >> i) + odd if i < integers.x_iterations else x
            waiting.append((i + 1, moved, y + ~(x >> i) + odd, z + angle, first, negative))
        if negative < count:
            moved = x + ~(y >> i) + odd if i < integers.x_iterations else x
            waiting.append((i + 1, moved, y + (x >> i) + odd, z + negative * step - angle, first + negative,
                            count - negative))
