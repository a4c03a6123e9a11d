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
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyosys

__all__ = ["ABC", "Pass", "YosysFailure", "run_passes"]

Pass = str | Sequence[str | Path]
"""A line, or a list of words; a word that is a Path is a file to read."""

ABC = Path(pyosys.__path__[0], "yosys-abc")
"""The ABC that Yosys brings."""
_SAID = 500


class YosysFailure(RuntimeError):
    """Yosys stopped with an error."""


def run_passes(*passes: Pass, beside: Iterable[Path] = ()) -> None:
    """Run Yosys passes, in order, on a new design, quietly.

    A pass is a line, or a list of words where one of them is a name or a path. Files to read are handed over as Path:
    Yosys and ABC get to see them by links, since a name that begins with a dash or a tilde, or has quotes, brackets,
    stars or an end of a line in it, would be more to them than a name. Files `beside` the sources are those that
    sources read by their bare names (``$readmemh``).

    Raises
    ------
    YosysFailure
        With the error that Yosys gave, in a line.
    """
    # A failure leaves ABC's files behind.
    with tempfile.TemporaryDirectory() as scratch:
        links: dict[str, Path] = {}
        words = [line if isinstance(line, str) else [_seen(word, Path(scratch), links) for word in line]
                 for line in passes]
        for path in beside:
            Path(scratch, path.name).symlink_to(path.absolute())
        run = subprocess.run([sys.executable, "-P", __file__], input=json.dumps(words),
                             env=os.environ | {"TMPDIR": scratch}, capture_output=True, text=True,
                             errors="replace", check=False)
    if run.returncode:
        said = run.stdout + run.stderr
        error = re.search(r"^ERROR: (.*)", said, re.MULTILINE)
        reason = error[1] if error else said[-_SAID:].strip() or "it said nothing"
        for link, path in links.items():
            reason = reason.replace(link, str(path))
        raise YosysFailure(f"Yosys failed: {'ABC gave up' if 'ABC output file' in reason else reason}")


def _seen(word: str | Path, folder: Path, links: dict[str, Path]) -> str:
    """A word as Yosys sees it."""
    if isinstance(word, str):
        return word
    link = folder / f"{len(links)}{re.sub('[^.a-z]', '', word.suffix)}"
    link.symlink_to(word.absolute())
    links[str(link)] = word
    return str(link)


if __name__ == "__main__":
    from pyosys import libyosys  # pyright: ignore[reportAttributeAccessIssue] - a compiled module

    design = libyosys.Design()
    for words in json.load(sys.stdin):
        libyosys.Pass.call(design, shlex.split(words) if isinstance(words, str) else words)
