"""How a run of beats falls into frames."""

from typing import Any

import pytest

from quadcim.sim.frames import constant_frames, find_frames, frame_words, whole_frames
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.timing import Frame, Timing

_ANY: Any = None
_ALIKE, _DIFFERENT = Timing(3, 4, 9, 4, 1), Timing(3, 1, 3, None, 1)


class _Stimulus:
    def frames(self, payloads):
        return [Frame(2, 1, 2)] * (len(payloads) // 2)


_STIMULUS: Any = _Stimulus()


def test_frames_that_are_alike():
    assert constant_frames(_ALIKE, 12) == (3, Frame(4, 1, 4))
    assert find_frames(_ALIKE, _ANY, range(8)) == [Frame(4, 1, 4)] * 2
    assert constant_frames(_ALIKE, 0)[0] == 0
    with pytest.raises(IllegalSetting, match="inputs must be whole frames of 4 beats, got '13 beats'"):
        constant_frames(_ALIKE, 13)


def test_frames_that_differ():
    assert find_frames(_DIFFERENT, _STIMULUS, range(6)) == [Frame(2, 1, 2)] * 3
    with pytest.raises(IllegalSetting, match="inputs must be whole frames"):
        find_frames(_DIFFERENT, _STIMULUS, range(5))
    with pytest.raises(IllegalSetting, match="frames must be given"):
        constant_frames(_DIFFERENT, 4)


def test_frames_within_some_beats():
    frames = [Frame(3, 1, 3), Frame(2, 1, 3), Frame(4, 1, 4)]
    assert [whole_frames(frames, beats) for beats in (0, 2, 3, 4, 5, 8, 9, 100)] == [1, 1, 1, 1, 2, 2, 3, 3]


def test_lines_of_the_file():
    assert [f"{word:024x}" for word in frame_words([Frame(4, 1, 5), Frame(0x12, 0x345, 0x6789)])] == [
        "000000040000000100000005", "000000120000034500006789"]
