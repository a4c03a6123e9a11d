"""The libraries that tests use: an invented one, and those of the host."""

import os
import shutil
from pathlib import Path

import pytest

from benchmarks.libraries import libraries

__all__ = ["LIBRARIES", "NEEDS_ICARUS", "NEEDS_STA", "TINY", "library_file"]

TINY = Path(__file__).with_name("tiny.lib")
_OSU = "usr/share/qflow/tech"
LIBRARIES = {
    "tiny": TINY, **{name: Path("/", _OSU, name, f"{name}_stdcells.lib") for name in ("osu018", "osu035")},
    "named": libraries()[0] if os.environ.get("QUADCIM_LIBERTY") else Path("QUADCIM_LIBERTY")}
NEEDS_ICARUS = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus: apt-get install iverilog")
NEEDS_STA = pytest.mark.skipif(shutil.which("sta") is None, reason="needs OpenSTA: apt-get install opensta")


def library_file(name: str) -> Path:
    """The Liberty file, or a skipped test."""
    path = LIBRARIES[name]
    if not path.is_file():
        hint = "set QUADCIM_LIBERTY to a Liberty file" if name == "named" else f"apt-get install qflow-tech-{name}"
        pytest.skip(f"needs the library: {hint}")
    return path
