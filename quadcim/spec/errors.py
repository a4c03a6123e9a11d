"""The one error for illegal settings."""

__all__ = ["IllegalSetting"]


class IllegalSetting(ValueError):
    """A setting outside its legal range.

    Parameters
    ----------
    option : str
        Name of the setting, without dashes; the command line prints it as ``--option``.
    legal : str
        The legal range or the legal forms, in words.
    given : object
        What was given.
    """

    def __init__(self, option: str, legal: str, given: object):
        self.option = option
        self.legal = legal
        self.given = given
        super().__init__(f"{option} must be {legal}, got {given!r}" if isinstance(given, str)
                         else f"{option} must be {legal}, got {given}")
