"""Handoff to a 28 nm standard-cell flow: constraints, scripts, power intent, stubs of macros and a datasheet."""

from quadcim.boards.asic28.constraints import constraints
from quadcim.boards.asic28.datasheet import datasheet
from quadcim.boards.asic28.equivalence import equivalence_scripts
from quadcim.boards.asic28.power import power_intent
from quadcim.boards.asic28.setup import setup
from quadcim.boards.asic28.stubs import stub_files
from quadcim.boards.asic28.synthesis import synthesis_scripts
from quadcim.boards.handoff import Handoff
from quadcim.spec.quoting import comment

__all__ = ["asic_files"]


def asic_files(handoff: Handoff) -> dict[str, str]:
    """Make what the flow needs beside the RTL, all of it from the handoff, whatever its kind.

    Returns
    -------
    dict
        File name to text; ``<top>.md`` says what each file is for.
    """
    top = handoff.top
    files = {
        f"{top}.f": "\n".join([comment(handoff.header, "//"), *handoff.sources, ""]),
        f"{top}.sdc": constraints(handoff),
        f"{top}.upf": power_intent(handoff),
        f"{top}_setup.tcl": setup(handoff),
        **synthesis_scripts(handoff),
        **equivalence_scripts(handoff),
        **stub_files(handoff),
    }
    return files | {f"{top}.md": datasheet(handoff, files)}
