"""What goes into the FPGA of the VCU128: a unit behind a serial link, or one that tests itself."""

from collections.abc import Sequence

from amaranth.hdl import ClockSignal, Const, Elaboratable, Instance, Module, Mux, ResetSignal, Signal, Value

from quadcim.boards.vcu128.axi import axis_prefix, whole_bytes
from quadcim.boards.vcu128.board import (
    BOARD_MHZ,
    CONFIGURATION_XDC,
    XDC,
    heartbeat,
    led,
    modules_of,
    serial_pins,
    serial_xdc,
)
from quadcim.boards.vcu128.host import BAUD, DIGEST_BYTES
from quadcim.boards.vcu128.ip import wrapper_name
from quadcim.boards.vcu128.link import Link
from quadcim.boards.vcu128.platform import VCU128Platform
from quadcim.boards.vcu128.self_test import SelfTest
from quadcim.boards.vcu128.units import ExternalUnit
from quadcim.hw.emit.notes import note
from quadcim.spec.ports import Port
from quadcim.spec.timing import Timing

__all__ = ["LinkBoard", "SelfTestBoard"]

_ACTIVITY_BITS = 23


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
    constraints = XDC + CONFIGURATION_XDC

    modules = ""

    def __init__(self, *, top: str, ports: Sequence[Port], expected: int):
        self._test = SelfTest(unit=ExternalUnit(module=top, ports=ports), expected=expected)

    def elaborate(self, platform: VCU128Platform) -> Module:
        """Connect the LEDs."""
        m = Module()
        m.submodules.test = test = self._test
        for number, value in ((0, test.passed), (1, test.failed), (2, test.done), (7, heartbeat(m))):
            led(m, platform, number, value)
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
    constraints = XDC + serial_xdc("link") + CONFIGURATION_XDC

    def __init__(self, *, top: str, ports: Sequence[Port], timing: Timing, identity: str, user_bits: int = 0,
                 divisor: int = BOARD_MHZ * 1_000_000 // BAUD):
        sizes = {port.name.partition("__")[0]: whole_bytes(port.width) for port in ports if port.layout}
        output = sizes.pop("o")
        self._top, self._streams, self._user_bits = top, {**sizes, "o": output}, user_bits
        self._framed, self._checked = timing.framed, timing.beats_in != 1
        self._digest = int.from_bytes(bytes.fromhex(identity)[:DIGEST_BYTES], "little")
        self.modules = modules_of(Link(inputs=sizes, output=output, divisor=divisor, framed=timing.framed),
                                  f"{top}_link")

    def elaborate(self, platform: VCU128Platform) -> Module:
        """Connect the serial port, the link, the wrapper and the LEDs."""
        m = Module()
        serial_in, sent = serial_pins(m, platform)
        received = Signal()
        waiting = Signal()
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
        for number, value in ((0, _activity(m, received)), (1, waiting), *errors, (7, heartbeat(m))):
            led(m, platform, number, value)
        return m


def _activity(m: Module, event: Signal) -> Value:
    """Stays on for 2**23 cycles after an event: 84 ms at 100 MHz."""
    lit = Signal(_ACTIVITY_BITS, name="activity", attrs=note("Cycles for which the LED stays on"))
    with m.If(event | lit.any()):
        m.d.sync += lit.eq(Mux(event, ~0, lit - 1))
    return lit.any()
