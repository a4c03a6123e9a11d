"""Cost of the phi unit, beside hand-written references and the naive form."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import Bar, Table, say
from benchmarks.ruler import fpga_cost, gate_cost
from quadcim.hw.units import create_unit
from quadcim.hw.verilog import emit_verilog
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
# LUT and GE, at most, by width, stages and rounding.
_BARS = {(16, 0, "faithful"): (162, 653), (16, 3, "faithful"): (175, 1070)}
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
    for width in widths:
        for name, lut, ge in _REFERENCES[width]:
            table.add(width, f"reference: {name}", lut, "", "", ge)
        if width <= _WIDEST_NAIVE:
            _add(table, width, "naive, measured now", naive_verilog(width), top="naive_phi")
        for stages in (0, 3):
            _add_unit(table, width, "faithful", stages, "always")
        if width == 16:
            for stages in (0, 3):
                _add_unit(table, width, "nearest", stages, "elastic")
    return table


def _add_unit(table: Table, width: int, rounding: ActivationRounding, stages: int, flow_control: FlowControl) -> None:
    fmt = Format(True, 2, width - 2)
    unit = ActivationUnit(Activation("quad", fmt, fmt, rounding), stages, flow_control)
    verilog = emit_verilog(create_unit(unit), name=unit.name, header=unit.name)
    form = f"quadcim, {rounding}, {f'{stages} stages' if stages else 'combinational'}, {flow_control}"
    _add(table, width, form, verilog.text, top=unit.name, bars=_BARS.get((width, stages, rounding)))


def _add(table: Table, width: int, form: str, verilog: str, *, top: str,
         bars: tuple[int, int] | None = None) -> None:
    say(f"cost: {width} bits, {form}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "design.v")
        path.write_text(verilog)
        fpga, gates = fpga_cost([path], top), gate_cost([path], top)
    if gates.unweighted:
        raise ValueError(f"{form}, {width} bits: cells without a weight: {gates.unweighted}")
    ge = round(gates.total_ge)
    table.add(width, form, fpga.lut, fpga.carry4, fpga.ff, ge,
              bars=(Bar(fpga.lut, "<=", bars[0], "LUT"), Bar(ge, "<=", bars[1], "GE")) if bars else ())
