"""The README.md of the VCU128 folder of a case."""

from collections.abc import Mapping, Sequence
from math import prod
from string import Template

from quadcim.boards.handoff import Handoff
from quadcim.boards.text import table
from quadcim.boards.vcu128.axi import WEIGHTS_AHEAD_CYCLES, axis_prefix, whole_bytes
from quadcim.boards.vcu128.board import BOARD_MHZ, Design
from quadcim.boards.vcu128.designs import SelfTestBoard
from quadcim.boards.vcu128.host import BAUD, DIGEST_BYTES, QUEUE_BYTES
from quadcim.boards.vcu128.ip import status_ports, wrapper_name
from quadcim.boards.vcu128.picture import LEAST_MHZ, PictureBoard
from quadcim.boards.vcu128.picture_host import ALL, MAGIC, PART

__all__ = ["guide"]

_TEXT = Template("""\
# $top on the VCU128

$definition.

The digest of the case is `$identity`.

| file | what it is |
|---|---|
| `$wrapper.v` | the unit with AXI4-Stream ports, to be built into a design of yours with `../rtl/` |
| `$wrapper.tcl`, `.xdc` | Vivado: the wrapper on its own, out of context, at $clock MHz: clock rate and size |
| `ip/component.xml` | the wrapper for Vivado's IP Integrator: add `ip/` to a project's IP repositories |
| `${top}_package_ip.tcl` | Vivado: packages it with copies of its sources, to be passed on |
| `${top}_board.v`, `.xdc` | the wrapper behind the serial port of the board, at its clock of $board_mhz MHz |
$self_test$picture_files\
| `${top}_project.tcl` | Vivado: a project, reports, a bitstream (`.bit`) and an image for the flash (`.bin`, SPIx4) |
| `${top}_program.tcl` | Vivado: loads the bitstream over JTAG |
| `${top}_host.py` | plays the vectors of the case through the board: Python 3.9 or newer on Linux, nothing to install |

## In order

In the case directory, with Vivado on the path and the board on its USB cable:

```sh
vivado -mode batch -source vcu128/${top}_project.tcl -tclargs board
vivado -mode batch -source vcu128/${top}_program.tcl -tclargs board
python3 vcu128/${top}_host.py --port /dev/ttyUSB1
```

The last prints `PASS`, or `FAIL` and the first mismatches. The board's USB cable shows up as several serial ports, of
which UART0 usually is the second; with another one the script says that there is no answer. LED 0 is on while bytes
come in, LED 1 while a command is not answered,$error_led LED 7 blinks. The button CPU_RESET restarts the design.
$self_test_commands
`-tclargs board synth` stops after synthesis, with first figures. Everything that Vivado makes is in `vcu128/build/`.
$picture
## AXI4-Stream

$ports

Payloads are in the low bits, as `../case.json` lays them out; results that are one signed number are sign-extended.
$passed
$order\
## Commands on the serial port

The serial port has $baud baud, 8 data bits, no parity, 1 stop bit, no flow control. The design `board` takes these
commands there, whose payloads go low byte first.

$commands

Commands are answered in order. The board holds $queue bytes of what is not answered yet: send one command at a time,
or several of together no more than that. To end a command that was left half sent, send $longest zeros, and drop what
comes until the line is quiet.

## What only Vivado and the board can tell

No figure of utilization, timing or power here comes from Vivado: `utilization.rpt`, `timing.rpt` and `power.rpt` will
hold the real ones, `drc.rpt`, `methodology.rpt` and `cdc.rpt` what it thinks of the design. The board runs the unit at
$board_mhz MHz, one beat at a time$picture_clock.
Whether it reaches $clock MHz, the script of the wrapper out of context says.
""")

_ORDER = f"""\
The two inputs are not ordered against each other: a beat surely meets the weights that were taken
{WEIGHTS_AHEAD_CYCLES} cycles before it, if no beat is inside meanwhile. No beat mixes weights in any case.

"""

_PASSED = Template("TLAST$user of a beat of `s_axis` $leave `m_axis` with its result.")
_FRAMES = Template("""\
Beats are frames: $throughput. TLAST of `m_axis` marks a frame's last beat$user.$checked\
""")
_CHECKED = """
TLAST of `s_axis` is compared with what the unit takes for a frame's last beat: a wrong one sets `frame_error`, which
stays until a reset, and the frame counts by its beats.\
"""

_SELF_TEST_FILES = Template(
    "| `${top}_selftest.v`, `.xdc` | feeds the unit by itself, one beat a cycle: every input up to 20 bits |\n")

_SELF_TEST_COMMANDS = """
The design `selftest` in place of `board` needs no host: LED 2 says that it has ended, LED 0 that it passed, LED 1 that
it failed.
"""

_PICTURE_FILES = Template("""\
| `${top}_picture.v`, `.xdc` | renders by itself, at $mhz MHz, and sends what the unit shows over the serial port |
| `${top}_picture.py` | shows it as it arrives and writes a picture, with `${top}_host.py` beside it |
""")

_PICTURE = Template("""
## What the unit shows

```sh
vivado -mode batch -source vcu128/${top}_project.tcl -tclargs picture
vivado -mode batch -source vcu128/${top}_program.tcl -tclargs picture
python3 vcu128/${top}_picture.py --port /dev/ttyUSB1 --out picture.png
```

The design `picture` runs the unit without its wrapper at $mhz MHz: the fastest clock up to $asked MHz, from $least MHz
on, that an MMCM makes of the board's and that the serial port can keep its rate with. It begins by itself: one command
asks for all $shape samples, and each is sent as it leaves the unit, which waits for the port: $seconds s in all. The
program asks for it again, shows it in the terminal row by row, holds it against the checksum, and writes it; with
`--region` it asks for another command's region, with `--file` it takes what another program has received. LED 0 is on
while samples come, LED 1 once all have been sent, LED 2 while the clock is not locked, LED 7 blinks. The button
CPU_RESET restarts the clock and the design.

$requests

A request ends what is being sent. Before the first one, $command zeros end what another host may have left half sent.
The answer, numbers low byte first: `$magic`, the first $digest bytes of the digest, the bytes of a channel (1 byte),
channels of a sample (2), axes (1), for each axis the number of its last sample (2, the fastest axis first); then the
samples, each channel in whole bytes; then the CRC-32 of the samples' bytes (4), as zlib has it.
""")


def guide(handoff: Handoff, designs: Sequence[Design]) -> str:
    """Make the text, for a case with some designs."""
    sizes = {port.name.partition("__")[0]: whole_bytes(port.width) for port in handoff.ports if port.layout}
    self_test = any(isinstance(design, SelfTestBoard) for design in designs)
    picture = next((design for design in designs if isinstance(design, PictureBoard)), None)
    return _TEXT.substitute(
        top=handoff.top, wrapper=wrapper_name(handoff.top), definition=handoff.about.definition,
        identity=handoff.identity, clock=f"{handoff.clock_mhz:g}", board_mhz=BOARD_MHZ, baud=BAUD, queue=QUEUE_BYTES,
        longest=max(size for name, size in sizes.items() if name != "o"),
        commands="\n".join(_commands(sizes, framed=handoff.timing.framed)),
        ports="\n".join(_ports(handoff, sizes)), passed=_passed(handoff),
        error_led=" LED 2 once TLAST was wrong," if status_ports(handoff) else "",
        order=_ORDER if "w" in sizes else "\n",
        self_test=_SELF_TEST_FILES.substitute(top=handoff.top) if self_test else "",
        self_test_commands=_SELF_TEST_COMMANDS if self_test else "",
        **_picture(handoff, picture))


def _picture(handoff: Handoff, design: PictureBoard | None) -> dict[str, str]:
    """What the text has of a design that renders."""
    if design is None or handoff.whole is None:
        return dict.fromkeys(("picture", "picture_files", "picture_clock"), "")
    (channels,) = handoff.stream("o")["payload"].layout
    command = whole_bytes(handoff.stream("i")["payload"].width)
    sent = prod(handoff.whole.shape) * channels.count * whole_bytes(channels.format.width)
    requests = table([(f"`{chr(ALL)}`", "all that the unit shows"),
                      (f"`{chr(PART)}`, {command} bytes of a command", "its region"), ("anything else", "none")],
                     head=("request", "what is sent"))
    mhz = f"{design.clock_mhz:.6g}"
    return {"picture_files": _PICTURE_FILES.substitute(top=handoff.top, mhz=mhz),
            "picture_clock": f"; in the design `picture` at {mhz} MHz, as fast as the serial port takes samples",
            "picture": _PICTURE.substitute(
                top=handoff.top, mhz=mhz, asked=f"{handoff.clock_mhz:g}", least=LEAST_MHZ, requests="\n".join(requests),
                shape=" x ".join(map(str, handoff.whole.shape)), seconds=f"{10 * sent / BAUD:.2g}", command=command,
                magic=MAGIC.decode(), digest=DIGEST_BYTES)}


def _passed(handoff: Handoff) -> str:
    """What TLAST and TUSER mean."""
    bits = f"TUSER ({handoff.user_bits} bit{'s' * (handoff.user_bits > 1)})" if handoff.user_bits else ""
    if not handoff.timing.framed:
        return _PASSED.substitute(user=f" and {bits}" if bits else "", leave="leave" if bits else "leaves")
    return _FRAMES.substitute(throughput=handoff.timing.throughput, checked=_CHECKED if status_ports(handoff) else "",
                              user=f"; {bits} is that of a frame's first beat in" if bits else "")


def _commands(sizes: Mapping[str, int], *, framed: bool) -> list[str]:
    """The commands and their answers."""
    count = {name: f"{size} byte{'s' * (size > 1)}" for name, size in sizes.items()}
    weights = [(f"`W`, {count['w']} of weights", "`W`, once they are taken")] if "w" in sizes else []
    beats = [(f"`B`, {count['i']} of a beat", f"`B`, {count['o']} of its result")]
    if framed:
        results = f"for each result of the frame `B`, {count['o']}; for the last one `E` in place of `B`"
        beats = [(f"`B`, {count['i']} of a beat that is not its frame's last", "`B`, once it is taken"),
                 (f"`E`, {count['i']} of a frame's last beat", results)]
    return table([("`P`", f"`P`, the first {DIGEST_BYTES} bytes of the digest"), *beats, *weights,
                  ("anything else", "none")], head=("command to the board", "its answer"))


def _ports(handoff: Handoff, sizes: Mapping[str, int]) -> list[str]:
    """What each stream carries."""
    rows = []
    for name, size in sizes.items():
        fields = [f"{field.count} x {field.format} `{field.name}`" if field.count > 1
                  else f"{field.format} `{field.name}`" for field in handoff.stream(name)["payload"].layout]
        rows.append((f"`{axis_prefix(name)}`", str(size), ", ".join(fields)))
    return table(rows, head=("port", "bytes", "payload"))
