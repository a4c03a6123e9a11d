"""The bulk simulator with Verilator: the same results as in gates, and as the golden model gives."""

import random
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from benchmarks.memory import RamUnit
from quadcim.cores.catalogue import presets
from quadcim.hw.streams.memory import SyncMemory
from quadcim.sim import compiled_engine, tools
from quadcim.sim.bulk import BulkSimulator, SimulationError
from quadcim.sim.compiled_engine import CompiledEngine, multipliers
from quadcim.sim.design import write_design
from quadcim.sim.gate_engine import GateEngine
from quadcim.spec.cim import CimMacro
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.timing import Timing

pytestmark = pytest.mark.skipif(not tools.has_simulator("verilator"), reason="Verilator is not installed")

_DESIGNS = {
    "combinational": (presets()["phi8-combinational"], {}), "always": (presets()["phi16-small"], {}),
    "primitives": (presets()["phi16-dsp"], {}), "active low": (presets()["gelu8"], {"reset": "async-low"}),
    "banks": (presets()["cim-banks"], {}), "wide": (CimMacro(70, 9, 2, stages=2), {}),
}


@pytest.mark.parametrize("name", _DESIGNS)
def test_results_are_those_of_the_golden_model(name, make_case, seed):
    spec, settings = _DESIGNS[name]
    case = make_case(spec, **settings)
    simulator, inputs = BulkSimulator(case, engine="verilator"), case.stimulus.random_inputs(500, seed)
    want, writes = case.stimulus.expected(inputs), case.stimulus.writes()
    assert simulator.run_payloads(inputs, writes=writes) == want
    assert simulator.run_payloads([]) == []
    assert simulator.run_payloads(inputs[:1], writes=writes) == want[:1]


def test_stalls_cost_cycles_and_change_nothing(make_case, seed):
    case = make_case(presets()["gelu8"])
    simulator, gates = (BulkSimulator(case, engine=engine) for engine in ("verilator", "gates"))
    raws = [random.Random(seed + index).randrange(-128, 128) for index in range(3000)]
    free = simulator.run(raws)
    assert (free.cycles, free.latency_cycles) == (len(raws) + case.latency_cycles, case.latency_cycles)
    stalled = simulator.run(raws, input_pause=0.5, output_pause=0.5, seed=seed)
    assert stalled.cycles > 1.5 * len(raws)
    assert (stalled.outputs == free.outputs).all() and (gates.run(raws).outputs == free.outputs).all()
    assert simulator.run(raws, input_pause=0.5, seed=seed).cycles == simulator.run(
        raws, input_pause=0.5, seed=seed).cycles


@pytest.mark.parametrize("engine", ["verilator", "gates"])
def test_lost_and_invented_beats_are_noticed(engine, make_case, tmp_path):
    case = make_case(presets()["phi16"])
    for number, (old, new) in enumerate([("stage2_valid <= stage1_valid", "stage2_valid <= 1'h1"),
                                         ("if (stage2_moves) stage2_valid <= stage1_valid",
                                          "if (stage2_moves) stage2_valid <= 1'h0")]):
        folder = shutil.copytree(case.folder, tmp_path / str(number))
        (rtl,) = (folder / "rtl").glob("*.v")
        assert old in rtl.read_text()
        rtl.write_text(rtl.read_text().replace(old, new))
        with pytest.raises(SimulationError, match="beats"):
            BulkSimulator(replace(case, folder=folder), engine=engine).run(range(-100, 100))


def test_images_are_found_from_anywhere(tmp_path, monkeypatch, seed):
    """And in a cache whose path has quotes and spaces in it; the folder of the design may be gone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a cache, \"so\" it's called"))
    monkeypatch.setattr(compiled_engine, "_runtime", _runtime(tmp_path))
    draw = random.Random(seed)
    contents = [draw.getrandbits(8) for _ in range(64)]
    (folder := tmp_path / "design").mkdir()
    memory = SyncMemory(width=8, rows=64, contents=contents, written=False, image=True)
    simulator = BulkSimulator(write_design(RamUnit(memory), folder, timing=Timing(1, 1, 1)), engine="verilator")
    shutil.rmtree(folder)
    rows = [draw.randrange(64) for _ in range(100)]
    assert simulator.run_payloads([row << 1 for row in rows]) == [contents[row] for row in rows]


def _runtime(folder: Path):
    """The runtime that other tests have compiled, for another cache."""
    found = compiled_engine._runtime()
    shutil.copytree(found, folder / "runtime")
    return lambda: folder / "runtime"


def test_nothing_is_compiled_twice(make_case, monkeypatch):
    case = make_case(presets()["gelu8"])
    BulkSimulator(case, engine="verilator")
    monkeypatch.setattr(compiled_engine, "run_tool", lambda command: pytest.fail(f"{command[0]} runs again"))
    BulkSimulator(case, engine="verilator")


_PRODUCTS = "\n".join(["module one (input a);", "  assign y = a[3:0] * b;  // not c * d", "  always @* x = 1;",
                       "  assign z = $signed(a) * $signed(b);",
                       "  assign s = 2'h2 * a + b * 3'sh5;", "endmodule", "module top (input a);",
                       *(f"  one one_{index} (.a(a));" for index in range(9)), "endmodule", ""])


def test_multipliers_are_counted_where_they_stand(tmp_path):
    (path := tmp_path / "x.v").write_text(_PRODUCTS)
    assert multipliers([path]) == 18
    path.write_text(re.sub(r" \* ", " + ", _PRODUCTS))
    assert multipliers([path]) == 0


def test_the_engine_is_chosen_by_the_design(make_case, monkeypatch):
    case = make_case(presets()["gelu8"])
    assert isinstance(BulkSimulator(case).engine, GateEngine)
    monkeypatch.setattr("quadcim.sim.bulk.multipliers", lambda _sources: 64)
    assert isinstance(BulkSimulator(case).engine, CompiledEngine)
    monkeypatch.setattr("quadcim.sim.bulk.has_simulator", lambda _name: False)
    assert isinstance(BulkSimulator(case).engine, GateEngine)
    monkeypatch.setattr(tools, "_locate", lambda _name: None)
    compiled_engine._tools.cache_clear()
    with pytest.raises(IllegalSetting, match="simulator must be installed"):
        BulkSimulator(case, engine="verilator")
    compiled_engine._tools.cache_clear()
    with pytest.raises(IllegalSetting, match="engine must be one of auto, gates, verilator"):
        BulkSimulator(case, engine=cast(Any, "iverilog"))
