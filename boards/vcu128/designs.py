"""What goes into the FPGA of the VCU128: a unit behind a serial link, or one that tests itself."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import ClockSignal, Const, Elaboratable, Instance, Module, Mux, ResetSignal, Signal, Value
from amaranth.lib import io

from quadcim.boards.vcu128.axi import axis_prefix, whole_bytes
from quadcim.boards.vcu128.host import BAUD, DIGEST_BYTES
from quadcim.boards.vcu128.ip import wrapper_name
from quadcim.boards.vcu128.link import Link
from quadcim.boards.vcu128.platform import VCU128Platform
from quadcim.boards.vcu128.self_test import SelfTest
from quadcim.boards.vcu128.units import ExternalUnit
from quadcim.hw.emit.notes import named, note
from quadcim.hw.emit.verilog import emit_verilog, verilog_from_rtlil
from quadcim.spec.ports import Port
from quadcim.spec.quoting import comment
from quadcim.spec.timing import Timing

__all__ = ["BOARD_MHZ", "LinkBoard", "SelfTestBoard", "board_files"]

BOARD_MHZ = 100
_HEARTBEAT_BITS = 26
_ACTIVITY_BITS = 23

_XDC = """
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
# The button presets the registers that synchronise its release; they are to stand side by side.
set_false_path -from [get_ports "cpu_reset_0__io"]
set_property ASYNC_REG TRUE [get_cells -hierarchical -filter {REF_NAME == FDPE}]
# People watch the LEDs.
set_false_path -to [get_ports "led_*"]
"""

_SERIAL_XDC = """\
# The serial port runs on the host's clock: two registers side by side synchronise what comes in.
set_false_path -from [get_ports "uart_0__rx__io"]
set_false_path -to [get_ports "uart_0__tx__io"]
set_property ASYNC_REG TRUE [get_cells {link/receiver/meta_reg link/receiver/line_reg}]
"""

_CONFIGURATION_XDC = """
# ---- Configuration from the board's flash
set_property CONFIG_VOLTAGE 1.8 [current_design]
set_property CONFIG_MODE SPIx4 [current_design]
set_property BITSTREAM.CONFIG.SPI_BUSWIDTH 4 [current_design]
set_property BITSTREAM.CONFIG.SPI_32BIT_ADDR YES [current_design]
set_property BITSTREAM.GENERAL.COMPRESS TRUE [current_design]
"""


def _led(m: Module, platform: VCU128Platform, number: int, value: Value) -> None:
    m.submodules[f"led_{number}"] = led = io.Buffer(io.Direction.Output, platform.port("led", number))
    lit = Signal(name=f"led_{number}_lit", attrs=named())
    m.d.comb += [lit.eq(value), led.o.eq(lit)]


def _heartbeat(m: Module) -> Value:
    """Toggles every 2**25 cycles: 1.5 Hz at 100 MHz."""
    timer = Signal(_HEARTBEAT_BITS, name="heartbeat",
                   attrs=note(f"Its highest bit toggles every {1 << _HEARTBEAT_BITS - 1} cycles"))
    m.d.sync += timer.eq(timer + 1)
    return timer[-1]


class SelfTestBoard(Elaboratable):
    """A self-test with its verdict on LEDs.

    Parameters
    ----------
    top, ports
        The unit's module.
    expected : int
        The checksum of a unit without fault (`quadcim.boards.vcu128.self_test`).
    """

    name = "selftest"
    about = "Self-test of this unit: LED 0 passed, 1 failed, 2 done, 7 heartbeat; the button CPU_RESET restarts it"
    constraints = _XDC + _CONFIGURATION_XDC

    modules = ""

    def __init__(self, *, top: str, ports: Sequence[Port], expected: int):
        self._test = SelfTest(unit=ExternalUnit(module=top, ports=ports), expected=expected)

    def elaborate(self, platform: VCU128Platform) -> Module:
        """Connect the LEDs."""
        m = Module()
        m.submodules.test = test = self._test
        for number, value in ((0, test.passed), (1, test.failed), (2, test.done), (7, _heartbeat(m))):
            _led(m, platform, number, value)
        return m


class LinkBoard(Elaboratable):
    """The AXI4-Stream wrapper of a unit, as it is handed off, behind a serial link.

    Parameters
    ----------
    top, ports
        The unit's module; its wrapper is ``<top>_axis``.
    identity : str
        The digest of the case, hexadecimal.
    timing : Timing
        Of the unit.
    user_bits : int
        Width of the wrapper's TUSER.
    divisor : int
        Cycles of a bit of the serial port; by default for the board's clock.
    """

    name = "board"
    about = ("This unit behind the serial port UART0; README.md describes the commands. LED 0 bytes come in, 1 one\n"
             "is not answered yet, 7 heartbeat; the button CPU_RESET restarts it")
    constraints = _XDC + _SERIAL_XDC + _CONFIGURATION_XDC

    def __init__(self, *, top: str, ports: Sequence[Port], timing: Timing, identity: str, user_bits: int = 0,
                 divisor: int = BOARD_MHZ * 1_000_000 // BAUD):
        sizes = {port.name.partition("__")[0]: whole_bytes(port.width) for port in ports if port.layout}
        output = sizes.pop("o")
        self._top, self._streams, self._user_bits = top, {**sizes, "o": output}, user_bits
        self._framed, self._checked = timing.framed, timing.beats_in != 1
        self._digest = int.from_bytes(bytes.fromhex(identity)[:DIGEST_BYTES], "little")
        link = emit_verilog(Link(inputs=sizes, output=output, divisor=divisor, framed=timing.framed),
                            name=f"{top}_link", header="")
        self.modules = link.text.partition("`default_nettype none\n")[2].rpartition("\n`default_nettype")[0]

    def elaborate(self, platform: VCU128Platform) -> Module:
        """Connect the serial port, the link, the wrapper and the LEDs."""
        m = Module()
        serial: Any = platform.port("uart")
        m.submodules.rx_pin = rx = io.Buffer(io.Direction.Input, serial.rx)
        m.submodules.tx_pin = tx = io.Buffer(io.Direction.Output, serial.tx)
        serial_in = Signal(attrs=named())
        serial_out = Signal(attrs=named())
        received = Signal()
        waiting = Signal()
        sent = Signal()
        m.d.comb += [serial_in.eq(rx.i), serial_out.eq(sent), tx.o.eq(serial_out)]
        axis: dict[str, Value] = {"i_aclk": ClockSignal(), "i_aresetn": ~ResetSignal()}
        link: dict[str, Value] = {"i_clk": ClockSignal(), "i_rst": ResetSignal(), "i_rx": serial_in,
                                  "o_tx": sent, "i_digest": Const(self._digest, 8 * DIGEST_BYTES),
                                  "o_received": received, "o_waiting": waiting}
        # Of a unit without frames a beat is one of its own, and the link passes on no more than results.
        axis["i_s_axis_tlast"], axis["o_m_axis_tlast"] = Const(1, 1), Signal(name="o_last_unused")
        if self._framed:
            axis["i_s_axis_tlast"] = link["o_i__last"] = Signal(name="i_last")
            axis["i_aresetn"] = ~(ResetSignal() | (restarts := Signal()))
            link["o_restarts"] = restarts
            axis["o_m_axis_tlast"] = link["i_o__last"] = Signal(name="o_last")
        frame_error = Signal()
        if self._checked:
            axis["o_frame_error"] = frame_error
        if self._user_bits:
            axis["i_s_axis_tuser"] = Const(0, self._user_bits)
            axis["o_m_axis_tuser"] = Signal(self._user_bits, name="o_user_unused")
        for name, size in self._streams.items():
            forward, back = ("o", "i") if name == "o" else ("i", "o")
            for part, other, width in (("tdata", "payload", 8 * size), ("tvalid", "valid", 1)):
                wire = Signal(width, name=f"{name}_{other}")
                axis[f"{forward}_{axis_prefix(name)}_{part}"] = link[f"{back}_{name}__{other}"] = wire
            ready = Signal(name=f"{name}_ready")
            axis[f"{back}_{axis_prefix(name)}_tready"] = link[f"{forward}_{name}__ready"] = ready
        m.submodules.link = Instance(f"{self._top}_link", **link)
        m.submodules.axis = Instance(wrapper_name(self._top), **axis)
        errors = ((2, frame_error),) if self._checked else ()
        for number, value in ((0, _activity(m, received)), (1, waiting), *errors, (7, _heartbeat(m))):
            _led(m, platform, number, value)
        return m


def _activity(m: Module, event: Signal) -> Value:
    """Stays on for 2**23 cycles after an event: 84 ms at 100 MHz."""
    lit = Signal(_ACTIVITY_BITS, name="activity", attrs=note("Cycles for which the LED stays on"))
    with m.If(event | lit.any()):
        m.d.sync += lit.eq(Mux(event, ~0, lit - 1))
    return lit.any()


class _Planner(VCU128Platform):
    """The board with a plan that holds RTLIL, since for Verilog Amaranth would start whatever Yosys it finds."""

    def __init__(self, constraints: str):
        super().__init__()
        self._constraints = constraints

    @property
    def file_templates(self) -> dict[str, str]:
        return {"rtlil": "{{emit_rtlil()}}", "xdc": self._constraints}


def board_files(design: SelfTestBoard | LinkBoard, *, top: str, header: str) -> dict[str, str]:
    """Verilog and constraints of a design for the board; equal settings give equal bytes.

    Parameters
    ----------
    design : SelfTestBoard or LinkBoard
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
