"""How long a sweep will take."""

import pytest

from quadcim.sweep.database import read_history
from quadcim.sweep.estimate import Estimate, duration
from quadcim.sweep.measurements import Measured
from quadcim.sweep.points import Point
from quadcim.sweep.store import Store

_NAMES = ["lut", "gates"]


def macro(rows: int) -> Point:
    return Point("cim", {"rows": rows, "columns": 16, "activation_bits": 4})


def test_large_points_take_longer():
    estimate = Estimate()
    assert estimate(macro(1024), _NAMES) > 20 * estimate(macro(4), _NAMES)
    steps = [estimate(Point("cnn", {"epochs": epochs}), ["accuracy"]) for epochs in (1, 100)]
    assert steps[1] > 5 * steps[0]


def test_this_machine_teaches(tmp_path):
    """What was measured before, here ten times slower than usual, is measured as slowly again."""
    usual, store = Estimate(), Store(tmp_path / "a.db")
    for rows in (8, 16, 64):
        store.add(macro(rows), {name: Measured({name: 1}, None, 10 * usual(macro(rows), [name])) for name in _NAMES})
    store.add(macro(4), {"lut": Measured({}, "OSError: it broke", 9e9)})
    store.close()
    learnt = Estimate(read_history(tmp_path / "a.db"))
    assert learnt(macro(256), _NAMES) == pytest.approx(10 * usual(macro(256), _NAMES))
    assert learnt(macro(256), ["exactness"]) == usual(macro(256), ["exactness"])


def test_durations():
    assert [duration(seconds) for seconds in (3.6, 62, 4000)] == ["4 s", "1 min 2 s", "1 h 6 min"]
