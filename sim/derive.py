"""What follows from the specification, the integers and the reset of a case: its manifest says it too."""

from dataclasses import replace
from typing import Any

from quadcim.fit.freeze import freeze
from quadcim.hw.cim.plan import plan_macro
from quadcim.spec.canonical import digest
from quadcim.spec.cim import CimIntegers, CimMacro
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.integer_ranges import check_piecewise
from quadcim.spec.integers import Integers
from quadcim.spec.piecewise import PiecewiseIntegers
from quadcim.spec.ports import Field, Port
from quadcim.spec.reset import Reset
from quadcim.spec.unit import ActivationUnit

__all__ = ["derived"]

Streams = dict[str, tuple[Field, ...]]


def derived(spec: ActivationUnit | CimMacro, integers: Integers | CimIntegers, reset: Reset) -> dict[str, Any]:
    """The entries of a manifest that follow from others.

    Parameters
    ----------
    spec, integers
        An activation unit or a macro, and its integers.
    reset : Reset
        How it is reset.

    Raises
    ------
    IllegalSetting
        If the integers are not those of such a unit or macro.
    """
    if isinstance(spec, CimMacro):
        assert isinstance(integers, CimIntegers)
        entries = _macro(spec, integers, reset)
    else:
        assert not isinstance(integers, CimIntegers)
        entries = _unit(spec, integers, reset)
    described = {"spec": spec.to_json(), "integers": integers.to_json()}
    return {"digest": digest(described), **described, **entries}


def _macro(macro: CimMacro, integers: CimIntegers, reset: Reset) -> dict[str, Any]:
    plan = plan_macro(macro, integers)
    # The order of the ports.
    streams = {name: tuple(Field(*field) for field in macro.layouts(integers)[name])
               for name in ("i", "o", "w") if name in macro.layouts(integers)}
    return {"kind": "cim", "ports": _ports(streams, reset, clocked=True, elastic=True),
            "latency_cycles": plan.whole.latency_cycles, "initiation_interval_cycles": macro.planes,
            "capacity_beats": plan.capacity}


def _unit(unit: ActivationUnit, integers: Integers, reset: Reset) -> dict[str, Any]:
    activation = unit.activation
    if isinstance(integers, PiecewiseIntegers):
        if unit.method not in ("auto", integers.method):
            raise IllegalSetting("method", unit.method, integers.method)
        check_piecewise(activation, integers)
    else:
        # Of these a function has one set, which is found at once.
        method = "heap" if unit.method == "auto" else unit.method
        if integers != freeze(replace(unit, method=method)):
            raise IllegalSetting("integers", f"those of {method}", "others")
    streams = {"i": (Field("value", 0, activation.input),), "o": (Field("value", 0, activation.output),)}
    return {"kind": "activation", "max_error_ulp": integers.max_error_ulp,
            "ports": _ports(streams, reset, clocked=unit.stages > 0, elastic=unit.flow_control == "elastic"),
            "latency_cycles": unit.stages, "initiation_interval_cycles": 1, "capacity_beats": unit.stages}


def _ports(streams: Streams, reset: Reset, *, clocked: bool, elastic: bool) -> list[dict[str, Any]]:
    """The clock and the reset, then payload, valid and ready of each stream."""
    ports = [Port(name, "input", 1) for name in ("clk", reset.port) if clocked]
    for stream, fields in streams.items():
        forward, back = ("output", "input") if stream == "o" else ("input", "output")
        width = max(field.offset + field.format.width * field.count for field in fields)
        ports += [Port(f"{stream}__payload", forward, width, fields), Port(f"{stream}__valid", forward, 1)]
        ports += [Port(f"{stream}__ready", back, 1)] if elastic else []
    return [port.to_json() for port in ports]
