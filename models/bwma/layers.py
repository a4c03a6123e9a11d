"""Layers with binary weights, in place of torch's own."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from quadcim.models.bwma.binarise import Binarised, binarise, straight_through_binary

__all__ = ["BinaryConv2d", "BinaryLinear"]


class _Binary(nn.Module):
    """Weights that are two-level: ``alpha * B + beta``, see `binarise`; gradients pass straight through.

    Parameters
    ----------
    binariser : str
        A name in `quadcim.spec.cnn.BINARISERS`.
    per_channel : bool
        Whether each output channel has levels of its own.
    *args, **settings
        Those of torch's layer.
    """

    weight: Tensor

    def __init__(self, *args: Any, binariser: str = "mean", per_channel: bool = True, **settings: Any):
        super().__init__(*args, **settings)
        self.binariser, self.per_channel = binariser, per_channel

    @property
    def two_level(self) -> Tensor:
        """The binary weights, with the gradient of the weights."""
        return straight_through_binary(self.weight, self.binariser, per_channel=self.per_channel)

    @torch.no_grad()
    def binarised(self) -> Binarised:
        """The binary weights."""
        return binarise(self.weight, self.binariser, per_channel=self.per_channel)


class BinaryConv2d(_Binary, nn.Conv2d):
    """A convolution with binary weights: `torch.nn.Conv2d`, and ``binariser``, ``per_channel``."""

    def forward(self, input: Tensor) -> Tensor:
        """Convolve with the binary weights."""
        return self._conv_forward(input, self.two_level, self.bias)


class BinaryLinear(_Binary, nn.Linear):
    """A matrix product with binary weights: `torch.nn.Linear`, and ``binariser``, ``per_channel``."""

    def forward(self, input: Tensor) -> Tensor:
        """Multiply with the binary weights."""
        return functional.linear(input, self.two_level, self.bias)
