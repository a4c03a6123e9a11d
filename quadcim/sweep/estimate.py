"""How long measurements will take: by the size of a point, and by how long earlier ones took."""

from collections.abc import Iterable, Mapping, Sequence

from quadcim.cores.catalogue import core_of
from quadcim.sweep.kinds import Fit, Spec
from quadcim.sweep.measurements import MEASUREMENTS
from quadcim.sweep.plan import SweepPlan
from quadcim.sweep.points import Point

__all__ = ["START_S", "Estimate", "duration"]

START_S = 5
"""What it takes until the first worker works."""


class Estimate:
    """Estimates for one worker.

    Parameters
    ----------
    history : iterable of (point, measurement, seconds)
        What measurements took before, with the same tools; by their sizes, they say how fast this machine is.
    """

    def __init__(self, history: Iterable[tuple[Point, str, float]] = ()):
        taken, expected = dict.fromkeys(MEASUREMENTS, 0.0), dict.fromkeys(MEASUREMENTS, 0.0)
        for point, name, seconds in history:
            taken[name] += seconds
            expected[name] += _usual(point.spec, name)
        self._factors: Mapping[str, float] = {name: taken[name] / expected[name] if taken[name] else 1.0
                                              for name in MEASUREMENTS}

    def __call__(self, point: Point, names: Sequence[str]) -> float:
        """The seconds for some measurements of a point."""
        spec = point.spec
        return sum(self._factors[name] * _usual(spec, name) for name in names)


    def total(self, plan: SweepPlan) -> float:
        """The seconds for all points of a sweep, or for as many as a search takes."""
        return sum(self(point, plan.measure) for point in plan.points) * plan.count / len(plan.points)


def duration(seconds: float) -> str:
    """A time as one reads it."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _usual(spec: Spec, name: str) -> float:
    """What a measurement takes on a processor of today: so much, and so much more for each unit of size."""
    base, slope = MEASUREMENTS[name].seconds
    return base + slope * _size(spec)


def _size(spec: Spec) -> float:
    """What a kind of core says; steps or epochs of a training, by the size of its network."""
    return spec.effort if isinstance(spec, Fit) else core_of(spec).size(spec)
