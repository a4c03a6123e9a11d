"""What a regression leaves: JUnit XML, functional coverage with its holes, and a page to read."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

from quadcim.files import REGRESSION
from quadcim.regress.runs import RunResult
from quadcim.sim.coverage import Hits, holes, merged

__all__ = ["coverage_lines", "tests_line", "write_results"]


def tests_line(results: Sequence[RunResult]) -> str:
    """How many tests passed, failed, and were skipped, in all runs."""
    passed, failed, skipped = (sum(getattr(result, name) for result in results)
                               for name in ("passed", "failed", "skipped"))
    return f"{passed} tests passed, {failed} failed, {skipped} skipped"


def write_results(folder: Path, results: Sequence[RunResult], modes: Hits, *, seed: int,
                  out: Path) -> tuple[dict[str, Hits], Hits]:
    """Write ``junit.xml``, ``coverage.json``, ``report.md``, and ``regress.json``, by which the folder is known.

    Parameters
    ----------
    folder : Path
        Where to.
    results : sequence of RunResult
        What was run in it.
    modes : dict
        What `quadcim.regress.modes.mode_hits` found.
    seed : int
        The seed from which all others follow.
    out : Path
        What the folder will be called; commands name it.

    Returns
    -------
    cases, modes : dict
        What `coverage_lines` takes.
    """
    cases = _by_case(results)
    _junit(results).write(folder / "junit.xml", encoding="utf-8", xml_declaration=True)
    _write_json(folder / "coverage.json", {"cases": cases, "modes": modes})
    (folder / "report.md").write_text(_report(results, cases, modes, seed=seed, out=out), encoding="utf-8")
    _write_json(folder / REGRESSION.name, {
        "schema": REGRESSION.schema, "seed": seed,
        "runs": [{"case": result.run.name, "simulator": result.run.simulator, "seed": result.run.seed,
                  "beats": result.run.beats, "passed": result.passed, "failed": result.failed,
                  "skipped": result.skipped,
                  "seconds": round(result.seconds, 2)} for result in results]})
    return cases, modes


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def _by_case(results: Sequence[RunResult]) -> dict[str, Hits]:
    names = dict.fromkeys(result.run.name for result in results)
    return {name: merged([result.hits for result in results if result.run.name == name]) for name in names}


def _junit(results: Sequence[RunResult]) -> ElementTree.ElementTree:
    """The tests of all runs: a suite for each case and simulator."""
    root = ElementTree.Element("testsuites")
    for result in results:
        run = result.run
        path = run.case / "sim" / run.simulator / "results.xml"
        tests = list(ElementTree.parse(path).iter("testcase")) if result.ended else [_broken(result)]
        suite = ElementTree.SubElement(
            root, "testsuite", name=f"{run.name}.{run.simulator}", tests=str(len(tests)), failures=str(result.failed),
            skipped=str(sum(test.find("skipped") is not None for test in tests)), time=f"{result.seconds:.2f}")
        properties = ElementTree.SubElement(suite, "properties")
        for name in ("seed", "beats"):
            ElementTree.SubElement(properties, "property", name=name, value=str(getattr(run, name)))
        suite.extend(tests)
    return ElementTree.ElementTree(root)


def _broken(result: RunResult) -> ElementTree.Element:
    """The test case of a run that ended without results."""
    test = ElementTree.Element("testcase", name="simulator", classname=result.run.name)
    ElementTree.SubElement(test, "failure", message=" ".join(result.failures))
    return test


def coverage_lines(cases: Mapping[str, Hits], modes: Hits) -> list[str]:
    """How much is covered, and a line for each point with holes."""
    bins = [bool(count) for hits in (*cases.values(), modes) for point in hits.values() for count in point.values()]
    lines = [f"{sum(bins)} of {len(bins)} bins covered"]
    lines += [f"{case}, {point}: {'; '.join(names)}" for case, hits in cases.items()
              for point, names in holes(hits).items()]
    return lines + [f"no {kind} unit is: {'; '.join(names)}" for kind, names in holes(modes).items()]


def _report(results: Sequence[RunResult], cases: Mapping[str, Hits], modes: Hits, *, seed: int, out: Path) -> str:
    failed = [result for result in results if result.failed]
    lines = ["# Regression", "", f"{len(results)} runs, {tests_line(results)}; seed {seed}.", ""]
    if failed:
        lines += ["## Failures", ""]
        for result in failed:
            lines += [f"- {result.run.name} on {result.run.simulator}: {failure.splitlines()[0]}"
                      for failure in result.failures if failure]
            lines += ["", "      " + result.run.replay(out / "cases" / result.run.name), ""]
    covered, *open_bins = coverage_lines(cases, modes)
    lines += ["## Coverage", "", f"{covered}. Holes:" if open_bins else f"{covered}.", ""]
    lines += [f"- {line}" for line in open_bins] + [""] * bool(open_bins)
    lines += ["## Runs", "", "| case | simulator | seed | passed | failed | skipped | s |",
              "|---|---|---|---|---|---|---|"]
    lines += [f"| {result.run.name} | {result.run.simulator} | {result.run.seed} | {result.passed} | {result.failed} "
              f"| {result.skipped} | {result.seconds:.1f} |" for result in results]
    return "\n".join(lines) + "\n"
