"""How many changes of the emitted Verilog the testbench that a case ships notices, with the vectors that it ships."""

import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.report import Bar, Table, say
from quadcim.boards.targets import find_target
from quadcim.cores.cases import load_case
from quadcim.generate import generate_case
from quadcim.sim.mutation import fates, mutants
from quadcim.spec.activation import Activation, ActivationRounding
from quadcim.spec.cim import CimIntegers, CimMacro
from quadcim.spec.formats import Format
from quadcim.spec.narrow import Narrow
from quadcim.spec.unit import ActivationUnit, FlowControl

__all__ = ["CASES", "measure"]

_SHARE_PERCENT = 99
_MUTANTS = 1000
_PROGRESS = 50


def _unit(function: str, input: str, output: str, stages: int, method: str,  # noqa: PLR0917 - rows of a table
          flow_control: FlowControl = "elastic", *,
          rounding: ActivationRounding = "faithful") -> Callable[[Path], object]:
    activation = Activation(function, Format.parse(input), Format.parse(output), rounding)
    unit = ActivationUnit(activation, stages, flow_control, method=method)
    return lambda folder: generate_case(unit, target=find_target("generic"), clock_mhz=100, out=folder)


def _macro(macro: CimMacro, integers: CimIntegers) -> Callable[[Path], object]:
    return lambda folder: generate_case(macro, integers, target=find_target("generic"), clock_mhz=100, out=folder)


_AFFINE = CimIntegers(None, (3, -2, 1), (1, 2, 3), (-7, 0, 5))
CASES: dict[str, Callable[[Path], object]] = {
    "phi, 10 bits": _unit("quad", "SQ2.8", "SQ1.9", 3, "heap", rounding="nearest"),
    "phi, 16 bits": _unit("quad", "SQ2.14", "SQ2.14", 4, "heap"),
    "phi, 16 bits, always": _unit("quad", "SQ2.14", "SQ2.14", 4, "heap", "always"),
    "phi, combinational": _unit("quad", "SQ2.8", "SQ1.9", 0, "heap"),
    "Gaussian, table": _unit("gaussian", "SQ3.5", "UQ0.8", 1, "table"),
    "sine, multipartite": _unit("sine", "SQ2.10", "SQ2.10", 2, "multipartite"),
    "GELU, linear": _unit("gelu", "SQ4.8", "SQ4.8", 3, "linear"),
    "sine, quadratic, 16 bits": _unit("sine", "SQ2.14", "SQ2.14", 4, "quadratic"),
    "sine, CORDIC": _unit("sine", "SQ2.8", "SQ2.8", 4, "cordic"),
    "sine, Taylor": _unit("sine", "SQ2.8", "SQ2.8", 4, "taylor"),
    "macro, 8 x 3": _macro(CimMacro(8, 3, 4, stages=3), CimIntegers()),
    "macro, signed, banks, affine": _macro(
        CimMacro(8, 3, 4, signed=True, bits_per_cycle=2, encoding="bipolar", banks=2, stages=4,
                 narrow=Narrow(3, "half_up", "saturate", Format.parse("SQ8.0"))), _AFFINE),
}


def measure(names: Sequence[str] = tuple(CASES), count: int = 90) -> Table:
    """Mutate each case.

    Parameters
    ----------
    names : sequence of str
        Keys of `CASES`.
    count : int
        Mutants of each, at most.
    """
    table = Table("Mutants", "Yosys' mutate on the emitted Verilog, one bit of one cell in each mutant; the plain "
                  "Verilog testbench and the vectors of the case. Equal: proved to work as the original.",
                  ("case", "mutants", "caught", "equal", "missed", "undecided", "noticed of those not equal, %", "s"))
    total: Counter[str] = Counter()
    for name in names:
        start = time.perf_counter()
        found = _count(name, count)
        total += found
        table.add(name, *_cells(found), f"{time.perf_counter() - start:.0f}")
    table.add("all", *_cells(total), "", bars=(
        Bar(_share(total), ">=", _SHARE_PERCENT, "%"),
        *((Bar(total.total(), ">=", _MUTANTS, "mutants"),) if names == tuple(CASES) else ())))
    return table


def _count(name: str, count: int) -> Counter[str]:
    """How many mutants of a case meet each fate."""
    with tempfile.TemporaryDirectory() as folder:
        CASES[name](Path(folder, "case"))
        case = load_case(Path(folder, "case"))
        found: Counter[str] = Counter()
        with mutants(case, count) as made:
            say(f"mutation: {name}, {len(made)} mutants")
            for mutant, fate in zip(made, fates(case, made), strict=True):
                found[fate] += 1
                if fate in ("missed", "undecided"):
                    say(f"  {fate}: {mutant.what}")
                if found.total() % _PROGRESS == 0:
                    say(f"  {found.total()} of {len(made)}")
    return found


def _share(found: Counter[str]) -> float:
    """Of the mutants that are not proved equal, those that were caught, in percent."""
    different = found.total() - found["equal"]
    return 100 * found["caught"] / different if different else 100


def _cells(found: Counter[str]) -> list[object]:
    return [found.total(), *(found[fate] for fate in ("caught", "equal", "missed", "undecided")),
            f"{_share(found):.2f}"]
