"""The affine of a macro from a JSON file."""

import json
from pathlib import Path
from typing import Any

from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.narrow import Narrow
from quadcim.text_files import read_text

__all__ = ["read_affine"]

_NUMBERS = ("scale", "offset", "bias")
_WORDS = ("rounding", "overflow", "output")
_KEYS = (*_NUMBERS, "shift", *_WORDS)
_LEGAL = f"a JSON file with {', '.join(_KEYS[:-1])} and {_KEYS[-1]}"


def read_affine(path: Path, columns: int) -> tuple[dict[str, tuple[int, ...]], Narrow]:
    """Scale, offset and bias of each column, and how the result is narrowed.

    Parameters
    ----------
    path : Path
        The file; an object of exactly these entries. The first three are a whole number, or a list of one for each
        column.
    columns : int
        How many columns the macro has.

    Raises
    ------
    IllegalSetting
        If the file is anything else.
    """
    text = read_text(path, option="affine", legal=_LEGAL)
    try:
        given = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise IllegalSetting("affine", _LEGAL, f"{path} ({error})") from None
    if not isinstance(given, dict) or given.keys() != set(_KEYS):
        found = ", ".join(map(str, given))[:80] if isinstance(given, dict) else type(given).__name__
        raise IllegalSetting("affine", _LEGAL, f"{path} with {found or 'nothing'}")
    numbers = {name: _numbers(name, given[name], columns) for name in _NUMBERS}
    if not _whole(given["shift"]):
        raise _wrong("shift", "a whole number", given["shift"])
    for name in _WORDS:
        if not isinstance(given[name], str):
            raise _wrong(name, "a string", given[name])
    try:
        output = Format.parse(given["output"], option="output")
        return numbers, Narrow(given["shift"], given["rounding"], given["overflow"], output)
    except IllegalSetting as error:
        raise error.as_part_of("affine") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object that names each entry once."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an entry stands in it twice")
    return found


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _numbers(name: str, value: object, columns: int) -> tuple[int, ...]:
    if isinstance(value, int) and _whole(value):
        return (value,) * columns
    if isinstance(value, list) and len(value) == columns and all(map(_whole, value)):
        return tuple(value)
    raise _wrong(name, f"a whole number, or a list of {columns}, one for each column", value)


def _wrong(name: str, legal: str, given: object) -> IllegalSetting:
    many = f"{type(given).__name__} of {len(given)}" if isinstance(given, (list, dict)) else ""
    return IllegalSetting("affine", legal, many or json.dumps(given)[:40], part=name)
