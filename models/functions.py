"""The catalogue's functions in floating point, differentiable: for training."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from quadcim.spec.functions import find_function

__all__ = ["ActivationFunction", "activation_function"]

# Below it the series of sinc is exact to the last bit of a float64; above it the quotient's gradient loses 4 bits.
_SMALL = 1 / 16


class _TorchArithmetic:
    """What `quadcim.spec.functions.Function.evaluate` asks of an arithmetic, on tensors."""

    pi = math.pi
    sin, cos, tanh, log1p, erf = torch.sin, torch.cos, torch.tanh, torch.log1p, torch.erf
    abs, maximum, minimum, round = torch.abs, torch.maximum, torch.minimum, torch.round
    log = math.log  # of constants only

    @staticmethod
    def exp(x: Tensor) -> Tensor:
        """The exponential, held below infinity: x / (1 + exp(-x)) has the gradient 0 * inf where it overflows."""
        return torch.exp(x.clamp(max=math.floor(math.log(torch.finfo(x.dtype).max))))

    @staticmethod
    def sinc(x: Tensor) -> Tensor:
        """sin(x) / x; near 0, where its gradient cancels, the series to x^8."""
        near = x.abs() < _SMALL
        z = torch.where(near, x, 0) ** 2  # of 0 elsewhere, so that no branch of `where` is infinite
        series = 1 - z / 6 * (1 - z / 20 * (1 - z / 42 * (1 - z / 72)))
        divisor = torch.where(near, 1, x)
        return torch.where(near, series, torch.sin(divisor) / divisor)


def activation_function(name: str) -> Callable[[Tensor], Tensor]:
    """Make a function of the catalogue differentiable.

    Parameters
    ----------
    name : str
        In `quadcim.spec.functions.FUNCTIONS`.

    Returns
    -------
    callable
        From a floating-point tensor of any shape to one of its shape and type. Values and gradients are finite
        wherever x^2 is; exp2 ends near the type's greatest number. At the corners of relu and relu1 the gradient is
        1/2.

    Raises
    ------
    IllegalSetting
        If there is no such function.
    """
    function = find_function(name)
    return lambda x: function.evaluate(_TorchArithmetic, x)


class ActivationFunction(nn.Module):
    """A function of the catalogue as a layer.

    Parameters
    ----------
    name : str
        As for `activation_function`.
    """

    def __init__(self, name: str):
        super().__init__()
        self.name = name
        self._function = activation_function(name)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the function to each element."""
        return self._function(x)

    def extra_repr(self) -> str:
        """Tell the name."""
        return self.name
