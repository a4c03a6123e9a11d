"""Exact inference of a frozen network: the golden model of the engine that renders pictures."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from quadcim.models.activation import golden
from quadcim.models.inr.networks import pixel_grid
from quadcim.models.narrow import narrow
from quadcim.spec.inr import FrozenInr, FrozenLayer

__all__ = ["evaluate", "layer_output", "render"]

_CHUNK_SAMPLES = 1 << 16
_EXACT = 1 << 53


def render(frozen: FrozenInr, *, activation: Callable[[Tensor], Tensor] | None = None) -> NDArray[np.uint8]:
    """Render the picture of a frozen network.

    Parameters
    ----------
    frozen : FrozenInr
        The network.
    activation : callable, optional
        In place of the golden model of ``frozen.activation``: it is given every pre-activation, an int64 tensor of raw
        integers, pixels x channels, once for each hidden layer and each 65536 pixels, and returns the activations. So
        a simulated unit can stand in, or a caller listen.

    Returns
    -------
    ndarray
        uint8, height x width x channels.
    """
    function = golden(frozen.activation) if activation is None else activation
    height, width = frozen.shape
    pixels = evaluate(frozen, pixel_grid(height, width), function)
    return pixels.to(torch.uint8).reshape(height, width, frozen.channels).numpy()


def evaluate(frozen: FrozenInr, x: Tensor, activation: Callable[[Tensor], Tensor]) -> Tensor:
    """Evaluate a frozen network: int64, raw coordinates of samples x axes, to samples x channels."""
    return torch.cat([_samples(frozen, chunk, activation) for chunk in x.split(_CHUNK_SAMPLES)])


def _samples(frozen: FrozenInr, x: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
    *hidden, last = frozen.layers
    for layer in hidden:
        x = function(layer_output(layer, x))
    return layer_output(last, x)


def layer_output(layer: FrozenLayer, x: Tensor) -> Tensor:
    """Compute a layer on raw inputs: int64, pixels x inputs to pixels x outputs.

    The accumulator is as wide as int64 here. Where the layer wraps, an accumulator modulo the output's range gives the
    same integers, since rounding commutes with a shift by whole periods. Products are those of floating point where no
    sum leaves what it holds exactly: matrices of integers are multiplied a hundred times slower.
    """
    weight, bias = torch.tensor(layer.weight), torch.tensor(layer.bias)
    greatest = max(-layer.input.minimum, layer.input.maximum) * weight.abs().sum(dim=1).max().item()
    exact = greatest < _EXACT
    sums = (x.double() @ weight.T.double()).long() if exact else x @ weight.T
    return narrow(sums + bias, layer.narrow)
