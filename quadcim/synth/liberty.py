"""The part of a Liberty file that synthesis needs: areas, pins, functions, flip-flops."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from quadcim.spec.errors import IllegalSetting
from quadcim.spec.quoting import check_name
from quadcim.synth.expression import Expression, parse_expression
from quadcim.synth.liberty_text import Group, parse_groups, read_text

__all__ = ["Cell", "FlipFlop", "Library", "Pin", "parse_library", "read_library"]

_BUFFER, _INVERTER, _NAND = (False, True), (True, False), (True, True, True, False)
_PICOFARADS = {"f": 1e-3, "p": 1.0}
_LIBRARY_NAME = re.compile(r"[\w.+-]{1,256}", re.ASCII)
_INDEX = re.compile(r"\[\d+(?::\d+)?\]\Z", re.ASCII)
_MOST = 1e12
"""No capacitance, area or voltage is as large."""


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
    def known(self) -> bool:
        """Whether the library says what it does."""
        return not self.opaque and bool(self.outputs) and all(pin.function is not None for pin in self.outputs)

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
        found = self._smallest(lambda gate: gate.computes(_NAND))
        if found is None:
            raise IllegalSetting("liberty", "a library with a two-input NAND gate", self.name)
        return found

    @cached_property
    def driver(self) -> Cell:
        """What drives an input: the smallest buffer, or without any the smallest inverter, or the NAND."""
        return (self._smallest(lambda gate: gate.computes(_BUFFER))
                or self._smallest(lambda gate: gate.computes(_INVERTER)) or self.nand2)

    @cached_property
    def launcher(self) -> Cell | None:
        """The smallest flip-flop of a rising clock and data only: what the neighbours' registers are taken to be."""
        plain = [cell for cell in self.cells.values() if cell.usable and cell.flip_flop is not None
                 and len(cell.inputs) == 2 and cell.outputs and cell.area_um2 > 0
                 and cell.flip_flop.clock.computes(_BUFFER)]
        return min(plain, key=lambda cell: (cell.area_um2, cell.name), default=None)

    def tie(self, value: bool) -> tuple[str, str] | None:
        """The cell, and its pin, that gives a constant; None if the library has none."""
        found = [(cell.area_um2, cell.name, pin.name) for cell in self.cells.values()
                 if not cell.inputs and not cell.opaque and cell.flip_flop is None for pin in cell.outputs
                 if pin.function is not None and pin.function.computes((value,))]
        return min(found)[1:] if found else None


def read_library(path: Path) -> Library:
    """Read a Liberty file, plain or gzipped.

    Raises
    ------
    IllegalSetting
        If there is no such file, or `parse_library` refuses its text.
    """
    return parse_library(read_text(path), path)


def parse_library(text: str, path: Path) -> Library:
    """Read the text of a Liberty file.

    Parameters
    ----------
    text : str
        The text.
    path : Path
        Where it is from, for errors.

    Raises
    ------
    IllegalSetting
        If it is no library with a two-input NAND, or has names that could be more than names to some tool.
    """
    try:
        found = next(parse_groups(text).all("library"), None)
        if found is None:
            raise ValueError("there is no library in it")
        unit = re.fullmatch(r"([\d.]+),([fp])f", found.attributes.get("capacitive_load_unit", "1,pf").lower())
        if unit is None:
            raise ValueError("its capacitive_load_unit is neither fF nor pF")
        to_pf = _number(unit[1]) * _PICOFARADS[unit[2]]
        cells = [_cell(group, to_pf) for group in found.all("cell")]
        supply = found.attributes.get("nom_voltage")
        library = Library(_library_name(found), _number(supply) if supply else None,
                          {cell.name: cell for cell in cells})
    except IllegalSetting:
        raise
    except ValueError as error:
        raise IllegalSetting("liberty", f"a Liberty file ({error})", str(path)) from error
    assert library.nand2
    return library


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or abs(value) > _MOST:
        raise ValueError(f"{text} is no number of a cell")
    return value


def _name(what: str, text: str) -> str:
    return check_name("liberty", f"a Liberty file with names of {what}", text)


def _library_name(group: Group) -> str:
    name = " ".join(group.words)
    if not _LIBRARY_NAME.fullmatch(name):
        raise IllegalSetting("liberty", "a Liberty file of a library named in at most 256 letters, digits and ._+-",
                             name[:300])
    return name


def _expression(group: Group, name: str) -> Expression | None:
    text = group.attributes.get(name)
    return parse_expression(text) if text else None


def _cell(group: Group, to_pf: float) -> Cell:
    name = _name("cells", ",".join(group.words))
    flip_flop = _flip_flop(group)
    pins = tuple(_pin(pin, word, to_pf) for pin in group.all("pin") for word in pin.words)
    opaque = (flip_flop is None and any(True for _ in group.all("ff"))) or any(
        member.kind in ("latch", "statetable", "bundle", "bus") or "three_state" in member.attributes
        for member in group.groups) or not _says_all(pins, flip_flop)
    return Cell(name, _number(group.attributes.get("area", "0")), pins, flip_flop, opaque,
                group.attributes.get("dont_use", "false").lower() != "true")


def _says_all(pins: tuple[Pin, ...], flip_flop: FlipFlop | None) -> bool:
    """Whether functions are of nothing but the cell's own inputs, outputs and states."""
    known = {pin.name for pin in pins if pin.direction in ("input", "output") and "[" not in pin.name}
    functions = [pin.function for pin in pins]
    if flip_flop is not None:
        known |= {flip_flop.state, flip_flop.inverse}
        functions += [flip_flop.clock, flip_flop.data, flip_flop.clear, flip_flop.preset]
    return all(known.issuperset(function.pins) for function in functions if function is not None)


def _flip_flop(group: Group) -> FlipFlop | None:
    """The flip-flop of a cell, if that is what it is."""
    state = next(group.all("ff"), None)
    if state is None:
        return None
    clock, data = _expression(state, "clocked_on"), _expression(state, "next_state")
    if clock is None or data is None or len(state.words) != 2:
        return None
    held, inverse = (_name("states", word) for word in state.words)
    return FlipFlop(held, inverse, clock, data, _expression(state, "clear"), _expression(state, "preset"))


def _pin(group: Group, word: str, to_pf: float) -> Pin:
    index = found[0] if (found := _INDEX.search(word)) else ""
    return Pin(_name("pins", word.removesuffix(index)) + index, group.attributes.get("direction", ""),
               to_pf * _number(group.attributes.get("capacitance", "0")), _expression(group, "function"))
