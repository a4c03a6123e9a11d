"""The AMD VCU128 board."""

from amaranth.build import Attrs, Clock, DiffPairs, Pins, Resource, Subsignal
from amaranth.vendor import XilinxPlatform

__all__ = ["VCU128Platform"]

_LED_PINS = ("BH24", "BG24", "BG25", "BF25", "BF26", "BF27", "BG27", "BG28")


def _clock(name: str, positive: str, negative: str) -> Resource:
    """A 100 MHz clock of the memory banks. They run at 1.2 V, where LVDS, which some board files say, cannot work."""
    return Resource(name, 0, DiffPairs(positive, negative, dir="i"), Clock(100e6), Attrs(IOSTANDARD="DIFF_SSTL12"))


def _uart(number: int, *, rx: str, tx: str, rts: str, cts: str) -> Resource:
    """A UART of the USB bridge, named from the FPGA's side."""
    return Resource("uart", number, Subsignal("rx", Pins(rx, dir="i")), Subsignal("tx", Pins(tx, dir="o")),
                    Subsignal("rts", Pins(rts, dir="o")), Subsignal("cts", Pins(cts, dir="i")),
                    Attrs(IOSTANDARD="LVCMOS18"))


class VCU128Platform(XilinxPlatform):
    """Clocks, the reset button, LEDs and UARTs of the VCU128: part xcvu37p-fsvh2892-2L-e.

    The default clock is the 100 MHz clock of the DDR4 bank, the default reset the button CPU_RESET. ``pcie_clk`` is a
    transceiver reference clock: request it with ``dir="-"`` and connect it to an IBUFDS_GTE4.
    """

    device = "xcvu37p"
    package = "fsvh2892"
    speed = "2L-e"
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
