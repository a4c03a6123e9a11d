"""Ends what a command leaves running when it is killed, and the command itself if it does not heed a signal.

Runs as a process of its own, ``python -I -S watchdog.py ROOT RUN PID``, and knows of the command by the pipe that is
its standard input: the number of each signal that the command gets comes through it at once, even while compiled code
holds Python's lock; a zero says that all is well, and the end of the pipe that the command has ended.
"""

import os
import select
import signal
import sys
import time

_GRACE_S, _PAUSE_S = 3.0, 0.01


def main(root: str, run: str, pid: str) -> None:
    """Watch the command of a process whose temporary folder is `run`; it may be gone already."""
    command = int(pid)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    said = os.read(0, 1)
    if said == b"\0":
        return
    if said and not _ended(_GRACE_S):
        if os.getppid() == command:
            os.kill(command, signal.SIGKILL)
        os.write(2, b"quadcim: interrupted\n")
    while os.getppid() == command:  # its locks go with it
        time.sleep(_PAUSE_S)
    sys.path.insert(0, root)
    from pathlib import Path

    from quadcim.scratch import reclaim

    reclaim(Path(run).parent)


def _ended(seconds: float) -> bool:
    """Whether the command ends in so many seconds."""
    end = time.monotonic() + seconds
    while select.select([0], [], [], max(end - time.monotonic(), 0))[0]:
        if os.read(0, 64) == b"":
            return True
    return False


if __name__ == "__main__":
    main(*sys.argv[1:])
