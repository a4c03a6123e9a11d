"""The processes of a run: all that it started, and what those started.

A run tells its processes where to put temporary files, and so they carry its mark in their environment, whoever started
them. Linux shows it under ``/proc``; elsewhere nothing is found, and only what a process waits for ends with it.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["TMPDIR", "end_processes", "processes_of"]

TMPDIR = "TMPDIR"
_PATIENCE_S, _PAUSE_S = 2, 0.01
# Python's own, which unlinks what processes share when the last of them has gone.
_TIDIES = b"multiprocessing.resource_tracker"


def processes_of(run: Path) -> Iterator[int]:
    """The living processes that work in a run's temporary folder, or in one inside it."""
    mark = f"{TMPDIR}=".encode() + os.fsencode(run)
    with suppress(OSError), os.scandir("/proc") as entries:
        for number in [entry.name for entry in entries if entry.name.isdigit()]:
            with suppress(OSError):
                environment = Path("/proc", number, "environ").read_bytes().split(b"\0")
                if (any(value == mark or value.startswith(mark + b"/") for value in environment)
                        and _TIDIES not in Path("/proc", number, "cmdline").read_bytes()):
                    yield int(number)


def end_processes(run: Path) -> None:
    """Kill the processes of a run, and those that they start meanwhile, but not this one."""
    end = time.monotonic() + _PATIENCE_S
    while found := [number for number in processes_of(run) if number != os.getpid()]:
        for number in found:
            with suppress(OSError):
                os.kill(number, signal.SIGKILL)
        if time.monotonic() > end:
            break
        time.sleep(_PAUSE_S)
