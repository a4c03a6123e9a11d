"""Implicit neural representations: QuadINR, and SIREN and others beside it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from quadcim.models.activation import phi
from quadcim.models.functions import activation_function
from quadcim.spec.errors import IllegalSetting, check_one_of
from quadcim.spec.formats import Format
from quadcim.spec.inr import PIXEL, coordinate_format
from quadcim.training.inr import check_range

__all__ = ["Inr", "coordinates", "output_scale", "sample_grid", "sine_for_finer", "swap_sine"]

# The c that minimises the mean of (sin(pi x / 2) - c phi(x))^2 over a period.
_SINE_BY_PHI = 30 / math.pi**3


@dataclass(frozen=True, slots=True)
class _Kind:
    """A function of ``u = omega (W x + b)`` and omega, how its weights begin, and what omega suits it."""

    function: Callable[[Tensor, float], Tensor]
    omega: float
    gain: float | None = None
    """Of ``U(+-gain sqrt(6 / n) / omega)`` in hidden layers and ``U(+-1 / n)`` in the first; None: ``U(+-1 / sqrt(n))``
    in all, what PyTorch gives a linear layer."""
    first_bias: float | None = None
    """The biases of the first layer begin in ``U(+-first_bias)``; None: as others."""
    frequencies: int = 0
    """Of the encoding of coordinates that suits it."""

    def bound(self, inputs: int, omega: float, *, first: bool) -> float:
        """Of the initial weights of a layer."""
        if self.gain is None:
            return 1 / math.sqrt(inputs)
        return 1 / inputs if first else self.gain * math.sqrt(6 / inputs) / omega


def _finer(u: Tensor, omega: float) -> Tensor:
    """``sin((|z| + 1) u)`` with ``z = u / omega``, whose size passes no gradient, as FINER's own code has it."""
    return torch.sin((u.detach().abs() / omega + 1) * u)


def _catalogued(name: str) -> Callable[[Tensor, float], Tensor]:
    function = activation_function(name)
    return lambda u, _omega: function(u)


# phi is nearly sin(pi x / 2): a gain of 2 / pi gives it the statistics of SIREN's initialisation. The scale s of Gauss,
# exp(-(s z)^2), and of WIRE is published as 30 and 10; on photographs 20 and 5 are best (`benchmarks/quality.py`). The
# catalogue's functions are of u = sqrt(2) s z; WIRE's sine then has the frequency 2.2 s, for 2 s in its paper, and the
# real part is all there is of it. What suits sinc was found by trial on a photograph.
_KINDS = {
    "quad": _Kind(lambda u, _omega: phi(u), 30.0, 2 / math.pi),
    "sine": _Kind(lambda u, _omega: torch.sin(u), 30.0, 1.0),
    "finer": _Kind(_finer, 30.0, 1.0, first_bias=1.0),
    "gaussian": _Kind(_catalogued("gaussian"), 20.0 * math.sqrt(2)),
    "gabor": _Kind(_catalogued("gabor"), 5.0 * math.sqrt(2)),
    "sinc": _Kind(_catalogued("sinc"), 20.0, 1.0),
    "relu": _Kind(_catalogued("relu"), 1.0, frequencies=10),
}


def output_scale(fmt: Format) -> tuple[float, float]:
    """Scale and offset from an output in [-1, 1] to a format: signed ones are symmetric, others begin at 0."""
    half = 2.0 ** (fmt.integer_bits - 1) if fmt.signed else float(fmt.real(fmt.maximum)) / 2
    return half, 0.0 if fmt.signed else half


class Inr(nn.Module):
    """A network from coordinates to samples: ``x -> f(omega (W x + b))`` in the hidden layers, then a linear layer.

    Parameters
    ----------
    axes : int
        Coordinates: 1 for sound, 2 for pictures, 3 for video.
    channels : int
        Of a sample, 1 to 3: 1 or 3 colours.
    hidden : int
        Width of the hidden layers, 1 to 1024.
    layers : int
        Number of hidden layers, 1 to 16.
    activation : {"quad", "sine", "finer", "gaussian", "gabor", "sinc", "relu"}
        f: phi (QuadINR), sin (SIREN, in radians), ``sin(u (|u| / omega + 1))`` (FINER), or that function of the
        catalogue.
    omega : float, optional
        Frequency of the activations, 0.1 to 1000. By default what suits the activation: 30 for phi, sines and FINER;
        ``sqrt(2)`` times the scale for Gauss (20) and WIRE (5); 20 for sinc, 1 for relu.
    first_omega : float, optional
        That of the first layer, 0.1 to 10000; by default `omega`.
    frequencies : int, optional
        Of the positional encoding, 0 to 16: coordinates are followed by ``sin(2^k x)`` and ``cos(2^k x)`` for k below
        it. By default 10 for relu, and 0 for others.
    output : str
        Format of a sample of the signal, "UQ8.0" for pixels, "SQ1.15" for sound: an output y in [-1, 1] spans it.
    seed : int
        0 to 4294967295, of the initial weights. With n inputs, of phi, sines, FINER and sinc: ``U(+-1/n)`` in the first
        layer, ``U(+-gain sqrt(6 / n) / omega)`` in the others, with a gain of 2/pi for phi and 1 for the others; of all
        others ``U(+-1/sqrt(n))``. Biases ``U(+-1/sqrt(n))``; FINER's first ones ``U(+-1)``.

    Raises
    ------
    IllegalSetting
        If a setting is outside its legal range.

    Notes
    -----
    QuadINR, arXiv 2508.14374; SIREN, arXiv 2006.09661, section 3.2; FINER, arXiv 2312.02434; Gauss, arXiv 2111.15135;
    WIRE, arXiv 2301.05187; the encoding, arXiv 2003.08934, without its factor pi, as FINER's code has it.
    """

    def __init__(self, *, axes: int = 2, channels: int, hidden: int = 64, layers: int = 3, activation: str = "quad",
                 omega: float | None = None, first_omega: float | None = None, frequencies: int | None = None,
                 output: str = str(PIXEL), seed: int = 0):
        super().__init__()
        check_range(axes=axes, channels=channels, hidden=hidden, layers=layers, omega=omega, first_omega=first_omega,
                    frequencies=frequencies, seed=seed)
        check_one_of("activation", activation, _KINDS)
        kind = _KINDS[activation]
        self.omega = kind.omega if omega is None else omega
        self.first_omega = self.omega if first_omega is None else first_omega
        self.frequencies = kind.frequencies if frequencies is None else frequencies
        self.settings: dict[str, Any] = {"axes": axes, "channels": channels, "hidden": hidden, "layers": layers,
                                         "activation": activation, "omega": self.omega, "first_omega": self.first_omega,
                                         "frequencies": self.frequencies, "output": output}
        self.activation = activation
        self.output = Format.parse(output)
        self._function = kind.function
        sizes = [axes * (2 * self.frequencies + 1), *[hidden] * layers, channels]
        generator = torch.Generator().manual_seed(seed)

        def uniform(bound: float, *shape: int) -> nn.Parameter:
            return nn.Parameter(bound * (2 * torch.rand(shape, generator=generator) - 1))

        bounds = [kind.bound(n, self.omega, first=index == 0) for index, n in enumerate(sizes[:-1])]
        self.weights = nn.ParameterList(
            uniform(bound, m, n) for bound, (n, m) in zip(bounds, pairwise(sizes), strict=True))
        self.biases = nn.ParameterList(
            uniform(kind.first_bias if index == 0 and kind.first_bias is not None else 1 / math.sqrt(n), m)
            for index, (n, m) in enumerate(pairwise(sizes)))

    def folded(self) -> list[tuple[Tensor, Tensor]]:
        """List weight (outputs x inputs) and bias of each layer, omega folded in: ``f(W x + b)`` is what is left."""
        return [(omega * weight, omega * bias)
                for omega, weight, bias in zip(self.omegas, self.weights, self.biases, strict=True)]

    @property
    def omegas(self) -> list[float]:
        """Of each layer; 1 of the last one, which has no activation."""
        return [self.first_omega, *[self.omega] * (len(self.weights) - 2), 1.0]

    def encoded(self, x: Tensor) -> Tensor:
        """What the first layer is given for coordinates."""
        if not self.frequencies:
            return x
        angles = (x[..., None] * 2.0 ** torch.arange(self.frequencies, dtype=x.dtype)).flatten(-2)
        return torch.cat([x, torch.sin(angles), torch.cos(angles)], dim=-1)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the samples at coordinates.

        Parameters
        ----------
        x : Tensor
            ... x axes, as `coordinates` gives them.

        Returns
        -------
        Tensor
            ... x channels; [-1, 1] spans the format of samples: of pixels, black to full brightness.
        """
        return self.traced(x)[1]

    def traced(self, x: Tensor) -> tuple[list[tuple[Tensor, Tensor]], Tensor]:
        """Compute the samples at coordinates, and show how: what each layer is given, and ``omega (W x + b)`` of it."""
        way: list[tuple[Tensor, Tensor]] = []
        x = self.encoded(x)
        for index, (weight, bias) in enumerate(self.folded()):
            way.append((x, nn.functional.linear(x, weight, bias)))
            last = index == len(self.omegas) - 1
            x = way[-1][1] if last else self._function(way[-1][1], self.omegas[index])
        return way, x

    def samples(self, x: Tensor) -> Tensor:
        """Compute the samples at coordinates as raw numbers of their format, before they are rounded and saturated."""
        scale, offset = output_scale(self.output)
        return 2.0**self.output.fraction_bits * (scale * self(x) + offset)


@torch.no_grad()
def sine_for_finer(network: Inr, x: Tensor) -> Inr:
    """Put sines in the place of FINER's: each with the mean frequency that its unit has, to be fine-tuned.

    Parameters
    ----------
    network : Inr
        With activation "finer"; it is left as it is.
    x : Tensor
        Coordinates at which the frequencies, ``omega (|W x + b| + 1)``, are looked at.

    Returns
    -------
    Inr
        With activation "sine".

    Raises
    ------
    IllegalSetting
        If the activation isn't finer.
    """
    check_one_of("activation", network.activation, ("finer",))
    swapped = Inr(**{**network.settings, "activation": "sine"})
    swapped.load_state_dict(network.state_dict())
    for weight, bias, omega in list(zip(swapped.weights, swapped.biases, network.omegas, strict=True))[:-1]:
        z = nn.functional.linear(x, weight, bias)
        x = _finer(omega * z, omega)
        faster = 1 + z.abs().mean(dim=0)
        weight.mul_(faster[:, None])
        bias.mul_(faster)
    return swapped


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
    omegas: dict[str, Any] = {name: network.settings[name] * 2 / math.pi for name in ("omega", "first_omega")}
    swapped = Inr(**{**network.settings, "activation": "quad", **omegas})
    swapped.load_state_dict(network.state_dict())
    for weight in swapped.weights[1:]:
        weight.mul_(_SINE_BY_PHI)
    return swapped


def sample_grid(*shape: int) -> Tensor:
    """Make the raw coordinates of the samples of a signal, the last axis of its shape fastest.

    Returns
    -------
    Tensor
        int64, samples x axes: the coordinates of each sample in `coordinate_format`, that of the fastest axis first. Of
        a picture of height x width, x and y of each pixel's centre.
    """
    centres = [2 * torch.arange(size) + 1 - size for size in shape]
    return torch.stack(torch.meshgrid(*centres, indexing="ij")[::-1], dim=-1).reshape(-1, len(shape))


def coordinates(*shape: int) -> Tensor:
    """Make the coordinates of `sample_grid` as exact float32 in (-1, 1)."""
    return sample_grid(*shape).float() * 2.0 ** -coordinate_format(*shape).fraction_bits
