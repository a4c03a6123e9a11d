"""The kinds of point: their settings, the specification that these stand for, and the command that makes it."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from quadcim.cores.catalogue import cores
from quadcim.cores.core import AnyCore, CoreSpec
from quadcim.cores.settings import (
    FILES,
    NUMBER,
    WHOLE,
    WORD,
    Settings,
    SettingType,
    check_given,
    defaults_of,
    types_of,
)
from quadcim.spec.cnn import CnnQuantisation
from quadcim.spec.errors import IllegalSetting, check_one_of
from quadcim.spec.quoting import shell_line
from quadcim.training.cnn import CnnTraining
from quadcim.training.inr import InrTraining

__all__ = ["Fit", "Kind", "Spec", "file_digests", "find_kind", "kinds"]

_USUAL_WEIGHTS, _CIFAR_EFFORT = 3 * 64**2, 500


@dataclass(frozen=True, slots=True)
class Fit:
    """The training of a network on pictures from a file, which `sha256` tells from others; on none, if both are empty.

    Parameters
    ----------
    training : CnnTraining or InrTraining
        All else that the training does.
    file, sha256 : str
        Path and content of the file.
    """

    training: CnnTraining | InrTraining
    file: str = ""
    sha256: str = ""

    def to_json(self) -> dict[str, Any]:
        """What tells trainings apart: where the file lies does not."""
        return {**asdict(self.training), "sha256": self.sha256}

    @property
    def effort(self) -> float:
        """Steps of the usual network of an INR, or epochs of the digits, that would take about as long."""
        training = self.training
        if isinstance(training, InrTraining):
            steps = training.steps + 3 * training.tuning_steps
            return steps * max(1.0, training.hidden**2 * training.layers / _USUAL_WEIGHTS)
        return training.epochs * (1.0 if training.dataset == "digits" else _CIFAR_EFFORT)


Spec = CoreSpec | Fit


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of point: a core, or a training.

    Parameters
    ----------
    settings : dict
        What may be set, and to what type of value.
    defaults : dict
        Of the settings that have one.
    build : callable
        From settings to the specification.
    command : tuple of str
        The command that makes what is specified; settings are its options.
    options : callable
        From settings to options, where they are not the same.
    core : Core, optional
        The kind of core, if it is hardware.
    """

    settings: Mapping[str, SettingType]
    defaults: Settings
    build: Callable[[Settings], Spec]
    command: tuple[str, ...]
    options: Callable[[Settings], Settings] = dict
    core: AnyCore | None = None

    def rebuild(self, settings: Settings) -> str:
        """The command for a point; what it stands for is not built, which would need a training's files again."""
        words = list(self.command)
        given = {name: value for name, value in settings.items() if name not in FILES}
        for name, value in self.options(given).items():
            if value is not False and value is not None:
                option = _OPTIONS.get(name, name).replace("_", "-")
                words += [f"--{option}", *([] if value is True else [str(value)])]
        return shell_line([*words, "--out", "DIR"])


_OPTIONS = {"target_mhz": "clock_mhz"}
"""Settings whose options have other names: figures have these."""


def _digest_of(option: str, path: str) -> str:
    try:
        status = Path(path).stat()
        return _content(path, status.st_mtime_ns, status.st_size)
    except (OSError, TypeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its name is a string"
        raise IllegalSetting(option, f"a file that can be read ({reason})", path) from None


@cache
def _content(path: str, _changed: int, _size: int) -> str:
    """The sha256 of a file, read once for all points."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def file_digests(settings: Settings) -> dict[str, str]:
    """The content of the files that settings of hardware name.

    Raises
    ------
    IllegalSetting
        If one cannot be read.
    """
    return {name: _digest_of(name, settings[name]) for name in FILES if name in settings}


def _inr(settings: Settings) -> Fit:
    check_given(settings, ("image",))
    training = InrTraining(**{name: value for name, value in settings.items() if name != "image"})
    return Fit(training, settings["image"], _digest_of("image", settings["image"]))


def _cnn(settings: Settings) -> Fit:
    given = dict(settings)
    file = given.pop("data", "")
    inner = {name: given.pop(name) for name in ("weight_bits", "activation_bits", "binariser", "quantiser")
             if name in given}
    quantisation = CnnQuantisation(per_channel=not given.pop("per_layer", False), **inner)
    training = CnnTraining(quantisation=quantisation, **given)
    if bool(file) != (training.dataset == "cifar10"):
        raise IllegalSetting("data", "the file cifar-10-binary.tar.gz with the dataset cifar10, and nothing else",
                             file or "nothing")
    return Fit(training, file, _digest_of("data", file) if file else "")


_CNN_DEFAULTS = {**defaults_of(CnnTraining), **defaults_of(CnnQuantisation), "per_layer": False}
del _CNN_DEFAULTS["per_channel"]
_TRAININGS = {
    "inr": Kind(types_of(defaults_of(InrTraining), **dict.fromkeys(
        ("size", "frames", "fine_tune_steps", "first_layer_bits"), WHOLE), **dict.fromkeys(
            ("seconds", "omega", "first_omega", "lr"), NUMBER), image=WORD), defaults_of(InrTraining), _inr,
                ("quadcim", "train", "inr")),
    "cnn": Kind(types_of(_CNN_DEFAULTS, data=WORD), _CNN_DEFAULTS, _cnn, ("quadcim", "train", "cnn")),
}


@cache
def kinds() -> dict[str, Kind]:
    """All kinds of point by name: cores, and trainings."""
    return {core.points.kind or core.name: Kind(core.points.types, core.points.defaults, core.points.build,
                                                ("quadcim", "generate", core.name), core.points.options, core)
            for core in cores().values()} | _TRAININGS


def find_kind(name: str) -> Kind:
    """The kind of a name, or an error that lists the names."""
    check_one_of("kind", name, kinds())
    return kinds()[name]
