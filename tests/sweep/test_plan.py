import pytest

from quadcim.spec.cim import Adc, CimMacro
from quadcim.spec.errors import IllegalSetting
from quadcim.sweep.conditions import holds, names_in
from quadcim.sweep.plan import SweepPlan

_HEAD = 'measure = ["latency"]\n'


def load(folder, text: str) -> SweepPlan:
    (folder / "sweep.toml").write_text(text)
    return SweepPlan.load(folder / "sweep.toml")


def test_grid_fixed_and_further_points(tmp_path):
    plan = load(tmp_path, _HEAD + """
        where = ["stages <= 2 or width > 8", "function != 'sine' or width in [8, 12]"]
        [fixed]
        technology = "fpga"
        [grid]
        function = ["quad", "sine"]
        width = [6, 8, 12]
        stages = "1..3"
        [[points]]
        function = "tanh"
        width = 12
        [[points]]
        function = "quad"
        width = 6
        stages = 1
    """)
    # quad: 2 + 2 + 3; sine: 2 + 3; tanh; the last point is one of the grid.
    assert len(plan.points) == 7 + 5 + 1
    assert {point.all_settings["technology"] for point in plan.points} == {"fpga"}
    assert len({point.digest for point in plan.points}) == len(plan.points)
    assert plan.seconds > 0


def test_macros(tmp_path):
    plan = load(tmp_path, 'kind = "cim"\nmeasure = ["latency", "lut"]\n[grid]\nrows = [8, 16]\ncolumns = [2]\n'
                          'activation_bits = "1..2"\nadc = ["4:3:0:7:1"]\n')
    assert [point.spec for point in plan.points] == [
        CimMacro(rows, 2, bits, adc=Adc(4, 3, 0, 7, 1)) for rows in (8, 16) for bits in (1, 2)]


@pytest.mark.parametrize("text, message", [
    ("=", "sweep must be a TOML file"),
    (_HEAD + "colour = 1", "sweep must be of kind, measure, where, fixed, grid, points, search, got 'colour'"),
    ('kind = "hybrid"\n' + _HEAD, "kind must be one of activation, cim, inr, cnn, got 'hybrid'"),
    ("[grid]\nwidth = [8]", "measure must be some of error, latency, delay, lut, gates, cells, exactness, each once"),
    ('measure = ["power"]\n[grid]\nwidth = [8]', "measure must be of error, latency, .*, got 'power'"),
    ('kind = "cim"\nmeasure = ["error"]\n[grid]\nrows = [8]', "measure must be of latency, .*, got 'error'"),
    (_HEAD + "[grid]\nheight = [8]", "grid must be of function, .*, got 'height'"),
    (_HEAD + "[grid]\nwidth = 8", r'grid.width must be a list of values, or a range such as "1..6", got 8'),
    (_HEAD + '[grid]\nwidth = "8..6"', "grid.width must be a list"),
    (_HEAD + "[grid]\nwidth = [8, 40]", "input must be 2 to 32 bits wide"),
    (_HEAD + '[grid]\nwidth = ["wide"]', "activation must be complete and well typed"),
    (_HEAD + '[grid]\nstages = [1]', "width must be given, unless input and output are, got 'nothing'"),
    (_HEAD + '[grid]\nwidth = [8]\nfunction = ["sin"]', "function must be one of quad"),
    (_HEAD, "sweep must be a file with at least one point"),
    (_HEAD + 'where = ["width ="]\n[grid]\nwidth = [8]', "where must be comparisons of settings and values"),
    (_HEAD + 'where = ["__import__(1)"]\n[grid]\nwidth = [8]', "where must be comparisons of settings and values"),
    (_HEAD + 'where = ["height > 1"]\n[grid]\nwidth = [8]', "where must be of function, .*, got 'height'"),
    (_HEAD + 'where = ["function > 1"]\n[grid]\nwidth = [8]\nfunction = ["quad"]',
     "where must be a comparison of values"),
])
def test_wrong_files(text, message, tmp_path):
    with pytest.raises(IllegalSetting, match=message):
        load(tmp_path, text)


def test_missing_file(tmp_path):
    with pytest.raises(IllegalSetting, match="sweep must be a TOML file that can be read"):
        SweepPlan.load(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("condition, truth", [
    ("a < b < 5", True), ("a + 2 * b == 9", True), ("not a > 0", False), ("a > 0 and b < 0 or c == 'x'", True),
    ("c in ['y', 'x']", True), ("c not in ('x',)", False), ("a - b == -3", True), ("missing == 1", False)])
def test_conditions(condition, truth):
    assert holds(condition, {"a": 1, "b": 4, "c": "x"}) is truth
    assert names_in(condition) <= {"a", "b", "c", "missing"}
