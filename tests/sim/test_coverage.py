import json

import pytest

from quadcim.boards.targets import find_target
from quadcim.cores.cases import load_case
from quadcim.generate import generate_case
from quadcim.sim.cosim import simulate
from quadcim.sim.coverage import Coverage, holes, merged
from quadcim.spec.cim import CimIntegers, CimMacro
from quadcim.spec.presets import PRESETS
from tests.conftest import make_unit

pytestmark = pytest.mark.shared_seeds


@pytest.fixture
def macro_case(tmp_path):
    macro = CimMacro(4, 2, 2, signed=True, banks=3, stages=2)
    generate_case(macro, CimIntegers(), target=find_target("generic"), clock_mhz=100, out=tmp_path / "macro")
    return load_case(tmp_path / "macro")


def test_the_testbench_leaves_no_hole(simulator, make_case, macro_case, seed):
    for case in (make_case(PRESETS["phi8"]), make_case(PRESETS["phi16-small"]), macro_case):
        assert simulate(case, simulator=simulator, seed=seed).failed == 0
        hits = json.loads((case.folder / "sim" / simulator.name / "coverage.json").read_text())
        assert hits.keys() == Coverage(case, case.traits).hits.keys() and holes(hits) == {}


@pytest.mark.parametrize("stages, flow_control, handshakes", [(0, "elastic", 3), (1, "elastic", 6), (2, "elastic", 7),
                                                              (0, "always", 2), (2, "always", 4)])
def test_only_what_can_happen_is_declared(stages, flow_control, handshakes, make_case):
    case = make_case(make_unit("SQ2.2", "SQ2.2", "nearest", stages, flow_control))
    hits = Coverage(case, case.traits).hits
    assert len(hits["handshakes"]) == handshakes
    assert ("output stall" in hits) is (flow_control == "elastic") and ("reset" in hits) is (stages > 0)
    assert list(hits["input"]) == ["least", "-1 ulp", "0", "1 ulp", "greatest", "x = -2", "x = -1", "x = 1"]


def test_what_is_counted(make_case):
    case = make_case(make_unit("SQ2.2", "SQ2.2", "nearest", 2, "elastic"))
    coverage = Coverage(case, case.traits)
    coverage.reset(0)
    for offered, ready, valid, taking, inside in ((True, True, False, True, 0), (True, True, False, False, 1),
                                                  (True, False, True, False, 2), (True, False, True, False, 2),
                                                  (True, True, True, True, 2), (False, True, True, True, 2)):
        coverage.cycle(offered=offered, ready=ready, valid=valid, taking=taking, inside=inside, write="idle")
    coverage.beat(0b1000)
    coverage.beat(0b0100)
    coverage.reset(1)
    counted = {f"{point}: {name}": count for point, bins in coverage.hits.items() for name, count in bins.items()
               if count}
    assert counted == {
        "handshakes: input accepted, output idle": 2, "handshakes: input stalled, output held": 2,
        "handshakes: input accepted, output taken": 1, "handshakes: input idle, output taken": 1,
        "output stall: 2 to 7 cycles": 1, "beats inside: none": 1, "beats inside: some": 1,
        "beats inside: all stages": 4, "reset: empty": 1, "reset: with beats inside": 1,
        "input: least": 1, "input: x = -2": 1, "input: x = 1": 1}


def test_a_reset_ends_what_is_counted(macro_case):
    coverage = Coverage(macro_case, macro_case.traits)
    bank = next(p for p in macro_case.ports if p.name == "i__payload").layout[1]
    for _ in range(2):
        for _ in range(5):
            coverage.cycle(offered=False, ready=True, valid=True, taking=False, inside=1, write="idle")
        coverage.beat(1 << bank.offset)
        coverage.reset(1)
    coverage.cycle(offered=True, ready=True, valid=True, taking=True, inside=1, write="idle")
    assert not sum(coverage.hits["input pause"].values()) and not sum(coverage.hits["output stall"].values())
    assert coverage.hits["bank"] == {"0": 0, "1": 2, "2": 0, "kept": 0, "changed": 0}


def test_banks_and_patterns(macro_case):
    coverage = Coverage(macro_case, macro_case.traits)
    field = {field.name: field for field in next(p for p in macro_case.ports if p.name == "i__payload").layout}
    for bank, x in ((0, 0), (0, 0b01), (2, 0b10101010), (2, 0b01010101), (1, 0b11100100)):
        coverage.beat(bank << field["bank"].offset | x)
    assert coverage.hits["bank"] == {"0": 2, "1": 1, "2": 2, "kept": 2, "changed": 2}
    assert coverage.hits["input"] == {"all zero": 1, "all least": 1, "all greatest": 1, "one row alone": 1, "mixed": 1}


def test_merged_and_holes():
    whole = merged([{"a": {"x": 1, "y": 0}, "b": {"z": 0}}, {"a": {"x": 2, "y": 0}, "b": {"z": 3}}])
    assert whole == {"a": {"x": 3, "y": 0}, "b": {"z": 3}} and holes(whole) == {"a": ["y"]}


