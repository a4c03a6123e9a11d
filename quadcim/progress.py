"""What a long command is doing, and for how long: lines on stderr, or on a terminal one line that counts."""

import sys
import threading
import time
from types import TracebackType
from typing import TextIO

__all__ = ["Progress", "unheard"]

QUIET_SECONDS = 1.0
"""What ends sooner says nothing."""
_TICK_SECONDS, _REMIND_SECONDS = 0.25, 30.0
_CLEAR = "\r\x1b[K"


def unheard(_step: str) -> None:
    """A ``report`` that nobody hears."""


class Progress:
    """Says which step is under way, as the ``report`` of what takes long; used as a context.

    On a terminal, one line says the step and the seconds since the beginning, and is gone at the end. Elsewhere each
    step that is under way after the first second gets a line, and another one every half minute.

    Parameters
    ----------
    stream : text file, optional
        Where to: by default the standard error of the moment, whoever redirects it meanwhile.
    """

    def __init__(self, stream: TextIO | None = None):
        self._stream = sys.stderr if stream is None else stream
        self._terminal = self._stream.isatty()
        self._start = time.monotonic()
        self._step, self._said = "", -_REMIND_SECONDS
        self._over = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> "Progress":
        self._ticker.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._over.set()
        self._ticker.join()
        if self._terminal:
            self._write(_CLEAR)

    def __call__(self, step: str) -> None:
        """Begin a step."""
        self._step, self._said = step, -_REMIND_SECONDS

    def _tick(self) -> None:
        pause = QUIET_SECONDS
        while not self._over.wait(pause):
            self._say(time.monotonic())
            pause = _TICK_SECONDS

    def _say(self, now: float) -> None:
        seconds = f"{now - self._start:.0f} s"
        if self._step and self._terminal:
            self._write(f"{_CLEAR}{self._step} ... {seconds}")
        elif self._step and now - self._said >= _REMIND_SECONDS:
            self._said = now
            self._write(f"{self._step} ... {seconds}\n")

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            pass  # nobody reads it any more
