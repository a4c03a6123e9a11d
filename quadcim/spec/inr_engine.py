"""The specification of an engine that renders an implicit neural representation (INR), and its frozen integers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from quadcim.spec.activation import Activation
from quadcim.spec.errors import IllegalSetting, check_whole
from quadcim.spec.folding import Folding, check_folding, fold_for_multipliers
from quadcim.spec.formats import Format
from quadcim.spec.inr import FrozenInr
from quadcim.spec.integers import Integers, integers_from_json
from quadcim.spec.ports import Field
from quadcim.spec.technology import find_technology
from quadcim.spec.unit import ActivationUnit

__all__ = ["COUNT", "MULTIPLIERS", "Command", "InrEngine", "InrIntegers", "network_shape"]

MULTIPLIERS = 64
"""Of an engine for which nobody asks for others."""
COUNT = Format(False, 16, 0)
"""Of the number of the last coordinate of an axis in a command."""


@dataclass(frozen=True, slots=True)
class Command:
    """A region: coordinates on a grid, the first one fastest.

    Parameters
    ----------
    start, step : tuple of int
        The first value of each coordinate, and what comes between one and the next: raw integers.
    last : tuple of int
        The number of each coordinate's last value; the first one's is 0.
    """

    start: tuple[int, ...]
    step: tuple[int, ...]
    last: tuple[int, ...]

    @classmethod
    def whole(cls, shape: Sequence[int]) -> "Command":
        """The command that renders a signal as a whole: centres of samples, ``2i + 1 - width``."""
        sizes = tuple(shape[::-1])
        return cls(tuple(1 - size for size in sizes), (2,) * len(sizes), tuple(size - 1 for size in sizes))

    @property
    def samples(self) -> int:
        """How many vectors of coordinates it names."""
        return math.prod(last + 1 for last in self.last)

    @staticmethod
    def layout(axes: int, coordinate: Format) -> tuple[Field, ...]:
        """What a command's payload holds: starts, steps, and numbers of last values."""
        width = coordinate.width
        return (Field("start", 0, coordinate, axes), Field("step", axes * width, coordinate, axes),
                Field("last", 2 * axes * width, COUNT, axes))

    def payload(self, coordinate: Format) -> int:
        """The payload, an integer without sign."""
        packed = 0
        layout = self.layout(len(self.start), coordinate)
        for part, raws in zip(layout, (self.start, self.step, self.last), strict=True):
            for place, raw in enumerate(raws):
                packed |= (raw & (1 << part.format.width) - 1) << part.offset + place * part.format.width
        return packed

    @classmethod
    def from_payload(cls, payload: int, axes: int, coordinate: Format) -> "Command":
        """The command that a payload holds."""
        return cls(*(tuple(part.raws(payload)) for part in cls.layout(axes, coordinate)))


@dataclass(frozen=True, slots=True)
class InrIntegers:
    """The frozen integers of an engine.

    Parameters
    ----------
    network : FrozenInr
        The network.
    activation : Integers
        Of its activation units.
    """

    network: FrozenInr
    activation: Integers

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready description; `from_json` reads it back."""
        return {"network": self.network.to_json(), "activation": self.activation.to_json()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "InrIntegers":
        """The integers that `to_json` described."""
        return cls(FrozenInr.from_json(value["network"]), integers_from_json(value["activation"]))


def network_shape(network: FrozenInr) -> tuple[int, ...]:
    """Coordinates, outputs of each hidden layer, and channels of a network."""
    return (len(network.layers[0].weight[0]), *(len(layer.weight) for layer in network.layers))


@dataclass(frozen=True, slots=True)
class InrEngine:
    """An engine that renders regions of a network's picture, one command a region.

    Parameters
    ----------
    coordinate : Format
        Of the coordinates.
    sizes : tuple of int
        Coordinates, outputs of each hidden layer, and colour channels.
    activation : Activation
        Of the hidden layers.
    weight_bits : tuple of int
        Of each layer.
    foldings : tuple of Folding
        Of each layer.
    stages : int
        Registers in the dot products of each processing element, between its memories and its accumulator.
    activation_stages : int
        Pipeline stages of the activation units.
    technology : str
        A name in `quadcim.spec.technology.TECHNOLOGIES`.

    Raises
    ------
    IllegalSetting
        If a setting is outside its legal range.
    """

    coordinate: Format
    sizes: tuple[int, ...]
    activation: Activation
    weight_bits: tuple[int, ...]
    foldings: tuple[Folding, ...]
    stages: int = 1
    activation_stages: int = 2
    technology: str = "generic"

    def __post_init__(self):
        find_technology(self.technology)
        check_whole("stages", self.stages)
        check_whole("activation-stages", self.activation_stages)
        layers = len(self.sizes) - 1
        if layers < 2 or min(self.sizes) < 1:
            raise IllegalSetting("sizes", "coordinates, outputs of hidden layers and channels, each at least 1",
                                 "x".join(map(str, self.sizes)))
        for option, given in (("weight-bits", self.weight_bits), ("folding", self.foldings)):
            if len(given) != layers:
                raise IllegalSetting(option, f"one for each of {layers} layers", f"{len(given)} of them")
        for number, (folding, shape) in enumerate(zip(self.foldings, self.shapes, strict=True), 1):
            check_folding(folding, *shape, layer=number)

    @classmethod
    def of(cls, network: FrozenInr, multipliers: int | None = None, **settings: Any) -> "InrEngine":
        """The engine of a network, folded as fast as some multipliers let it be.

        Parameters
        ----------
        network : FrozenInr
            The network.
        multipliers : int, optional
            By default `MULTIPLIERS`, but at least one for each layer.
        **settings
            Stages and technology.
        """
        sizes = network_shape(network)
        shapes = [(outputs, inputs) for inputs, outputs in pairwise(sizes)]
        budget = max(MULTIPLIERS, len(shapes)) if multipliers is None else multipliers
        return cls(network.layers[0].input, sizes, network.activation,
                   tuple(layer.weight_bits for layer in network.layers), fold_for_multipliers(shapes, budget),
                   **settings)

    @property
    def unit(self) -> ActivationUnit:
        """Its activation units."""
        return ActivationUnit(self.activation, self.activation_stages, technology=self.technology)

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """Outputs and inputs of each layer."""
        return tuple((outputs, inputs) for inputs, outputs in pairwise(self.sizes))

    @property
    def name(self) -> str:
        """What people know it by: ``inr_2_64_64_1_m67``, sizes and multipliers."""
        return f"inr_{'_'.join(map(str, self.sizes))}_m{self.multipliers}"

    @property
    def multipliers(self) -> int:
        """Of all layers."""
        return sum(folding.multipliers for folding in self.foldings)

    @property
    def layer_cycles(self) -> tuple[int, ...]:
        """Cycles of a vector in each layer."""
        return tuple(folding.cycles(*shape) for folding, shape in zip(self.foldings, self.shapes, strict=True))

    @property
    def pixel_cycles(self) -> int:
        """Cycles from one pixel to the next: those of the slowest layer."""
        return max(self.layer_cycles)

    @property
    def utilisation(self) -> float:
        """The share of cycles in which multipliers multiply, while pixels follow one another."""
        products = sum(outputs * inputs for outputs, inputs in self.shapes)
        return products / (self.multipliers * self.pixel_cycles)

    def check(self, network: FrozenInr) -> None:
        """Refuse integers that are not those of such an engine.

        Raises
        ------
        IllegalSetting
            If they are not.
        """
        found = {"sizes": network_shape(network), "coordinate": network.layers[0].input,
                 "activation": network.activation,
                 "weight_bits": tuple(layer.weight_bits for layer in network.layers)}
        for name, value in found.items():
            if value != getattr(self, name):
                raise IllegalSetting("model", f"a network with {name.replace('_', ' ')} as specified, "
                                     f"{getattr(self, name)}", value)

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready description; `from_json` reads it back."""
        return {"coordinate": str(self.coordinate), "sizes": list(self.sizes), "activation": self.activation.to_json(),
                "weight_bits": list(self.weight_bits), "foldings": [str(folding) for folding in self.foldings],
                "stages": self.stages, "activation_stages": self.activation_stages, "technology": self.technology}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "InrEngine":
        """The specification that `to_json` described."""
        return cls(Format.parse(value["coordinate"]), tuple(value["sizes"]), Activation.from_json(value["activation"]),
                   tuple(value["weight_bits"]), tuple(map(Folding.parse, value["foldings"])), value["stages"],
                   value["activation_stages"], value["technology"])
