"""The activation unit that options of the command line describe."""

import argparse
import dataclasses
from contextlib import suppress

from quadcim.arguments import number, stages_argument
from quadcim.boards.targets import CLOCK_MHZ, find_target
from quadcim.fit.freeze import WIDEST_FIT
from quadcim.spec.activation import FORMATS, ROUNDINGS, Activation
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.functions import FUNCTIONS, find_function, usual_formats
from quadcim.spec.integers import METHODS
from quadcim.spec.presets import find_preset
from quadcim.spec.technology import TECHNOLOGIES
from quadcim.spec.unit import FLOW_CONTROLS, ActivationUnit

__all__ = ["activation_from_options", "add_activation_options"]

_PRESET = "phi16"


def add_activation_options(command: argparse.ArgumentParser) -> None:
    """Add the options of a unit."""
    command.add_argument("--preset", metavar="NAME",
                         help=f"where unnamed settings come from (default: {_PRESET}; see `quadcim list presets`)")
    command.add_argument("--function", metavar="NAME",
                         help="a name of `quadcim list functions`, or your own: FILE.py:FUNCTION, which is run at "
                              "every input, or FILE.csv with rows of x and y (default: the preset's)")
    usual = "(default: the preset's; of another function its usual one, which one of your own has not)"
    for name, examples in (("input", "SQ2.14 or UQ3.7"), ("output", "SQ2.14 or SQ1.7")):
        command.add_argument(f"--{name}", metavar="FORMAT", help=f"format of the {name}, such as {examples} {usual}")
    command.add_argument("--rounding", metavar="MODE",
                         help="one of " + ", ".join(ROUNDINGS)
                              + " (default: the preset's; of another function faithful)")
    command.add_argument("--stages", type=stages_argument, metavar="N",
                         help="pipeline stages, 0 for combinational; or auto: the fewest that meet the clock "
                              "(default: the preset's, or auto)")
    command.add_argument("--clock-mhz", type=number(float, *CLOCK_MHZ), metavar="F",
                         help="clock for --stages auto and for the target's constraints (default: the target's)")
    command.add_argument("--method", metavar="NAME",
                         help="how to evaluate the function: " + ", ".join(METHODS)
                              + " (default: the preset's; of another function auto)")
    command.add_argument("--technology", metavar="NAME",
                         help="one of " + ", ".join(TECHNOLOGIES)
                              + " (default: the preset's, or without --preset the target's)")
    command.add_argument("--flow-control", metavar="KIND",
                         help="one of " + ", ".join(FLOW_CONTROLS) + " (default: the preset's)")


def _activation(options: argparse.Namespace, preset: Activation) -> Activation:
    """The activation that the options describe: over the preset's, or another function in its usual formats."""
    from quadcim.fit.custom import is_file, user_activation

    function = options.function or preset.function
    given = {name: Format.parse(getattr(options, name), option=name, widths=FORMATS) for name in ("input", "output")
             if getattr(options, name)}
    if function == preset.function:
        formats = {"input": preset.input, "output": preset.output} | given
        return Activation(function, formats["input"], formats["output"], options.rounding or preset.rounding)
    rounding = options.rounding or "faithful"
    if not is_file(function) and function not in FUNCTIONS:
        raise IllegalSetting("function", f"one of {', '.join(FUNCTIONS)}, or FILE.py:FUNCTION or FILE.csv", function)
    if is_file(function):
        for name in ("input", "output"):
            if name not in given:
                raise IllegalSetting(name, "given for a function of your own", "nothing")
        return user_activation(function, **given, rounding=rounding)
    width = min(preset.input.width, WIDEST_FIT)
    usual = dict(zip(("input", "output"), usual_formats(find_function(function), width), strict=True))
    formats = usual | given
    return Activation(function, formats["input"], formats["output"], rounding)


def activation_from_options(options: argparse.Namespace) -> tuple[ActivationUnit, float]:
    """The unit that the options describe, over their preset, and the clock. What they do not name gives way."""
    from quadcim.hw.activation.plans import closest_stages_to_clock, stages_for_clock, unit_plan

    preset, target = find_preset(options.preset or _PRESET), find_target(options.target)
    activation = _activation(options, preset.activation)
    technology, flow_control, method = target.technology, preset.flow_control, "auto"
    if options.preset and not (preset.technology == "ultrascale" and not target.fpga):
        technology = preset.technology
    if activation.function == preset.activation.function:
        method = preset.method
    unit = ActivationUnit(activation, 0, options.flow_control or flow_control, options.technology or technology,
                          options.method or method)
    clock_mhz = options.clock_mhz or target.clock_mhz
    if isinstance(options.stages, int):
        unit = dataclasses.replace(unit, stages=options.stages)
        unit_plan(unit)
        return unit, clock_mhz
    if options.stages is None and (options.preset or activation == preset.activation):
        with suppress(IllegalSetting):
            unit_plan(staged := dataclasses.replace(unit, stages=preset.stages))
            return staged, clock_mhz
    if options.clock_mhz:
        return dataclasses.replace(unit, stages=stages_for_clock(unit, clock_mhz)), clock_mhz
    stages, clock_mhz = closest_stages_to_clock(unit, clock_mhz)
    return dataclasses.replace(unit, stages=stages), clock_mhz
