"""Hostile data: damage to valid bytes, text and JSON, drawn from a generator."""

import copy
import json
import random
from typing import Any

__all__ = ["COMMANDS", "damage_bytes", "damage_json", "damage_text", "hostile_text"]

COMMANDS = ("$(touch owned)", "`touch owned`", "[exec touch owned]", "[exec\\x20touch\\x20owned]", "; touch owned;",
            "|touch owned", "${IFS}", "'; touch owned; '", '"; touch owned; "', "!!python/object/apply:os.system")
"""Words that run a command where somebody forgets to quote them."""
_WORDS = (
    *COMMANDS, "", "0", "-1", "1e999", "-1e999", "nan", "inf", "0x10", "1_000", "9" * 25, "9" * 5000, "-" + "9" * 5000,
    "1e-400", "true", "null", "None", "{}", "[]", "\x00", "\x1b[2J", "\u202e", "é", "😀", "\ufeff", "../../owned",
    "/dev/zero", "A" * 70_000, "(" * 3000, "[" * 3000, "{" * 3000, "<b>&amp;", "%s%n", "\\", '"', "'", "SQ999.999",
    "UQ0.0", "SQ2.14", "\n", "\r", ",", ";", ":", "=")
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -2**64, 10**30, 1.5, -0.0, 1e308, "", [], {}, [[]], [None], [1] * 3000,
    {"a": {"b": {}}})
_LARGEST = 32 << 20
"""Letters of a copy: more than any reader takes."""
_BYTES = (b"\x00", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\r\n", b"\x1f\x8b", b"PK\x03\x04", b"\x80", b"\xff" * 8)


def damage_bytes(draw: random.Random, data: bytes) -> bytes:
    """Some flips, cuts, copies and foreign bytes."""
    result = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 4, 16))):
        place = draw.randrange(len(result) + 1)
        length = draw.choice((1, 2, 4, 16, 200))
        match draw.randrange(7):
            case 0 if result:
                result[place % len(result)] ^= 1 << draw.randrange(8)
            case 1 if result:
                result[place % len(result)] = draw.choice((0, 1, 0x7F, 0x80, 0xFF))
            case 2:
                del result[place:place + length]
            case 3:
                result[place:place] = result[place:place + length]
            case 4:
                result[place:place] = draw.choice(_BYTES)
            case 5:
                result[place:place + length] = draw.randbytes(length)
            case _:
                del result[place:]
    return bytes(result)


def damage_text(draw: random.Random, text: str) -> str:
    """Words replaced, repeated and left out; lines moved."""
    for _ in range(draw.choice((1, 1, 2, 5))):
        ends = [0, *(index for index, letter in enumerate(text) if not letter.isalnum()), len(text)]
        first = draw.randrange(len(ends) - 1)
        begin, end = ends[first], ends[first + 1]
        match draw.randrange(5):
            case 0 | 1:
                text = text[:begin] + draw.choice(_WORDS) + text[end:]
            case 2:
                text = text[:begin] + text[end:]
            case 3:
                most = _LARGEST // (end - begin + 1)  # a long word that is met twice would fill the memory
                text = text[:begin] + text[begin:end] * min(draw.choice((2, 3, 500)), most) + text[end:]
            case _:
                lines = text.splitlines(keepends=True) or [""]
                lines.insert(draw.randrange(len(lines)), lines.pop(draw.randrange(len(lines))))
                text = "".join(lines)
    return text


def hostile_text(draw: random.Random) -> str:
    """A word that nobody expects."""
    return draw.choice(_WORDS)


def damage_json(draw: random.Random, value: Any) -> Any:
    """Entries replaced, renamed, copied and left out, anywhere in it."""
    value = copy.deepcopy(value)
    holder: Any
    for _ in range(draw.choice((1, 1, 2, 4))):
        holder, key = draw.choice(_places(value) or [([value], 0)])
        match draw.randrange(6):
            case 0 | 1:
                holder[key] = copy.deepcopy(draw.choice(_VALUES))
            case 2:
                holder[key] = hostile_text(draw)
            case 3 if isinstance(holder[key], (int, float)) and not isinstance(holder[key], bool):
                holder[key] = draw.choice((holder[key] + 1, -holder[key], holder[key] * 10**6, float(holder[key])))
            case 4 if isinstance(holder, dict):
                holder[hostile_text(draw)] = holder.pop(key)
            case _:
                del holder[key]
    return value


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Where something can be changed: (holder, key); at most some hundred of a long list."""
    items = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    found = [(value, key) for key, _ in items[:200]]
    for _, entry in items[:200]:
        found += _places(entry)
    return found


def json_text(draw: random.Random, value: Any) -> str:
    """What `damage_json` makes, as text; now and then the text is damaged instead."""
    if draw.random() < 0.7:
        return json.dumps(damage_json(draw, value))
    return damage_text(draw, json.dumps(value, indent=1))
