"""From a unit's specification to its frozen integers: computed once, then kept in the user's cache."""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from quadcim.cache import cached_folder
from quadcim.spec.activation import Activation
from quadcim.spec.canonical import canonical_json
from quadcim.spec.cordic import CordicIntegers
from quadcim.spec.cost import piecewise_cost, quad_cost
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.integers import Integers, integers_from_json
from quadcim.spec.quad import QuadIntegers
from quadcim.spec.taylor import TaylorIntegers
from quadcim.spec.technology import Technology, find_technology
from quadcim.spec.unit import ActivationUnit

__all__ = ["freeze"]

_WIDEST_FIT = 20
# Where a piecewise form of phi can cost less than its heap.
_WIDEST_COMPARED = {"faithful": 16, "nearest": 10, "truncate": 10}
_ONLY_FOR = {"heap": "quad", "dsp": "quad", "cordic": "sine", "taylor": "sine"}
_PIECEWISE = ("table", "multipartite", "linear", "quadratic")


def freeze(unit: ActivationUnit) -> Integers:
    """Find the frozen integers of a unit.

    Parameters
    ----------
    unit : ActivationUnit
        Its activation, method and technology count.

    Raises
    ------
    IllegalSetting
        If the method does not suit the function, or cannot keep the rounding's promise.
    """
    return _freeze(unit.activation, unit.method, unit.technology)


@lru_cache(maxsize=256)
def _freeze(activation: Activation, method: str, technology_name: str) -> Integers:
    technology = find_technology(technology_name)
    function = activation.function if activation.samples is None else ""
    if method in _ONLY_FOR and function != _ONLY_FOR[method]:
        raise IllegalSetting("method", f"one that suits {activation.function}: auto, {', '.join(_PIECEWISE)}", method)
    if method == "dsp" and technology.name != "ultrascale":
        raise IllegalSetting("method", "dsp only with --technology ultrascale", f"technology {technology.name}")
    match method:
        case "heap":
            return QuadIntegers.freeze(activation)
        case "dsp":  # the block squares exactly: nothing is gained by leaving terms out
            exact = "nearest" if activation.rounding == "faithful" else activation.rounding
            return QuadIntegers.freeze(dataclasses.replace(activation, rounding=exact))
        case "cordic":
            return CordicIntegers.freeze(activation)
        case "taylor":
            return TaylorIntegers.freeze(activation)
        case "auto" if function == "quad":
            return _cheapest_phi(activation, technology)
        case _:
            return _piecewise(activation, technology, _PIECEWISE if method == "auto" else (method,))


def _cheapest_phi(activation: Activation, technology: Technology) -> Integers:
    """The heap, or a piecewise form where that is estimated to cost less."""
    heap = QuadIntegers.freeze(activation)
    if activation.input.width > _WIDEST_COMPARED[activation.rounding]:
        return heap
    try:
        piecewise = _piecewise(activation, technology, _PIECEWISE)
    except IllegalSetting:
        return heap
    costs = [getattr(cost, technology.goal) for cost in (
        quad_cost(heap, activation.output.width), piecewise_cost(piecewise, activation.output.width))]
    return heap if costs[0] <= costs[1] else piecewise


def _piecewise(activation: Activation, technology: Technology, methods: tuple[str, ...]) -> Integers:
    if activation.input.width > _WIDEST_FIT:
        raise IllegalSetting("input", f"at most {_WIDEST_FIT} bits wide for {activation.function}, since every input "
                             "is checked", str(activation.input))

    def fit() -> Integers:
        from quadcim.fit.piecewise import fit_piecewise

        return fit_piecewise(activation, goal=technology.goal, methods=methods)

    return _cached({"activation": activation.to_json(), "goal": technology.goal, "methods": methods}, fit)


def _cached(settings: object, fit: Callable[[], Integers]) -> Integers:
    """What `fit` returns, from the user's cache if these very sources have found it before."""
    key = hashlib.sha256(canonical_json(settings).encode())
    key.update(_sources())

    def build(folder: Path) -> None:
        (folder / "integers.json").write_text(json.dumps(fit().to_json()), encoding="ascii")

    text = (cached_folder("fit", key.hexdigest(), build) / "integers.json").read_text(encoding="ascii")
    return integers_from_json(json.loads(text))


@lru_cache(maxsize=1)
def _sources() -> bytes:
    """What a fit depends on besides its settings."""
    fit, spec = Path(__file__).parent, Path(__file__).parents[1] / "spec"
    paths = [*sorted(fit.glob("*.py")), spec / "functions.py", spec / "cost.py", spec / "piecewise.py"]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).digest()


