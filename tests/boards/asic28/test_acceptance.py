"""The Verilog of the 28 nm bundle, its testbench and a mapped netlist before tools that others wrote."""

import pytest

from quadcim.hw.emit.yosys import run_passes
from quadcim.synth.flow import Request, synthesise
from tests.acceptance import icarus_accepts, slang_accepts, verilator_accepts
from tests.boards.asic28.cases import SUBJECTS, build
from tests.synth.libraries import TINY


@pytest.fixture(params=SUBJECTS)
def case(request, make_case):
    """A case of each kind and reset."""
    return build(request.param, make_case)


def test_rtl(case):
    icarus_accepts(case.top, case.rtl)
    verilator_accepts(case.top, case.rtl)
    slang_accepts(case.rtl)
    run_passes(["read_verilog", *map(str, case.rtl)], f"hierarchy -check -top {case.top}", "proc", "check -assert")


def test_what_stands_beside_it(case):
    """Stubs of hard macros are empty, so that they read no port; models of them are not."""
    for path in sorted((case.folder / "asic28").glob("*.v")):
        top = path.stem.removesuffix("_stub").removesuffix("_model")
        icarus_accepts(top, [path])
        verilator_accepts(top, [path], *(["-Wno-UNDRIVEN"] if path.stem.endswith("_stub") else []))
        slang_accepts([path])
        run_passes(["read_verilog", str(path)], f"hierarchy -check -top {top}")


def test_testbench(case):
    bench = [*(case.folder / "tb").glob("*.v"), *case.rtl]
    # The RTL has no time scale, and takes the testbench's.
    icarus_accepts(f"{case.top}_tb", bench, "-Wno-timescale")
    slang_accepts(bench)


def test_netlist(case, tmp_path):
    synthesise(Request(case, TINY, None, 100, None), tmp_path, report=lambda _text: None)
    files = [tmp_path / "netlist.v", *(tmp_path / name for name in ("cells.v",) if (tmp_path / name).exists())]
    slang_accepts(files)
    run_passes(["read_verilog", *map(str, files)], f"hierarchy -top {case.top}", "proc", "check -assert")
    if len(files) == 2:
        icarus_accepts(case.top, files)
