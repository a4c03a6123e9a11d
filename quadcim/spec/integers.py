"""Frozen integers of any kind, from and to JSON."""

from typing import Any

from quadcim.spec.cordic import CordicIntegers
from quadcim.spec.piecewise import PiecewiseIntegers
from quadcim.spec.quad import QuadIntegers
from quadcim.spec.taylor import TaylorIntegers

__all__ = ["METHODS", "Integers", "integers_from_json"]

Integers = QuadIntegers | PiecewiseIntegers | CordicIntegers | TaylorIntegers

METHODS: dict[str, str] = {
    "auto": "the cheapest by the cost estimate",
    "heap": "phi: the folded square in one heap",
    "dsp": "phi: the squarer of one DSP48E2",
    "table": "a truth table",
    "multipartite": "a sum of tables",
    "linear": "a line in each segment",
    "quadratic": "a parabola in each segment",
    "cordic": "sine: rotations, a baseline",
    "taylor": "sine: the Taylor polynomial, a baseline",
}


def integers_from_json(value: dict[str, Any]) -> Integers:
    """The integers that ``to_json`` described; its "method" says of which kind they are."""
    match value["method"]:
        case "heap":
            return QuadIntegers.from_json(value)
        case "cordic":
            return CordicIntegers.from_json(value)
        case "taylor":
            return TaylorIntegers.from_json(value)
        case _:
            return PiecewiseIntegers.from_json(value)
