"""Truth tables: small constant functions, each a module of its own, so that its contents can be read."""

import re
from collections.abc import Sequence

from amaranth.hdl import Cat, Instance, Signal, Value

from quadcim.hw.heap import Lookup

__all__ = ["split_tables", "table"]

_KIND = "quadcim_table"
_MODULE = re.compile(r"^module \\(\S+)$", re.MULTILINE)
_CELL = re.compile(rf"^  cell \\{_KIND} \\(\S+)\n((?:    .*\n)+?)  end$", re.MULTILINE)
_PARAMETER = re.compile(r'^    parameter \\CONTENTS "(\d+) (\d+) ([0-9a-f,]+)"\n', re.MULTILINE)


def table(lookup: Lookup, address: Sequence[Value]) -> tuple[Instance, Value]:
    """A constant table, combinational: ``value = entries[address]``; the instance and its value.

    `quadcim.hw.verilog.emit_verilog` writes its module as one case statement.
    """
    value = Signal(lookup.width, name=lookup.name)
    contents = f"{len(address)} {lookup.width} {','.join(f'{entry:x}' for entry in lookup.entries)}"
    return Instance(_KIND, p_CONTENTS=contents, i_address=Cat(address), o_value=value), value


def split_tables(rtlil: str) -> tuple[str, str]:
    """Name the modules of a design's tables after where they are; returns the design in RTLIL, and them in Verilog."""
    modules, parts, texts = list(_MODULE.finditer(rtlil)), [], []
    for start, end in zip(modules, [*modules[1:], None], strict=True):
        body = rtlil[start.start():end.start() if end else len(rtlil)]
        parts.append(_CELL.sub(lambda cell, owner=start[1]: _named(cell, owner, texts), body))
    return rtlil[:modules[0].start()] + "".join(parts), "\n".join(texts)


def _named(cell: re.Match[str], owner: str, texts: list[str]) -> str:
    contents = _PARAMETER.search(cell[2])
    assert contents is not None
    name = f"{owner}_{cell[1]}"
    texts.append(_verilog(name, int(contents[1]), int(contents[2]), contents[3].split(",")))
    return f"  cell \\{name} \\{cell[1]}\n{_PARAMETER.sub('', cell[2])}  end"


def _verilog(name: str, bits: int, width: int, entries: list[str]) -> str:
    digits = -(-width // 4)
    lines = [f"      {bits}'d{address}: value = {width}'h{entry:0>{digits}};" for address, entry in enumerate(entries)]
    # The last case is the default, so that no latch is inferred.
    lines[-1] = f"      default: value{lines[-1].partition(': value')[2]}"
    return "\n".join([
        f"module {name} (", f"  input wire [{bits - 1}:0] address,", f"  output reg [{width - 1}:0] value", ");",
        "  always @*", "    case (address)", *lines, "    endcase", "endmodule", ""])
