"""Convolutional networks with binary weights: one for 8 x 8 digits, and three of the literature for CIFAR-10.

As is usual, the first convolution and the classifier keep floating point.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor, nn
from torch.nn import functional

from quadcim.models.bwma.activations import FLOAT_BITS, QUANTISERS, activation_quantiser
from quadcim.models.bwma.binarise import BINARISERS
from quadcim.models.bwma.layers import BinaryConv2d
from quadcim.spec.errors import IllegalSetting

__all__ = ["NETWORKS", "CnnSettings", "ConvBlock", "create_network"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CnnSettings:
    """How the inner layers of a network are quantised.

    Parameters
    ----------
    weight_bits : int
        1, or 32 for floating point.
    activation_bits : int
        1 to 8, or 32 for floating point.
    binariser : str
        A name in `quadcim.models.bwma.binarise.BINARISERS`.
    per_channel : bool
        Whether each output channel has levels of its own.
    quantiser : str
        A name in `quadcim.models.bwma.activations.QUANTISERS`.
    """

    weight_bits: int = 1
    activation_bits: int = 4
    binariser: str = "mean"
    per_channel: bool = True
    quantiser: str = "ste"

    def __post_init__(self):
        if self.weight_bits not in (1, FLOAT_BITS):
            raise IllegalSetting("weight-bits", f"1, or {FLOAT_BITS} for floating point", self.weight_bits)
        if not 1 <= self.activation_bits <= 8 and self.activation_bits != FLOAT_BITS:
            raise IllegalSetting("activation-bits", f"1 to 8, or {FLOAT_BITS} for floating point", self.activation_bits)
        if self.binariser not in BINARISERS:
            raise IllegalSetting("binariser", "one of " + ", ".join(BINARISERS), self.binariser)
        if self.quantiser not in QUANTISERS:
            raise IllegalSetting("quantiser", "one of " + ", ".join(QUANTISERS), self.quantiser)

    def conv(self, inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Conv2d:
        """An inner convolution."""
        shape = {"kernel_size": size, "stride": stride, "padding": size // 2, "bias": False}
        if self.weight_bits == FLOAT_BITS:
            return nn.Conv2d(inputs, outputs, **shape)
        return BinaryConv2d(inputs, outputs, binariser=self.binariser, per_channel=self.per_channel, **shape)

    def activation(self) -> nn.Module:
        """A quantiser, or a rectifier."""
        return activation_quantiser(self.quantiser, self.activation_bits)


class ConvBlock(nn.Module):
    """Convolution, batch normalisation, activation: what a macro with an affine computes.

    Parameters
    ----------
    conv : nn.Conv2d
        Without bias.
    activation : nn.Module
        A quantiser or a rectifier.
    """

    def __init__(self, conv: nn.Conv2d, activation: nn.Module):
        super().__init__()
        self.conv, self.norm, self.activation = conv, nn.BatchNorm2d(conv.out_channels), activation

    def forward(self, x: Tensor) -> Tensor:
        """Compute the block."""
        return self.activation(self.norm(self.conv(x)))


def _first(channels: int, outputs: int, settings: CnnSettings) -> ConvBlock:
    return ConvBlock(nn.Conv2d(channels, outputs, 3, padding=1, bias=False), settings.activation())


def _digits(settings: CnnSettings) -> nn.Module:
    """Four convolutions for 8 x 8 pictures."""
    return nn.Sequential(
        _first(1, 16, settings), ConvBlock(settings.conv(16, 32), settings.activation()), nn.MaxPool2d(2),
        ConvBlock(settings.conv(32, 32), settings.activation()),
        ConvBlock(settings.conv(32, 32), settings.activation()),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))


def _vgg_small(settings: CnnSettings) -> nn.Module:
    """VGG-small (LQ-Nets, arXiv 1807.10029): six convolutions of 128, 256 and 512 channels."""
    layers: list[nn.Module] = [_first(3, 128, settings)]
    for inputs, outputs in ((128, 128), (128, 256), (256, 256), (256, 512), (512, 512)):
        layers.append(ConvBlock(settings.conv(inputs, outputs), settings.activation()))
        if inputs == outputs:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(512 * 4 * 4, 10))


class _Residual(nn.Module):
    """The basic block of a ResNet, activations before each convolution's sum: two blocks and a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int, settings: CnnSettings, *, project: bool):
        super().__init__()
        self.first = ConvBlock(settings.conv(inputs, outputs, stride=stride), settings.activation())
        self.second = ConvBlock(settings.conv(outputs, outputs), nn.Identity())
        self.stride, self.padding = stride, outputs - inputs
        self.shortcut = ConvBlock(settings.conv(inputs, outputs, 1, stride), nn.Identity()) \
            if project and (stride > 1 or inputs != outputs) else None
        self.activation = settings.activation()

    def forward(self, x: Tensor) -> Tensor:
        """Compute the block."""
        if self.shortcut is not None:
            short = self.shortcut(x)
        else:  # option A of the paper: every other pixel, and channels of zeros
            short = functional.pad(x[..., ::self.stride, ::self.stride], (0, 0, 0, 0, 0, self.padding))
        return self.activation(self.second(self.first(x)) + short)


def _resnet(widths: tuple[int, ...], depth: int, settings: CnnSettings, *, project: bool) -> nn.Module:
    layers: list[nn.Module] = [_first(3, widths[0], settings)]
    inputs = widths[0]
    for stage, width in enumerate(widths):
        for block in range(depth):
            stride = 2 if stage and not block else 1
            layers.append(_Residual(inputs, width, stride, settings, project=project))
            inputs = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 10))


def _resnet20(settings: CnnSettings) -> nn.Module:
    """ResNet-20 for CIFAR (arXiv 1512.03385, section 4.2), shortcuts without parameters."""
    return _resnet((16, 32, 64), 3, settings, project=False)


def _resnet18(settings: CnnSettings) -> nn.Module:
    """ResNet-18 (arXiv 1512.03385) with the first convolution that 32 x 32 pictures ask for."""
    return _resnet((64, 128, 256, 512), 2, settings, project=True)


@dataclass(frozen=True, slots=True)
class Network:
    """A network: what builds it, and the shape of its pictures (channels, height, width)."""

    build: Callable[[CnnSettings], nn.Module] = field(repr=False)
    input_shape: tuple[int, int, int]


NETWORKS: dict[str, Network] = {
    "digits": Network(_digits, (1, 8, 8)),
    "resnet20": Network(_resnet20, (3, 32, 32)),
    "vgg-small": Network(_vgg_small, (3, 32, 32)),
    "resnet18": Network(_resnet18, (3, 32, 32)),
}


def create_network(name: str, settings: CnnSettings) -> nn.Module:
    """A network with fresh weights, drawn from torch's generator.

    Raises
    ------
    IllegalSetting
        If there is no network of this name.
    """
    if name not in NETWORKS:
        raise IllegalSetting("network", "one of " + ", ".join(NETWORKS), name)
    return NETWORKS[name].build(settings)
