import re
import shlex

import pytest

from quadcim.cli import main
from quadcim.cores.cases import load_case
from quadcim.spec.errors import IllegalSetting
from quadcim.sweep.kinds import find_kind
from quadcim.sweep.page import sweep_page
from quadcim.sweep.points import Point
from quadcim.sweep.results import Results


def rows(count: int) -> list[dict]:
    return [{"digest": str(k), "kind": "activation", "function": ("quad", "sine")[k % 2], "width": 6 + k % 8,
             "stages": 1 + k % 3, "lut": 10 + k, "max_error_ulp": 1 / (1 + k)} for k in range(count)]


def test_page_is_whole_and_small():
    page = sweep_page(rows(2000), title="a <b>")
    assert len(page) < 5_000_000 and "a <b>" not in page and "2000 points" in page
    # Nothing is fetched: scripts and styles are in the page.
    assert not re.search(r"<script[^>]+src=|<link[^>]+href=", page)


def test_points_without_figures():
    with pytest.raises(IllegalSetting, match="db must be a database with at least one measured point"):
        sweep_page([{"digest": "0", "kind": "cim", "rows": 4, "errors": {"lut": "no"}}], title="none")
    illegal = rows(1)[0] | {"errors": {"lut": "IllegalSetting: no"}}
    failed = rows(2)[1] | {"errors": {"lut": "OSError: no"}}
    results = Results.drawn([*rows(4), illegal, failed])
    assert (len(results.rows), len(results.illegal), len(results.failed)) == (5, 1, 1)
    assert "5 points, 1 illegal, 1 with errors" in sweep_page([*rows(4), illegal, failed], title="some")
    assert "1 points" in sweep_page([rows(1)[0], {"digest": "x", "kind": "activation", "errors": {}}], title="one")


@pytest.mark.parametrize("kind, settings", [
    ("activation", {"function": "sine", "width": 8, "stages": 2, "technology": "fpga"}),
    ("cim", {"rows": 8, "columns": 2, "activation_bits": 2, "signed": True, "adc": "4:3:0:7:1", "stages": 2})])
def test_commands_rebuild_their_point(kind, settings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(find_kind(kind).rebuild(settings))[1:]) == 0
    case = load_case(tmp_path / "DIR")
    if kind == "activation":
        assert case.spec.stages == 2 and case.spec.activation.input.width == 8
    else:
        assert case.spec == Point(kind, settings).spec
