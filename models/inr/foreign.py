"""Networks of other repositories: state dictionaries, read without running anything in them."""

import math
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from quadcim.models.inr.networks import Inr
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.inr import coordinate_format
from quadcim.training.inr import InrImport

__all__ = ["imported_network", "read_state"]

_LEGAL = ("a state dictionary of a SIREN, FINER or Gauss: safetensors, or what torch.save(model.state_dict(), FILE) "
          "writes; whole models are not read, since that runs code in them")
_NESTED = ("state_dict", "model_state_dict", "model", "net")
_SCALES = ("scale_0", "omega_0")
_DIGITS = re.compile(r"(\d+)")


def read_state(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a checkpoint by their names.

    Parameters
    ----------
    path : Path
        safetensors, or a dictionary that PyTorch saved, perhaps inside another one.

    Raises
    ------
    IllegalSetting
        If it is neither, or needs more than tensors and plain containers.
    """
    try:
        state: Any = load_file(path)
    except (SafetensorError, OSError, ValueError, RuntimeError):
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # its readers raise many kinds
            raise IllegalSetting("file", _LEGAL, f"{path} ({type(error).__name__})") from None
    for name in _NESTED:
        if isinstance(state, dict) and isinstance(state.get(name), dict):
            state = state[name]
    if not isinstance(state, dict) or not state or not all(
            isinstance(name, str) and isinstance(value, Tensor) for name, value in state.items()):
        raise IllegalSetting("file", _LEGAL, str(path))
    return state


def imported_network(path: Path, settings: InrImport) -> Inr:
    """Read a SIREN, FINER or Gauss as one of ours: its conventions are folded into its weights.

    Layers are recognised as the repositories of SIREN (``net.net.0.0.weight``), its notebook and FINER, which holds
    Gauss too, (``net.0.linear.weight``) and COIN (``net.0.linear.weight``, ``last_layer.linear.weight``) name them.

    Parameters
    ----------
    path : Path
        The checkpoint.
    settings : InrImport
        What it does not hold: frequencies, coordinates, and the range of its outputs.

    Returns
    -------
    Inr
        With the activation that the settings name; at the pixel centres of a picture of that size it computes the same
        colours.

    Raises
    ------
    IllegalSetting
        If the file is no such network.
    """
    layers = _layers(read_state(path), path)
    (weight, bias), *_rest = layers
    hidden, channels = {len(weight) for weight, _bias in layers[:-1]}, len(layers[-1][0])
    chained = all(after.shape[1] == len(before) for (before, _b), (after, _c) in pairwise(layers))
    if weight.shape[1] != 2 or channels not in (1, 3) or len(hidden) != 1 or not chained:
        shapes = ", ".join(" x ".join(map(str, weight.shape)) for weight, _bias in layers)
        raise IllegalSetting("file", "a network of 2 coordinates, hidden layers of one width, and 1 or 3 channels",
                             f"{path} with weights {shapes}")
    # What is published as exp(-(scale z)^2) is exp(-u^2 / 2) of u = sqrt(2) scale z.
    unit = math.sqrt(2) if settings.function == "gaussian" else 1.0
    network = Inr(channels=channels, hidden=hidden.pop(), layers=len(layers) - 1, activation=settings.function,
                  omega=unit * settings.omega, first_omega=unit * (settings.first_omega or settings.omega))
    layers[0] = (_on_our_coordinates(weight, settings), bias)
    low, high = settings.range
    weight, bias = layers[-1]
    layers[-1] = (2 / (high - low) * weight, 2 / (high - low) * (bias - low) - 1)
    with torch.no_grad():
        for ours, theirs in zip([*network.weights, *network.biases],
                                [*(weight for weight, _b in layers), *(bias for _w, bias in layers)], strict=True):
            ours.copy_(theirs)
    return network


def _layers(state: dict[str, Tensor], path: Path) -> list[tuple[Tensor, Tensor]]:
    """Weights and biases in the order of the layers, in double precision."""
    if any(name.rpartition(".")[2] in _SCALES for name in state):
        raise IllegalSetting("file", "a network of sines or Gaussians (wavelets are not imported: train one, `quadcim "
                             "train inr --activation gabor`)", str(path))
    prefixes = sorted((name.removesuffix(".weight") for name in state if name.endswith(".weight")), key=_place)
    if {*(f"{prefix}.{kind}" for prefix in prefixes for kind in ("weight", "bias"))} != {*state} or len(prefixes) < 2:
        raise IllegalSetting("file", "a network with a weight and a bias in each of at least two layers",
                             f"{path} with {', '.join(sorted(state)[:6])}")
    layers = [(state[f"{prefix}.weight"], state[f"{prefix}.bias"]) for prefix in prefixes]
    for weight, bias in layers:
        if not (weight.is_floating_point() and bias.is_floating_point()):
            raise IllegalSetting("file", "a network of real numbers", f"{path} with {weight.dtype}")
        if weight.ndim != 2 or bias.shape != weight.shape[:1] or not weight.numel():
            raise IllegalSetting("file", "a network of matrices with a bias for each output",
                                 f"{path} with shapes {tuple(weight.shape)} and {tuple(bias.shape)}")
        if not (weight.isfinite().all() and bias.isfinite().all()):
            raise IllegalSetting("file", "a network of finite numbers", str(path))
    return [(weight.double(), bias.double()) for weight, bias in layers]


def _place(prefix: str) -> tuple[bool, list[int]]:
    """Where a layer comes: by the numbers in its name; one that is called the last one is."""
    return prefix.startswith("last"), list(map(int, _DIGITS.findall(prefix)))


def _on_our_coordinates(weight: Tensor, settings: InrImport) -> Tensor:
    """The first layer's weights for coordinates of ours: pixel centres, column before row, both over one power of two.

    A coordinate of theirs is ``(2i + 1 - n) / span`` for pixel i of n, with a span of n - 1 if the outermost pixels lie
    at -1 and 1, or n if their outer edges do; ours is ``(2i + 1 - n) / P``.
    """
    power = 1 << coordinate_format(settings.height, settings.width).fraction_bits
    rows, columns = (power / (size - (settings.coordinates == "linspace")) for size in
                     (settings.height, settings.width))
    row, column = (weight[:, 0], weight[:, 1]) if settings.order == "yx" else (weight[:, 1], weight[:, 0])
    return torch.stack([columns * column, rows * row], dim=1)
