"""Drivers in C++: compiled once, and called with arrays."""

import ctypes
import hashlib
from functools import cache
from pathlib import Path

from numpy.typing import NDArray

from quadcim.cache import cached_folder
from quadcim.sim.tools import cxx_compiler, cxx_version, run_tool

__all__ = ["CXX_FLAGS", "POINTER", "driver", "pointer"]

POINTER = ctypes.c_void_p
CXX_FLAGS = ["-std=c++17", "-O3", "-fPIC", "-w"]


def pointer(array: NDArray) -> ctypes.c_void_p:
    """Where an array's numbers are."""
    return array.ctypes.data_as(POINTER)


@cache
def driver(source: Path) -> ctypes.CDLL:
    """A driver in C++, from the cache or compiled now; it is the same for every design."""
    compiler = cxx_compiler()
    key = hashlib.sha256("\0".join([compiler, cxx_version(), str(CXX_FLAGS), source.read_text()]).encode())

    def build(folder: Path) -> None:
        run_tool([compiler, *CXX_FLAGS, "-shared", "-o", folder / "driver.so", source])

    return ctypes.CDLL(str(cached_folder("bulk", key.hexdigest(), build) / "driver.so"))
