"""Mutants of a case's Verilog, and whether its plain testbench notices.

A mutant has one bit of one cell's port inverted, stuck, or inverted under the control of another bit of that port
(Yosys' ``mutate``). The testbench runs on the vectors that the case ships. A mutant that passes either works as the
original does, which is proved, or was missed.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from string import Template
from typing import Literal

from quadcim.hw.emit.yosys import Pass, run_passes
from quadcim.sim.case import Case
from quadcim.sim.prover import prove
from quadcim.sim.tools import find_simulator, run_tool

__all__ = ["Fate", "Mutant", "fates", "mutants"]

Fate = Literal["caught", "equal", "missed", "undecided"]
"""The testbench does not print PASS; it does, and the mutant works as the original, does not, or may or may not."""

_SURVIVED: dict[str, Fate] = {"proved": "equal", "refuted": "missed", "open": "undecided"}
_HANG_SECONDS = 20
_SHOWN = re.compile(r"-(?:mode|module|cell|port|portbit|ctrlbit|wire) \S+")

_MITER = Template("""\
module harness(input clk, input rst, input [$in_msb:0] next_payload, input next_valid, input o_ready,
               input [$write_msb:0] w_payload, input w_valid);
  reg i_valid = 0;
  reg [$in_msb:0] payload = 0;
  wire [$in_msb:0] i_payload = i_valid ? payload : next_payload;
  wire i_ready$always, o_valid, w_ready$unwritten, mutant_i_ready$always, mutant_o_valid, mutant_w_ready$unwritten;
  wire [$out_msb:0] o_payload, mutant_o_payload;
  $top original ($original);
  mutant mutant ($mutant);
  always @(posedge clk) begin
    // A beat that is offered stays until it is taken.
    if (!i_valid || i_ready) payload <= next_payload;
    i_valid <= !rst && (i_valid && !i_ready || next_valid);
  end
  always @* if (!rst) begin
    assert (i_ready == mutant_i_ready && o_valid == mutant_o_valid && w_ready == mutant_w_ready);
    if (o_valid) assert (o_payload == mutant_o_payload);
  end
endmodule
""")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed copy of a case's Verilog, and what was changed."""

    what: str
    path: Path


@contextmanager
def mutants(case: Case, count: int, *, seed: int = 0) -> Iterator[list[Mutant]]:
    """Up to `count` mutants, spread over the design; clocks are left alone.

    Parameters
    ----------
    case : Case
        Of a technology that instantiates no primitives.
    count : int
        A small design may have fewer.
    seed : int
        Which ones.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        original, listed = folder / "original.il", folder / "listed.txt"
        # Tables become multiplexers, so that their entries are changed too.
        run_passes(*(["read_verilog", path] for path in case.rtl), ["hierarchy", "-check", "-top", case.top],
                         "proc -norom", "pmuxtree", "opt_clean", ["write_rtlil", str(original)],
                         ["mutate", "-list", str(count), "-seed", str(seed), "-o", str(listed)],
                         beside=case.images)
        lines = [line for line in listed.read_text().splitlines() if " -port CLK " not in line]
        found = [Mutant(" ".join(_SHOWN.findall(line)).replace(case.top, ""), folder / f"mutant{number}.v")
                 for number, line in enumerate(lines)]
        passes: list[Pass] = [["read_rtlil", str(original)], "design -save original"]
        for line, mutant in zip(lines, found, strict=True):
            # What follows -wire and -src only says where it is.
            command = re.sub(r" -(wire|wirebit|src) .*", "", line).split()
            passes += ["design -load original", command, ["write_verilog", "-noattr", str(mutant.path)]]
        run_passes(*passes)
        yield found


def fates(case: Case, found: list[Mutant], *, seconds: int = 30) -> Iterator[Fate]:
    """What becomes of each mutant, in order; several run at a time.

    Parameters
    ----------
    case : Case
        The original.
    found : list of Mutant
        Its mutants.
    seconds : int
        Time limit of the proof that a survivor works as the original.
    """
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        yield from pool.map(_fate, repeat(case), found, repeat(seconds))


def _fate(case: Case, mutant: Mutant, seconds: int) -> Fate:
    if not _passes(case, mutant):
        return "caught"
    verdict = prove(_both(case, mutant), _miter(case), cycles=_cycles(case), seconds=seconds,
                    beside=case.images)
    return _SURVIVED[verdict.outcome]


def _passes(case: Case, mutant: Mutant) -> bool:
    """Whether the testbench prints PASS; a mutant that never ends does not."""
    program = mutant.path.with_suffix(".vvp")
    run_tool([find_simulator("icarus").executable, "-g2005", "-o", program, *(case.folder / "tb").glob("*.v"),
              mutant.path])
    try:
        run = subprocess.run([shutil.which("vvp") or "vvp", "-n", program], cwd=case.folder, capture_output=True,
                             text=True, timeout=_HANG_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False
    finally:
        program.unlink()
    return run.stdout.splitlines()[-1:] == ["PASS"]


def _cycles(case: Case) -> int:
    """Bound of the search for a difference: a reset in mid-stream, and some beats before and after it."""
    return 3 * (case.latency_cycles + case.initiation_interval_cycles) + 6


def _both(case: Case, mutant: Mutant) -> list[Pass]:
    """The modules of both, the mutant as one module."""
    return [["read_verilog", mutant.path], ["hierarchy", "-top", case.top], "proc", "flatten", "opt_clean",
            ["rename", case.top, "mutant"], "design -stash mutant", *(["read_verilog", path] for path in case.rtl),
            "design -copy-from mutant -as mutant mutant"]


def _miter(case: Case) -> str:
    """Both with the same inputs: they must answer the same, and results matter only while they are valid."""
    width = {port.name: port.width for port in case.ports}
    original = ", ".join(f".{port.name}({port.wire})" for port in case.ports)
    mutant = ", ".join(f".{port.name}({'mutant_' * (port.direction == 'output')}{port.wire})"
                       for port in case.ports)
    return _MITER.substitute(top=case.top, in_msb=width["i__payload"] - 1, out_msb=width["o__payload"] - 1,
                             write_msb=width.get("w__payload", 1) - 1, original=original, mutant=mutant,
                             always="" if case.elastic else " = 1", unwritten="" if "w__ready" in width else " = 1")
