"""From a unit's specification to its frozen integers: computed once, then kept in the user's cache."""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from quadcim.cache import cached_folder
from quadcim.spec.activation import Activation
from quadcim.spec.canonical import canonical_json
from quadcim.spec.cordic import CordicIntegers
from quadcim.spec.cost import piecewise_cost, quad_cost
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.integers import Integers
from quadcim.spec.piecewise import PiecewiseIntegers
from quadcim.spec.quad import QuadIntegers
from quadcim.spec.taylor import TaylorIntegers
from quadcim.spec.technology import Technology, find_technology
from quadcim.spec.unit import ActivationUnit

__all__ = ["WIDEST_FIT", "deeper_forms", "freeze"]

WIDEST_FIT = 20
"""The widest input of a piecewise form, since every input is checked."""
# Where a piecewise form of phi can cost less than its heap.
_WIDEST_COMPARED = {"faithful": 16, "nearest": 10, "truncate": 10}
_ONLY_FOR = {"heap": "quad", "dsp": "quad", "cordic": "sine", "taylor": "sine"}
_PIECEWISE = ("table", "multipartite", "linear", "quadratic")
_SLOPED = ("linear", "quadratic")
_WIDEST_ADDRESS = 10


def freeze(unit: ActivationUnit) -> Integers:
    """Find the frozen integers of a unit: those of the cheapest form, however many stages it can have.

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


@lru_cache(maxsize=64)
def deeper_forms(unit: ActivationUnit) -> tuple[Integers, ...]:
    """Further forms of a unit, the cheapest first: their sums have more addends, so that they can have more stages.

    The piecewise forms have a half, a quarter and so on of the segments; that of phi may be the heap as well.

    Parameters
    ----------
    unit : ActivationUnit
        As for `freeze`.
    """
    cheapest, technology = freeze(unit), find_technology(unit.technology)
    if not isinstance(cheapest, PiecewiseIntegers):
        return ()
    methods = tuple(method for method in _SLOPED if unit.method in (method, "auto"))
    forms: list[Integers] = []
    for address_bits in range(min(cheapest.address_bits, _WIDEST_ADDRESS)) if methods else ():
        with suppress(IllegalSetting):
            forms.append(_piecewise(unit.activation, technology, methods, address_bits))
    if unit.method == "auto" and unit.activation.function == "quad" and unit.activation.samples is None:
        forms.append(QuadIntegers.freeze(unit.activation))
    return tuple(sorted(forms, key=lambda form: _cost(form, unit.activation, technology)))


def _cost(integers: Integers, activation: Activation, technology: Technology) -> float:
    """What the form is estimated to cost in a technology."""
    estimate = quad_cost if isinstance(integers, QuadIntegers) else piecewise_cost
    return getattr(estimate(integers, activation.output.width), technology.goal)  # pyright: ignore


@lru_cache(maxsize=256)
def _freeze(activation: Activation, method: str, technology_name: str) -> Integers:
    technology = find_technology(technology_name)
    function = activation.function if activation.samples is None else ""
    if method in _ONLY_FOR and function != _ONLY_FOR[method]:
        raise IllegalSetting("method", f"one that suits {activation.function}: auto, {', '.join(_PIECEWISE)}", method)
    if method == "dsp" and technology.name != "ultrascale":
        raise IllegalSetting("technology", "ultrascale for the method dsp", technology.name)
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
    return min((heap, piecewise), key=lambda form: _cost(form, activation, technology))


def _piecewise(activation: Activation, technology: Technology, methods: tuple[str, ...],
               address_bits: int | None = None) -> PiecewiseIntegers:
    if activation.input.width > WIDEST_FIT:
        raise IllegalSetting("input", f"at most {WIDEST_FIT} bits wide for {activation.function}, since every input "
                             "is checked", str(activation.input))

    def fit() -> PiecewiseIntegers:
        from quadcim.fit.piecewise import fit_piecewise

        return fit_piecewise(activation, goal=technology.goal, methods=methods, address_bits=address_bits)

    return _cached({"activation": activation.to_json(), "goal": technology.goal, "methods": methods,
                    "address_bits": address_bits}, fit)


def _cached(settings: object, fit: Callable[[], PiecewiseIntegers]) -> PiecewiseIntegers:
    """What `fit` returns, from the user's cache if these very sources have found it before."""
    key = hashlib.sha256(canonical_json(settings).encode())
    key.update(_sources())

    def build(folder: Path) -> None:
        (folder / "integers.json").write_text(json.dumps(fit().to_json()), encoding="ascii")

    text = (cached_folder("fit", key.hexdigest(), build) / "integers.json").read_text(encoding="ascii")
    return PiecewiseIntegers.from_json(json.loads(text))


@lru_cache(maxsize=1)
def _sources() -> bytes:
    """What a fit depends on besides its settings: all of fit and spec, and the packages that calculate for them."""
    sources = hashlib.sha256("".join(f"{name} {version(name)}\0" for name in ("numpy", "mpmath")).encode())
    for folder in (Path(__file__).parent, Path(__file__).parents[1] / "spec"):
        for path in sorted(folder.rglob("*.py")):
            sources.update(f"{path.relative_to(folder.parent)}\0".encode() + path.read_bytes() + b"\0")
    return sources.digest()


