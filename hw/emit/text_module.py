"""Modules whose Verilog is our own text, where what Yosys writes would lose what synthesis or people look for."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from amaranth.hdl import Fragment, Instance, Value

__all__ = ["EMISSION", "ModuleText", "TextModule", "case_items", "name_text_modules", "number_text_modules"]

EMISSION = object()
"""The platform of components that are elaborated for Verilog, not for Amaranth's own simulator."""
_TEXT = "quadcim.text."
"""What the types of such instances begin with until they are named after where they are."""
_PLACE = re.compile(rf"^module \\(\S+)$|^  cell \\{re.escape(_TEXT)}(\d+) \\(\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ModuleText:
    """The text of a module, and what belongs to it.

    Parameters
    ----------
    verilog : str
        The module.
    images : dict of str to str
        Files of initial contents that it reads, by their names.
    macro_bits : int
        How many bits the hard macro stores that may take its place; 0 if none may.
    """

    verilog: str
    images: Mapping[str, str] = field(default_factory=dict)
    macro_bits: int = 0


class TextModule(Instance):
    """An instance of a module of its own.

    Parameters
    ----------
    write : callable
        From the module's name, and whether there are initial values, to its text.
    **ports : Value
        What its ports are connected to, as for any instance: ``i_`` or ``o_`` and the port's name.
    """

    def __init__(self, write: Callable[[str, bool], ModuleText], **ports: Value):
        self.write = write
        super().__init__(_TEXT, **ports)


def number_text_modules(fragment: Fragment, found: list[TextModule]) -> None:
    """Add the instances in a design to a list, and have the type of each tell its place there."""
    for instance in _instances(fragment):
        instance.type = f"{_TEXT}{len(found)}"  # pyright: ignore[reportAttributeAccessIssue] - the stubs lack it
        found.append(instance)


def _instances(fragment: Fragment) -> Iterator[TextModule]:
    for child, *_ in fragment.subfragments:  # pyright: ignore[reportAttributeAccessIssue] - the stubs lack it
        if isinstance(child, TextModule):
            yield child
        yield from _instances(child)


def name_text_modules(rtlil: str, found: Sequence[TextModule], *,
                      initialise: bool) -> tuple[str, dict[str, ModuleText]]:
    """Name each module after where its instance is; returns the design in RTLIL, and their texts by name, in order."""
    texts: dict[str, ModuleText] = {}
    owner = ""

    def name(place: re.Match[str]) -> str:
        nonlocal owner
        if place[1]:
            owner = place[1]
            return place[0]
        module = f"{owner}_{place[3]}"
        texts[module] = found[int(place[2])].write(module, initialise)
        return f"  cell \\{module} \\{place[3]}"

    return _PLACE.sub(name, rtlil), texts


def case_items(target: str, *, bits: int, width: int, entries: Sequence[int]) -> list[str]:
    """The items of a case statement that gives a word for each address; with a default, so that there is no latch."""
    digits = -(-width // 4)
    items = [f"{bits}'d{address}: {target}{width}'h{entry:0{digits}x};" for address, entry in enumerate(entries)]
    return [*items[:-1], f"default: {items[-1].partition(': ')[2]}"]
