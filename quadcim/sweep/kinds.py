"""The kinds of point: their settings, the specification that these stand for, and the command that makes it."""

import hashlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from quadcim.spec.activation import FORMATS, Activation
from quadcim.spec.cim import Adc, CimMacro
from quadcim.spec.cnn import CnnQuantisation, CnnTraining
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.functions import find_function, usual_formats
from quadcim.spec.quoting import shell_line
from quadcim.spec.training import InrTraining
from quadcim.spec.unit import ActivationUnit

__all__ = ["KINDS", "Fit", "Kind", "Spec", "file_digests", "find_kind"]

Settings = Mapping[str, Any]


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


Spec = ActivationUnit | CimMacro | Fit


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of point.

    Parameters
    ----------
    settings : tuple of str
        What may be set.
    defaults : dict
        Of the settings that have one.
    build : callable
        From settings to the specification.
    command : tuple of str
        The command that makes what is specified; settings are its options.
    """

    settings: tuple[str, ...]
    defaults: Settings
    build: Callable[[Settings], Spec]
    command: tuple[str, ...]

    def rebuild(self, settings: Settings) -> str:
        """The command for a point."""
        words = list(self.command)
        for name, value in self._options(settings).items():
            if value is not False and value is not None:
                words += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
        return shell_line([*words, "--out", "DIR"])

    def _options(self, settings: Settings) -> Settings:
        """The options of the command; what they stand for is not built, which would need a training's files again."""
        given = {name: value for name, value in settings.items() if name not in _FILES}
        if self is KINDS["activation"]:
            activation = _unit(settings).activation
            unit = {**_UNIT_DEFAULTS, **given, "input": activation.input, "output": activation.output}
            return {name: value for name, value in unit.items() if name != "width"}
        return {"stages": self.defaults["stages"]} | given if self is KINDS["cim"] else given


_FILES = ("liberty",)
"""Settings of hardware that name files, which its specification does not hold."""
_UNIT_DEFAULTS = {"function": "quad", "rounding": "faithful", "stages": 1, "flow_control": "elastic",
                  "technology": "generic", "method": "auto"}


def _unit(settings: Settings) -> ActivationUnit:
    given = {**_UNIT_DEFAULTS, **settings}
    function = find_function(given["function"])
    formats = {name: Format.parse(given[name], option=name, widths=FORMATS)
               for name in ("input", "output") if name in given}
    if len(formats) < 2:
        if "width" not in given:
            raise IllegalSetting("width", "given, unless input and output are", "nothing")
        usual = usual_formats(function, given["width"])
        formats = dict(zip(("input", "output"), usual, strict=True)) | formats
    return ActivationUnit(Activation(function.name, formats["input"], formats["output"], given["rounding"]),
                          given["stages"], given["flow_control"], given["technology"], given["method"])


def _macro(settings: Settings) -> CimMacro:
    given = {name: value for name, value in settings.items() if name not in _FILES}
    adc = given.get("adc")
    if adc is None:
        return CimMacro(**given)
    try:
        return CimMacro(**{**given, "adc": Adc(*map(int, adc.split(":")))})
    except (AttributeError, ValueError) as error:
        if isinstance(error, IllegalSetting):
            raise
        raise IllegalSetting("adc", "ROWS:BITS:LOW:HIGH:STEP", adc) from None


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
    return {name: _digest_of(name, settings[name]) for name in _FILES if name in settings}


def _inr(settings: Settings) -> Fit:
    if "image" not in settings:
        raise IllegalSetting("image", "given", "nothing")
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


def _defaults(spec: type) -> dict[str, Any]:
    return {field.name: field.default for field in fields(spec) if field.default is not MISSING}


_MACRO = [name for name in inspect.signature(CimMacro).parameters if name not in ("codes", "narrow")]
_MACRO_DEFAULTS = {name: value for name, value in _defaults(CimMacro).items() if name in _MACRO}
_CNN_DEFAULTS = {**_defaults(CnnTraining), **_defaults(CnnQuantisation), "per_layer": False}
del _CNN_DEFAULTS["per_channel"]

KINDS: dict[str, Kind] = {
    "activation": Kind((*_UNIT_DEFAULTS, "width", "input", "output", *_FILES), _UNIT_DEFAULTS, _unit,
                       ("quadcim", "generate", "activation")),
    "cim": Kind((*_MACRO, *_FILES), _MACRO_DEFAULTS, _macro, ("quadcim", "generate", "cim")),
    "inr": Kind((*_defaults(InrTraining), "image"), _defaults(InrTraining), _inr, ("quadcim", "train", "inr")),
    "cnn": Kind((*_CNN_DEFAULTS, "data"), _CNN_DEFAULTS, _cnn, ("quadcim", "train", "cnn")),
}


def find_kind(name: str) -> Kind:
    """The kind of a name, or an error that lists the names."""
    if name not in KINDS:
        raise IllegalSetting("kind", "one of " + ", ".join(KINDS), name)
    return KINDS[name]
