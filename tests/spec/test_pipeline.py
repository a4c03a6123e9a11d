import itertools
import random

import pytest

from quadcim.spec.errors import IllegalSetting
from quadcim.spec.pipeline import StagePlan, Step, fewest_stages, plan_stages


def brute_force(steps: tuple[Step, ...], stages: int) -> StagePlan:
    """The best plan by trying all."""
    plans = [StagePlan(steps, (*cuts, len(steps) - 1))
             for cuts in itertools.combinations(range(len(steps) - 1), stages - 1)]
    return min(plans, key=lambda plan: (plan.slowest_stage_ps, plan.register_bits,
                                        sum(sum(s.delay_ps for s in stage) ** 2 for stage in plan.stage_steps)))


@pytest.mark.parametrize("number", range(40))
def test_no_placement_is_better(number, seed):
    draw = random.Random(f"{seed} {number}")
    steps = tuple(Step(f"s{k}", draw.randint(1, 40), draw.randint(1, 60)) for k in range(draw.randint(1, 9)))
    for stages in range(1, len(steps) + 1):
        plan, best = plan_stages(steps, stages), brute_force(steps, stages)
        assert plan.stages == plan.latency_cycles == stages
        assert plan.cuts[-1] == len(steps) - 1
        assert (plan.slowest_stage_ps, plan.register_bits) == (best.slowest_stage_ps, best.register_bits)


def test_combinational_plan_has_no_registers():
    plan = plan_stages([Step("a", 3, 8), Step("b", 4, 8)], 0)
    assert (plan.stages, plan.register_bits, plan.slowest_stage_ps) == (0, 0, 7)
    assert plan.stage_steps == (plan.steps,)


@pytest.mark.parametrize("stages", [-1, 3])
def test_out_of_range_names_the_range(stages):
    with pytest.raises(IllegalSetting, match=rf"stages must be 0 to 2 for this unit, got {stages}"):
        plan_stages([Step("a", 3, 8), Step("b", 4, 8)], stages)


def test_fewest_stages_meets_the_clock():
    steps = [Step(str(k), 300, 8) for k in range(6)]
    plans = [plan_stages(steps, stages) for stages in range(1, 7)]
    for stages, clock_mhz in [(1, 500), (2, 900), (3, 1400), (6, 2500)]:
        assert fewest_stages(plans, clock_mhz=clock_mhz, register_ps=100).stages == stages
    with pytest.raises(IllegalSetting, match="clock-mhz must be at most 2500 for this unit"):
        fewest_stages(plans, clock_mhz=2501, register_ps=100)
