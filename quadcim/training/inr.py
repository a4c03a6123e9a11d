"""The settings of fitting an implicit neural representation (INR) to a picture, and of freezing it to integers."""

import math
from dataclasses import dataclass, fields

from quadcim.spec.errors import IllegalSetting, check_one_of

__all__ = ["INR_ACTIVATIONS", "InrImport", "InrTraining", "check_range"]

INR_ACTIVATIONS = ("quad", "sine")

_RANGES: dict[str, tuple[float, float]] = {
    "size": (8, 4096), "channels": (1, 3), "hidden": (1, 1024), "layers": (1, 16), "omega": (0.1, 1000),
    "steps": (1, 1_000_000), "fine_tune_steps": (0, 1_000_000), "lr": (1e-9, 10), "seed": (0, 2**32 - 1),
    "weight_bits": (2, 16), "activation_bits": (2, 16), "first_layer_bits": (2, 24),
    "height": (2, 4096), "width": (2, 4096), "first_omega": (0.1, 1000)}


def check_range(**settings: float | None) -> None:
    """Raise IllegalSetting if a named setting is outside its legal range; None stands for a default."""
    for name, given in settings.items():
        low, high = _RANGES[name]
        if given is not None and not low <= given <= high:
            raise IllegalSetting(name.replace("_", "-"), f"{low} to {high}", given)


@dataclass(frozen=True, slots=True, kw_only=True)
class InrTraining:
    """All that a training does, besides the picture.

    Parameters
    ----------
    size : int, optional
        Shrink the picture until its longest side has at most so many pixels: 8 to 4096.
    hidden, layers : int
        Width, 1 to 1024, and number, 1 to 16, of the hidden layers.
    activation : {"quad", "sine"}
        phi (QuadINR) or sin (SIREN).
    omega : float
        Frequency of the activations, 0.1 to 1000.
    steps : int
        Optimiser steps, 1 to 1000000.
    lr : float, optional
        Learning rate at the start, 1e-9 to 10; by default one that suits `omega`.
    fine_tune_steps : int
        Further steps through the integers of the frozen network, 0 to 1000000.
    seed : int
        0 to 4294967295, of the initial weights and the choice of pixels.
    weight_bits, activation_bits, first_layer_bits : int
        Widths of the frozen network: weights and activations 2 to 16, the first layer's weights 2 to 24.

    Raises
    ------
    IllegalSetting
        If a setting is outside its legal range.
    """

    size: int | None = None
    hidden: int = 64
    layers: int = 3
    activation: str = "quad"
    omega: float = 30.0
    steps: int = 3000
    lr: float | None = None
    fine_tune_steps: int = 0
    seed: int = 0
    weight_bits: int = 8
    activation_bits: int = 8
    first_layer_bits: int = 14

    def __post_init__(self):
        check_range(**{field.name: getattr(self, field.name) for field in fields(self) if field.name != "activation"})
        check_one_of("activation", self.activation, INR_ACTIVATIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class InrImport:
    """What a checkpoint of a SIREN does not hold, and what becomes of it.

    Parameters
    ----------
    height, width : int
        Size of its picture in pixels, 2 to 4096.
    omega, first_omega : float
        Frequencies of its sines, 0.1 to 1000, and of the first layer's.
    coordinates : {"linspace", "centres"}
        Whether the outermost pixels lie at -1 and 1, or their outer edges do.
    order : {"yx", "xy"}
        Whether the row is its first coordinate, or the column.
    range : (float, float)
        Its outputs for black and for full brightness.
    activation : {"sine", "quad"}
        Of the frozen network: its own, or phi in its place.
    fine_tune_steps : int
        Optimiser steps through the integers of the frozen network, 0 to 1000000.
    seed : int
        Of the choice of pixels.
    weight_bits, activation_bits, first_layer_bits : int
        As for `InrTraining`.

    Raises
    ------
    IllegalSetting
        If a setting is outside its legal range.
    """

    height: int
    width: int
    omega: float = 30.0
    first_omega: float = 30.0
    coordinates: str = "linspace"
    order: str = "yx"
    range: tuple[float, float] = (-1.0, 1.0)
    activation: str = "sine"
    fine_tune_steps: int = 0
    seed: int = 0
    weight_bits: int = 8
    activation_bits: int = 8
    first_layer_bits: int = 14

    def __post_init__(self):
        check_range(**{name: getattr(self, name) for name in _RANGES if name in self.__dataclass_fields__})
        check_one_of("coordinates", self.coordinates, ("linspace", "centres"))
        check_one_of("order", self.order, ("yx", "xy"))
        check_one_of("activation", self.activation, INR_ACTIVATIONS)
        low, high = self.range
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise IllegalSetting("range", "LOW:HIGH, two numbers of which the first is less", f"{low}:{high}")
