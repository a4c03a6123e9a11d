"""Convolutional networks with binary weights: one for 8 x 8 digits, and three of the literature for CIFAR-10.

As is usual, the first convolution and the classifier keep floating point.
"""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional

from quadcim.models.bwma.activations import activation_quantiser
from quadcim.models.bwma.layers import BinaryConv2d
from quadcim.spec.cnn import FLOAT_BITS, CnnQuantisation

__all__ = ["ConvBlock", "Residual", "create_network"]


def _conv(settings: CnnQuantisation, inputs: int, outputs: int, size: int = 3, stride: int = 1) -> nn.Conv2d:
    """An inner convolution."""
    shape = {"kernel_size": size, "stride": stride, "padding": size // 2, "bias": False}
    if settings.weight_bits == FLOAT_BITS:
        return nn.Conv2d(inputs, outputs, **shape)
    return BinaryConv2d(inputs, outputs, binariser=settings.binariser, per_channel=settings.per_channel, **shape)


def _activation(settings: CnnQuantisation) -> nn.Module:
    """A quantiser, or a rectifier."""
    return activation_quantiser(settings.quantiser, settings.activation_bits)


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


def _first(channels: int, outputs: int, settings: CnnQuantisation) -> ConvBlock:
    return ConvBlock(nn.Conv2d(channels, outputs, 3, padding=1, bias=False), _activation(settings))


def _digits(settings: CnnQuantisation) -> nn.Sequential:
    """Four convolutions for 8 x 8 pictures."""
    return nn.Sequential(
        _first(1, 16, settings), ConvBlock(_conv(settings, 16, 32), _activation(settings)), nn.MaxPool2d(2),
        ConvBlock(_conv(settings, 32, 32), _activation(settings)),
        ConvBlock(_conv(settings, 32, 32), _activation(settings)),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))


def _vgg_small(settings: CnnQuantisation) -> nn.Sequential:
    """VGG-small (LQ-Nets, arXiv 1807.10029): six convolutions of 128, 256 and 512 channels."""
    layers: list[nn.Module] = [_first(3, 128, settings)]
    for inputs, outputs in ((128, 128), (128, 256), (256, 256), (256, 512), (512, 512)):
        layers.append(ConvBlock(_conv(settings, inputs, outputs), _activation(settings)))
        if inputs == outputs:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(512 * 4 * 4, 10))


class Residual(nn.Module):
    """The basic block of a ResNet, activations before each convolution's sum: two blocks and a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int, settings: CnnQuantisation, *, project: bool):
        super().__init__()
        self.first = ConvBlock(_conv(settings, inputs, outputs, stride=stride), _activation(settings))
        self.second = ConvBlock(_conv(settings, outputs, outputs), nn.Identity())
        self.stride, self.padding = stride, outputs - inputs
        self.shortcut = ConvBlock(_conv(settings, inputs, outputs, 1, stride), nn.Identity()) \
            if project and (stride > 1 or inputs != outputs) else None
        self.activation = _activation(settings)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the block."""
        if self.shortcut is not None:
            short = self.shortcut(x)
        else:  # option A of the paper: every other pixel, and channels of zeros
            short = functional.pad(x[..., ::self.stride, ::self.stride], (0, 0, 0, 0, 0, self.padding))
        return self.activation(self.second(self.first(x)) + short)


def _resnet(widths: tuple[int, ...], depth: int, settings: CnnQuantisation, *, project: bool) -> nn.Sequential:
    layers: list[nn.Module] = [_first(3, widths[0], settings)]
    inputs = widths[0]
    for stage, width in enumerate(widths):
        for block in range(depth):
            stride = 2 if stage and not block else 1
            layers.append(Residual(inputs, width, stride, settings, project=project))
            inputs = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 10))


def _resnet20(settings: CnnQuantisation) -> nn.Sequential:
    """ResNet-20 for CIFAR (arXiv 1512.03385, section 4.2), shortcuts without parameters."""
    return _resnet((16, 32, 64), 3, settings, project=False)


def _resnet18(settings: CnnQuantisation) -> nn.Sequential:
    """ResNet-18 (arXiv 1512.03385) with the first convolution that 32 x 32 pictures ask for."""
    return _resnet((64, 128, 256, 512), 2, settings, project=True)


_BUILDERS: dict[str, Callable[[CnnQuantisation], nn.Sequential]] = {
    "digits": _digits, "resnet20": _resnet20, "vgg-small": _vgg_small, "resnet18": _resnet18}


def create_network(name: str, settings: CnnQuantisation) -> nn.Sequential:
    """A network of a name in `quadcim.spec.cnn.CNN_NETWORKS`, with fresh weights drawn from torch's generator."""
    return _BUILDERS[name](settings)
