"""Quantisers of activations: k bits without sign, on [0, c] with a learned clip c."""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from quadcim.models.clamp import clamp
from quadcim.spec.cnn import FLOAT_BITS
from quadcim.spec.errors import IllegalSetting

__all__ = ["ActivationQuantiser", "Lsq", "Pact", "Staircase", "SteClip", "activation_quantiser"]

_SHARPNESS = (2.0, 4.0)


class ActivationQuantiser(nn.Module, ABC):
    """``q(x) = s * round(clamp(x / s, 0, L))`` with ``L = 2**bits - 1`` and the step ``s = c / L``; ties to even.

    What comes out is the same for all quantisers; they differ in the gradient. The clip starts at
    ``2 * mean |x| * sqrt(L)`` of the first batch (LSQ, arXiv 1902.08153, section 2.1).

    Parameters
    ----------
    bits : int
        1 to 8.
    """

    def __init__(self, bits: int):
        super().__init__()
        if not 1 <= bits <= 8:
            raise IllegalSetting("activation-bits", f"1 to 8, or {FLOAT_BITS} for floating point", bits)
        self.bits = bits
        self.clip = nn.Parameter(torch.tensor(1.0))
        self.register_buffer("started", torch.tensor(False))

    @property
    def levels(self) -> int:
        """The largest code, L."""
        return (1 << self.bits) - 1

    @property
    def step(self) -> Tensor:
        """What a code of 1 stands for, s."""
        return self.clip.abs() / self.levels

    def forward(self, x: Tensor) -> Tensor:
        """Quantise."""
        if self.training and not self.started:
            with torch.no_grad():
                self.clip.fill_(2 * float(x.abs().mean()) * math.sqrt(self.levels) or 1.0)
                self.started: Tensor = torch.tensor(True)
        return self.quantise(x)

    @abstractmethod
    def quantise(self, x: Tensor) -> Tensor:
        """The quantised values, with the gradient of this quantiser."""

    def codes(self, x: Tensor) -> Tensor:
        """The integer codes of what comes out, int64."""
        return (x / self.step).clamp(0, self.levels).round().long()


def _rounded(u: Tensor) -> Tensor:
    """Round, with the gradient of the identity."""
    return u + (u.round() - u).detach()


class SteClip(ActivationQuantiser):
    """Straight-through: the rounding passes gradients on, to x inside the range and to the clip everywhere."""

    def quantise(self, x: Tensor) -> Tensor:
        """The quantised values."""
        return self.step * _rounded(clamp(x / self.step, 0, self.levels))


class Lsq(ActivationQuantiser):
    """Learned step size (arXiv 1902.08153): straight-through, the step's gradient scaled by ``1 / sqrt(N * L)``."""

    def quantise(self, x: Tensor) -> Tensor:
        """The quantised values."""
        share = 1 / math.sqrt(max(x.numel() * self.levels / max(x.shape[0], 1), 1))
        step = self.step.detach() + (self.step - self.step.detach()) * share
        return step * _rounded(clamp(x / step, 0, self.levels))


class Pact(ActivationQuantiser):
    """PACT (arXiv 1805.06085): the clip learns from what it clips, and from nothing else."""

    def quantise(self, x: Tensor) -> Tensor:
        """The quantised values."""
        clipped = torch.minimum(clamp(x, 0, math.inf), self.clip.abs())
        hard = self.step * (x / self.step).clamp(0, self.levels).round()
        return clipped + (hard - clipped).detach()


class Staircase(ActivationQuantiser):
    """The differentiable staircase (BWMA): the steps forward, a smooth staircase backward.

    With u = x / s = n + r, n whole: ``n + 1/2 + tanh(T * (r - 1/2)) / (2 * tanh(T / 2))``, whose slope is 1 in the mean
    over a step. The sharpness T grows in training, to an end that keeps a slope where the stair is flat.
    """

    def __init__(self, bits: int):
        super().__init__(bits)
        self.sharpness = _SHARPNESS[0]

    def set_progress(self, share: float) -> None:
        """Say what share of the training is over, 0 to 1."""
        low, high = _SHARPNESS
        self.sharpness = low + (high - low) * share

    def quantise(self, x: Tensor) -> Tensor:
        """The quantised values."""
        u = clamp(x / self.step, 0, self.levels)
        remainder = u - u.detach().floor()
        smooth = torch.tanh(self.sharpness * (remainder - 0.5)) / (2 * math.tanh(self.sharpness / 2))
        return self.step * (u.round().detach() + smooth - smooth.detach())


_CLASSES: dict[str, type[ActivationQuantiser]] = {"lsq": Lsq, "pact": Pact, "ste": SteClip, "staircase": Staircase}


def activation_quantiser(name: str, bits: int) -> nn.Module:
    """The quantiser of a name in `quadcim.spec.cnn.QUANTISERS`, or a rectifier for floating point."""
    return nn.ReLU() if bits == FLOAT_BITS else _CLASSES[name](bits)
