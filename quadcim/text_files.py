"""Data files that users hand in: their size is bounded, their text is Unicode, their numbers are plain."""

import codecs
import errno
import math
import re
from pathlib import Path

from quadcim.spec.errors import IllegalSetting

__all__ = ["parse_number", "read_data", "read_text"]

_MOST_BYTES = 16 << 20  # the largest weights, written as widely as NumPy does, take 14
# UTF-32 is no text that tools write; its mark begins with that of UTF-16.
_MARKS = ((codecs.BOM_UTF32_LE, ""), (codecs.BOM_UTF32_BE, ""), (codecs.BOM_UTF8, "utf-8-sig"),
          (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,5})?")


def read_data(path: Path, *, option: str, legal: str) -> bytes:
    """The bytes of a file.

    Parameters
    ----------
    path : Path
        The file.
    option, legal : str
        What an error says of it.

    Raises
    ------
    IllegalSetting
        If it cannot be read, or has more than 16 MiB.
    """
    try:
        # Nobody may write to a pipe, and a device need not end.
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise OSError(errno.EINVAL, "no regular file")
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise IllegalSetting(option, legal, f"{path} ({error.strerror or error})") from None
    except ValueError as error:  # a name that is none
        raise IllegalSetting(option, legal, f"{path} ({error})") from None
    if len(data) > _MOST_BYTES:
        raise IllegalSetting(option, f"{legal}, of at most {_MOST_BYTES >> 20} MiB", f"{path}, which is larger")
    return data


def read_text(path: Path, *, option: str, legal: str) -> str:
    """The text of a file in UTF-8, or in UTF-16 with a byte-order mark; takes and raises what `read_data` does."""
    data = read_data(path, option=option, legal=legal)
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding) if encoding else None
    except UnicodeDecodeError:
        text = None
    if text is None or "\0" in text:
        raise IllegalSetting(option, f"{legal}, in UTF-8 or in UTF-16 with a byte-order mark",
                             f"{path}, which is something else")
    return text


def parse_number(text: str) -> float | None:
    """The finite number that is written in plain digits, or None."""
    value = float(text) if _NUMBER.fullmatch(text.strip()) else math.nan
    return value if math.isfinite(value) else None
