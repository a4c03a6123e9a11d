"""What the targets are; standard library only, so that settings can be checked before anything is built."""

from dataclasses import dataclass

from quadcim.spec.errors import IllegalSetting, check_one_of, check_whole
from quadcim.spec.reset import RESETS, Reset, find_reset

__all__ = ["CLOCK_MHZ", "TARGETS", "USER_BITS", "VCU128_PART", "Target", "check_clock", "check_target", "find_target"]

VCU128_PART = "xcvu37p-fsvh2892-2L-e"
"""The FPGA of the VCU128 with its package and speed grade."""

CLOCK_MHZ = (1, 10_000)
"""The least and the greatest clock frequency that a case may ask for."""

USER_BITS = 4096
"""The widest TUSER of an AXI4-Stream, as Vivado's own IP has it."""


@dataclass(frozen=True, slots=True)
class Target:
    """A flow that a case is made for.

    Parameters
    ----------
    name : str
        What ``--target`` calls it.
    description : str
        One line for people.
    technology : str
        How units are built unless another way is asked for (`quadcim.spec.technology`).
    usual_reset : str
        The reset that the RTL has unless another is asked for (`quadcim.spec.reset`).
    initialise : bool
        Whether registers have initial values.
    clock_mhz : float
        The clock to aim for when none is asked for.
    resets : tuple of str
        The resets that it may have.
    axi_stream : bool
        Whether the unit gets AXI4-Stream ports.
    fpga : bool
        Whether an FPGA's primitives mean something to the flow.
    files : str
        What makes the files that it adds to a case from a `quadcim.boards.handoff.Handoff`, as ``module:function``;
        empty if it adds none.
    """

    name: str
    description: str
    technology: str
    usual_reset: str
    initialise: bool
    clock_mhz: float
    resets: tuple[str, ...] = tuple(RESETS)
    axi_stream: bool = False
    fpga: bool = True
    files: str = ""

    def reset(self, name: str | None = None) -> Reset:
        """The reset of a name, or the usual one."""
        return find_reset(self.usual_reset if name is None else name)


TARGETS: dict[str, Target] = {target.name: target for target in (
    Target("generic", "plain RTL for any flow", technology="generic", usual_reset="sync-high", initialise=True,
           clock_mhz=500),
    Target("vcu128", "AMD VCU128 board: AXI4-Stream wrapper, Vivado project, a host's program", technology="fpga",
           usual_reset="sync-high", initialise=True, clock_mhz=100, resets=("sync-high",), axi_stream=True,
           files="quadcim.boards.vcu128.files:vcu128_files"),
    Target("asic28", "28 nm standard cells: no initial values, scripts, stubs of macros, datasheet",
           technology="generic", usual_reset="async-high", initialise=False, clock_mhz=500, fpga=False,
           files="quadcim.boards.asic28.files:asic_files"),
)}


def find_target(name: str) -> Target:
    """Find the target of a name, or raise an error that lists them."""
    check_one_of("target", name, TARGETS)
    return TARGETS[name]


def check_clock(clock_mhz: object) -> None:
    """Raise IllegalSetting if a clock frequency is out of range."""
    low, high = CLOCK_MHZ
    if not isinstance(clock_mhz, int | float) or isinstance(clock_mhz, bool) or not low <= clock_mhz <= high:
        raise IllegalSetting("clock-mhz", f"a number from {low} to {high}", clock_mhz)


def check_target(target: Target, *, technology: str | None, clock_mhz: float, reset: Reset, user_bits: int = 0) -> None:
    """Refuse what a target cannot be made for; a technology of None is not known yet.

    Raises
    ------
    IllegalSetting
        If the clock is out of range, the target's cells are not those of the technology, its registers cannot be reset
        so, or it has no TUSER of that width.
    """
    if technology == "ultrascale" and not target.fpga:
        raise IllegalSetting("technology", f"generic, cells or fpga for the target {target.name}", technology)
    if reset.name not in target.resets:
        raise IllegalSetting("reset", f"{' or '.join(target.resets)} for the target {target.name}", reset.name)
    check_clock(clock_mhz)
    if not target.axi_stream and user_bits:
        raise IllegalSetting("user-bits", f"0 for the target {target.name}, which has no AXI4-Stream ports", user_bits)
    check_whole("user-bits", user_bits, 0, USER_BITS)
