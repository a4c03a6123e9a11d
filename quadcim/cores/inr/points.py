"""Engines, whose weights are random, as points of sweeps."""

import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

from quadcim.cores.settings import (
    HARDWARE,
    STAGES,
    WHOLE,
    WORD,
    PointSettings,
    Settings,
    asks_for_stages,
    check_given,
    types_of,
)
from quadcim.spec.activation import Activation
from quadcim.spec.errors import IllegalSetting, check_whole
from quadcim.spec.folding import Folding, fold_for_cycles, fold_for_multipliers
from quadcim.spec.formats import Format
from quadcim.spec.inr import activation_formats
from quadcim.spec.inr_engine import MULTIPLIERS, InrEngine

__all__ = ["INR_POINTS", "WIDTHS", "engine_of", "foldings_of"]

WIDTHS = {"activation_bits": 8, "weight_bits": 8, "first_layer_bits": 14, "coordinate_bits": 8}
_RANGES = {"activation_bits": (2, 16), "weight_bits": (2, 16), "first_layer_bits": (2, 24), "coordinate_bits": (1, 16)}
_DEFAULTS = {**WIDTHS, "stages": 1, "activation_stages": 2, "technology": "generic"}
_FOLDINGS = {"multipliers": WHOLE, "cycles": WHOLE, "folding": WORD}
_SIZES = re.compile(r"[1-3](x[1-9][0-9]{0,3}){2,17}")
_WIDEST = 4096


def engine_of(sizes: str, widths: dict[str, int], **others: Any) -> InrEngine:
    """A QuadINR of some sizes, folded for the usual number of multipliers.

    Raises
    ------
    IllegalSetting
        If a size or a width is outside its legal range.
    """
    if not _SIZES.fullmatch(sizes) or max(map(int, sizes.split("x"))) > _WIDEST:
        raise IllegalSetting("sizes", "1 to 3 coordinates, outputs of 1 to 16 hidden layers and channels, each 1 to "
                             f"{_WIDEST}, as 2x64x64x3", sizes)
    for name, (low, high) in _RANGES.items():
        check_whole(name.replace("_", "-"), widths[name], low, high)
    numbers = tuple(map(int, sizes.split("x")))
    shapes = [(after, before) for before, after in pairwise(numbers)]
    return InrEngine(
        Format(True, 1, widths["coordinate_bits"]), numbers,
        Activation("quad", *activation_formats(widths["activation_bits"])),
        (widths["first_layer_bits"], *[widths["weight_bits"]] * (len(shapes) - 1)),
        fold_for_multipliers(shapes, max(MULTIPLIERS, len(shapes))), **others)


def foldings_of(engine: InrEngine, *, multipliers: int | None = None, cycles: int | None = None,
                folding: str | None = None) -> tuple[Folding, ...]:
    """How the layers are folded by one of three settings; without any, as they were.

    Raises
    ------
    IllegalSetting
        If more than one is given, or none of its kind is possible.
    """
    given = [name for name, value in (("multipliers", multipliers), ("cycles", cycles), ("folding", folding))
             if value is not None]
    if len(given) > 1:
        raise IllegalSetting(given[1], f"left out beside {given[0]}", "both")
    if multipliers is not None:
        return fold_for_multipliers(engine.shapes, multipliers)
    if cycles is not None:
        return fold_for_cycles(engine.shapes, cycles)
    return engine.foldings if folding is None else tuple(map(Folding.parse, folding.split(",")))


def _engine(settings: Settings) -> InrEngine:
    given = _DEFAULTS | {name: value for name, value in settings.items() if name not in HARDWARE}
    check_given(given, ("sizes",))
    if asks_for_stages(settings):
        given["stages"] = _DEFAULTS["stages"]
    engine = engine_of(given["sizes"], {name: given[name] for name in WIDTHS}, **{
        name: given[name] for name in ("stages", "activation_stages", "technology")})
    return replace(engine, foldings=foldings_of(engine, **{
        name: given[name] for name in _FOLDINGS if name in given}))


INR_POINTS = PointSettings(
    types_of(_DEFAULTS, sizes=WORD, **_FOLDINGS, stages=STAGES, **HARDWARE), _DEFAULTS, _engine,
    lambda settings: {**{name: _DEFAULTS[name] for name in ("stages", "activation_stages")}, **settings}, "inr-engine")
"""Trainings have the name of the kind."""
