"""Types of command-line arguments: a wrong one is refused in a line that says what is legal."""

import argparse
import math
import os
import re
from collections.abc import Callable

__all__ = ["number", "processors", "stages_argument"]

_LARGEST = 10**9


def number(kind: type, minimum: float = -_LARGEST) -> Callable[[str], float]:
    """An argparse type: a number from `minimum` up; beyond a thousand million it is a slip of the hand."""
    words = "a whole number" if kind is int else "a number"
    legal = words if minimum < 0 else f"{words} from {minimum} to {_LARGEST}"

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not minimum <= value <= _LARGEST:
            raise argparse.ArgumentTypeError(f"must be {legal}, got {text!r}")
        return value

    return parse


def stages_argument(text: str) -> int | str:
    """An argparse type: a number of stages, or "auto"."""
    if text != "auto" and not re.fullmatch("[0-9]{1,9}", text):
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 0, or auto, got {text!r}")
    return text if text == "auto" else int(text)


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
