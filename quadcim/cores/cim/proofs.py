"""What is proved of a macro whose weights are loaded, seen from its ports: no beat mixes weights.

Any one beat is picked when it is accepted, its activations and the weights that were taken before that cycle are kept,
and what comes out in its turn must be their sum. Weights may be written at any time, before and after.

- ``sum``: as the Verilog is. With weights in LUTRAM the tables are abstracted: what is read from one that is not whole
  is free, what is read from a whole one is the sum for the weights that were written to it; and all that is written
  must be such sums, one combination after the other.
- ``cells``: the bit cells are a black box, as a hard macro is, of which only this is known: a cell takes its column's
  data at an edge at which its write is set and keeps it else; the weights of a bank are there in the cycle in which
  its number is.
- ``tables``: with tables in LUTRAM as they are, for a bounded time.

A reset may come at any time. It may lose the row that was taken last, and a table that is being written.
"""

import re
import tempfile
from pathlib import Path
from string import Template

from quadcim.cores.cases import CoreCase
from quadcim.hw.cim.plan import plan_macro
from quadcim.hw.emit.yosys import Pass
from quadcim.sim.formal import Proof, search_cycles
from quadcim.sim.prover import prove
from quadcim.spec.cim import LUTRAM_ROWS

__all__ = ["MACRO_PROPERTIES", "prove_macro"]

MACRO_PROPERTIES = ("sum", "cells", "tables")
_TABLE_CYCLES, _TWO_TABLES_CYCLES = 34, 90

_HARNESS = Template("""\
module harness(input clk, input rst, input [$in_msb:0] next_payload, input next_valid, input o_ready, input pick,
               input [$write_msb:0] w_payload, input w_valid);
  reg i_valid = 0, picked = 0, held = 0;
  reg [$in_msb:0] payload = 0, kept = 0;
  wire [$in_msb:0] i_payload = i_valid ? payload : next_payload;
  wire i_ready, o_valid, w_ready;
  wire [$out_msb:0] o_payload;
  $top dut ($ports);
  wire taken = i_valid & i_ready, given = o_valid & o_ready, written = w_valid & w_ready;
  reg [$count_msb:0] inside = 0, ahead = 0;
  reg [$wait_msb:0] waits = 0;
  reg [$out_msb:0] held_payload = 0;
$weights
  always @(posedge clk) begin
    // A beat that is offered stays until it is taken.
    if (!i_valid || taken) payload <= next_payload;
    i_valid <= !rst && (i_valid && !taken || next_valid);
    held <= o_valid & ~o_ready & ~rst;
    held_payload <= o_payload;
    inside <= rst ? 0 : inside + taken - given;
    waits <= rst || inside == 0 || o_valid ? 0 : waits + 1;
    if (rst) picked <= 0;
    else if (picked) begin
      if (given) begin picked <= ahead != 0; ahead <= ahead - 1; end
    end else if (taken & pick & sure) begin picked <= 1; ahead <= inside - given; kept <= i_payload; end
    if (!picked) begin $keep end
  end
  always @* if (!rst) begin
    if (held) assert (o_valid && o_payload == held_payload);
    if (inside == 0) assert (!o_valid);
    assert (inside <= $stages);
    assert (waits < $longest);
    if (picked && ahead == 0 && o_valid) assert (o_payload == want);
$rules
  end
endmodule
""")

_CELLS = Template("""\
module $module(input clk, input [$msb:0] write, input data, $bank_port output [$row_msb:0] weights);
  reg [$msb:0] cells = 0;
  always @(posedge clk) cells <= cells & ~write | {$bits{data}} & write;
  assign weights = cells >> $low;
endmodule
""")

_TABLE = Template("""\
module $module(input clk, input [4:0] plane, input write, input [14:0] data, output [14:0] sums);
  reg [4:0] next = 0;
  reg whole = 1;
  wire [4:0] single = plane & (plane - 5'd1) ? 5'd0 : plane;    // of one row alone: the sum is its weight
  (* anyseq *) reg [14:0] unknown;
  always @(posedge clk) if (write) begin
    next <= plane + 5'd1;
    whole <= plane == 5'd31;
  end
  always @* if (write) assert (plane == next || plane == 0);
  genvar column;
  generate for (column = 0; column < 5; column = column + 1) begin : columns
    reg [4:0] weights = 0;
    wire [4:0] chosen = plane & weights;
    wire [2:0] sum = chosen[0] + chosen[1] + chosen[2] + chosen[3] + chosen[4];
    wire [2:0] word = data[3 * column +: 3];
    assign sums[3 * column +: 3] = whole ? sum : unknown[3 * column +: 3];
    always @(posedge clk) if (write) weights <= weights & ~single | single & {5{word[0]}};
    always @* if (write) assert (single ? word[2:1] == 0 : word == sum);
  end endgenerate
endmodule
""")


def prove_macro(case: CoreCase, property: str, *, seconds: int = 60) -> Proof:
    """Prove a property of a macro's Verilog; of "tables" there is a search alone, in which two can be written.

    Parameters
    ----------
    case : CoreCase
        A small macro with loaded weights and exact sums, without an affine, unipolar.
    property : str
        A name in `MACRO_PROPERTIES`.
    seconds : int
        Time limit, see `quadcim.sim.prover.prove`.
    """
    bounded = property == "tables"
    with tempfile.TemporaryDirectory() as name:
        verdict = prove(_reading(case, property, Path(name)), _harness(case, property),
                        cycles=_TWO_TABLES_CYCLES if bounded else search_cycles(case), seconds=seconds,
                        unbounded=not bounded)
    return Proof(property, case.top, case.latency_cycles, verdict)


def _reading(case: CoreCase, property: str, folder: Path) -> list[Pass]:
    """What reads the Verilog of a macro, without the module that the harness has in its place; edits go to `folder`."""
    text, replaced = "".join(path.read_text() for path in case.rtl), _replaced(case, property)
    if replaced:
        text, count = re.subn(rf"^module {case.top}_{replaced} \(.*?^endmodule\n", "", text,
                              flags=re.DOTALL | re.MULTILINE)
        assert count == 1
    path = folder / "rtl.v"
    path.write_text(text)
    others = [other for other in case.simulation_sources if other not in case.rtl]
    return [["read_verilog", source] for source in (path, *others)]


def _harness(case: CoreCase, property: str) -> str:
    """The harness of a property in `MACRO_PROPERTIES`."""
    width = {port.name: port.width for port in case.ports}
    stages, macro = case.latency_cycles, case.spec
    stored = macro.storage == "lutram"
    longest = stages + _TABLE_CYCLES * stored
    text = _HARNESS.substitute(
        in_msb=width["i__payload"] - 1, out_msb=width["o__payload"] - 1, write_msb=width["w__payload"] - 1,
        top=case.top, ports=", ".join(f".{port.name}({port.wire})" for port in case.ports), stages=stages,
        count_msb=(2 * stages + 2).bit_length(), longest=longest, wait_msb=(longest + 1).bit_length(),
        keep=" ".join(f"kept_{row} <= now_{row};" for row in range(macro.rows)),
        weights=(_tables(case) if stored else _cells(case)) + _want(case),
        rules="    assert (w_ready || at_work || starts);" if stored else
              "    // A write to a bank that no beat inside uses is taken at once; any, as a beat is accepted.\n"
              "    if (w_valid) assert (w_ready || uses);")
    match _replaced(case, property):
        case "bit_cells":
            banks, several = macro.rows * macro.banks, macro.banks > 1
            text += _CELLS.substitute(
                module=f"{case.top}_bit_cells", msb=banks - 1, bits=banks, row_msb=macro.rows - 1,
                bank_port=f"input [{macro.bank_bits - 1}:0] bank," if several else "",
                low=f"bank * {macro.rows}" if several else "0")
        case "partial_sums":
            text += _TABLE.substitute(module=f"{case.top}_partial_sums")
    return text


def _replaced(case: CoreCase, property: str) -> str | None:
    """The module in whose place the harness has another."""
    if property == "cells":
        return "bit_cells"
    return "partial_sums" if property == "sum" and case.spec.storage == "lutram" else None


def _cells(case: CoreCase) -> str:
    """The weights that have been taken, which are those in the cells; where they may be lost; what uses which bank."""
    macro = case.spec
    columns, rows, banks = macro.columns, macro.rows, range(macro.banks)
    row = f"w_payload[{columns} +: {macro.row_bits}]" if macro.row_bits else "1'b0"
    above = macro.columns + macro.row_bits
    w_bank = f"w_payload[{above} +: {macro.bank_bits}]" if macro.bank_bits else "1'b0"
    i_bank = f"i_payload[{macro.rows * macro.activation_bits} +: {macro.bank_bits}]" if macro.bank_bits else "1'b0"
    lines = [f"  wire [{max(macro.row_bits, 1) - 1}:0] w_row = {row};",
             f"  wire [{max(macro.bank_bits, 1) - 1}:0] w_bank = {w_bank}, i_bank = {i_bank};"]
    for bank in banks:
        lines += [f"  reg [{rows - 1}:0] unsure_{bank} = 0, last_{bank} = 0;",
                  f"  wire [{rows - 1}:0] writes_{bank} = (written && w_bank == {bank}) << w_row;"]
        lines += [f"  reg [{columns - 1}:0] taken_{bank}_{number} = 0;\n  always @(posedge clk) "
                  f"if (writes_{bank}[{number}]) taken_{bank}_{number} <= w_payload[{columns - 1}:0];"
                  for number in range(rows)]
        # A write that passes a register may be lost in it.
        lost = f" | (rst ? last_{bank} | writes_{bank} : {rows}'d0)" if plan_macro(
            macro, case.integers).selected else ""
        lines += [f"  always @(posedge clk) begin if (writes_{bank}) last_{bank} <= writes_{bank};",
                  f"    unsure_{bank} <= unsure_{bank} & ~writes_{bank}{lost}; end"]
    chosen = [" : ".join([*(f"i_bank == {bank} ? {name.format(bank)}" for bank in banks[:-1]),
                          name.format(banks[-1])]) for name in ["unsure_{}", *(f"taken_{{}}_{r}" for r in range(rows))]]
    lines += [f"  wire sure = ({chosen[0]}) == 0;"]
    lines += [f"  wire [{columns - 1}:0] now_{number} = {text};" for number, text in enumerate(chosen[1:])]
    lines += _users(case)
    return "\n".join([*lines, ""])


def _users(case: CoreCase) -> list[str]:
    """Whether a beat is for the bank that is written: one inside, or the one that is offered; not as it is accepted."""
    width, depth = case.spec.bank_bits or 1, case.latency_cycles
    # The banks of the beats inside, the newest in the low place.
    users = [f"inside > {place} && banks_inside[{place * width} +: {width}] == w_bank" for place in range(depth)]
    return [f"  reg [{depth * width - 1}:0] banks_inside = 0;",
            "  always @(posedge clk) if (taken) banks_inside <= {banks_inside, i_bank};",
            f"  wire uses = !taken && (i_valid && i_bank == w_bank || {' || '.join(users)});"]


def _tables(case: CoreCase) -> str:
    """The rows that have been taken, the table of them, and whether one is being written; up to five rows."""
    macro = case.spec
    columns, rows = macro.columns, macro.rows
    assert rows <= LUTRAM_ROWS
    row = f"w_payload[{columns} +: {macro.row_bits}]" if macro.row_bits else "1'b0"
    lines = [f"  wire [{max(macro.row_bits, 1) - 1}:0] w_row = {row};",
             f"  wire starts = w_valid && w_row == {rows - 1};", "  reg at_work = 0, unsure = 0;",
             "  always @(posedge clk) begin",
             "    at_work <= written && starts || at_work && !w_ready;",
             "    unsure <= rst ? unsure || at_work || written && starts : unsure && !(written && starts);", "  end",
             "  wire sure = !unsure;"]
    for number in range(rows):
        value = f"w_payload[{columns - 1}:0]" if number == rows - 1 else f"row_{number}"
        lines += [f"  reg [{columns - 1}:0] row_{number} = 0, now_{number} = 0;",
                  "  always @(posedge clk) begin",
                  f"    if (written && w_row == {number}) row_{number} <= w_payload[{columns - 1}:0];",
                  f"    if (written && starts) now_{number} <= {value};", "  end"]
    return "\n".join([*lines, ""])


def _want(case: CoreCase) -> str:
    """The sums of the beat that was kept, with the weights that were."""
    macro, y = case.spec, case.spec.output_format(case.integers)
    columns, rows, bits = macro.columns, macro.rows, macro.activation_bits
    lines = []
    for row in range(rows):
        lines += [f"  reg [{columns - 1}:0] kept_{row} = 0;",
                  f"  wire {'signed ' if macro.signed else ''}[{bits - 1}:0] x_{row} = kept[{row * bits} +: {bits}];"]
    zero = f"{y.width}'{'s' * macro.signed}d0"
    sums = [" + ".join(f"(kept_{row}[{column}] ? x_{row} : {zero})" for row in range(rows))
            for column in range(columns)]
    lines += [f"  wire [{y.width - 1}:0] sum_{column} = {text};" for column, text in enumerate(sums)]
    names = ", ".join(f"sum_{column}" for column in reversed(range(columns)))
    return "\n".join([*lines, f"  wire [{columns * y.width - 1}:0] want = {{{names}}};"])
