"""``quadcim`` and ``python -m quadcim``."""

import io
import sys

from quadcim.guard import guarded

__all__ = ["run"]


def run() -> None:
    """Run a command, as this process."""
    with guarded():
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # a terminal of ASCII shows paths with other letters all the same
                stream.reconfigure(errors="backslashreplace")
        from quadcim.cli import main

        code = main()
    sys.exit(code)


if __name__ == "__main__":
    run()
