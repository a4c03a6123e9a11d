"""Yosys in a process of its own: an error of it ends the process it runs in."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence

from quadcim.sim.tools import ToolError

__all__ = ["run_apart"]


def run_apart(*passes: str | Sequence[str]) -> None:
    """Run Yosys passes, in order, on a new design; see `quadcim.hw.yosys.run_passes`.

    Raises
    ------
    ToolError
        If Yosys fails; it says why.
    """
    run = subprocess.run([sys.executable, "-m", "quadcim.synth.yosys"], input=json.dumps(passes), capture_output=True,
                         text=True, check=False)
    if run.returncode:
        said = run.stdout + run.stderr
        error = re.search(r"ERROR: (.*)", said)
        raise ToolError(f"Yosys failed: {error[1] if error else said[-500:].strip() or 'it said nothing'}")


def _run() -> None:
    from pyosys import libyosys  # pyright: ignore[reportAttributeAccessIssue] - a compiled module

    design = libyosys.Design()
    for words in json.load(sys.stdin):
        # Not quietly: what ends the process would say nothing either.
        libyosys.Pass.call(design, shlex.split(words) if isinstance(words, str) else words)


if __name__ == "__main__":
    _run()
