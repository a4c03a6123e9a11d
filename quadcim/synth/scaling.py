"""An estimate for 28 nm from another node.

Delay and switching energy follow the equations of A. Stillmaker and B. Baas, "Scaling equations for the accurate
prediction of CMOS device performance from 180 nm to 7 nm", Integration 58 (2017), 74-81: an inverter that drives four
takes a3 V^3 + a2 V^2 + a1 V + a0, and b2 V^2 + b1 V + b0; ratios of these are used. Below 65 nm the coefficients are
those of high-performance devices. 28 nm is none of the paper's nodes: it lies between 32 nm and 20 nm, on a straight
line of logarithms. Area is a number of gates times an area for each.
"""

import math
from dataclasses import dataclass

from quadcim.spec.errors import IllegalSetting

__all__ = ["DELAY_SPREAD", "ENERGY_SPREAD", "NODES_NM", "SUPPLY_V", "Estimate", "Factors", "scale_to_28"]

SUPPLY_V = 0.9
_DELAY = {
    180: (0, 97.09, -356.7, 406.5), 130: (-76.65, 334.9, -493.4, 275.8), 90: (-60.34, 262.5, -384.2, 210.9),
    65: (-53.3, 230.4, -333.9, 178.6), 45: (-501.6, 1567, -1619, 566.1), 32: (-1047, 2982, -2797, 873.5),
    20: (0, 34.63, -66.37, 41.15), 16: (0, 24.8, -47.52, 28.87), 14: (-40.66, 109.2, -100.6, 35.92),
    10: (-34.95, 93.65, -85.99, 30.4), 7: (-28.58, 76.6, -70.26, 24.69),
}
_ENERGY = {
    180: (0, 24.64, -17.98), 130: (7.171, -6.709, 2.904), 90: (4.762, -4.781, 2.092), 65: (3.755, -4.398, 1.975),
    45: (1.018, -0.3107, 0.1539), 32: (0.8367, -0.4341, 0.1701), 20: (0.373, -0.1582, 0.04104),
    16: (0.2958, -0.1241, 0.03024), 14: (0.2363, -0.09675, 0.02239), 10: (0.2068, -0.09311, 0.02375),
    7: (0.1776, -0.09097, 0.02447),
}
NODES_NM = tuple(_DELAY)
_NOMINAL_V = {180: 1.8, 130: 1.2, 90: 1.1, 65: 1.1, 45: 1.0, 32: 0.9, 20: 0.9, 16: 0.8, 14: 0.8, 10: 0.75, 7: 0.7}
_OFF_NOMINAL = 0.2
DELAY_SPREAD, ENERGY_SPREAD = 2.3, 1.8
"""How far off their geometric mean the estimates of one unit lie that come from Nangate45, IHP's 130 nm, osu018 and
ASAP7: `python -m benchmarks scaling`."""


@dataclass(frozen=True, slots=True)
class Factors:
    """By what delays and switching energies are multiplied."""

    delay: float
    energy: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A design in 28 nm at 0.9 V; `dynamic_uw` is at the clock that the design was timed for."""

    factors: Factors
    area_um2: float
    shortest_period_ps: float | None
    dynamic_uw: float | None


def _polynomial(coefficients: tuple[float, ...], x: float) -> float:
    result = 0.0
    for coefficient in coefficients:
        result = result * x + coefficient
    return result


def _between(table: dict[int, tuple[float, ...]]) -> float:
    """The value of 28 nm at its supply."""
    left, right = (math.log(_polynomial(table[node], SUPPLY_V)) for node in (32, 20))
    share = math.log(32 / 28) / math.log(32 / 20)
    return math.exp(left + share * (right - left))


def scale_to_28(node_nm: int, supply_v: float) -> Factors:
    """The factors from a node at a supply to 28 nm at 0.9 V.

    Raises
    ------
    IllegalSetting
        If the paper has no such node, or the supply is far from what the node has.
    """
    if node_nm not in NODES_NM:
        raise IllegalSetting("node-nm", "one of " + ", ".join(map(str, NODES_NM)), node_nm)
    nominal = _NOMINAL_V[node_nm]
    if abs(supply_v - nominal) > _OFF_NOMINAL * nominal:
        raise IllegalSetting("node-nm", f"a node whose supply is within {_OFF_NOMINAL:.0%} of the library's "
                             f"{supply_v:g} V", f"{node_nm}, whose supply is {nominal:g} V")
    delay, energy = (_polynomial(table[node_nm], supply_v) for table in (_DELAY, _ENERGY))
    return Factors(_between(_DELAY) / delay, _between(_ENERGY) / energy)
