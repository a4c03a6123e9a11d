"""The AMD VCU128 board."""

from typing import cast

from amaranth.build import Attrs, Clock, DiffPairs, Pins, Resource, Subsignal
from amaranth.hdl import ClockDomain, ClockSignal, Instance, Module, Signal
from amaranth.lib import io
from amaranth.lib.cdc import ResetSynchronizer
from amaranth.vendor import XilinxPlatform

from quadcim.boards.targets import VCU128_PART
from quadcim.hw.emit.notes import named

__all__ = ["VCU128Platform"]

_LED_PINS = ("BH24", "BG24", "BG25", "BF25", "BF26", "BF27", "BG27", "BG28")


def _clock(name: str, positive: str, negative: str) -> Resource:
    """Describe a 100 MHz clock of the memory banks. They run at 1.2 V, too low for the LVDS of some board files."""
    return Resource(name, 0, DiffPairs(positive, negative, dir="i"), Clock(100e6), Attrs(IOSTANDARD="DIFF_SSTL12"))


def _uart(number: int, *, rx: str, tx: str, rts: str, cts: str) -> Resource:
    """Describe a UART of the USB bridge, rx and tx named from the FPGA's side.

    The public board files agree on the pins of the flow control but not on who drives them: the user has to choose.
    """
    return Resource("uart", number, Subsignal("rx", Pins(rx, dir="i")), Subsignal("tx", Pins(tx, dir="o")),
                    Subsignal("rts", Pins(rts, dir="io")), Subsignal("cts", Pins(cts, dir="io")),
                    Attrs(IOSTANDARD="LVCMOS18"))


class VCU128Platform(XilinxPlatform):
    """Clocks, the reset button, LEDs and UARTs of the VCU128.

    The default clock is the 100 MHz clock of the DDR4 bank, the default reset the button CPU_RESET. ``pcie_clk`` is a
    transceiver reference clock: request it with ``dir="-"`` and connect it to an IBUFDS_GTE4.
    """

    part = VCU128_PART
    device, package, speed = part.split("-", 2)
    default_clk = "clk100"
    default_rst = "cpu_reset"
    resources = [  # noqa: RUF012 - the base class declares it so
        _clock("clk100", "BH51", "BJ51"),
        _clock("qdr4_clk", "BJ4", "BK3"),
        _clock("rld3_clk", "F35", "F36"),
        Resource("pcie_clk", 0, DiffPairs("AR15", "AR14", dir="i"), Clock(100e6)),
        Resource("cpu_reset", 0, Pins("BM29", dir="i"), Attrs(IOSTANDARD="LVCMOS12")),
        *(Resource("led", number, Pins(pin, dir="o"), Attrs(IOSTANDARD="LVCMOS18"))
          for number, pin in enumerate(_LED_PINS)),
        _uart(0, rx="BP26", tx="BN26", rts="BP22", cts="BP23"),
        _uart(1, rx="BK28", tx="BJ28", rts="BL26", cts="BL27"),
    ]
    connectors = []  # noqa: RUF012

    def port(self, name: str, number: int = 0) -> io.PortLike:
        """Request a resource without a buffer."""
        return cast(io.PortLike, self.request(name, number, dir="-"))

    def create_missing_domain(self, name: str) -> Module | None:
        """Make the domain "sync" of the default clock, from the end of configuration on, and the default reset.

        As Amaranth does, but with names, and with the family that the buffer's simulation model asks for.
        """
        if name != "sync":
            return None
        m = Module()
        m.domains.sync = domain = ClockDomain("sync")
        for signal in (domain.clk, domain.rst):  # pyright: ignore[reportAttributeAccessIssue] - the stubs lack them
            signal.attrs.update(named())
        m.submodules.clock = clock = io.Buffer(io.Direction.Input, self.port(self.default_clk))
        m.submodules.button = button = io.Buffer(io.Direction.Input, self.port(self.default_rst))
        clock_pin = Signal(attrs=named())
        pressed = Signal(attrs=named())
        configured = Signal()
        m.d.comb += [clock_pin.eq(clock.i), pressed.eq(button.i)]
        m.submodules.startup = Instance("STARTUPE3", o_EOS=configured)
        m.submodules.gate = Instance("BUFGCE", p_SIM_DEVICE="ULTRASCALE_PLUS", i_CE=configured, i_I=clock_pin,
                                     o_O=ClockSignal("sync"))
        m.submodules.reset = ResetSynchronizer(pressed, domain="sync")
        return m
