"""From a signal or another's network to a frozen one: fit, freeze, judge, leave a folder that explains itself."""

import hashlib
import json
import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from numpy import integer
from numpy.typing import NDArray

import quadcim
from quadcim.files import TRAINING, output_folder
from quadcim.models.inr.checkpoint import save_frozen, save_network
from quadcim.models.inr.comparison import write_comparison
from quadcim.models.inr.course import Course
from quadcim.models.inr.fit import default_learning_rate, fine_tune, fit, predict
from quadcim.models.inr.foreign import imported_network
from quadcim.models.inr.freeze import freeze
from quadcim.models.inr.inference import render
from quadcim.models.inr.networks import Inr, coordinates, sine_for_finer, swap_sine
from quadcim.models.inr.ntk import ntk_spectrum, spectrum_numbers, write_spectra
from quadcim.models.inr.quantised import QuantisedInr
from quadcim.pictures import psnr_db, read_image
from quadcim.signals import SignalKind, read_signal
from quadcim.spec.canonical import digest
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.inr import PIXEL, SOUND
from quadcim.training.inr import FIRST_LAYER_BITS, FROZEN_ACTIVATIONS, InrImport, InrTraining

__all__ = ["import_inr", "train_inr"]

# As SIREN has it: sounds have frequencies a hundred times those of pictures.
_SOUND_OMEGAS = 100


def train_inr(settings: InrTraining, *, source: Path, kind: SignalKind = "image", out: Path, force: bool = False,
              checkpoint: Path | None = None) -> dict[str, Any]:
    """Fit a network to a signal, and freeze it to integers.

    Parameters
    ----------
    settings : InrTraining
        Network, optimiser and widths.
    source : Path
        The signal; `quadcim.signals.read_signal` says which.
    kind : {"image", "video", "audio"}
        What it is.
    out : Path
        The folder to make: network.safetensors, frozen.safetensors where the activation is one that is frozen,
        comparison.png, ntk.png and metrics.json. It appears whole or not at all.
    force : bool
        Replace a folder that an earlier training made.
    checkpoint : Path, optional
        Where the training is kept until it is done; if it was cut off, it goes on from there.

    Returns
    -------
    dict
        What metrics.json holds: the settings, PSNR in dB in floating point and in integers (infinite where a signal is
        reproduced exactly, which is "inf" there), the digest of the frozen network, seconds, the course of the fit, and
        the spectrum of the tangent kernel before and after.

    Raises
    ------
    IllegalSetting
        If the signal cannot be read or `out` not be written; before anything long runs.
    """
    with output_folder(out, marker=TRAINING, force=force) as folder:
        original = read_signal(kind, source, size=settings.size, frames=settings.frames, seconds=settings.seconds)
        *shape, channels = original.shape
        network = _new_network(settings, kind, axes=len(shape), channels=channels)
        lr = default_learning_rate(network.omega, settings.activation) if settings.lr is None else settings.lr
        widths = _widths(settings, kind)
        identity = digest({"settings": asdict(settings), "signal": hashlib.sha256(original.tobytes()).hexdigest(),
                           "shape": [*original.shape]})
        course = None if checkpoint is None else Course(checkpoint, identity)
        spectra = {"At the start": ntk_spectrum(network)}
        start = time.monotonic()
        history = fit(network, original, steps=settings.steps, lr=lr, seed=settings.seed, course=course)
        if settings.tuning_steps:
            fine_tune(QuantisedInr(network, shape=tuple(shape), **widths), original, steps=settings.tuning_steps,
                      seed=settings.seed, course=course)
        seconds = time.monotonic() - start
        spectra["Fitted"] = ntk_spectrum(network)
        write_spectra(folder / "ntk.png", spectra)
        described = {
            "settings": {**asdict(settings), **network.settings, "lr": lr, "fine_tune_steps": settings.tuning_steps,
                         **widths},
            "signal": {"name": source.name, "kind": kind, "shape": shape, "channels": channels},
            "fit_seconds": round(seconds, 1),
            "fit_psnr_db": [[step, round(psnr, 2)] for step, psnr in history],
            "ntk": {name.lower().replace(" ", "_"): spectrum_numbers(spectrum) for name, spectrum in spectra.items()},
        }
        metrics = _write(folder, network, widths, original, shape=tuple(shape), described=described)
    if course is not None:
        course.finish()
    return metrics


def _new_network(settings: InrTraining, kind: SignalKind, *, axes: int, channels: int) -> Inr:
    """The network that is fitted."""
    given: dict[str, Any] = {name: getattr(settings, name) for name in ("hidden", "layers", "activation", "omega",
                                                                        "first_omega", "seed")}
    sound = kind == "audio"
    given |= {"axes": axes, "channels": channels, "output": str(SOUND if sound else PIXEL)}
    network = Inr(**given)
    if sound and settings.first_omega is None:
        network = Inr(**{**given, "first_omega": _SOUND_OMEGAS * network.omega})
    return network


def import_inr(file: Path, settings: InrImport, *, image: Path | None, out: Path,
               force: bool = False) -> dict[str, Any]:
    """Read a network of another repository, and freeze it to integers.

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
        if settings.function == "finer":
            network = sine_for_finer(network, coordinates(*shape[:2]))
        if settings.frozen_activation == "quad":
            network = swap_sine(network)
        start = time.monotonic()
        widths = _widths(settings, "image")
        if settings.fine_tune_steps:
            if original is None:
                raise IllegalSetting("image", "given, for steps of fine-tuning", "nothing")
            fine_tune(QuantisedInr(network, shape=shape[:2], **widths), original, steps=settings.fine_tune_steps,
                      seed=settings.seed)
        described = {"settings": asdict(settings), "checkpoint": file.name,
                     "fit_seconds": round(time.monotonic() - start, 1)}
        return _write(folder, network, widths, original, shape=shape[:2], described=described)


def _write(folder: Path, network: Inr, widths: dict[str, Any], original: NDArray[integer] | None, *,
           shape: tuple[int, ...], described: dict[str, Any]) -> dict[str, Any]:
    """The files of a network, what they hold, and how it compares with the signal."""
    save_network(network, folder / "network.safetensors")
    metrics: dict[str, Any] = {
        "schema": TRAINING.schema, **described,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "versions": {"quadcim": quadcim.__version__, "torch": torch.__version__}}
    frozen = None
    if network.activation in FROZEN_ACTIVATIONS:
        frozen = freeze(network, shape=shape, **widths)
        save_frozen(frozen, folder / "frozen.safetensors")
        metrics["digest"] = frozen.digest
    if original is not None:
        renderings = {"Floating point": predict(network, *shape)}
        if frozen is not None:
            renderings[f"Integers, W{widths['weight_bits']}A{widths['activation_bits']}"] = render(frozen)
        metrics |= {f"psnr_{kind}_db": round(psnr_db(rendering, original), 3)
                    for kind, rendering in zip(("float", "integer"), renderings.values(), strict=False)}
        write_comparison(folder / "comparison.png", original=original, renderings=renderings)
    # JSON has no infinity.
    told = {name: "inf" if value == math.inf else value for name, value in metrics.items()}
    (folder / TRAINING.name).write_text(json.dumps(told, indent=2, allow_nan=False) + "\n")
    return metrics


def _widths(settings: InrTraining | InrImport, kind: SignalKind) -> dict[str, Any]:
    return {"weight_bits": settings.weight_bits, "activation_bits": settings.activation_bits,
            "first_layer_bits": settings.first_layer_bits or FIRST_LAYER_BITS[kind]}
