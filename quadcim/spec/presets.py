"""The catalogue of named units: what the regression runs over, and where a user may start."""

from quadcim.spec.activation import Activation, ActivationRounding
from quadcim.spec.cim import Adc, CimMacro
from quadcim.spec.errors import check_one_of
from quadcim.spec.folding import Folding
from quadcim.spec.formats import Format
from quadcim.spec.inr import activation_formats
from quadcim.spec.inr_engine import InrEngine
from quadcim.spec.unit import ActivationUnit, FlowControl

__all__ = ["ENGINE_PRESETS", "MACRO_PRESETS", "PRESETS", "find_engine_preset", "find_macro_preset", "find_preset"]


def _phi(input: str, output: str, rounding: ActivationRounding, stages: int,  # noqa: PLR0917 - rows of a table
         flow_control: FlowControl = "elastic", technology: str = "generic") -> ActivationUnit:
    activation = Activation("quad", Format.parse(input), Format.parse(output), rounding)
    return ActivationUnit(activation, stages, flow_control, technology)


def _faithful(function: str, input: str, output: str, stages: int, technology: str = "generic", *,
              method: str = "auto") -> ActivationUnit:
    activation = Activation(function, Format.parse(input), Format.parse(output), "faithful")
    return ActivationUnit(activation, stages, "elastic", technology, method)


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
    # The fewest LUTs, in plain RTL and with primitives.
    "phi16-fpga": _phi("SQ2.14", "SQ2.14", "faithful", 3, "always", "fpga"),
    "phi16-ultrascale": _phi("SQ2.14", "SQ2.14", "faithful", 3, "elastic", "ultrascale"),
    "phi16-dsp": ActivationUnit(Activation("quad", Format.parse("SQ2.14"), Format.parse("SQ2.14")), 3, "always",
                                "ultrascale", "dsp"),
    "phi16-cells": _phi("SQ2.14", "SQ2.14", "faithful", 3, "elastic", "cells"),
    # Implicit neural representations.
    "sine16": _faithful("sine", "SQ2.14", "SQ2.14", 3),
    "sine12-fpga": _faithful("sine", "SQ2.10", "SQ2.10", 3, "fpga"),
    "cosine12": _faithful("cosine", "SQ2.10", "SQ1.11", 2),
    "finer12": _faithful("finer", "SQ2.10", "SQ2.10", 3, "fpga"),
    "gaussian16": _faithful("gaussian", "SQ3.13", "UQ0.16", 3),
    "gabor12": _faithful("gabor", "SQ3.9", "SQ1.11", 2),
    "gabor12-imaginary": _faithful("gabor-imaginary", "SQ3.9", "SQ1.11", 2),
    "sinc12": _faithful("sinc", "SQ3.9", "SQ1.11", 2, "ultrascale"),
    # Other networks.
    "relu8": _faithful("relu", "SQ3.5", "UQ2.6", 1),
    "relu1-8": _faithful("relu1", "SQ3.5", "UQ0.8", 1),
    "sigmoid16": _faithful("sigmoid", "SQ4.12", "UQ0.16", 4, "cells"),
    "tanh16": _faithful("tanh", "SQ3.13", "SQ1.15", 4, "fpga"),
    "gelu8": _faithful("gelu", "SQ4.4", "SQ4.4", 1),
    "silu12": _faithful("silu", "SQ4.8", "SQ4.8", 2, "fpga"),
    "softplus12": _faithful("softplus", "SQ4.8", "UQ4.8", 2),
    "exp2-12": _faithful("exp2", "SQ1.11", "UQ1.11", 3),
    # What others would use for a sine.
    "sine16-cordic": _faithful("sine", "SQ2.14", "SQ2.14", 8, method="cordic"),
    "sine12-taylor": _faithful("sine", "SQ2.10", "SQ2.10", 6, method="taylor"),
}


# Compute-in-memory; their weights are loaded.
MACRO_PRESETS: dict[str, CimMacro] = {
    "cim-w1a4": CimMacro(64, 16, 4, stages=3),
    "cim-w1a8-bipolar": CimMacro(32, 8, 8, signed=True, bits_per_cycle=2, encoding="bipolar", stages=4),
    "cim-banks": CimMacro(16, 8, 2, banks=2, bits_per_cycle=2, stages=2),
    "cim-adc": CimMacro(32, 8, 4, adc=Adc(8, 3, 0, 7, 1), stages=4),
    "cim-cells": CimMacro(32, 8, 4, technology="cells", stages=3),
    "cim-lutram": CimMacro(40, 8, 4, storage="lutram", technology="ultrascale", stages=4),
}


def _engine(*foldings: str, stages: int, activation_stages: int) -> InrEngine:
    sizes = (2, *[8] * (len(foldings) - 1), 3)
    return InrEngine(Format(True, 1, 6), sizes, Activation("quad", *activation_formats(8)),
                     (12, *[8] * (len(foldings) - 1)), tuple(map(Folding.parse, foldings)), stages, activation_stages)


# Engines; their weights are random.
ENGINE_PRESETS: dict[str, InrEngine] = {
    "inr-8x2": _engine("1x2", "2x4", "3x1", stages=2, activation_stages=2),
    "inr-8x1-plain": _engine("4x1", "1x4", stages=0, activation_stages=0),
}


def find_engine_preset(name: str) -> InrEngine:
    """The engine of a name, or an error that lists the names."""
    check_one_of("preset", name, ENGINE_PRESETS)
    return ENGINE_PRESETS[name]


def find_macro_preset(name: str) -> CimMacro:
    """The macro of a name, or an error that lists the names."""
    check_one_of("preset", name, MACRO_PRESETS)
    return MACRO_PRESETS[name]


def find_preset(name: str) -> ActivationUnit:
    """The unit of a name, or an error that lists the names."""
    check_one_of("preset", name, PRESETS)
    return PRESETS[name]
