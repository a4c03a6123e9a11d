"""``quadcim train inr``: a picture, a video or a sound as a network."""

import argparse
from pathlib import Path

from quadcim.arguments import add_settings
from quadcim.files import TRAINING, check_output_folder
from quadcim.signals import SignalKind, read_signal
from quadcim.spec.errors import IllegalSetting
from quadcim.training.inr import FROZEN_ACTIVATIONS, INR_ACTIVATIONS, InrTraining

__all__ = ["add_train_inr"]

_SETTINGS: dict[str, tuple[type, str]] = {
    "size": (int, "shrink pictures to at most so many pixels on their longest side"),
    "frames": (int, "take the first so many frames of a video"),
    "seconds": (float, "take the first so many seconds of a sound"),
    "hidden": (int, "width of the hidden layers"),
    "layers": (int, "number of hidden layers"),
    "activation": (str, f"one of {', '.join(INR_ACTIVATIONS)}; frozen are {', '.join(FROZEN_ACTIVATIONS)}"),
    "omega": (float, "frequency of the activations (default: one that suits them, 30 for phi)"),
    "first_omega": (float, "that of the first layer (default: omega; of a sound 100 times that)"),
    "steps": (int, "optimiser steps"),
    "fine_tune_steps": (int, ("further steps through the very integers that the network is frozen to (default: none; a "
                              "quarter of the steps for 6 bits and fewer)")),
    "lr": (float, "learning rate at the start, by default one that suits omega"),
    "seed": (int, "seed of the initial weights and the choice of samples"),
    "weight_bits": (int, "width of the frozen weights"),
    "activation_bits": (int, "width of the frozen activations"),
    "first_layer_bits": (int, ("width of the first layer's frozen weights, which carry the frequencies (default: 14; "
                               "of a sound 22)")),
}
_SIGNALS: dict[SignalKind, str] = {
    "image": "a picture, grey or colour",
    "video": "a video: frames as .npz or .npy, a folder of pictures, or a film where the package av is installed",
    "audio": "a sound: WAV",
}


def add_train_inr(kinds: argparse._SubParsersAction) -> None:
    """Add the command."""
    command = kinds.add_parser("inr", help="fit an implicit neural representation to a signal, and freeze it")
    signal = command.add_mutually_exclusive_group(required=True)
    for kind, text in _SIGNALS.items():
        signal.add_argument(f"--{kind}", type=Path, metavar="FILE", help=text)
    command.add_argument("--out", type=Path, required=True, metavar="DIR",
                         help="the folder to write: network, frozen network, metrics, comparison, spectrum of the "
                              "tangent kernel")
    command.add_argument("--checkpoint", type=Path, metavar="FILE",
                         help="keep the training there until it is done; one that was cut off goes on from it")
    add_settings(command, InrTraining, _SETTINGS)
    command.add_argument("--force", action="store_true", help="replace an older training there")
    command.set_defaults(run=_train_inr)


def _train_inr(options: argparse.Namespace) -> int:
    settings = InrTraining(**{name: getattr(options, name) for name in _SETTINGS})
    check_output_folder(options.out, marker=TRAINING, force=options.force)
    kind: SignalKind = next(kind for kind in _SIGNALS if getattr(options, kind) is not None)
    source: Path = getattr(options, kind)
    # Refuse a bad signal before PyTorch takes its seconds to start.
    read_signal(kind, source, size=settings.size, frames=settings.frames, seconds=settings.seconds)
    checkpoint: Path | None = options.checkpoint
    if checkpoint is not None and not checkpoint.absolute().parent.is_dir():
        raise IllegalSetting("checkpoint", "a file in a folder that exists", str(checkpoint))
    from quadcim.models.inr.train import train_inr

    metrics = train_inr(settings, source=source, kind=kind, out=options.out, force=options.force, checkpoint=checkpoint)
    for name in sorted(path.name for path in options.out.iterdir()):
        print(options.out / name)
    integers = (f", {metrics['psnr_integer_db']} dB in integers, digest {metrics['digest'][:12]}"
                if "digest" in metrics else f"; hardware has no {settings.activation}, so that nothing is frozen")
    print(f"PSNR {metrics['psnr_float_db']} dB in floating point{integers}; fitted in {metrics['fit_seconds']} s")
    return 0
