"""The self-checking testbench in plain Verilog that every case ships."""

from string import Template

from quadcim.spec.ports import Port

__all__ = ["verilog_testbench"]

_TEXT = Template('''\
// Self-checking testbench of $top. Run in the case directory:
//   iverilog -g2005 -o t tb/*.v rtl/*.v && vvp t
// $runs runs over all vectors: at full speed (latency and throughput are checked), with pauses on both sides,
// with a reset in mid-stream$reloaded. Prints PASS, or FAIL and the number of mismatches.

`timescale 1ns / 1ps
`default_nettype none

module ${top}_tb;
  localparam BEATS = $beats;
  localparam LATENCY = $latency;
  localparam INTERVAL = $interval;   // cycles from one beat to the next
  localparam CAPACITY = $capacity;   // beats that it takes before the first one is received
  localparam REST = (LATENCY + 2) * INTERVAL;

  reg [${in_msb}:0] inputs [0:BEATS-1];
  reg [${out_msb}:0] expected [0:BEATS-1];

  reg clk = 1'b0;
  reg rst = 1'b1;
  reg [${in_msb}:0] i_payload = 0;
  reg i_valid = 1'b0;
  wire i_ready;
  wire [${out_msb}:0] o_payload;
  wire o_valid;
  reg o_ready = 1'b0;
$weights
  $top dut (
$connections
  );
$always_ready  always #5 clk = ~clk;

  integer seed = $seed;
  integer run = 0;          // 0: full speed, 1: random pauses, 2: reset in mid-stream$other_weights
  integer cycle = 0;
  integer offered = 0;      // beats put on the input, the one on offer included
  integer accepted = 0;
  integer received = 0;
  integer first_accepted = 0;
  integer mismatches = 0;
  integer restarts = 0;
  integer idle = 0;         // cycles since the last beat was received: nothing may follow it
  reg held = 1'b0;          // the output was valid and not taken: it must stay
  reg [${out_msb}:0] held_payload = 0;
  reg taking = 1'b0;
  integer rest = 0;         // cycles that the receiver still takes nothing
$waited
  task complain;
    begin
      mismatches = mismatches + 1;
      if (mismatches <= 10)
        $$display("run %0d cycle %0d beat %0d: input %h, expected %h, got %h (valid %b)",
                 run, cycle, received, inputs[received % BEATS], expected[received % BEATS], o_payload, o_valid);
    end
  endtask

  task restart;             // one cycle of reset, then from the first beat again
    begin
      rst <= 1'b1;
      i_valid <= 1'b0;
      o_ready <= 1'b0;
      offered = 0;
      accepted = 0;
      received = 0;
      cycle = 0;
      idle = 0;
      held = 1'b0;
      rest = 0;
$forget    end
  endtask

  integer k;
  initial begin
    $$readmemh("vectors/input.hex", inputs);
    $$readmemh("vectors/expected.hex", expected);
$read_weights    for (k = 0; k < BEATS; k = k + 1)
      if (^inputs[k] === 1'bx || ^expected[k] === 1'bx) mismatches = mismatches + 1;
    if (mismatches != 0) begin
      $$display("FAIL %0d vectors missing: run this in the case directory", mismatches);
      $$finish;
    end
  end

  always @(posedge clk) begin
    cycle = cycle + 1;
    if (rst) begin
      rst <= run == 0 && cycle < 4;   // a reset in mid-stream lasts one cycle: nothing may survive it
    end else begin
      if (o_valid !== 1'b0 && o_valid !== 1'b1) complain;
$stall_rule      if (held && (o_valid !== 1'b1 || o_payload !== held_payload)) complain;
      if (i_valid && i_ready === 1'b1) begin
        if (accepted == 0) first_accepted = cycle;
        accepted = accepted + 1;
      end
      if (o_valid === 1'b1 && o_ready) begin
        if (received >= accepted || received >= BEATS || o_payload !== expected[received % BEATS]) complain;
        else if (run == 0 && cycle != first_accepted + INTERVAL * received + LATENCY) complain;
        received = received + 1;
      end
      held = o_valid === 1'b1 && !o_ready;
      held_payload = o_payload;
      if (received >= BEATS) idle = idle + 1;
      if (idle > LATENCY + 4 || cycle > 64 * INTERVAL * BEATS + 1000 + $patience) begin
        if (received != BEATS || accepted != BEATS) complain;
        run = run + 1;
        restart;
$reload
      end else if (run == 2 && restarts == 0 && received >= BEATS / 2) begin
        restarts = 1;
        restart;
      end
    end
    if (run == $last) begin
      if (mismatches == 0) $$display("PASS");
      else $$display("FAIL %0d mismatches", mismatches);
      $$finish;
    end
$write    if (!rst && cycle > 4$loaded) begin
      if (!i_valid || i_ready === 1'b1) begin
        if (offered < BEATS && (run == 0 || $$random(seed) % 4 != 0)) begin
          i_valid <= 1'b1;
          i_payload <= inputs[offered];
          offered = offered + 1;
        end else begin
          i_valid <= 1'b0;
          i_payload <= ~inputs[offered % BEATS];   // an idle input carries what must not matter
        end
      end
      taking = run == 0 || (rest == 0 && $$random(seed) % 3 != 0);
      if (rest != 0) rest = rest - 1;
      else if (run != 0 && $$random(seed) % 32 == 0) rest = REST;
      o_ready <= ${o_ready_rule};
    end
  end
endmodule

`default_nettype wire
''')

_STALL_RULE = Template("""\
      // The unit stalls its input only when it holds all the beats it can, or takes several cycles for one.
      if (i_ready === 1'b1 || accepted - received >= CAPACITY$loading) waited = 0;
      else if (i_valid || INTERVAL == 1) waited = waited + 1;
      if (waited >= INTERVAL) complain;
""")
_FORGET = "      waited = 0;\n"
_WAITED = "  integer waited = 0;       // cycles that the input has been stalled\n"
_RELOAD = """\
        if (run == 3) begin
          $readmemh("vectors/weights_inverted.hex", weights);
          $readmemh("vectors/expected_inverted.hex", expected);
        end else if (run == 4) begin
          $readmemh("vectors/weights_ones.hex", weights);
          $readmemh("vectors/expected_ones.hex", expected);
        end
        if (run >= 3) begin
          written = 0;
          loaded = 1'b0;
        end
"""
_WEIGHTS = Template("""\
  localparam WRITES = $writes;
  reg [${msb}:0] weights [0:WRITES-1];
  reg [${msb}:0] w_payload = 0;
  reg w_valid = 1'b0;
  wire w_ready;
  integer written = 0;      // weights put on their stream, the one on offer included
  reg loaded = 1'b0;        // all weights have been taken
""")
_READ_WEIGHTS = """\
    $readmemh("vectors/weights.hex", weights);
    for (k = 0; k < WRITES; k = k + 1)
      if (^weights[k] === 1'bx) mismatches = mismatches + 1;
"""
_WRITE = """\
    // The weights come once, before the first beat: they outlive a reset.
    if (!rst && (!w_valid || w_ready === 1'b1)) begin
      w_valid <= written < WRITES;
      w_payload <= written < WRITES ? weights[written] : ~weights[0];
      if (written >= WRITES && !w_valid && w_ready === 1'b1) loaded = 1'b1;
      written = written + 1;
    end
"""


def verilog_testbench(*, top: str, ports: tuple[Port, ...], latency_cycles: int, interval_cycles: int, capacity: int,
                      beats: int, writes: int) -> str:
    """The testbench of a unit with an input stream ``i``, an output stream ``o`` and perhaps a stream of weights ``w``.

    Parameters
    ----------
    top : str
        Name of the module under test; the testbench is called ``<top>_tb``.
    ports : tuple of Port
        Its ports; without ``o__ready`` the receiver takes every beat.
    latency_cycles, interval_cycles : int
        Its latency, and the cycles from one beat to the next.
    capacity : int
        How many beats it takes while none is received.
    beats, writes : int
        Number of vectors, and of weights.
    """
    width = {port.name: port.width for port in ports}
    elastic = "o__ready" in width
    connections = ",\n".join(f"    .{port.name}({port.wire})" for port in ports)
    return _TEXT.substitute(
        top=top, beats=beats, latency=latency_cycles, interval=interval_cycles, in_msb=width["i__payload"] - 1,
        out_msb=width["o__payload"] - 1, connections=connections, seed=1,
        always_ready="" if elastic else "  assign i_ready = 1'b1;\n",
        o_ready_rule="taking" if elastic else "1'b1",
        capacity=capacity, waited=_WAITED if elastic else "", forget=_FORGET if elastic else "",
        stall_rule=_STALL_RULE.substitute(loading=" || !loaded" if writes else "") if elastic else "",
        runs="Five" if writes else "Three", last=5 if writes else 3, reload=_RELOAD if writes else "",
        reloaded=";\n// then with every weight inverted, and with all weights 1" if writes else "",
        other_weights=", 3 and 4: other weights" if writes else "",
        weights=_WEIGHTS.substitute(writes=writes, msb=width["w__payload"] - 1) if writes else "",
        read_weights=_READ_WEIGHTS if writes else "", write=_WRITE if writes else "",
        loaded=" && loaded" if writes else "", patience=64 * writes)
