"""A command as a process that leaves nothing behind, however it is ended.

All that it makes on the way lies in scratch folders, and all that it starts carries the mark of its own. SIGINT,
SIGTERM and SIGHUP kill the latter, clear the former and end the process at once, with one line: nothing is unwound,
since what has to be undone after a SIGKILL too is undone the same way. A watchdog does it where the process cannot.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from quadcim.processes import TMPDIR, end_processes
from quadcim.scratch import clear_run, plain_folder

__all__ = ["at_stop", "guarded", "uninterrupted"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_AT_STOP: list[Callable[[], object]] = []


@contextmanager
def guarded() -> Iterator[None]:
    """Watch over this process while the block runs."""
    stop = _Stop()
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as of nohup
            signal.signal(number, stop)
    with plain_folder() as run:
        pipe, watchdog = _watch(run)
        stop.run = run
        os.environ[TMPDIR] = tempfile.tempdir = str(run)
        signal.set_wakeup_fd(pipe, warn_on_full_buffer=False)
        try:
            yield
        finally:
            # From here on a signal would only cut the tidying short.
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_IGN)
            signal.set_wakeup_fd(-1)
            with suppress(OSError):  # it was killed
                os.write(pipe, b"\0")
            watchdog.wait()


class _Stop:
    """What a signal does."""

    run: Path | None = None

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        for other in _SIGNALS:
            signal.signal(other, signal.SIG_IGN)
        with _unheard() as heard:  # what other threads say of processes that are gone
            if (run := self.run) is not None:
                for action in (*_AT_STOP, lambda: clear_run(run, own=True), sys.stdout.flush, _reap):
                    with suppress(Exception):
                        action()
                end_processes(run)
            # A progress bar may stand on the line.
            os.write(heard, b"\r\x1b[Kquadcim: interrupted\n" if os.isatty(heard) else b"quadcim: interrupted\n")
            os._exit(128 + number)


def _watch(run: Path) -> tuple[int, subprocess.Popen[bytes]]:
    """Start the watchdog; the end of its pipe, and the process."""
    package = Path(__file__).parent
    command = [sys.executable, "-I", "-S", package / "watchdog.py", package.parent, run, str(os.getpid())]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)
    assert process.stdin is not None
    pipe = process.stdin.fileno()
    os.set_blocking(pipe, False)
    return pipe, process


@contextmanager
def _unheard() -> Iterator[int]:
    """Nothing reaches the standard error output, but for what is written to the descriptor that this gives."""
    heard, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield heard
    finally:
        os.dup2(heard, 2)
        os.close(heard)
        os.close(nowhere)


def _reap() -> None:
    """Take note of the children that were killed: who takes over from this process may not."""
    while os.waitpid(-1, os.WNOHANG)[0]:
        pass


@contextmanager
def at_stop(action: Callable[[], object]) -> Iterator[None]:
    """What a signal does before it ends the process, as long as the block runs."""
    _AT_STOP.append(action)
    try:
        yield
    finally:
        _AT_STOP.remove(action)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Start threads and processes that SIGINT does not reach: Ctrl-C goes to all that a terminal runs."""
    from multiprocessing import resource_tracker

    with _unheard():  # it complains of what killed processes shared
        resource_tracker.ensure_running()  # starting it later would let the signal through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
