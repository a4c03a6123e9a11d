"""What a run of the cocotb testbench leaves: JUnit XML, figures for scripts, and a page to read."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

from quadcim import __version__
from quadcim.files import SIMULATION
from quadcim.sim.case import Case
from quadcim.sim.tools import Simulator

__all__ = ["RESULTS", "CosimTest", "read_tests", "tests_line", "write_results"]

RESULTS = "results.xml"


@dataclass(frozen=True, slots=True)
class CosimTest:
    """A test: its name, what became of it, what it said if it failed, and the seconds that it took."""

    name: str
    outcome: Literal["passed", "failed", "skipped"]
    said: str
    seconds: float


def read_tests(xml: Path) -> list[CosimTest]:
    """The tests of a JUnit XML file of cocotb."""
    return [_test(case) for case in ElementTree.parse(xml).iter("testcase")]


def _test(case: ElementTree.Element) -> CosimTest:
    wrong = [node for node in case if node.tag in ("failure", "error")]
    said = "; ".join(node.get("error_msg") or node.get("message") or node.text or "" for node in wrong).strip()
    outcome = "failed" if wrong else "passed" if case.find("skipped") is None else "skipped"
    return CosimTest(case.get("name", ""), outcome, said, float(case.get("time") or 0))


def tests_line(tests: Sequence[CosimTest]) -> str:
    """How many tests passed, failed, and were skipped."""
    numbers = {outcome: sum(test.outcome == outcome for test in tests) for outcome in ("passed", "failed", "skipped")}
    skipped = f", {numbers['skipped']} skipped" if numbers["skipped"] else ""
    return f"{numbers['passed']} tests passed, {numbers['failed']} failed{skipped}"


def write_results(folder: Path, case: Case, simulator: Simulator, *, beats: int, seed: int) -> None:
    """Write ``simulate.json`` and ``report.md`` beside ``results.xml``, which then names no folder of the run's own."""
    xml = folder / RESULTS
    # cocotb names its log and waveform by the folder in which it ran.
    xml.write_text(xml.read_text(encoding="utf-8").replace(f"{folder}/", ""), encoding="utf-8")
    tests = read_tests(xml)
    figures = {
        "schema": SIMULATION.schema, "top": case.top, "digest": case.manifest["digest"], "simulator": simulator.name,
        "seed": seed, "beats": beats, "tests": [asdict(test) for test in tests],
        "tools": {"quadcim": __version__, "cocotb": version("cocotb"), simulator.name: simulator.version},
    }
    (folder / SIMULATION.name).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    (folder / "report.md").write_text(_report(case, simulator, tests, beats=beats, seed=seed), encoding="utf-8")


def _report(case: Case, simulator: Simulator, tests: Sequence[CosimTest], *, beats: int, seed: int) -> str:
    verdict = "FAIL" if any(test.outcome == "failed" for test in tests) else "PASS"
    return "\n".join([
        f"# {case.top} on {simulator.name}", "",
        f"{verdict}: {tests_line(tests)}.", "",
        (f"The case's own vectors and {beats} random beats, seed {seed}; {simulator.version}, cocotb "
         f"{version('cocotb')}. Digest `{case.manifest['digest']}`. `simulation.log` is what the simulator said, "
         "`coverage.json` what was covered, and how often."), "",
        "| test | | s |", "|---|---|---|",
        *(f"| {test.name} | {test.outcome} | {test.seconds:.2f} |" for test in tests), "",
        *(line for test in tests if test.outcome == "failed" for line in (f"- {test.name}: {_first(test.said)}", ""))])


def _first(text: str) -> str:
    return text.partition("\n")[0]
