"""Engines, whose weights are random, as points of sweeps."""

import re
from itertools import pairwise

from quadcim.cores.settings import HARDWARE, WHOLE, WORD, PointSettings, Settings, check_given, types_of
from quadcim.spec.activation import Activation
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.folding import fold_for_multipliers
from quadcim.spec.formats import Format
from quadcim.spec.inr import activation_formats
from quadcim.spec.inr_engine import InrEngine

__all__ = ["INR_POINTS", "engine_of"]

_DEFAULTS = {"activation_bits": 8, "weight_bits": 8, "first_layer_bits": 14, "coordinate_bits": 8, "stages": 1,
             "activation_stages": 2, "technology": "generic"}


def _engine(settings: Settings) -> InrEngine:
    check_given(settings, ("sizes", "multipliers"))
    if not re.fullmatch(r"[1-9][0-9]{0,3}(x[1-9][0-9]{0,3}){2,16}", settings["sizes"]):
        raise IllegalSetting("sizes", "coordinates, outputs of hidden layers and channels, as 2x64x64x3",
                             settings["sizes"])
    given = {name: value for name, value in settings.items() if name not in HARDWARE}
    sizes = tuple(map(int, given.pop("sizes").split("x")))
    return engine_of(sizes, given.pop("multipliers"), **(_DEFAULTS | given))


def engine_of(sizes: tuple[int, ...], multipliers: int, *, activation_bits: int, weight_bits: int,
              first_layer_bits: int, coordinate_bits: int, **others) -> InrEngine:
    """An engine of QuadINR with some multipliers, folded as fast as they let it."""
    shapes = [(after, before) for before, after in pairwise(sizes)]
    return InrEngine(
        Format(True, 1, coordinate_bits), sizes, Activation("quad", *activation_formats(activation_bits)),
        (first_layer_bits, *[weight_bits] * (len(sizes) - 2)), fold_for_multipliers(shapes, multipliers), **others)


INR_POINTS = PointSettings(types_of(_DEFAULTS, sizes=WORD, multipliers=WHOLE, **HARDWARE), _DEFAULTS, _engine)
