"""The datasheet of the 28 nm handoff, and its timing diagram against the emitted Verilog."""

import re
import subprocess

import pytest

from quadcim.hw.activation.plans import unit_plan
from quadcim.spec.activation import Activation
from quadcim.spec.formats import Format
from quadcim.spec.unit import ActivationUnit
from tests.boards.asic28.cases import SUBJECTS, build
from tests.boards.helpers import tool


@pytest.fixture(params=SUBJECTS)
def case(request, make_case):
    return build(request.param, make_case)


def _text(case) -> str:
    return (case.folder / f"asic28/{case.top}.md").read_text()


def _section(case, title: str) -> str:
    return re.split(r"^## ", _text(case).partition(f"\n## {title}\n")[2], flags=re.MULTILINE)[0]


def _rows(text: str) -> list[list[str]]:
    """The cells of tables, without heads."""
    lines = [re.split(r"(?<!\\) \| ", line[2:-2]) for line in text.splitlines() if line.startswith("| ")]
    return [cells for index, cells in enumerate(lines) if cells[0] != "---"
            and not (index + 1 < len(lines) and lines[index + 1][0] == "---")]


def test_files_are_listed(case):
    listed = [name.strip("`") for name, _purpose in _rows(_section(case, "Files"))]
    assert sorted(listed) == sorted(path.name for path in (case.folder / "asic28").iterdir())


def test_ports(case):
    rows = [(name.strip("`"), direction, int(width)) for name, direction, width, _ in _rows(_section(case, "Ports"))]
    assert rows == [(port.name, port.direction, port.width) for port in case.ports]
    if case.latency_cycles:
        assert f"| {case.reset.description} |" in _section(case, "Ports")


def test_tables_are_whole(case):
    for block in re.findall(r"(?:^\|.*\n)+", _text(case), re.MULTILINE):
        counts = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(counts) == 1, block


def test_stages(case):
    rows = _rows(_section(case, "Stages"))
    assert len(rows) == case.latency_cycles
    if case.core.name == "activation" and rows:
        plan = unit_plan(case.spec)
        assert [row[1] for row in rows] == [", ".join(step.name for step in steps) for steps in plan.stage_steps]


def test_estimates_are_called_so(case):
    text = _section(case, "Area and power")
    assert "Nothing here is measured" in text and "quadcim synth" in text
    for row in _rows(text):
        assert len(row) != 4 or "estimate" in row[0]
    if case.latency_cycles:
        (bits, gates, um2), = re.findall(r"registers of stages \(estimate\) \| (\d+) bits \| (\d+) \| (\d+) ", text)
        assert (int(gates), int(um2)) == (6 * int(bits), round(0.49 * 6 * int(bits)))
    weights = [row for row in _rows(text) if row[0] == "weights in registers, unless KEEP_MACROS=1 (estimate)"]
    if case.core.name == "cim" and case.spec.storage != "constant":
        macro = case.spec
        bits = macro.rows * macro.columns * macro.banks
        size = f"{macro.columns} x {macro.rows * macro.banks} bits"
        assert weights == [[weights[0][0], size, str(6 * bits), str(round(0.49 * 6 * bits))]]
    else:
        assert not weights
    assert ("Not included: logic, above all that of adders." in text) == (case.core.name == "cim")


def test_gate_equivalents_of_the_report(make_case):
    case = build("3-elastic", make_case)
    gates, = re.findall(r"(\d+) gate equivalents", (case.folder / "report.md").read_text())
    row, = (row for row in _rows(_section(case, "Area and power")) if row[0].startswith("logic"))
    assert row[2:] == [gates, str(round(0.49 * int(gates)))]


@pytest.mark.parametrize("name, words", [("cells", "quadcim_full_adder"), ("loaded-sync-low", "KEEP_MACROS=1"),
                                         ("3-elastic", "None: the unit is plain logic")])
def test_cells_of_a_library(name, words, make_case):
    assert words in _section(build(name, make_case), "Cells that a library may bring")


@pytest.mark.parametrize("generation", ["2001", "2005"])
def test_the_adder_of_a_library_is_verilog(generation, make_case, tmp_path):
    case = build("cells", make_case)
    instance, = re.findall(r"`(FA1D1 .*;)`", _section(case, "Cells that a library may bring"))
    pattern, = set(re.findall(r"\*(\w+)\] ?\.?", _section(case, "Cells that a library may bring")))
    assert instance.split()[1] == pattern
    header = {name: ", ".join(f"{direction} {port}" for direction, ports in (("input", inputs), ("output", outputs))
                              for port in ports.split())
              for name, inputs, outputs in (("quadcim_full_adder", "a b c", "sum carry"), ("FA1D1", "A B CI", "S CO"))}
    (tmp_path / "adder.v").write_text(
        f"module quadcim_full_adder({header['quadcim_full_adder']});\n  {instance}\nendmodule\n"
        f"module FA1D1({header['FA1D1']});\n  assign {{CO, S}} = A + B + CI;\nendmodule\n")
    subprocess.run([tool("iverilog"), f"-g{generation}", "-Wall", "-o", tmp_path / "out", tmp_path / "adder.v"],
                   check=True)


def test_reset_names_what_there_is(case):
    text = _section(case, "Reset")
    planes = case.core.name == "cim" and case.spec.planes > 1
    assert ("counter" in text) == planes
    assert ("removal like hold" in text) == ("It acts at once" in text) == (
        case.reset.asynchronous and bool(case.latency_cycles))


# ---- The diagram says what the hardware does


_BENCH = """\
module bench;
  reg clk = 0; integer cycle;
{declarations}
  {top} dut ({connections});
  initial begin
    for (cycle = 0; cycle < {cycles}; cycle = cycle + 1) begin
{drives}
      #4 {print}
      #1 clk = 1; #5 clk = 0;
    end
    $finish;
  end
endmodule
"""


def _diagram_lines(case) -> list[str]:
    return _section(case, "Timing").split("```")[1].strip("\n").splitlines()


def _diagram(case) -> dict[str, list[str]]:
    """Each signal's level or value in each cycle."""
    waves = {line.split()[0]: line[11:] for line in _diagram_lines(case)}
    return {name: [wave[start + 3] for start in range(0, len(wave), 6)] for name, wave in waves.items()
            if name != "clk"}


def test_diagram_is_what_the_verilog_does(case, tmp_path):
    waves = _diagram(case)
    width = {port.name: port.width for port in case.ports}
    driven = [name for name in waves if name in ("i__valid", "o__ready", "rst", "rst_n")]
    cycles = len(waves["i__valid"])
    high = {name: ["1" if level == "‾" else "0" for level in waves[name]] for name in waves if "payload" not in name}
    kinds = {"input": ("reg", " = 0"), "output": ("wire", "")}
    declarations = "\n".join("  {0} [{2}:0] {3}{1};".format(*kinds[port.direction], port.width - 1, port.name)
                             for port in case.ports if port.name != "clk")
    drives = "\n".join(f"      {name} = {cycles}'b{''.join(reversed(high[name]))} >> cycle;" for name in driven)
    outputs = [name for name in ("i__ready", "o__valid") if name in width]
    bench = _BENCH.format(
        top=case.top, cycles=cycles, drives=drives, declarations=declarations,
        connections=", ".join(f".{name}({name})" for name in width),
        print=f'$display("{" ".join(["%b"] * len(outputs))}", {", ".join(outputs)});')
    (tmp_path / "bench.v").write_text(bench)
    subprocess.run([tool("iverilog"), "-g2005", "-s", "bench", "-o", tmp_path / "out", tmp_path / "bench.v", *case.rtl],
                   check=True)
    said = subprocess.run([tool("vvp"), "-n", tmp_path / "out"], check=True, capture_output=True, text=True).stdout
    seen = [line.split() for line in said.splitlines()]
    # Before the first edge, a synchronous reset has done nothing yet.
    for cycle in range(1 if case.latency_cycles else 0, cycles):
        assert seen[cycle] == [high[name][cycle] for name in outputs], f"cycle {cycle}"


def test_a_long_latency_is_shortened(make_case):
    fmt = Format.parse("SQ2.6")
    unit = ActivationUnit(Activation("sine", fmt, fmt, "faithful"), 9, method="cordic")
    case = make_case(unit, "asic28")
    lines = _diagram_lines(case)
    assert {len(line) for line in lines} == {11 + 12 * 6 + 4}
    assert all(" .. " in line for line in lines)
    assert [line.count("< Y0 >") for line in lines if line.startswith("o__payload")] == [1]
