"""Liberty as text: reading a file within bounds, and its groups and attributes.

What is no Liberty stops the reading where it stands, so that each character is looked at a few times at most, and what
this reader lets pass is all that other tools ever see of the file.
"""

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from quadcim.spec.errors import IllegalSetting

__all__ = ["Group", "parse_groups", "read_text"]

_MOST_BYTES = 256 << 20
_MOST_DEPTH = 32
_INCLUDE = "include_file"
"""With this a file has a tool read others."""
_STRING = r'"(?:[^"\\]|\\.)*+"'
_NOTHING = r"(?: [\s;\\]++ | /\*(?:[^*]|\*(?!/))*+\*/ | //[^\n]*+ )"
_STATEMENT = re.compile(rf"""
    {_NOTHING}++
    | ([\w.+-]++) \s*+ \( ((?:[^()"]++ | {_STRING})*+) \) {_NOTHING}*+ (\{{)?+  # head(arguments), or a group of it
    | ([\w.+-]++) \s*+ : [ \t]*+ ({_STRING} | [^;{{}}\n"]++) [^;{{}}\n"]*+         # name : value
    | (\}})  # the end of a group
    | (.)    # no Liberty
    """, re.VERBOSE | re.DOTALL)
_KEPT = ("library", "cell", "pin", "ff", "latch", "statetable", "test_cell", "bundle", "bus")


@dataclass(slots=True)
class Group:
    """A group: what it is, the words between its parentheses, its attributes, and the groups in it."""

    kind: str
    words: tuple[str, ...]
    attributes: dict[str, str] = field(default_factory=dict)
    groups: list["Group"] = field(default_factory=list)

    def all(self, kind: str) -> Iterator["Group"]:
        """The groups of a kind in it."""
        return (group for group in self.groups if group.kind == kind)


def read_text(path: Path) -> str:
    """The text of a Liberty file, plain or gzipped.

    Raises
    ------
    IllegalSetting
        If it cannot be read, or has more than 256 MiB when unpacked.
    """
    try:
        if not path.is_file():  # a pipe would be waited for
            raise FileNotFoundError
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            content = (gzip.GzipFile(fileobj=file) if packed else file).read(_MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise IllegalSetting("liberty", "a Liberty file, plain or gzipped", str(path)) from error
    if len(content) > _MOST_BYTES:
        raise IllegalSetting("liberty", f"a Liberty file of at most {_MOST_BYTES >> 20} MiB when unpacked", str(path))
    return content.decode("latin-1")


def parse_groups(text: str) -> Group:
    """The groups that say what cells are, with their attributes, in one without a name; tables are passed over.

    Raises
    ------
    ValueError
        If the text is no Liberty, has groups within more than 32 others, or includes other files.
    """
    if _INCLUDE in text:
        raise ValueError("it includes others")
    root = Group("", ())
    stack: list[Group | None] = [root]
    for found in _STATEMENT.finditer(text):
        head, arguments, opening, name, value, closing, other = found.groups()
        top = stack[-1]
        if head and opening:
            group = Group(head, tuple(map(_unquoted, arguments.split(",")))) if top and head in _KEPT else None
            if top and group:
                top.groups.append(group)
            stack.append(group)
        elif closing:
            stack.pop()
        elif top and head:
            top.attributes[head] = re.sub(r'[\s"\\]', "", arguments)
        elif top and name:
            top.attributes[name] = _unquoted(value)
        if other or not 0 < len(stack) <= _MOST_DEPTH:
            raise ValueError(f"line {text.count(chr(10), 0, found.start()) + 1} is none")
    if len(stack) > 1:
        raise ValueError("a brace is left open")
    return root


def _unquoted(text: str) -> str:
    return text.strip().strip('"').strip()
