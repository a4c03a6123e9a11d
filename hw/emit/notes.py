"""Comments that hardware gives its signals, and that the emitted Verilog has where they are driven."""

import re

__all__ = ["find_notes", "note"]

_NOTE = "quadcim_note"
_NOTED = re.compile(rf'^  attribute \\{_NOTE} "([^"]*)"\n(?:  attribute .*\n)*  wire (?:\w+ (?:\d+ )?)*\\(\S+)$',
                    re.MULTILINE)


def note(text: str) -> dict[str, str]:
    """The attributes of a signal with a comment, a line of letters without quotation marks."""
    if '"' in text or "\\" in text or "\n" in text:
        raise ValueError(f"a note is one plain line, not {text!r}")
    return {_NOTE: text}


def find_notes(rtlil: str) -> dict[str, dict[str, str]]:
    """By module and signal, the comments in a design in RTLIL."""
    notes: dict[str, dict[str, str]] = {}
    for module in f"\n{rtlil}".split("\nmodule \\")[1:]:
        found = {name: text for text, name in _NOTED.findall(module)}
        if found:
            notes[module.partition("\n")[0]] = found
    return notes
