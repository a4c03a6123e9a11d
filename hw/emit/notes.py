"""Comments of the emitted Verilog: what each module is, and what hardware says of the signals that it drives."""

import re
from collections.abc import Iterator

from amaranth.hdl import Fragment
from amaranth.lib.wiring import Component

__all__ = ["ABOUT", "find_notes", "note", "with_abouts"]

ABOUT = ""
"""In the place of a signal's name: what the module is."""
_NOTE = "quadcim_note"
_HEAD = re.compile(r"^module \\(\S+)$", re.MULTILINE)
_ABOUT = re.compile(rf'^attribute \\{_NOTE} "([^"]*)"\nmodule \\(\S+)$', re.MULTILINE)
_NOTED = re.compile(rf'^  attribute \\{_NOTE} "([^"]*)"\n(?:  attribute .*\n)*  wire (?:\w+ (?:\d+ )?)*\\(\S+)$',
                    re.MULTILINE)


def note(text: str) -> dict[str, str]:
    """The attributes of a signal with a comment, a line of letters without quotation marks."""
    if '"' in text or "\\" in text or "\n" in text:
        raise ValueError(f"a note is one plain line, not {text!r}")
    return {_NOTE: text}


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


def find_notes(rtlil: str) -> dict[str, dict[str, str]]:
    """By module and signal, the comments in a design in RTLIL; that of a module by `ABOUT`."""
    notes: dict[str, dict[str, str]] = {name: {ABOUT: text} for text, name in _ABOUT.findall(rtlil)}
    for module in f"\n{rtlil}".split("\nmodule \\")[1:]:
        found = {name: text for text, name in _NOTED.findall(module)}
        if found:
            notes.setdefault(module.partition("\n")[0], {}).update(found)
    return notes
