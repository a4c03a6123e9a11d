"""What goes wrong in an analog array: when its cells are programmed, and each time that they are read."""

from dataclasses import dataclass
from math import inf

from quadcim.spec.errors import IllegalSetting, check_whole

__all__ = ["MAX_SEED", "CellNoise", "ReadNoise"]

MAX_SEED = (1 << 30) - 1
"""The generators take 32 bits, of which two number the effects."""


def _within(option: str, value: float, low: float, high: float, legal: str) -> None:
    if not low <= value <= high or value == inf:  # what is not a number is not within either
        raise IllegalSetting(option, legal, value)


def _spread(option: str, value: float) -> None:
    _within(option, value, 0, inf, "a finite number of at least 0")


def _seed(value: object) -> None:
    check_whole("seed", value, 0, MAX_SEED)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellNoise:
    """The spread of conductance codes when cells are programmed, in this order.

    From the code g of a weight, ``on`` or ``off``, and standard normal draws Z of each cell:

    1. lognormal: ``g * exp(lognormal * Z1)``, so g is the median;
    2. gaussian: ``+ gaussian * (on - off) * Z2``;
    3. drift: ``* drift_time**-drift``, the power law ``g(t) = g0 * (t / t0)**-nu``;
    4. stuck cells: ``on`` or ``off``, whatever was programmed and however long ago;
    5. rounding to the nearest integer, an even one between two, and clamping to 0 .. ``2**bits - 1``.

    Each effect has its own generator: switching one on leaves the others' draws as they are. All are off by default.
    Source of the added noise and of the drift: Joshi et al., Nature Communications 11, 2473 (2020).

    Parameters
    ----------
    gaussian : float
        Standard deviation of what is added, in units of ``on - off``; at least 0.
    lognormal : float
        Standard deviation of ln g; at least 0.
    stuck_on, stuck_off : float
        Probabilities that a cell is stuck; their sum is at most 1.
    drift : float
        The exponent nu, at least 0; that of all cells.
    drift_time : float
        ``t / t0``, the time since programming in units of that after which g0 is read; at least 1.
    seed : int
        0 to 1073741823.
    """

    gaussian: float = 0.0
    lognormal: float = 0.0
    stuck_on: float = 0.0
    stuck_off: float = 0.0
    drift: float = 0.0
    drift_time: float = 1.0
    seed: int = 0

    def __post_init__(self):
        for option in ("gaussian", "lognormal", "drift"):
            _spread(option, getattr(self, option))
        _within("stuck-on", self.stuck_on, 0, 1, "a probability, 0 to 1")
        _within("stuck-off", self.stuck_off, 0, 1 - self.stuck_on, f"a probability, 0 to {1 - self.stuck_on:g} beside "
                f"stuck-on {self.stuck_on:g}")
        _within("drift-time", self.drift_time, 1, inf, "a finite number of at least 1")
        _seed(self.seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadNoise:
    """What each read of an active cell adds: a normal draw of its own, in every plane of every beat.

    Parameters
    ----------
    sigma : float
        Its standard deviation, in conductance codes; at least 0.
    seed : int
        0 to 1073741823.
    """

    sigma: float
    seed: int = 0

    def __post_init__(self):
        _spread("sigma", self.sigma)
        _seed(self.seed)
