"""Frames of beats: how a run of beats falls into them."""

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Protocol, cast

from quadcim.spec.errors import IllegalSetting
from quadcim.spec.timing import Frame, Timing

if TYPE_CHECKING:
    from quadcim.sim.stimulus import Stimulus

__all__ = ["FRAME_BITS", "FramedStimulus", "constant_frames", "find_frames", "frame_words", "whole_frames"]

_FIELD_BITS = 32
FRAME_BITS = 3 * _FIELD_BITS
"""Of a line of ``vectors/frames.hex``: beats in, beats out, and the interval in the low bits."""


class FramedStimulus(Protocol):
    """What the stimulus of a core has, too, if its frames differ."""

    def frames(self, payloads: Sequence[int]) -> list[Frame]:
        """How beats fall into frames; all are whole."""
        ...


def find_frames(timing: Timing, stimulus: "Stimulus", payloads: Sequence[int]) -> list[Frame]:
    """The frames of a run of beats."""
    if None not in (timing.beats_in, timing.beats_out):
        count, frame = constant_frames(timing, len(payloads))
        return [frame] * count
    frames = cast(FramedStimulus, stimulus).frames(payloads)
    if sum(frame.beats_in for frame in frames) != len(payloads):
        raise IllegalSetting("inputs", "whole frames", f"{len(payloads)} beats")
    return frames


def constant_frames(timing: Timing, beats: int) -> tuple[int, Frame]:
    """How many frames some beats are, and what each is, where all frames are alike.

    Raises
    ------
    IllegalSetting
        If the last frame is not whole, or a frame's payload says what it is.
    """
    if timing.beats_in is None or timing.beats_out is None:
        raise IllegalSetting("frames", "given, for a core whose frames differ", "none")
    count, rest = divmod(beats, timing.beats_in)
    if rest:
        raise IllegalSetting("inputs", f"whole frames of {timing.beats_in} beats", f"{beats} beats")
    return count, Frame(timing.beats_in, timing.beats_out, timing.initiation_interval_cycles)


def whole_frames(frames: Sequence[Frame], beats: int) -> int:
    """How many frames have no more than some beats in together, but at least one frame."""
    ends = accumulate(frame.beats_in for frame in frames)
    return max(1, sum(end <= beats for end in ends))


def frame_words(frames: Sequence[Frame]) -> list[int]:
    """The lines of ``vectors/frames.hex``, as numbers."""
    return [(frame.beats_in << _FIELD_BITS | frame.beats_out) << _FIELD_BITS | frame.interval_cycles
            for frame in frames]
