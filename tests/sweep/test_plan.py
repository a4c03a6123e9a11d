import time

import pytest

from quadcim.cli import main
from quadcim.spec.cim import Adc, CimMacro
from quadcim.spec.errors import IllegalSetting
from quadcim.sweep.conditions import Condition
from quadcim.sweep.estimate import Estimate
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
    assert Estimate().total(plan) > 0


def test_macros(tmp_path):
    plan = load(tmp_path, 'kind = "cim"\nmeasure = ["latency", "lut"]\n[grid]\nrows = [8, 16]\ncolumns = [2]\n'
                          'activation_bits = "1..2"\nadc = ["4:3:0:7:1"]\n')
    assert [point.spec for point in plan.points] == [
        CimMacro(rows, 2, bits, adc=Adc(4, 3, 0, 7, 1)) for rows in (8, 16) for bits in (1, 2)]


@pytest.mark.parametrize("text, message", [
    ("=", "sweep must be a TOML file"),
    (_HEAD + "colour = 1", "sweep must be of kind, measure, where, fixed, grid, points, search, got 'colour'"),
    ('kind = "hybrid"\n' + _HEAD, "kind must be one of activation, cim, inr-engine, inr, cnn, got 'hybrid'"),
    ("[grid]\nwidth = [8]",
     "measure must be some of error, latency, delay, lut, fpga, gates, cells, exactness, each once"),
    ('measure = ["power"]\n[grid]\nwidth = [8]', "measure must be of error, latency, .*, got 'power'"),
    ('kind = "cim"\nmeasure = ["error"]\n[grid]\nrows = [8]', "measure must be of latency, .*, got 'error'"),
    (_HEAD + "[grid]\nheight = [8]", "grid must be of function, .*, got 'height'"),
    (_HEAD + "[grid]\nwidth = 8",
     r'grid.width must be a list of values, or a range such as "1..6" .rising, to 999999., got 8'),
    (_HEAD + '[grid]\nwidth = "8..6"', "grid.width must be a list"),
    (_HEAD + "[grid]\nwidth = [8, 40]", "width must be a whole number from 2 to 32, got 40"),
    (_HEAD + '[grid]\nwidth = ["wide"]', "grid.width must be a whole number, got 'wide'"),
    (_HEAD + "[grid]\nwidth = [8, 8.5]", "grid.width must be a whole number, got 8.5"),
    (_HEAD + "[grid]\nwidth = [[1.5]]", "grid.width must be a whole number, got"),
    (_HEAD + "[fixed]\nwidth = true", "fixed.width must be a whole number, got True"),
    (_HEAD + '[[points]]\nwidth = "a"', "points.width must be a whole number, got 'a'"),
    (_HEAD + "[fixed]\nwidth = 2024-01-01", "fixed.width must be a whole number, got 2024-01-01"),
    (_HEAD + "[grid]\nwidth = [8]\nstages = [-1]", "grid.stages must be a whole number of at least 0, or \"auto\""),
    (_HEAD + '[grid]\nwidth = [8]\nstages = ["many"]', "grid.stages must be a whole number of at least 0, or"),
    (_HEAD + '[grid]\nwidth = [8]\nfunction = [1]', "grid.function must be a string, got 1"),
    (_HEAD + '[fixed]\nwidth = 8\nstages = "auto"\ntarget_mhz = 0', "target_mhz must be 1 to 10000, got 0"),
    (_HEAD + '[fixed]\nwidth = 8\nstages = "auto"\ntarget_mhz = nan', "fixed.target_mhz must be a number, got nan"),
    (_HEAD + '[fixed]\nwidth = 8\nliberty = "a\\u0000b"', "fixed.liberty must be a string"),
    ('kind = 1\n' + _HEAD, "kind must be a string, got 1"),
    ('kind = "cim"\n' + _HEAD + "[fixed]\nrows = 8", "columns must be given, got 'nothing'"),
    ('kind = "cim"\n' + _HEAD + '[fixed]\nrows = 8\ncolumns = 2\nactivation_bits = 2\nstorage = "constant"',
     "weights must be given exactly if they are constant"),
    ('kind = "cim"\n' + _HEAD + '[fixed]\nrows = 8\ncolumns = 2\nactivation_bits = 2\nsigned = 1',
     "fixed.signed must be true or false, got 1"),
    ('kind = "inr"\nmeasure = ["psnr"]\n[fixed]\nimage = "a.png"\nomega = "x"', "fixed.omega must be a number"),
    (_HEAD + "[fixed]\n", "sweep must be a file with at least one point"),
    (_HEAD + '[grid]\nstages = [1]', "width must be given, unless input and output are, got 'nothing'"),
    (_HEAD + '[grid]\nwidth = [8]\nfunction = ["sin"]', "function must be one of quad"),
    (_HEAD, "sweep must be a file with at least one point"),
    (_HEAD + 'where = ["width ="]\n[grid]\nwidth = [8]', "where must be comparisons of settings and values"),
    (_HEAD + 'where = ["__import__(1)"]\n[grid]\nwidth = [8]', "where must be comparisons of settings and values"),
    (_HEAD + 'where = ["height > 1"]\n[grid]\nwidth = [8]', "where must be of function, .*, got 'height'"),
    (_HEAD + 'where = ["function > 1"]\n[grid]\nwidth = [8]\nfunction = ["quad"]',
     "where must be a comparison of values"),
    (_HEAD + 'where = ["width > 1"]\n[fixed]\ninput = "SQ2.4"\noutput = "SQ2.4"',
     "where must be a comparison of values of one type, and a point has no width, got"),
    (_HEAD + "[fixed]\nwidth = 99", "width must be a whole number from 2 to 32, got 99"),
])
def test_wrong_files(text, message, tmp_path):
    with pytest.raises(IllegalSetting, match=message):
        load(tmp_path, text)


def test_missing_file(tmp_path):
    with pytest.raises(IllegalSetting, match="sweep must be a TOML file of at most .*No such file"):
        SweepPlan.load(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("condition, truth", [
    ("a < b < 5", True), ("a + 2 * b == 9", True), ("not a > 0", False), ("a > 0 and b < 0 or c == 'x'", True),
    ("c in ['y', 'x']", True), ("c not in ('x',)", False), ("a - b == -3", True), ("missing == 1", False)])
def test_conditions(condition, truth):
    assert Condition(condition).holds({"a": 1, "b": 4, "c": "x"}) is truth
    assert Condition(condition).names <= {"a", "b", "c", "missing"}


def test_fixed_alone_is_one_point(tmp_path):
    (point,) = load(tmp_path, _HEAD + "[fixed]\nwidth = 8").points
    assert point.settings == {"width": 8}
    (point,) = load(tmp_path, _HEAD + "[fixed]\nwidth = 8\n[[points]]\nstages = 2").points
    assert point.settings == {"width": 8, "stages": 2}


def test_stages_of_a_clock_are_points_of_their_own(tmp_path):
    plan = load(tmp_path, _HEAD + '[grid]\nwidth = [8]\nstages = ["auto", 0, 1]\ntarget_mhz = [100, 900.5]')
    assert [point.to_json()["stages"] for point in plan.points] == ["auto", "auto", 0, 1]
    plan = load(tmp_path, _HEAD + 'where = ["stages == \'auto\' or stages > 3"]\n[grid]\nwidth = [8]\n'
                                  'stages = ["auto", 0, 4]')
    assert [point.all_settings["stages"] for point in plan.points] == ["auto", 4]


_LONG = "9" * 4000
_DIGITS = "1234567890" * 5


@pytest.mark.parametrize("text, message", [
    ("[grid]\n" + "\n".join(f'{name} = "1..999999"' for name in ("width", "stages")),
     "grid must be of at most 1000000 points, got 999998000001"),
    ('[grid]\nwidth = "1..9999999"', "grid.width must be a list of values, or a range"),
    ("[search]\npoints = 10\n[grid]\n" + "\n".join(f'{name} = "1..9999"' for name in ("width", "stages")),
     "grid must be of at most 1000000 points"),
    ("where = ['width in [1] * 10000000000']", "where must be a comparison of values of one type"),
    ("where = ['function == \"a\" * 10000000000']", "where must be a comparison of values of one type"),
    (f"where = ['width < {_LONG}']", "where must be conditions of at most 1000 letters"),
    (f"where = ['width < {_DIGITS}']", "where must be a condition with numbers up to"),
    (f"where = ['width * {' * '.join(['9999'] * 100)} > 1']", "where must be a condition with numbers up to"),
    ("where = ['width < 1e999']", "where must be a condition with numbers up to"),
    (f"where = ['{'(' * 400}width{')' * 400} > 1']", "where must be comparisons of settings"),
    (f"where = ['{'-' * 900}width > 1']", "where must be comparisons of settings"),
    (f"where = ['{'not ' * 240}width > 1']", None),
    (f"seed = {'[' * 90000}{']' * 90000}", "sweep must be a TOML file of few levels"),
    (f"seed = {'{a=' * 90000}1{'}' * 90000}", "sweep must be a TOML file of few levels"),
    (f"[fixed]\nwidth = {_LONG}{_LONG}", "sweep must be a TOML file"),
    (f"[fixed]\nwidth = 0x{_LONG * 9}", "fixed.width must be a whole number, got "),
    (f"[grid]\nwidth = [{', '.join(['0.5'] * 9000)}]", "grid.width must be a whole number, got 0.5"),
    (f"[grid]\nwidth = 0.5{'1' * 9000}", "grid.width must be a list of values"),
    (f"function{'.a' * 400_000} = 1", "sweep must be a TOML file of keys with at most 50 dots"),
    ("#" * 2_000_000, "sweep must be a TOML file of at most 1000000 letters"),
])
def test_limits_are_checked_first(text, message, tmp_path, capsys):
    fixed = "" if "[" in text.split("=")[0] else "[fixed]\nwidth = 8"
    (tmp_path / "sweep.toml").write_text(f"{_HEAD}{text}\n{fixed}")
    start = time.monotonic()
    assert main(["sweep", str(tmp_path / "sweep.toml"), "--dry-run"]) == (0 if message is None else 2)
    assert time.monotonic() - start < 10
    said = capsys.readouterr().err
    assert len(said.splitlines()) == (message is not None) and len(said) < 500 and (message or "") in said
