"""Truth tables: small constant functions, each a module of its own, so that its contents can be read."""

import re

from amaranth.hdl import Const, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from quadcim.hw.heap import Lookup

__all__ = ["Table", "split_tables"]


class Table(wiring.Component):
    """A constant table, combinational: ``value = entries[address]``.

    Latency: none. `quadcim.hw.verilog.emit_verilog` writes it as one case statement.

    Parameters
    ----------
    lookup : Lookup
        Address width, contents and output width.

    Attributes
    ----------
    address : In
        Unsigned.
    value : Out
        The entry.
    """

    def __init__(self, lookup: Lookup):
        super().__init__({"address": In(len(lookup.address)), "value": Out(lookup.width)})
        self._lookup = lookup

    @property
    def lookup(self) -> Lookup:
        """The contents."""
        return self._lookup

    def elaborate(self, platform) -> Module:
        """Write the cases."""
        m = Module()
        with m.Switch(self.address):
            for address, entry in enumerate(self._lookup.entries):
                with m.Case(address):
                    m.d.comb += self.value.eq(Const(entry, self._lookup.width))
        return m


# What `Table` becomes in RTLIL: one process with one switch over the address.
_MODULE = re.compile(
    r'attribute \\generator "Amaranth"\nmodule (\\\S+)\n\s+wire width (\d+) input \d+ +\\address\n'
    r"\s+wire width (\d+) output \d+ +\\value\n\s+process \$\d+\n\s+assign \\value[^\n]*\n\s+switch \\address[^\n]*\n"
    r"((?:\s+case \d+'[01]+\n\s+assign \\value[^\n]*\n)+)\s+end\n\s+end\n\s+end\n")
_CASE = re.compile(r"case \d+'([01]+)\n\s+assign \\value[^\n]* \d+'([01]+)\n")


def split_tables(rtlil: str) -> tuple[str, str]:
    """Take the modules of tables out of a design in RTLIL; returns what is left, and these modules in Verilog-2005."""
    tables = [_verilog(match[1].removeprefix("\\"), int(match[2]), int(match[3]), _CASE.findall(match[4]))
              for match in _MODULE.finditer(rtlil)]
    return _MODULE.sub("", rtlil), "\n".join(tables)


def _verilog(name: str, bits: int, width: int, cases: list[tuple[str, str]]) -> str:
    digits = -(-width // 4)
    lines = [f"      {bits}'d{int(address, 2)}: value = {width}'h{int(entry, 2):0{digits}x};"
             for address, entry in cases]
    # The last case is the default, so that no latch is inferred.
    lines[-1] = f"      default: value{lines[-1].partition(': value')[2]}"
    return "\n".join([
        f"module {name} (", f"  input [{bits - 1}:0] address,", f"  output reg [{width - 1}:0] value", ");",
        "  always @*", "    case (address)", *lines, "    endcase", "endmodule", ""])
