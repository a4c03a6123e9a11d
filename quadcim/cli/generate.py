"""``quadcim generate``."""

import argparse
from functools import partial

from quadcim.arguments import add_case_options
from quadcim.boards.targets import find_target
from quadcim.cores.catalogue import cores
from quadcim.cores.core import AnyCore
from quadcim.progress import Progress
from quadcim.spec.description import counted
from quadcim.spec.timing import Timing

__all__ = ["add_generate"]


def add_generate(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    generate = commands.add_parser("generate", help="write a case: Verilog, vectors, testbench, report")
    kinds = generate.add_subparsers(dest="kind", required=True, metavar="KIND")
    for core in cores().values():
        command = kinds.add_parser(core.name, help=core.help)
        core.add_options(command)
        add_case_options(command)
        command.set_defaults(run=partial(_generate, core))


def _generate(core: AnyCore, options: argparse.Namespace) -> int:
    from quadcim.generate import check_order, generate_case

    order = {"target": find_target(options.target), "out": options.out, "reset": options.reset,
             "user_bits": options.user_bits, "name": options.name, "force": options.force}
    check_order(**order)
    with Progress() as report:
        spec, integers, clock_mhz = core.from_options(options, report)
        manifest = generate_case(spec, integers, **order, clock_mhz=clock_mhz, report=report)
    for name in manifest["files"]:
        print(options.out / name)
    timing = Timing.from_json(manifest)
    print(f"{manifest['top']}: latency {counted(timing.latency_cycles, 'cycle')}, digest {manifest['digest'][:12]}")
    return 0
