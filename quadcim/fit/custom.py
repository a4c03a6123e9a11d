"""Functions that a user hands in: a Python function of one number, or a table of samples."""

import contextlib
import csv
import hashlib
import io
import itertools
import math
import numbers
import os
import re
import runpy
import struct
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from quadcim.spec.activation import Activation, ActivationRounding, Samples
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.text_files import parse_number, read_text

__all__ = ["is_file", "user_activation"]

_WIDEST = 16
_LEGAL = "a name of `quadcim list functions`, FILE.py:FUNCTION or FILE.csv"
_MOST_ROWS = 1 << 18
_TABLE = f"a CSV file with 2 to {_MOST_ROWS} rows of two numbers, x and y, each x once"
_HEADER = re.compile(r"[^\W\d]")
_LARGEST = 1e100  # so that no difference or product of theirs overflows
_PATIENCE_SECONDS, _MOST_SECONDS = 10, 3600
"""Then the time that all inputs will take is estimated; and what they may take."""


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
    if input.width > _WIDEST:
        raise IllegalSetting("input", f"at most {_WIDEST} bits wide for a function of your own", str(input))
    if function.endswith(".csv"):
        name, evaluate = _from_csv(function)
        values = [evaluate(x) for x in _inputs(input)]
    else:
        with _silence():
            name, evaluate = _from_python(function)
            values = _sampled(function.rpartition(":")[2], evaluate, input)
    digest = hashlib.sha256(struct.pack(f"<{len(values)}d", *values)).hexdigest()
    return Activation(name, input, output, rounding, Samples(digest, tuple(values)))


def _inputs(input: Format) -> list[float]:
    return [input.wrap(low_bits) / 2**input.fraction_bits for low_bits in range(1 << input.width)]


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Drop what is printed meanwhile, and warnings; and come back to the folder that relative paths are meant from."""
    with (Path(os.devnull).open("w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere),
          contextlib.redirect_stderr(nowhere), warnings.catch_warnings(), contextlib.chdir(".")):
        warnings.simplefilter("ignore")
        yield


def _said(error: BaseException) -> str:
    """An error in a few words."""
    return " ".join(traceback.format_exception_only(error)[-1].split())[:160]


def _sampled(name: str, evaluate: Callable[[float], Any], input: Format) -> list[float]:
    """The values at all inputs."""
    inputs, values, start = _inputs(input), [], time.monotonic()
    for x in inputs:
        try:
            result = evaluate(x)
            if isinstance(result, (str, bytes)) or _is_complex(result):
                raise TypeError(f"{type(result).__name__} is no real number")
            value = float(result)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # sys.exit in it is no way out of here either
            raise IllegalSetting("function", f"defined at every input of {input}",
                                 f"{name} at {x}: {_said(error)}") from error
        if not math.isfinite(value):
            raise IllegalSetting("function", f"finite at every input of {input}", f"{name} at {x}: {value}")
        values.append(value)
        seconds = time.monotonic() - start
        if seconds > _PATIENCE_SECONDS and seconds / len(values) * len(inputs) > _MOST_SECONDS:
            raise IllegalSetting("function", f"done with all {len(inputs)} inputs of {input} within {_MOST_SECONDS} s",
                                 f"{name} at {x}: {seconds:.0f} s for the first {len(values)}")
    return values


def _is_complex(value: object) -> bool:
    return isinstance(value, numbers.Complex) and not isinstance(value, numbers.Real)


def _identifier(text: str) -> str:
    """A name for modules and files."""
    return re.sub("[^A-Za-z0-9]+", "-", text).strip("-").lower()[:40] or "function"


def _from_python(function: str) -> tuple[str, Callable[[float], Any]]:
    path, _, name = function.rpartition(":")
    try:
        found = runpy.run_path(path).get(name)
    except OSError as error:
        raise IllegalSetting("function", _LEGAL, f"{function} ({error.strerror})") from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise IllegalSetting("function", "a Python file that runs", f"{path}: {_said(error)}") from error
    if not callable(found):
        raise IllegalSetting("function", f"a function of {path}", name)
    return _identifier(name), found


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
