"""Memories of one clock that synthesis infers as what was asked for: block RAM, LUTRAM, UltraRAM or a hard macro."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from amaranth.hdl import ClockSignal, Module, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from quadcim.hw.emit.text_module import EMISSION, ModuleText, TextModule, case_items
from quadcim.spec.errors import IllegalSetting

__all__ = ["STYLES", "SyncMemory", "image_text", "read_image"]

STYLES = ("auto", "block", "distributed", "ultra", "macro")
"""What a memory is made of: as synthesis likes, block RAM, LUTRAM, UltraRAM (URAM288), or a hard macro of an ASIC."""
_MOST_ROWS, _MOST_WIDTH = 1 << 24, 1 << 12


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the text of a memory's module depends on."""

    width: int
    rows: int
    contents: tuple[int, ...]
    written: bool
    style: str
    image: bool

    @property
    def address_bits(self) -> int:
        return (self.rows - 1).bit_length()


class SyncMemory(wiring.Component):
    """A ROM or RAM: ``read_data <= rows[read_address]`` at a rising edge of the clock where ``read_enable`` is set.

    A row that is written as it is read gives its old content. ``read_data`` keeps its value where ``read_enable`` is
    not set, and has no reset. Rows that were given no contents hold nothing that is known until they are written;
    addresses beyond the last row must not be used. Latency: one cycle to read, one to write.

    `quadcim.hw.emit.verilog.emit_verilog` makes it a module of its own, in the form that Vivado (UG901), Yosys and
    Genus infer memories from.

    Parameters
    ----------
    width : int
        Bits of a row.
    rows : int
        Number of rows, at least 2.
    contents : sequence of int
        What the rows hold at first: one word a row, without sign; empty if nothing.
    written : bool
        Whether there is a port to write: ``write_address``, ``write_data``, ``write_enable``.
    style : str
        One of `STYLES`. UltraRAM has no initial contents (UltraScale+, UG901, "Differences between UltraRAM and Block
        RAM").
    image : bool
        Whether the contents are in a file beside the Verilog, which the module's parameter ``INIT_FILE`` names, and
        not in the Verilog.

    Raises
    ------
    IllegalSetting
        If there can be no such memory.
    """

    read_address: Signal
    read_enable: Signal
    read_data: Signal
    write_address: Signal
    write_data: Signal
    write_enable: Signal

    def __init__(self, *, width: int, rows: int, contents: Sequence[int] = (), written: bool = True,
                 style: str = "auto", image: bool = False):
        self._shape = shape = _Shape(width, rows, tuple(contents), written, style, image)
        _check(shape)
        members = {"read_address": In(shape.address_bits), "read_enable": In(1), "read_data": Out(width)}
        if written:
            members |= {"write_address": In(shape.address_bits), "write_data": In(width), "write_enable": In(1)}
        super().__init__(members)

    def elaborate(self, platform) -> Module | TextModule:
        """An instance of the module where Verilog is emitted, else a model of it."""
        return self._instance() if platform is EMISSION else self._model()

    def _instance(self) -> TextModule:
        ports = {f"{'o' if member.flow == Out else 'i'}_{name}": getattr(self, name)
                 for name, member in self.signature.members.items()}
        return TextModule(partial(_text, self._shape), i_clk=ClockSignal(), **ports)

    def _model(self) -> Module:
        m, shape = Module(), self._shape
        m.submodules.rows = rows = memory.Memory(shape=shape.width, depth=shape.rows, init=shape.contents)
        read = rows.read_port()
        m.d.comb += [read.addr.eq(self.read_address), read.en.eq(self.read_enable), self.read_data.eq(read.data)]
        if shape.written:
            write = rows.write_port()
            m.d.comb += [write.addr.eq(self.write_address), write.data.eq(self.write_data),
                         write.en.eq(self.write_enable)]
        return m


def _check(shape: _Shape) -> None:
    for option, value, least, most in (("rows", shape.rows, 2, _MOST_ROWS), ("width", shape.width, 1, _MOST_WIDTH)):
        if not least <= value <= most:
            raise IllegalSetting(option, f"{least} to {most}", value)
    if shape.style not in STYLES:
        raise IllegalSetting("style", f"one of {', '.join(STYLES)}", shape.style)
    if len(shape.contents) not in (0, shape.rows):
        raise IllegalSetting("contents", f"a word for each of {shape.rows} rows", f"{len(shape.contents)} words")
    if wrong := [word for word in shape.contents if not 0 <= word < 1 << shape.width]:
        raise IllegalSetting("contents", f"0 to {(1 << shape.width) - 1}", wrong[0])
    if not (shape.written or shape.contents):
        raise IllegalSetting("contents", "there, where a memory is never written", "none")
    if shape.image and not shape.contents:
        raise IllegalSetting("image", "False for a memory without contents", shape.image)
    if shape.style == "ultra" and shape.contents:
        raise IllegalSetting("contents", "none in UltraRAM, which UltraScale+ cannot load with any", "some")


# ---- images: a word a line in hexadecimal digits


def image_text(contents: Sequence[int], width: int) -> str:
    """The text of a file that ``$readmemh`` reads: as many lines as rows, without comments (UG901)."""
    return "".join(f"{word:0{-(-width // 4)}x}\n" for word in contents)


def read_image(path: Path, *, rows: int, width: int) -> tuple[int, ...]:
    """The contents that a file holds for a memory.

    Raises
    ------
    IllegalSetting
        If it does not hold exactly a word of that width for each row, each on a line of its own.
    """
    legal = f"a file of {rows} lines, each a word of {width} bits in hexadecimal digits"
    try:
        lines = path.read_text(encoding="ascii").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise IllegalSetting("image", legal, f"{path} ({type(error).__name__})") from None
    if lines[-1] == "":
        lines.pop()
    if len(lines) != rows:
        raise IllegalSetting("image", legal, f"{path} with {len(lines)} lines")
    digits = frozenset("0123456789abcdefABCDEF")
    for number, line in enumerate(lines, 1):
        if not line or not digits.issuperset(line) or int(line, 16) >> width:
            raise IllegalSetting("image", legal, f"{path} with {line[:40]!r} in line {number}")
    return tuple(int(line, 16) for line in lines)


# ---- Verilog


def _text(shape: _Shape, name: str, initialise: bool) -> ModuleText:
    """The module in a form that tools infer a memory from."""
    if not initialise and shape.contents and shape.written:
        raise ValueError(f"memory {name}: its contents would be lost without initial values")
    constant = bool(shape.contents) and not initialise
    image = f"{name}.hex" if shape.image and not constant else ""
    lines = [*_head(name, shape, image), *(_case(shape) if constant else _rows(shape, image)), "endmodule", ""]
    return ModuleText("\n".join(lines), {image: image_text(shape.contents, shape.width)} if image else {},
                      shape.rows * shape.width if shape.style == "macro" else 0)


def _head(name: str, shape: _Shape, image: str) -> list[str]:
    address, data = f"[{shape.address_bits - 1}:0]", f"[{shape.width - 1}:0]"
    written = [f"  input wire {address} write_address,", f"  input wire {data} write_data,",
               "  input wire write_enable,"] if shape.written else []
    return [f"// {shape.rows} rows of {shape.width} bits. {_ABOUT[shape.written]}",
            *([f"module {name} #(", f'  parameter INIT_FILE = "{image}"', ") ("] if image else [f"module {name} ("]),
            "  input wire clk,", *written, f"  input wire {address} read_address,", "  input wire read_enable,",
            f"  output reg {data} read_data", ");"]


_ABOUT = {True: "A row that is written as it is read gives its old content.", False: "Never written."}


def _rows(shape: _Shape, image: str) -> list[str]:
    """Rows, what they hold at first, and what the clock does."""
    digits = -(-shape.width // 4)
    lines = [*_attributes(shape), f"  reg [{shape.width - 1}:0] rows [0:{shape.rows - 1}];", ""]
    if image:
        lines += ["  initial $readmemh(INIT_FILE, rows);", ""]
    elif shape.contents:
        lines += ["  initial begin", *(f"    rows[{row}] = {shape.width}'h{word:0{digits}x};"
                                       for row, word in enumerate(shape.contents)), "  end", ""]
    write = ["    if (write_enable)", "      rows[write_address] <= write_data;"] if shape.written else []
    return [*lines, "  always @(posedge clk) begin", "    if (read_enable)",
            "      read_data <= rows[read_address];", *write, "  end"]


def _attributes(shape: _Shape) -> list[str]:
    """What asks synthesis for the style: Vivado's words, which Yosys takes too, but for a ROM in LUTs."""
    if shape.style in ("auto", "macro"):
        return []
    if shape.written:
        return [f'  (* ram_style = "{shape.style}" *)']
    logic = 'rom_block = "logic", ' if shape.style == "distributed" else ""
    return [f'  (* {logic}rom_style = "{shape.style}" *)']


def _case(shape: _Shape) -> list[str]:
    """The contents as logic, where nothing has initial values."""
    items = case_items("read_data <= ", bits=shape.address_bits, width=shape.width, entries=shape.contents)
    return ["  always @(posedge clk)", "    if (read_enable)", "      case (read_address)",
            *(f"        {item}" for item in items), "      endcase"]
