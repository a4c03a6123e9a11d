"""``quadcim train inr``: a picture as a network of quadratic activations."""

import argparse
import dataclasses
from pathlib import Path

from quadcim.arguments import number
from quadcim.files import TRAINING, check_output_folder
from quadcim.training.inr import INR_ACTIVATIONS, InrTraining

__all__ = ["add_train_inr"]

_DEFAULTS = {field.name: field.default for field in dataclasses.fields(InrTraining)}
_TRAINING_OPTIONS: tuple[tuple[str, type, str], ...] = (
    ("size", int, "shrink the picture to at most so many pixels on its longest side"),
    ("hidden", int, "width of the hidden layers"),
    ("layers", int, "number of hidden layers"),
    ("activation", str, "one of " + ", ".join(INR_ACTIVATIONS)),
    ("omega", float, "frequency of the activations"),
    ("steps", int, "optimiser steps"),
    ("fine_tune_steps", int, "further steps through the very integers that the network is frozen to"),
    ("lr", float, "learning rate at the start, by default one that suits omega"),
    ("seed", int, "seed of the initial weights and the choice of pixels"),
    ("weight_bits", int, "width of the frozen weights"),
    ("activation_bits", int, "width of the frozen activations"),
    ("first_layer_bits", int, "width of the first layer's frozen weights, which carry the frequencies"),
)


def add_train_inr(kinds: argparse._SubParsersAction) -> None:
    """Add the command."""
    command = kinds.add_parser("inr", help="fit an implicit neural representation to a picture, and freeze it")
    command.add_argument("--image", type=Path, required=True, metavar="FILE", help="the picture, grey or colour")
    command.add_argument("--out", type=Path, required=True, metavar="DIR",
                         help="the folder to write: checkpoint, frozen network, metrics, comparison picture")
    for name, kind, text in _TRAINING_OPTIONS:
        default = _DEFAULTS[name]
        command.add_argument(f"--{name.replace('_', '-')}", type=number(kind) if kind is not str else str,
                             default=default, metavar="NAME" if kind is str else "N",
                             help=text if default is None else f"{text} (default: {default})")
    command.add_argument("--force", action="store_true", help="replace an older training there")
    command.set_defaults(run=_train_inr)


def _train_inr(options: argparse.Namespace) -> int:
    settings = InrTraining(**{name: getattr(options, name) for name, _kind, _text in _TRAINING_OPTIONS})
    check_output_folder(options.out, marker=TRAINING, force=options.force)
    from quadcim.pictures import read_image

    read_image(options.image)  # refuse a bad picture before PyTorch takes its seconds to start
    from quadcim.models.inr.train import train_inr

    metrics = train_inr(settings, image=options.image, out=options.out, force=options.force)
    for name in sorted(path.name for path in options.out.iterdir()):
        print(options.out / name)
    print(f"PSNR {metrics['psnr_float_db']} dB in floating point, {metrics['psnr_integer_db']} dB in integers, digest "
          f"{metrics['digest'][:12]}; fitted in {metrics['fit_seconds']} s")
    return 0
