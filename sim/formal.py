"""What is proved of a case's Verilog, for every input, every stall pattern and a reset at any time.

- ``stream`` sees the ports alone: a beat comes out for each one in, after the latency if nothing stalls; the input
  stalls only when every stage holds a beat; a result that waits does not change.
- ``order`` sees the ports alone, too: any one beat is picked, the beats before it are counted, and what comes out in
  its turn must be its value. It holds what ``value`` and ``stream`` hold together, and is the harder proof.
- ``frames`` sees the ports alone, where frames are so many beats in and so many out: those come out once a frame is in
  as a whole, the first after the latency if nothing stalls; the input stalls for an interval at most, unless it holds
  as many beats as it can; a result that waits does not change.
- ``value``: every result is the golden integer of its beat, read from a table. The invariant that the proof needs is
  given: each register of a stage holds what the unit without registers makes of the beat in that stage.
"""

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from quadcim.hw.emit.yosys import Pass
from quadcim.sim.case import Case
from quadcim.sim.prover import Verdict, prove

__all__ = ["PROPERTIES", "Proof", "prove_case", "search_cycles"]

PROPERTIES = ("stream", "order", "frames", "value")

# Registers become wires: what is left is the function.
_TRANSPARENT = "\n".join(
    f'(* techmap_celltype = "${kind}" *) module {kind}_(input CLK, {inputs}input [WIDTH-1:0] D, output [WIDTH-1:0] Q); '
    "parameter WIDTH = 1; parameter CLK_POLARITY = 1; parameter EN_POLARITY = 1; parameter SRST_POLARITY = 1; "
    "parameter SRST_VALUE = 0; assign Q = D; endmodule\n"
    for kind, inputs in {"dff": "", "dffe": "input EN, ", "sdff": "input SRST, ", "sdffe": "input EN, input SRST, ",
                         "sdffce": "input EN, input SRST, "}.items())

_STREAM = Template("""\
module harness(input clk, input rst, input [$in_msb:0] i_payload, input i_valid, input pick$o_ready);
$dut
  wire taken = i_valid & i_ready, given = o_valid & o_ready;
  reg [$count_msb:0] inside = 0, ahead = 0, waits = 0;
  reg picked = 0, held = 0;
  reg [$in_msb:0] kept = 0;
  reg [$out_msb:0] held_payload = 0;
  always @(posedge clk) begin
    held <= o_valid & ~o_ready & ~rst;
    held_payload <= o_payload;
    inside <= rst ? 0 : inside + taken - given;
    waits <= rst || inside == 0 || o_valid ? 0 : waits + 1;
    if (rst) picked <= 0;
    else if (picked) begin
      if (given) begin picked <= ahead != 0; ahead <= ahead - 1; end
    end else if (taken & pick) begin picked <= 1; ahead <= inside - given; kept <= i_payload; end
  end
  always @* if (!rst) begin
$assertions
  end
endmodule
""")
_COUNTS = Template("""\
    if (held) assert (o_valid && o_payload == held_payload);
    if (inside == 0) assert (!o_valid);
    assert (inside <= $stages);
    assert (waits < $stages);
    assert (i_ready || inside == $stages);
""")
_DIRECT = "    assert (o_valid == i_valid && i_ready == o_ready);\n"
_PICKED = "    if (picked && ahead == 0 && o_valid) assert (o_payload == want);\n"

_FRAMES = Template("""\
module harness(input clk, input rst, input [$in_msb:0] i_payload, input i_valid, input o_ready);
$dut
  wire taken = i_valid & i_ready, given = o_valid & o_ready;
  wire whole_in = taken & place_in == $beats_in - 1, whole_out = given & place_out == $beats_out - 1;
  reg [31:0] place_in = 0, place_out = 0, whole = 0, waits = 0, stalls = 0;
  wire [31:0] inside = whole * $beats_in + place_in;
  reg held = 0;
  reg [$out_msb:0] held_payload = 0;
  always @(posedge clk) begin
    held <= o_valid & ~o_ready & ~rst;
    held_payload <= o_payload;
    place_in <= rst || whole_in ? 0 : place_in + taken;
    place_out <= rst || whole_out ? 0 : place_out + given;
    whole <= rst ? 0 : whole + whole_in - whole_out;
    waits <= rst || whole == 0 || o_valid ? 0 : waits + 1;
    stalls <= rst || i_ready || inside >= $capacity ? 0 : stalls + 1;
  end
  always @* if (!rst) begin
    if (held) assert (o_valid && o_payload == held_payload);
    if (whole == 0) assert (!o_valid);
    assert (inside <= $capacity);
    assert (waits < $stages);
    assert (i_ready || inside >= $capacity || stalls < $interval);
  end
endmodule
""")

_VALUE = Template("""\
module harness(input clk, input rst, input [$in_msb:0] i_payload, input i_valid$o_ready);
$registers$dut
$stages
  always @* if (!rst) begin
    assert (i_ready == moves_0 && o_valid == valid_$last);
    if (valid_$last) assert (o_payload == want);
  end
endmodule
""")
# A stage of the naive pipeline, which passes on the beats themselves.
_STAGE = Template("""\
  wire moves_$before = moves_$stage | ~valid_$stage;
  reg valid_$stage = 0;
  reg [$in_msb:0] x_$stage = 0;
  always @(posedge clk) if (rst) valid_$stage <= 0; else if (moves_$before) valid_$stage <= valid_$before;
  always @(posedge clk) if (moves_$before) x_$stage <= x_$before;
""")


@dataclass(frozen=True, slots=True)
class Proof:
    """A property of a unit, and what became of it."""

    property: str
    unit: str
    stages: int
    verdict: Verdict


def search_cycles(case: Case) -> int:
    """How far a search looks: 4 cycles more than a beat spends inside."""
    return case.latency_cycles + case.initiation_interval_cycles + 4


def prove_case(case: Case, property: str, *, seconds: int = 60) -> Proof:
    """Prove a property of a case's Verilog; the search before looks at 4 cycles more than a beat spends inside.

    Parameters
    ----------
    case : Case
        For "value" of a technology without registers in primitives; for that and "order" of small widths.
    property : str
        A name in `PROPERTIES`.
    seconds : int
        Time limit, see `quadcim.sim.prover.prove`.
    """
    cycles = search_cycles(case)
    harness = _harness(case, property)
    if property == "value":
        verdict = _prove_value(case, harness, cycles, seconds)
    else:
        reading: list[Pass] = [["read_verilog", path] for path in case.simulation_sources]
        verdict = prove(reading, harness, cycles=cycles, seconds=seconds, beside=case.images)
    return Proof(property, case.top, case.latency_cycles, verdict)


def _harness(case: Case, property: str) -> str:
    width = {port.name: port.width for port in case.ports}
    stages = case.latency_cycles
    values: dict[str, object] = {
        "in_msb": width["i__payload"] - 1, "out_msb": width["o__payload"] - 1, "stages": stages, "last": stages,
        "o_ready": ", input o_ready" if case.elastic else "", "count_msb": (2 * stages + 2).bit_length(),
        "beats_in": case.timing.beats_in, "beats_out": case.timing.beats_out, "capacity": case.timing.capacity_beats,
        "interval": case.timing.initiation_interval_cycles}
    instance = _instance(case)
    match property:
        case "stream" | "order":
            assertions = _COUNTS.substitute(values) if stages else _DIRECT
            if property == "order":
                assertions, instance = assertions + _PICKED, instance + _golden(case, "kept")
            return _STREAM.substitute(values, dut=instance, assertions=assertions) + _table(case, property)
        case "frames":
            return _FRAMES.substitute(values, dut=instance)
        case _:
            found = _registers(case)
            wires = "".join(f"  wire {register.range} {register.name}, plain_{register.name};\n" for register in found)
            instance = _instance(case, [f".{register.name}({register.name})" for register in found])
            return _VALUE.substitute(values, dut=instance, stages=_naive(case), registers=wires) + _table(
                case, property)


def _instance(case: Case, extra: Sequence[str] = ()) -> str:
    """The unit, and wires for its outputs; a stream without ready is always ready."""
    width = {port.name: port.width for port in case.ports}["o__payload"]
    connections = [f".{port.name}({port.wire})" for port in case.ports]
    ready = "  wire i_ready;" if case.elastic else "  wire i_ready = 1, o_ready = 1;"
    return "\n".join([ready, "  wire o_valid;", f"  wire [{width - 1}:0] o_payload;",
                      f"  {case.top} dut ({', '.join([*connections, *extra])});", ""])


def _golden(case: Case, beat: str) -> str:
    """The wire ``want``: the golden integer of a beat."""
    width = {port.name: port.width for port in case.ports}["o__payload"]
    return f"  wire [{width - 1}:0] want;\n  golden golden (.x({beat}), .y(want));\n"


def _table(case: Case, property: str) -> str:
    """The golden integers as a module, where the property needs them."""
    if property == "stream":
        return ""
    width = {port.name: port.width for port in case.ports}
    bits_in, bits_out = width["i__payload"], width["o__payload"]
    inputs = range(1 << bits_in)
    entries = [f"    {bits_in}'d{x}: y = {bits_out}'d{y};"
               for x, y in zip(inputs, case.stimulus.expected(inputs), strict=True)]
    return "\n".join([f"module golden(input [{bits_in - 1}:0] x, output reg [{bits_out - 1}:0] y);",
                      "  always @* case (x)", *entries, "  endcase", "endmodule", ""])


@dataclass(frozen=True, slots=True)
class _Register:
    """A register of the emitted Verilog and the stage that it ends."""

    name: str
    range: str
    stage: int



_REGISTER = re.compile(r"^  reg (?:signed )?(\[\d+:0\] )?(stage(\d+)_\w+)( = [^;]+)?;\n", re.MULTILINE)


def _split(case: Case) -> tuple[str, str, str]:
    """The text of the file of the top module: before its ports, and the rest of the module, and what follows."""
    text = (case.folder / f"rtl/{case.top}.v").read_text()
    head, opening, rest = text.partition(f"module {case.top} (\n")
    body, end, tail = rest.partition("\nendmodule\n")
    return head + opening, body, end + tail


def _registers(case: Case) -> list[_Register]:
    return [_Register(match[2], (match[1] or "").strip(), int(match[3])) for match in
            _REGISTER.finditer(_split(case)[1])]


def _with_ports(case: Case) -> str:
    """The Verilog with each stage's registers as outputs."""
    head, body, tail = _split(case)
    ports = "".join(f"  output{match[0].rstrip()[5:].removesuffix(';')},\n".replace("output", "output reg", 1)
                    for match in _REGISTER.finditer(body))
    return head + ports + _REGISTER.sub("", body) + tail


def _naive(case: Case) -> str:
    """The naive pipeline, and what it says of the unit's registers."""
    width = {port.name: port.width for port in case.ports}["i__payload"]
    last, found = case.latency_cycles, _registers(case)
    lines = [f"  wire valid_0 = i_valid, moves_{last} = o_ready;\n", f"  wire [{width - 1}:0] x_0 = i_payload;\n"]
    lines += [_STAGE.substitute(stage=stage, before=stage - 1, in_msb=width - 1) for stage in range(1, last + 1)]
    lines.append(_golden(case, f"x_{last}"))
    connections = [f".{port.name}({value})" for port in case.ports if (value := {
        "clk": "clk", "rst": "1'b0", "rst_n": "1'b1", "i__valid": "1'b1", "o__ready": "1'b1"}.get(port.name))]
    for stage in range(1, last + 1):
        mine = [register for register in found if register.stage == stage]
        plain = [*connections, f".i__payload(x_{stage})", *(f".{r.name}(plain_{r.name})" for r in mine)]
        lines.append(f"  plain plain_{stage} ({', '.join(plain)});\n")
        for register in mine:
            given = "1'b1" if register.name == f"stage{stage}_valid" else f"valid_{stage}"
            right = f"valid_{stage}" if register.name == f"stage{stage}_valid" else f"plain_{register.name}"
            lines.append(f"  always @* if (!rst && {given}) assert ({register.name} == {right});\n")
    return "".join(lines)


def _prove_value(case: Case, harness: str, cycles: int, seconds: int) -> Verdict:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "top.v").write_text(_with_ports(case))
        (folder / "transparent.v").write_text(_TRANSPARENT)
        sources = [folder / "top.v", *(path for path in case.simulation_sources if path.stem != case.top)]
        read: list[Pass] = [["read_verilog", path] for path in sources]
        return prove([*read, ["hierarchy", "-top", case.top], "proc", "flatten", "opt_expr", "opt_dff", "opt_clean",
                      ["techmap", "-map", str(folder / "transparent.v")], ["rename", case.top, "plain"],
                      "design -stash plain", *read, "design -copy-from plain -as plain plain"],
                     harness, cycles=cycles, seconds=seconds, beside=case.images)
