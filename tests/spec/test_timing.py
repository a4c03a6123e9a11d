"""When a core takes and gives beats."""

import pytest

from quadcim.spec.timing import Timing


@pytest.mark.parametrize(("timing", "throughput", "latency"), [
    (Timing(2, 1, 2), "one beat a cycle", "2 cycles"),
    (Timing(3, 4, 3), "one beat in 4 cycles", "3 cycles"),
    (Timing(3, 4, 9, 4, 1), "one frame in 4 cycles: 4 beats in, 1 beat out",
     "3 cycles from the last beat of a frame"),
    (Timing(1, 1, 2, 1, 5), "one frame a cycle: 1 beat in, 5 beats out", "1 cycle to the first beat out"),
    (Timing(3, 2, 3, 1, None), "one beat in 2 cycles or more, as many beats out as its payload says",
     "3 cycles to the first beat out"),
    (Timing(3, 1, 3, None, None), "one frame a cycle or more: as many beats in and out as its payload says",
     "3 cycles from the last beat of a frame"),
])
def test_in_words(timing, throughput, latency):
    assert (timing.throughput, timing.latency) == (throughput, latency)
    assert Timing.from_json(timing.to_json()) == timing


@pytest.mark.parametrize(("timing", "framed", "several"), [
    (Timing(2, 1, 2), False, False), (Timing(2, 3, 2), False, True), (Timing(2, 1, 2, 1, 2), True, True),
    (Timing(2, 2, 4, 2, 1), True, True), (Timing(2, 1, 4, None, 1), True, True)])
def test_frames(timing, framed, several):
    assert (timing.framed, timing.several) == (framed, several)
