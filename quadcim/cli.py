"""The command line. Heavy modules are imported by the command that needs them."""

import argparse
import dataclasses
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

from quadcim import __version__
from quadcim.arguments import MOST_BEATS, MOST_SEEDS, add_case_options, number, stages_argument
from quadcim.boards.targets import CLOCK_MHZ, TARGETS, find_target
from quadcim.cli_cim import add_generate_cim, print_case
from quadcim.cli_cnn import add_train_cnn
from quadcim.cli_regress import add_regress
from quadcim.cli_sweep import add_report, add_sweep
from quadcim.cli_synth import add_synth
from quadcim.files import TRAINING, check_output_folder
from quadcim.fit.freeze import WIDEST_FIT
from quadcim.progress import Progress
from quadcim.scratch import reclaim
from quadcim.sim.tools import ToolError, find_simulator, simulator_lines
from quadcim.spec.activation import FORMATS, ROUNDINGS, Activation
from quadcim.spec.cim import CimMacro
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.formats import Format
from quadcim.spec.functions import FUNCTIONS, find_function, usual_formats
from quadcim.spec.integers import METHODS
from quadcim.spec.presets import MACRO_PRESETS, PRESETS, find_preset
from quadcim.spec.technology import TECHNOLOGIES
from quadcim.spec.training import INR_ACTIVATIONS, InrTraining
from quadcim.spec.unit import FLOW_CONTROLS, ActivationUnit

__all__ = ["main"]


_PRESET = "phi16"
_LONGEST = 1000
"""Letters of an error."""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line; what it parses names the parser of the command: ``parser``."""

    def __init__(self, *args: Any, **settings: Any):
        super().__init__(*args, **settings)
        self.set_defaults(parser=self)  # a command's own replaces that of all commands

    def has_option(self, name: str) -> bool:
        """Whether the command takes ``--name``."""
        return f"--{name}" in self._option_string_actions

    def error(self, message: str) -> NoReturn:
        raise SystemExit(_complain(self.prog, message.removeprefix("argument ")))


def _complain(prog: str, message: str) -> int:
    """Say what is wrong in one line, whatever words of a file are in it."""
    line = "".join(letter if letter.isprintable() else "\ufffd" for letter in " ".join(message.split()))
    print(f"{prog}: error: {line if len(line) <= _LONGEST else f'{line[:_LONGEST]}...'}", file=sys.stderr)
    return 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns 0 on success, 1 when a check fails, 2 for wrong use."""
    try:
        return _run(_parser().parse_args(arguments))
    except BrokenPipeError:
        return 0
    except OSError as error:
        return _complain("quadcim", str(error))
    except ToolError as error:
        print(f"quadcim: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("quadcim: interrupted", file=sys.stderr)
        return 130


def _run(options: argparse.Namespace) -> int:
    """Run the command that was parsed; what it names is an option only if the command has it."""
    try:
        with _stopped_by_terminate():
            return options.run(options)
    except IllegalSetting as error:
        return _complain("quadcim", f"--{error}" if options.parser.has_option(error.option) else str(error))


@contextmanager
def _stopped_by_terminate() -> Iterator[None]:
    """Make SIGTERM end the command as Ctrl-C does, where no `quadcim.guard` has it do more."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="quadcim", description="Generate and simulate hardware for implicit neural "
                     "representations and compute-in-memory, and train networks for it.")
    parser.add_argument("--version", action="version", version=f"quadcim {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_list(commands)
    generate = commands.add_parser("generate", help="write a case: Verilog, vectors, testbench, report")
    kinds = generate.add_subparsers(dest="kind", required=True, metavar="KIND")
    _add_generate_activation(kinds)
    add_generate_cim(kinds)
    _add_simulate(commands)
    add_regress(commands)
    add_synth(commands)
    add_sweep(commands)
    add_report(commands)
    train = commands.add_parser("train", help="train a network and freeze it to integers")
    kinds = train.add_subparsers(dest="kind", required=True, metavar="KIND")
    _add_train_inr(kinds)
    add_train_cnn(kinds)
    return parser


def _add_list(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser("list", help="list functions, presets, targets or simulators")
    command.add_argument("what", nargs="?", choices=["functions", "presets", "targets", "simulators"],
                         help="default: all of them")
    command.set_defaults(run=_list)


def _preset_line(unit: ActivationUnit) -> str:
    activation = unit.activation
    return (f"{activation.function} {activation.input} -> {activation.output} {activation.rounding}, "
            f"{unit.stages} stages, {unit.flow_control}")


def _macro_line(macro: CimMacro) -> str:
    return (f"{macro.rows} x {macro.columns} {macro.encoding} weights in {macro.storage}, {macro.banks} banks; "
            f"{macro.activation} activations, {macro.bits_per_cycle} bits a cycle; {macro.stages} stages"
            + (", converters" if macro.adc else ""))


def _function_lines() -> list[tuple[str, str]]:
    """Each function, then what its combinational faithful unit takes in its usual formats."""
    path = Path(__file__).with_name("functions.json")
    figures = json.loads(path.read_text(encoding="ascii")) if path.is_file() else {}
    lines = []
    for function in FUNCTIONS.values():
        traits = [function.symmetry] if function.symmetry != "none" else []
        traits += [f"period {function.period}"] if function.period else []
        reach = 2 ** (function.domain_bits - 1)
        lines.append((function.name, (f"{function.formula} on [-{reach}, {reach}); "
                                     f"{', '.join([*traits, function.source])}")))
        lines += [("", (f"{width:>2} bits: {entry['lut']} LUT (fpga) or {entry['gates']} gate equivalents (generic), "
                       f"error at most {entry['max_error_ulp']:.6f} ulp"))
                  for width, entry in figures.get(function.name, {}).items()]
    return lines


def _list(options: argparse.Namespace) -> int:
    tables: dict[str, Callable[[], list[tuple[str, str]]]] = {
        "functions": _function_lines,
        "presets": lambda: [(name, _preset_line(u)) for name, u in PRESETS.items()]
        + [(name, _macro_line(macro)) for name, macro in MACRO_PRESETS.items()],
        "targets": lambda: [(t.name, t.description) for t in TARGETS.values()],
        "simulators": simulator_lines,
    }
    for title, rows in tables.items():
        if options.what in (None, title):
            if options.what is None:
                print(f"{title}:")
            for name, text in rows():
                print(f"  {name:<20}{text}")
    return 0


def _add_generate_activation(kinds: argparse._SubParsersAction) -> None:
    command = kinds.add_parser("activation", help="a pipelined activation unit")
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
    add_case_options(command)
    command.set_defaults(run=_generate_activation)


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
        for name in {"input", "output"} - given.keys():
            raise IllegalSetting(name, "given for a function of your own", "nothing")
        return user_activation(function, **given, rounding=rounding)
    width = min(preset.input.width, WIDEST_FIT)
    usual = dict(zip(("input", "output"), usual_formats(find_function(function), width), strict=True))
    formats = usual | given
    return Activation(function, formats["input"], formats["output"], rounding)


def _unit(options: argparse.Namespace) -> tuple[ActivationUnit, float]:
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


def _generate_activation(options: argparse.Namespace) -> int:
    from quadcim.generate import generate_activation

    with Progress() as report:
        report("fitting the function")
        unit, clock_mhz = _unit(options)
        generate_activation(unit, target=find_target(options.target), clock_mhz=clock_mhz, out=options.out,
                            reset=options.reset, user_bits=options.user_bits, name=options.name, force=options.force,
                            report=report)
    return print_case(options.out)


def _add_simulate(commands: argparse._SubParsersAction) -> None:
    command = commands.add_parser("simulate", help="run the cocotb testbench on a case")
    command.add_argument("case", type=Path, metavar="DIR", help="a case directory")
    command.add_argument("--simulator", metavar="NAME",
                         help="icarus or verilator (default: the first of them that is installed)")
    command.add_argument("--beats", type=number(int, 0, MOST_BEATS), default=0, metavar="N",
                         help="random beats on top of the case's own vectors (default: 0)")
    command.add_argument("--seed", type=number(int, 0, MOST_SEEDS), default=0, metavar="N",
                         help="seed of the stalls and of the random beats (default: 0)")
    command.add_argument("--waves", action="store_true", help="write a waveform beside the results")
    command.set_defaults(run=_simulate)


def _simulate(options: argparse.Namespace) -> int:
    from quadcim.sim.case import Case

    reclaim(options.case.absolute().parent)  # a kill may have left the case aside
    simulator, case = find_simulator(options.simulator), Case.load(options.case)
    from quadcim.sim.cosim import simulate

    result = simulate(case, simulator=simulator, beats=options.beats, seed=options.seed,
                      waves=options.waves)
    for failure in result.failures:
        print(failure)
    print(f"{'FAIL' if result.failed else 'PASS'}: {result.summary} with {simulator.name}, seed {options.seed}")
    for path in result.artefacts:
        print(path)
    return 1 if result.failed else 0


def _add_train_inr(kinds: argparse._SubParsersAction) -> None:
    command = kinds.add_parser("inr", help="fit an implicit neural representation to a picture, and freeze it")
    command.add_argument("--image", type=Path, required=True, metavar="FILE", help="the picture, grey or colour")
    command.add_argument("--out", type=Path, required=True, metavar="DIR",
                         help="the folder to write: checkpoint, frozen network, metrics, comparison picture")
    for name, kind, text in _TRAINING_OPTIONS:
        default = _DEFAULTS[name]
        command.add_argument(f"--{name.replace('_', '-')}", type=number(kind) if kind is not str else str,
                             default=default, metavar="NAME" if kind is str else "N",
                             help=text if default is None else f"{text} (default: {default})")
    command.add_argument("--force", action="store_true", help="replace an older training there")
    command.set_defaults(run=_train_inr)


_DEFAULTS = {field.name: field.default for field in dataclasses.fields(InrTraining)}
_TRAINING_OPTIONS: tuple[tuple[str, type, str], ...] = (
    ("size", int, "shrink the picture to at most so many pixels on its longest side"),
    ("hidden", int, "width of the hidden layers"),
    ("layers", int, "number of hidden layers"),
    ("activation", str, "one of " + ", ".join(INR_ACTIVATIONS) + "; only quad is frozen"),
    ("omega", float, "frequency of the activations"),
    ("steps", int, "optimiser steps"),
    ("fine_tune_steps", int, "further steps through the very integers that the network is frozen to; for quad only"),
    ("lr", float, "learning rate at the start, by default one that suits omega"),
    ("seed", int, "seed of the initial weights and the choice of pixels"),
    ("weight_bits", int, "width of the frozen weights"),
    ("activation_bits", int, "width of the frozen activations"),
    ("first_layer_bits", int, "width of the first layer's frozen weights, which carry the frequencies"),
)


def _train_inr(options: argparse.Namespace) -> int:
    settings = InrTraining(**{name: getattr(options, name) for name, _kind, _text in _TRAINING_OPTIONS})
    check_output_folder(options.out, marker=TRAINING, force=options.force)
    from quadcim.models.inr.image import read_image

    read_image(options.image)  # refuse a bad picture before PyTorch takes its seconds to start
    from quadcim.models.inr.train import train_inr

    metrics = train_inr(settings, image=options.image, out=options.out, force=options.force)
    for name in sorted(path.name for path in options.out.iterdir()):
        print(options.out / name)
    results = [f"{metrics['psnr_float_db']} dB in floating point"]
    if "psnr_integer_db" in metrics:
        results.append(f"{metrics['psnr_integer_db']} dB in integers, digest {metrics['digest'][:12]}")
    print(f"PSNR {', '.join(results)}; fitted in {metrics['fit_seconds']} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
