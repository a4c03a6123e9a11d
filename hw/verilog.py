"""Verilog-2005 from Amaranth components, by Yosys."""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from amaranth.back import rtlil  # pyright: ignore[reportAttributeAccessIssue] - the stubs lack it
from amaranth.hdl import ClockDomain, Fragment
from amaranth.lib import wiring

from quadcim.hw.readable import make_readable
from quadcim.hw.shared import SHARED, port_values, shared_modules
from quadcim.hw.table import split_tables
from quadcim.hw.yosys import run_passes
from quadcim.spec.quoting import comment
from quadcim.spec.reset import RESETS, Reset

__all__ = ["EmittedVerilog", "emit_verilog", "verilog_from_rtlil"]

_PORT = re.compile(r"  wire width (\d+) (input|output) \d+ +(?:signed )?\\(\S+)")


@dataclass(frozen=True, slots=True)
class EmittedVerilog:
    """Verilog text, and the ports of its top module as (name, direction, width); the clock and the reset first."""

    text: str
    ports: tuple[tuple[str, str, int], ...]


def verilog_from_rtlil(rtlil_text: str, *passes: str) -> str:
    """Readable Verilog of a design in Yosys's RTLIL, after `passes`."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "design.il"), Path(folder, "design.v")
        source.write_text(rtlil_text)
        run_passes(["read_rtlil", str(source)], *passes, "proc", "opt_expr -keepdc", "opt_clean", "opt_dff -keepdc",
                   "wreduce t:$add", "opt_clean", ["write_verilog", "-noattr", str(target)])
        return make_readable(target.read_text())


def _rtlil(component: wiring.Component, name: str, *, reset: Reset) -> str:
    """RTLIL of a component and, once each, of the modules that it shares; submodules are named after `name`."""
    texts: dict[str, str] = {}

    def convert(what: wiring.Component, module: str) -> None:
        fragment = Fragment.get(what, None)
        texts[module] = rtlil.convert(
            fragment, name=module, ports=list(port_values(what).values()), emit_src=False,
            # A shared module has no reset: its instances connect none.
            missing_domain=lambda domain: ClockDomain(domain, reset_less=what is not component,
                                                      async_reset=what is component and reset.asynchronous))
        for kind, shared in shared_modules(fragment).items():
            if kind not in texts:
                convert(shared, kind)

    convert(component, name)
    text = "".join(texts[module].replace(f"\\{module}.", f"\\{module}_") for module in texts)
    text = text.replace(f"\\{SHARED}", f"\\{name}_")
    return _active_low(text, reset) if reset.active_low else text


def _active_low(text: str, reset: Reset) -> str:
    """RTLIL whose registers are reset by a low level; Amaranth knows a high one only."""
    text = re.sub(r"(switch \\rst \[0\]\n *case 1')1", r"\g<1>0", text)
    return re.sub(r"\\rst(?= |\n)", rf"\\{reset.port}", text).replace("ARST_POLARITY 1", "ARST_POLARITY 0")


def emit_verilog(component: wiring.Component, *, name: str, header: str, reset: Reset = RESETS["sync-high"],
                 initialise: bool = True) -> EmittedVerilog:
    """Verilog text of a component and all its submodules; the same text on every run.

    A `SharedModule` is emitted once, whatever the number of its instances.

    Parameters
    ----------
    component : Component
        The design; it uses the domain "sync" and defines none.
    name : str
        Name of the top module; submodules are named after it.
    header : str
        Lines of comment that open the text.
    reset : Reset
        How the reset works.
    initialise : bool
        Whether registers have initial values, as FPGAs load them. Standard cells have none.
    """
    members = port_values(component)
    text = _rtlil(component, name, reset=reset)
    if not initialise:
        text = re.sub(r"^ *attribute \\init .*\n", "", text, flags=re.MULTILINE)
    text, tables = split_tables(text)
    body = verilog_from_rtlil(text) + (f"\n{tables}" if tables else "")
    order = ["clk", reset.port, *members]
    top = text.partition(f"module \\{name}\n")[2].partition("\nend\n")[0]
    ports = sorted(((port, direction, int(width)) for width, direction, port in _PORT.findall(top)),
                   key=lambda port: order.index(port[0]))
    verilog = f"{comment(header, '//')}\n`default_nettype none\n\n{body}\n`default_nettype wire\n"
    return EmittedVerilog(verilog, tuple(ports))
