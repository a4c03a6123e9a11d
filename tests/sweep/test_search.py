import itertools
import random

import pytest

from quadcim.cli import main
from quadcim.spec.errors import IllegalSetting
from quadcim.sweep.engine import run_sweep
from quadcim.sweep.objectives import Objectives
from quadcim.sweep.plan import SweepPlan
from quadcim.sweep.search import FrontSearch
from quadcim.sweep.store import Store

_FILE = """
measure = ["latency", "error"]
[grid]
function = ["quad"]
width = "4..11"
stages = "0..5"
rounding = ["nearest", "faithful"]
technology = ["generic", "fpga"]
[search]
points = 30
minimise = ["max_error", "register_bits"]
seed = 3
"""


def load(folder, text: str = _FILE) -> SweepPlan:
    (folder / "search.toml").write_text(text)
    return SweepPlan.load(folder / "search.toml")


def test_front_against_the_definition(seed):
    draw = random.Random(seed)
    rows = [{"a": draw.randrange(8), "b": draw.randrange(8), "c": draw.random()} for _ in range(200)] + [{"a": 1}]
    objectives = Objectives(("a", "b"), ("c",))

    def better(one, other):
        pairs = [(one["a"], other["a"]), (one["b"], other["b"]), (-one["c"], -other["c"])]
        return all(p <= q for p, q in pairs) and any(p < q for p, q in pairs)

    whole = rows[:-1]
    assert sorted(map(id, objectives.front(rows))) == sorted(
        id(row) for row in whole if not any(better(other, row) for other in whole))


def cost(point) -> dict[str, float]:
    """Figures that are quick to have: a bowl in two settings, against a slope in the others."""
    settings = point.settings
    return {"max_error": 2.0 ** -settings["width"] * (1 + (settings["rounding"] == "faithful")),
            "register_bits": settings["width"] * (1 + abs(settings["stages"] - 2))
            + 5 * (settings["technology"] == "generic")}


def test_a_search_finds_more_of_the_front_than_chance(tmp_path):
    plan = load(tmp_path)
    assert plan.search is not None and plan.count == 30 and len(plan.points) == 8 * 6 * 2 * 2
    figures = {point.digest: cost(point) for point in plan.points}
    costs = plan.search.objectives.costs
    front = {costs(row) for row in plan.search.objectives.front(figures.values())}

    search, asked = FrontSearch(plan, {}), []
    for point in search.points():
        asked.append(point)
        search.tell(point, figures[point.digest])
    assert len(asked) == len({point.digest for point in asked}) == 30
    found = len(front & {costs(figures[point.digest]) for point in asked})
    by_chance = [len(front & {costs(figures[point.digest]) for point in random.Random(k).sample(plan.points, 30)})
                 for k in range(50)]
    assert found > 2 * sum(by_chance) / len(by_chance)


def test_what_is_known_counts_and_everything_is_found_in_the_end(tmp_path):
    plan = load(tmp_path, _FILE.replace("points = 30", "points = 1000"))
    assert plan.count == len(plan.points) == 192
    figures = {point.digest: cost(point) for point in plan.points}
    known = dict(itertools.islice(figures.items(), 100))
    search, asked = FrontSearch(plan, known), []
    for point in search.points():
        asked.append(point.digest)
        search.tell(point, {} if len(asked) % 3 == 0 else figures[point.digest])  # some turn out to be illegal
    assert set(asked) == figures.keys() - known.keys() and len(asked) == 92


def test_a_search_is_resumed(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    load(tmp_path, _FILE.replace("points = 30", "points = 6"))
    assert main(["sweep", "search.toml", "--jobs", "1"]) == 0
    said = capsys.readouterr().out
    assert "6 of 192 points, 6 of them to be measured" in said and "Pareto front of max_error, register_bits:" in said
    plan = load(tmp_path, _FILE.replace("points = 30", "points = 9"))
    store = Store(tmp_path / "search.db")
    try:
        result = run_sweep(plan, store, jobs=1)
        assert (result.measured, result.kept) == (3, 6) and len(store.rows()) == 9
    finally:
        store.close()


@pytest.mark.parametrize("table, message", [
    ("points = 0\nminimise = ['max_error']", "search.points must be a whole number from 1"),
    ("points = 5", "search.minimise must be with maximise 1 to 4 figures"),
    ("points = 5\nminimise = ['lut']", "search.minimise must be of the figures measured: latency_cycles, .*got 'lut'"),
    ("points = 5\nminimise = 'max_error'", "search.minimise must be a list of strings"),
    ("points = 5\nminimise = ['max_error', 'max_error']", "search.minimise must be with maximise"),
    ("points = 5\nminimise = ['max_error']\nbudget = 4", "search must be of points, minimise, maximise, seed"),
    ("points = 5\nminimise = ['max_error']\n[[points]]\nwidth = 4", "search must be with a grid to search"),
])
def test_wrong_searches(table, message, tmp_path):
    with pytest.raises(IllegalSetting, match=message):
        load(tmp_path, _FILE.partition("[search]")[0] + "[search]\n" + table)
