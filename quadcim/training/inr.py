"""The settings of fitting an implicit neural representation (INR) to a signal, and of freezing it to integers."""

import math
from dataclasses import dataclass, fields

from quadcim.spec.errors import IllegalSetting, check_one_of

__all__ = ["FIRST_LAYER_BITS", "FROZEN_ACTIVATIONS", "INR_ACTIVATIONS", "InrImport", "InrTraining", "check_range"]

INR_ACTIVATIONS = ("quad", "sine", "finer", "gaussian", "gabor", "sinc", "relu")
FROZEN_ACTIVATIONS = ("quad", "sine", "gaussian", "gabor", "sinc")
"""What hardware has units for; FINER's function has its omega inside, and the encoding of coordinates has no unit."""

FIRST_LAYER_BITS = {"image": 14, "video": 14, "audio": 22}
"""What suits a signal; the first layer carries the frequencies."""
_FEW_BITS = 6
_IMPORTED = {"sine": ("sine", "quad"), "finer": ("sine", "quad"), "gaussian": ("gaussian",)}
"""What networks of others have, and what that can be frozen as, the usual one first."""
_RANGES: dict[str, tuple[float, float]] = {
    "size": (8, 4096), "frames": (1, 4096), "seconds": (0.001, 3600), "axes": (1, 3), "channels": (1, 3),
    "hidden": (1, 1024), "layers": (1, 16), "omega": (0.1, 1000),
    "steps": (1, 1_000_000), "fine_tune_steps": (0, 1_000_000), "lr": (1e-9, 10), "seed": (0, 2**32 - 1),
    "weight_bits": (2, 16), "activation_bits": (2, 16), "first_layer_bits": (2, 24),
    "height": (2, 4096), "width": (2, 4096), "first_omega": (0.1, 10_000), "frequencies": (0, 16)}


def check_range(**settings: float | None) -> None:
    """Raise IllegalSetting if a named setting is outside its legal range; None stands for a default."""
    for name, given in settings.items():
        low, high = _RANGES[name]
        if given is not None and not low <= given <= high:
            raise IllegalSetting(name.replace("_", "-"), f"{low} to {high}", given)


@dataclass(frozen=True, slots=True, kw_only=True)
class InrTraining:
    """All that a training does, besides the signal.

    Parameters
    ----------
    size : int, optional
        Shrink pictures until the longest side has at most so many pixels: 8 to 4096.
    frames : int, optional
        The first so many of a video, 1 to 4096.
    seconds : float, optional
        The first so many of a sound, 0.001 to 3600.
    hidden, layers : int
        Width, 1 to 1024, and number, 1 to 16, of the hidden layers.
    activation : str
        In `INR_ACTIVATIONS`: phi (QuadINR), sin (SIREN), FINER, Gauss, the real part of WIRE, sinc, or relu on encoded
        coordinates. Those in `FROZEN_ACTIVATIONS` are frozen.
    omega : float, optional
        Frequency of the activations, 0.1 to 1000; by default one that suits them.
    first_omega : float, optional
        That of the first layer, 0.1 to 10000; by default `omega`, and of sounds a hundred times that.
    steps : int
        Optimiser steps, 1 to 1000000.
    lr : float, optional
        Learning rate at the start, 1e-9 to 10; by default one that suits `omega`.
    fine_tune_steps : int, optional
        Further steps through the integers of the frozen network, 0 to 1000000; by default none, and a quarter of
        `steps` where weights or activations have 6 bits or fewer.
    seed : int
        0 to 4294967295, of the initial weights and the choice of samples.
    weight_bits, activation_bits : int
        Widths of the frozen network, 2 to 16.
    first_layer_bits : int, optional
        Of the first layer's weights, 2 to 24; by default 14, and 22 of sounds.

    Raises
    ------
    IllegalSetting
        If a setting is outside its legal range.
    """

    size: int | None = None
    frames: int | None = None
    seconds: float | None = None
    hidden: int = 64
    layers: int = 3
    activation: str = "quad"
    omega: float | None = None
    first_omega: float | None = None
    steps: int = 3000
    lr: float | None = None
    fine_tune_steps: int | None = None
    seed: int = 0
    weight_bits: int = 8
    activation_bits: int = 8
    first_layer_bits: int | None = None

    def __post_init__(self):
        check_range(**{field.name: getattr(self, field.name) for field in fields(self) if field.name != "activation"})
        check_one_of("activation", self.activation, INR_ACTIVATIONS)

    @property
    def tuning_steps(self) -> int:
        """How many steps are made through the integers."""
        if self.fine_tune_steps is not None or self.activation not in FROZEN_ACTIVATIONS:
            return self.fine_tune_steps or 0
        return self.steps // 4 if min(self.weight_bits, self.activation_bits) <= _FEW_BITS else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class InrImport:
    """What a checkpoint of another repository does not hold, and what becomes of it.

    Parameters
    ----------
    height, width : int
        Size of its picture in pixels, 2 to 4096.
    function : {"sine", "finer", "gaussian"}
        What its activations are: those of SIREN and COIN, of FINER, or of Gauss.
    omega : float
        Frequency of its sines, or scale of its Gaussians, 0.1 to 1000.
    first_omega : float, optional
        That of the first layer, 0.1 to 10000; by default `omega`.
    coordinates : {"linspace", "centres"}
        Whether the outermost pixels lie at -1 and 1, or their outer edges do.
    order : {"yx", "xy"}
        Whether the row is its first coordinate, or the column.
    range : (float, float)
        Its outputs for black and for full brightness.
    activation : str, optional
        Of the frozen network: by default its own, and sine for FINER's; or "quad", phi in the place of sines.
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
    function: str = "sine"
    omega: float = 30.0
    first_omega: float | None = None
    coordinates: str = "linspace"
    order: str = "yx"
    range: tuple[float, float] = (-1.0, 1.0)
    activation: str | None = None
    fine_tune_steps: int = 0
    seed: int = 0
    weight_bits: int = 8
    activation_bits: int = 8
    first_layer_bits: int = 14

    def __post_init__(self):
        check_range(**{name: getattr(self, name) for name in _RANGES if name in self.__dataclass_fields__})
        check_one_of("coordinates", self.coordinates, ("linspace", "centres"))
        check_one_of("order", self.order, ("yx", "xy"))
        check_one_of("function", self.function, _IMPORTED)
        if self.activation is not None:
            check_one_of("activation", self.activation, _IMPORTED[self.function])
        low, high = self.range
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise IllegalSetting("range", "LOW:HIGH, two numbers of which the first is less", f"{low}:{high}")

    @property
    def frozen_activation(self) -> str:
        """Of the frozen network."""
        return self.activation or _IMPORTED[self.function][0]
