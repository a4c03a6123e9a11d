import os

import pytest

from benchmarks import asic, gate_level, libraries, plans, scaling
from quadcim.spec.errors import IllegalSetting
from tests.synth.libraries import NEEDS_STA, TINY


def test_rows_and_progress(capsys):
    table = asic.measure([(8, 1), (8, 99)], TINY)
    assert table.missed == 0
    lines = str(table).splitlines()
    assert lines[4].startswith("| n | stages | FF | um2 | GE |") and lines[6].startswith("| 8 | 1 | ")
    assert len({line.count("|") for line in lines[4:] if line}) == 1
    output = capsys.readouterr()
    assert output.out == "" and "8 bits, 1 stages: mapping" in output.err and "must be 0 to 9 for" in output.err


def test_without_a_library_it_says_so(monkeypatch, capsys):
    monkeypatch.setattr(libraries, "_OPEN", {})
    monkeypatch.delenv("QUADCIM_LIBERTY", raising=False)
    assert "QUADCIM_LIBERTY" in str(asic.measure())
    assert "there is no library" in capsys.readouterr().err


def test_gate_level_counts_vectors():
    table = gate_level.measure(["phi8", "cim-banks"], [TINY])
    assert table.missed == 1  # one library is not two
    assert str(table).splitlines()[6].startswith("| tiny.lib | 2 | activation, cim | 1152 | 2 | 100 |")


def test_plans_are_near_the_fastest():
    assert plans.measure(["phi16-small", "sine16"]).missed == 0


def test_libraries_are_listed_with_their_nodes(monkeypatch, tmp_path):
    a, b = tmp_path / "a.lib", tmp_path / "b.lib"
    a.touch()
    b.touch()
    monkeypatch.setenv("QUADCIM_LIBERTY", f"45={a}{os.pathsep}{b}")
    assert libraries.nodes_nm() == {a: 45, b: None}
    assert libraries.libraries() == [a, b]
    for wrong in (f"nm45={a}", str(tmp_path / "none.lib")):
        monkeypatch.setenv("QUADCIM_LIBERTY", wrong)
        with pytest.raises(IllegalSetting, match="QUADCIM_LIBERTY must be files, or NODE=FILE"):
            libraries.libraries()


@NEEDS_STA
def test_scaling_compares_libraries_of_known_nodes():
    lines = str(scaling.measure({TINY: 45, TINY.with_name("unknown.lib"): None})).splitlines()
    assert lines[6].startswith("| tiny.lib | 45 | 1.0 |") and "off by at most 1.00 times" in lines[7]
