"""The frozen integers of a piecewise function: a table of values, a line in each segment, and small corrections.

Let the raw input's low bits be ``z`` (after the fold, if there is one), its upper `address_bits` the segment ``a`` and
the rest the offset ``t``, n bits. In units of 2**-guard_bits ulp of the output, ::

    S = base[a] + sum over i of t_i * floor(slope[a] * 2**(i - slope_shift))      a truncated product
               + reflected * floor(slope[a] * 2**-slope_shift)
               + sum over corrections of entries[upper bits of a, some bits of t]
    |Y| = S >> guard_bits
    Y   = total - |Y| if negative else |Y|                                        modulo 2**width

Every partial product below 2**0 is left out, so `slope_shift` says how precise the line is. The curvature is a
correction: the square of the distance from the segment's middle, times a coefficient for some neighbouring segments,
as a table of a few bits (`Correction.folded`); or, where that table would be large, the product of a table of squares
and a table of coefficients (`Square`).

The fold takes inputs to those that are not reflected: ``z`` is complemented bit by bit where `Fold.reflect` says so,
which is one less than the negative, and the slope makes up for the one. The integers are chosen so that S never leaves
the range of the output: there is no saturation in hardware.

Segments may also have lengths of their own, where few of them do. Then `breaks` says at which z each of them but the
first begins, a is the number of breaks up to z, and t all the low bits of z in which some segment with a slope differs
from its beginning; there are no corrections.

A plain table has no offset, a multipartite table (de Dinechin and Tisserand 2005) corrections but no slope.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Correction", "Fold", "PiecewiseIntegers", "Square", "offset_bits"]


@dataclass(frozen=True, slots=True)
class Fold:
    """How inputs of a symmetric function share one part of it.

    Parameters
    ----------
    bits : int
        Width of z.
    reflect : int
        The bit of the raw input that reflects z; -1 for none.
    reflect_invert : bool
        Whether it reflects where it is clear.
    sign : tuple of int
        The bits of the raw input whose exclusive-or negates the result.
    total : int
        What it is subtracted from then: 0 for an odd function, 1 in ulp of the output for a sigmoid.
    """

    bits: int
    reflect: int = -1
    reflect_invert: bool = False
    sign: tuple[int, ...] = ()
    total: int = 0

    def to_json(self) -> dict[str, Any]:
        """The parameters by name."""
        return {"bits": self.bits, "reflect": self.reflect, "reflect_invert": self.reflect_invert,
                "sign": list(self.sign), "total": self.total}


@dataclass(frozen=True, slots=True)
class Correction:
    """A table that is added to the line.

    Parameters
    ----------
    address_bits : int
        How many upper bits of the segment it depends on.
    low, width : int
        The bits of the offset that it depends on: `width` from bit `low`.
    folded : bool
        Whether the offset's topmost bit mirrors these: complemented where it is clear, so that they count from the
        middle of the segment.
    entries : tuple of int
        Non-negative; the index is the address, then the bits of the offset.
    """

    address_bits: int
    low: int
    width: int
    folded: bool
    entries: tuple[int, ...]

    @property
    def value_bits(self) -> int:
        """Width of an entry."""
        return max(self.entries).bit_length()

    def to_json(self) -> dict[str, Any]:
        """The parameters by name."""
        return {"address_bits": self.address_bits, "low": self.low, "width": self.width, "folded": self.folded,
                "entries": list(self.entries)}


@dataclass(frozen=True, slots=True)
class Square:
    """A product of two small tables: ``sum over i of squares[u]_i * (coefficients[upper bits of a] << i >> shift)``.

    Parameters
    ----------
    address_bits : int
        How many upper bits of the segment the coefficient depends on.
    low, width : int
        The bits of the offset that u is: `width` from bit `low`, mirrored by the offset's topmost bit as in a folded
        `Correction`.
    shift : int
        Partial products below 2**0 are left out, as those of the line are.
    coefficients, squares : tuple of int
        Non-negative.
    """

    address_bits: int
    low: int
    width: int
    shift: int
    coefficients: tuple[int, ...]
    squares: tuple[int, ...]

    @property
    def coefficient_bits(self) -> int:
        """Width of a coefficient."""
        return max(self.coefficients).bit_length()

    @property
    def square_bits(self) -> int:
        """Width of a square."""
        return max(self.squares).bit_length()

    def to_json(self) -> dict[str, Any]:
        """The parameters by name."""
        return {"address_bits": self.address_bits, "low": self.low, "width": self.width, "shift": self.shift,
                "coefficients": list(self.coefficients), "squares": list(self.squares)}


@dataclass(frozen=True, slots=True)
class PiecewiseIntegers:
    """The frozen integers of one piecewise unit; the module's text gives the function that they make.

    Parameters
    ----------
    fold : Fold
        How z comes from the raw input.
    address_bits : int
        Bits of z that select the segment.
    guard_bits : int
        Bits of S below the output's last one.
    base : tuple of int
        A value for each segment.
    slope : tuple of int
        A slope for each segment, or none at all.
    slope_shift : int
        Fraction bits of the slope.
    corrections : tuple of Correction
        Tables to add.
    square : Square or None
        The curvature as a product.
    max_error_ulp : float
        The greatest error over every input, in ulp of the output, rounded up in the sixth decimal.
    breaks : tuple of int
        Where segments of different lengths begin, rising; fewer than ``2**address_bits``, of which the bases and
        slopes that are left over are not used.
    """

    fold: Fold
    address_bits: int
    guard_bits: int
    base: tuple[int, ...]
    slope: tuple[int, ...]
    slope_shift: int
    corrections: tuple[Correction, ...]
    square: Square | None
    max_error_ulp: float
    breaks: tuple[int, ...] = ()

    @property
    def segments(self) -> int:
        """Number of segments."""
        return len(self.breaks) + 1 if self.breaks else 1 << self.address_bits

    @property
    def offset_bits(self) -> int:
        """Width of the offset within a segment."""
        if not self.breaks:
            return self.fold.bits - self.address_bits
        return offset_bits(self.fold.bits, self.breaks, self.slope)

    @property
    def slope_signed(self) -> bool:
        """Whether some slope is negative."""
        return min(self.slope, default=0) < 0

    @property
    def slope_bits(self) -> int:
        """Width of a slope, in two's complement if some slope is negative."""
        return max(((~slope if slope < 0 else slope).bit_length() for slope in self.slope), default=0) + int(
            self.slope_signed)

    @property
    def method(self) -> str:
        """The kind of evaluation: "table", "multipartite", "linear" or "quadratic"."""
        if not self.slope:
            return "multipartite" if self.corrections else "table"
        return "quadratic" if self.corrections or self.square else "linear"

    def to_json(self) -> dict[str, Any]:
        """The integers by name."""
        return {"method": self.method, "fold": self.fold.to_json(), "address_bits": self.address_bits,
                "guard_bits": self.guard_bits, "base": list(self.base), "slope": list(self.slope),
                "slope_shift": self.slope_shift, "corrections": [entry.to_json() for entry in self.corrections],
                "square": self.square.to_json() if self.square else None, "max_error_ulp": self.max_error_ulp,
                **({"breaks": list(self.breaks)} if self.breaks else {})}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "PiecewiseIntegers":
        """The integers that `to_json` described."""
        def tuples(entry: dict[str, Any]) -> dict[str, Any]:
            return {name: tuple(part) if isinstance(part, Sequence) else part for name, part in entry.items()}

        rest = {name: part for name, part in tuples(value).items()
                if name not in ("method", "fold", "corrections", "square")}
        return cls(fold=Fold(**tuples(value["fold"])), **rest,
                   corrections=tuple(Correction(**tuples(entry)) for entry in value["corrections"]),
                   square=Square(**tuples(value["square"])) if value["square"] else None)


def offset_bits(bits: int, breaks: Sequence[int], slopes: Sequence[float]) -> int:
    """Low bits of z, which has `bits`, in which a segment with a slope differs from its beginning."""
    return max(((begin ^ end - 1).bit_length() for begin, end, slope in zip(
        (0, *breaks), (*breaks, 1 << bits), slopes, strict=False) if slope), default=0)
