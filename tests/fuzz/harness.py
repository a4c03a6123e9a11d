"""One run of the command line in this process: what it said, how long it took, what it started."""

import contextlib
import io
import re
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from quadcim.cli import main

__all__ = ["MOST_SECONDS", "run"]

MOST_SECONDS = 10
"""Of the processor: others may want it, too. A command that waits has longer."""
_MOST_WAITING = 6 * MOST_SECONDS
_PROGRESS = re.compile(r".* \.\.\. \d+ s")
_started: list[str] = []
_watching = False


def _audit(event: str, arguments: tuple) -> None:
    if _watching and event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "pty.spawn",
                               "pickle.find_class"):
        _started.append(f"{event}{arguments[:2]!r:.200}")


sys.addaudithook(_audit)  # it stays, and does nothing while nobody watches


class _Hang(BaseException):
    """The time is over."""


@contextlib.contextmanager
def _limits() -> Iterator[None]:
    global _watching  # noqa: PLW0603  (audit hooks cannot be taken away)

    def stop(_signal: int, _frame: object) -> None:
        raise _Hang

    limits = ((signal.SIGPROF, signal.ITIMER_PROF, MOST_SECONDS), (signal.SIGALRM, signal.ITIMER_REAL, _MOST_WAITING))
    before = [signal.signal(number, stop) for number, _timer, _seconds in limits]
    for _number, timer, seconds in limits:
        signal.setitimer(timer, seconds)
    _watching = True
    try:
        yield
    finally:
        _watching = False
        for (number, timer, _seconds), handler in zip(limits, before, strict=True):
            signal.setitimer(timer, 0)
            signal.signal(number, handler)


def run(words: Sequence[str], folder: Path) -> str | None:
    """Run a command in `folder`; what was wrong with how it ended, or None.

    It may succeed, or refuse with exit code 1 or 2 and one line. It may start no program.
    """
    _started.clear()
    out, err, code, start = io.StringIO(), io.StringIO(), None, time.process_time()
    wrong = None
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            with _limits():
                code = main(list(words))
        except SystemExit as stopped:
            code = stopped.code
        except _Hang:
            wrong = "hangs"
        except BaseException as error:
            wrong = "".join(traceback.format_exception(error)[-6:])
    seconds, said = time.process_time() - start, err.getvalue()
    if wrong is None and seconds > MOST_SECONDS:
        wrong = f"takes {seconds:.0f} s"
    if wrong is None and code not in (0, 1, 2):
        wrong = f"exit code {code}"
    lines = [line for line in said.splitlines() if not _PROGRESS.fullmatch(line)]
    one = len(lines) == 1 and lines[0].startswith("quadcim") and lines[0].isprintable() and len(said) < 2000
    if wrong is None and code and not one:
        wrong = f"exit code {code}, and {len(said)} letters on stderr: {said[:300]!r}"
    if wrong is None and "Traceback" in said:
        wrong = said[:1000]
    if wrong is None and (_started or (folder / "owned").exists()):
        wrong = f"started {_started or 'a command'}"
    return wrong
