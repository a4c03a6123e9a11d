"""Yosys in this process, or in one of its own."""

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pyosys
from pyosys import libyosys  # pyright: ignore[reportAttributeAccessIssue] - a compiled module

__all__ = ["ABC", "YosysFailure", "run_passes", "run_passes_apart"]

ABC = Path(pyosys.__path__[0], "yosys-abc")
"""The ABC that Yosys brings."""
_SAID = 500


class YosysFailure(RuntimeError):
    """Yosys stopped with an error."""


def run_passes(*passes: str | Sequence[str]) -> None:
    """Run Yosys passes, in order, on a new design, quietly.

    A pass is a line, or a list of words where one of them is a path. An error of Yosys ends the process.
    """
    _run(passes, "tee", "-q")


def _run(passes: Sequence[str | Sequence[str]], *prefix: str) -> None:
    design = libyosys.Design()
    for words in passes:
        libyosys.Pass.call(design, [*prefix, *(shlex.split(words) if isinstance(words, str) else words)])


def run_passes_apart(*passes: str | Sequence[str]) -> None:
    """Run Yosys passes as `run_passes` does, in a process of their own, which an error ends in place of this one.

    Raises
    ------
    YosysFailure
        With the error that Yosys gave, in a line.
    """
    # A failure leaves ABC's files behind.
    with tempfile.TemporaryDirectory() as scratch:
        run = subprocess.run([sys.executable, "-m", "quadcim.hw.yosys"], input=json.dumps(passes),
                             env=os.environ | {"TMPDIR": scratch}, capture_output=True, text=True, check=False)
    if run.returncode:
        said = run.stdout + run.stderr
        error = re.search(r"^ERROR: (.*)", said, re.MULTILINE)
        reason = error[1] if error else said[-_SAID:].strip() or "it said nothing"
        raise YosysFailure(f"Yosys failed: {'ABC gave up' if 'ABC output file' in reason else reason}")


if __name__ == "__main__":
    _run(json.load(sys.stdin))
