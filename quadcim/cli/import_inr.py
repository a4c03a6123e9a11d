"""``quadcim import inr``: a network of another repository, frozen to integers."""

import argparse
import re
from pathlib import Path
from typing import Any

from quadcim.arguments import add_settings
from quadcim.files import TRAINING, check_output_folder
from quadcim.spec.errors import IllegalSetting
from quadcim.training.inr import InrImport

__all__ = ["add_import_inr"]

_SETTINGS: dict[str, tuple[type, str]] = {
    "height": (int, "rows of its picture"),
    "width": (int, "columns of its picture"),
    "function": (str, "what its activations are: sine (SIREN, COIN), finer, or gaussian"),
    "omega": (float, "frequency of its sines, or scale of its Gaussians, which the file does not hold"),
    "first_omega": (float, "that of the first layer (default: omega)"),
    "coordinates": (str, "linspace: the outermost pixels lie at -1 and 1; centres: their outer edges do"),
    "order": (str, "its first coordinate: yx, the row; xy, the column"),
    "activation": (str, ("of the frozen network (default: its own, and sine for finer); quad is phi in the place of "
                         "sines")),
    "fine_tune_steps": (int, "optimiser steps through the integers that it is frozen to; needs --image"),
    "seed": (int, "seed of the choice of pixels"),
    "weight_bits": (int, "width of the frozen weights"),
    "activation_bits": (int, "width of the frozen activations"),
    "first_layer_bits": (int, "width of the first layer's frozen weights"),
}
_RANGE = re.compile(r"([-+.0-9eE]+):([-+.0-9eE]+)")


def add_import_inr(kinds: argparse._SubParsersAction) -> None:
    """Add the command."""
    command = kinds.add_parser("inr", help="read a network of another repository, and freeze it to integers")
    command.add_argument("file", type=Path, metavar="FILE",
                         help="its checkpoint: safetensors, or a state dictionary that PyTorch saved")
    command.add_argument("--image", type=Path, metavar="FILE", help="the picture that it was fitted to")
    command.add_argument("--out", type=Path, required=True, metavar="DIR",
                         help="the folder to write: network, frozen network, metrics; with --image a comparison")
    command.add_argument("--range", default="-1:1", metavar="LOW:HIGH",
                         help="its outputs for black and for full brightness (default: -1:1)")
    add_settings(command, InrImport, _SETTINGS)
    command.add_argument("--force", action="store_true", help="replace an older training or import there")
    command.set_defaults(run=_import_inr)


def _range(text: str) -> tuple[float, float]:
    try:
        low, high = map(float, _RANGE.fullmatch(text).groups())  # pyright: ignore[reportOptionalMemberAccess]
    except (AttributeError, ValueError):
        raise IllegalSetting("range", "LOW:HIGH, two numbers of which the first is less", text) from None
    return low, high


def _import_inr(options: argparse.Namespace) -> int:
    given: dict[str, Any] = {name: getattr(options, name) for name in _SETTINGS}
    given["range"] = _range(options.range)
    settings = InrImport(**given)
    check_output_folder(options.out, marker=TRAINING, force=options.force)
    if settings.fine_tune_steps and options.image is None:
        raise IllegalSetting("image", "given, for steps of fine-tuning", "nothing")
    from quadcim.models.inr.train import import_inr

    metrics = import_inr(options.file, settings, image=options.image, out=options.out, force=options.force)
    for name in sorted(path.name for path in options.out.iterdir()):
        print(options.out / name)
    compared = [f"PSNR {metrics[f'psnr_{kind}_db']} dB in {text}" for kind, text in (
        ("float", "floating point"), ("integer", "integers")) if f"psnr_{kind}_db" in metrics]
    print(", ".join([*compared, f"digest {metrics['digest'][:12]}"]))
    return 0
