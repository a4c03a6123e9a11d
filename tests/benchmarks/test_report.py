import pytest

from benchmarks.report import Bar, Table


@pytest.mark.parametrize("relation, met", [("<", (True, False, False)), ("<=", (True, True, False)),
                                           (">=", (False, True, True))])
def test_bars(relation, met):
    assert tuple(Bar(measured, relation, 2, "s").met for measured in (1, 2, 3)) == met


def test_table():
    table = Table("Speed", "Measured.", ("what", "s"))
    table.add("fast", 1, bars=(Bar(1, "<", 2, "s"),))
    table.add("slow", 3, bars=(Bar(3, "<", 2, "s"), Bar(3, "<=", 3, "s")))
    table.add("other", 4)
    assert table.missed == 1
    assert str(table).splitlines()[4:] == [
        "| what | s | bar | result |",
        "| --- | --- | --- | --- |",
        "| fast | 1 | < 2 s | met |",
        "| slow | 3 | < 2 s, <= 3 s | MISSED, met |",
        "| other | 4 |  |  |",
    ]
