"""Errors name options that exist, and limits that hold."""

import argparse
import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from quadcim import cli
from quadcim.cli.command_line import _parser
from quadcim.spec.errors import IllegalSetting

_SOURCES = Path(__file__).parents[1]
# What an error may speak of besides the options of some command.
_NO_OPTIONS = {
    "case": "a command's first argument", "file": "a command's first argument", "CXX": "a variable of the environment",
    "integers": "of a manifest", "network": "a file of Python callers",
    **dict.fromkeys(("activations", "expected", "inputs", "output_pause", "writes", "divisor", "format", "overflow",
                     "style", "contents", "setting", "shape", "engine"),
                    "an argument in Python, or a part of an option"),
    **dict.fromkeys(("sweep", "where", "measure", "kind", "search", "points", "search.minimise", "grid", "width",
                     "target_mhz"), "an entry of a sweep file"),
}


def _options(parser: argparse.ArgumentParser) -> set[str]:
    """Options of a parser and of the commands below it."""
    found = set(parser._option_string_actions)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found |= set().union(*map(_options, action.choices.values()))
    return found


def _errors() -> Iterator[tuple[ast.Call, str]]:
    """The places in the sources that make an error of a setting."""
    for folder in ("quadcim", "hw", "models", "sim", "boards"):
        for path in (_SOURCES / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args
                        and node.func.id in ("IllegalSetting", "check_whole", "check_one_of")):
                    yield node, f"{path}:{node.lineno}"


def _named() -> dict[str, str]:
    """The settings that errors name, and where."""
    return {str(call.args[0].value): where for call, where in _errors() if isinstance(call.args[0], ast.Constant)}


def test_every_setting_that_an_error_names_is_an_option_or_known_to_be_none():
    options, named = _options(_parser()), _named()
    assert len(named) > 40
    strange = {name: where for name, where in named.items() if f"--{name}" not in options and name not in _NO_OPTIONS}
    assert not strange


def test_options_that_an_error_advises_exist():
    options = _options(_parser())
    advised = {option: where for call, where in _errors() for node in ast.walk(call)
               if isinstance(node, ast.Constant) and isinstance(node.value, str)
               for option in re.findall("(?<![a-z])--[a-z][a-z0-9-]*", node.value)}
    assert len(advised) > 2 and not {option: where for option, where in advised.items() if option not in options}


@pytest.mark.parametrize("name, shown", [("rows", "--rows must be"), ("noise", "--noise gaussian must be"),
                                         ("db", "db must be"), ("function", "function must be")])
def test_only_options_of_the_command_have_dashes(name, shown, monkeypatch, capsys):
    def refuse(_options, _report):
        raise IllegalSetting(name, "another", "this", part="gaussian" if name == "noise" else "")

    monkeypatch.setattr("quadcim.cores.cim.core.cim_from_options", refuse)
    assert cli.main(["generate", "cim", "--out", "nowhere"]) == 2
    assert capsys.readouterr().err == f"quadcim: error: {shown} another, got 'this'\n"


def test_an_error_is_one_short_line_of_printable_letters(monkeypatch, capsys):
    def refuse(_options, _report):
        raise IllegalSetting("weights", "other than \x1b[2J\u202e\n" + "9" * 5000, "\x1b[31m" * 1000)

    monkeypatch.setattr("quadcim.cores.cim.core.cim_from_options", refuse)
    assert cli.main(["generate", "cim", "--out", "nowhere"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("quadcim: error: --weights must be other than \ufffd[2J\ufffd 999")
    assert len(said) < 1100 and said.endswith("...\n") and said[:-1].isprintable()


@pytest.mark.parametrize("words, message", [
    (["generate", "cim", "--rows", "1025", "--columns", "1"], "--rows must be a whole number from 1 to 1024, got 1025"),
    (["generate", "cim", "--rows", "0", "--columns", "1"], "--rows must be a whole number from 1 to 1024, got 0"),
    (["generate", "cim", "--rows", "9999999999999", "--columns", "1"], "--rows must be a whole number from 1 to 1024"),
    (["generate", "cim", "--rows", "1", "--columns", "1", "--activation-bits", "0"], "from 1 to 8, got 0"),
    (["generate", "activation", "--input", "SQ40.40"], "--input must be 2 to 32 bits wide with at most 30 fraction"),
    (["generate", "activation", "--output", "UQ0.1"], "--output must be 2 to 32 bits wide with at most 30 fraction"),
    (["generate", "cim", "--rows", "4", "--columns", "1", "--adc", "4:3:0:7:3"],
     "--adc step must be a power of two, got 3"),
    (["generate", "cim", "--rows", "4", "--columns", "1", "--adc", "4:3:0:999999999:1"],
     "--adc high must be a whole number from -1048576 to 1048576"),
])
def test_errors_name_the_real_limits(words, message, tmp_path, capsys):
    with_out = [*words, "--out", str(tmp_path / "out")]
    assert cli.main(with_out) == 2
    assert message in capsys.readouterr().err
