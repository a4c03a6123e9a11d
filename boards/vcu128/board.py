"""What designs for the VCU128 share: pins, constraints, and how they become files."""

from typing import Any, Protocol

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import io, wiring

from quadcim.boards.vcu128.platform import VCU128Platform
from quadcim.hw.emit.notes import named, note
from quadcim.hw.emit.verilog import emit_verilog, verilog_from_rtlil
from quadcim.spec.quoting import comment

__all__ = ["BOARD_MHZ", "CONFIGURATION_XDC", "XDC", "Design", "board_files", "heartbeat", "led", "modules_of",
           "serial_pins", "serial_xdc"]

BOARD_MHZ = 100
_HEARTBEAT_BITS = 26

XDC = """
# ---- Pins
{% for port, pin, attributes in platform.iter_port_constraints_bits() %}
set_property PACKAGE_PIN {{pin}} [get_ports {{port|tcl_quote}}]
{% for attribute, value in attributes.items() %}
set_property {{attribute}} {{value}} [get_ports {{port|tcl_quote}}]
{% endfor %}
{% endfor %}

# ---- Clock
{% for port, frequency in platform.iter_port_clock_constraints() %}
create_clock -name {{platform.default_clk}} -period {{1e9 / frequency}} [get_ports {{port.name|tcl_quote}}]
{% endfor %}

# ---- What has no relation to the clock
# The button resets; the registers that synchronise the release are to stand side by side.
set_false_path -from [get_ports "cpu_reset_0__io"]
set_property ASYNC_REG TRUE [get_cells -hierarchical -filter {REF_NAME == FDPE}]
# People watch the LEDs.
set_false_path -to [get_ports "led_*"]
"""
"""The template of the constraints of every design."""

CONFIGURATION_XDC = """
# ---- Configuration from the board's flash
set_property CONFIG_VOLTAGE 1.8 [current_design]
set_property CONFIG_MODE SPIx4 [current_design]
set_property BITSTREAM.CONFIG.SPI_BUSWIDTH 4 [current_design]
set_property BITSTREAM.CONFIG.SPI_32BIT_ADDR YES [current_design]
set_property BITSTREAM.GENERAL.COMPRESS TRUE [current_design]
"""
"""And their end."""


def serial_xdc(instance: str) -> str:
    """What constraints add for the serial port, whose receiver is in an instance."""
    return f"""\
# The serial port runs on the host's clock: two registers side by side synchronise what comes in.
set_false_path -from [get_ports "uart_0__rx__io"]
set_false_path -to [get_ports "uart_0__tx__io"]
set_property ASYNC_REG TRUE [get_cells {{{instance}/receiver/meta_reg {instance}/receiver/line_reg}}]
"""


def led(m: Module, platform: VCU128Platform, number: int, value: Value) -> None:
    """Show a bit."""
    m.submodules[f"led_{number}"] = buffer = io.Buffer(io.Direction.Output, platform.port("led", number))
    lit = Signal(name=f"led_{number}_lit", attrs=named())
    m.d.comb += [lit.eq(value), buffer.o.eq(lit)]


def heartbeat(m: Module) -> Value:
    """Toggles every 2**25 cycles: 1.5 Hz at 100 MHz."""
    timer = Signal(_HEARTBEAT_BITS, name="heartbeat",
                   attrs=note(f"Its highest bit toggles every {1 << _HEARTBEAT_BITS - 1} cycles"))
    m.d.sync += timer.eq(timer + 1)
    return timer[-1]


def serial_pins(m: Module, platform: VCU128Platform) -> tuple[Signal, Signal]:
    """The lines of UART0: what comes from the host, and what goes to it, to be driven."""
    serial: Any = platform.port("uart")
    m.submodules.rx_pin = rx = io.Buffer(io.Direction.Input, serial.rx)
    m.submodules.tx_pin = tx = io.Buffer(io.Direction.Output, serial.tx)
    serial_in = Signal(attrs=named())
    serial_out = Signal(attrs=named())
    sent = Signal()
    m.d.comb += [serial_in.eq(rx.i), serial_out.eq(sent), tx.o.eq(serial_out)]
    return serial_in, sent


def modules_of(component: wiring.Component, name: str) -> str:
    """The Verilog of a component that a design instantiates as a module of a name, with those in it."""
    text = emit_verilog(component, name=name, header="").text
    return text.partition("`default_nettype none\n")[2].rpartition("\n`default_nettype")[0]


class Design(Protocol):
    """A design for the board, an Amaranth elaboratable whose ports are pins."""

    name: str
    """What files of it end in, after the unit's name."""
    constraints: str
    """The template of its constraints."""
    modules: str
    """Verilog of modules that it instantiates, the unit's aside."""

    @property
    def about(self) -> str:
        """What it is: lines of comment."""
        ...

    def elaborate(self, platform: VCU128Platform) -> Module:
        """Build the hardware."""
        ...


class _Planner(VCU128Platform):
    """The board with a plan that holds RTLIL, since for Verilog Amaranth would start whatever Yosys it finds."""

    def __init__(self, constraints: str):
        super().__init__()
        self._constraints = constraints

    @property
    def file_templates(self) -> dict[str, str]:
        return {"rtlil": "{{emit_rtlil()}}", "xdc": self._constraints}


def board_files(design: Design, *, top: str, header: str) -> dict[str, str]:
    """Verilog and constraints of a design for the board; equal settings give equal bytes.

    Parameters
    ----------
    design : Design
        The design.
    top : str
        Name of the unit's module.
    header : str
        Lines of comment that open every file.

    Returns
    -------
    dict
        File name to text: ``<top>_<design>.v`` and ``.xdc``.
    """
    name = f"{top}_{design.name}"
    plan = _Planner(design.constraints).prepare(design, name, emit_src=False)
    body = verilog_from_rtlil(plan.files["rtlil"], "flatten -separator _")
    about = f"{header}\n\n{design.about}"
    text = f"`default_nettype none\n\n{body}{design.modules}\n`default_nettype wire\n"
    return {
        f"{name}.v": f"{comment(about, '//')}\n{text}",
        f"{name}.xdc": f"{comment(header, '#')}\n{plan.files['xdc'].strip()}\n",
    }
