"""The command line. Heavy modules are imported by the command that needs them."""

import argparse
import dataclasses
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from quadcim import __version__
from quadcim.arguments import MOST_BEATS, MOST_SEEDS, add_case_options, number
from quadcim.boards.targets import TARGETS, find_target
from quadcim.cli_cnn import add_train_cnn
from quadcim.cli_prove import add_prove
from quadcim.cli_regress import add_regress
from quadcim.cli_sweep import add_report, add_sweep
from quadcim.cli_synth import add_synth
from quadcim.cores.catalogue import cores
from quadcim.cores.core import AnyCore
from quadcim.files import TRAINING, check_output_folder
from quadcim.progress import Progress
from quadcim.scratch import reclaim
from quadcim.sim.tools import ToolError, find_simulator, simulator_lines
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.training import INR_ACTIVATIONS, InrTraining

__all__ = ["main"]


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
    words = sys.argv[1:] if arguments is None else arguments
    try:
        _refuse_empty(words)
        return _run(_parser().parse_args(words))
    except IllegalSetting as error:
        return _complain("quadcim", str(error))
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


def _refuse_empty(words: Sequence[str]) -> None:
    """Refuse arguments without a letter, as variables that a shell does not have leave them behind."""
    for before, word in zip(["", *words], words, strict=False):
        name, sign, value = word.partition("=")
        if not word or (name.startswith("--") and sign and not value):
            option = name or before
            raise IllegalSetting(option if option.startswith("-") else "argument", "something", "")


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
    _add_generate(commands)
    _add_simulate(commands)
    add_regress(commands)
    add_synth(commands)
    add_prove(commands)
    add_sweep(commands)
    add_report(commands)
    train = commands.add_parser("train", help="train a network and freeze it to integers")
    kinds = train.add_subparsers(dest="kind", required=True, metavar="KIND")
    _add_train_inr(kinds)
    add_train_cnn(kinds)
    return parser


def _tables() -> dict[str, Callable[[], list[tuple[str, str]]]]:
    """What can be listed."""
    return {
        **{name: lines for core in cores().values() for name, lines in core.lists.items()},
        "presets": lambda: [(name, core.summary(spec)) for core in cores().values()
                            for name, spec in core.presets.items()],
        "targets": lambda: [(target.name, target.description) for target in TARGETS.values()],
        "simulators": simulator_lines,
    }


def _add_list(commands: argparse._SubParsersAction) -> None:
    *others, last = _tables()
    command = commands.add_parser("list", help=f"list {', '.join(others)} or {last}")
    command.add_argument("what", nargs="?", choices=[*others, last], help="default: all of them")
    command.set_defaults(run=_list)


def _list(options: argparse.Namespace) -> int:
    for title, rows in _tables().items():
        if options.what in (None, title):
            if options.what is None:
                print(f"{title}:")
            for name, text in rows():
                print(f"  {name:<20}{text}")
    return 0


def _add_generate(commands: argparse._SubParsersAction) -> None:
    generate = commands.add_parser("generate", help="write a case: Verilog, vectors, testbench, report")
    kinds = generate.add_subparsers(dest="kind", required=True, metavar="KIND")
    for core in cores().values():
        command = kinds.add_parser(core.name, help=core.help)
        core.add_options(command)
        add_case_options(command)
        command.set_defaults(run=partial(_generate, core))


def _generate(core: AnyCore, options: argparse.Namespace) -> int:
    from quadcim.generate import generate_case

    with Progress() as report:
        spec, integers, clock_mhz = core.from_options(options, report)
        generate_case(spec, integers, target=find_target(options.target), clock_mhz=clock_mhz, out=options.out,
                      reset=options.reset, user_bits=options.user_bits, name=options.name, force=options.force,
                      report=report)
    return _print_case(options.out)


def _print_case(out: Path) -> int:
    """Say what was generated."""
    from quadcim.cores.cases import load_case

    case = load_case(out)
    for name in case.manifest["files"]:
        print(out / name)
    print(f"{case.top}: latency {case.latency_cycles} cycles, digest {case.manifest['digest'][:12]}")
    return 0


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
    from quadcim.cores.cases import load_case

    reclaim(options.case.absolute().parent)  # a kill may have left the case aside
    simulator, case = find_simulator(options.simulator), load_case(options.case)
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
