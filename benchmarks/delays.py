"""Calibration of the delay model: what small structures take from register to register, and what the model says.

Two flows, both open: standard cells by Yosys, ABC and OpenSTA on a Liberty file, and LUTs by Yosys and a longest path
(`quadcim.spec.delay` states what the figures stand for). ``python -m benchmarks.delays --liberty FILE`` also prints the
parameters that fit the measurements best. The Liberty file may be given as ``QUADCIM_LIBERTY``; without one, standard
cells are left out.
"""

import gzip
import json
import math
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.libraries import libraries
from benchmarks.report import Bar, Table, say
from quadcim.hw.emit.yosys import run_passes
from quadcim.sim.tools import ToolError, run_tool
from quadcim.spec.delay import DELAY_MODELS, DelayModel
from quadcim.spec.errors import IllegalSetting

__all__ = ["STRUCTURES", "CellTimer", "LutTimer", "Structure", "Timer", "Timing", "find_timers", "fit", "measure"]

_WIDEST_DEVIATION = 25
_FO4_PS = 14
"""Delay of an inverter that drives four, 28 nm at its typical corner: 23 ps of Nangate45 times 28/45."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What a design takes: its shortest clock period in ps, and its flip-flops."""

    period_ps: float
    flip_flops: int


class CellTimer:
    """Standard cells: Yosys and ABC map for speed, OpenSTA times with the library's wire load model.

    Parameters
    ----------
    liberty : Path
        The library, plain or gzipped. Delays are scaled so that its fan-out-of-4 inverter takes 14 ps.
    folder : Path
        Where the library is unpacked, and intermediate files are kept.
    """

    model = "cells"

    def __init__(self, liberty: Path, folder: Path):
        self._folder = folder
        self._library = folder / "cells.lib"
        content = liberty.read_bytes()
        self._library.write_bytes(gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content)
        buffer = re.search(r'\bcell *\( *"?(\w*buf_?x?2\w*)"? *\)', self._library.read_text(), re.IGNORECASE)
        # ABC sizes and buffers only if it knows what drives the inputs.
        self._write("abc.constr", f"set_driving_cell {buffer[1]}\n" if buffer else "set_load 0 [all_outputs]\n")
        self._write("abc.script", _ABC_SCRIPT)
        self.fo4_ps = (self._period(_inverters(18)) - self._period(_inverters(10))) / 8
        self._scale = _FO4_PS / self.fo4_ps

    def _write(self, name: str, text: str) -> Path:
        path = self._folder / name
        path.write_text(text)
        return path

    def time(self, verilog: str) -> Timing:
        """Synthesise the module ``top`` and time it from register to register."""
        return Timing(self._period(verilog) * self._scale, _count(self._folder / "statistics.json", "DFF"))

    def _period(self, verilog: str) -> float:
        """The shortest period in the library's own picoseconds."""
        netlist, report = self._folder / "netlist.v", self._folder / "report.txt"
        run_passes(["read_verilog", "-sv", str(self._write("design.v", verilog))],
                   "synth -flatten -top top -extra-map +/choices/kogge-stone.v",
                   ["tee", "-q", "-o", str(self._folder / "statistics.json"), "stat", "-json"],
                   ["dfflibmap", "-liberty", str(self._library)],
                   ["abc", "-liberty", str(self._library), "-constr", str(self._folder / "abc.constr"),
                    "-script", str(self._folder / "abc.script"), "-D", "1"],
                   "opt_clean -purge", ["write_verilog", "-noattr", str(netlist)])
        report.unlink(missing_ok=True)
        script = self._write("time.tcl", _STA_SCRIPT.format(library=self._library, netlist=netlist, report=report))
        run_tool(["sta", "-no_splash", "-exit", script])
        slack = re.search(r"(-?[\d.]+) +slack", report.read_text() if report.exists() else "")
        if not slack:
            raise ToolError("sta reported no path")
        return _LONG_PS - float(slack[1])


# Two passes that restructure, and choices for the mapper: of the scripts tried, the fastest adders and trees.
_ABC_SCRIPT = """\
strash
ifraig
&get -n
&st
&if -g -K 6
&if -g -K 6
&put
dch
map -B 0.9
topo
buffer -c
upsize -c
dnsize -c
"""
_LONG_PS = 100_000
_STA_SCRIPT = f"""\
read_liberty {{library}}
set_cmd_units -time ps
read_verilog {{netlist}}
link_design top
create_clock -name clk -period {_LONG_PS} [get_ports clk]
report_checks -path_delay max -format full -digits 3 > {{report}}
"""


def _inverters(count: int) -> str:
    """A chain of inverters, each of which drives four."""
    nodes = [f"  wire n{k}; inverter i{k}(n{k - 1}, n{k});"
             + "".join(f" inverter j{k}_{load}(n{k - 1}, loads[{3 * k + load - 3}]);" for load in range(3))
             for k in range(1, count + 1)]
    return "\n".join(["(* keep_hierarchy *) module inverter(input a, output y); assign y = ~a; endmodule",
                      f"module top(input clk, input d, output [{3 * count - 1}:0] loads, output reg q);",
                      "  reg n0;", *nodes, f"  always @(posedge clk) begin n0 <= d; q <= n{count}; end",
                      "endmodule", ""])


class LutTimer:
    """LUTs and carry chains of an UltraScale+ FPGA: Yosys maps, a longest path adds up typical delays."""

    model = "lut"

    def __init__(self, folder: Path):
        self._folder = folder

    def time(self, verilog: str) -> Timing:
        """Synthesise the module ``top`` and time it from register to register."""
        source, netlist = self._folder / "design.v", self._folder / "netlist.json"
        source.write_text(verilog)
        run_passes(["read_verilog", "-sv", str(source)],
                   "synth_xilinx -family xcup -flatten -noiopad -noclkbuf -nodsp -nobram -nosrl -top top",
                   ["tee", "-q", "-o", str(self._folder / "statistics.json"), "stat", "-json"],
                   ["write_json", str(netlist)])
        return Timing(_LutPaths(json.loads(netlist.read_text())["modules"]["top"]).period_ps,
                      _count(self._folder / "statistics.json", "FD"))


Timer = CellTimer | LutTimer

# In ps, slow corner, speed grade -1: rounded from timing reports of placed and routed UltraScale+ designs.
_CLOCK_TO_OUTPUT, _SETUP_AND_UNCERTAINTY = 96, 35
_LUT = 100  # 40 to 180 from the fastest to the slowest input
_WIDE_MUX = 90  # joins two LUTs of a slice
_NET, _NET_DOUBLING = 200, 50  # a net of fan-out f: 200 + 50 log2 f
_NET_TO_FLIP_FLOP, _NET_TO_CARRY = 50, 11  # within a slice
_INTO_CARRY, _CARRY_BIT, _CARRY_TO_SUM, _INTO_SUM = 190, 6.4, 85, 150
_HALF_LUT_INPUTS = 5  # two functions of the same five inputs share a LUT


_Bit = int | str
"""A net in Yosys's JSON: a number, or a constant."""


class _LutPaths:
    """The longest path of a module in Yosys's JSON that consists of LUTs, carry chains and flip-flops."""

    def __init__(self, module: Mapping[str, Any]):
        self._cells = [cell for cell in module["cells"].values() if cell["type"] != "$scopeinfo"]
        self._drivers: dict[_Bit, dict[str, Any]] = {}
        self._fanout: Counter[_Bit] = Counter()
        for cell in self._cells:
            for port, bits in cell["connections"].items():
                if cell["port_directions"][port] == "output":
                    self._drivers |= dict.fromkeys(bits, cell)
                else:
                    self._fanout.update(bits)
        self._known: dict[_Bit, float] = {}

    @property
    def period_ps(self) -> float:
        """The shortest clock period."""
        ends = [self._arrival(bit) + _NET_TO_FLIP_FLOP if pin == "D" else self._routed(bit)
                for cell in self._cells if cell["type"].startswith("FD")
                for pin, (bit,) in cell["connections"].items() if pin not in ("C", "Q")]
        return max(ends) + _SETUP_AND_UNCERTAINTY

    def _routed(self, bit: _Bit) -> float:
        """When a value has come through the general routing."""
        return self._arrival(bit) + _NET + _NET_DOUBLING * math.log2(self._fanout[bit])

    def _arrival(self, bit: _Bit) -> float:
        """When a value leaves the cell that makes it; constants and ports are there long before."""
        if bit not in self._drivers:
            return -math.inf
        if bit not in self._known:
            cell = self._drivers[bit]
            kind, pins = cell["type"], cell["connections"]
            if kind.startswith("FD"):
                self._known[bit] = _CLOCK_TO_OUTPUT
            elif kind.startswith(("LUT", "INV")):
                inputs = [self._routed(bits[0]) for pin, bits in pins.items() if pin.startswith("I")]
                self._known |= {bits[0]: max(inputs) + _LUT for pin, bits in pins.items() if pin.startswith("O")}
            elif kind.startswith("MUXF"):
                parts = [self._arrival(pins[pin][0]) for pin in ("I0", "I1")]
                self._known[bit] = max(*parts, self._routed(pins["S"][0])) + _WIDE_MUX
            elif kind.startswith("CARRY"):
                self._carry(pins)
            else:
                raise ValueError(f"no delay is known of {kind}")
        return self._known[bit]

    def _carry(self, pins: Mapping[str, Sequence[_Bit]]) -> None:
        """The outputs of a carry chain's cell."""
        carry = max([self._arrival(pins["CI"][0]), *(self._routed(pins[pin][0]) for pin in ("CI_TOP", "CYINIT")
                                                     if pin in pins)])
        for select, data, total, out in zip(*(pins[pin] for pin in ("S", "DI", "O", "CO")), strict=True):
            chosen, entered = self._into_carry(select, data)
            self._known[total] = max(carry + _CARRY_TO_SUM, chosen + _INTO_SUM)
            carry = max(carry + _CARRY_BIT, chosen + _INTO_CARRY, entered + _INTO_CARRY)
            self._known[out] = carry

    def _into_carry(self, select: _Bit, data: _Bit) -> tuple[float, float]:
        """When the select and the data of a bit of a carry chain are there.

        A select comes from the LUT before it; what is no LUT's output passes one that does nothing. Data comes over the
        routing, unless its LUT is the other half of the select's.
        """
        reads, data_reads = self._lut_inputs(select), self._lut_inputs(data)
        together = reads - {data} | data_reads
        if reads and data_reads and len(together) <= _HALF_LUT_INPUTS:
            both = max(map(self._routed, together)) + _LUT + _NET_TO_CARRY
            return both, both
        chosen = self._arrival(select) if reads else self._routed(select) + _LUT
        return chosen + _NET_TO_CARRY, self._routed(data)

    def _lut_inputs(self, bit: _Bit) -> set[_Bit]:
        """What the LUT of a bit reads; nothing if the bit comes from anything else."""
        cell = self._drivers.get(bit)
        if cell is None or not cell["type"].startswith(("LUT", "INV")):
            return set()
        return {bits[0] for pin, bits in cell["connections"].items() if pin.startswith("I")} & self._drivers.keys()


def _count(statistics: Path, prefix: str) -> int:
    """How many cells have a type that contains `prefix`."""
    text = statistics.read_text()
    cells = json.loads(text[text.index("{"):])["design"]["num_cells_by_type"]
    return sum(number for kind, number in cells.items() if prefix in kind)


@contextmanager
def find_timers(liberty: Path | None = None) -> Iterator[list[Timer]]:
    """The timers that this machine has: LUTs always, standard cells with a Liberty file and OpenSTA.

    Parameters
    ----------
    liberty : Path, optional
        The Liberty file; by default the first that ``QUADCIM_LIBERTY`` names.

    Raises
    ------
    IllegalSetting
        If the file that is named is none.
    """
    named = liberty or (libraries()[0] if os.environ.get("QUADCIM_LIBERTY") else None)
    missing = "" if shutil.which("sta") else "OpenSTA is not installed (apt-get install opensta)"
    if not named:
        missing = "no Liberty file is named (--liberty FILE or QUADCIM_LIBERTY)"
    elif not Path(named).is_file():
        raise IllegalSetting("liberty", "a Liberty file", str(named))
    with tempfile.TemporaryDirectory() as folder:
        timers: list[Timer] = [LutTimer(Path(folder))]
        if missing:
            say(f"standard cells are left out: {missing}")
        else:
            timers.insert(0, CellTimer(Path(str(named)), Path(folder)))
        yield timers


@dataclass(frozen=True, slots=True)
class Structure:
    """A circuit between registers, and what the model says of it.

    Parameters
    ----------
    name : str
        What it is.
    verilog : str
        The module ``top``.
    model_ps : callable
        From a delay model to the delay of the logic. It is linear in the model's parameters.
    """

    name: str
    verilog: str
    model_ps: Callable[[DelayModel], int]

    def period_ps(self, model: DelayModel) -> int:
        """The shortest clock period by a model."""
        return self.model_ps(model) + model.register_ps


def _module(inputs: Mapping[str, int], body: Iterable[str], outputs: Mapping[str, tuple[int, str]]) -> str:
    """A module whose inputs and outputs are registered; `outputs` are (width, expression)."""
    ports = [f"input [{width - 1}:0] {name}_in" for name, width in inputs.items()]
    ports += [f"output reg [{width - 1}:0] {name}" for name, (width, _) in outputs.items()]
    held = [f"  reg [{width - 1}:0] {name};" for name, width in inputs.items()]
    moves = [f"    {name} <= {name}_in;" for name in inputs]
    moves += [f"    {name} <= {what};" for name, (_, what) in outputs.items()]
    return "\n".join([f"module top(input clk, {', '.join(ports)});", *held, *(f"  {line}" for line in body),
                      "  always @(posedge clk) begin", *moves, "  end", "endmodule", ""])


def _tree(rows: list[str], width: int, levels: int) -> tuple[list[str], list[str]]:
    """The lines of some levels of full adders, three rows into two, and the rows that are left."""
    lines: list[str] = []
    for level in range(levels):
        after = []
        for k in range(len(rows) // 3):
            a, b, c = rows[3 * k:3 * k + 3]
            total, carry = f"s{level}_{k}", f"c{level}_{k}"
            lines.append(f"wire [{width - 1}:0] {total} = {a} ^ {b} ^ {c}, "
                         f"{carry} = (({a} & {b}) | ({c} & ({a} ^ {b}))) << 1;")
            after += [total, carry]
        rows = after + rows[3 * (len(rows) // 3):]
    return lines, rows


def _compressor(levels: int) -> Structure:
    count, width = {1: 3, 2: 4, 3: 6, 4: 9}[levels], 12
    lines, rows = _tree([f"r{k}" for k in range(count)], width, levels)
    verilog = _module({f"r{k}": width for k in range(count)}, lines, {f"y{k}": (width, r) for k, r in enumerate(rows)})
    return Structure(f"compressor tree, {levels} levels", verilog, lambda model: levels * model.full_adder_ps)


def _products(levels: int) -> Structure:
    width = 12
    products = [f"wire [{width - 1}:0] p{k} = a & {{{width}{{b[{k}]}}}};" for k in range(width)]
    lines, rows = _tree([f"p{k}" for k in range(width)], width, levels)
    verilog = _module({"a": width, "b": width}, products + lines, {f"y{k}": (width, r) for k, r in enumerate(rows)})
    return Structure(f"partial products, {levels} levels", verilog,
                     lambda model: model.product_ps + levels * model.full_adder_ps)


def _adder(width: int) -> Structure:
    return Structure(f"adder, {width} bits", _module({"a": width, "b": width}, [], {"y": (width, "a + b")}),
                     lambda model: model.carry_propagate_adder_ps(width))


def _table(inputs: int, width: int = 12) -> Structure:
    """A quarter of a sine wave."""
    values = [round((2**width - 1) * math.sin(math.pi / 2 * (k + 0.5) / 2**inputs)) for k in range(2**inputs)]
    cases = [f"{inputs}'d{k}: t = {width}'d{value};" for k, value in enumerate(values)]
    body = [f"reg [{width - 1}:0] t;", "always @* case (a)", *cases, "endcase"]
    return Structure(f"truth table, {inputs} inputs", _module({"a": inputs}, body, {"y": (width, "t")}),
                     lambda model: model.table_ps(inputs))


def _rows(count: int, width: int) -> Structure:
    """A multiplier, row by row from the last bit on: each row meets the sum of those before, shifted."""
    names = ["start", *(f"sum{k}" for k in range(count))]
    body = [f"wire [{width}:0] sum{k} = {names[k]}[{width}:1] + (x[{k}] ? a : {width}'d0);" for k in range(count)]
    outputs = {"y": (width + 1, names[-1])} | {f"low{k}": (1, f"sum{k}[0]") for k in range(count - 1)}
    inputs = {"start": width + 1, "a": width, "x": count}
    return Structure(f"{count} rows, {width} bits", _module(inputs, body, outputs),
                     lambda model: count * model.row_adder_ps(width))


def _complement(width: int) -> Structure:
    verilog = _module({"a": width, "s": 1}, [], {"y": (width, f"a ^ {{{width}{{s}}}}")})
    return Structure(f"conditional complement, {width} bits", verilog, lambda model: model.exclusive_or_ps)


def _saturation(width: int) -> Structure:
    body = [f"wire over = a[{width + 1}:{width - 1}] != {{3{{a[{width + 1}]}}}};",
            f"wire [{width - 1}:0] limit = {{a[{width + 1}], {{{width - 1}{{~a[{width + 1}]}}}}}};"]
    verilog = _module({"a": width + 2}, body, {"y": (width, f"over ? limit : a[{width - 1}:0]")})
    return Structure(f"saturation, {width} bits", verilog, lambda model: model.saturate_ps)


STRUCTURES: tuple[Structure, ...] = (
    Structure("register", _module({"a": 12}, [], {"y": (12, "a")}), lambda _model: 0),
    _complement(16), _saturation(16), *map(_compressor, (1, 2, 4)), *map(_products, (1, 2)),
    *map(_adder, (4, 8, 12, 16, 24, 32)), *map(_table, (4, 6, 8, 10)),
    *(_rows(count, 12) for count in (1, 2, 3, 4)), _rows(3, 8), _rows(3, 20),
)


def fit(model: DelayModel, periods: Sequence[tuple[Structure, float]]) -> DelayModel:
    """The model, of a kind with `model`, that is least wrong in relative terms; no parameter is negative.

    Parameters
    ----------
    model : DelayModel
        Its name and its number of free table inputs stay as they are.
    periods : sequence of (Structure, float)
        Measured periods in ps.
    """
    names = [field.name for field in fields(model) if field.name.endswith("_ps")]
    zero = replace(model, **dict.fromkeys(names, 0))
    units = [replace(zero, **{name: 1}) for name in names]
    # What a parameter contributes is what it adds to a model of zeros.
    matrix = np.array([[structure.period_ps(unit) / period for unit in units] for structure, period in periods])
    used = matrix.any(axis=0)
    while True:
        values = np.zeros(len(names))
        values[used] = np.linalg.lstsq(matrix[:, used], np.ones(len(periods)), rcond=None)[0]
        if (values >= 0).all():
            return replace(zero, **{name: round(value) for name, value in zip(names, values, strict=True)})
        used &= values > values.min()


def measure(liberty: Path | None = None, structures: Sequence[Structure] = STRUCTURES) -> Table:
    """Measure structures in each technology that this machine can time, and compare with the delay model.

    Parameters
    ----------
    liberty : Path, optional
        A Liberty file; see `find_timers`.
    structures : sequence of Structure
        What to measure.
    """
    table = Table("Delay model", "Shortest clock periods from register to register: timed in an open flow, and by the "
                  f"model. Standard cells at a fan-out-of-4 delay of {_FO4_PS} ps.",
                  ("technology", "structure", "measured, ps", "model, ps", "deviation, %"))
    with find_timers(liberty) as timers:
        for timer in timers:
            model, periods = DELAY_MODELS[timer.model], []
            for structure in structures:
                say(f"delays: {timer.model}, {structure.name}")
                measured, modelled = timer.time(structure.verilog).period_ps, structure.period_ps(model)
                deviation = 100 * (modelled / measured - 1)
                table.add(timer.model, structure.name, round(measured), modelled, f"{deviation:+.0f}",
                          bars=(Bar(round(abs(deviation), 1), "<=", _WIDEST_DEVIATION, "%"),))
                periods.append((structure, measured))
            say(f"delays: {timer.model}, best fit: {fit(model, periods)}")
    return table
