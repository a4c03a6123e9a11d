"""The one error for illegal settings."""

import math
from collections.abc import Iterable

__all__ = ["IllegalSetting", "check_flag", "check_one_of", "check_whole"]


class IllegalSetting(ValueError):
    """A setting outside its legal range.

    Parameters
    ----------
    option : str
        Name of the setting, without dashes; the command line prints ``--option`` if the command that was run has such
        an option.
    legal : str
        The legal range or the legal forms, in words.
    given : object
        What was given.
    part : str, optional
        Which part of the setting is meant: a field of its value, or an entry of the file that it names.
    """

    def __init__(self, option: str, legal: str, given: object, *, part: str = ""):
        self.option = option
        self.legal = legal
        self.given = given
        self.part = part
        name = f"{option} {part}" if part else option
        super().__init__(f"{name} must be {legal}, got {_shown(given)}")

    def as_part_of(self, option: str) -> "IllegalSetting":
        """The same error where the setting is a part of another: of an option's value, or of the file it names."""
        return IllegalSetting(option, self.legal, self.given, part=" ".join(filter(None, (self.option, self.part))))


_LONGEST = 200
"""Letters of what was given: files may hold more than anyone reads."""


def _shown(given: object) -> str:
    try:
        text = repr(given) if isinstance(given, str) else str(given)
    except (ValueError, RecursionError):  # a number of thousands of digits, or lists in lists
        return "something too long to be shown"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def check_one_of(option: str, given: object, legal: Iterable[str]) -> None:
    """Raise IllegalSetting if a setting is none of the legal names."""
    if not isinstance(given, str) or given not in legal:
        raise IllegalSetting(option, "one of " + ", ".join(legal), given)


def check_whole(option: str, given: object, low: float = -math.inf, high: float = math.inf, *, part: str = "") -> None:
    """Raise IllegalSetting if a setting, or a part of one, is no whole number within limits."""
    if not isinstance(given, int) or isinstance(given, bool) or not low <= given <= high:
        limits = "" if math.isinf(low) else f" from {low} to {high}"
        raise IllegalSetting(option, f"a whole number{limits}", given, part=part)


def check_flag(option: str, given: object) -> None:
    """Raise IllegalSetting if a setting is neither true nor false."""
    if not isinstance(given, bool):
        raise IllegalSetting(option, "true or false", given)
