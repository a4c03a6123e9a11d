"""Macros, whose weights are loaded, as points of sweeps."""

import re
from dataclasses import fields

from quadcim.cores.settings import (
    HARDWARE,
    STAGES,
    WHOLE,
    WORD,
    PointSettings,
    Settings,
    asks_for_stages,
    check_given,
    defaults_of,
    types_of,
)
from quadcim.spec.cim import Adc, CimIntegers, CimMacro
from quadcim.spec.errors import IllegalSetting

__all__ = ["CIM_POINTS"]

_SIZES = ("rows", "columns", "activation_bits")
_DEFAULTS = {name: value for name, value in defaults_of(CimMacro).items() if name not in ("adc", "narrow")}


def _macro(settings: Settings) -> CimMacro:
    given = {name: value for name, value in settings.items() if name not in HARDWARE}
    check_given(given, _SIZES)
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


CIM_POINTS = PointSettings(
    types_of(_DEFAULTS, **dict.fromkeys(_SIZES, WHOLE), stages=STAGES, adc=WORD, **HARDWARE), _DEFAULTS, _macro,
    lambda settings: {"stages": _DEFAULTS["stages"], **settings})
