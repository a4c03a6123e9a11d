"""The tools beside Yosys that figures of standard cells depend on."""

import shutil
import subprocess
from contextlib import suppress
from functools import cache

from quadcim.sim.tools import find_simulator
from quadcim.spec.errors import IllegalSetting

__all__ = ["cell_tools", "find_sta"]


def find_sta() -> str | None:
    """OpenSTA's executable, if it is installed."""
    return shutil.which("sta")


@cache
def cell_tools() -> dict[str, str]:
    """The versions of the simulator and of the timing analyser, those that are installed."""
    found = {}
    with suppress(IllegalSetting):
        found["icarus"] = find_simulator("icarus").version
    if sta := find_sta():
        run = subprocess.run([sta, "-version"], capture_output=True, text=True, check=False)
        found["opensta"] = run.stdout.partition("\n")[0].strip()
    return found
