"""The specification of an activation unit: which function, from which format to which, rounded how."""

from dataclasses import dataclass
from typing import Any, Literal

from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format

__all__ = ["FUNCTIONS", "ROUNDINGS", "Activation", "ActivationRounding", "Function"]

ActivationRounding = Literal["nearest", "truncate", "faithful"]
ROUNDINGS: tuple[ActivationRounding, ...] = ("nearest", "truncate", "faithful")

_MIN_WIDTH, _MAX_WIDTH, _MAX_FRACTION = 2, 32, 30


@dataclass(frozen=True, slots=True)
class Function:
    """A catalogue entry: what a function is, for people and for plots."""

    name: str
    formula: str
    period: int
    symmetry: str
    source: str


FUNCTIONS: dict[str, Function] = {
    "quad": Function(
        name="quad",
        formula="phi(x) = v (2 - |v|), v = ((x + 2) mod 4) - 2",
        period=4,
        symmetry="odd",
        source="QuadINR, arXiv 2508.14374",
    ),
}


@dataclass(frozen=True, slots=True)
class Activation:
    """An activation as one exact integer function: ``Y = saturate(round(f(X * 2**-Fi) * 2**Fo))``.

    Parameters
    ----------
    function : str
        A name in `FUNCTIONS`.
    input, output : Format
        Formats of X (Fi fraction bits) and Y (Fo fraction bits): 2 to 32 bits wide, at most 30 fraction bits.
    rounding : {"nearest", "truncate", "faithful"}
        Half away from zero, toward zero, or any value within 1 ulp (whichever is cheapest to build; the frozen integers
        say which, so that it is still one function).

    Raises
    ------
    IllegalSetting
        If a setting is outside its legal range.
    """

    function: str
    input: Format
    output: Format
    rounding: ActivationRounding = "nearest"

    def __post_init__(self):
        if self.function not in FUNCTIONS:
            raise IllegalSetting("function", "one of " + ", ".join(FUNCTIONS), self.function)
        for option in ("input", "output"):
            fmt: Format = getattr(self, option)
            if not _MIN_WIDTH <= fmt.width <= _MAX_WIDTH or fmt.fraction_bits > _MAX_FRACTION:
                raise IllegalSetting(option, f"{_MIN_WIDTH} to {_MAX_WIDTH} bits wide with at most {_MAX_FRACTION} "
                                     "fraction bits", str(fmt))
        if self.rounding not in ROUNDINGS:
            raise IllegalSetting("rounding", "one of " + ", ".join(ROUNDINGS), self.rounding)

    def to_json(self) -> dict[str, str]:
        """A JSON-ready description; `from_json` reads it back."""
        return {"function": self.function, "input": str(self.input), "output": str(self.output),
                "rounding": self.rounding}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Activation":
        """The specification that `to_json` described."""
        return cls(value["function"], Format.parse(value["input"], option="input"),
                   Format.parse(value["output"], option="output"), value["rounding"])
