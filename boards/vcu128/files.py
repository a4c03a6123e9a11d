"""Handoff to Vivado for the VCU128: an AXI4-Stream wrapper, designs for the board, scripts, and programs for a host."""

from pathlib import Path

from quadcim.boards.handoff import Handoff
from quadcim.boards.vcu128.axi import AxiStreamWrapper
from quadcim.boards.vcu128.board import Design, board_files
from quadcim.boards.vcu128.designs import LinkBoard, SelfTestBoard
from quadcim.boards.vcu128.guide import guide
from quadcim.boards.vcu128.ip import wrapper_name
from quadcim.boards.vcu128.ipxact import component_xml
from quadcim.boards.vcu128.package_ip import package_script
from quadcim.boards.vcu128.picture import PictureBoard
from quadcim.boards.vcu128.port_attributes import with_port_attributes
from quadcim.boards.vcu128.self_test import checksum, stimulus
from quadcim.boards.vcu128.units import ExternalUnit
from quadcim.boards.vcu128.vivado import program_script, project_script, timing_files
from quadcim.hw.emit.verilog import emit_verilog
from quadcim.spec.quoting import comment

__all__ = ["vcu128_files"]


def vcu128_files(handoff: Handoff) -> dict[str, str]:
    """Make the files for the board; equal settings give equal bytes."""
    designs = _designs(handoff)
    names = [design.name for design in designs]
    return {
        f"{wrapper_name(handoff.top)}.v": _wrapper(handoff),
        "ip/component.xml": component_xml(handoff),
        f"{handoff.top}_package_ip.tcl": package_script(handoff),
        **timing_files(handoff),
        **{name: text for design in designs
           for name, text in board_files(design, top=handoff.top, header=handoff.header).items()},
        **project_script(handoff, names),
        **program_script(handoff, names),
        f"{handoff.top}_host.py": _program(handoff, "host.py"),
        **({f"{handoff.top}_picture.py": _program(handoff, "picture_host.py")} if PictureBoard.name in names else {}),
        "README.md": guide(handoff, designs),
    }


def _designs(handoff: Handoff) -> list[Design]:
    """What a bitstream may be made of; the usual one first."""
    link = LinkBoard(top=handoff.top, ports=handoff.ports, timing=handoff.timing, identity=handoff.identity,
                     user_bits=handoff.user_bits)
    test = _self_test(handoff)
    picture = PictureBoard(handoff, handoff.whole) if handoff.whole else None
    return [design for design in (link, test, picture) if design is not None]


def _wrapper(handoff: Handoff) -> str:
    around = "register slices before it" if "ready" in handoff.stream("o") else "a queue behind it"
    about = f"{handoff.header}\n\nAXI4-Stream wrapper of this unit: {around}, 1 cycle of latency"
    wrapper = AxiStreamWrapper(unit=ExternalUnit(module=handoff.top, ports=handoff.ports),
                               timing=handoff.timing, user_bits=handoff.user_bits)
    return with_port_attributes(emit_verilog(wrapper, name=wrapper_name(handoff.top), header=about).text, handoff)


def _self_test(handoff: Handoff) -> SelfTestBoard | None:
    """The self-test of a unit from a number to a number; other payloads are too wide for a counter to try."""
    input, output = (handoff.stream(name)["payload"].format for name in ("i", "o"))
    if input is None or output is None or handoff.stream("w") or handoff.timing.framed:
        return None
    mask = (1 << input.width) - 1
    outputs = handoff.golden([raw & mask for raw in stimulus(input)], [])
    return SelfTestBoard(top=handoff.top, ports=handoff.ports, expected=checksum(outputs, width=output.width))


def _program(handoff: Handoff, name: str) -> str:
    """A program for the host, the same for every case: it reads the manifest, and imports what lies beside it."""
    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    # Python would leave a folder beside the file that is imported.
    text = text.replace("from quadcim.boards.vcu128.host import", "sys.dont_write_bytecode = True\n"
                        f"from {handoff.top}_host import")
    return f"{comment(handoff.header, '#')}\n{text}"
