"""Truth tables: small constant functions, each a module of its own, so that its contents can be read."""

from collections.abc import Sequence
from functools import partial

from amaranth.hdl import Cat, Signal, Value

from quadcim.hw.arithmetic.heap import Lookup
from quadcim.hw.emit.text_module import ModuleText, TextModule, case_items

__all__ = ["table"]


def table(lookup: Lookup, address: Sequence[Value]) -> tuple[TextModule, Value]:
    """A constant table, combinational: ``value = entries[address]``; the instance of its module, and its value."""
    value = Signal(lookup.width, name=lookup.name)
    write = partial(_module, bits=len(address), width=lookup.width, entries=lookup.entries)
    return TextModule(write, i_address=Cat(address), o_value=value), value


def _module(name: str, _initialise: bool, *, bits: int, width: int, entries: Sequence[int]) -> ModuleText:
    # A function, not a block: a block waits for a change of the address, which an initial value need not be.
    items = case_items("entry = ", bits=bits, width=width, entries=entries)
    return ModuleText("\n".join([
        "// Constants, one for each address.",
        f"module {name} (", f"  input wire [{bits - 1}:0] address,", f"  output wire [{width - 1}:0] value", ");",
        f"  function [{width - 1}:0] entry(input [{bits - 1}:0] index);", "    case (index)",
        *(f"      {item}" for item in items), "    endcase", "  endfunction", "", "  assign value = entry(address);",
        "endmodule", ""]))
