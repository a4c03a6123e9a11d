"""Runs of the cocotb testbench side by side, each in a process of its own."""

import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path

from quadcim.boards.targets import find_target
from quadcim.cores.core import CoreSpec
from quadcim.guard import uninterrupted
from quadcim.spec.quoting import shell_line

__all__ = ["Run", "RunResult", "generate_cases", "planned_runs", "processes", "run_all", "run_one"]

_SEEDS = 1 << 24


@dataclass(frozen=True, slots=True)
class Run:
    """One case on one simulator.

    Parameters
    ----------
    name : str
        Of the unit.
    case : Path
        The case directory.
    simulator : str
        Name of the simulator.
    beats : int
        Random beats on top of the case's own vectors.
    seed : int
        Seed of stalls and random beats.
    """

    name: str
    case: Path
    simulator: str
    beats: int
    seed: int

    def replay(self, case: Path) -> str:
        """The command that repeats the run on `case`."""
        return shell_line(["quadcim", "simulate", str(case), "--simulator", self.simulator, "--beats", str(self.beats),
                           "--seed", str(self.seed)])


@dataclass(frozen=True, slots=True)
class RunResult:
    """What came of a run.

    Parameters
    ----------
    run : Run
        Which.
    passed, failed, skipped : int
        Numbers of tests; a run without results counts as a failed one.
    failures : tuple of str
        What each failed test said.
    hits : dict
        Functional coverage, as of `quadcim.sim.coverage`.
    seconds : float
        What it took.
    ended : bool
        Whether there are results of it in the case: a run that broke off leaves those of an earlier one.
    """

    run: Run
    passed: int
    failed: int
    skipped: int
    failures: tuple[str, ...]
    seconds: float
    hits: dict[str, dict[str, int]] = field(default_factory=dict)
    ended: bool = True


def processes(jobs: int) -> Executor:
    """So many processes; they start afresh, since PyTorch's threads do not survive a fork."""
    with uninterrupted():
        return ProcessPoolExecutor(jobs, mp_context=_Context())


class _Process(SpawnProcess):
    """A process that Ctrl-C does not reach: the command ends it."""

    def start(self) -> None:
        with uninterrupted():
            super().start()


class _Context(SpawnContext):
    Process = _Process


def generate_cases(specs: Mapping[str, CoreSpec], folder: Path, *, target: str, pool: Executor,
                   report: Callable[[], object] = lambda: None) -> None:
    """Generate the case of each unit as ``folder/NAME``."""
    futures = [pool.submit(_generate, spec, folder / name, target) for name, spec in specs.items()]
    for future in as_completed(futures):
        future.result()
        report()


def _generate(spec: CoreSpec, out: Path, target_name: str) -> None:
    from quadcim.generate import generate_case

    generate_case(spec, target=find_target(target_name), out=out)


def planned_runs(names: Sequence[str], folder: Path, simulators: Sequence[str], *, beats: int,
                 seed: int) -> list[Run]:
    """A run of each case on each simulator, with seeds of their own that follow from `seed`."""
    draw = random.Random(seed)
    return [Run(name, folder / name, simulator, beats, draw.randrange(_SEEDS))
            for name in names for simulator in simulators]


def run_all(runs: Sequence[Run], *, pool: Executor, report: Callable[[RunResult], None]) -> list[RunResult]:
    """Run everything; results in the order of `runs`."""
    futures = {pool.submit(run_one, run): index for index, run in enumerate(runs)}
    results: dict[int, RunResult] = {}
    for future in as_completed(futures):
        results[futures[future]] = future.result()
        report(future.result())
    return [results[index] for index in range(len(runs))]


def run_one(run: Run) -> RunResult:
    """Run the testbench on a case; what goes wrong is a result."""
    from quadcim.cores.cases import load_case
    from quadcim.sim.cosim import simulate
    from quadcim.sim.tools import ToolError, find_simulator

    start = time.perf_counter()
    try:
        result = simulate(load_case(run.case), simulator=find_simulator(run.simulator), beats=run.beats, seed=run.seed)
    except ToolError as error:
        return RunResult(run, 0, 1, 0, (str(error),), time.perf_counter() - start, ended=False)
    coverage = run.case / "sim" / run.simulator / "coverage.json"
    hits = json.loads(coverage.read_text()) if coverage.is_file() else {}
    return RunResult(run, result.passed, result.failed, result.skipped, result.failures, time.perf_counter() - start,
                     hits)
