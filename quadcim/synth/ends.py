"""A case mapped twice: as small as can be, and as fast as can be."""

from collections.abc import Callable
from pathlib import Path

from quadcim.sim.case import Case
from quadcim.synth.flow import Request, Synthesis, synthesise

__all__ = ["FAST_MHZ", "synthesise_ends"]

# Any unit meets the first clock, so that the smallest gates stay; none reaches the second, so that the fastest stay.
_SLOW_MHZ, FAST_MHZ = 10.0, 9999.0


def synthesise_ends(case: Case, liberty: Path, folder: Path, *,
                    report: Callable[[str], None] = lambda text: None) -> tuple[Synthesis, Synthesis]:
    """Map a case for area, and for speed.

    Parameters
    ----------
    case : Case
        The case.
    liberty : Path
        The library.
    folder : Path
        Where netlists go, to a folder each.
    report : callable
        Is told what is being done.

    Raises
    ------
    IllegalSetting
        If the case or the library cannot be used.
    ToolError
        If a tool fails.
    """
    found = []
    for name, clock_mhz in (("small", _SLOW_MHZ), ("fast", FAST_MHZ)):
        (out := folder / name).mkdir(parents=True)
        found.append(synthesise(Request(case, liberty, None, clock_mhz, None), out, report=report))
    return found[0], found[1]
