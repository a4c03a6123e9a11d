"""Layers with binary weights, in place of torch's own."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from quadcim.models.bwma.binarise import Binarised, binarise, straight_through_binary

__all__ = ["BinaryConv2d", "BinaryLinear"]


class BinaryConv2d(nn.Conv2d):
    """A convolution whose weights are two-level: ``alpha * B + beta``, see `binarise`; gradients pass straight through.

    Parameters
    ----------
    binariser : str
        A name in `quadcim.spec.cnn.BINARISERS`.
    per_channel : bool
        Whether each output channel has levels of its own.
    *args, **settings
        Those of `torch.nn.Conv2d`.
    """

    def __init__(self, *args: Any, binariser: str = "mean", per_channel: bool = True, **settings: Any):
        super().__init__(*args, **settings)
        self.binariser, self.per_channel = binariser, per_channel

    def forward(self, input: Tensor) -> Tensor:
        """Convolve with the binary weights."""
        weight = straight_through_binary(self.weight, self.binariser, per_channel=self.per_channel)
        return self._conv_forward(input, weight, self.bias)

    @torch.no_grad()
    def binarised(self) -> Binarised:
        """The binary weights."""
        return binarise(self.weight, self.binariser, per_channel=self.per_channel)


class BinaryLinear(nn.Linear):
    """A matrix product whose weights are two-level; settings as for `BinaryConv2d`, the others of `torch.nn.Linear`."""

    def __init__(self, *args: Any, binariser: str = "mean", per_channel: bool = True, **settings: Any):
        super().__init__(*args, **settings)
        self.binariser, self.per_channel = binariser, per_channel

    def forward(self, input: Tensor) -> Tensor:
        """Multiply with the binary weights."""
        weight = straight_through_binary(self.weight, self.binariser, per_channel=self.per_channel)
        return functional.linear(input, weight, self.bias)

    @torch.no_grad()
    def binarised(self) -> Binarised:
        """The binary weights."""
        return binarise(self.weight, self.binariser, per_channel=self.per_channel)
