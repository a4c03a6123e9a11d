"""The catalogue of named units: what the regression runs over, and where a user may start."""

from quadcim.spec.activation import Activation, ActivationRounding
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.unit import ActivationUnit, FlowControl

__all__ = ["PRESETS", "find_preset"]


def _phi(input: str, output: str, rounding: ActivationRounding, stages: int,
         flow_control: FlowControl = "elastic") -> ActivationUnit:
    activation = Activation("quad", Format.parse(input), Format.parse(output), rounding)
    return ActivationUnit(activation, stages, flow_control)


PRESETS: dict[str, ActivationUnit] = {
    # The hidden activation of a W8A8 network: 8-bit results from pre-activations with one more fraction bit.
    "phi8": _phi("SQ2.8", "SQ1.7", "nearest", 2),
    "phi8-combinational": _phi("SQ2.8", "SQ1.7", "nearest", 0),
    "phi12": _phi("SQ2.12", "SQ1.11", "nearest", 3),
    "phi16": _phi("SQ2.14", "SQ2.14", "nearest", 3),
    # The cheapest 16-bit form.
    "phi16-small": _phi("SQ2.14", "SQ2.14", "faithful", 3, "always"),
    "phi16-truncate": _phi("SQ2.14", "SQ2.14", "truncate", 5),
    "phi-unsigned": _phi("UQ3.7", "UQ0.8", "truncate", 1),
    "phi-wide": _phi("SQ4.20", "SQ2.22", "faithful", 6),
    "phi32": _phi("SQ2.30", "SQ2.30", "faithful", 9),
}


def find_preset(name: str) -> ActivationUnit:
    """The unit of a name, or an error that lists the names."""
    if name not in PRESETS:
        raise IllegalSetting("preset", "one of " + ", ".join(PRESETS), name)
    return PRESETS[name]
