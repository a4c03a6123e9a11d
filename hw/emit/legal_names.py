"""Names in RTLIL that Verilog can write as they are: without dots, and no keywords."""

import re
from collections.abc import Iterable

from quadcim.spec.naming import KEYWORDS

__all__ = ["with_plain_names", "without_dots"]

_MODULE = re.compile(r"^module \\(\S+)\n(.*?)^end\n", re.MULTILINE | re.DOTALL)
_DECLARED = re.compile(r"^  (?:wire|memory) .*\\(\S+)$|^  cell \S+ \\(\S+)$", re.MULTILINE)
_NUMBERED = re.compile(r"^  wire .*(?:input|output|inout) .*\\(\S+\$\d+)$", re.MULTILINE)
_CELL = re.compile(r"^  cell \\(\S+) .*\n(?:    .*\n)*", re.MULTILINE)
_PORT = re.compile(r"(?<=^    connect \\)\S+", re.MULTILINE)
# A name in the body of a module that is that of something in it: not of a cell's module, parameter or port.
_MENTION = re.compile(r"(?<=\\)(?<!^  cell \\)(?<!^    connect \\)(?<!^    parameter \\)(?<!attribute \\)[\w$.]+",
                      re.MULTILINE)


def without_dots(rtlil: str) -> str:
    """A design whose modules have underscores in their names where Amaranth has dots."""
    modules = [name for name, _body in _MODULE.findall(rtlil)]
    renamed = _unlike(modules, {name: name.replace(".", "_") for name in modules if "." in name})
    for name, new in sorted(renamed.items(), reverse=True):  # the longer one first, where one begins another
        rtlil = re.sub(rf"^((?:module|  cell) \\){re.escape(name)}(?=[ \n])", rf"\g<1>{new}", rtlil, flags=re.MULTILINE)
    return rtlil


def with_plain_names(rtlil: str) -> str:
    """A design in which names that are keywords have an underscore behind them, and ports no number behind a dollar.

    Amaranth numbers a port where the module has another signal of that name.
    """
    renamed: dict[str, dict[str, str]] = {}
    for owner, body in _MODULE.findall(rtlil):
        names = {name for pair in _DECLARED.findall(body) for name in pair if name}
        new = {name: f"{name}_" for name in sorted(names & KEYWORDS)}
        new |= {name: name.replace("$", "_") for name in _NUMBERED.findall(body)}
        if new:
            renamed[owner] = _unlike(names, new)
    if not renamed:
        return rtlil

    def ports(cell: re.Match[str]) -> str:
        names = renamed.get(cell[1], {})
        return _PORT.sub(lambda port: names.get(port[0], port[0]), cell[0])

    def module(match: re.Match[str]) -> str:
        names = renamed.get(match[1], {})
        body = _MENTION.sub(lambda mention: names.get(mention[0], mention[0]), match[2])
        return f"module \\{match[1]}\n{_CELL.sub(ports, body)}end\n"

    return _MODULE.sub(module, rtlil)


def _unlike(names: Iterable[str], renamed: dict[str, str]) -> dict[str, str]:
    """New names, with further underscores where they are taken."""
    taken = set(names)
    free: dict[str, str] = {}
    for old, wanted in renamed.items():
        new = wanted
        while new in taken:
            new += "_"
        taken.add(new)
        free[old] = new
    return free
