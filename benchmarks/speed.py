"""Speed of the simulators and of the golden model."""

import statistics
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.report import Bar, Table, say
from benchmarks.timing import median_seconds
from quadcim.boards.targets import find_target
from quadcim.cores.cases import CoreCase, load_case
from quadcim.generate import generate_case
from quadcim.models.activation import golden
from quadcim.sim.bulk import BulkSimulator, SimulationError
from quadcim.sim.cosim import simulate
from quadcim.sim.tools import Simulator, find_simulator
from quadcim.sim.vectors import read_vectors
from quadcim.spec.presets import find_preset

__all__ = ["measure"]

_BEATS = 4_000_000
# 8 bits: the unit that the demo renders a picture with.
_PRESETS = ("phi16-small", "phi16", "phi8")
_COCOTB_RUNS = 3
_LEAST_BEATS, _LEAST_RATIO = 4e6, 250


def measure() -> Table:
    """Measure the bulk simulator, cocotb on the same case, and the golden model on the same inputs."""
    simulator = find_simulator()
    table = Table("Speed of simulation",
                  f"Bulk simulator and golden model: {_BEATS // 1_000_000} million beats, from an int64 array to "
                  f"another, median of 5. cocotb: its full_speed test with {simulator.name}, median of {_COCOTB_RUNS}. "
                  "M: million.",
                  ("preset", "bulk, M beats/s", "cocotb, beats/s", "ratio", "golden model, M samples/s"))
    for preset in _PRESETS:
        with tempfile.TemporaryDirectory() as folder:
            case = _case(preset, Path(folder, "case"))
            bulk, model = _bulk_and_golden(case, preset)
            cocotb = _cocotb(case, preset, simulator)
        ratio = bulk / cocotb
        bars = (Bar(bulk / 1e6, ">=", _LEAST_BEATS / 1e6, "M beats/s"), Bar(ratio, ">=", _LEAST_RATIO, "times"))
        table.add(preset, f"{bulk / 1e6:.2f}", f"{cocotb:.0f}", f"{ratio:.0f}", f"{model / 1e6:.1f}",
                  bars=bars if case.spec.activation.input.width == 16 else ())
    return table


def _case(preset: str, folder: Path) -> CoreCase:
    say(f"speed: {preset}, generating")
    target = find_target("generic")
    generate_case(find_preset(preset), target=target, clock_mhz=target.clock_mhz, out=folder)
    return load_case(folder)


def _bulk_and_golden(case: CoreCase, preset: str) -> tuple[float, float]:
    """Beats a second of the bulk simulator, and of the golden model; they must agree."""
    fmt, function = case.spec.activation.input, golden(case.spec.activation, case.integers)
    inputs = np.random.default_rng(0).integers(fmt.minimum, fmt.maximum, _BEATS, endpoint=True)
    say(f"speed: {preset}, compiling")
    simulator = BulkSimulator(case)

    def simulated() -> NDArray:
        return simulator.run(inputs).outputs

    def expected() -> NDArray:
        return function(torch.from_numpy(inputs)).numpy()

    if not np.array_equal(simulated(), expected()):
        raise SimulationError(f"{preset} differs from the golden model")
    say(f"speed: {preset}, bulk simulator and golden model")
    return _BEATS / median_seconds(simulated), _BEATS / median_seconds(expected)


def _cocotb(case: CoreCase, preset: str, simulator: Simulator) -> float:
    """Beats a second of cocotb's test without stalls."""
    say(f"speed: {preset}, cocotb with {simulator.name}")
    seconds = statistics.median(_full_speed_seconds(case, simulator) for _ in range(_COCOTB_RUNS))
    return len(read_vectors(case.folder / "vectors/input.hex")) / seconds


def _full_speed_seconds(case: CoreCase, simulator: Simulator) -> float:
    """Real time of the test without stalls, as cocotb reports it."""
    result = simulate(case, simulator=simulator)
    if result.failed:
        raise SimulationError(f"{case.top}: {result.failures}")
    (xml,) = (path for path in result.artefacts if path.name == "results.xml")
    (test,) = (test for test in ElementTree.parse(xml).iter("testcase") if test.get("name") == "full_speed")
    return float(test.attrib["time"])
