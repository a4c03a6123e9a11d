"""Yosys in this process."""

import shlex
from collections.abc import Sequence

from pyosys import libyosys  # pyright: ignore[reportAttributeAccessIssue] - a compiled module

__all__ = ["run_passes"]


def run_passes(*passes: str | Sequence[str]) -> None:
    """Run Yosys passes, in order, on a new design, quietly.

    A pass is a line, or a list of words where one of them is a path.
    """
    design = libyosys.Design()
    for words in passes:
        libyosys.Pass.call(design, ["tee", "-q", *(shlex.split(words) if isinstance(words, str) else words)])
