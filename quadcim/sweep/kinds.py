"""The kinds of point: their settings, the specification that these stand for, and the command that makes it."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from quadcim.boards.targets import CLOCK_MHZ
from quadcim.spec.activation import FORMATS, Activation
from quadcim.spec.cim import Adc, CimIntegers, CimMacro
from quadcim.spec.cnn import CnnQuantisation, CnnTraining
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.functions import find_function, usual_formats
from quadcim.spec.quoting import shell_line
from quadcim.spec.training import InrTraining
from quadcim.spec.unit import ActivationUnit
from quadcim.sweep.settings import NUMBER, STAGES, WHOLE, WORD, SettingType, type_of

__all__ = ["KINDS", "Fit", "Kind", "Spec", "asks_for_stages", "file_digests", "find_kind"]

Settings = Mapping[str, Any]
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
            steps = training.steps + 3 * training.fine_tune_steps
            return steps * max(1.0, training.hidden**2 * training.layers / _USUAL_WEIGHTS)
        return training.epochs * (1.0 if training.dataset == "digits" else _CIFAR_EFFORT)


Spec = ActivationUnit | CimMacro | Fit


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of point.

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
    """

    settings: Mapping[str, SettingType]
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
        given = {_OPTIONS.get(name, name): value for name, value in settings.items() if name not in _FILES}
        if self is KINDS["activation"]:
            activation = _unit(settings).activation
            unit = {**_UNIT_DEFAULTS, **given, "input": activation.input, "output": activation.output}
            return {name: value for name, value in unit.items() if name != "width"}
        return {"stages": self.defaults["stages"]} | given if self is KINDS["cim"] else given


_FILES = ("liberty",)
"""Settings of hardware that name files, which its specification does not hold."""
_OPTIONS = {"target_mhz": "clock_mhz"}
"""Settings whose options have other names: figures have these."""
_HARDWARE = {"target_mhz": NUMBER, **dict.fromkeys(_FILES, WORD)}
"""Settings of all hardware that are none of its specification's."""
_UNIT_DEFAULTS = {"function": "quad", "rounding": "faithful", "stages": 1, "flow_control": "elastic",
                  "technology": "generic", "method": "auto"}


def _unit(settings: Settings) -> ActivationUnit:
    given = {**_UNIT_DEFAULTS, **settings}
    function = find_function(given["function"])
    formats = {name: Format.parse(given[name], option=name, widths=FORMATS)
               for name in ("input", "output") if name in given}
    if len(formats) < 2:
        _check_given(given, ("width",), ", unless input and output are")
        usual = usual_formats(function, given["width"])
        formats = dict(zip(("input", "output"), usual, strict=True)) | formats
    stages = 0 if asks_for_stages(settings) else given["stages"]
    return ActivationUnit(Activation(function.name, formats["input"], formats["output"], given["rounding"]),
                          stages, given["flow_control"], given["technology"], given["method"])


def _macro(settings: Settings) -> CimMacro:
    given = {name: value for name, value in settings.items() if name not in _HARDWARE}
    _check_given(given, _SIZES)
    if asks_for_stages(settings):
        del given["stages"]
    if "adc" in given:
        words = given["adc"].split(":")
        if len(words) != len(fields(Adc)) or not all(re.fullmatch("-?[0-9]{1,9}", word) for word in words):
            raise IllegalSetting("adc", "whole numbers ROWS:BITS:LOW:HIGH:STEP", given["adc"])
        given["adc"] = Adc(*map(int, words))
    macro = CimMacro(**given)
    macro.check(CimIntegers())  # weights are loaded
    return macro


def _check_given(settings: Settings, names: Iterable[str], unless: str = "") -> None:
    for name in names:
        if name not in settings:
            raise IllegalSetting(name, f"given{unless}", "nothing")


def asks_for_stages(settings: Settings) -> bool:
    """Whether a unit or a macro is to have as few stages as its clock lets it.

    Raises
    ------
    IllegalSetting
        If it is no clock.
    """
    low, high = CLOCK_MHZ
    target_mhz = settings.get("target_mhz", low)
    if not low <= target_mhz <= high:
        raise IllegalSetting("target_mhz", f"{low} to {high}", target_mhz)
    return settings.get("stages") == "auto"


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
    _check_given(settings, ("image",))
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


def _types(defaults: Settings, **others: SettingType) -> dict[str, SettingType]:
    """The types of settings: those of their defaults, but of some."""
    return {**{name: type_of(value) for name, value in defaults.items() if name not in others}, **others}


_SIZES = ("rows", "columns", "activation_bits")
_MACRO_DEFAULTS = {name: value for name, value in _defaults(CimMacro).items() if name not in ("adc", "narrow")}
_CNN_DEFAULTS = {**_defaults(CnnTraining), **_defaults(CnnQuantisation), "per_layer": False}
del _CNN_DEFAULTS["per_channel"]

KINDS: dict[str, Kind] = {
    "activation": Kind(_types(_UNIT_DEFAULTS, stages=STAGES, width=WHOLE, input=WORD, output=WORD, **_HARDWARE),
                       _UNIT_DEFAULTS, _unit, ("quadcim", "generate", "activation")),
    "cim": Kind(_types(_MACRO_DEFAULTS, **dict.fromkeys(_SIZES, WHOLE), stages=STAGES, adc=WORD, **_HARDWARE),
                _MACRO_DEFAULTS, _macro, ("quadcim", "generate", "cim")),
    "inr": Kind(_types(_defaults(InrTraining), size=WHOLE, lr=NUMBER, image=WORD), _defaults(InrTraining), _inr,
                ("quadcim", "train", "inr")),
    "cnn": Kind(_types(_CNN_DEFAULTS, data=WORD), _CNN_DEFAULTS, _cnn, ("quadcim", "train", "cnn")),
}


def find_kind(name: str) -> Kind:
    """The kind of a name, or an error that lists the names."""
    if name not in KINDS:
        raise IllegalSetting("kind", "one of " + ", ".join(KINDS), name)
    return KINDS[name]
