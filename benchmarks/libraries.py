"""The cell libraries that benchmarks map to."""

import os
from pathlib import Path

__all__ = ["NO_LIBRARY", "libraries"]

NO_LIBRARY = ("No library: name Liberty files by QUADCIM_LIBERTY, or apt-get install qflow-tech-osu018 "
              "qflow-tech-osu035.")
_OPEN = tuple(Path("/", "usr/share/qflow/tech", name, f"{name}_stdcells.lib") for name in ("osu018", "osu035"))


def libraries() -> list[Path]:
    """The files that ``QUADCIM_LIBERTY`` lists, as a search path does, or those that the system has."""
    named = os.environ.get("QUADCIM_LIBERTY", "")
    return [Path(name) for name in named.split(os.pathsep) if name] or [path for path in _OPEN if path.is_file()]
