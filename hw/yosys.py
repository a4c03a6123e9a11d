"""Yosys in a process of its own for each design.

What Yosys makes of a design depends on the designs that its process saw before: it counts on with the numbers that it
names by, and orders the operands of an expression by when a name first came up. So equal designs give equal bytes only
in a new process, which costs a tenth of a second, and which an error of Yosys ends in place of this one.
"""

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

__all__ = ["ABC", "YosysFailure", "run_passes"]

ABC = Path(pyosys.__path__[0], "yosys-abc")
"""The ABC that Yosys brings."""
_SAID = 500


class YosysFailure(RuntimeError):
    """Yosys stopped with an error."""


def run_passes(*passes: str | Sequence[str]) -> None:
    """Run Yosys passes, in order, on a new design, quietly.

    A pass is a line, or a list of words where one of them is a path.

    Raises
    ------
    YosysFailure
        With the error that Yosys gave, in a line.
    """
    # A failure leaves ABC's files behind.
    with tempfile.TemporaryDirectory() as scratch:
        run = subprocess.run([sys.executable, "-P", __file__], input=json.dumps(passes),
                             env=os.environ | {"TMPDIR": scratch}, capture_output=True, text=True, check=False)
    if run.returncode:
        said = run.stdout + run.stderr
        error = re.search(r"^ERROR: (.*)", said, re.MULTILINE)
        reason = error[1] if error else said[-_SAID:].strip() or "it said nothing"
        raise YosysFailure(f"Yosys failed: {'ABC gave up' if 'ABC output file' in reason else reason}")


if __name__ == "__main__":
    from pyosys import libyosys  # pyright: ignore[reportAttributeAccessIssue] - a compiled module

    design = libyosys.Design()
    for words in json.load(sys.stdin):
        libyosys.Pass.call(design, shlex.split(words) if isinstance(words, str) else words)
