"""A frozen INR: every integer of a network as hardware holds it, and the formats between its layers.

Standard library only, so that reading a model's shape doesn't start PyTorch.
"""

from dataclasses import dataclass
from typing import Any

from quadcim.spec.activation import Activation
from quadcim.spec.canonical import digest
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.functions import FUNCTIONS, usual_formats
from quadcim.spec.narrow import Narrow, Overflow

__all__ = ["PIXEL", "SOUND", "FrozenInr", "FrozenLayer", "activation_formats", "coordinate_format", "hidden_overflow"]

PIXEL = Format(False, 8, 0)
SOUND = Format(True, 1, 15)
_MOST_AXES = 3


def coordinate_format(*shape: int) -> Format:
    """Choose the format in which the centres of samples are exact.

    With P the power of two that spans all sides, ``x = (2i + 1 - width) / P`` for column i, and other axes alike:
    square pixels stay square, and the raw integer of column i is just ``2i + 1 - width``.
    """
    return Format(True, 1, (max(shape) - 1).bit_length())


def activation_formats(bits: int, function: str = "quad") -> tuple[Format, Format]:
    """Choose the formats of pre-activations, of 2 bits more than activations, and of b-bit activations.

    Of phi and sines SQ2.b, which is one period, and SQ1.(b-1); of others the usual domain of the function, and what
    holds its range.
    """
    if FUNCTIONS[function].period:
        return Format(True, 2, bits), Format(True, 1, bits - 1)
    return usual_formats(FUNCTIONS[function], bits + 2)[0], usual_formats(FUNCTIONS[function], bits)[1]


def hidden_overflow(activation: Activation) -> Overflow:
    """What becomes of sums that leave the activation's input format: "wrap" where it spans whole periods."""
    period = 0 if activation.samples else FUNCTIONS[activation.function].period
    return "wrap" if period and 2**activation.input.integer_bits % period == 0 else "saturate"


@dataclass(frozen=True, slots=True)
class FrozenLayer:
    """A linear layer in integers: ``y[c] = narrow[c](sum over i of weight[c][i] * x[i] + bias[c])``.

    Parameters
    ----------
    input, output : Format
        Formats of x and y.
    overflow : {"wrap", "saturate"}
        "wrap": y is needed only modulo its range (a pre-activation of period 4), so the accumulator may wrap too.
    weight_bits : int
        Width of a weight, two's complement.
    weight : tuple of tuple of int
        Output channels x inputs.
    bias : tuple of int
        One for each output channel, at the accumulator's scale.
    shift : tuple of int
        One for each output channel: the bits that its accumulator has below the output's last one.

    Raises
    ------
    IllegalSetting
        If shapes disagree or an integer doesn't fit its format.
    """

    input: Format
    output: Format
    overflow: Overflow
    weight_bits: int
    weight: tuple[tuple[int, ...], ...]
    bias: tuple[int, ...]
    shift: tuple[int, ...]

    def __post_init__(self):
        channels, inputs = len(self.weight), len(self.weight[0]) if self.weight else 0
        _require(inputs > 0 and len(self.bias) == len(self.shift) == channels
                 and all(len(row) == inputs for row in self.weight),
                 "weight, bias and shift of one shape in each layer", f"{channels} x {inputs} weights")
        _require(1 <= self.weight_bits <= 32, "weights of 1 to 32 bits", self.weight_bits)
        bound = 1 << (self.weight_bits - 1)
        for row in self.weight:
            _require(all(-bound <= w < bound for w in row), f"weights of {self.weight_bits} bits", row)
        _require(all(0 <= self.output.fraction_bits + shift <= 48 for shift in self.shift),
                 "accumulators of 0 to 48 fraction bits", f"shifts {self.shift}")
        for bias, accumulator in zip(self.bias, self.accumulators, strict=True):
            _require(accumulator.minimum <= bias <= accumulator.maximum, f"biases in {accumulator}", bias)

    @property
    def narrow(self) -> tuple[Narrow, ...]:
        """The narrowing of each output channel's accumulator; half up, so that the half can be added to the bias."""
        return tuple(Narrow(shift, "half_up", self.overflow, self.output) for shift in self.shift)

    @property
    def accumulators(self) -> tuple[Format, ...]:
        """The narrowest accumulator of each output channel.

        One that may wrap has the integer bits of the output. One that may not spans the interval of the actual weights,
        with the half that rounding adds.
        """
        return tuple(self._accumulator(channel) for channel in range(len(self.shift)))

    def _accumulator(self, channel: int) -> Format:
        fraction_bits = self.output.fraction_bits + self.shift[channel]
        if self.overflow == "wrap":
            return Format(True, self.output.integer_bits, fraction_bits)
        ends = [sorted((w * self.input.minimum, w * self.input.maximum)) for w in self.weight[channel]]
        low, high = (self.bias[channel] + sum(end) for end in zip(*ends, strict=True))
        high += 1 << max(self.shift[channel], 0) >> 1
        bits = 1 + max((bound if bound >= 0 else ~bound).bit_length() for bound in (low, high))
        return Format(True, max(bits - fraction_bits, 1), fraction_bits)

    def to_json(self) -> dict[str, Any]:
        """Describe the layer for JSON."""
        return {"input": str(self.input), "output": str(self.output), "overflow": self.overflow,
                "weight_bits": self.weight_bits, "weight": self.weight, "bias": self.bias, "shift": self.shift}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "FrozenLayer":
        """Read the layer that `to_json` described."""
        return cls(Format.parse(value["input"]), Format.parse(value["output"]), value["overflow"],
                   value["weight_bits"], tuple(map(tuple, value["weight"])), tuple(value["bias"]),
                   tuple(value["shift"]))


@dataclass(frozen=True, slots=True)
class FrozenInr:
    """A network from coordinates to samples: hidden layers, each followed by the activation, then one more.

    Parameters
    ----------
    shape : tuple of int
        Size of the signal on a grid, the slowest axis first: (samples,) of sound, (height, width) of a picture in
        pixels, (frames, height, width) of a video. `coordinate_format` of it is the first layer's input; its first
        element is the fastest axis.
    activation : Activation
        From the hidden layers' outputs to the following layers' inputs.
    layers : tuple of FrozenLayer
        Hidden layers wrap if the activation's input spans whole periods (`hidden_overflow`), and saturate otherwise.
        The last one saturates, one output for each channel: into 8-bit pixels (`PIXEL`), or another format.

    Raises
    ------
    IllegalSetting
        If the layers don't fit one another.
    """

    shape: tuple[int, ...]
    activation: Activation
    layers: tuple[FrozenLayer, ...]

    def __post_init__(self):
        size = " x ".join(map(str, self.shape))
        _require(1 <= len(self.shape) <= _MOST_AXES and min(self.shape) > 0, "1 to 3 axes of at least one sample", size)
        _require(len(self.layers) > 1, "at least two layers", len(self.layers))
        hidden = len(self.layers) - 1
        inputs = [coordinate_format(*self.shape), *[self.activation.output] * hidden]
        outputs = [*[(self.activation.input, hidden_overflow(self.activation))] * hidden,
                   (self.layers[-1].output, "saturate")]
        for layer, given, wanted in zip(self.layers, inputs, outputs, strict=True):
            _require(layer.input == given and (layer.output, layer.overflow) == wanted,
                     f"a layer from {given} to {wanted[0]}", f"{layer.input} to {layer.output}")
        outs = [len(layer.weight) for layer in self.layers]
        axes = len(self.shape)
        _require([axes, *outs[:-1]] == [len(layer.weight[0]) for layer in self.layers],
                 f"layers that fit one another, from {axes} coordinates", f"outputs {outs}")

    @property
    def channels(self) -> int:
        """Channels of a sample: 1 for grey, 3 for colours."""
        return len(self.layers[-1].weight)

    def to_json(self) -> dict[str, Any]:
        """Describe the network for JSON, every integer included."""
        return {"shape": list(self.shape), "activation": self.activation.to_json(),
                "layers": [layer.to_json() for layer in self.layers]}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "FrozenInr":
        """Read the network that `to_json` described."""
        return cls(tuple(value["shape"]), Activation.from_json(value["activation"]),
                   tuple(map(FrozenLayer.from_json, value["layers"])))

    @property
    def digest(self) -> str:
        """The sha256 that names this network everywhere."""
        return digest(self.to_json())


def _require(holds: bool, what: str, given: object) -> None:
    if not holds:
        raise IllegalSetting("model", f"a frozen network with {what}", given)
