"""Yosys in a process of its own, whose failure is that of a tool."""

from collections.abc import Iterable
from pathlib import Path

from quadcim.hw.emit.yosys import Pass, YosysFailure, run_passes
from quadcim.sim.tools import ToolError

__all__ = ["run_yosys"]


def run_yosys(*passes: Pass, beside: Iterable[Path] = ()) -> None:
    """Run Yosys passes, in order, on a new design; see `quadcim.hw.emit.yosys.run_passes`.

    Raises
    ------
    ToolError
        If Yosys fails; it says why, in a line.
    """
    try:
        run_passes(*passes, beside=beside)
    except YosysFailure as error:
        raise ToolError(str(error)) from None
