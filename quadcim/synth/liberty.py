"""The part of a Liberty file that synthesis needs: areas, pins, functions, flip-flops."""

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from quadcim.spec.errors import IllegalSetting
from quadcim.synth.expression import Expression, parse_expression

__all__ = ["Cell", "FlipFlop", "Library", "Pin", "read_library", "read_text"]

_NAND = (True, True, True, False)
_ITEM = re.compile(r'(\w+)\s*\(([^()]*)\)\s*(\{)?|(\w+)\s*:\s*("[^"]*"|[^;{}\n]+)|([{}])')
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_KEPT = ("library", "cell", "pin", "ff", "latch", "statetable", "test_cell", "bundle", "bus")
_PICOFARADS = {"f": 1e-3, "p": 1.0}


@dataclass(slots=True)
class _Group:
    kind: str
    words: tuple[str, ...]
    attributes: dict[str, str] = field(default_factory=dict)
    groups: list["_Group"] = field(default_factory=list)

    def all(self, kind: str) -> Iterator["_Group"]:
        return (group for group in self.groups if group.kind == kind)


@dataclass(frozen=True, slots=True)
class Pin:
    """A pin: its direction, its capacitance in pF, and for an output its function."""

    name: str
    direction: str
    capacitance_pf: float
    function: Expression | None


@dataclass(frozen=True, slots=True)
class FlipFlop:
    """A flip-flop: the names of its state and of its inverse, and the expressions that drive it."""

    state: str
    inverse: str
    clock: Expression
    data: Expression
    clear: Expression | None
    preset: Expression | None


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell; `opaque` says that it holds state which is no plain flip-flop, such as a latch's."""

    name: str
    area_um2: float
    pins: tuple[Pin, ...]
    flip_flop: FlipFlop | None
    opaque: bool
    usable: bool

    @property
    def inputs(self) -> tuple[Pin, ...]:
        """The inputs."""
        return tuple(pin for pin in self.pins if pin.direction == "input")

    @property
    def outputs(self) -> tuple[Pin, ...]:
        """The outputs."""
        return tuple(pin for pin in self.pins if pin.direction == "output")

    @property
    def gate(self) -> Expression | None:
        """The function of a cell that is a gate of one output."""
        gate = self.flip_flop is None and not self.opaque and len(self.outputs) == 1
        return self.outputs[0].function if gate else None


@dataclass(frozen=True)
class Library:
    """A library: its name, its supply, and its cells by name."""

    name: str
    supply_v: float | None
    cells: dict[str, Cell]

    def _smallest(self, wanted: Callable[[Expression], bool]) -> Cell | None:
        found = [cell for cell in self.cells.values()
                 if cell.usable and cell.area_um2 > 0 and cell.gate is not None and wanted(cell.gate)]
        return min(found, key=lambda cell: (cell.area_um2, cell.name), default=None)

    @cached_property
    def nand2(self) -> Cell:
        """The smallest two-input NAND, by function: one gate equivalent."""
        found = self._smallest(lambda gate: gate.truth == _NAND if len(gate.pins) == 2 else False)
        if found is None:
            raise IllegalSetting("liberty", "a library with a two-input NAND gate", self.name)
        return found

    @cached_property
    def driver(self) -> Cell:
        """What drives an input: the smallest buffer, or without any the smallest inverter, or the NAND."""
        return (self._smallest(lambda gate: gate.truth == (False, True))
                or self._smallest(lambda gate: gate.truth == (True, False)) or self.nand2)

    @cached_property
    def launcher(self) -> Cell | None:
        """The smallest flip-flop of a rising clock and data only: what the neighbours' registers are taken to be."""
        plain = [cell for cell in self.cells.values() if cell.usable and cell.flip_flop is not None
                 and len(cell.inputs) == 2 and cell.outputs and cell.area_um2 > 0
                 and cell.flip_flop.clock.truth == (False, True)]
        return min(plain, key=lambda cell: (cell.area_um2, cell.name), default=None)

    def tie(self, value: bool) -> tuple[str, str] | None:
        """The cell, and its pin, that gives a constant; None if the library has none."""
        found = [(cell.area_um2, cell.name, pin.name) for cell in self.cells.values()
                 if not cell.inputs and not cell.opaque and cell.flip_flop is None for pin in cell.outputs
                 if pin.function is not None and not pin.function.pins and pin.function.truth == (value,)]
        return min(found)[1:] if found else None


def read_text(path: Path) -> str:
    """The text of a Liberty file, plain or gzipped.

    Raises
    ------
    IllegalSetting
        If it cannot be read.
    """
    try:
        content = path.read_bytes()
        return (gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content).decode("latin-1")
    except (OSError, EOFError, zlib.error) as error:
        raise IllegalSetting("liberty", "a Liberty file, plain or gzipped", str(path)) from error


def read_library(path: Path) -> Library:
    """Read a Liberty file, plain or gzipped.

    Raises
    ------
    IllegalSetting
        If there is no such file, or it is no library with a two-input NAND.
    """
    root = _parse(_COMMENT.sub(" ", read_text(path)))
    found = next(root.all("library"), None)
    if found is None:
        raise IllegalSetting("liberty", "a Liberty file", str(path))
    try:
        unit = re.fullmatch(r"([\d.]+),([fp])f", found.attributes.get("capacitive_load_unit", "1,pf").lower())
        if unit is None:
            raise ValueError("its capacitive_load_unit is neither fF nor pF")
        to_pf = float(unit[1]) * _PICOFARADS[unit[2]]
        cells = [_cell(group, to_pf) for group in found.all("cell")]
        supply = found.attributes.get("nom_voltage")
        library = Library(" ".join(found.words), float(supply) if supply else None, {cell.name: cell for cell in cells})
    except ValueError as error:
        raise IllegalSetting("liberty", f"a Liberty file ({error})", str(path)) from error
    assert library.nand2
    return library


def _parse(text: str) -> _Group:
    """The groups that are kept, with their attributes; the rest, tables above all, is passed over."""
    root = _Group("", ())
    stack: list[_Group | None] = [root]
    for item in _ITEM.finditer(text):
        head, arguments, opening, name, value, brace = item.groups()
        top = stack[-1]
        if head and opening:
            group = None
            if top is not None and head in _KEPT:
                group = _Group(head, tuple(word.strip().strip('"') for word in arguments.split(",")))
                top.groups.append(group)
            stack.append(group)
        elif brace == "{":
            stack.append(None)
        elif brace == "}" and len(stack) > 1:
            stack.pop()
        elif top is not None and head:
            top.attributes[head] = re.sub(r'[\s"]', "", arguments)
        elif top is not None and name:
            top.attributes[name] = value.strip().strip('"').strip()
    return root


def _expression(group: _Group, name: str) -> Expression | None:
    text = group.attributes.get(name)
    return parse_expression(text) if text else None


def _cell(group: _Group, to_pf: float) -> Cell:
    state = next(group.all("ff"), None)
    flip_flop = None
    if state is not None:
        clock, data = _expression(state, "clocked_on"), _expression(state, "next_state")
        if clock is not None and data is not None and len(state.words) == 2:
            flip_flop = FlipFlop(*state.words, clock, data, _expression(state, "clear"), _expression(state, "preset"))
    opaque = (state is not None and flip_flop is None) or any(
        member.kind in ("latch", "statetable", "bundle", "bus") for member in group.groups)
    pins = tuple(Pin(name, pin.attributes.get("direction", ""), to_pf * float(pin.attributes.get("capacitance", 0)),
                     _expression(pin, "function")) for pin in group.all("pin") for name in pin.words)
    return Cell(group.words[0], float(group.attributes.get("area", 0)), pins, flip_flop, opaque,
                group.attributes.get("dont_use", "false").lower() != "true")
