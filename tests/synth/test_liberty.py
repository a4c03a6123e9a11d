"""Reading Liberty files."""

import gzip

import pytest

from quadcim.spec.errors import IllegalSetting
from quadcim.synth.liberty import read_library
from tests.synth.libraries import LIBRARIES, TINY, library_file


def test_tiny():
    library = read_library(TINY)
    assert (library.name, library.supply_v, len(library.cells)) == ("tiny", 1.0, 10)
    assert library.nand2.name == "NAND2" and library.nand2.area_um2 == 2  # not the big one
    assert library.nand2.inputs[0].capacitance_pf == 0.002
    assert library.driver.name == "BUF" and library.launcher is not None and library.launcher.name == "DFF"
    assert (library.tie(True), library.tie(False)) == (("TIEHI", "Y"), ("TIELO", "Y"))
    state = library.cells["DFFR"].flip_flop
    assert state is not None and state.clear is not None
    assert (state.clock.verilog, state.data.verilog, state.clear.verilog) == ("CK", "D", "~RN")
    assert library.cells["DFFR"].gate is None and library.cells["XOR2"].gate is not None


@pytest.mark.parametrize("name", LIBRARIES)
def test_libraries_of_the_host(name):
    library = read_library(library_file(name))
    assert library.nand2.gate is not None and len(library.nand2.inputs) == 2
    assert library.launcher is not None and library.launcher.flip_flop is not None and library.supply_v
    assert library.launcher.flip_flop.clock.truth == (False, True)
    assert 0 < library.nand2.inputs[0].capacitance_pf < 0.1


def test_units_and_compression(tmp_path):
    text = TINY.read_text().replace("capacitive_load_unit(1, pf)", 'capacitive_load_unit (1000,"ff")')
    path = tmp_path / "tiny.lib.gz"
    path.write_bytes(gzip.compress(text.encode()))
    assert read_library(path).nand2.inputs[0].capacitance_pf == pytest.approx(0.002)


@pytest.mark.parametrize("text, message", [
    ("root:x:0:0", "a Liberty file"), ("library(empty) { nom_voltage : 1; }", "a two-input NAND"),
    ("library(x) { capacitive_load_unit(1, \"kg\"); }", "capacitive_load_unit"),
    ("library(x) { cell(a) { area : wide; } }", "could not convert"),
])
def test_what_is_no_library_is_refused(text, message, tmp_path):
    path = tmp_path / "x.lib"
    path.write_text(text)
    with pytest.raises(IllegalSetting, match=message):
        read_library(path)


def test_a_broken_archive_is_refused(tmp_path):
    path = tmp_path / "x.lib.gz"
    path.write_bytes(b"\x1f\x8b\x08\x00" + bytes(range(200)))
    with pytest.raises(IllegalSetting, match="liberty must be a Liberty file"):
        read_library(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(IllegalSetting, match="liberty must be a Liberty file"):
        read_library(tmp_path / "nothing.lib")
