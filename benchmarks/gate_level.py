"""The catalogue at gate level: every preset mapped to every library, under the testbench and vectors of its case."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.libraries import NO_LIBRARY, libraries
from benchmarks.report import Bar, Table, say
from quadcim.boards.targets import find_target
from quadcim.cores.cases import load_case
from quadcim.generate import generate_case
from quadcim.sim.tools import find_simulator
from quadcim.spec.cim import CimMacro
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.presets import MACRO_PRESETS, PRESETS
from quadcim.spec.unit import ActivationUnit
from quadcim.synth.flow import Request, synthesise

__all__ = ["SPECS", "measure"]

SPECS: dict[str, ActivationUnit | CimMacro] = {
    name: spec for name, spec in (PRESETS | MACRO_PRESETS).items() if spec.technology != "ultrascale"}
"""What standard cells can hold, by name."""
_LEAST_LIBRARIES = 2


def measure(names: Sequence[str] = tuple(SPECS), files: Sequence[Path] | None = None) -> Table:
    """Run the netlist of each preset, whose registers power up as X.

    Parameters
    ----------
    names : sequence of str
        Presets.
    files : sequence of Path, optional
        Libraries; by default `libraries`.
    """
    found, why = libraries() if files is None else list(files), NO_LIBRARY
    try:
        find_simulator("icarus")
    except IllegalSetting as error:
        found, why = [], str(error)
    table = Table("Gate level", "Mapped netlists of the target asic28 under their cases' own testbench: all vectors "
                  "at full speed, with random pauses, and with a reset in mid-stream; macros twice more, with other "
                  "weights." if found else why,
                  ("library", "cases", "kinds", "vectors", "passed", "% of vectors"))
    for library in found:
        _add(table, library, names)
    if found:
        table.add("all", "", "", "", "", "", bars=(Bar(len(found), ">=", _LEAST_LIBRARIES, "libraries"),))
    return table


def _add(table: Table, library: Path, names: Sequence[str]) -> None:
    kinds, vectors, right, passed = set(), 0, 0, 0
    for name in names:
        say(f"gate-level: {library.name}: {name}")
        with tempfile.TemporaryDirectory() as folder:
            case, out = Path(folder, "case"), Path(folder, "out")
            generate_case(SPECS[name], target=find_target("asic28"), out=case)
            out.mkdir()
            loaded = load_case(case)
            gates = synthesise(Request(loaded, library, None, loaded.manifest["clock_mhz"], None), out,
                               report=lambda _text: None).gates
        assert gates is not None  # Icarus is there, and cases of asic28 have no initial values
        kinds.add(loaded.core.name)
        vectors += gates.vectors
        right += gates.vectors if gates.passed else 0
        passed += gates.passed
        if not gates.passed:
            say(f"gate-level: {name} FAILED:\n{gates.said}")
    table.add(library.name, len(names), ", ".join(sorted(kinds)), vectors, passed, f"{100 * right / vectors:g}",
              bars=(Bar(right, ">=", vectors, "vectors"),))
