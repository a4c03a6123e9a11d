"""Functions that a user hands in: a Python function of one number, or a table of samples."""

import csv
import hashlib
import math
import re
import runpy
import struct
from collections.abc import Callable
from pathlib import Path

from quadcim.spec.activation import Activation, ActivationRounding, Samples
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format

__all__ = ["is_file", "user_activation"]

_WIDEST = 16
_LEGAL = "a name of `quadcim list functions`, FILE.py:FUNCTION or FILE.csv"


def is_file(function: str) -> bool:
    """Whether ``--function`` names a file, not a function of the catalogue."""
    return function.endswith(".csv") or ".py:" in function


def user_activation(function: str, *, input: Format, output: Format, rounding: ActivationRounding) -> Activation:
    """The activation of a user's function, sampled at every raw input.

    Parameters
    ----------
    function : str
        ``FILE.py:FUNCTION``, a function from float to float, which is run; or ``FILE.csv``, rows of x and y, between
        which values are interpolated linearly and beyond which the ends go on.
    input, output : Format
        The formats; the input is at most 16 bits wide.
    rounding : {"nearest", "truncate", "faithful"}
        As in `Activation`.

    Raises
    ------
    IllegalSetting
        If the file cannot be read, or the function is not defined or not finite at some input.
    """
    if input.width > _WIDEST:
        raise IllegalSetting("input", f"at most {_WIDEST} bits wide for a function of your own", str(input))
    reader = _from_csv if function.endswith(".csv") else _from_python
    name, evaluate = reader(function)
    values = []
    for low_bits in range(1 << input.width):
        x = input.wrap(low_bits) / 2**input.fraction_bits
        try:
            value = float(evaluate(x))
        except Exception as error:
            raise IllegalSetting("function", f"defined at every input of {input}", f"{error} at {x}") from error
        if not math.isfinite(value):
            raise IllegalSetting("function", f"finite at every input of {input}", f"{value} at {x}")
        values.append(value)
    digest = hashlib.sha256(struct.pack(f"<{len(values)}d", *values)).hexdigest()
    return Activation(name, input, output, rounding, Samples(digest, tuple(values)))


def _identifier(text: str) -> str:
    """A name for modules and files."""
    return re.sub("[^A-Za-z0-9]+", "-", text).strip("-").lower()[:40] or "function"


def _from_python(function: str) -> tuple[str, Callable[[float], float]]:
    path, _, name = function.rpartition(":")
    try:
        found = runpy.run_path(path).get(name)
    except OSError as error:
        raise IllegalSetting("function", _LEGAL, f"{function} ({error.strerror})") from error
    except Exception as error:
        raise IllegalSetting("function", "a Python file that runs", f"{path}: {error}") from error
    if not callable(found):
        raise IllegalSetting("function", f"a function of {path}", name)
    return _identifier(name), found


def _from_csv(function: str) -> tuple[str, Callable[[float], float]]:
    import numpy as np

    try:
        with Path(function).open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.reader(file) if row]
    except OSError as error:
        raise IllegalSetting("function", _LEGAL, f"{function} ({error.strerror})") from error
    if rows and not _is_number(rows[0][0]):
        rows = rows[1:]  # a header
    try:
        points = sorted((float(x), float(y)) for x, y in rows)
    except ValueError:
        raise IllegalSetting("function", "a CSV file with rows of two numbers, x and y", function) from None
    x, y = (np.array(column) for column in zip(*points, strict=True)) if points else (np.array([]), np.array([]))
    if len(x) < 2 or (np.diff(x) <= 0).any():
        raise IllegalSetting("function", "a CSV file with at least two rows, each x once", function)
    return _identifier(Path(function).stem), lambda value: float(np.interp(value, x, y))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
