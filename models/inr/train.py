"""From a picture to a frozen network: fit, freeze, judge, and leave a folder that explains itself."""

import json
import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

import quadcim
from quadcim.files import TRAINING, output_folder
from quadcim.models.inr.checkpoint import save_frozen, save_network
from quadcim.models.inr.comparison import write_comparison
from quadcim.models.inr.fit import default_learning_rate, fine_tune, fit, predict
from quadcim.models.inr.freeze import freeze
from quadcim.models.inr.inference import render
from quadcim.models.inr.networks import Inr
from quadcim.models.inr.quantised import QuantisedInr
from quadcim.pictures import psnr_db, read_image
from quadcim.training.inr import InrTraining

__all__ = ["train_inr"]


def train_inr(settings: InrTraining, *, image: Path, out: Path, force: bool = False) -> dict[str, Any]:
    """Fit a network to a picture and, if its activation is phi, freeze it to integers.

    Parameters
    ----------
    settings : InrTraining
        Network, optimiser and widths.
    image : Path
        The picture; `quadcim.pictures.read_image` says which.
    out : Path
        The folder to make: network.safetensors, frozen.safetensors (phi only), comparison.png and metrics.json. It
        appears whole or not at all.
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
        save_network(network, folder / "network.safetensors")
        metrics: dict[str, Any] = {
            "schema": TRAINING.schema,
            "settings": {**asdict(settings), "lr": lr},
            "image": {"name": image.name, "height": height, "width": width, "channels": channels},
            "parameters": sum(parameter.numel() for parameter in network.parameters()),
            "fit_seconds": round(seconds, 1),
            "fit_psnr_db": [[step, round(psnr, 2)] for step, psnr in history],
            "versions": {"quadcim": quadcim.__version__, "torch": torch.__version__},
        }
        renderings = {"Floating point": predict(network, height, width)}
        metrics["psnr_float_db"] = round(psnr_db(renderings["Floating point"], original), 3)
        frozen = freeze(network, height=height, width=width, **_widths(settings))
        save_frozen(frozen, folder / "frozen.safetensors")
        name = f"Integers, W{settings.weight_bits}A{settings.activation_bits}"
        renderings[name] = render(frozen)
        metrics |= {"psnr_integer_db": round(psnr_db(renderings[name], original), 3), "digest": frozen.digest}
        write_comparison(folder / "comparison.png", original=original, renderings=renderings)
        # JSON has no infinity.
        told = {name: "inf" if value == math.inf else value for name, value in metrics.items()}
        (folder / TRAINING.name).write_text(json.dumps(told, indent=2, allow_nan=False) + "\n")
    return metrics


def _widths(settings: InrTraining) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in ("weight_bits", "activation_bits", "first_layer_bits")}
