"""How long the command line takes to answer."""

import itertools
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.report import Bar, Table, say
from benchmarks.timing import median_seconds

__all__ = ["measure"]

_ANSWER_SECONDS, _GENERATE_SECONDS = 0.5, 4.0


def measure() -> Table:
    """Measure commands in new processes, on files that earlier runs have brought into memory."""
    table = Table("Start-up of the command line", "Wall time of a new process, median of 5.",
                  ("command", "seconds"))
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder, "bad.png")
        picture.write_text("no picture\n")
        numbers = itertools.count()

        def new() -> str:
            return str(Path(folder, f"new{next(numbers)}"))

        answers: tuple[tuple[str, int, Callable[[], list[str]]], ...] = (
            ("quadcim --help", 0, lambda: ["--help"]),
            ("a wrong format", 2, lambda: ["generate", "activation", "--input", "SQ2", "--out", new()]),
            ("a wrong case directory", 2, lambda: ["simulate", new()]),
            ("a bad image", 2, lambda: ["train", "inr", "--image", str(picture), "--out", new()]))
        for name, code, words in answers:
            seconds = _seconds(name, code, lambda words=words: ["-m", "quadcim", *words()])
            table.add(name, f"{seconds:.2f}", bars=(Bar(seconds, "<", _ANSWER_SECONDS, "s"),))
        name = "quadcim generate activation"
        generate = _seconds(name, 0, lambda: ["-m", "quadcim", "generate", "activation", "--out", new()])
        table.add(name, f"{generate:.2f}", bars=(Bar(generate, "<", _GENERATE_SECONDS, "s"),))
    alone = _seconds("import torch", 0, lambda: ["-c", "import torch"])
    table.add("for comparison: import torch alone", f"{alone:.2f} ({alone / generate:.0%} of generate)")
    return table


def _seconds(name: str, code: int, words: Callable[[], list[str]]) -> float:
    """The median time of a Python process; it must end with `code`."""
    say(f"startup: {name}")

    def run() -> None:
        process = subprocess.run([sys.executable, *words()], capture_output=True, text=True, check=False)
        if process.returncode != code:
            raise RuntimeError(f"{name} ended with {process.returncode}, not {code}:\n{process.stderr}")

    run()
    return median_seconds(run)
