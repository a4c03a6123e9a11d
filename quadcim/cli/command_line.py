"""What all commands share: the parser, errors in one line, ends by signals."""

import argparse
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from quadcim import __version__
from quadcim.cli.generate import add_generate
from quadcim.cli.import_inr import add_import_inr
from quadcim.cli.list import add_list
from quadcim.cli.prove import add_prove
from quadcim.cli.regress import add_regress
from quadcim.cli.report import add_report
from quadcim.cli.simulate import add_simulate
from quadcim.cli.sweep import add_sweep
from quadcim.cli.synth import add_synth
from quadcim.cli.train_cnn import add_train_cnn
from quadcim.cli.train_inr import add_train_inr
from quadcim.sim.tools import ToolError
from quadcim.spec.errors import IllegalSetting

__all__ = ["main"]


_LONGEST = 1000
"""Letters of an error."""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line; what it parses names the parser of the command: ``parser``."""

    def __init__(self, *args: Any, **settings: Any):
        super().__init__(*args, **{"allow_abbrev": False} | settings)  # a new option must not change what is meant
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
    add_list(commands)
    add_generate(commands)
    add_simulate(commands)
    add_regress(commands)
    add_synth(commands)
    add_prove(commands)
    add_sweep(commands)
    add_report(commands)
    train = commands.add_parser("train", help="train a network and freeze it to integers")
    kinds = train.add_subparsers(dest="kind", required=True, metavar="KIND")
    add_train_inr(kinds)
    add_train_cnn(kinds)
    imports = commands.add_parser("import", help="read a network of another repository, and freeze it to integers")
    add_import_inr(imports.add_subparsers(dest="kind", required=True, metavar="KIND"))
    return parser
