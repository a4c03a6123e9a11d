"""Mode crosses: which pairs of settings the units of a regression have, and which they have not."""

import itertools
from collections.abc import Iterable

from quadcim.spec.activation import ROUNDINGS
from quadcim.spec.cim import ENCODINGS, STORAGES, CimMacro
from quadcim.spec.integers import METHODS
from quadcim.spec.technology import TECHNOLOGIES
from quadcim.spec.unit import FLOW_CONTROLS, ActivationUnit

__all__ = ["mode_hits"]

_STAGES = ("0 stages", "1 stage", "several stages")
_PLANES = ("one bit a cycle", "several bits a cycle", "all bits at once")
_UNIT_CROSSES = [(FLOW_CONTROLS, tuple(TECHNOLOGIES)), (FLOW_CONTROLS, ROUNDINGS), (FLOW_CONTROLS, _STAGES),
                 (ROUNDINGS, tuple(TECHNOLOGIES)), (_STAGES, tuple(TECHNOLOGIES)), (METHODS,)]
_MACRO_CROSSES = [(ENCODINGS, ("unsigned", "signed")), (_PLANES, ("unsigned", "signed")),
                  (("one bank", "several banks"), ("exact sums", "converters")), (tuple(TECHNOLOGIES),),
                  # Constant weights are no preset: they are a user's own.
                  (tuple(storage for storage in STORAGES if storage != "constant"),)]


def mode_hits(specs: Iterable[ActivationUnit | CimMacro]) -> dict[str, dict[str, int]]:
    """How many units have each value, or each pair of values; by kind of unit."""
    specs = list(specs)
    hits: dict[str, dict[str, int]] = {}
    for kind, spec_class, crosses in (("activation", ActivationUnit, _UNIT_CROSSES), ("cim", CimMacro, _MACRO_CROSSES)):
        modes = [_modes(spec) for spec in specs if isinstance(spec, spec_class)]
        if modes:
            hits[kind] = {", ".join(values): sum(set(values) <= mode for mode in modes)
                          for cross in crosses for values in itertools.product(*cross)}
    return hits


def _modes(spec: ActivationUnit | CimMacro) -> set[str]:
    if isinstance(spec, ActivationUnit):
        return {spec.flow_control, spec.technology, spec.activation.rounding, _STAGES[min(spec.stages, 2)], spec.method}
    planes = _PLANES[0 if spec.bits_per_cycle == 1 else 2 if spec.planes == 1 else 1]
    return {spec.encoding, "signed" if spec.signed else "unsigned", planes,
            "several banks" if spec.banks > 1 else "one bank", "converters" if spec.adc else "exact sums",
            spec.technology, spec.storage}
