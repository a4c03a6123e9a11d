"""Fixed-point number formats: ``SQ4.12`` (signed) and ``UQ0.8`` (unsigned)."""

import re
from dataclasses import dataclass
from fractions import Fraction

from quadcim.spec.errors import IllegalSetting

__all__ = ["Format"]

_NAME = re.compile(r"([SU])Q([0-9]{1,3})\.([0-9]{1,3})")
_MAX_WIDTH = 64


@dataclass(frozen=True, slots=True)
class Format:
    """A binary fixed-point format.

    A raw integer ``x`` stands for the real number ``x * 2**-fraction_bits``. Signed formats are two's complement and
    count the sign among their integer bits, so ``SQ4.12`` is 16 bits wide and spans [-8, 8).

    Parameters
    ----------
    signed : bool
        Two's complement if true.
    integer_bits : int
        Bits left of the binary point, the sign included; at least 1 if signed.
    fraction_bits : int
        Bits right of the binary point.

    Raises
    ------
    IllegalSetting
        If a count of bits is negative, a signed format has no room for its sign, or the width is not 1 to 64.
    """

    signed: bool
    integer_bits: int
    fraction_bits: int

    def __post_init__(self):
        if self.integer_bits < int(self.signed) or self.fraction_bits < 0 or not 1 <= self.width <= _MAX_WIDTH:
            raise IllegalSetting("format", f"1 to {_MAX_WIDTH} bits wide, a signed one with at least 1 integer bit",
                                 str(self))

    @classmethod
    def parse(cls, name: str, *, option: str = "format", widths: str | None = None) -> "Format":
        """Read a format from its name; errors call it `option`, and name `widths` where fewer than all are legal.

        >>> Format.parse("SQ4.12")
        Format(signed=True, integer_bits=4, fraction_bits=12)
        """
        legal = "a format such as SQ4.12 (signed, 4 integer bits with the sign, 12 fraction bits) or UQ0.8"
        match = _NAME.fullmatch(name) if isinstance(name, str) else None
        if match is None:
            raise IllegalSetting(option, legal, name)
        try:
            return cls(match[1] == "S", int(match[2]), int(match[3]))
        except IllegalSetting as error:
            raise IllegalSetting(option, widths or error.legal, name) from None

    def __str__(self) -> str:
        return f"{'S' if self.signed else 'U'}Q{self.integer_bits}.{self.fraction_bits}"

    @property
    def width(self) -> int:
        """Width in bits."""
        return self.integer_bits + self.fraction_bits

    @property
    def minimum(self) -> int:
        """Smallest raw integer."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def maximum(self) -> int:
        """Largest raw integer."""
        return (1 << (self.width - int(self.signed))) - 1

    def real(self, raw: int) -> Fraction:
        """The exact real value of a raw integer."""
        return Fraction(raw, 1 << self.fraction_bits)

    def saturate(self, raw: int) -> int:
        """The raw integer of this format nearest to `raw`."""
        return min(max(raw, self.minimum), self.maximum)

    def wrap(self, raw: int) -> int:
        """The raw integer of this format that equals `raw` modulo 2**width."""
        low = raw & ((1 << self.width) - 1)
        return low - (1 << self.width) if low > self.maximum else low
