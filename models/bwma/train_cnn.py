"""From pictures to macros: train a classifier, freeze its binary layers, judge both, and leave a folder."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from safetensors.torch import save_file
from torch import nn
from tqdm import tqdm

import quadcim
from quadcim.files import TRAINING, output_folder
from quadcim.models.bwma.datasets import cifar10, digits
from quadcim.models.bwma.frozen import FrozenLayer, freeze_network
from quadcim.models.bwma.networks import create_network
from quadcim.models.bwma.training import Epoch, accuracy, fit_classifier
from quadcim.training.cnn import CnnTraining

__all__ = ["train_cnn"]


def train_cnn(settings: CnnTraining, *, out: Path, data: Path | None = None, force: bool = False) -> dict[str, Any]:
    """Train a classifier and freeze its binary layers to compute-in-memory macros.

    Parameters
    ----------
    settings : CnnTraining
        Network, dataset, quantisation and optimiser.
    out : Path
        The folder to make: network.safetensors, curve.png, metrics.json, and in layers/ for each macro its weights
        (.npy) and affine (.json), as ``quadcim generate cim`` takes them. It appears whole or not at all.
    data : Path, optional
        The archive of CIFAR-10; without it the pictures are scikit-learn's digits.
    force : bool
        Replace a folder that an earlier training made.

    Returns
    -------
    dict
        What metrics.json holds: the settings, accuracy on the test pictures in percent, with and without the integers
        of the macros, the course of the training, seconds, and the macros.

    Raises
    ------
    IllegalSetting
        If the pictures cannot be read or `out` not be written; before anything long runs.
    """
    with output_folder(out, marker=TRAINING, force=force) as folder:
        pictures = digits() if data is None else cifar10(data)
        torch.manual_seed(settings.seed)
        network = create_network(settings.network, settings.quantisation)
        start = time.monotonic()
        with tqdm(total=settings.epochs, unit="epoch", desc=settings.network) as progress:
            def report(epoch: Epoch) -> None:
                progress.set_postfix_str(f"loss {epoch[1]:.3f}, {100 * epoch[2]:.2f} % right")
                progress.update()

            history = fit_classifier(network, pictures, epochs=settings.epochs, lr=settings.lr, batch=settings.batch,
                                     seed=settings.seed, report=report)
        metrics: dict[str, Any] = {
            "schema": TRAINING.schema, "settings": asdict(settings),
            "parameters": sum(parameter.numel() for parameter in network.parameters()),
            "fit_seconds": round(time.monotonic() - start, 1),
            "course": [[number, round(loss, 4), round(100 * right, 2)] for number, loss, right in history],
            "accuracy_percent": round(100 * accuracy(network, pictures.test), 2),
            "versions": {"quadcim": quadcim.__version__, "torch": torch.__version__},
        }
        frozen, layers = freeze_network(network)
        if layers:
            metrics["accuracy_integer_percent"] = round(100 * accuracy(frozen, pictures.test), 2)
        metrics["layers"] = [_describe(layer) for layer in layers]
        _write(folder, network, layers, history)
        (folder / TRAINING.name).write_text(json.dumps(metrics, indent=2, allow_nan=False) + "\n")
    return metrics


def _describe(layer: FrozenLayer) -> dict[str, Any]:
    """What metrics.json says of a macro; one without affine is followed by a sum that no single macro computes."""
    macro = layer.macro
    return {"name": layer.name, "rows": macro.rows, "columns": macro.columns, "activation_bits": macro.activation_bits,
            "encoding": macro.encoding, "affine": macro.narrow is not None, "kernel": layer.kernel,
            "stride": layer.stride, "padding": layer.padding}


def _write(folder: Path, network: nn.Module, layers: Sequence[FrozenLayer], history: Sequence[Epoch]) -> None:
    """Write the network, the macros and the course of the training."""
    save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()},
              folder / "network.safetensors")
    _draw(history, folder / "curve.png")
    if layers:
        (folder / "layers").mkdir()
    for layer in layers:
        integers, narrow = layer.integers, layer.macro.narrow
        np.save(folder / f"layers/{layer.name}.npy", np.array(integers.cells, dtype=np.uint8))
        if narrow is not None:
            affine = {name: list(getattr(integers, name)) for name in ("scale", "offset", "bias")}
            affine |= {"shift": narrow.shift, "rounding": narrow.rounding, "overflow": narrow.overflow,
                       "output": str(narrow.output)}
            (folder / f"layers/{layer.name}.json").write_text(json.dumps(affine) + "\n")


def _draw(history: Sequence[Epoch], path: Path) -> None:
    """Loss and accuracy over the epochs."""
    figure = Figure(figsize=(6, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    loss = figure.add_subplot()
    numbers, losses, rights = zip(*history, strict=True)
    loss.plot(numbers, losses, color="#c4c4c4", marker=".")
    loss.set(xlabel="epoch", ylabel="loss in training")
    right = loss.twinx()
    right.plot(numbers, [100 * share for share in rights], color="#1f4f8f", marker=".")
    right.set_ylabel("test pictures told right, %", color="#1f4f8f")
    right.annotate(f"{100 * rights[-1]:.2f} %", (numbers[-1], 100 * rights[-1]), xytext=(-4, -14), color="#1f4f8f",
                   textcoords="offset points", ha="right")
    figure.savefig(path, dpi=150)
