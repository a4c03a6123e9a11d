"""Safety properties of Verilog, decided by ABC: up to a number of cycles, and for ever.

A harness is a module whose assertions must hold in every cycle, whatever its inputs do. Registers begin with their
initial values, 0 where they have none.
"""

import re
import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from quadcim.hw.emit.yosys import ABC, Pass, run_passes

__all__ = ["Verdict", "prove"]

# Memories become registers first: else they are free to change.
_TO_GATES = ("proc", "flatten", "memory_map", "async2sync", "chformal -lower", "dffunmap", "setundef -zero -init",
             "opt_expr", "opt_clean", "techmap", "opt_expr", "opt_merge", "opt_clean", "dfflegalize -cell $_DFF_P_ 01",
             "aigmap", "opt_clean")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a proof.

    Parameters
    ----------
    outcome : {"proved", "bounded", "refuted", "open"}
        Holds in every reachable state; holds as far as was asked for; fails; or neither was found in time.
    cycles : int
        How far the search from the initial state came, or the cycle in which it saw an assertion fail, from 0.
    seconds : float
        Time of the search and the proof together.
    """

    outcome: Literal["proved", "bounded", "refuted", "open"]
    cycles: int
    seconds: float


def prove(reading: Sequence[Pass], harness: str, *, cycles: int, seconds: int,
          unbounded: bool = True, beside: Iterable[Path] = ()) -> Verdict:
    """Look for a failure from the initial state on, then prove that there is none at all.

    The search is bounded model checking. The proof is an induction whose invariant is found by property-directed
    reachability (Een, Mishchenko, Brayton, FMCAD 2011), after what is always equal has been joined.

    Parameters
    ----------
    reading : sequence of passes
        What makes the modules that the harness instantiates.
    harness : str
        Verilog with assertions, its top module ``harness``.
    cycles : int
        Bound of the search.
    seconds : int
        Time limit of the search, and again of the proof.
    unbounded : bool
        Whether there is a proof after the search.
    beside : iterable of Path
        Files that the modules name.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "harness.v").write_text(harness)
        run_passes(*reading, ["read_verilog", "-sv", "-formal", str(folder / "harness.v")],
                   "hierarchy -check -top harness", *_TO_GATES, ["write_aiger", "-zinit", str(folder / "gates")],
                   beside=beside)
        start = time.perf_counter()
        # A long search is worth joining what is always equal first.
        found = _abc(folder, f"{'' if unbounded else 'scorr; '}bmc3 -F {cycles} -T {seconds}")
        if failure := re.search(r"asserted in frame (\d+)", found):
            return Verdict("refuted", int(failure[1]), time.perf_counter() - start)
        if "combinational" in found:
            holds = "UNSATISFIABLE" in _abc(folder, "orpos; sat")
            return Verdict("proved" if holds else "refuted", int(holds), time.perf_counter() - start)
        searched = re.search(r"(?:No output asserted in|after completing) (\d+) frame", found)
        if not unbounded:
            far = int(searched[1]) if searched else 0
            return Verdict("bounded" if far >= cycles else "open", far, time.perf_counter() - start)
        proof = _abc(folder, f"orpos; fraig; scorr; scleanup; print_stats; pdr -T {seconds}")
        spent = time.perf_counter() - start
        if failure := re.search(r"asserted in frame (\d+)", proof):
            return Verdict("refuted", int(failure[1]), spent)
        # Without a register and a gate, the assertions are a constant, and the search has seen which.
        constant = searched and re.search(r"\blat = +0 +and = +0 ", proof)
        return Verdict("proved" if constant or "Property proved" in proof else "open",
                       int(searched[1]) if searched else 0, spent)


def _abc(folder: Path, commands: str) -> str:
    """What ABC says of the gates."""
    return subprocess.run([str(ABC), "-c", f"read_aiger gates; {commands}"], cwd=folder, capture_output=True, text=True,
                          check=True).stdout
