"""The specification of an activation unit: which function, from which format to which, rounded how."""

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from quadcim.spec.errors import IllegalSetting, check_one_of
from quadcim.spec.formats import Format
from quadcim.spec.functions import MAX_WIDTH, MIN_WIDTH, find_function

__all__ = ["FORMATS", "ROUNDINGS", "Activation", "ActivationRounding", "Samples"]

ActivationRounding = Literal["nearest", "truncate", "faithful"]
ROUNDINGS: tuple[ActivationRounding, ...] = ("nearest", "truncate", "faithful")

_NAME = re.compile("[A-Za-z][A-Za-z0-9-]{0,39}")
_MAX_FRACTION = 30
FORMATS = (f"{MIN_WIDTH} to {MAX_WIDTH} bits wide with at most {_MAX_FRACTION} fraction bits, a signed one with at "
           "least 1 integer bit")
"""Which formats units have."""


@dataclass(frozen=True, slots=True)
class Samples:
    """The values of a user's function at every raw input, in the order of the input's bits as an unsigned number.

    Parameters
    ----------
    digest : str
        sha256 of the values: what tells two functions of one name apart.
    values : tuple of float
        Real values; empty where only the frozen integers are at hand.
    """

    digest: str
    values: tuple[float, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Activation:
    """An activation as one exact integer function: ``Y = saturate(round(f(X * 2**-Fi) * 2**Fo))``.

    Parameters
    ----------
    function : str
        A name in `quadcim.spec.functions.FUNCTIONS`.
    input, output : Format
        Formats of X (Fi fraction bits) and Y (Fo fraction bits): 2 to 32 bits wide, at most 30 fraction bits.
    rounding : {"nearest", "truncate", "faithful"}
        Half away from zero, toward zero, or any value within 1 ulp (whichever is cheapest to build; the frozen integers
        say which, so that it is still one function).
    samples : Samples, optional
        The values of a function that is not in the catalogue; `function` is then a name of the user's.

    Raises
    ------
    IllegalSetting
        If a setting is outside its legal range.
    """

    function: str
    input: Format
    output: Format
    rounding: ActivationRounding = "nearest"
    samples: Samples | None = None

    def __post_init__(self):
        if self.samples is None:
            find_function(self.function)
        elif not _NAME.fullmatch(self.function):
            raise IllegalSetting("function", "named in at most 40 letters, digits and dashes", self.function)
        for option in ("input", "output"):
            fmt: Format = getattr(self, option)
            if not MIN_WIDTH <= fmt.width <= MAX_WIDTH or fmt.fraction_bits > _MAX_FRACTION:
                raise IllegalSetting(option, FORMATS, str(fmt))
        check_one_of("rounding", self.rounding, ROUNDINGS)

    @property
    def input_bits(self) -> int:
        """How many low bits of the input the value depends on: all of them, or those of one period."""
        period = 0 if self.samples else find_function(self.function).period
        whole = self.input.fraction_bits + period.bit_length() - 1
        return min(self.input.width, whole) if period else self.input.width

    def to_json(self) -> dict[str, str]:
        """A JSON-ready description; `from_json` reads it back."""
        described = {"function": self.function, "input": str(self.input), "output": str(self.output),
                     "rounding": self.rounding}
        return described | ({"samples": self.samples.digest} if self.samples else {})

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Activation":
        """The specification that `to_json` described."""
        return cls(value["function"], Format.parse(value["input"], option="input"),
                   Format.parse(value["output"], option="output"), value["rounding"],
                   Samples(value["samples"]) if "samples" in value else None)
