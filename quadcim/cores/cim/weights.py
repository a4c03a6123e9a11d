"""Constant weights from a file: an array of NumPy's, comma-separated values, text or hexadecimal digits."""

import io
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from quadcim.spec.cim import MAX_COLUMNS, MAX_ROWS, Encoding
from quadcim.spec.errors import IllegalSetting
from quadcim.text_files import parse_number, read_data, read_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["read_weights"]

_MOST = f"{MAX_ROWS} x {MAX_COLUMNS} weights"
_HEX = re.compile("[0-9A-Fa-f]+")
_LEGAL = "a matrix of weights, a row of the macro in each of its rows: .npy, .csv, .hex, or text between blanks"


def read_weights(path: Path, *, encoding: Encoding, columns: int | None = None) -> "NDArray":
    """The cells of a macro: 0 and 1, rows x columns.

    Parameters
    ----------
    path : Path
        ``.npy``; ``.csv``, numbers between commas; ``.hex``, a row's bits as hexadecimal digits of which the last has
        columns 0 to 3, column 0 in its lowest bit; anything else is text with numbers between blanks, and comments
        after ``#``.
    encoding : {"unipolar", "bipolar"}
        Numbers are 0 and 1, or for bipolar weights also -1 and 1, not both.
    columns : int, optional
        Of hexadecimal rows; by default four for each digit.

    Raises
    ------
    IllegalSetting
        If the file is no such matrix, or larger than any macro.
    """
    import numpy as np

    match path.suffix.lower():
        case ".npy":
            numbers = _array(path)
        case ".hex":
            numbers = _matrix(path, [_bits(path, line, word, columns) for line, word in _lines(path)])
        case ".csv":
            numbers = _matrix(path, [_numbers(path, line, text.split(",")) for line, text in _lines(path)])
        case _:
            numbers = _matrix(path, [_numbers(path, line, text.split()) for line, text in _lines(path, comment="#")])
    if 0 in numbers.shape or numbers.shape[0] > MAX_ROWS or numbers.shape[1] > MAX_COLUMNS:
        raise _wrong(path, f"is {' x '.join(map(str, numbers.shape))}", f"a matrix of 1 x 1 to {_MOST}")
    pairs = ((0, 1), (-1, 1)) if encoding == "bipolar" else ((0, 1),)
    if not any(np.isin(numbers, pair).all() for pair in pairs):
        legal = " or ".join(f"{low} and {high}" for low, high in pairs)
        row, column = np.argwhere(~np.isin(numbers, pairs[-1]) if -1 in numbers else ~np.isin(numbers, pairs[0]))[0]
        raise _wrong(path, f"has {numbers[row, column]} in row {row}, column {column}, counted from 0",
                     f"a matrix of {legal} for {encoding} weights")
    return (numbers == 1).astype(np.int64)


def _wrong(path: Path, found: str, legal: str = _LEGAL) -> IllegalSetting:
    return IllegalSetting("weights", legal, f"{path}, which {found}")


def _array(path: Path) -> "NDArray":
    """A file of NumPy's; its header is read first, so that no more memory is asked for than the file has bytes."""
    import numpy as np

    data = read_data(path, option="weights", legal=_LEGAL)
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _order, dtype = read(stream)
        fits = len(shape) == 2 and dtype.kind in "biuf" and math.prod(shape) * dtype.itemsize <= len(
            data) - stream.tell()
        array = np.load(io.BytesIO(data), allow_pickle=False) if fits else None
    except Exception:  # whatever NumPy trips over in a file that is not its own
        raise _wrong(path, "is no array of NumPy's") from None
    if array is None:
        raise _wrong(path, f"has shape {shape} and type {dtype}, or fewer bytes than that")
    return array


def _lines(path: Path, *, comment: str = "") -> Iterator[tuple[int, str]]:
    """The lines that hold something, with their numbers; no more than the largest macro has rows."""
    found = 0
    for number, text in enumerate(read_text(path, option="weights", legal=_LEGAL).splitlines(), start=1):
        if content := (text.partition(comment)[0] if comment else text).strip():
            found += 1
            if found > MAX_ROWS:
                raise _wrong(path, "has more rows", f"a matrix of at most {_MOST}")
            yield number, content


def _bits(path: Path, line: int, word: str, columns: int | None) -> list[int]:
    """A row of hexadecimal digits."""
    count = min(4 * len(word), MAX_COLUMNS) if columns is None else columns
    if len(word) != -(-count // 4) or not _HEX.fullmatch(word) or int(word, 16) >> count:
        raise _wrong(path, f"has {word[:40]!r} in line {line}",
                     f"a row of {-(-count // 4)} hexadecimal digits in each line, for {count} columns")
    return [int(word, 16) >> column & 1 for column in range(count)]


def _numbers(path: Path, line: int, words: list[str]) -> list[float]:
    """A row of numbers."""
    if len(words) > MAX_COLUMNS:
        raise _wrong(path, f"has {len(words)} in line {line}", f"a matrix of at most {_MOST}")
    numbers = [parse_number(word) for word in words]
    if None in numbers:
        raise _wrong(path, f"has {words[numbers.index(None)][:40]!r} in line {line}", "numbers, and nothing else")
    return [number for number in numbers if number is not None]


def _matrix(path: Path, rows: Sequence[Sequence[float]]) -> "NDArray":
    """Rows of equal length."""
    import numpy as np

    if not rows or len(set(map(len, rows))) != 1:
        raise _wrong(path, "has none" if not rows else f"has {min(map(len, rows))} to {max(map(len, rows))} in a row",
                     "rows of equally many weights")
    return np.array(rows)
