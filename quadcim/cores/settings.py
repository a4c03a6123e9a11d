"""What the settings of points in sweeps may be: each is of a type, which is checked where a sweep file is read."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from quadcim.boards.targets import CLOCK_MHZ
from quadcim.spec.errors import IllegalSetting

__all__ = ["FILES", "FLAG", "HARDWARE", "NUMBER", "STAGES", "WHOLE", "WORD", "PointSettings", "SettingType", "Settings",
           "asks_for_stages", "check_given", "defaults_of", "type_of", "types_of"]

Settings = Mapping[str, Any]

_LARGEST, _LONGEST = 2**53, 4096
"""Far beyond every legal value: what is larger is a slip of the hand, or meant to do harm."""


@dataclass(frozen=True, slots=True)
class SettingType:
    """A type of setting.

    Parameters
    ----------
    legal : str
        What a value has to be, in words.
    takes : callable
        Whether a value is.
    """

    legal: str
    takes: Callable[[Any], bool]

    def check(self, option: str, value: object) -> None:
        """Refuse a value of another type.

        Raises
        ------
        IllegalSetting
            If it is.
        """
        if not self.takes(value):
            raise IllegalSetting(option, self.legal, value)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _is_number(value: object) -> bool:
    return _is_whole(value) or (isinstance(value, float) and math.isfinite(value))


def _is_word(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST and "\0" not in value


WHOLE = SettingType("a whole number", _is_whole)
NUMBER = SettingType("a number", _is_number)
FLAG = SettingType("true or false", lambda value: isinstance(value, bool))
WORD = SettingType("a string", _is_word)
STAGES = SettingType('a whole number of at least 0, or "auto"',
                     lambda value: value == "auto" or (_is_whole(value) and value >= 0))


def type_of(default: object) -> SettingType:
    """The type of a setting that has a default."""
    return {bool: FLAG, int: WHOLE, float: NUMBER, str: WORD}[type(default)]


def defaults_of(spec: type) -> dict[str, Any]:
    """The fields of a dataclass that have a default, and it."""
    return {field.name: field.default for field in fields(spec) if field.default is not MISSING}


def types_of(defaults: Settings, **others: SettingType) -> dict[str, SettingType]:
    """The types of settings: those of their defaults, but of some."""
    return {**{name: type_of(value) for name, value in defaults.items() if name not in others}, **others}


def check_given(settings: Settings, names: Iterable[str], unless: str = "") -> None:
    """Refuse settings of which one is missing.

    Raises
    ------
    IllegalSetting
        If one is.
    """
    for name in names:
        if name not in settings:
            raise IllegalSetting(name, f"given{unless}", "nothing")


def asks_for_stages(settings: Settings) -> bool:
    """Whether hardware is to have as few stages as its clock lets it.

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


FILES = ("liberty",)
"""Settings of hardware that name files, which its specification does not hold."""
HARDWARE: Mapping[str, SettingType] = {"target_mhz": NUMBER, **dict.fromkeys(FILES, WORD)}
"""Settings of all hardware that are none of its specification's."""


@dataclass(frozen=True, slots=True)
class PointSettings:
    """The settings of the points of a kind.

    Parameters
    ----------
    types : dict
        What may be set, and to what type of value.
    defaults : dict
        Of the settings that have one.
    build : callable
        From settings to the specification.
    options : callable
        From settings to the options of the command that makes what is specified.
    kind : str
        What sweeps call them, if not what the kind of core is called.
    """

    types: Mapping[str, SettingType]
    defaults: Settings
    build: Callable[[Settings], Any]
    options: Callable[[Settings], Settings] = field(default=dict)
    kind: str = ""
