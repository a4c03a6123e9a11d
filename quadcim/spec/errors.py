"""The one error for illegal settings."""

__all__ = ["IllegalSetting"]


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
