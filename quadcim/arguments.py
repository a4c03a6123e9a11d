"""Types of command-line arguments: a wrong one is refused in a line that says what is legal."""

import argparse
import dataclasses
import math
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from quadcim.boards.targets import TARGETS, USER_BITS
from quadcim.spec.reset import RESETS
from quadcim.text_files import parse_number

__all__ = ["MOST_BEATS", "MOST_JOBS", "MOST_SEEDS", "add_case_options", "add_settings", "number", "processors",
           "stages_argument"]

MOST_BEATS, MOST_JOBS, MOST_SEEDS = 10**7, 1024, 10**9
"""More would not fit a machine; so many seeds are enough."""
_WHOLE = re.compile("[+-]?[0-9]+")


def add_case_options(command: argparse.ArgumentParser) -> None:
    """Add the options of every command that writes a case: for what it is, and where it goes."""
    command.add_argument("--target", default="generic", metavar="NAME",
                         help="one of " + ", ".join(TARGETS) + " (default: generic)")
    command.add_argument("--reset", metavar="NAME",
                         help="one of " + ", ".join(RESETS) + " (default: " + ", ".join(
                             f"{target.usual_reset} for {target.name}" for target in TARGETS.values()) + ")")
    command.add_argument("--name", metavar="NAME",
                         help="what every module, file, core and IP of the case begins with (default: a readable part "
                              "and 8 hexadecimal digits that no other case has)")
    command.add_argument("--user-bits", type=number(int, 0, USER_BITS), default=0, metavar="N",
                         help=f"for the target vcu128: width of the TUSER that passes through, 0 to {USER_BITS} "
                              "(default: 0, none)")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="the case directory to write")
    command.add_argument("--force", action="store_true", help="replace an older case there")


def add_settings(command: argparse.ArgumentParser, settings: type, about: Mapping[str, tuple[type, str]]) -> None:
    """Add an option for each of some settings.

    Parameters
    ----------
    command : ArgumentParser
        The command.
    settings : type
        The dataclass that they are of; it has the defaults.
    about : mapping
        By name of the setting, its type and what it is.
    """
    defaults = {field.name: field.default for field in dataclasses.fields(settings)}
    for name, (kind, text) in about.items():
        default = defaults[name]
        required = default is dataclasses.MISSING
        command.add_argument(f"--{name.replace('_', '-')}", type=number(kind) if kind is not str else str,
                             required=required, default=None if required else default,
                             metavar="NAME" if kind is str else "N",
                             help=text if required or default is None else f"{text} (default: {default})")


def number(kind: type, minimum: float = -math.inf, maximum: float = math.inf) -> Callable[[str], float]:
    """An argparse type: a number within limits; without them, those are left to what the number is for."""
    words = "a whole number" if kind is int else "a number"
    legal = words if math.isinf(minimum) else f"{words} from {minimum} to {maximum}"

    def parse(text: str) -> float:
        # Python itself takes 1_000, and digits of every script.
        plain = parse_number(text) is not None and (kind is float or _WHOLE.fullmatch(text.strip()))
        value = kind(text) if plain else math.nan
        if not minimum <= value <= maximum:
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
