import hashlib
import json
import shutil

import numpy as np
import pytest
import torch

from quadcim.cores.cases import CoreCase, load_case
from quadcim.models.activation import golden
from quadcim.sim.bulk import BulkSimulator, SimulationError
from quadcim.sim.case import Case
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.presets import PRESETS
from tests.conftest import make_unit

pytestmark = pytest.mark.shared_seeds


def spoiled(case: Case, folder, old: str, new: str) -> CoreCase:
    """A copy of a case whose RTL was changed, manifest and all."""
    copy = folder / "copy"
    shutil.copytree(case.folder, copy)
    (path,) = (copy / "rtl").iterdir()
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    manifest = json.loads((copy / "case.json").read_text())
    manifest["files"][f"rtl/{path.name}"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (copy / "case.json").write_text(json.dumps(manifest))
    return load_case(copy)


@pytest.mark.parametrize("name", ["phi8-combinational", "phi16", "phi-unsigned", "phi16-dsp", "sine12-fpga"])
def test_agrees_with_the_golden_model(name, make_case, seed):
    case = make_case(PRESETS[name])
    fmt = case.spec.activation.input
    raws = np.random.default_rng(seed).integers(fmt.minimum, fmt.maximum + 1, 20_000)
    want = golden(case.spec.activation, case.integers)(torch.from_numpy(raws)).numpy()
    simulator = BulkSimulator(case)
    result = simulator.run(raws)
    assert (result.outputs == want).all() and result.outputs.dtype == np.int64
    share = simulator.share(len(raws))
    assert (result.cycles, result.latency_cycles) == (share + case.latency_cycles, case.latency_cycles)
    stalled = simulator.run(raws, input_pause=0.5, output_pause=0.5 * (case.spec.flow_control == "elastic"), seed=seed)
    assert (stalled.outputs == want).all()
    assert stalled.cycles > 1.5 * share


def test_shares_are_long_enough_for_beats_to_follow_each_other(make_case):
    simulator = BulkSimulator(make_case(PRESETS["phi8-combinational"]), engine="gates")
    assert [simulator.share(beats) for beats in (0, 1, 63, 64, 1000, 16384, 16385, 65536)] == [
        0, 1, 63, 64, 64, 64, 65, 256]


def test_runs_are_independent_and_may_be_empty(make_case):
    simulator = BulkSimulator(make_case(PRESETS["phi16"]))
    assert simulator.run([]).outputs.shape == (0,)
    assert simulator.run([1, 2, 3], seed=5, input_pause=0.9).cycles == simulator.run(
        [1, 2, 3], seed=5, input_pause=0.9).cycles


@pytest.mark.parametrize("old, new", [
    ("stage2_valid <= stage1_valid", "stage2_valid <= 1'h1"),
    ("if (stage2_moves) stage2_valid <= stage1_valid", "if (stage2_moves) stage2_valid <= 1'h0"),
])
def test_lost_and_invented_beats_are_noticed(old, new, make_case, tmp_path):
    with pytest.raises(SimulationError, match="beats"):
        BulkSimulator(spoiled(make_case(PRESETS["phi16"]), tmp_path, old, new)).run(range(-100, 100))


@pytest.mark.parametrize("settings, message", [
    ({"inputs": [40000]}, "inputs must be raw integers of SQ2.14, got '40000 to 40000'"),
    ({"inputs": [0], "input_pause": 1.0}, "input_pause must be at least 0 and below 1, got 1.0"),
    ({"inputs": [0.5]}, "inputs must be raw integers, got 'an array of float64'"),
    ({"inputs": [0], "output_pause": -0.1}, "output_pause must be at least 0 and below 1"),
])
def test_refused_settings(settings, message, make_case):
    with pytest.raises(IllegalSetting, match=message):
        BulkSimulator(make_case(PRESETS["phi16"])).run(**settings)


def test_a_receiver_that_takes_all_cannot_pause(make_case):
    with pytest.raises(IllegalSetting, match="output_pause must be 0 for a unit whose receiver takes every beat"):
        BulkSimulator(make_case(PRESETS["phi16-small"])).run([0], output_pause=0.5)


def test_wrong_arithmetic_is_not_hidden(make_case, tmp_path):
    unit = make_unit("SQ2.6", "SQ2.6", "nearest", 1, "always")
    case = spoiled(make_case(unit), tmp_path, "folded = ", "folded = ~")
    raws = np.arange(-128, 128)
    want = golden(unit.activation)(torch.from_numpy(raws)).numpy()
    assert (BulkSimulator(case).run(raws).outputs != want).any()
