"""The self-checking testbench in plain Verilog that every case ships."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from string import Template

from quadcim.sim.testbench_frames import frame_texts
from quadcim.spec.ports import Port
from quadcim.spec.timing import Frame, Timing

__all__ = ["Loads", "simulation_command", "verilog_testbench"]

_TEXT = Template('''\
// Self-checking testbench of $top. Run in the case directory:
//   $command
// $runs runs over all vectors: at full speed (latency and throughput are checked), with pauses on both sides,
// with resets in mid-stream$reloaded.
// Prints PASS, or FAIL and the number of mismatches.

`timescale 1ns / 1ps
`default_nettype none

module ${top}_tb;
  localparam BEATS = $beats;
$frame_sizes  localparam LATENCY = $latency;$latency_of
  localparam INTERVAL = $interval;   // cycles from one $unit to the next$longest
  localparam CAPACITY = $capacity;   // beats that it takes before the first one is received
  localparam REST = $rest;
  localparam RESETS = $resets;     // of a stream that flows: two for each of some cycles after its first beat
  localparam STRIDE = $stride;     // between those cycles
  localparam CHECKED = $checked;   // results after which the second comes

  reg [${in_msb}:0] inputs [0:BEATS-1];
  reg [${out_msb}:0] expected [0:$results-1];
$frame_table
  reg clk = 1'b0;
  reg rst = 1'b1;
  reg [${in_msb}:0] i_payload = 0;
  reg i_valid = 1'b0;
  wire i_ready;
  wire [${out_msb}:0] o_payload;
  wire o_valid;
  reg o_ready = 1'b0;
$last_wires$weights
  $top dut (
$connections
  );
$always_ready  always #5 clk = ~clk;

  integer seed = $seed;
  integer run = 0;          // 0: full speed, 1: random pauses, 2: resets in mid-stream$other_runs
  integer cycle = 0;
  integer offered = 0;      // beats put on the input, the one on offer included
  integer accepted = 0;
  integer received = 0;
$place  integer mismatches = 0;
  integer resets = 0;       // of a stream that flows
  integer since = 0;        // cycles since its first beat
  wire sweeping = run == 2 && resets < RESETS;
  integer restarts = 0;     // steps of the reset of a full unit
  integer idle = 0;         // cycles since the last beat was received: nothing may follow it
  reg held = 1'b0;          // the output was valid and not taken: it must stay
  reg [${out_msb}:0] held_payload = 0;
  reg [${out_msb}:0] want = 0;  // what the next result must be
  reg taking = 1'b0;
  integer rest = 0;         // cycles that the receiver still takes nothing
$waited
  task complain;
    begin
      mismatches = mismatches + 1;
      if (mismatches <= 10)
$display    end
  endtask

  task restart;             // one cycle of reset, then from the first beat again
    begin
      rst <= 1'b1;
      i_valid <= run == 2;  // what is offered during a reset is dropped
      o_ready <= 1'b0;
      offered = 0;
      accepted = 0;
      received = 0;
      cycle = 0;
      idle = 0;
      held = 1'b0;
      rest = 0;
      since = 0;
$forget_frames$forget    end
  endtask

  integer k;
  initial begin
    $$readmemh("vectors/input.hex", inputs);
    $$readmemh("vectors/expected.hex", expected);
$read_frames$read_weights    for (k = 0; k < BEATS; k = k + 1)
      if ($missing) mismatches = mismatches + 1;
    if (mismatches != 0) begin
      $$display("FAIL %0d vectors missing: run this in the case directory", mismatches);
      $$finish;
    end
  end

  always @(posedge clk) begin
    cycle = cycle + 1;
    if (rst) begin
      rst <= run == 0 && cycle < 4;   // a reset in mid-stream lasts one cycle: nothing may survive it
      i_valid <= 1'b0;
    end else begin
      want = expected[received % $results];
$rewritten      if (o_valid !== 1'b0 && o_valid !== 1'b1) complain;
$stall_rule      if (held && (o_valid !== 1'b1 || o_payload !== held_payload)) complain;
      if (i_valid && i_ready === 1'b1) begin
$accepts$seen        accepted = accepted + 1;
      end
      if (o_valid === 1'b1 && o_ready) begin
$receives        received = received + 1;
      end
      held = o_valid === 1'b1 && !o_ready;
      held_payload = o_payload;
      if (received >= $results) idle = idle + 1;
      if (accepted != 0) since = since + 1;
$write_rule      if (($settled && !sweeping) || cycle > 64 * $busy + 1000 + $patience) begin
        if (received != $results || accepted != BEATS) complain;
        run = run + 1;
        restart;
$reload
      end else if (sweeping && (resets % 2 == 0 ? since > STRIDE * (resets / 2) : received >= CHECKED)) begin
        resets = resets + 1;
        restart;
$reset_rule      end
    end
    if (run == $last) begin
      if (mismatches == 0) $$display("PASS");
      else $$display("FAIL %0d mismatches", mismatches);
      $$finish;
    end
$write    if (!rst && cycle > 4$loaded) begin
      if (!i_valid || i_ready === 1'b1) begin
        if (offered < BEATS && ($no_pause || restarts == 1 || $$random(seed) % 4 != 0)) begin
          i_valid <= 1'b1;
          i_payload <= inputs[offered];
          offered = offered + 1;
        end else begin
          i_valid <= 1'b0;
          i_payload <= ~inputs[offered % BEATS];   // an idle input carries what must not matter
        end
      end
      taking = $no_pause || (rest == 0 && $$random(seed) % 3 != 0);
      if (rest != 0) rest = rest - 1;
      else if (!($no_pause) && $$random(seed) % 32 == 0) rest = REST;
      o_ready <= ${o_ready_rule};
    end
  end
endmodule

`default_nettype wire
''')

_STALL_RULE = Template("""\
      // The unit stalls its input only when it holds all the beats it can, or takes several cycles for one.
      if (i_ready === 1'b1 || accepted - $left >= CAPACITY) waited = 0;
      else if ($counted) waited = waited + 1;
      if (waited >= INTERVAL) complain;
""")
_RESET_RULE = Template("""\
      end else if (run == 2 && restarts == 0 && received >= $results / 2) begin
        restarts = 1;
        restart;
""")
_FULL_RESET_RULE = Template("""\
$torn      end else if (run == 2 && restarts == 0 && received >= $results / 2) begin
        restarts = 1;
        rest = REST;        // the receiver takes nothing: the reset comes upon a full unit
      end else if (run == 2 && restarts == 1 && rest == 1) begin
        restarts = 2;
        restart;
""")
_FORGET = "      waited = 0;\n"
_WAITED = "  integer waited = 0;       // cycles that the input has been stalled\n"
_WEIGHTS = Template("""\
  localparam WRITES = $writes;
  localparam REWRITES = $rewrites;      // rows that change while beats are computed; then the weights are as at first
  localparam FILLING = $table;      // cycles in which rows and beats may wait while a table of weights is written
  reg [${msb}:0] weights [0:WRITES-1];
  reg [${msb}:0] rewrites [0:REWRITES-1];
  reg [${out_msb}:0] rewritten [0:(REWRITES-1)*BEATS-1];   // all results after the first of them, after the second, ...
  reg [${msb}:0] w_payload = 0;
  reg w_valid = 1'b0;
  wire w_ready;
  integer written = 0;      // weights put on their stream, the one on offer included
  reg loaded = 1'b0;        // all weights have been taken
  reg rewriting = 1'b0;
  integer taken = 0;        // rewrites that have been taken
  integer seen [0:BEATS-1]; // how many of them before the cycle in which a beat was accepted
  reg in_use = 1'b0;
  integer beat;
  integer filling = 0;      // cycles that writing a table may still take
""")
_READ_WEIGHTS = """\
    $readmemh("vectors/weights.hex", weights);
    $readmemh("vectors/rewrites.hex", rewrites);
    $readmemh("vectors/rewrites_expected.hex", rewritten);
    for (k = 0; k < WRITES; k = k + 1)
      if (^weights[k] === 1'bx) mismatches = mismatches + 1;
    for (k = 0; k < REWRITES; k = k + 1)
      if (^rewrites[k] === 1'bx) mismatches = mismatches + 1;
    for (k = 0; k < (REWRITES - 1) * BEATS; k = k + 1)
      if (^rewritten[k] === 1'bx) mismatches = mismatches + 1;
"""
_REWRITTEN = """\
      // A beat is computed with the weights that were taken before the cycle in which it was accepted.
      if ((run == 3 || run == 4) && seen[received % BEATS] % REWRITES != 0)
        want = rewritten[(seen[received % BEATS] % REWRITES - 1) * BEATS + received % BEATS];
"""
_SEEN = "        if (accepted < BEATS) seen[accepted] = taken;\n"
_WRITE_RULE = Template("""\
      // A row is taken at the latest when a beat is accepted, and at once while no beat uses the weights$of_its_bank.
      in_use = i_valid$offered_bank;
      for (beat = received; beat < accepted; beat = beat + 1) in_use = in_use || $inside_bank;
      if (i_valid && i_ready === 1'b1) in_use = 1'b0;
      if (w_valid && w_ready !== 1'b1 && filling == 0 && !in_use) complain;
""")
_RELOAD = """\
        if (run == 5) begin
          $readmemh("vectors/weights_inverted.hex", weights);
          $readmemh("vectors/expected_inverted.hex", expected);
        end else if (run == 6) begin
          $readmemh("vectors/weights_ones.hex", weights);
          $readmemh("vectors/expected_ones.hex", expected);
        end
        if (run >= 5) begin
          written = 0;
          loaded = 1'b0;
        end
"""
_FILLING_RULE = Template("""\
    // A row that starts a table; what was accepted before it may have to leave first.
    if (filling != FILLING || o_valid !== 1'b1 || o_ready) filling = filling == 0 ? 0 : filling - 1;
    if (!rst && w_valid && w_ready === 1'b1 && ($starts)) filling = FILLING;
""")
_WRITE = Template("""\
$filling_rule    // The weights come before the first beat, and outlive a reset; in runs 3 and 4 rows change meanwhile.
    if (!rst && cycle > 0 && (!w_valid || w_ready === 1'b1)) begin
      if (!loaded) begin
        w_valid <= written < WRITES;
        w_payload <= written < WRITES ? weights[written] : ~weights[0];
        if (written >= WRITES && !w_valid && w_ready === 1'b1) loaded = 1'b1;
        written = written + 1;
      end else begin
        if (w_valid) taken = taken + 1;
        rewriting = (run == 3 || (run == 4 && $$random(seed) % 2 == 0)) && cycle > 4 && offered < BEATS;
        w_valid <= rewriting;
        w_payload <= rewriting ? rewrites[taken % REWRITES] : ~rewrites[taken % REWRITES];
      end
    end
""")


@dataclass(frozen=True, slots=True)
class Loads:
    """The stream of weights.

    Parameters
    ----------
    writes, rewrites : int
        Number of weights that are loaded, and of rows that change while beats are computed.
    table_rows, table_cycles : int
        How many rows share a table of weights, and how long rows and beats may wait while one is written; 0 without.
    """

    writes: int
    rewrites: int
    table_rows: int
    table_cycles: int

    def texts(self, ports: dict[str, Port], *, beats: int) -> dict[str, object]:
        """The testbench's parts that have to do with weights."""
        stored, full_speed = bool(self.table_cycles), "(run == 0 || run == 3)"
        return {
            "weights": _WEIGHTS.substitute(writes=self.writes, rewrites=self.rewrites, table=self.table_cycles,
                                           msb=ports["w__payload"].width - 1, out_msb=ports["o__payload"].width - 1),
            "read_weights": _READ_WEIGHTS, "reload": _RELOAD, "rewritten": _REWRITTEN, "seen": _SEEN,
            "write_rule": _WRITE_RULE.substitute(_banks(ports)), "loaded": " && loaded",
            "settled": f"({_IDLE} && !w_valid && w_ready === 1'b1)",
            "write": _WRITE.substitute(filling_rule=_FILLING_RULE.substitute(
                starts=self._starts(ports["w__payload"])) if stored else ""),
            "counted": f"(i_valid || INTERVAL == 1){' && filling == 0' * stored}", "no_pause": full_speed,
            "full_speed": "run == 0" if stored else full_speed, "runs": "Seven", "last": 7,
            "reloaded": ";\n// then while rows of weights change, at full speed and with pauses, with every weight "
                        "inverted, and with all weights 1",
            "other_runs": ", 3 and 4: rows change, 5 and 6: other weights",
            "patience": 64 * self.writes + 128 * beats * stored}

    def _starts(self, port: Port) -> str:
        """Whether the row that is offered is the last one of a table."""
        for field in port.layout:
            if field.name == "row":
                row = f"w_payload[{field.offset} +: {field.format.width}]"
                return f"{row} % {self.table_rows} == {self.table_rows - 1} || {row} == {self.writes - 1}"
        return "1'b1"


def _banks(ports: dict[str, Port]) -> dict[str, str]:
    """What compares the bank of a write with those of beats, if there are several."""
    offered, written = ({field.name: f"[{field.offset} +: {field.format.width}]" for field in ports[name].layout}.get(
        "bank") for name in ("i__payload", "w__payload"))
    if offered is None:
        return {"of_its_bank": "", "offered_bank": "", "inside_bank": "1'b1"}
    return {"of_its_bank": " of its bank", "offered_bank": f" && i_payload{offered} == w_payload{written}",
            "inside_bank": f"(beat < BEATS && inputs[beat]{offered} == w_payload{written})"}


_MOST_SWEPT, _CHECKED = 64, 4
_IDLE = "idle > LATENCY + 4"
_NO_LOADS: dict[str, object] = {
    **dict.fromkeys(("weights", "read_weights", "reload", "rewritten", "seen", "write_rule", "loaded", "write",
                     "reloaded", "other_runs"), ""),
    "settled": _IDLE,
    "counted": "i_valid || INTERVAL == 1", "no_pause": "run == 0", "full_speed": "run == 0", "runs": "Three", "last": 3,
    "patience": 0}


def _sweep(timing: Timing, frames: Sequence[Frame]) -> dict[str, int]:
    """How many resets of a flowing stream there are, and when they come: in each cycle of two intervals, at best."""
    window = timing.latency_cycles + 2 * max(frame.interval_cycles for frame in frames)
    stride = -(-window // _MOST_SWEPT)
    return {"resets": 2 * -(-window // stride), "stride": stride,
            "checked": min(_CHECKED, sum(frame.beats_out for frame in frames))}


def simulation_command(companions: Iterable[str]) -> str:
    """What runs the testbench of a case with some further sources (`quadcim.hw.arithmetic.companions`)."""
    models = " models/*.v" if any(name.startswith("models/") for name in companions) else ""
    return f"iverilog -g2005 -o t tb/*.v rtl/*.v{models} && vvp t"


def verilog_testbench(*, top: str, ports: tuple[Port, ...], timing: Timing, frames: Sequence[Frame],
                      loads: Loads | None, command: str) -> str:
    """The testbench of a unit with an input stream ``i``, an output stream ``o`` and perhaps a stream of weights ``w``.

    Parameters
    ----------
    top : str
        Name of the module under test; the testbench is called ``<top>_tb``.
    ports : tuple of Port
        Its ports; without ``o__ready`` the receiver takes every beat.
    timing : Timing
        When it takes and gives beats.
    frames : sequence of Frame
        How the vectors fall into frames.
    loads : Loads or None
        What its stream of weights is given, if it has one.
    command : str
        What runs it in the case directory (`simulation_command`).
    """
    by_name = {port.name: port for port in ports}
    elastic, beats = "o__ready" in by_name, sum(frame.beats_in for frame in frames)
    if timing.framed and (loads is not None or not elastic):
        raise ValueError(f"{top}: a core with frames has ready, and no stream of weights")
    texts = _NO_LOADS if loads is None else loads.texts(by_name, beats=beats)
    texts = texts | {name: f"({texts[name]} || sweeping)" for name in ("no_pause", "full_speed")}
    texts = texts | frame_texts(timing, frames, ports, full_speed=str(texts["full_speed"]))
    reset_rule = _FULL_RESET_RULE if elastic else _RESET_RULE
    return _TEXT.substitute(
        texts, **_sweep(timing, frames), top=top, command=command, beats=beats, latency=timing.latency_cycles,
        interval=max(frame.interval_cycles for frame in frames),
        in_msb=by_name["i__payload"].width - 1, out_msb=by_name["o__payload"].width - 1,
        connections=",\n".join(f"    .{port.name}({port.wire})" for port in ports), seed=1,
        always_ready="" if elastic else "  assign i_ready = 1'b1;\n", o_ready_rule="taking" if elastic else "1'b1",
        rest="LATENCY + (CAPACITY + 2) * INTERVAL" if timing.framed else "(LATENCY + 2) * INTERVAL",
        capacity=timing.capacity_beats, waited=_WAITED if elastic else "", forget=_FORGET if elastic else "",
        reset_rule=reset_rule.substitute(texts), stall_rule=_STALL_RULE.substitute(texts) if elastic else "")
