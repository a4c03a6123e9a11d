"""The macro that options of the command line describe."""

import argparse
import re
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quadcim.arguments import number, stages_argument
from quadcim.boards.targets import CLOCK_MHZ, find_target
from quadcim.cores.cim.affine import read_affine
from quadcim.cores.cim.weights import read_weights
from quadcim.cores.core import Report
from quadcim.spec.cell_noise import CellNoise
from quadcim.spec.cim import ENCODINGS, MAX_BANKS, STORAGES, Adc, CellCodes, CimIntegers, CimMacro
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.presets import find_macro_preset
from quadcim.spec.technology import TECHNOLOGIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["add_cim_options", "cim_from_options"]

_DEFAULTS = CimMacro(1, 1, 4)
_NAMED = ("activation_bits", "signed", "bits_per_cycle", "encoding", "storage", "banks", "technology")


def add_cim_options(command: argparse.ArgumentParser) -> None:
    """Add the options of a macro."""
    command.add_argument("--preset", metavar="NAME",
                         help="where unnamed settings come from (see `quadcim list presets`; default: those below)")
    for name, text in (("rows", "activations, 1 to 1024 (default: those of --weights)"),
                       ("columns", "results, 1 to 512 (default: those of --weights)")):
        command.add_argument(f"--{name}", type=number(int), metavar="N", help=text)
    command.add_argument("--activation-bits", type=number(int), metavar="N",
                         help=f"width of an activation, 1 to 8 (default: {_DEFAULTS.activation_bits})")
    command.add_argument("--signed", action="store_true", default=None, help="activations in two's complement")
    command.add_argument("--bits-per-cycle", type=number(int), metavar="N",
                         help="bits of each activation that enter in a cycle: a divisor of their width (default: 1)")
    command.add_argument("--encoding", metavar="NAME",
                         help="what weights stand for: " + " (0 and 1) or ".join(ENCODINGS)
                              + " (-1 and 1) (default: unipolar)")
    command.add_argument("--weights", type=Path, metavar="FILE",
                         help="constant weights, rows x columns of 0 and 1, or for bipolar ones of -1 and 1: FILE.npy, "
                              "FILE.csv, FILE.hex or text (docs/cim.md); without it they are loaded at run time")
    command.add_argument("--storage", metavar="NAME",
                         help="one of " + ", ".join(STORAGES) + " (default: constant with --weights, else registers)")
    command.add_argument("--banks", type=number(int), metavar="N",
                         help=f"sets of weights, of which a beat names one, 1 to {MAX_BANKS} (default: 1)")
    command.add_argument("--adc", metavar="ROWS:BITS:LOW:HIGH:STEP",
                         help="converters: ROWS rows at a time, results from LOW to HIGH in steps of STEP")
    command.add_argument("--cell-codes", metavar="BITS:ON:OFF",
                         help="conductance codes of the cells of constant weights, as of an analog array: their width, "
                              "and what a 1 and a 0 are programmed to")
    command.add_argument("--noise", metavar="NAME=VALUE,...",
                         help="noise of programming those codes: " + ", ".join(
                             setting.name.replace("_", "-") for setting in fields(CellNoise)))
    command.add_argument("--affine", type=Path, metavar="FILE.json",
                         help="scale, offset and bias (a number, or one for each column), and shift, rounding, "
                              "overflow and output format of the result")
    command.add_argument("--stages", type=stages_argument, metavar="N",
                         help="pipeline stages; or auto: the fewest for the clock (default: the preset's, or auto)")
    command.add_argument("--clock-mhz", type=number(float, *CLOCK_MHZ), metavar="F",
                         help="clock for --stages auto and for the target's constraints (default: the target's)")
    command.add_argument("--technology", metavar="NAME",
                         help="one of " + ", ".join(TECHNOLOGIES)
                              + " (default: the preset's, or without --preset the target's)")


def cim_from_options(options: argparse.Namespace, report: Report) -> tuple[CimMacro, CimIntegers, float]:
    """The macro and its integers, and the clock."""
    target = find_target(options.target)
    report("reading the settings")
    macro, integers = _macro(options, target.technology)
    report("choosing the number of stages")
    macro, clock_mhz = _staged(options, macro, integers, target.clock_mhz)
    return macro, integers, clock_mhz


def _staged(options: argparse.Namespace, macro: CimMacro, integers: CimIntegers,
            usual_mhz: float) -> tuple[CimMacro, float]:
    """The macro with its stages, and the clock. What the options do not name gives way."""
    from quadcim.hw.cim.plan import closest_macro_stages_to_clock, macro_stages_for_clock, plan_macro

    clock_mhz = options.clock_mhz or usual_mhz
    if isinstance(options.stages, int):
        return macro, clock_mhz
    if options.stages is None and options.preset:
        with suppress(IllegalSetting):
            plan_macro(macro, integers)
            return macro, clock_mhz
    if options.clock_mhz:
        return replace(macro, stages=macro_stages_for_clock(macro, integers, clock_mhz)), clock_mhz
    stages, clock_mhz = closest_macro_stages_to_clock(macro, integers, clock_mhz)
    return replace(macro, stages=stages), clock_mhz


def _macro(options: argparse.Namespace, technology: str) -> tuple[CimMacro, CimIntegers]:
    """The macro and its integers."""
    preset = replace(_DEFAULTS, technology=technology) if options.preset is None else find_macro_preset(options.preset)
    cells = None if options.weights is None else read_weights(
        options.weights, encoding=options.encoding or preset.encoding, columns=options.columns)
    given = {name: getattr(options, name) for name in ("rows", "columns")}
    if options.preset and cells is None:
        given = {name: getattr(preset, name) if size is None else size for name, size in given.items()}
    rows, columns = (_size(name, size, None if cells is None else cells.shape[axis])
                     for axis, (name, size) in enumerate(given.items()))
    affine, narrow = ({}, None) if options.affine is None else read_affine(options.affine, columns)
    codes = CellCodes() if options.cell_codes is None else CellCodes(
        *_integers("cell-codes", "BITS:ON:OFF", options.cell_codes))
    named = {name: getattr(options, name) for name in _NAMED if getattr(options, name) is not None}
    if cells is not None:
        named.setdefault("storage", "constant")
    if options.adc:
        named["adc"] = Adc(*_integers("adc", "ROWS:BITS:LOW:HIGH:STEP", options.adc))
    if isinstance(options.stages, int):
        named["stages"] = options.stages
    macro = replace(preset, rows=rows, columns=columns, codes=codes, narrow=narrow, **named)
    if options.noise is not None or codes != CellCodes():
        cells = _programmed(macro, cells, options.noise or "")
    integers = CimIntegers(None if cells is None else tuple(map(tuple, cells.tolist())), **affine)
    macro.check(integers)
    return macro, integers


def _size(option: str, given: int | None, found: int | None) -> int:
    """A side of the macro, as it is given or as the weights have it."""
    size = found if given is None else given
    if size is None:
        raise IllegalSetting(option, "given, unless --weights says it", "nothing")
    if found not in (None, size):
        raise IllegalSetting(option, f"the {found} of --weights", given)
    return size


def _integers(option: str, form: str, text: str) -> list[int]:
    """Whole numbers between colons."""
    words = text.split(":")
    if len(words) != len(form.split(":")) or not all(re.fullmatch("-?[0-9]{1,9}", word) for word in words):
        raise IllegalSetting(option, f"whole numbers {form}", text)
    return [int(word) for word in words]


def _programmed(macro: CimMacro, cells: "NDArray | None", text: str) -> "NDArray":
    """The codes that cells of constant weights come to hold."""
    if cells is None:
        raise IllegalSetting("noise", "given with --weights", text)
    noise = _noise(text)
    import torch

    from quadcim.models.cell_noise import program

    return program(macro, torch.from_numpy(cells), noise).numpy()


def _noise(text: str) -> CellNoise:
    kinds = {setting.name.replace("_", "-"): int if setting.name == "seed" else float for setting in fields(CellNoise)}
    given: dict[str, Any] = {}
    for part in filter(None, text.split(",")):
        name, _equals, value = part.partition("=")
        if name.replace("-", "_") in given:
            raise IllegalSetting("noise", "NAME=VALUE, each name once", part)
        try:
            given[name.replace("-", "_")] = number(kinds[name])(value)
        except (KeyError, argparse.ArgumentTypeError):
            raise IllegalSetting("noise", f"NAME=VALUE of {', '.join(kinds)}", part) from None
    try:
        return CellNoise(**given)
    except IllegalSetting as error:
        raise error.as_part_of("noise") from None
