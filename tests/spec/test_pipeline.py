import itertools
import random

import pytest

from quadcim.hw.activation.plans import unit_steps
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.pipeline import StagePlan, Step, fewest_stages, plan_stages
from quadcim.spec.presets import PRESETS


def placements(steps: tuple[Step, ...], stages: int) -> list[StagePlan]:
    """All placements of so many cuts."""
    return [StagePlan(steps, (*cuts, len(steps) - 1))
            for cuts in itertools.combinations(range(len(steps) - 1), stages - 1)]


def fastest(steps: tuple[Step, ...], stages: int) -> int:
    """The delay of the slowest stage of the best of all placements."""
    return min(plan.slowest_stage_ps for plan in placements(steps, stages))


@pytest.mark.parametrize("number", range(40))
def test_no_placement_is_better(number, seed):
    draw = random.Random(f"{seed} {number}")
    restarts = number % 2  # an adder that is cut takes longer in all
    steps = tuple(Step(f"s{k}", draw.randint(1, 40), draw.randint(1, 60), restarts * draw.randint(0, 20))
                  for k in range(draw.randint(1, 9)))
    best = 0
    for stages in range(1, len(steps) + 1):
        plan, with_one_less, best = plan_stages(steps, stages), best, fastest(steps, stages)
        limit = best + (max(0, min(best // 8, (with_one_less - best) // 2)) if stages > 1 else 0)
        assert plan.stages == plan.latency_cycles == stages
        assert plan.cuts[-1] == len(steps) - 1
        assert plan.slowest_stage_ps <= limit
        assert plan.cost == min(other.cost for other in placements(steps, stages) if other.slowest_stage_ps <= limit)


def test_the_cost_of_a_plan_counts_what_a_cut_adds():
    plan = StagePlan((Step("a", 3, 8, 1), Step("b", 4, 5, 2), Step("c", 5, 2, 7)), (0, 2))
    assert plan.stage_delays_ps == (3 + 1, 4 + 5 + 2)
    assert plan.cost == (8 + 2, 4 * 4 + 11 * 11)


@pytest.mark.parametrize("name", PRESETS)
def test_units_are_near_the_best_of_all_placements(name):
    """Up to 4 stages by trying all; and no stage is for nothing."""
    steps, periods = unit_steps(PRESETS[name]), []
    for stages in range(1, min(4, len(steps)) + 1):
        periods.append(plan_stages(steps, stages).slowest_stage_ps)
        assert periods[-1] <= 1.15 * fastest(steps, stages)
    assert periods == sorted(periods, reverse=True)


def test_a_stage_more_may_be_slower():
    plan = plan_stages([Step("a", 1, 4), Step("b", 10, 4, 5)], 2)
    assert (plan.cuts, plan.slowest_stage_ps) == ((0, 1), 15)


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
