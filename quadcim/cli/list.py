"""``quadcim list``."""

import argparse
from collections.abc import Callable

from quadcim.boards.targets import TARGETS
from quadcim.cores.catalogue import cores
from quadcim.sim.tools import simulator_lines

__all__ = ["add_list"]


def _tables() -> dict[str, Callable[[], list[tuple[str, str]]]]:
    """What can be listed."""
    return {
        **{name: lines for core in cores().values() for name, lines in core.lists.items()},
        "presets": lambda: [(name, core.summary(spec)) for core in cores().values()
                            for name, spec in core.presets.items()],
        "targets": lambda: [(target.name, target.description) for target in TARGETS.values()],
        "simulators": simulator_lines,
    }


def add_list(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    *others, last = _tables()
    command = commands.add_parser("list", help=f"list {', '.join(others)} or {last}")
    command.add_argument("what", nargs="?", choices=[*others, last], help="default: all of them")
    command.set_defaults(run=_list)


def _list(options: argparse.Namespace) -> int:
    for title, rows in _tables().items():
        if options.what in (None, title):
            if options.what is None:
                print(f"{title}:")
            for name, text in rows():
                print(f"  {name:<20}{text}")
    return 0
