"""What the settings of points may be: each is of a type, which is checked where a sweep file is read."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from quadcim.spec.errors import IllegalSetting

__all__ = ["FLAG", "NUMBER", "STAGES", "WHOLE", "WORD", "SettingType", "type_of"]

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
