"""Marks: what hardware says of a module and of the signals in it, for the comments and the order of its Verilog."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from amaranth.hdl import Fragment
from amaranth.lib.wiring import Component

__all__ = ["Marks", "find_marks", "level", "named", "note", "section", "with_abouts"]

_NOTE, _SECTION, _LEVEL = "quadcim_note", "quadcim_section", "quadcim_level"
_HEAD = re.compile(r"^module \\(\S+)$", re.MULTILINE)
_ABOUT = re.compile(rf'^attribute \\{_NOTE} "([^"]*)"\nmodule \\(\S+)$', re.MULTILINE)
_MARKED = re.compile(r"^((?:  attribute .*\n)+)  wire (?:\w+ (?:\d+ )?)*\\(\S+)$", re.MULTILINE)
_ATTRIBUTE = re.compile(rf'^  attribute \\({_NOTE}|{_SECTION}|{_LEVEL}) "([^"]*)"$', re.MULTILINE)


@dataclass(frozen=True)
class Marks:
    """What is said of a module; of its signals by their names.

    Parameters
    ----------
    about : str
        What the module is; empty if that is not known.
    notes : mapping of str to str
        Comments that stand before what drives a signal.
    sections : mapping of str to str
        Titles of the sections in which what drives a signal stands, where it is a part of no stage.
    levels : mapping of str to int
        What drives a signal of a level stands below all that drives those of lower ones.
    """

    about: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)
    sections: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, int] = field(default_factory=dict)


def note(text: str) -> dict[str, str]:
    """The attributes of a signal with a comment, a line of letters without quotation marks."""
    if '"' in text or "\\" in text or "\n" in text:
        raise ValueError(f"a note is one plain line, not {text!r}")
    return {_NOTE: text}


def section(title: str) -> dict[str, str]:
    """The attributes of a signal in a section of its own, between the handshake and the stages."""
    return {_SECTION: title}


def named() -> dict[str, str]:
    """The attributes of a signal that gives its name to the net: of several, Yosys takes one with more attributes."""
    return {"quadcim_named": ""}


def level(number: int) -> dict[str, str]:
    """The attributes of a signal of a level of logic."""
    return {_LEVEL: str(number)}


def with_abouts(rtlil: str, fragment: Fragment, module: str) -> str:
    """A design in RTLIL whose modules say what they are: the first line of their components' docstrings."""
    abouts = {name: text.replace("`", "") for name, text in _abouts(fragment, module)}
    return _HEAD.sub(lambda match: f'attribute \\{_NOTE} "{abouts[match[1]]}"\n{match[0]}' if match[1] in abouts
                     else match[0], rtlil)


def _abouts(fragment: Fragment, module: str) -> Iterator[tuple[str, str]]:
    """The first lines of the docstrings of a module and of those in it, by the names of the modules in RTLIL."""
    origins = fragment.origins  # pyright: ignore[reportAttributeAccessIssue] - the stubs lack it
    component = origins[0] if origins else None
    first = (type(component).__doc__ or "").partition("\n")[0]
    if isinstance(component, Component) and first.isascii() and first and not set(first) & set('"\\'):
        yield module, first
    for child, name, *_ in fragment.subfragments:  # pyright: ignore[reportAttributeAccessIssue] - the stubs lack it
        yield from _abouts(child, f"{module}.{name}")


def find_marks(rtlil: str) -> dict[str, Marks]:
    """The marks in a design in RTLIL, by module."""
    abouts = {name: text for text, name in _ABOUT.findall(rtlil)}
    found: dict[str, Marks] = {}
    for text in f"\n{rtlil}".split("\nmodule \\")[1:]:
        module = text.partition("\n")[0]
        marks: dict[str, dict[str, str]] = {_NOTE: {}, _SECTION: {}, _LEVEL: {}}
        for attributes, name in _MARKED.findall(text):
            for attribute, value in _ATTRIBUTE.findall(attributes):
                marks[attribute][name] = value
        found[module] = Marks(abouts.get(module, ""), marks[_NOTE], marks[_SECTION],
                              {name: int(number) for name, number in marks[_LEVEL].items()})
    return found
