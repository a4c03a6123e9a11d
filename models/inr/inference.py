"""Exact inference of a frozen network: the golden model of the engine that renders pictures."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from quadcim.models.activation import golden
from quadcim.models.inr.networks import sample_grid
from quadcim.models.narrow import narrow
from quadcim.spec.formats import Format
from quadcim.spec.inr import PIXEL, SOUND, FrozenInr, FrozenLayer

__all__ = ["as_signal", "evaluate", "layer_output", "render"]

_CHUNK_SAMPLES = 1 << 16
_EXACT = 1 << 53


def render(frozen: FrozenInr, *, activation: Callable[[Tensor], Tensor] | None = None) -> NDArray[np.integer]:
    """Render the signal of a frozen network.

    Parameters
    ----------
    frozen : FrozenInr
        The network.
    activation : callable, optional
        In place of the golden model of ``frozen.activation``: it is given every pre-activation, an int64 tensor of raw
        integers, samples x channels, once for each hidden layer and each 65536 samples, and returns the activations. So
        a simulated unit can stand in, or a caller listen.

    Returns
    -------
    ndarray
        Raw integers of the signal's shape, and the channels: of a picture height x width x channels. uint8 of pixels,
        int16 of sound, int64 of other formats.
    """
    function = golden(frozen.activation) if activation is None else activation
    samples = evaluate(frozen, sample_grid(*frozen.shape), function)
    return as_signal(samples.reshape(*frozen.shape, frozen.channels).numpy(), frozen.layers[-1].output)


def as_signal(samples: NDArray[np.int64], fmt: Format) -> NDArray[np.integer]:
    """Samples in the type that signals of their format have in files."""
    return samples.astype({PIXEL: np.uint8, SOUND: np.int16}.get(fmt, np.int64))


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
