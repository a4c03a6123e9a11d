"""Emitted Verilog before tools that others wrote: each check fails with what the tool says."""

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pyslang
import pytest

from quadcim.sim.tools import Simulator, find_simulator
from quadcim.spec.errors import IllegalSetting

__all__ = ["icarus_accepts", "ports_have_net_types", "slang_accepts", "verilator_accepts"]

# What -Wall of Verilator may say: a unit is one file of several modules; outputs that nobody reads, what an instance of
# a primitive leaves open, operands that Verilog itself widens and initial values beside a reset are matters of
# taste. The rest counts.
_WAIVED = ["-Wno-DECLFILENAME", "-Wno-UNUSEDSIGNAL", "-Wno-PINMISSING", "-Wno-UNUSEDPARAM", "-Wno-WIDTHEXPAND",
           "-Wno-PROCASSINIT"]
# What slang may say: operands of two widths or signs, which Verilog itself extends by rules that the text relies on,
# and what an instance of a primitive leaves open.
_WAIVED_BY_SLANG = {"ArithOpMismatch", "SignConversion", "UnconnectedOutputPort"}


def _installed(name: str) -> Simulator:
    try:
        return find_simulator(name)
    except IllegalSetting as error:
        pytest.skip(str(error))


def icarus_accepts(top: str, sources: Sequence[Path], *waived: str) -> None:
    """No word from Icarus, but for what is waived."""
    run = subprocess.run([_installed("icarus").executable, "-g2005", "-Wall", *waived, "-s", top, "-o", os.devnull,
                          *sources], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout + run.stderr) == (0, "")


def verilator_accepts(top: str, sources: Sequence[Path], *waived: str) -> None:
    """No word from Verilator's lint, but for what is waived."""
    run = subprocess.run([_installed("verilator").executable, "--lint-only", "-Wall", "--language", "1364-2005",
                          *_WAIVED, *waived, "--top-module", top, *sources], capture_output=True, text=True,
                         check=False)
    assert (run.returncode, run.stderr) == (0, "")


def slang_accepts(sources: Sequence[Path], *waived: str) -> None:
    """No word from slang, but for what is waived; it is told a time scale, since RTL has none."""
    options = pyslang.ast.CompilationOptions()
    options.defaultTimeScale = pyslang.TimeScale.fromString("1ns/1ps")
    compilation = pyslang.ast.Compilation(pyslang.Bag([options]))
    for path in sources:
        compilation.addSyntaxTree(pyslang.syntax.SyntaxTree.fromFile(str(path)))
    manager, legal = compilation.sourceManager, _WAIVED_BY_SLANG | {*waived}
    engine = pyslang.DiagnosticEngine(manager)
    found = [(_name(entry.code), Path(manager.getFileName(entry.location)).name,
              manager.getLineNumber(entry.location), engine.formatMessage(entry))
             for entry in compilation.getAllDiagnostics()]
    assert [entry for entry in found if entry[0] not in legal] == []


def ports_have_net_types(sources: Sequence[Path]) -> None:
    """Each port of a module is a wire or a register by its words: tools differ in what they do where that is left out.

    The inputs of functions are no nets, and have no such word.
    """
    for path in sources:
        text = re.sub(r"//.*|\"[^\"]*\"|\bfunction\b.*?;", "", path.read_text())
        assert re.findall(r"\b(?:input|output|inout)\b(?! (?:wire|reg)\b).*", text) == [], path.name


def _name(code: object) -> str:
    """The name of a kind of finding, which slang prints as ``DiagCode(Name)``."""
    return str(code).removeprefix("DiagCode(").removesuffix(")")
