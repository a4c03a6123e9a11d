"""The course of a training as a file, from which one that was cut off goes on as if it had not been."""

import json
import os
import time
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from quadcim.spec.canonical import canonical_json
from quadcim.spec.errors import IllegalSetting

__all__ = ["Course", "History"]

History = list[tuple[int, float]]
"""PSNR in dB, after so many steps."""
_SCHEMA = "quadcim.inr-course/1"
_SECONDS = 10
"""Between one state that is kept and the next."""
_FOREIGN = (OSError, SafetensorError, LookupError, TypeError, ValueError)


class Course:
    """Where a training is: its phase and step, parameters, optimiser, and the random numbers to come.

    Parameters
    ----------
    path : Path
        The file, which is replaced whole.
    identity : str
        Says which training it is of.

    Raises
    ------
    IllegalSetting
        If there is a file that this training did not leave.
    """

    def __init__(self, path: Path, identity: str):
        self._path, self._identity = path, identity
        self._kept = time.monotonic()
        self._histories: list[History] = []
        self._header: dict[str, Any] | None = None
        self._tensors: dict[str, Tensor] = {}
        if os.path.lexists(path):
            self._read()

    def _read(self) -> None:
        try:
            with safe_open(self._path, framework="pt") as file:
                header = json.loads(file.metadata()["quadcim"])
                if (header["schema"], header["identity"]) != (_SCHEMA, self._identity):
                    raise ValueError("of something else")
                self._tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dictionary
                self._histories = [[(step, db) for step, db in history] for history in header["histories"]]
                self._header = header
        except _FOREIGN as error:
            raise IllegalSetting("checkpoint", "a new file, or what this very training left there (the same signal and "
                                 "settings)", str(self._path)) from error

    def restore(self, phase: int, network: nn.Module, optimiser: torch.optim.Optimizer,
                generator: torch.Generator) -> tuple[int, History]:
        """Bring a phase to where it was; its step, and its history until then."""
        if self._header is None or phase >= len(self._histories):
            return 0, []
        if phase == len(self._histories) - 1:
            tensors = self._tensors
            network.load_state_dict({name: tensors[f"network.{name}"] for name in network.state_dict()})
            count = len(list(network.parameters()))
            state = {index: {name: tensors[f"optimiser.{index}.{name}"] for name in ("step", "exp_avg", "exp_avg_sq")}
                     for index in range(count)}
            groups = optimiser.state_dict()["param_groups"]
            for group, rate in zip(groups, self._header["rates"], strict=True):
                group["lr"] = rate
            optimiser.load_state_dict({"state": state, "param_groups": groups})
            generator.set_state(tensors["generator"])
        history = self._histories[phase]
        return history[-1][0], list(history)

    def keep(self, phase: int, history: History, network: nn.Module, optimiser: torch.optim.Optimizer,
             generator: torch.Generator, *, whole: bool) -> None:
        """Write where a phase is, if it is whole or the last time is a while ago."""
        if not whole and time.monotonic() - self._kept < _SECONDS:
            return
        self._kept = time.monotonic()
        self._histories[phase:] = [history]
        state = optimiser.state_dict()
        tensors = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
        tensors |= {f"optimiser.{index}.{name}": tensor for index, values in state["state"].items()
                    for name, tensor in values.items()}
        header = {"schema": _SCHEMA, "identity": self._identity, "histories": self._histories,
                  "rates": [group["lr"] for group in state["param_groups"]]}
        new = self._path.with_name(f"{self._path.name}.new")
        new.write_bytes(save(tensors | {"generator": generator.get_state()}, {"quadcim": canonical_json(header)}))
        new.replace(self._path)

    def finish(self) -> None:
        """Remove the file: the training is done."""
        self._path.unlink(missing_ok=True)
