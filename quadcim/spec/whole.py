"""How to ask a unit for all that it shows: a picture, a video, a sound."""

from dataclasses import dataclass

from quadcim.spec.ports import Field

__all__ = ["Whole"]


@dataclass(frozen=True, slots=True)
class Whole:
    """The beat of a unit's input whose frame is all that the unit shows: a beat out is a sample, a field of channels.

    Parameters
    ----------
    shape : tuple of int
        Of the samples, the slowest axis first.
    command : int
        The payload.
    last : Field
        Where payloads hold the number of the last sample along each axis, the fastest axis first.
    """

    shape: tuple[int, ...]
    command: int
    last: Field
