"""``quadcim regress``."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from quadcim.arguments import MOST_BEATS, MOST_JOBS, MOST_SEEDS, number, processors
from quadcim.boards.targets import TARGETS, Target, check_target, find_target
from quadcim.cores.catalogue import presets
from quadcim.cores.core import CoreSpec
from quadcim.files import REGRESSION, check_output_folder, output_folder
from quadcim.sim.tools import SIMULATORS, find_simulator
from quadcim.spec.errors import IllegalSetting

if TYPE_CHECKING:
    from quadcim.regress.runs import RunResult

__all__ = ["add_regress"]


def add_regress(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    command = commands.add_parser("regress", help="run the cocotb testbench over the catalogue of presets")
    command.add_argument("--preset", nargs="+", metavar="NAME",
                         help="only these (default: all of `quadcim list presets` that the target takes)")
    command.add_argument("--simulator", nargs="+", metavar="NAME",
                         help="icarus, verilator or both (default: those that are installed)")
    command.add_argument("--target", default="generic", metavar="NAME",
                         help="one of " + ", ".join(TARGETS) + " (default: generic)")
    command.add_argument("--beats", type=number(int, 0, MOST_BEATS), default=200, metavar="N",
                         help="random beats on top of each case's own vectors (default: 200)")
    command.add_argument("--seed", type=number(int, 0, MOST_SEEDS), metavar="N",
                         help="seed from which those of all runs follow (default: another one each time, and printed)")
    command.add_argument("--jobs", type=number(int, 1, MOST_JOBS), default=processors(), metavar="N",
                         help="runs side by side (default: one for each processor)")
    command.add_argument("--out", type=Path, required=True, metavar="DIR",
                         help="the folder to write: cases, JUnit XML, coverage, report")
    command.add_argument("--force", action="store_true", help="replace an older regression there")
    command.set_defaults(run=_regress)


def _catalogue(names: list[str] | None, target_name: str) -> dict[str, CoreSpec]:
    """The units to run."""
    catalogue = presets()
    for name in names or ():
        if name not in catalogue:
            raise IllegalSetting("preset", "of " + ", ".join(catalogue), name)
    target = find_target(target_name)
    return {name: spec for name, spec in catalogue.items()
            if (names is None or name in names) and _taken(spec, target, wanted=names is not None)}


def _taken(spec: CoreSpec, target: Target, *, wanted: bool) -> bool:
    """Whether a target takes a unit; if it is one that somebody asked for by name, it has to."""
    try:
        check_target(target, technology=spec.technology, clock_mhz=target.clock_mhz, reset=target.reset())
    except IllegalSetting:
        if wanted:
            raise
        return False
    return True


def _simulators(names: list[str] | None) -> list[str]:
    """The simulators to run on; without names, those that are there."""
    if names is not None:
        return [find_simulator(name).name for name in dict.fromkeys(names)]
    found = []
    for name in SIMULATORS:
        try:
            found.append(find_simulator(name).name)
        except IllegalSetting as error:
            print(f"without {name}: {error}")
    return found or [find_simulator().name]


def _regress(options: argparse.Namespace) -> int:
    units, simulators = _catalogue(options.preset, options.target), _simulators(options.simulator)
    check_output_folder(options.out, marker=REGRESSION, force=options.force)
    seed = int.from_bytes(os.urandom(3)) if options.seed is None else options.seed
    print(f"{len(units)} cases on {' and '.join(simulators)}, seed {seed}", flush=True)
    from quadcim.regress.modes import mode_hits
    from quadcim.regress.results import coverage_lines, tests_line, write_results

    with output_folder(options.out, marker=REGRESSION, force=options.force) as folder:
        results = _run(units, folder / "cases", simulators, seed, options)
        modes = mode_hits([] if options.preset else units.values())  # of a few units, most pairs would be holes
        hits = write_results(folder, results, modes, seed=seed, out=options.out)
    covered, *holes = coverage_lines(*hits)
    print(f"coverage: {covered}" + (f"; {len(holes)} holes:" if holes else ""))
    for line in holes:
        print(f"  {line}")
    failed = any(result.failed for result in results)
    print(f"{'FAIL' if failed else 'PASS'}: {len(results)} runs, {tests_line(results)}, seed {seed}; results in "
          f"{options.out}")
    return 1 if failed else 0


def _run(units: dict[str, CoreSpec], cases: Path, simulators: list[str], seed: int,
         options: argparse.Namespace) -> "list[RunResult]":
    """Generate and run with a progress bar; failures are said at once."""
    from tqdm import tqdm

    from quadcim.regress.runs import generate_cases, planned_runs, processes, run_all

    runs = planned_runs(list(units), cases, simulators, beats=options.beats, seed=seed)
    with processes(options.jobs) as pool:
        with tqdm(total=len(units), desc="generate", unit="case", disable=None) as progress:
            generate_cases(units, cases, target=options.target, pool=pool, report=progress.update)
        with tqdm(total=len(runs), desc="simulate", unit="run", disable=None) as progress:
            def report(result: "RunResult") -> None:
                progress.update()
                if result.failed:
                    said = next(filter(None, result.failures), "").partition("\n")[0]
                    progress.write(f"FAIL {result.run.name} on {result.run.simulator}: {said}\n"
                                   f"  {result.run.replay(options.out / 'cases' / result.run.name)}")

            return run_all(runs, pool=pool, report=report)
