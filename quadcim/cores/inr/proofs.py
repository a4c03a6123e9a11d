"""What is searched of a small engine, seen from its ports alone: any one command renders its pixels, and no others.

Any one command is picked when it is accepted, those before it are counted by the last pixels that are still to come.
Then each pixel must be the golden one of the next coordinates of the command, and the last one must say that it is.
Commands, stalls on both sides and resets come at any time. The search is for so many cycles after the initial state: an
induction for ever was tried, and found no invariant of the double buffers.
"""

import itertools
from string import Template

from quadcim.cores.cases import CoreCase
from quadcim.hw.inr.plan import plan_engine
from quadcim.sim.formal import Proof
from quadcim.sim.prover import prove
from quadcim.spec.inr_engine import COUNT, Command

__all__ = ["PIXELS", "WIDEST_COORDINATES", "prove_engine"]

PIXELS = "pixels"
WIDEST_COORDINATES = 8
"""Bits of all coordinates together, of which the golden pixels are a table."""
_LONGEST = 2
_PIXELS_FOLLOWED = 3

_HARNESS = Template("""\
module harness(input clk, input rst, input [$in_msb:0] any_payload, input next_valid, input o_ready, input pick);
  reg i_valid = 0, picked = 0, held = 0;
  reg [$in_msb:0] payload = 0;
  wire [$in_msb:0] i_payload = i_valid ? payload : next_payload;
  // Regions of up to $longest values an axis: counters of fewer states.
  wire [$in_msb:0] next_payload = any_payload & $small;
  wire i_ready, o_valid, o_last;
  wire [$out_msb:0] o_payload, want;
  $top dut ($ports);
  wire taken = i_valid & i_ready, given = o_valid & o_ready;
  reg [$count_msb:0] inside = 0, ahead = 0;
  reg [$wait_msb:0] waits = 0;
  reg [$out_msb:0] held_payload = 0;
  reg held_last = 0;
$axes
  golden golden (.x({$vector}), .y(want));
  wire ends = given & o_last, counted = given & picked & ahead == 0;
  wire whole = $whole;
  always @(posedge clk) begin
    // A command that is offered stays until it is taken.
    if (!i_valid || taken) payload <= next_payload;
    i_valid <= !rst && (i_valid && !taken || next_valid);
    held <= o_valid & ~o_ready & ~rst;
    held_payload <= o_payload;
    held_last <= o_last;
    inside <= rst ? 0 : inside + taken - ends;
    waits <= rst || inside == 0 || o_valid ? 0 : waits + 1;
    if (rst) picked <= 0;
    else if (picked) begin
      if (ends) begin picked <= ahead != 0; ahead <= ahead - 1; end
    end else if (taken & pick) begin picked <= 1; ahead <= inside - ends; end
$steps
  end
  always @* if (!rst) begin
    if (held) assert (o_valid && o_payload == held_payload && o_last == held_last);
    if (inside == 0) assert (!o_valid);
    assert (inside <= $most);
    assert (waits < $latency);
    if (picked && ahead == 0 && o_valid) assert (o_payload == want && o_last == whole);
  end
endmodule
""")
_AXIS = Template("  reg [$msb:0] at_$axis = 0, start_$axis = 0, step_$axis = 0;\n"
                 "  reg [$last_msb:0] left_$axis = 0, last_$axis = 0;")
_STEPS = Template("""\
    if (!picked) begin
      {at_$axis, start_$axis} <= {2{i_payload[$start +: $width]}};
      step_$axis <= i_payload[$step +: $width];
      {left_$axis, last_$axis} <= {2{i_payload[$last +: $last_bits]}};
    end else if (counted$inner) begin
      at_$axis <= left_$axis == 0 ? start_$axis : at_$axis + step_$axis;
      left_$axis <= left_$axis == 0 ? last_$axis : left_$axis - 1;
    end""")


def prove_engine(case: CoreCase, *, seconds: int = 60) -> Proof:
    """Search a small engine's Verilog for a pixel that is not its command's, as far as a few pixels need.

    Parameters
    ----------
    case : CoreCase
        An engine whose coordinates have `WIDEST_COORDINATES` bits together at most.
    seconds : int
        Time limit, see `quadcim.sim.prover.prove`.
    """
    cycles = case.latency_cycles + _PIXELS_FOLLOWED * case.spec.pixel_cycles + 4
    verdict = prove([["read_verilog", path] for path in case.simulation_sources], _harness(case) + _golden(case),
                    cycles=cycles, seconds=seconds, unbounded=False, beside=case.images)
    return Proof(PIXELS, case.top, case.latency_cycles, verdict)


def _harness(case: CoreCase) -> str:
    engine = case.spec
    width = {port.name: port.width for port in case.ports}
    axes, bits = range(engine.sizes[0]), engine.coordinate.width
    start, step, last = Command.layout(len(axes), engine.coordinate)
    small = (1 << last.offset) - 1 + sum(
        _LONGEST - 1 << last.offset + COUNT.width * axis for axis in axes)
    # Each pixel inside is of another command at worst; one more command waits for its first.
    most = 1 + plan_engine(engine, case.integers.network).most_inside
    return _HARNESS.substitute(
        in_msb=width["i__payload"] - 1, out_msb=width["o__payload"] - 1, top=case.top,
        longest=_LONGEST, small=f"{width['i__payload']}'h{small:x}",
        ports=", ".join(f".{port.name}({port.wire})" for port in case.ports), most=most,
        count_msb=most.bit_length(), latency=case.latency_cycles, wait_msb=case.latency_cycles.bit_length(),
        axes="\n".join(_AXIS.substitute(axis=axis, msb=bits - 1, last_msb=COUNT.width - 1) for axis in axes),
        steps="\n".join(_STEPS.substitute(
            axis=axis, width=bits, start=start.offset + bits * axis, step=step.offset + bits * axis,
            last=last.offset + COUNT.width * axis, last_bits=COUNT.width,
            inner="".join(f" && left_{inner} == 0" for inner in range(axis))) for axis in axes),
        vector=", ".join(f"at_{axis}" for axis in reversed(axes)),
        whole=" && ".join(f"left_{axis} == 0" for axis in axes))


def _golden(case: CoreCase) -> str:
    """The golden pixels as a module."""
    engine = case.spec
    fmt, axes = engine.coordinate, engine.sizes[0]
    bits = next(port.width for port in case.ports if port.name == "o__payload")
    raws = range(fmt.minimum, fmt.maximum + 1)
    entries = []
    for vector in itertools.product(raws, repeat=axes):
        command = Command(vector, (0,) * axes, (0,) * axes)
        x = command.payload(fmt) & (1 << axes * fmt.width) - 1
        (y,) = case.stimulus.expected([command.payload(fmt)])
        entries.append(f"    {axes * fmt.width}'d{x}: y = {bits}'d{y};")
    return "\n".join([f"module golden(input [{axes * fmt.width - 1}:0] x, output reg [{bits - 1}:0] y);",
                      "  always @* case (x)", *entries, "  endcase", "endmodule", ""])
