"""Points of a sweep: settings as a user writes them, and the specification that they stand for."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quadcim.spec.activation import Activation
from quadcim.spec.canonical import digest
from quadcim.spec.cim import Adc, CimMacro
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.functions import find_function, usual_formats
from quadcim.spec.unit import ActivationUnit

__all__ = ["KINDS", "Point", "setting_names"]

KINDS = ("activation", "cim")
_UNIT_DEFAULTS = {"function": "quad", "rounding": "faithful", "stages": 1, "flow_control": "elastic",
                  "technology": "generic", "method": "auto"}
_MACRO_SETTINGS = [name for name in inspect.signature(CimMacro).parameters if name not in ("codes", "narrow")]


def setting_names(kind: str) -> tuple[str, ...]:
    """The settings of a kind of point, or an error that lists the kinds."""
    if kind not in KINDS:
        raise IllegalSetting("kind", "one of " + ", ".join(KINDS), kind)
    return (*_UNIT_DEFAULTS, "width", "input", "output") if kind == "activation" else tuple(_MACRO_SETTINGS)


def _defaults(kind: str) -> dict[str, Any]:
    if kind == "activation":
        return _UNIT_DEFAULTS
    parameters = inspect.signature(CimMacro).parameters
    return {name: parameters[name].default for name in _MACRO_SETTINGS
            if parameters[name].default is not inspect.Parameter.empty}


@dataclass(frozen=True)
class Point:
    """A point.

    Parameters
    ----------
    kind : str
        A name in `KINDS`.
    settings : mapping
        Activation units: ``function``, ``width`` (its usual formats) or ``input`` and ``output``, ``rounding``,
        ``stages``, ``flow_control``, ``technology``, ``method``. Macros: the parameters of `CimMacro`, ``adc`` as
        ``"ROWS:BITS:LOW:HIGH:STEP"``; their weights are loaded.
    """

    kind: str
    settings: Mapping[str, Any]

    @property
    def all_settings(self) -> dict[str, Any]:
        """The settings, and the defaults of those that are not given."""
        return {**_defaults(self.kind), **self.settings}

    @property
    def spec(self) -> ActivationUnit | CimMacro:
        """The specification; illegal settings raise `IllegalSetting`. The number of stages is checked later."""
        try:
            return _unit(self.settings) if self.kind == "activation" else _macro(self.settings)
        except TypeError as error:  # a setting that is missing, or of another type
            raise IllegalSetting(self.kind, f"complete and well typed ({error})", dict(self.settings)) from None

    @property
    def digest(self) -> str:
        """What tells points apart."""
        return digest({"kind": self.kind, "spec": self.spec.to_json()})


def _unit(settings: Mapping[str, Any]) -> ActivationUnit:
    given = {**_UNIT_DEFAULTS, **settings}
    function = find_function(given["function"])
    formats = {name: Format.parse(given[name], option=name) for name in ("input", "output") if name in given}
    if len(formats) < 2:
        if "width" not in given:
            raise IllegalSetting("width", "given, unless input and output are", "nothing")
        usual = usual_formats(function, given["width"])
        formats = dict(zip(("input", "output"), usual, strict=True)) | formats
    return ActivationUnit(Activation(function.name, formats["input"], formats["output"], given["rounding"]),
                          given["stages"], given["flow_control"], given["technology"], given["method"])


def _macro(settings: Mapping[str, Any]) -> CimMacro:
    adc = settings.get("adc")
    if adc is None:
        return CimMacro(**settings)
    try:
        return CimMacro(**{**settings, "adc": Adc(*map(int, adc.split(":")))})
    except (AttributeError, ValueError) as error:
        if isinstance(error, IllegalSetting):
            raise
        raise IllegalSetting("adc", "ROWS:BITS:LOW:HIGH:STEP", adc) from None
