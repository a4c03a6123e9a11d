"""``quadcim synth``."""

import argparse
import json
import shutil
import sys
from pathlib import Path

from quadcim.arguments import number
from quadcim.files import SYNTHESIS, check_output_folder, output_folder

__all__ = ["add_synth"]


def add_synth(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    command = commands.add_parser("synth", help="map a case to standard cells: area, timing, power, gate-level check")
    command.add_argument("case", type=Path, metavar="DIR", help="a case directory")
    command.add_argument("--liberty", type=Path, required=True, metavar="FILE",
                         help="the cell library, plain or gzipped Liberty")
    command.add_argument("--models", type=Path, metavar="FILE",
                         help="Verilog models of its cells (default: made from the functions in the library)")
    command.add_argument("--clock-mhz", type=number(float, 1), metavar="F",
                         help="clock to aim for, and for power (default: the case's)")
    command.add_argument("--node-nm", type=number(int, 1), metavar="N",
                         help="the library's node; adds a rough estimate for 28 nm")
    command.add_argument("--out", type=Path, metavar="DIR",
                         help="the folder to write: netlist, synth.json, report.md (default: synth in the case)")
    command.add_argument("--force", action="store_true", help="replace an older synthesis there")
    command.set_defaults(run=_synth)


def _synth(options: argparse.Namespace) -> int:
    from quadcim.sim.case import Case

    case, out = Case.load(options.case), options.out or options.case / "synth"
    check_output_folder(out, marker=SYNTHESIS, force=options.force)
    from quadcim.synth.flow import Request, synthesise
    from quadcim.synth.report import synthesis_json, synthesis_lines, synthesis_report

    request = Request(case, options.liberty, options.models, options.clock_mhz or case.manifest["clock_mhz"],
                      options.node_nm)
    with output_folder(out, marker=SYNTHESIS, force=options.force) as folder:
        synthesis = synthesise(request, folder, report=lambda text: print(f"{text} ...", file=sys.stderr, flush=True))
        shutil.rmtree(folder / "work")
        (folder / "report.md").write_text(synthesis_report(synthesis), encoding="utf-8")
        (folder / SYNTHESIS.name).write_text(json.dumps(synthesis_json(synthesis), indent=2) + "\n", encoding="utf-8")
    for line in synthesis_lines(synthesis):
        print(line)
    for path in sorted(out.iterdir()):
        print(path)
    return 1 if synthesis.gates is not None and not synthesis.gates.passed else 0
