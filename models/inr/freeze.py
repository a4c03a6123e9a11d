"""Freezing a trained network to integers."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from quadcim.models.inr.networks import Inr, output_scale
from quadcim.spec.activation import Activation, ActivationRounding
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.inr import FrozenInr, FrozenLayer, activation_formats, coordinate_format, hidden_overflow
from quadcim.spec.narrow import Overflow
from quadcim.training.inr import FROZEN_ACTIVATIONS, check_range

__all__ = ["LayerPlan", "freeze", "frozen_activation", "layer_plans", "sample_layers"]

_QUARTERS = 2 / math.pi
"""Quarters of a turn in a radian."""


@torch.no_grad()
def freeze(network: Inr, *, shape: tuple[int, ...], weight_bits: int = 8, activation_bits: int = 8,
           first_layer_bits: int = 14, rounding: ActivationRounding | None = None) -> FrozenInr:
    """Freeze a trained network to integers.

    Parameters
    ----------
    network : Inr
        With an activation in `quadcim.training.inr.FROZEN_ACTIVATIONS`, and no encoding of coordinates.
    shape : tuple of int
        Size of the signal to render, the slowest axis first: (height, width) of a picture in pixels. Twice the size it
        was fitted to shows the same picture, finer.
    weight_bits, first_layer_bits : int
        Width of the weights, 2 to 16, and of the first layer's, 2 to 24, which carries the frequencies. Each output
        channel has its own power-of-two scale.
    activation_bits : int
        Width of the activations, 2 to 16; `activation_formats` derives the formats around the activation.
    rounding : {"nearest", "truncate", "faithful"}, optional
        Of the activation; by default nearest for phi, and faithful for the sine.

    Returns
    -------
    FrozenInr
        Omega folded into the weights and the scale of samples (of pixels ``127.5 (y + 1)``) into the last layer; of a
        SIREN 2 / pi too, as the sine of hardware counts quarters of a turn: like phi's, its period is 4.

    Raises
    ------
    IllegalSetting
        If a width is out of range or too small for the weights, the shape has other axes, or the activation is another
        one.
    """
    if len(shape) != network.settings["axes"]:
        raise IllegalSetting("shape", f"{network.settings['axes']} sizes, one of each axis", len(shape))
    check_range(weight_bits=weight_bits, activation_bits=activation_bits, first_layer_bits=first_layer_bits)
    plans = layer_plans(network, coordinate_format(*shape), weight_bits=weight_bits, activation_bits=activation_bits,
                        first_layer_bits=first_layer_bits, rounding=rounding)
    layers = tuple(plan.freeze(layer) for plan, layer in zip(plans, sample_layers(network), strict=True))
    return FrozenInr(shape, frozen_activation(network, activation_bits, rounding), layers)


def frozen_activation(network: Inr, bits: int, rounding: ActivationRounding | None) -> Activation:
    """Describe the activation of a frozen network.

    Raises
    ------
    IllegalSetting
        If hardware has none of that name, or the network encodes its coordinates.
    """
    name = network.activation
    if name not in FROZEN_ACTIVATIONS or network.frequencies:
        given = f"{name}, with coordinates encoded" if network.frequencies else name
        raise IllegalSetting("activation", f"one that is frozen: {', '.join(FROZEN_ACTIVATIONS)}", given)
    return Activation(name, *activation_formats(bits, name), rounding or ("nearest" if name == "quad" else "faithful"))


def sample_layers(network: Inr) -> list[tuple[Tensor, Tensor]]:
    """List weight and bias of each layer as freezing sees them: omega folded in, and the scale of samples."""
    *hidden, (weight, bias) = network.folded()
    if network.activation == "sine":
        hidden = [(_QUARTERS * hidden_weight, _QUARTERS * hidden_bias) for hidden_weight, hidden_bias in hidden]
    scale, offset = output_scale(network.output)
    return [*hidden, (scale * weight, scale * bias + offset)]


@dataclass(frozen=True, slots=True)
class LayerPlan:
    """How a layer is frozen.

    Parameters
    ----------
    option, bits : str and int
        The width of its weights, after the name of the option that sets it.
    given, wanted : Format
        Of its inputs and outputs.
    overflow : {"wrap", "saturate"}
        Of its outputs.
    """

    option: str
    bits: int
    given: Format
    wanted: Format
    overflow: Overflow

    def round(self, layer: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Round weight (outputs x inputs) and bias of a layer to integers.

        Returns
        -------
        tuple of Tensor
            int64: weights; biases, not yet wrapped; and the fraction bits of each output channel's weights. A bias has
            those of the inputs besides.

        Raises
        ------
        IllegalSetting
            If the width is too small for the weights.
        """
        weight, bias = (tensor.double() for tensor in layer)
        fraction = _weight_fraction_bits(weight, (self.option, self.bits), self.given, self.wanted)
        return (torch.ldexp(weight, fraction[:, None]).round().long(),
                torch.ldexp(bias, fraction + self.given.fraction_bits).round().long(), fraction)

    def freeze(self, layer: tuple[Tensor, Tensor]) -> FrozenLayer:
        """Freeze a layer; errors as for `round`."""
        weight, bias, fraction = self.round(layer)
        sums, biases = (fraction + self.given.fraction_bits).tolist(), bias.tolist()
        if self.overflow == "wrap":  # the bias too is needed only modulo the period
            biases = [Format(True, self.wanted.integer_bits, f).wrap(b) for b, f in zip(biases, sums, strict=True)]
        return FrozenLayer(self.given, self.wanted, self.overflow, self.bits, tuple(map(tuple, weight.tolist())),
                           tuple(biases), tuple(f - self.wanted.fraction_bits for f in sums))


def layer_plans(network: Inr, coordinate: Format, *, weight_bits: int, activation_bits: int, first_layer_bits: int,
                rounding: ActivationRounding | None) -> list[LayerPlan]:
    """Plan the layers of a network: its hidden layers between coordinates and samples."""
    activation = frozen_activation(network, activation_bits, rounding)
    first, others = ("first-layer-bits", first_layer_bits), ("weight-bits", weight_bits)
    before, after, overflow = activation.input, activation.output, hidden_overflow(activation)
    return [LayerPlan(*first, coordinate, before, overflow),
            *[LayerPlan(*others, after, before, overflow)] * (len(network.weights) - 2),
            LayerPlan(*others, after, network.output, "saturate")]


def _weight_fraction_bits(weight: Tensor, width: tuple[str, int], given: Format, wanted: Format) -> Tensor:
    """Choose the fraction bits of each output channel's weights: as many as its largest weight leaves room for.

    They may be fewer than 0, but the accumulator's may not. More than the cap can't matter: n rounded weights err by at
    most an eighth of the output's last bit together.
    """
    option, bits = width
    largest = weight.abs().amax(dim=1)
    fraction = torch.floor(torch.log2(((1 << (bits - 1)) - 1) / largest))
    if fraction.min() < -given.fraction_bits:
        least = 1 + math.ceil(math.log2(largest.max().item() / 2**given.fraction_bits + 1))
        raise IllegalSetting(option, f"at least {least} for the weights of this network", bits)
    return fraction.clamp(max=wanted.fraction_bits + math.ceil(math.log2(weight.shape[1])) + 2).long()
