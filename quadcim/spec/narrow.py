"""The one way to lose bits: an explicit shift, rounding and overflow into a format."""

from dataclasses import dataclass
from typing import Literal

from quadcim.spec.errors import check_one_of
from quadcim.spec.formats import Format

__all__ = ["OVERFLOWS", "ROUNDINGS", "Narrow", "Overflow", "Rounding"]

Rounding = Literal["floor", "half_up", "half_even", "half_away"]
Overflow = Literal["saturate", "wrap"]
ROUNDINGS: tuple[Rounding, ...] = ("floor", "half_up", "half_even", "half_away")
OVERFLOWS: tuple[Overflow, ...] = ("saturate", "wrap")


@dataclass(frozen=True, slots=True)
class Narrow:
    """A narrowing of integers: ``overflow(round(x * 2**-shift))`` into the raw integers of `output`.

    Parameters
    ----------
    shift : int
        Bits to drop; a negative shift appends zeros and is exact.
    rounding : {"floor", "half_up", "half_even", "half_away"}
        Where a value between two integers goes; the ``half_`` forms go to the nearest one and differ in ties.
    overflow : {"saturate", "wrap"}
        What happens outside the range of `output`.
    output : Format
        The format of the result.
    """

    shift: int
    rounding: Rounding
    overflow: Overflow
    output: Format

    def __post_init__(self):
        check_one_of("rounding", self.rounding, ROUNDINGS)
        check_one_of("overflow", self.overflow, OVERFLOWS)

    def __call__(self, value: int) -> int:
        """Narrow one integer."""
        rounded = self._round(value)
        return self.output.saturate(rounded) if self.overflow == "saturate" else self.output.wrap(rounded)

    def _round(self, value: int) -> int:
        if self.shift <= 0:
            return value << -self.shift
        half = 1 << (self.shift - 1)
        match self.rounding:
            case "floor":
                return value >> self.shift
            case "half_up":
                return (value + half) >> self.shift
            case "half_even":
                return (value + half - 1 + (value >> self.shift & 1)) >> self.shift
            case "half_away":
                return (value + half - int(value < 0)) >> self.shift
