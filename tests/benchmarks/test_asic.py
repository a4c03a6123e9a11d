from benchmarks import asic, gate_level, libraries, plans
from tests.synth.libraries import TINY


def test_rows_and_progress(capsys):
    table = asic.measure([(8, 1), (8, 99)], TINY)
    assert table.missed == 0
    lines = str(table).splitlines()
    assert lines[4].startswith("| n | stages | FF | um2 | GE |") and lines[6].startswith("| 8 | 1 | ")
    assert len({line.count("|") for line in lines[4:] if line}) == 1
    output = capsys.readouterr()
    assert output.out == "" and "8 bits, 1 stages: mapping" in output.err and "cannot have 99 stages" in output.err


def test_without_a_library_it_says_so(monkeypatch, capsys):
    monkeypatch.setattr(libraries, "_OPEN", ())
    monkeypatch.delenv("QUADCIM_LIBERTY", raising=False)
    assert "QUADCIM_LIBERTY" in str(asic.measure())
    assert "there is no library" in capsys.readouterr().err


def test_gate_level_counts_vectors():
    table = gate_level.measure(["phi8", "cim-banks"], [TINY])
    assert table.missed == 1  # one library is not two
    assert str(table).splitlines()[6].startswith("| tiny.lib | 2 | activation, cim | 1152 | 2 | 100 |")


def test_plans_are_near_the_fastest():
    assert plans.measure(["phi16-small", "sine16"]).missed == 0
