"""How far the estimates for 28 nm, of one and the same unit, lie apart when they come from different libraries."""

import math
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.libraries import NO_LIBRARY, nodes_nm
from benchmarks.report import Bar, Table, say
from quadcim.boards.targets import find_target
from quadcim.cores.cases import load_case
from quadcim.generate import generate_case
from quadcim.spec.presets import PRESETS
from quadcim.synth.ends import FAST_MHZ
from quadcim.synth.flow import Request, synthesise
from quadcim.synth.scaling import DELAY_SPREAD, ENERGY_SPREAD

__all__ = ["measure"]

_PRESET = "phi16-small"


def measure(nodes: Mapping[Path, int | None] | None = None) -> Table:
    """Synthesise a unit for speed with each library whose node is known, and scale delay and energy to 28 nm.

    Parameters
    ----------
    nodes : dict of Path to int or None, optional
        Libraries and their nodes in nm; by default `nodes_nm`.
    """
    found = {path: node for path, node in (nodes_nm() if nodes is None else nodes).items() if node is not None}
    table = Table(f"{_PRESET} scaled to 28 nm", "Mapped for speed; energy with the case's vectors at full speed."
                  if found else NO_LIBRARY,
                  ("library", "node, nm", "supply, V", "period, ps", "pJ a beat", "28 nm: um2", "period, ps",
                   "pJ a beat"))
    periods, energies = [], []
    with tempfile.TemporaryDirectory() as folder:
        case = Path(folder, "case")
        generate_case(PRESETS[_PRESET], target=find_target("asic28"), out=case)
        for path, node in found.items():
            say(f"scaling: {path.name}")
            (out := Path(folder, path.name)).mkdir()
            result = synthesise(Request(load_case(case), path, None, FAST_MHZ, node), out, report=lambda _text: None)
            estimate, timing, power = result.estimate, result.timing, result.power
            if estimate is None or timing is None or estimate.shortest_period_ps is None:
                continue
            periods.append(estimate.shortest_period_ps)
            scaled = ""
            if power is not None and estimate.dynamic_uw is not None:
                energies.append(estimate.dynamic_uw / FAST_MHZ)
                scaled = f"{energies[-1]:.3g}"
            table.add(path.name, node, result.library.supply_v, round(timing.shortest_period_ps),
                      f"{power.dynamic_uw / FAST_MHZ:.3g}" if power else "", round(estimate.area_um2),
                      round(periods[-1]), scaled)
    for name, values, limit in (("periods", periods, DELAY_SPREAD), ("energies", energies, ENERGY_SPREAD)):
        if values:
            mean = math.exp(math.fsum(map(math.log, values)) / len(values))
            off = max(max(values) / mean, mean / min(values))
            table.add(f"{name}: geometric mean {mean:.3g}, off by at most {off:.2f} times", *[""] * 7,
                      bars=(Bar(round(off, 1), "<=", limit, "times, as the reports say"),))
    return table
