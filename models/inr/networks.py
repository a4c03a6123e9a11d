"""Implicit neural representations: QuadINR, and SIREN and others beside it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from quadcim.models.activation import phi
from quadcim.models.functions import activation_function
from quadcim.spec.errors import IllegalSetting, check_one_of
from quadcim.spec.inr import coordinate_format
from quadcim.training.inr import check_range

__all__ = ["PIXEL_SCALE", "Inr", "coordinates", "pixel_grid", "swap_sine"]

# An output y in [-1, 1] is the pixel PIXEL_SCALE * (y + 1).
PIXEL_SCALE = 127.5

# The c that minimises the mean of (sin(pi x / 2) - c phi(x))^2 over a period.
_SINE_BY_PHI = 30 / math.pi**3


@dataclass(frozen=True, slots=True)
class _Kind:
    """A function, the gain of its initial weights and the omega that suits it."""

    function: Callable[[Tensor], Tensor]
    gain: float
    omega: float


# phi is nearly sin(pi x / 2): a gain of 2 / pi gives it the statistics of SIREN's initialisation. What suits the
# functions after these two was found by trial on a photograph.
_KINDS = {
    "quad": _Kind(phi, 2 / math.pi, 30.0),
    "sine": _Kind(torch.sin, 1.0, 30.0),
    "finer": _Kind(activation_function("finer"), 0.3, 5.0),
    "gaussian": _Kind(activation_function("gaussian"), 1.0, 30.0),
    "gabor": _Kind(activation_function("gabor"), 0.6, 10.0),
    "sinc": _Kind(activation_function("sinc"), 1.0, 20.0),
    "relu": _Kind(activation_function("relu"), 1.0, 1.0),
}


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
    activation : {"quad", "sine", "finer", "gaussian", "gabor", "sinc", "relu"}
        f: phi (QuadINR), sin (SIREN, in radians), or that function of the catalogue.
    omega : float, optional
        Frequency of the activations, 0.1 to 1000. It is the same for all hidden layers. By default one that suits the
        activation: 30 for phi and sin.
    seed : int
        0 to 4294967295, of the initial weights: ``U(+-1/2)`` in the first layer, ``U(+-gain sqrt(6 / n) / omega)`` in
        the others, with n inputs and a gain of 2/pi for phi, 1 for sin, 0.3 to 1 for the others; biases
        ``U(+-1/sqrt(n))``.

    Raises
    ------
    IllegalSetting
        If a setting is outside its legal range.

    Notes
    -----
    QuadINR, arXiv 2508.14374; SIREN, arXiv 2006.09661, section 3.2.
    """

    def __init__(self, *, channels: int, hidden: int = 64, layers: int = 3, activation: str = "quad",
                 omega: float | None = None, seed: int = 0):
        super().__init__()
        check_range(channels=channels, hidden=hidden, layers=layers, omega=omega, seed=seed)
        check_one_of("activation", activation, _KINDS)
        if omega is None:
            omega = _KINDS[activation].omega
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

    def pixels(self, x: Tensor) -> Tensor:
        """Compute the pixels at coordinates, 0 to 255, before they are rounded and saturated."""
        return PIXEL_SCALE * (self(x) + 1)


@torch.no_grad()
def swap_sine(network: Inr) -> Inr:
    """Put phi in the place of a SIREN's sine: a QuadINR of nearly the same function, to be fine-tuned.

    Parameters
    ----------
    network : Inr
        With activation "sine"; it is left as it is.

    Returns
    -------
    Inr
        With activation "quad". ``sin(x)`` is nearly ``0.968 phi(2 x / pi)``, as phi's period is 4: omega is scaled by
        2 / pi, and 0.968 goes into the weights of the layer that follows.

    Raises
    ------
    IllegalSetting
        If the activation isn't sine.
    """
    if network.activation != "sine":
        raise IllegalSetting("activation", "sine", network.activation)
    swapped = Inr(**network.settings | {"activation": "quad", "omega": network.omega * 2 / math.pi})
    swapped.load_state_dict(network.state_dict())
    for weight in swapped.weights[1:]:
        weight.mul_(_SINE_BY_PHI)
    return swapped


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
