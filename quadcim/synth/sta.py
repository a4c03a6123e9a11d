"""Timing and power by OpenSTA, within what its release 2.0.17 can do."""

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from quadcim.sim.tools import ToolError
from quadcim.spec.quoting import tcl_list, tcl_word
from quadcim.synth.activity import Activity
from quadcim.synth.gauge import GAUGE_LIBRARY, GAUGE_NETLIST, GAUGE_SCRIPT, GAUGE_W
from quadcim.synth.liberty import Library
from quadcim.synth.mapping import LOAD_GATES
from quadcim.synth.netlist import Netlist

__all__ = ["NO_STA", "Design", "Endpoint", "PathCell", "Power", "Timing", "find_power", "find_timing",
           "stages_of"]

NO_STA = "OpenSTA is not installed (apt-get install opensta), so there is neither timing nor power"

_SCRIPT = Template("""\
read_liberty $liberty
read_verilog $netlist
link_design $top
set_cmd_units -time ps -capacitance pF
create_clock -name clk -period $period $clock
set inputs {}
foreach port [all_inputs] {
  if {[lsearch $ideal [get_property $$port name]] < 0} { lappend inputs $$port }
}
set_input_delay $launch -clock clk $$inputs
set_output_delay 0 -clock clk [all_outputs]
set_driving_cell $driver $$inputs
set_load $load [all_outputs]
$exceptions
""")
# From the clock to the output of a flip-flop that drives nothing; a driving cell adds what the load takes.
_LAUNCH = Template("""\
read_liberty $liberty
read_verilog launch.v
link_design launch
set_cmd_units -time ps
create_clock -name clk -period 1000000 [get_ports clk]
set_output_delay 0 -clock clk [get_ports q]
report_checks -path_delay max -format full -digits 3
""")
_LAUNCH_NETLIST = """\
module launch(clk, d, q);
  input clk, d;
  output q;
  {cell} r(.{clock}(clk), .{data}(d), .{output}(q));
endmodule
"""
_TIMING = """\
puts "== path"
report_checks -path_delay max -format full -fields {nets} -digits 2
puts "== ends"
report_checks -path_delay max -format summary -group_count 1000000 -digits 2
"""
# The release works out activities anew from the inputs whatever is set on pins; at one activity for all, it is linear.
_POWER = """\
foreach activity {0 1} {
  puts "== power $activity"
  set_power_activity -global -activity $activity -duty 0.5
  report_power -instances [get_cells *] -digits 7
}
"""
_STEP = re.compile(r"^\s*(?:[\d.]+ +)?(-?[\d.]+) +(-?[\d.]+) [v^] (\S+)/(\S+) \((\w+)\)", re.MULTILINE)
_END = re.compile(r"^(\S+) \((\w+)\) +(\S+) \((\w+)\) +(-?[\d.]+)$", re.MULTILINE)
_INSTANCE = re.compile(r"^ *([-\d.e+]+) +([-\d.e+]+) +([-\d.e+]+) +[-\d.e+]+ +(\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PathCell:
    """A cell of a path: what it adds, and when its output has changed."""

    instance: str
    cell: str
    delay_ps: float
    arrival_ps: float


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The worst path to one place, from register or port to register or port, by the RTL's names."""

    start: str
    end: str
    slack_ps: float


@dataclass(frozen=True, slots=True)
class Timing:
    """The timing for a clock period: the worst path with its cells, and the worst path to each endpoint."""

    period_ps: float
    cells: tuple[PathCell, ...]
    ends: tuple[Endpoint, ...]

    @property
    def worst(self) -> Endpoint:
        """The critical path."""
        return self.ends[0]

    @property
    def shortest_period_ps(self) -> float:
        """The shortest clock period without a violation."""
        return self.period_ps - self.worst.slack_ps

    @property
    def greatest_clock_mhz(self) -> float:
        """The clock frequency at that period."""
        return 1e6 / self.shortest_period_ps


@dataclass(frozen=True, slots=True)
class Power:
    """Power in uW: of the cells' insides, of the nets that they drive, and leakage; `clock` is a part of internal."""

    internal_uw: float
    clock_uw: float
    switching_uw: float
    leakage_uw: float

    @property
    def dynamic_uw(self) -> float:
        """Internal and switching power."""
        return self.internal_uw + self.switching_uw

    @property
    def total_uw(self) -> float:
        """All of it."""
        return self.dynamic_uw + self.leakage_uw


@dataclass(frozen=True, slots=True)
class Design:
    """What OpenSTA reads, and where it may write; without a clock port the clock is virtual, and there is no reset."""

    top: str
    netlist: Path
    liberty: Path
    folder: Path
    library: Library
    clocked: bool
    reset: str
    period_ps: float

    def seen(self, path: Path) -> str:
        """A path from `folder`, where OpenSTA runs, as a word: it takes no spaces in names of libraries."""
        return tcl_word(os.path.relpath(path, self.folder))


def _launch_ps(sta: str, design: Design) -> float:
    """When the output of a neighbour's register has changed, counted from the clock edge."""
    cell = design.library.launcher
    if cell is None:
        return 0.0
    assert cell.flip_flop is not None
    clock = cell.flip_flop.clock.pins[0]
    data = next(pin.name for pin in cell.inputs if pin.name != clock)
    (design.folder / "launch.v").write_text(_LAUNCH_NETLIST.format(
        cell=cell.name, clock=clock, data=data, output=cell.outputs[0].name))
    said = _execute(sta, design.folder, _LAUNCH.substitute(liberty=design.seen(design.liberty)))
    steps = _STEP.findall(said)
    return float(steps[-1][1]) if steps else 0.0


def _run(sta: str, design: Design, commands: str, *, launch_ps: float = 0.0) -> str:
    library = design.library
    return _execute(sta, design.folder, _SCRIPT.substitute(
        launch=f"{launch_ps:.3f}",
        liberty=design.seen(design.liberty), netlist=design.seen(design.netlist), top=tcl_word(design.top),
        period=f"{design.period_ps:.3f}", clock="[get_ports clk]" if design.clocked else "",
        driver=f"-lib_cell {tcl_word(library.driver.name)}" if library.launcher is None else
        f"-lib_cell {tcl_word(library.launcher.name)} -pin {tcl_word(library.launcher.outputs[0].name)}",
        ideal=tcl_list(["clk", design.reset]),
        exceptions=f"set_false_path -from [get_ports {tcl_word(design.reset)}]" if design.clocked else "",
        load=f"{LOAD_GATES * library.nand2.inputs[0].capacitance_pf:.7f}") + commands)


def _execute(sta: str, folder: Path, commands: str) -> str:
    (folder / "sta.tcl").write_text(commands)
    run = subprocess.run([sta, "-no_splash", "-exit", "sta.tcl"], cwd=folder, capture_output=True, text=True,
                         errors="replace", check=False)
    said = run.stdout + run.stderr
    error = re.search(r"^Error: .*", said, re.MULTILINE)
    if run.returncode or error:
        raise ToolError(f"sta failed: {error[0] if error else said[-500:]}")
    return run.stdout


def find_timing(sta: str, design: Design, netlist: Netlist) -> Timing:
    """Time a netlist: inputs come from flip-flops, outputs are due at the next edge; no wires.

    Raises
    ------
    ToolError
        If OpenSTA fails or finds no path.
    """
    path, _, ends = _run(sta, design, _TIMING, launch_ps=_launch_ps(sta, design)).partition("== ends")
    cells = tuple(PathCell(name, kind, float(delay), float(time)) for delay, time, name, pin, kind in
                  _STEP.findall(path) if pin in netlist.instances[name].outputs)
    found = sorted((float(slack), _place(netlist, start), _place(netlist, end))
                   for start, _, end, _, slack in _END.findall(ends))
    if not found:
        raise ToolError("sta found no path")
    return Timing(design.period_ps, cells, tuple(Endpoint(start, end, slack) for slack, start, end in found))


def _place(netlist: Netlist, pin: str) -> str:
    """The RTL's name of where a path begins or ends."""
    return netlist.label(pin.rpartition("/")[0]) if "/" in pin else pin


def find_power(sta: str, design: Design, netlist: Netlist, activity: Activity) -> Power:
    """Power at the design's clock, with the netlist's activity.

    OpenSTA gives what each cell takes at no activity (clock pins and leakage) and at one change a cycle of all its
    pins; what lies between is scaled by the changes of the cell's own outputs. Releases differ in whether a change
    takes the energy of a rise and a fall or their mean, which is right; a cell of known energy tells.

    Raises
    ------
    ToolError
        If OpenSTA fails.
    """
    counted = _energies_counted(sta, design.folder)
    still, _, busy = _run(sta, design, _POWER).partition("== power 1")
    idle = _instances(still)
    internal = clock = switching = leakage = 0.0
    for name, (busy_internal, busy_switching, leaks) in _instances(busy).items():
        changes = [activity.per_cycle(net) for net in netlist.instances[name].outputs.values()]
        mean = sum(changes) / len(changes) if changes else 0.0
        internal += (idle[name][0] + mean * (busy_internal - idle[name][0])) / counted
        clock += idle[name][0] / counted
        switching += mean * busy_switching
        leakage += leaks
    return Power(*(1e6 * watts for watts in (internal, clock, switching, leakage)))


def _energies_counted(sta: str, folder: Path) -> float:
    """How many times the mean energy of a change this release of OpenSTA counts for one: 2 if it adds rise and fall."""
    (folder / "gauge.lib").write_text(GAUGE_LIBRARY)
    (folder / "gauge.v").write_text(GAUGE_NETLIST)
    internal = _instances(_execute(sta, folder, GAUGE_SCRIPT))["u0"][0]
    return internal / GAUGE_W


def _instances(report: str) -> dict[str, tuple[float, float, float]]:
    """Internal, switching and leakage power of each instance in W."""
    return {name: (float(internal), float(switching), float(leakage))
            for internal, switching, leakage, name in _INSTANCE.findall(report)}


def stages_of(ends: Sequence[Endpoint], latency: int) -> dict[str, Endpoint]:
    """The worst path that ends in the registers of each stage, by the names that RTL registers carry, in order."""
    found: dict[str, Endpoint] = {}
    for path in ends:
        stage = _stage_of(path.end, latency)
        if stage not in found or path.slack_ps < found[stage].slack_ps:
            found[stage] = path
    return dict(sorted(found.items(), key=lambda item: (not item[0].startswith("stage"), len(item[0]), item[0])))


def _stage_of(end: str, latency: int) -> str:
    """Which registers a path ends in."""
    if number := re.search(r"stage(\d+)_", end):
        return f"stage {number[1]}"
    if re.match(r"[iw]__", end) or (end.startswith("o__") and not latency):
        return "outputs"
    if end.startswith("o__"):
        return f"stage {latency}"
    kinds = {"accumulators": r"\b(accumulator|settled)\b", "weights": r"\b(weights|bank_\d+)\b"}
    return next((kind for kind, names in kinds.items() if re.search(names, end)), "control")
