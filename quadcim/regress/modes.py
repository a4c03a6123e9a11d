"""Mode crosses: which pairs of settings the units of a regression have, and which they have not."""

import itertools
from collections.abc import Iterable

from quadcim.cores.catalogue import cores
from quadcim.cores.core import CoreSpec

__all__ = ["mode_hits"]


def mode_hits(specs: Iterable[CoreSpec]) -> dict[str, dict[str, int]]:
    """How many units have each value, or each pair of values; by kind of unit."""
    specs = list(specs)
    hits: dict[str, dict[str, int]] = {}
    for core in cores().values():
        modes = [core.modes(spec) for spec in specs if isinstance(spec, core.spec_class)]
        if modes:
            hits[core.name] = {", ".join(values): sum(set(values) <= mode for mode in modes)
                               for cross in core.crosses for values in itertools.product(*cross)}
    return hits
