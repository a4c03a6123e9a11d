"""Freezing a trained QuadINR to integers."""

import math

import torch
from torch import Tensor

from quadcim.models.inr import PIXEL_SCALE, Inr
from quadcim.spec.activation import Activation, ActivationRounding
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.inr import PIXEL, FrozenInr, FrozenLayer, activation_formats, coordinate_format
from quadcim.spec.narrow import Overflow
from quadcim.spec.training import check_range

__all__ = ["freeze"]


@torch.no_grad()
def freeze(network: Inr, *, height: int, width: int, weight_bits: int = 8, activation_bits: int = 8,
           first_layer_bits: int = 14, rounding: ActivationRounding = "nearest") -> FrozenInr:
    """Freeze a trained QuadINR to integers.

    Parameters
    ----------
    network : Inr
        With activation "quad".
    height, width : int
        Size in pixels of the picture to render. Twice the size it was fitted to shows the same picture, finer.
    weight_bits, first_layer_bits : int
        Width of the weights, 2 to 16, and of the first layer's, 2 to 24, which carries the frequencies. Each output
        channel has its own power-of-two scale.
    activation_bits : int
        Width of the activations, 2 to 16; `activation_formats` derives the formats around phi.
    rounding : {"nearest", "truncate", "faithful"}
        Of phi.

    Returns
    -------
    FrozenInr
        Omega folded into the weights and ``127.5 (y + 1)``, the scale of pixels, into the last layer.

    Raises
    ------
    IllegalSetting
        If a width is out of range or too small for the weights, or the activation isn't phi.
    """
    check_range(weight_bits=weight_bits, activation_bits=activation_bits, first_layer_bits=first_layer_bits)
    if network.activation != "quad":
        raise IllegalSetting("activation", "quad (only phi has an integer form)", network.activation)
    before, after = activation_formats(activation_bits)
    activation = Activation("quad", before, after, rounding)
    *hidden, (weight, bias) = network.folded()
    pixels = PIXEL_SCALE * weight, PIXEL_SCALE * (bias + 1)
    first, others = ("first-layer-bits", first_layer_bits), ("weight-bits", weight_bits)
    layers = [_freeze(hidden[0], first, given=coordinate_format(height, width), wanted=before, overflow="wrap"),
              *(_freeze(layer, others, given=after, wanted=before, overflow="wrap") for layer in hidden[1:]),
              _freeze(pixels, others, given=after, wanted=PIXEL, overflow="saturate")]
    return FrozenInr(height, width, activation, tuple(layers))


def _freeze(layer: tuple[Tensor, Tensor], width: tuple[str, int], *, given: Format, wanted: Format,
            overflow: Overflow) -> FrozenLayer:
    """Freeze one layer from `given` to `wanted`; `width` is that of its weights, after the name of its option."""
    weight, bias = (tensor.double() for tensor in layer)
    fraction = _weight_fraction_bits(weight, width, given, wanted)
    sums = fraction + given.fraction_bits
    integers = torch.ldexp(weight, fraction[:, None]).round().long()
    biases = torch.ldexp(bias, sums).round().long().tolist()
    if overflow == "wrap":  # the bias too is needed only modulo the period
        biases = [Format(True, wanted.integer_bits, f).wrap(b) for b, f in zip(biases, sums.tolist(), strict=True)]
    return FrozenLayer(given, wanted, overflow, width[1], tuple(map(tuple, integers.tolist())), tuple(biases),
                       tuple((sums - wanted.fraction_bits).tolist()))


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
