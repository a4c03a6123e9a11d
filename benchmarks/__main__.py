"""``python -m benchmarks [NAME ...]``: prints the tables; exit code 1 if a bar is missed, 2 for wrong use."""

import argparse
import importlib
import os
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

from benchmarks.report import Table
from quadcim.spec.errors import IllegalSetting

_PHOTO = Path(__file__).parents[1] / "examples/photo.png"
# Module and function of each benchmark; those with pictures are given them.
_BENCHMARKS = {
    "cost": ("cost", "measure"), "functions": ("functions", "measure_cost"), "errors": ("functions", "measure_error"),
    "baselines": ("functions", "measure_baselines"), "delays": ("delays", "measure"), "depth": ("depth", "measure"),
    "speed": ("speed", "measure"), "startup": ("startup", "measure"), "accuracy": ("accuracy", "measure"),
    "training": ("training", "measure"), "catalogue": ("catalogue", "measure"), "cim-cost": ("cim", "measure_cost"),
    "cim-speed": ("cim", "measure_speed"), "binarisers": ("classifier", "measure_binarisers"),
    "classifier": ("classifier", "measure_classifier"), "sweep": ("sweep", "measure"),
    "mutation": ("mutation", "measure"), "plans": ("plans", "measure"), "asic": ("asic", "measure"),
    "gate-level": ("gate_level", "measure"), "scaling": ("scaling", "measure"), "fpga": ("fpga", "measure"),
    "synth-time": ("synth_time", "measure"), "memory": ("memory", "measure"), "bulk": ("bulk", "measure"),
    "same-hardware": ("same_hardware", "measure"), "inr": ("inr", "measure"), "modulo": ("modulo", "measure"),
    "quality": ("quality", "measure"), "rendering": ("rendering", "measure"),
    "inr-resources": ("inr_resources", "measure"),
}
_NAMES = tuple(_BENCHMARKS)
_WITH_PICTURES = ("accuracy", "training", "quality", "rendering")
# Left out unless pictures are named: it tunes on some, and measures others.
_NEED_PICTURES = ("quality",)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message.removeprefix('argument ')}\n")


def _name(text: str) -> str:
    if text not in _NAMES:
        raise argparse.ArgumentTypeError(f"must be one of {', '.join(_NAMES)}, got {text!r}")
    return text


def _measure(name: str, images: Sequence[Path]) -> Table:
    """Run a benchmark; its modules are imported now."""
    module, function = _BENCHMARKS[name]
    measure = getattr(importlib.import_module(f"benchmarks.{module}"), function)
    return measure(images) if name in _WITH_PICTURES else measure()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks that are named, or all."""
    parser = _Parser(prog="python -m benchmarks", description="Measure the figures that the documentation quotes.")
    parser.add_argument("names", nargs="*", type=_name, metavar="NAME",
                        help=f"one of {', '.join(_NAMES)} (default: all of them)")
    parser.add_argument("--images", nargs="+", type=Path, metavar="FILE",
                        help=f"pictures that {', '.join(_WITH_PICTURES)} fit (default: examples/photo.png)")
    options = parser.parse_args(arguments)
    print(f"{os.cpu_count()} CPUs ({platform.machine()}), Python {platform.python_version()}, "
          f"Yosys {version('pyosys')}\n", flush=True)
    missed = 0
    try:
        usual = [name for name in _NAMES if options.images or name not in _NEED_PICTURES]
        for name in dict.fromkeys(options.names or usual):
            table = _measure(name, options.images or [_PHOTO])
            print(table, flush=True)
            missed += table.missed
    except IllegalSetting as error:
        parser.error(str(error))
    if missed:
        print(f"{missed} bars MISSED")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
