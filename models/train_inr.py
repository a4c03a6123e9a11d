"""From a picture to a frozen network: fit, freeze, judge, and leave a folder that explains itself."""

import json
import math
import time
from pathlib import Path
from typing import Any

import torch

import quadcim
from quadcim.files import output_folder
from quadcim.models.checkpoint import save_frozen, save_network
from quadcim.models.fit import default_learning_rate, fit, predict
from quadcim.models.freeze import check_bits, freeze
from quadcim.models.image import psnr_db, read_image, write_comparison
from quadcim.models.inference import render
from quadcim.models.inr import Inr

__all__ = ["train_inr"]

_METRICS = "metrics.json"


def train_inr(*, image: Path, out: Path, size: int | None = None, hidden: int = 64, layers: int = 3,
              activation: str = "quad", omega: float = 30.0, steps: int = 3000, lr: float | None = None, seed: int = 0,
              weight_bits: int = 8, activation_bits: int = 8, first_layer_bits: int = 14,
              force: bool = False) -> dict[str, Any]:
    """Fit a network to a picture and, if its activation is phi, freeze it to integers.

    Parameters
    ----------
    image : Path
        The picture; `quadcim.models.image.read_image` says which.
    out : Path
        The folder to make: network.safetensors, frozen.safetensors (phi only), comparison.png and metrics.json. It
        appears whole or not at all.
    size : int, optional
        Shrink the picture until its longest side has at most so many pixels.
    hidden, layers, activation, omega
        As in `quadcim.models.inr.Inr`.
    steps : int
        Optimiser steps.
    lr : float, optional
        Learning rate at the start; `default_learning_rate` of `omega` if not given.
    seed : int
        Of the initial weights and the choice of pixels.
    weight_bits, activation_bits, first_layer_bits : int
        As in `quadcim.models.freeze.freeze`.
    force : bool
        Replace a folder that an earlier training made.

    Returns
    -------
    dict
        What metrics.json holds: the settings, PSNR in dB in floating point and in integers (null where a picture is
        reproduced exactly), the digest of the frozen network, seconds, and the course of the fit.

    Raises
    ------
    IllegalSetting
        If a setting is out of range; before anything long runs, except for an `lr` that makes the fit diverge.
    """
    with output_folder(out, marker=_METRICS, force=force) as folder:
        original = read_image(image, size=size)
        height, width, channels = original.shape
        check_bits(weight_bits=weight_bits, activation_bits=activation_bits, first_layer_bits=first_layer_bits)
        network = Inr(channels=channels, hidden=hidden, layers=layers, activation=activation, omega=omega, seed=seed)
        lr = default_learning_rate(omega) if lr is None else lr
        start = time.monotonic()
        history = fit(network, original, steps=steps, lr=lr, seed=seed)
        seconds = time.monotonic() - start
        save_network(network, folder / "network.safetensors")
        metrics: dict[str, Any] = {
            "schema": "quadcim.train-inr/1",
            "settings": {**network.settings, "image": image.name, "height": height, "width": width, "steps": steps,
                         "lr": lr, "seed": seed},
            "parameters": sum(parameter.numel() for parameter in network.parameters()),
            "fit_seconds": round(seconds, 1),
            "fit_psnr_db": [[step, round(psnr, 2)] for step, psnr in history],
            "versions": {"quadcim": quadcim.__version__, "torch": torch.__version__},
        }
        renderings = {"Floating point": predict(network, height, width)}
        metrics["psnr_float_db"] = _finite(psnr_db(renderings["Floating point"], original))
        if activation == "quad":
            frozen = freeze(network, height=height, width=width, weight_bits=weight_bits,
                            activation_bits=activation_bits, first_layer_bits=first_layer_bits)
            save_frozen(frozen, folder / "frozen.safetensors")
            name = f"Integers, W{weight_bits}A{activation_bits}"
            renderings[name] = render(frozen)
            metrics["settings"] |= {"weight_bits": weight_bits, "activation_bits": activation_bits,
                                    "first_layer_bits": first_layer_bits}
            metrics |= {"psnr_integer_db": _finite(psnr_db(renderings[name], original)), "digest": frozen.digest}
        write_comparison(folder / "comparison.png", original=original, renderings=renderings)
        (folder / _METRICS).write_text(json.dumps(metrics, indent=2, allow_nan=False) + "\n")
    return metrics


def _finite(value_db: float) -> float | None:
    """JSON has no infinity."""
    return round(value_db, 3) if math.isfinite(value_db) else None
