"""Stage plans against all placements of their registers."""

import itertools
from collections.abc import Sequence

from benchmarks.report import Bar, Table
from quadcim.hw.activation.plans import unit_steps
from quadcim.spec.pipeline import StagePlan, plan_stages
from quadcim.spec.presets import PRESETS

__all__ = ["measure"]

_MOST_STAGES = 4
_SLOWER_PERCENT = 15


def measure(names: Sequence[str] = tuple(PRESETS)) -> Table:
    """Compare the slowest stage with that of the fastest of all placements, by the delay estimate."""
    table = Table("Stage plans", f"Up to {_MOST_STAGES} stages, by trying every placement of the registers.",
                  ("preset", "steps", "placements", "slower than the fastest by at most, %", "registers saved, bits"))
    for name in names:
        steps, tried, worst, saved = unit_steps(PRESETS[name]), 0, 0.0, 0
        for stages in range(1, min(_MOST_STAGES, len(steps)) + 1):
            plans = [StagePlan(steps, (*cuts, len(steps) - 1))
                     for cuts in itertools.combinations(range(len(steps) - 1), stages - 1)]
            best = min(plans, key=lambda plan: (plan.slowest_stage_ps, plan.register_bits))
            plan = plan_stages(steps, stages)
            tried += len(plans)
            if best.slowest_stage_ps:
                worst = max(worst, 100 * plan.slowest_stage_ps / best.slowest_stage_ps - 100)
            saved = max(saved, best.register_bits - plan.register_bits)
        table.add(name, len(steps), tried, f"{worst:.1f}", saved,
                  bars=(Bar(round(worst, 1), "<=", _SLOWER_PERCENT, "%"),))
    return table
