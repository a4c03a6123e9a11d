"""The parts of the shipped testbench (`quadcim.sim.testbench`) that have to do with frames of beats."""

from collections.abc import Sequence
from string import Template

from quadcim.spec.ports import Port
from quadcim.spec.timing import Frame, Timing

__all__ = ["frame_texts"]

_BEATS: dict[str, str] = {
    "frame_sizes": "", "latency_of": "", "unit": "beat", "longest": "", "results": "BEATS", "frame_table": "",
    "last_wires": "", "place": "  integer first_accepted = 0;\n",
    "display": """\
        $display("run %0d cycle %0d beat %0d: input %h, expected %h, got %h (valid %b)",
                 run, cycle, received, inputs[received % BEATS], want, o_payload, o_valid);
""",
    "forget_frames": "", "read_frames": "", "missing": "^inputs[k] === 1'bx || ^expected[k] === 1'bx",
    "accepts": "        if (accepted == 0) first_accepted = cycle;\n",
    "busy": "INTERVAL * BEATS", "left": "received", "torn": ""}
_RECEIVES_BEAT = """\
        if (received >= accepted || received >= BEATS || o_payload !== want) complain;
        else if ($full_speed && cycle != first_accepted + INTERVAL * received + LATENCY) complain;
"""

_SIZES = Template("""\
  localparam RESULTS = $results;
  localparam FRAMES = $frames;
  localparam BUSY = $busy;   // cycles that all frames take
""")
_TABLE = """\
  // Of each frame: beats in, beats out, and the cycles from its first beat to that of the next one.
  reg [95:0] frames [0:FRAMES-1];
"""
_PLACE = """\
  integer frame_in = 0;     // the frame that the next beat in is of,
  integer beat_in = 0;      // and the beats of it that have been accepted
  integer frame_out = 0;    // the frame that the next beat out is of,
  integer beat_out = 0;     // and the beats of it that have been received
  integer left = 0;         // beats in of the frames that have been received whole
  integer due = 0;          // the cycle in which a frame begins at full speed
  integer ended [0:FRAMES-1];  // the cycle of a frame's last beat in
  reg torn = 1'b0;          // a reset has come inside a frame
"""
_DISPLAY = """\
        $display("run %0d cycle %0d frame %0d beat %0d: expected %h, got %h (valid %b)",
                 run, cycle, frame_out, beat_out, want, o_payload, o_valid);
"""
_FORGET = """\
      frame_in = 0;
      beat_in = 0;
      frame_out = 0;
      beat_out = 0;
      left = 0;
"""
_READ = """\
    $readmemh("vectors/frames.hex", frames);
    for (k = 0; k < FRAMES; k = k + 1)
      if (^frames[k] === 1'bx) mismatches = mismatches + 1;
    for (k = 0; k < RESULTS; k = k + 1)
      if (^expected[k] === 1'bx) mismatches = mismatches + 1;
"""
_ACCEPTS = Template("""\
        if (beat_in == 0) begin
          if ($full_speed && frame_in != 0 && cycle != due) complain;
          due = cycle + frames[frame_in][31:0];
        end
        beat_in = beat_in + 1;
$check_last_in        if (beat_in == frames[frame_in][95:64]) begin
          ended[frame_in] = cycle;
          frame_in = frame_in + 1;
          beat_in = 0;
        end
""")
_RECEIVES = Template("""\
        if (frame_out >= frame_in || received >= RESULTS || o_payload !== want) complain;
        else if ($full_speed && beat_out == 0 && cycle != ended[frame_out] + LATENCY) complain;
        beat_out = beat_out + 1;
$check_last_out        if (beat_out == frames[frame_out % FRAMES][63:32]) begin
          left = left + frames[frame_out % FRAMES][95:64];
          frame_out = frame_out + 1;
          beat_out = 0;
        end
""")
_CHECK_LAST = Template("        if (${stream}__last !== (beat_$way == frames[$frame][$bits])) complain;\n")
_TORN = """\
      end else if (run == 2 && !torn && received >= RESULTS / 4 && (beat_in != 0 || beat_out != 0)) begin
        torn = 1'b1;
        restart;
"""


def frame_texts(timing: Timing, frames: Sequence[Frame], ports: Sequence[Port], *, full_speed: str) -> dict[str, str]:
    """What the testbench's template takes in their places, for a core with frames or without.

    Parameters
    ----------
    timing : Timing
        Of the core.
    frames : sequence of Frame
        Of the vectors.
    ports : sequence of Port
        Of the core.
    full_speed : str
        The condition under which latency and throughput are checked.
    """
    if not timing.framed:
        return _BEATS | {"receives": Template(_RECEIVES_BEAT).substitute(full_speed=full_speed)}
    has = {port.name for port in ports}
    checks = {"check_last_in": _CHECK_LAST.substitute(stream="i", way="in", frame="frame_in", bits="95:64"),
              "check_last_out": _CHECK_LAST.substitute(stream="o", way="out", frame="frame_out % FRAMES",
                                                       bits="63:32")}
    checks = {name: text.replace("__", "_") if f"{stream}__last" in has else ""
              for (name, text), stream in zip(checks.items(), "io", strict=True)}
    return {
        "frame_sizes": _SIZES.substitute(results=sum(frame.beats_out for frame in frames), frames=len(frames),
                                         busy=sum(frame.interval_cycles for frame in frames)),
        "latency_of": "   // cycles from a frame's last beat in to its first beat out", "unit": "frame",
        "longest": ", at most", "results": "RESULTS", "frame_table": _TABLE,
        "last_wires": "".join(f"  wire {stream}_last;\n" for stream in "io" if f"{stream}__last" in has),
        "place": _PLACE, "display": _DISPLAY, "forget_frames": _FORGET, "read_frames": _READ,
        "missing": "^inputs[k] === 1'bx", "accepts": _ACCEPTS.substitute(checks, full_speed=full_speed),
        "receives": _RECEIVES.substitute(checks, full_speed=full_speed), "busy": "BUSY", "left": "left", "torn": _TORN}
