"""``quadcim`` and ``python -m quadcim``."""

import io
import signal
import sys

__all__ = ["run"]


def run() -> None:
    """Run a command, as this process."""
    if signal.getsignal(signal.SIGINT) == signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # while there is nothing to clear yet, it ends in silence
    from quadcim.guard import guarded

    with guarded():
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # a terminal of ASCII shows paths with other letters all the same
                stream.reconfigure(errors="backslashreplace")
        from quadcim.cli import main

        code = main()
    sys.exit(code)


if __name__ == "__main__":
    run()
