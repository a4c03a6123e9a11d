"""What targets add to a case: for the board, Verilog that all tools accept, and the same bytes everywhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from quadcim.boards.targets import find_target
from quadcim.generate import generate_case
from quadcim.hw.emit.yosys import run_passes
from quadcim.sim.case import Case
from quadcim.spec.errors import IllegalSetting
from tests.acceptance import icarus_accepts, slang_accepts, verilator_accepts
from tests.boards.conftest import board_case
from tests.boards.helpers import write
from tests.conftest import make_unit

PRIMITIVES = Path(__file__).with_name("primitives.v")
_SELF_TESTED = ("combinational", "two-stages", "without-backpressure")


def _designs(case: Case) -> list[tuple[str, list[Path]]]:
    """The modules for the board, and the sources of each."""
    folder, top = case.folder / "vcu128", case.top
    axis = folder / f"{top}_axis.v"
    return [(path.stem, [*case.simulation_sources, *dict.fromkeys([axis, path]), PRIMITIVES])
            for path in sorted(folder.glob("*.v"))]


def test_the_generic_target_adds_nothing(make_case):
    case = make_case(make_unit("SQ2.4", "SQ2.5", "nearest", 2, "elastic"))
    assert not [name for name in ("vcu128", "asic28") if (case.folder / name).exists()]


def test_files_for_the_board(case, request):
    designs = ["board", *(["selftest"] if request.node.callspec.params["case"] in _SELF_TESTED else [])]
    ends = ["axis.v", "axis.tcl", "axis.xdc", "host.py", "program.tcl", "project.tcl",
            *(f"{design}.{kind}" for design in designs for kind in ("v", "xdc"))]
    names = ["README.md", *(f"{case.top}_{end}" for end in ends)]
    there = {path.name for path in (case.folder / "vcu128").iterdir()}
    assert there >= set(names)
    assert not [name for name in there.difference(names) if "selftest" in name or "picture" in name]
    for name in names:
        text = (case.folder / "vcu128" / name).read_text()
        opening = {".v": f"// {case.top}\n", ".md": f"# {case.top} on the VCU128\n"}
        assert text.startswith(opening.get(Path(name).suffix, f"# {case.top}\n")), name
        assert case.manifest["digest"] in text, name
        assert text.endswith("\n") and not text.endswith("\n\n"), name
        assert "\t" not in text
        assert not re.search(r" $", text, re.MULTILINE), name


def test_module_names_are_the_case_s_own(case):
    own = [f"{case.top}_{name}" for name in ("axis", "board", "link", "selftest")]
    for path in sorted((case.folder / "vcu128").glob("*.v")):
        modules = re.findall(r"^module (\S+)", path.read_text(), re.MULTILINE)
        assert modules[0] == path.stem
        assert all(any(name == known or name.startswith(f"{known}_") for known in own) for name in modules)


def test_axi_wrapper_has_exactly_these_ports(case):
    text = (case.folder / f"vcu128/{case.top}_axis.v").read_text().partition("endmodule")[0]
    ports = re.findall(r"^  (input|output) (?:wire|reg) (?:signed )?(?:\[(\d+):0\] )?(\w+)", text, re.MULTILINE)
    expected = {"aclk": ("input", 1), "aresetn": ("input", 1)}
    for port in case.ports:
        if port.layout:
            prefix = {"i": "s_axis", "w": "s_axis_w", "o": "m_axis"}[port.name[0]]
            back = {"input": "output", "output": "input"}[port.direction]
            expected |= {f"{prefix}_tdata": (port.direction, -(-port.width // 8) * 8),
                         f"{prefix}_tvalid": (port.direction, 1), f"{prefix}_tready": (back, 1)}
            if port.name[0] != "w":
                user_bits = case.manifest["user_bits"]
                expected |= {f"{prefix}_tlast": (port.direction, 1)}
                expected |= {f"{prefix}_tuser": (port.direction, user_bits)} if user_bits else {}
    assert {name: (direction, int(high or 0) + 1) for direction, high, name in ports} == expected


def test_icarus_accepts(case):
    for top, sources in _designs(case):
        icarus_accepts(top, sources)


def test_verilator_accepts(case):
    for top, sources in _designs(case):
        verilator_accepts(top, sources)


def test_slang_accepts(case):
    for _top, sources in _designs(case):
        slang_accepts(sources)


def test_yosys_accepts_with_the_vendor_s_primitives(case):
    for top, sources in _designs(case):
        models = [case.folder / "models/primitives.v", PRIMITIVES]
        run_passes("read_verilog -lib +/xilinx/cells_sim.v +/xilinx/cells_xtra.v",
                   ["read_verilog", *(str(path) for path in sources if path not in models)],
                   f"hierarchy -check -top {top}", "proc", "check -assert")


_GENERATE = """
import sys
from pathlib import Path
from quadcim.boards.targets import find_target
from quadcim.generate import generate_case
from quadcim.spec.cim import CimIntegers, CimMacro
from tests.conftest import make_unit
target, out = find_target("vcu128"), Path(sys.argv[1])
generate_case(make_unit("SQ2.4", "SQ2.5", "nearest", 2, "elastic"), target=target, clock_mhz=400, out=out / "u")
generate_case(CimMacro(4, 2, 2, technology="fpga"), CimIntegers(), target=target, clock_mhz=400, out=out / "m")
"""


def test_same_bytes_in_every_process_and_no_yosys_from_the_path(tmp_path):
    seen = []
    root = Path(__file__).parents[2]
    for run in ("0", "1"):
        programs, home = tmp_path / run / "bin", tmp_path / run / "home"
        write(programs, {"yosys": f"#!/bin/sh\ntouch '{tmp_path}/called'\nexit 1\n"})
        (programs / "yosys").chmod(0o755)
        home.mkdir()
        environment = {**os.environ, "PYTHONHASHSEED": run, "PATH": f"{programs}:{os.environ['PATH']}",
                       "HOME": str(home), "USER": f"user{run}", "PYTHONPATH": str(root)}
        command = [sys.executable, "-W", "error", "-c", _GENERATE, str(home)]
        subprocess.run(command, cwd=home, env=environment, check=True)
        seen.append({path.relative_to(home).as_posix(): path.read_bytes() for path in home.glob("*/vcu128/*.*")})
    assert seen[0] == seen[1]
    assert len(seen[0]) >= 11 + 9
    assert not (tmp_path / "called").exists()
    assert not [name for name, content in seen[0].items() if str(root).encode() in content]


def _generate(tmp_path, *, target: str, clock_mhz: float = 100, user_bits: int = 0) -> None:
    generate_case(make_unit("SQ2.4", "SQ2.4", "nearest", 1, "elastic"), target=find_target(target),
                        clock_mhz=clock_mhz, user_bits=user_bits, out=tmp_path / "case")


@pytest.mark.parametrize("target, user_bits, legal", [
    ("generic", 1, "0 for the target generic, which has no AXI4-Stream ports, got 1"),
    ("asic28", 8, "0 for the target asic28, which has no AXI4-Stream ports, got 8"),
    ("vcu128", 4097, "a whole number from 0 to 4096, got 4097"),
    ("vcu128", -1, "a whole number from 0 to 4096, got -1"),
])
def test_tuser_is_for_axi_stream(tmp_path, target, user_bits, legal):
    with pytest.raises(IllegalSetting, match=f"user-bits must be {legal}"):
        _generate(tmp_path, target=target, user_bits=user_bits)


@pytest.mark.parametrize("clock_mhz", [0, -1, 1e9, float("inf"), float("nan")])
@pytest.mark.parametrize("target", ["generic", "vcu128", "asic28"])
def test_clocks_out_of_range(tmp_path, target, clock_mhz):
    with pytest.raises(IllegalSetting, match=r"clock-mhz must be a number from 1 to 10000, got"):
        _generate(tmp_path, target=target, clock_mhz=clock_mhz)


def test_the_guide_says_what_the_case_is(make_case):
    text = (board_case(make_case, "loaded-banks").folder / "vcu128/README.md").read_text()
    for row in ("| `s_axis` | 5 | 8 x SQ4.0 `x`, UQ1.0 `bank` |", "| `s_axis_w` | 1 | 4 x UQ1.0 `weight`, UQ3.0 `row`",
                "| `B`, 5 bytes of a beat | `B`, 4 bytes of its result |", "| `W`, 1 byte of weights | `W`,",
                "send 5 zeros", "The board holds 64 bytes", "1000000 baud", "out of context, at 400 MHz"):
        assert row in text
    assert "selftest" not in text and "TLAST of a beat of `s_axis` leaves `m_axis` with its result" in text
    text = (board_case(make_case, "combinational").folder / "vcu128/README.md").read_text()
    assert "The design `selftest`" in text and "`W`" not in text and "not ordered" not in text
    for name in re.findall(r"vcu128/(\S+\.(?:tcl|py))", text):
        assert (board_case(make_case, "combinational").folder / "vcu128" / name).is_file()
