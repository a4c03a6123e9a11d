"""Functions that a user hands in: a Python function of one number, or a table of samples."""

import csv
import hashlib
import io
import itertools
import math
import re
import struct
from collections.abc import Callable
from pathlib import Path

from quadcim.fit.python_function import MOST_SECONDS, FunctionFailure, evaluate
from quadcim.spec.activation import Activation, ActivationRounding, Samples
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.text_files import parse_number, read_text

__all__ = ["called_activation", "is_file", "user_activation"]

_WIDEST = 16
_LEGAL = "a name of `quadcim list functions`, FILE.py:FUNCTION or FILE.csv"
_MOST_ROWS = 1 << 18
_TABLE = f"a CSV file with 2 to {_MOST_ROWS} rows of two numbers, x and y, each x once"
_HEADER = re.compile(r"[^\W\d]")
_LARGEST = 1e100  # so that no difference or product of theirs overflows


def is_file(function: str) -> bool:
    """Whether ``--function`` names a file, not a function of the catalogue."""
    return function.endswith(".csv") or ".py:" in function


def user_activation(function: str, *, input: Format, output: Format, rounding: ActivationRounding) -> Activation:
    """The activation of a user's function, sampled at every raw input.

    Parameters
    ----------
    function : str
        ``FILE.py:FUNCTION``, a function from float to float, which is run, and what it prints is dropped; or
        ``FILE.csv``, rows of x and y after an optional header, between which values are interpolated linearly and
        beyond which the ends go on.
    input, output : Format
        The formats; the input is at most 16 bits wide.
    rounding : {"nearest", "truncate", "faithful"}
        As in `Activation`.

    Raises
    ------
    IllegalSetting
        If the file cannot be read, the function is not defined or not finite at some input, or all inputs would take
        more than an hour.
    """
    _check_width(input)
    if function.endswith(".csv"):
        name, line = _from_csv(function)
        values = [line(x) for x in _inputs(input)]
    else:
        name, values = _from_python(function, input)
    return _sampled(name, values, input, output, rounding)


def called_activation(function: Callable[[float], float], *, input: Format, output: Format,
                      rounding: ActivationRounding) -> Activation:
    """The activation of a Python function, which is called at every raw input.

    Parameters
    ----------
    function : callable
        From float to float.
    input, output, rounding
        As for `user_activation`.

    Raises
    ------
    IllegalSetting
        If it is not defined, or not finite, at some input.
    """
    _check_width(input)
    values = []
    for x in _inputs(input):
        try:
            values.append(float(function(x)))
        except Exception as error:  # whatever a user's function raises
            raise IllegalSetting("function", f"defined at every input of {input}",
                                 f"{type(error).__name__}: {error} at {x}") from error
        if not math.isfinite(values[-1]):
            raise IllegalSetting("function", f"finite at every input of {input}", f"{values[-1]} at {x}")
    return _sampled(_identifier(getattr(function, "__name__", "")), values, input, output, rounding)


def _check_width(input: Format) -> None:
    if input.width > _WIDEST:
        raise IllegalSetting("input", f"at most {_WIDEST} bits wide for a function of your own", str(input))


def _sampled(name: str, values: list[float], input: Format, output: Format, rounding: ActivationRounding) -> Activation:
    digest = hashlib.sha256(struct.pack(f"<{len(values)}d", *values)).hexdigest()
    return Activation(name, input, output, rounding, Samples(digest, tuple(values)))


def _inputs(input: Format) -> list[float]:
    return [input.wrap(low_bits) / 2**input.fraction_bits for low_bits in range(1 << input.width)]


def _identifier(text: str) -> str:
    """A name for modules and files."""
    return re.sub("[^A-Za-z0-9]+", "-", text).strip("-").lower()[:40] or "function"


def _from_python(function: str, input: Format) -> tuple[str, list[float]]:
    path, _, name = function.rpartition(":")
    try:
        return _identifier(name), evaluate(path, name, _inputs(input))
    except FunctionFailure as failure:
        legal, got = {
            "file": (_LEGAL, f"{function} ({failure.said})"),
            "module": ("a Python file that runs", f"{path}: {failure.said}"),
            "name": (f"a function of {path}", failure.said),
            "undefined": (f"defined at every input of {input}", failure.said),
            "infinite": (f"finite at every input of {input}", failure.said),
            "slow": (f"done with all {1 << input.width} inputs of {input} within {MOST_SECONDS} s", failure.said),
        }[failure.kind]
        raise IllegalSetting("function", legal, got) from None


def _from_csv(function: str) -> tuple[str, Callable[[float], float]]:
    import numpy as np

    text = read_text(Path(function), option="function", legal=_TABLE if Path(function).exists() else _LEGAL)
    try:
        filled = (row for row in csv.reader(io.StringIO(text, newline="")) if any(map(str.strip, row)))
        rows = list(itertools.islice(filled, _MOST_ROWS + 2))  # a header, and one too many
    except csv.Error as error:
        raise IllegalSetting("function", _TABLE, f"{function} ({error})") from None
    if rows and all(parse_number(word) is None and _HEADER.match(word.strip()) and not _is_float(word)
                    for word in rows[0]):
        rows = rows[1:]
    if not 2 <= len(rows) <= _MOST_ROWS:
        raise IllegalSetting("function", _TABLE, f"{function} with {min(len(rows), _MOST_ROWS + 1)}")
    points = sorted(_point(function, row) for row in rows)
    x, y = (np.array(column) for column in zip(*points, strict=True))
    if (x[1:] <= x[:-1]).any():
        raise IllegalSetting("function", _TABLE, function)
    reach = max(*np.abs(x), *np.abs(y))
    if reach > _LARGEST:
        raise IllegalSetting("function", f"{_TABLE}, of at most {_LARGEST:g}", f"{function} with {reach:g}")
    return _identifier(Path(function).stem), lambda value: float(np.interp(value, x, y))


def _point(function: str, row: list[str]) -> tuple[float, float]:
    """A row of a table; not a number and infinity are none."""
    numbers = [parse_number(word) for word in row]
    if len(numbers) != 2 or numbers[0] is None or numbers[1] is None:
        raise IllegalSetting("function", _TABLE, f"{function} with the row {','.join(row)[:40]}")
    return numbers[0], numbers[1]


def _is_float(word: str) -> bool:
    """Whether Python reads a number there, such as nan, which no header is called."""
    try:
        float(word)
    except ValueError:
        return False
    return True
