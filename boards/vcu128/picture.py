"""The design for the VCU128 that renders: what a unit shows goes to a host, unasked at first, then when it asks."""

from fractions import Fraction

from amaranth.hdl import ClockSignal, Elaboratable, Instance, Module, ResetSignal, Signal, Value

from quadcim.boards.handoff import Handoff
from quadcim.boards.vcu128.board import (
    CONFIGURATION_XDC,
    XDC,
    heartbeat,
    led,
    modules_of,
    serial_pins,
    serial_xdc,
)
from quadcim.boards.vcu128.clocking import clock_domain, fastest_mmcm
from quadcim.boards.vcu128.host import BAUD
from quadcim.boards.vcu128.pixels import PixelLink
from quadcim.boards.vcu128.platform import VCU128Platform
from quadcim.spec.whole import Whole

__all__ = ["LEAST_MHZ", "PictureBoard"]

LEAST_MHZ = 10
"""Of a clock with some cycles for each bit of the serial port, of an exact number."""
_MOST_BAUD_ERROR = Fraction(1, 100)
"""Receivers bear 4 %, for both ends together."""


def _bit_cycles(mhz: Fraction) -> int:
    """Cycles of a bit of the serial port."""
    return round(mhz * 1_000_000 / BAUD)


def _keeps_baud(mhz: Fraction) -> bool:
    bit = mhz * 1_000_000 / BAUD
    return abs(_bit_cycles(mhz) - bit) <= _MOST_BAUD_ERROR * bit


class PictureBoard(Elaboratable):
    """A unit that shows something, on a clock of its own, behind a serial link that sends what it shows.

    Parameters
    ----------
    handoff : Handoff
        The unit; its clock is the fastest that an MMCM can make up to the one asked for.
    whole : Whole
        What it shows.
    divisor : int, optional
        Cycles of a bit of the serial port; by default as the clock has it.
    """

    name = "picture"
    constraints = XDC + serial_xdc("pixels") + CONFIGURATION_XDC

    def __init__(self, handoff: Handoff, whole: Whole, *, divisor: int | None = None):
        self._top, self._ports = handoff.top, handoff.data_ports
        self._mmcm = fastest_mmcm(max(handoff.clock_mhz, LEAST_MHZ), _keeps_baud)
        (channels,) = handoff.stream("o")["payload"].layout
        link = PixelLink(identity=handoff.identity, whole=whole, channels=channels,
                         command_bits=handoff.stream("i")["payload"].width,
                         divisor=_bit_cycles(self._mmcm.mhz) if divisor is None else divisor)
        self.modules = modules_of(link, self._link)

    @property
    def _link(self) -> str:
        return f"{self._top}_pixels"

    @property
    def clock_mhz(self) -> float:
        """The frequency of the unit's clock."""
        return float(self._mmcm.mhz)

    @property
    def about(self) -> str:
        """What it is: lines of comment."""
        return (f"This unit at {self.clock_mhz:.6g} MHz sends what it shows to the serial port UART0; README.md\n"
                "describes how to ask for it again. LED 0 it renders, 1 all has been sent, 2 the clock is not locked,\n"
                "7 heartbeat; the button CPU_RESET restarts it")

    def elaborate(self, platform: VCU128Platform) -> Module:
        """Connect the clock, the serial port, the link, the unit and the LEDs."""
        m = Module()
        locked = clock_domain(m, platform, self._mmcm)
        serial_in, sent = serial_pins(m, platform)
        restarts = Signal()
        renders = Signal()
        rests = Signal()
        unlocked = Signal()
        m.d.comb += unlocked.eq(~locked)
        unit: dict[str, Value] = {"i_clk": ClockSignal(), "i_rst": ResetSignal() | restarts}
        link: dict[str, Value] = {"i_clk": ClockSignal(), "i_rst": ResetSignal(), "i_rx": serial_in, "o_tx": sent,
                                  "o_restarts": restarts, "o_renders": renders, "o_rests": rests}
        for port in self._ports:
            wire = Signal(port.width, name=port.wire)
            forward, back = ("i", "o") if port.direction == "input" else ("o", "i")
            unit[f"{forward}_{port.name}"] = link[f"{back}_{port.name}"] = wire
        m.submodules.pixels = Instance(self._link, **link)
        m.submodules.unit = Instance(self._top, **unit)
        for number, value in ((0, renders), (1, rests), (2, unlocked), (7, heartbeat(m))):
            led(m, platform, number, value)
        return m
