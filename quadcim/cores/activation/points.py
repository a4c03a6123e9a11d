"""Activation units as points of sweeps."""

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
from quadcim.spec.activation import FORMATS, Activation
from quadcim.spec.formats import Format
from quadcim.spec.functions import find_function, usual_formats
from quadcim.spec.unit import ActivationUnit

__all__ = ["ACTIVATION_POINTS"]

_DEFAULTS = {"function": "quad", "rounding": "faithful", "stages": 1, "flow_control": "elastic",
                  "technology": "generic", "method": "auto"}


def _unit(settings: Settings) -> ActivationUnit:
    given = {**_DEFAULTS, **settings}
    function = find_function(given["function"])
    formats = {name: Format.parse(given[name], option=name, widths=FORMATS)
               for name in ("input", "output") if name in given}
    if len(formats) < 2:
        check_given(given, ("width",), ", unless input and output are")
        usual = usual_formats(function, given["width"])
        formats = dict(zip(("input", "output"), usual, strict=True)) | formats
    stages = 0 if asks_for_stages(settings) else given["stages"]
    return ActivationUnit(Activation(function.name, formats["input"], formats["output"], given["rounding"]),
                          stages, given["flow_control"], given["technology"], given["method"])


def _options(settings: Settings) -> Settings:
    """The options of the command: formats as they are, for a width."""
    activation = _unit(settings).activation
    unit = {**_DEFAULTS, **settings, "input": activation.input, "output": activation.output}
    return {name: value for name, value in unit.items() if name != "width"}


ACTIVATION_POINTS = PointSettings(types_of(_DEFAULTS, stages=STAGES, width=WHOLE, input=WORD, output=WORD, **HARDWARE),
                                  _DEFAULTS, _unit, _options)
