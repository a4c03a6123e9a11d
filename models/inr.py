"""Implicit neural representations: QuadINR, and SIREN beside it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from quadcim.models.activation import phi
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.inr import coordinate_format
from quadcim.spec.training import check_range

__all__ = ["PIXEL_SCALE", "Inr", "coordinates", "pixel_grid"]

# An output y in [-1, 1] is the pixel PIXEL_SCALE * (y + 1).
PIXEL_SCALE = 127.5


@dataclass(frozen=True, slots=True)
class _Kind:
    function: Callable[[Tensor], Tensor]
    gain: float


# phi is nearly sin(pi x / 2): a gain of 2 / pi gives it the statistics of SIREN's initialisation.
_KINDS = {"quad": _Kind(phi, 2 / math.pi), "sine": _Kind(torch.sin, 1.0)}


class Inr(nn.Module):
    """A network from coordinates to colours: ``x -> f(omega (W x + b))`` in the hidden layers, then a linear layer.

    Parameters
    ----------
    channels : int
        Colour channels: 1 or 3.
    hidden : int
        Width of the hidden layers, 1 to 1024.
    layers : int
        Number of hidden layers, 1 to 16.
    activation : {"quad", "sine"}
        f: phi (QuadINR) or sin (SIREN).
    omega : float
        Frequency of the activations, 0.1 to 1000. It is the same for all hidden layers.
    seed : int
        0 to 4294967295, of the initial weights: ``U(+-1/2)`` in the first layer, ``U(+-gain sqrt(6 / n) / omega)`` in
        the others, with n inputs and a gain of 2/pi for phi, 1 for sin; biases ``U(+-1/sqrt(n))``.

    Raises
    ------
    IllegalSetting
        If a setting is outside its legal range.

    Notes
    -----
    QuadINR, arXiv 2508.14374; SIREN, arXiv 2006.09661, section 3.2.
    """

    def __init__(self, *, channels: int, hidden: int = 64, layers: int = 3, activation: str = "quad",
                 omega: float = 30.0, seed: int = 0):
        super().__init__()
        check_range(hidden=hidden, layers=layers, omega=omega, seed=seed)
        if activation not in _KINDS:
            raise IllegalSetting("activation", "one of " + ", ".join(_KINDS), activation)
        self.settings = {"channels": channels, "hidden": hidden, "layers": layers, "activation": activation,
                         "omega": omega}
        self.activation = activation
        self.omega = omega
        self.function = _KINDS[activation].function
        sizes = [2, *[hidden] * layers, channels]
        generator = torch.Generator().manual_seed(seed)

        def uniform(bound: float, *shape: int) -> nn.Parameter:
            return nn.Parameter(bound * (2 * torch.rand(shape, generator=generator) - 1))

        bounds = [1 / 2, *(_KINDS[activation].gain * math.sqrt(6 / n) / omega for n in sizes[1:-1])]
        self.weights = nn.ParameterList(
            uniform(bound, m, n) for bound, (n, m) in zip(bounds, pairwise(sizes), strict=True))
        self.biases = nn.ParameterList(uniform(1 / math.sqrt(n), m) for n, m in pairwise(sizes))

    def folded(self) -> list[tuple[Tensor, Tensor]]:
        """List weight (outputs x inputs) and bias of each layer, omega folded in: ``f(W x + b)`` is what is left."""
        *hidden, last = zip(self.weights, self.biases, strict=True)
        return [*((self.omega * weight, self.omega * bias) for weight, bias in hidden), last]

    def forward(self, x: Tensor) -> Tensor:
        """Compute the colours at coordinates.

        Parameters
        ----------
        x : Tensor
            ... x 2, as `coordinates` gives them.

        Returns
        -------
        Tensor
            ... x channels; [-1, 1] is black to full brightness.
        """
        *hidden, last = self.folded()
        for weight, bias in hidden:
            x = self.function(nn.functional.linear(x, weight, bias))
        return nn.functional.linear(x, *last)


def pixel_grid(height: int, width: int) -> Tensor:
    """Make the raw coordinates of the pixel centres, by rows.

    Returns
    -------
    Tensor
        int64, (height * width) x 2: x and y of each pixel in `coordinate_format`.
    """
    y, x = torch.meshgrid(2 * torch.arange(height) + 1 - height, 2 * torch.arange(width) + 1 - width, indexing="ij")
    return torch.stack([x, y], dim=-1).reshape(-1, 2)


def coordinates(height: int, width: int) -> Tensor:
    """Make the pixel centres of `pixel_grid` as exact float32 in (-1, 1)."""
    return pixel_grid(height, width).float() * 2.0 ** -coordinate_format(height, width).fraction_bits
