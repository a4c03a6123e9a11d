"""A clock that an MMCM makes of the board's, and the domain of it."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from amaranth.hdl import ClockDomain, ClockSignal, Instance, Module, Signal
from amaranth.lib import io
from amaranth.lib.cdc import ResetSynchronizer

from quadcim.boards.vcu128.board import BOARD_MHZ
from quadcim.boards.vcu128.platform import VCU128Platform
from quadcim.hw.emit.notes import named
from quadcim.spec.errors import IllegalSetting

__all__ = ["Mmcm", "clock_domain", "fastest_mmcm"]

# Of UltraScale+ at speed grade -2 (DS923): the oscillator, the phase detector, a global clock.
_OSCILLATOR_MHZ = (800, 1600)
_LEAST_DETECTOR_MHZ = 10
_MOST_MHZ = 775
# Both fractions go in eighths; a divider has none between 1 and 2 (UG572).
_MOST_FACTOR = 128


@dataclass(frozen=True, slots=True)
class Mmcm:
    """Settings of an MMCM behind the board's clock.

    Parameters
    ----------
    divide : int
        What the board's clock is divided by first.
    multiply : Fraction
        Then its oscillator is so many times as fast.
    output : Fraction
        What that is divided by.
    """

    divide: int
    multiply: Fraction
    output: Fraction

    @property
    def oscillator_mhz(self) -> Fraction:
        """The frequency of its oscillator."""
        return BOARD_MHZ * self.multiply / self.divide

    @property
    def mhz(self) -> Fraction:
        """The frequency that it makes."""
        return self.oscillator_mhz / self.output


def fastest_mmcm(most_mhz: float, legal: Callable[[Fraction], bool]) -> Mmcm:
    """The settings for the fastest clock up to a frequency.

    Of several, those that jitter least: whose detector is fastest, then without a fraction in the divider behind the
    oscillator, then with the fastest oscillator (UG949).

    Parameters
    ----------
    most_mhz : float
        The frequency.
    legal : callable
        Whether a frequency in MHz will do.

    Raises
    ------
    IllegalSetting
        If there are none.
    """
    # As people write it: the nearest binary number may be a little less.
    most = min(Fraction(str(most_mhz)), Fraction(_MOST_MHZ))
    slowest, fastest = _OSCILLATOR_MHZ
    found = []
    for divide in range(1, BOARD_MHZ // _LEAST_DETECTOR_MHZ + 1):
        detector = Fraction(BOARD_MHZ, divide)
        for eighths in range(ceil(8 * slowest / detector), min(int(8 * fastest / detector), 8 * _MOST_FACTOR) + 1):
            oscillator = detector * eighths / 8
            least = max(ceil(8 * oscillator / most), 8)
            outputs = (output for output in range(least, 8 * _MOST_FACTOR + 1)
                       if (output == 8 or output >= 16) and legal(oscillator * 8 / output))
            if (output := next(outputs, None)) is not None:
                found.append(Mmcm(divide, Fraction(eighths, 8), Fraction(output, 8)))
    if not found:
        raise IllegalSetting("clock-mhz", "a frequency that an MMCM can make", most_mhz)
    return max(found, key=lambda mmcm: (mmcm.mhz, -mmcm.divide, mmcm.output.denominator == 1, mmcm.oscillator_mhz))


def clock_domain(m: Module, platform: VCU128Platform, mmcm: Mmcm) -> Signal:
    """Make the domain "sync" of a clock that an MMCM makes; returns whether that is locked.

    The clock stands still until the end of configuration and until the MMCM is locked: what runs on one that is not
    steady yet may spoil what block RAMs hold. The reset goes on until then. The button resets the MMCM, too, which
    needs that once its own clock has failed (UG572).
    """
    m.domains.sync = domain = ClockDomain("sync")
    for signal in (domain.clk, domain.rst):  # pyright: ignore[reportAttributeAccessIssue] - the stubs lack them
        signal.attrs.update(named())
    m.submodules.clock = clock = io.Buffer(io.Direction.Input, platform.port(platform.default_clk))
    m.submodules.button = button = io.Buffer(io.Direction.Input, platform.port(platform.default_rst))
    board_clock = Signal(attrs=named())
    pressed = Signal(attrs=named())
    configured = Signal(attrs=named())
    feedback = Signal(attrs=named())
    fed_back = Signal()
    made = Signal(attrs=named())
    locked = Signal(attrs=named())
    runs = Signal()
    unsteady = Signal()
    m.d.comb += [board_clock.eq(clock.i), pressed.eq(button.i), feedback.eq(fed_back), unsteady.eq(~locked),
                 runs.eq(configured & locked)]
    m.submodules.startup = Instance("STARTUPE3", o_EOS=configured)
    m.submodules.mmcm = Instance(
        "MMCME4_BASE", p_CLKIN1_PERIOD=1000 / BOARD_MHZ, p_DIVCLK_DIVIDE=mmcm.divide,
        p_CLKFBOUT_MULT_F=float(mmcm.multiply), p_CLKOUT0_DIVIDE_F=float(mmcm.output), i_CLKIN1=board_clock,
        i_RST=pressed, i_PWRDWN=0, i_CLKFBIN=feedback, o_CLKFBOUT=fed_back, o_CLKOUT0=made, o_LOCKED=locked)
    m.submodules.gate = Instance("BUFGCE", p_SIM_DEVICE="ULTRASCALE_PLUS", i_CE=runs, i_I=made, o_O=ClockSignal())
    m.submodules.reset = ResetSynchronizer(unsteady, domain="sync")
    return locked
