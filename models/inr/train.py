"""From a picture or another's network to a frozen one: fit, freeze, judge, leave a folder that explains itself."""

import json
import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import quadcim
from quadcim.files import TRAINING, output_folder
from quadcim.models.inr.checkpoint import save_frozen, save_network
from quadcim.models.inr.comparison import write_comparison
from quadcim.models.inr.fit import default_learning_rate, fine_tune, fit, predict
from quadcim.models.inr.foreign import imported_network
from quadcim.models.inr.freeze import freeze
from quadcim.models.inr.inference import render
from quadcim.models.inr.networks import Inr, swap_sine
from quadcim.models.inr.quantised import QuantisedInr
from quadcim.pictures import psnr_db, read_image
from quadcim.spec.errors import IllegalSetting
from quadcim.training.inr import InrImport, InrTraining

__all__ = ["import_inr", "train_inr"]


def train_inr(settings: InrTraining, *, image: Path, out: Path, force: bool = False) -> dict[str, Any]:
    """Fit a network to a picture, and freeze it to integers.

    Parameters
    ----------
    settings : InrTraining
        Network, optimiser and widths.
    image : Path
        The picture; `quadcim.pictures.read_image` says which.
    out : Path
        The folder to make: network.safetensors, frozen.safetensors, comparison.png and metrics.json. It appears whole
        or not at all.
    force : bool
        Replace a folder that an earlier training made.

    Returns
    -------
    dict
        What metrics.json holds: the settings, PSNR in dB in floating point and in integers (infinite where a picture is
        reproduced exactly, which is "inf" there), the digest of the frozen network, seconds, and the course of the fit.

    Raises
    ------
    IllegalSetting
        If the picture cannot be read or `out` not be written; before anything long runs.
    """
    with output_folder(out, marker=TRAINING, force=force) as folder:
        original = read_image(image, size=settings.size)
        height, width, channels = original.shape
        network = Inr(channels=channels, hidden=settings.hidden, layers=settings.layers,
                      activation=settings.activation, omega=settings.omega, seed=settings.seed)
        lr = default_learning_rate(settings.omega) if settings.lr is None else settings.lr
        start = time.monotonic()
        history = fit(network, original, steps=settings.steps, lr=lr, seed=settings.seed)
        if settings.fine_tune_steps:
            fine_tune(QuantisedInr(network, height=height, width=width, **_widths(settings)), original,
                      steps=settings.fine_tune_steps, seed=settings.seed)
        seconds = time.monotonic() - start
        described = {
            "settings": {**asdict(settings), "lr": lr},
            "image": {"name": image.name, "height": height, "width": width, "channels": channels},
            "fit_seconds": round(seconds, 1),
            "fit_psnr_db": [[step, round(psnr, 2)] for step, psnr in history],
        }
        return _write(folder, network, settings, original, size=(height, width), described=described)


def import_inr(file: Path, settings: InrImport, *, image: Path | None, out: Path,
               force: bool = False) -> dict[str, Any]:
    """Read a SIREN of another repository, and freeze it to integers.

    Parameters
    ----------
    file : Path
        Its checkpoint: see `quadcim.models.inr.foreign`.
    settings : InrImport
        What the checkpoint does not hold.
    image : Path, optional
        The picture that it was fitted to, which fine-tuning needs and the results are compared with.
    out, force
        As for `train_inr`.

    Returns
    -------
    dict
        What metrics.json holds, as for `train_inr`.

    Raises
    ------
    IllegalSetting
        If the checkpoint or the picture cannot be read or do not fit, or `out` not be written.
    """
    with output_folder(out, marker=TRAINING, force=force) as folder:
        original = None if image is None else read_image(image, size=max(settings.height, settings.width, 8))
        network = imported_network(file, settings)
        shape = (settings.height, settings.width, network.settings["channels"])
        if original is not None and original.shape != shape:
            raise IllegalSetting("image", f"a picture of {' x '.join(map(str, shape))}",
                                 " x ".join(map(str, original.shape)))
        if settings.activation == "quad":
            network = swap_sine(network)
        start = time.monotonic()
        if settings.fine_tune_steps:
            if original is None:
                raise IllegalSetting("image", "given, for steps of fine-tuning", "nothing")
            fine_tune(QuantisedInr(network, height=shape[0], width=shape[1], **_widths(settings)), original,
                      steps=settings.fine_tune_steps, seed=settings.seed)
        described = {"settings": asdict(settings), "checkpoint": file.name,
                     "fit_seconds": round(time.monotonic() - start, 1)}
        return _write(folder, network, settings, original, size=shape[:2], described=described)


def _write(folder: Path, network: Inr, settings: InrTraining | InrImport, original: NDArray[np.uint8] | None, *,
           size: tuple[int, int], described: dict[str, Any]) -> dict[str, Any]:
    """The files of a network, what they hold, and how it compares with the picture."""
    height, width = size
    save_network(network, folder / "network.safetensors")
    frozen = freeze(network, height=height, width=width, **_widths(settings))
    save_frozen(frozen, folder / "frozen.safetensors")
    metrics: dict[str, Any] = {
        "schema": TRAINING.schema, **described, "digest": frozen.digest,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "versions": {"quadcim": quadcim.__version__, "torch": torch.__version__}}
    if original is not None:
        name = f"Integers, W{settings.weight_bits}A{settings.activation_bits}"
        renderings = {"Floating point": predict(network, height, width), name: render(frozen)}
        metrics |= {f"psnr_{kind}_db": round(psnr_db(picture, original), 3)
                    for kind, picture in zip(("float", "integer"), renderings.values(), strict=True)}
        write_comparison(folder / "comparison.png", original=original, renderings=renderings)
    # JSON has no infinity.
    told = {name: "inf" if value == math.inf else value for name, value in metrics.items()}
    (folder / TRAINING.name).write_text(json.dumps(told, indent=2, allow_nan=False) + "\n")
    return metrics


def _widths(settings: InrTraining | InrImport) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in ("weight_bits", "activation_bits", "first_layer_bits")}
