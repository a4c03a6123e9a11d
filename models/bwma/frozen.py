"""Trained layers as integers: convolutions with binary weights become compute-in-memory macros, bit for bit."""

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from quadcim.models.bwma.activations import ActivationQuantiser
from quadcim.models.bwma.layers import BinaryConv2d
from quadcim.models.bwma.networks import ConvBlock, Residual
from quadcim.models.cim import cim_golden
from quadcim.spec.cim import MAX_AFFINE_BITS, MAX_COLUMNS, MAX_ROWS, CimIntegers, CimMacro
from quadcim.spec.formats import Format
from quadcim.spec.narrow import Narrow

__all__ = ["SCALE_BITS", "FrozenBlock", "FrozenLayer", "binary_layers", "fits", "freeze_layer", "freeze_network",
           "normalisation"]

SCALE_BITS = 12
"""Width of the largest scale of a layer, its sign apart."""


@dataclass(frozen=True)
class FrozenLayer:
    """A convolution as a macro whose rows are (channel, kernel row, kernel column) and whose columns are the outputs.

    With the activations' codes X, B of -1 and 1, and their sum S, the block's real result before its activation is
    ``g * (s * (alpha * sum B * X + beta * S) - mean) + shift`` with g the batch normalisation's factor and s the step
    of the input. Divided by the step of the output it is the macro's affine; rounded and saturated, the next code.

    Parameters
    ----------
    name : str
        Of the block in its network.
    macro, integers
        The macro, weights constant; with an affine if the block ends in a quantiser.
    kernel, stride, padding : int
        Of the convolution.
    """

    name: str
    macro: CimMacro
    integers: CimIntegers
    kernel: int
    stride: int
    padding: int

    def rows(self, codes: Tensor) -> Tensor:
        """The macro's activations for every output pixel: from (n, channels, h, w) to (n, pixels, rows), int64."""
        patches = functional.unfold(codes.double(), self.kernel, padding=self.padding, stride=self.stride)
        return patches.transpose(1, 2).long()


def binary_layers(network: nn.Sequential) -> Iterator[tuple[str, ConvBlock, ActivationQuantiser]]:
    """The blocks with binary weights and a quantised input: name, block, and the quantiser of the input."""
    source: nn.Module | None = None
    for name, module in network.named_children():
        found: list[tuple[str, nn.Module | None, nn.Module | None]] = []
        if isinstance(module, ConvBlock):
            found, source = [(name, module, source)], module.activation
        elif isinstance(module, Residual):
            found = [(f"{name}.first", module.first, source),
                     (f"{name}.second", module.second, module.first.activation),
                     (f"{name}.shortcut", module.shortcut, source)]
            source = module.activation
        for path, block, quantiser in found:
            if isinstance(block, ConvBlock) and isinstance(block.conv, BinaryConv2d) \
                    and isinstance(quantiser, ActivationQuantiser):
                yield path, block, quantiser


def fits(block: ConvBlock) -> bool:
    """Whether a block is small enough for one macro."""
    conv = block.conv
    return conv.weight[0].numel() <= MAX_ROWS and conv.out_channels <= MAX_COLUMNS


@torch.no_grad()
def freeze_layer(name: str, block: ConvBlock, source: ActivationQuantiser) -> FrozenLayer:
    """A block as a macro.

    Parameters
    ----------
    name : str
        Of the block.
    block : ConvBlock
        Trained; with binary weights.
    source : ActivationQuantiser
        The quantiser of its input.

    Raises
    ------
    IllegalSetting
        If the block has more rows or columns than a macro.
    """
    conv = block.conv
    assert isinstance(conv, BinaryConv2d)
    cells = (conv.binarised().sign > 0).long().reshape(conv.out_channels, -1).T
    affine, narrow = _affine(block, source) if isinstance(block.activation, ActivationQuantiser) else ({}, None)
    macro = CimMacro(cells.shape[0], cells.shape[1], source.bits, encoding="bipolar", storage="constant", narrow=narrow)
    integers = CimIntegers(tuple(map(tuple, cells.tolist())), **affine)
    macro.check(integers)
    kernel, stride, padding = (pair[0] for pair in (conv.kernel_size, conv.stride, conv.padding))
    return FrozenLayer(name, macro, integers, int(kernel), int(stride), int(padding))


def _affine(block: ConvBlock, source: ActivationQuantiser) -> tuple[dict[str, tuple[int, ...]], Narrow]:
    """Scale, offset and bias of each column as integers with common fraction bits, and the narrowing to codes."""
    conv, norm, target = block.conv, block.norm, block.activation
    assert isinstance(conv, BinaryConv2d) and isinstance(target, ActivationQuantiser)
    factor, shift = normalisation(norm)
    binarised, ratio = conv.binarised(), source.step.double() / target.step.double()
    alpha, beta = ((part.double().flatten() * torch.ones_like(factor)) for part in (binarised.alpha, binarised.beta))
    real = {"scale": factor * alpha * ratio, "offset": factor * beta * ratio, "bias": shift / target.step.double()}
    fraction = min(max(SCALE_BITS - math.frexp(float(real["scale"].abs().max()))[1], 0), MAX_AFFINE_BITS)
    integers = {key: tuple((value * 2.0**fraction).round().long().tolist()) for key, value in real.items()}
    return integers, Narrow(fraction, "half_up", "saturate", Format(False, target.bits, 0))


def normalisation(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Factor and shift of each channel in evaluation, in double precision."""
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None and variance is not None
    factor = norm.weight.double() / (variance.double() + norm.eps).sqrt()
    return factor, norm.bias.double() - mean.double() * factor


class FrozenBlock(nn.Module):
    """A block as its macro computes it, on the real numbers that the codes stand for.

    Parameters
    ----------
    layer : FrozenLayer
        The macro.
    block : ConvBlock
        What it stands for: without an affine, the normalisation is its own.
    source : ActivationQuantiser
        The quantiser of the input.
    """

    def __init__(self, layer: FrozenLayer, block: ConvBlock, source: ActivationQuantiser):
        super().__init__()
        self.layer = layer
        self._golden = cim_golden(layer.macro, layer.integers)
        self._block, self._step = block, float(source.step.detach())

    def codes(self, codes: Tensor) -> Tensor:
        """From the codes of the input, int64 of shape (n, channels, h, w), to the macro's results."""
        count, _channels, height, width = codes.shape
        results = self._golden(self.layer.rows(codes))
        layer = self.layer
        sizes = [(size + 2 * layer.padding - layer.kernel) // layer.stride + 1 for size in (height, width)]
        return results.transpose(1, 2).reshape(count, -1, *sizes)

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """Compute the block."""
        codes = (x.double() / self._step).round().long()
        results, activation = self.codes(codes), self._block.activation
        if isinstance(activation, ActivationQuantiser):
            return (results * activation.step.double()).to(x.dtype)
        conv, (factor, shift) = self._block.conv, normalisation(self._block.norm)
        assert isinstance(conv, BinaryConv2d)
        binarised, channels = conv.binarised(), (1, -1, 1, 1)
        total = functional.avg_pool2d(codes.double().sum(1, keepdim=True), self.layer.kernel, self.layer.stride,
                                      self.layer.padding, divisor_override=1)
        sums = binarised.alpha.double().reshape(channels) * results + binarised.beta.double().reshape(channels) * total
        real = factor.reshape(channels) * self._step * sums + shift.reshape(channels)
        return activation(real.to(x.dtype))


def freeze_network(network: nn.Sequential) -> tuple[nn.Sequential, list[FrozenLayer]]:
    """A copy of a trained network in which every block that fits a macro is computed as the macro does.

    Returns
    -------
    nn.Sequential
        The copy.
    list of FrozenLayer
        The macros, in order.
    """
    frozen, layers = copy.deepcopy(network).eval(), []
    for name, block, source in list(binary_layers(frozen)):
        if fits(block):
            layers.append(freeze_layer(name, block, source))
            parent = frozen.get_submodule(name.rpartition(".")[0])
            setattr(parent, name.rpartition(".")[2], FrozenBlock(layers[-1], block, source))
    return frozen, layers
