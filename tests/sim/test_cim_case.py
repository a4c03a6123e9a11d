"""Cases of macros: what the generator writes, the plain testbench and the cocotb regression."""

import json
import re
import shutil
import subprocess
from itertools import pairwise

import pytest

from quadcim.boards.targets import find_target
from quadcim.cores.cases import CoreCase, load_case
from quadcim.cores.cim.stimulus import CimStimulus
from quadcim.generate import generate_case
from quadcim.sim.bulk import BulkSimulator
from quadcim.sim.cosim import simulate
from quadcim.sim.payload import from_integers
from quadcim.sim.tools import find_simulator
from quadcim.sim.vectors import read_vectors
from quadcim.spec.cim import Adc, CimIntegers, CimMacro
from quadcim.spec.formats import Format
from quadcim.spec.narrow import Narrow
from tests.sim.test_bulk import spoiled
from tests.sim.test_testbench import run

pytestmark = [pytest.mark.shared_seeds,
              pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus: apt-get install iverilog")]

_CELLS = tuple((row % 2, int(row % 3 == 0), 1) for row in range(16))
_AFFINE = CimIntegers(None, (3, -2, 1), (1, 2, 3), (-7, 0, 5))
_MACROS = {
    "smallest": (CimMacro(1, 1, 1, stages=1), CimIntegers()),
    "planes": (CimMacro(33, 5, 4, stages=3), CimIntegers()),
    "banks": (CimMacro(16, 3, 4, signed=True, bits_per_cycle=2, encoding="bipolar", banks=3, stages=5,
                       narrow=Narrow(4, "half_up", "saturate", Format.parse("SQ8.0"))), _AFFINE),
    "converters": (CimMacro(16, 3, 2, storage="constant", adc=Adc(5, 3, -1, 6, 1)), CimIntegers(_CELLS)),
    "ultrascale": (CimMacro(24, 4, 3, technology="ultrascale", bits_per_cycle=3, stages=2), CimIntegers()),
    "cells": (CimMacro(24, 4, 8, technology="cells", signed=True, stages=2), CimIntegers()),
}

# Beats that take several cycles, cut off by a reset; and a table of weights that takes longer than a beat.
_STALLING = {
    "constant ones": (CimMacro(12, 2, 4, encoding="bipolar", storage="constant"), CimIntegers(((1, 1),) * 12)),
    "six stages": (CimMacro(7, 2, 4, signed=True, encoding="bipolar", stages=6), CimIntegers()),
    "two stages a plane": (CimMacro(5, 2, 8, bits_per_cycle=4, stages=4), CimIntegers()),
    "lutram, one cycle": (CimMacro(2, 2, 1, storage="lutram", technology="ultrascale", stages=1), CimIntegers()),
    "lutram, selected": (CimMacro(7, 2, 1, storage="lutram", technology="ultrascale", stages=3), CimIntegers()),
    "lutram": (CimMacro(6, 2, 2, storage="lutram", technology="ultrascale", stages=2), CimIntegers()),
}


@pytest.fixture(params=_MACROS)
def case(request, tmp_path):
    return make(request.param, tmp_path / "case")


def make(name: str, folder, target: str = "generic") -> CoreCase:
    macro, integers = _MACROS[name]
    generate_case(macro, integers, target=find_target(target), clock_mhz=100, out=folder)
    return load_case(folder)


def test_plain_testbench_passes(case, tmp_path):
    assert run(case, tmp_path).splitlines() == ["PASS"]


@pytest.mark.parametrize("name", _STALLING)
def test_a_stall_that_is_allowed_passes(name, make_case, tmp_path):
    macro, integers = _STALLING[name]
    assert run(make_case(macro, integers=integers), tmp_path).splitlines() == ["PASS"]


@pytest.mark.parametrize("name", _STALLING)
def test_a_stall_that_is_too_long_fails(name, make_case, tmp_path):
    # From the reset in mid-stream on, every eighth cycle is lost: no result is wrong, and full speed is behind it.
    def spoil(folder):
        (path,) = (folder / "rtl").iterdir()
        text = path.read_text()
        start = text.index(" stage1_moves = ")
        end = text.index(";", start)
        late = """
          reg [7:0] resets = 0, lost = 0;
          always @(posedge clk) begin resets <= resets + rst; lost <= lost + 1; end"""
        moves = text[start:end].replace(" = ", " = ~(resets > 6 & &lost[2:0]) & (") + ");"
        path.write_text(text[:start] + moves + late + text[end + 1:])

    macro, integers = _STALLING[name]
    lines = run(make_case(macro, integers=integers), tmp_path, edit=spoil).splitlines()
    assert lines[-1].startswith("FAIL") and lines[0].startswith("run 2 "), lines


_LATE_WRITES = """\
module t;
  reg clk = 0, rst = 1, i_valid = 0, w_valid = 0, o_ready = 0;
  reg [5:0] w_payload = 0;
  wire i_ready, o_valid, w_ready;
  wire [11:0] o_payload;
  {top} dut (.clk(clk), .rst(rst), .i__payload({{1'b0, 4'd4, 4'd2, 4'd1}}), .i__valid(i_valid), .i__ready(i_ready),
    .o__payload(o_payload), .o__valid(o_valid), .o__ready(o_ready), .w__payload({{1'b0, w_payload[3:0]}}),
    .w__valid(w_valid), .w__ready(w_ready));
  always #5 clk = ~clk;
  integer row;
  task load(input [1:0] weights);
    for (row = 0; row < 3; row = row + 1) begin
      w_valid = 1; w_payload = {{row[1:0], weights}};
      #1 while (!w_ready) @(negedge clk);
      @(negedge clk) w_valid = 0;
    end
  endtask
  always @(posedge clk) if (o_valid && o_ready) $display("%0d %0d", o_payload[5:0], o_payload[11:6]);
  initial begin
    @(negedge clk) rst = 0;
    load(2'b11);
    i_valid = 1;
    repeat (4) @(negedge clk);
    i_valid = 0;
    repeat (16) @(negedge clk);
    fork
      load(2'b00);
      begin repeat (4) @(negedge clk); o_ready = 1; end
    join
    repeat (8) @(negedge clk);
    i_valid = 1;
    @(negedge clk) i_valid = 0;
    repeat (8) @(negedge clk);
    $finish;
  end
endmodule
"""


def test_weights_written_after_beats_do_not_reach_them(make_case, tmp_path):
    case = make_case(CimMacro(3, 2, 4, bits_per_cycle=4, banks=2, stages=4))
    (tmp_path / "t.v").write_text(_LATE_WRITES.format(top=case.top))
    build = ["iverilog", "-g2005", "-o", str(tmp_path / "t"), str(tmp_path / "t.v"), *map(str, case.rtl)]
    subprocess.run(build, check=True)
    said = subprocess.run(["vvp", str(tmp_path / "t")], capture_output=True, text=True, check=True, timeout=20).stdout
    assert said.splitlines() == ["7 7"] * 4 + ["0 0"]


@pytest.mark.parametrize("seed", [None, 1, 2])
@pytest.mark.parametrize("storage", ["registers", "lutram"])
def test_rewrites_end_where_they_began(storage, seed):
    macro = CimMacro(13, 3, 2, storage=storage, technology="ultrascale", banks=2 if storage == "registers" else 1)
    stimulus = CimStimulus(macro, CimIntegers())
    beats = stimulus.inputs()
    first, rewrites = stimulus.expected(beats), stimulus.rewrites(seed)
    results = [then.expected(beats) for _payload, then in rewrites]
    assert results[-1] == first and all(result != first for result in results[len(rewrites) // 2 - 1:-1])
    # In LUTRAM, what does not start a table changes nothing yet.
    changes = [after != before for before, after in pairwise([first, *results])]
    starts = [(payload >> 3 & 15) in (4, 9, 12) for payload, _then in rewrites]
    assert changes == (starts if storage == "lutram" else [True] * len(rewrites))


_WRITTEN = {
    "one stage": CimMacro(5, 2, 4, stages=1), "selected": CimMacro(7, 2, 4, signed=True, encoding="bipolar", stages=6),
    "banks": CimMacro(3, 2, 4, bits_per_cycle=4, banks=2, stages=4),
    "banks of planes": CimMacro(3, 2, 4, banks=2, stages=1), "lutram": _STALLING["lutram"][0],
    "lutram, selected": CimMacro(7, 2, 2, storage="lutram", technology="ultrascale", stages=3),
}


@pytest.mark.parametrize("name", _WRITTEN)
def test_rows_that_change_while_beats_are_computed_pass(name, make_case, tmp_path):
    assert run(make_case(_WRITTEN[name]), tmp_path).splitlines() == ["PASS"]


@pytest.mark.parametrize("name, old, new", [
    ("one stage", r" partly = [^;]*;", " partly = 1'b0;"),                        # into the midst of a beat
    ("selected", r" partly = [^;]*;", " partly = 1'b0;"),
    ("selected", r" write_waits = [^;]*;", " write_waits = 1'b0;"),               # before a plane is read
    ("banks", r" write_waits = [^;]*;", " write_waits = 1'b0;"),
    ("banks of planes", r"assign w__ready = [^;]*;", "assign w__ready = ~partly;"),           # for another bank's beat
    ("lutram", r" partly = [^;]*;", " partly = 1'b0;"),
    ("lutram, selected", r" partly = [^;]*;", " partly = 1'b0;"),
    ("lutram, selected", r"table_waits & stage1_moves", "table_waits"),
    ("one stage", r"assign w__ready = ([^;]*);", r"assign w__ready = ~i__valid & (\1);"),      # later than need be
    ("selected", r"assign w__ready = ([^;]*);", r"assign w__ready = ~i__valid & (\1);"),
    ("lutram", r"assign w__ready = ([^;]*);", r"assign w__ready = ~i__valid & (\1);"),
    ("one stage", r"assign i__ready = ([^;]*);", r"assign i__ready = ~w__valid & (\1);"),      # beats wait for writes
])
def test_rows_that_change_out_of_time_fail(name, old, new, make_case, tmp_path):
    def spoil(folder):
        (path,) = (folder / "rtl").iterdir()
        text, count = re.subn(old, new, path.read_text())
        assert count == 1
        path.write_text(text)

    lines = run(make_case(_WRITTEN[name]), tmp_path, edit=spoil).splitlines()
    assert lines[-1].startswith("FAIL") and lines[0].startswith(("run 3 ", "run 4 ")), lines


def test_cocotb_passes(case, seed):
    result = simulate(case, simulator=find_simulator(), beats=40, seed=seed)
    assert (result.passed, result.failed, result.failures) == (12 + (case.spec.storage != "constant"), 0, ())


def test_both_simulators_and_the_asic_target(simulator, tmp_path, seed):
    for name in ("banks", "converters"):
        result = simulate(make(name, tmp_path / name, "asic28"), simulator=simulator, seed=seed)
        assert result.failed == 0, result.failures


def test_bulk_simulator_takes_the_vectors(case):
    folder, ports = case.folder / "vectors", {port.name: port for port in case.ports}
    if case.spec.storage == "constant":
        inputs = from_integers(read_vectors(folder / "input.hex"), ports["i__payload"].width)
        expected = from_integers(read_vectors(folder / "expected.hex"), ports["o__payload"].width)
        assert (BulkSimulator(case).run(inputs).outputs == expected).all()


def test_same_settings_give_the_same_bytes(tmp_path):
    for folder in ("a", "b"):
        make("banks", tmp_path / folder, "asic28")
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert {path.as_posix() for path in files} == {
        "case.json", "SHA256SUMS", *load_case(tmp_path / "a").manifest["files"]}
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file


def test_manifest_lays_out_the_payloads(tmp_path):
    case = make("banks", tmp_path / "case")
    manifest = json.loads((case.folder / "case.json").read_text())
    assert (manifest["kind"], manifest["latency_cycles"], manifest["initiation_interval_cycles"]) == ("cim", 5, 2)
    layouts = {port["name"]: port["layout"] for port in manifest["ports"] if "layout" in port}
    assert layouts == {
        "i__payload": [{"name": "x", "offset": 0, "width": 4, "format": "SQ4.0", "count": 16},
                       {"name": "bank", "offset": 64, "width": 2, "format": "UQ2.0", "count": 1}],
        "o__payload": [{"name": "y", "offset": 0, "width": 8, "format": "SQ8.0", "count": 3}],
        "w__payload": [{"name": "weight", "offset": 0, "width": 1, "format": "UQ1.0", "count": 3},
                       {"name": "row", "offset": 3, "width": 4, "format": "UQ4.0", "count": 1},
                       {"name": "bank", "offset": 7, "width": 2, "format": "UQ2.0", "count": 1}]}
    assert (case.spec, case.integers) == _MACROS["banks"]


def test_weights_come_from_the_case(tmp_path):
    case = make("planes", tmp_path / "case")
    path = case.folder / "vectors/weights.hex"
    assert case.stimulus.writes() == read_vectors(path) and len(read_vectors(path)) == 33
    path.write_text("".join(f"{31 | row << 5:03x}\n" for row in range(33)))  # all ones: each column is the sum of x
    total = 33 * 15
    payload = (1 << 33 * 4) - 1
    written = case.core.stimulus(case.spec, case.integers, read_vectors(path))
    assert written.expected([payload]) == [sum(total << 9 * column for column in range(5))]


@pytest.mark.parametrize("old, new", [
    ("if (moves[2]) accumulator <=", "if (1'h1) accumulator <="),              # adds what is no plane
    ("settled <= { accumulator[0]", "settled <= { accumulator[1]"),            # a wrong bit
    ("if (write[index])", "if (write[(index + 1) % 33])"),                     # the weight of another row
])
def test_wrong_hardware_fails(old, new, tmp_path):
    case = spoiled(make("planes", tmp_path / "case"), tmp_path, old, new)
    result = simulate(case, simulator=find_simulator())
    assert result.failed and any("first mismatch at cycle" in failure and "y[" in failure
                                 for failure in result.failures)
    assert run(case, tmp_path / "plain").splitlines()[-1].startswith("FAIL")


def test_nothing_survives_the_reset_of_a_full_macro(make_case, tmp_path):
    # Behind a full pipeline a plane waits for the columns; the reset has to drop it.
    macro = CimMacro(8, 3, 4, signed=True, bits_per_cycle=2, encoding="bipolar", banks=2, stages=4)
    case = spoiled(make_case(macro), tmp_path, "if (rst) stage1_valid <= 1'h0;\n    else if", "if")
    lines = run(case, tmp_path / "plain").splitlines()
    assert lines[-1].startswith("FAIL") and lines[0].startswith("run 2 ")


def test_other_weights_show_what_the_first_ones_hide(tmp_path):
    # Row 2's weight goes to row 4, too, which row 4's own write makes good as long as it comes later.
    case = spoiled(make("planes", tmp_path / "case"), tmp_path, "if (write[index])",
                   "if (write[index] | (index == 4 & write[2]))")
    assert run(case, tmp_path / "plain").splitlines()[-1].startswith("FAIL")


def test_missing_weights_fail(tmp_path):
    def lose(folder):
        (folder / "vectors/weights.hex").write_text("0\n")

    assert run(make("planes", tmp_path / "case"), tmp_path, edit=lose).splitlines()[-1] == (
        "FAIL 32 vectors missing: run this in the case directory")
