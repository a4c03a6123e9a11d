"""quadcim: activation units, compute-in-memory macros and INR engines, from parameters to verified Verilog.

``quadcim.activation("tanh", input="SQ4.12", stages=3)``, ``quadcim.cim(rows=256, columns=64)`` and
``quadcim.inr("frozen.safetensors")`` are designs, with ``.generate(out)``, ``.simulate()``, ``.golden(x)``, ``.cost()``
and ``.component()``; ``quadcim.load(folder)`` reads one back (docs/python.md). What these need is imported when it is
used.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quadcim.api import Design, LoadedDesign, activation, cim, design, inr, load
    from quadcim.spec.errors import IllegalSetting

__all__ = ["Design", "IllegalSetting", "LoadedDesign", "__version__", "activation", "cim", "design", "inr", "load"]

__version__ = "0.1.0"

_ORIGINS = {"IllegalSetting": "quadcim.spec.errors"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'quadcim' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_ORIGINS.get(name, "quadcim.api")), name)


def __dir__() -> list[str]:
    return sorted(__all__)
