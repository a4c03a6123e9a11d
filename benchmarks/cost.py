"""Cost of the phi unit, beside hand-written references and the naive form."""

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import Bar, Table, say
from quadcim.fit.freeze import freeze
from quadcim.hw.activation.plans import unit_steps
from quadcim.hw.activation.units import create_unit
from quadcim.hw.emit.synthesis import fpga_cost, gate_cost
from quadcim.hw.emit.verilog import emit_verilog
from quadcim.spec.activation import Activation, ActivationRounding
from quadcim.spec.formats import Format
from quadcim.spec.unit import ActivationUnit, FlowControl

__all__ = ["WIDTHS", "measure", "naive_verilog"]

WIDTHS = (8, 12, 16, 24, 32)

# Measured hand references: Verilog written by hand for this function, measured once by the same ruler. "naive": the
# tool's multiplier; "table": a truth table; "square": the square of |1 - (x mod 2)| without the partial products that
# cannot matter; "heap": the same, and the fold as one more row of its compressor tree.
_REFERENCES: dict[int, tuple[tuple[str, int, int], ...]] = {
    8: (("naive", 95, 399), ("table", 29, 178), ("square", 38, 140), ("heap", 38, 159)),
    12: (("naive", 278, 1126), ("square", 90, 354), ("heap", 86, 372)),
    16: (("naive", 544, 2113), ("square", 173, 638), ("heap", 162, 653), ("heap, 3 stages, 68 FF", 171, 1054)),
    24: (("naive", 1229, 4674), ("square", 390, 1481), ("heap", 360, 1500)),
    32: (("square", 668, 2615), ("heap", 661, 2629)),
}
# LUT in technology "fpga" and GE in technology "generic", at most, of the combinational faithful unit by width: the
# best hand reference for each. At 8 bits either will do: in gates the reference, 140, is a hair better than the unit.
_BARS: dict[int, tuple[int, int | None]] = {
    8: (29, None), 12: (86, 354), 16: (162, 638), 24: (360, 1481), 32: (661, 2615)}
_BEATEN = 2
# LUT, at most, of the faithful unit in technology "fpga" with 3 stages, and GE in technology "generic".
_BARS_3_STAGES = {16: (175, 1070)}
# Beyond, the tool takes minutes for its multiplier.
_WIDEST_NAIVE = 16

_NAIVE = """\
module naive_phi(input signed [{high}:0] x, output signed [{high}:0] y);
  wire signed [{wide}:0] square = x * x;
  wire signed [{wide}:0] twice = x <<< {double};
  wire signed [{wide}:0] left = twice + square;
  wire signed [{wide}:0] right = twice - square;
  assign y = (x[{high}] ? left : right) >>> {fraction};
endmodule
"""


def naive_verilog(width: int) -> str:
    """The definition, word for word: x^2 + 2x or -x^2 + 2x on SQ2.(width - 2), less than 1 ulp below phi."""
    fraction = width - 2
    return _NAIVE.format(high=width - 1, wide=2 * fraction + 3, double=fraction + 1, fraction=fraction)


def measure(widths: Sequence[int] = WIDTHS) -> Table:
    """Measure phi from SQ2.(n-2) to SQ2.(n-2), target generic, for each width n."""
    table = Table("Cost of phi, SQ2.(n-2) to SQ2.(n-2)",
                  "Yosys, no vendor's packing; GE with registers. References are measured hand references.",
                  ("n", "form", "LUT", "CARRY4", "FF", "GE"))
    beaten = 0
    for width in widths:
        for name, lut, ge in _REFERENCES[width]:
            table.add(width, f"reference: {name}", lut, "", "", ge)
        if width <= _WIDEST_NAIVE:
            _add(table, width, "naive, measured now", naive_verilog(width), top="naive_phi")
        lut_bar, ge_bar = _BARS[width]
        lut, _ = _add_unit(table, width, "faithful", technology="fpga", lut_bar=lut_bar)
        # Plain RTL for gates keeps to the LUTs of its hand reference too at 16 bits.
        _, ge = _add_unit(table, width, "faithful", lut_bar=lut_bar if width == 16 else None, ge_bar=ge_bar)
        beaten += (lut < lut_bar) + (ge_bar is not None and ge < ge_bar)
        lut_bar, ge_bar = _BARS_3_STAGES.get(width, (None, None))
        _add_unit(table, width, "faithful", 3, ge_bar=ge_bar)
        _add_unit(table, width, "faithful", 3, technology="fpga", lut_bar=lut_bar)
        if width == 16:
            for stages in (0, 3):
                _add_unit(table, width, "nearest", stages, "elastic")
    if tuple(widths) == WIDTHS:
        table.add("all", f"combinational figures below their bar, of {2 * len(WIDTHS) - 1}", "", "", "", "",
                  bars=(Bar(beaten, ">=", _BEATEN, "figures"),))
    return table


def _add_unit(table: Table, width: int, rounding: ActivationRounding, stages: int = 0,
              flow_control: FlowControl = "always", *, technology: str = "generic", lut_bar: int | None = None,
              ge_bar: int | None = None) -> tuple[int, int]:
    fmt = Format(True, 2, width - 2)
    unit = ActivationUnit(Activation("quad", fmt, fmt, rounding), 0, flow_control, technology)
    stages = min(stages, len(unit_steps(unit)))  # the smallest units have fewer steps
    unit = dataclasses.replace(unit, stages=stages)
    verilog = emit_verilog(create_unit(unit), name=unit.name, header=unit.name)
    form = ", ".join(["quadcim", technology, freeze(unit).method, rounding,
                      f"{stages} stages" if stages else "combinational", flow_control])
    return _add(table, width, form, verilog.text, top=unit.name, lut_bar=lut_bar, ge_bar=ge_bar)


def _add(table: Table, width: int, form: str, verilog: str, *, top: str, lut_bar: int | None = None,
         ge_bar: int | None = None) -> tuple[int, int]:
    """Measure a module, add its row, and give its LUT and its GE."""
    say(f"cost: {width} bits, {form}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "design.v")
        path.write_text(verilog)
        fpga, gates = fpga_cost([path], top), gate_cost([path], top)
    if gates.unweighted:
        raise ValueError(f"{form}, {width} bits: cells without a weight: {gates.unweighted}")
    ge = round(gates.total_ge)
    bars = [Bar(measured, "<=", limit, unit) for measured, limit, unit in ((fpga.lut, lut_bar, "LUT"),
                                                                          (ge, ge_bar, "GE")) if limit is not None]
    table.add(width, form, fpga.lut, fpga.carry4, fpga.ff, ge, bars=tuple(bars))
    return fpga.lut, ge
