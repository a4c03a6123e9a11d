"""Networks as files: safetensors, with the settings as JSON in the header. Nothing is ever unpickled."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from quadcim.models.inr.networks import Inr
from quadcim.spec.canonical import canonical_json, digest
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.inr import FrozenInr

__all__ = ["load_frozen", "load_network", "save_frozen", "save_network"]

_NETWORK, _FROZEN, _FIRST_FROZEN = "quadcim.inr/1", "quadcim.frozen-inr/2", "quadcim.frozen-inr/1"
_INTEGERS = ("weight", "bias", "shift")
# What reading and building from a file of unknown content can raise.
_FOREIGN = (OSError, SafetensorError, LookupError, TypeError, ValueError, AttributeError, RuntimeError)


def save_network(network: Inr, path: Path) -> None:
    """Write a network in floating point: its state, and in the header its settings."""
    tensors = {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}
    _write(path, tensors, {"schema": _NETWORK, "settings": network.settings})


def load_network(path: Path) -> Inr:
    """Read what `save_network` wrote.

    Raises
    ------
    IllegalSetting
        If the file can't be read or isn't such a network.
    """
    try:
        header, tensors = _read(path, _NETWORK)
        network = Inr(**header["settings"])
        network.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in tensors.items()})
    except _FOREIGN as error:
        legal = "a file that holds a network in floating point (network.safetensors of `quadcim train inr`)"
        raise IllegalSetting("model", legal, str(path)) from error
    return network


def save_frozen(frozen: FrozenInr, path: Path) -> None:
    """Write a frozen network: int64 tensors ``layers.N.weight``, ``.bias``, ``.shift``; all else in the header."""
    description = frozen.to_json()
    tensors = {f"layers.{index}.{name}": np.array(layer.pop(name), np.int64)
               for index, layer in enumerate(description["layers"]) for name in _INTEGERS}
    _write(path, tensors, {"schema": _FROZEN, "digest": frozen.digest, "network": description})


def load_frozen(path: Path) -> FrozenInr:
    """Read a frozen network.

    Raises
    ------
    IllegalSetting
        If the file can't be read, isn't a frozen network, or isn't as it was written: every shape, range and format is
        checked, and the digest.
    """
    legal = "a file that holds an undamaged frozen network (frozen.safetensors of `quadcim train inr`)"
    try:
        header, tensors = _read(path, _FROZEN, _FIRST_FROZEN)
        described = header["network"]
        if header["schema"] == _FIRST_FROZEN:
            described["shape"] = [described["height"], described["width"]]
        frozen = _frozen(described, tensors)
        if header["digest"] != _digest(frozen, header["schema"]):
            raise ValueError("the digest differs")
    except _FOREIGN as error:
        raise IllegalSetting("model", legal, str(path)) from error
    return frozen


def _write(path: Path, tensors: dict[str, NDArray[Any]], header: dict[str, Any]) -> None:
    # One entry, because safetensors writes several in any order: the same network is the same file.
    path.write_bytes(save(tensors, metadata={"quadcim": canonical_json(header)}))


def _digest(frozen: FrozenInr, schema: str) -> str:
    """The digest as files of a schema have it: the first one had a picture's sides by name."""
    if schema == _FROZEN:
        return frozen.digest
    described = frozen.to_json()
    height, width = described.pop("shape")
    return digest({"height": height, "width": width, **described})


def _read(path: Path, *schemas: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    with safe_open(path, framework="numpy") as file:
        header, names = json.loads(file.metadata()["quadcim"]), file.keys()
        if header["schema"] not in schemas:
            raise ValueError("another schema")
        return header, {name: file.get_tensor(name) for name in names}


def _frozen(description: dict[str, Any], tensors: dict[str, NDArray[Any]]) -> FrozenInr:
    layers = [layer | {name: tensors[f"layers.{index}.{name}"].tolist() for name in _INTEGERS}
              for index, layer in enumerate(description["layers"])]
    return FrozenInr.from_json(description | {"layers": layers})
