"""Reading Liberty files, also those of somebody who means harm."""

import gzip
import shutil
import subprocess
import time

import pytest

from quadcim.spec.errors import IllegalSetting
from quadcim.synth.liberty import read_library
from quadcim.synth.models import library_models
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
    ("library(x) { cell(a) { area : inf; } }", "inf is no number of a cell"),
    ("library(x) { cell(a) { area : 1e300; } }", "1e300 is no number of a cell"),
    ("library(x) { nom_voltage : nan; }", "nan is no number of a cell"),
    ("library(x) {\n}\n}", "line 3 is none"), ("library(x) {", "a brace is left open"),
    ("library(x) { include_file(/etc/passwd); }", "it includes others"),
    ("", "there is no library in it"), ("\0", "line 1 is none"),
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


_HOSTILE = ("{*}", "[exec\\x20touch\\x20proof]", "$env(HOME)", "a;b", "a b", "a.b", "0a", "\u00e4", "-x", "a" * 257,
            "a/b", "`x`", "$(touch proof)", "<b>", "")


@pytest.mark.parametrize("name", _HOSTILE)
@pytest.mark.parametrize("old, new, what", [
    ("cell(BUF)", 'cell("{}")', "cells"), ("pin(A)", 'pin("{}")', "pins"),
    ('ff("IQ",', 'ff("{}",', "states"),
    ("library(tiny)", 'library("{}")', "a library named in"),
])
def test_names_that_could_be_more_are_refused(old, new, what, name, tmp_path):
    if what == "a library named in" and name in ("a.b", "0a", "-x"):
        pytest.skip("no tool gets to see the name of a library")
    path = tmp_path / "x.lib"
    path.write_text(TINY.read_text().replace(old, new.format(name), 1), encoding="latin-1")
    with pytest.raises(IllegalSetting, match=f"liberty must be a Liberty file .*{what}") as error:
        read_library(path)
    assert len(str(error.value)) < 500 and "\n" not in str(error.value)


_LONG = 200_000


@pytest.mark.parametrize("part", ["a", "/*", '"', "(", "a(", "a(b{", "a(){", "{", "}", "a:", 'a:"', " ", "\\", "//",
                                  'a("', "a\n", "a(b) /*", "a:b;"])
def test_long_nonsense_is_refused_at_once(part, tmp_path):
    path = tmp_path / "x.lib"
    path.write_text(part * _LONG)
    begin = time.process_time()
    with pytest.raises(IllegalSetting, match="liberty must be a Liberty file"):
        read_library(path)
    assert time.process_time() - begin < 2


def _with_function(text: str) -> str:
    """The library, and a cell more, the smallest."""
    pins = "".join(f"pin({chr(65 + index)}) {{ direction : input; }}\n" for index in range(26))
    cell = f'cell(WIDE) {{ area : 0.5; pin(OUT) {{ direction : output; function : "{text}"; }} {pins} }}\n'
    return TINY.read_text().replace("  cell(INV)", f"{cell}  cell(INV)", 1)


def test_a_function_of_26_inputs_is_no_reason_to_wait(tmp_path):
    path = tmp_path / "x.lib"
    path.write_text(_with_function("(" + " & ".join(map(chr, range(65, 91))) + ")'"))
    begin = time.process_time()
    library = read_library(path)
    assert library.driver.name == "BUF" and library.nand2.name == "NAND2" and library.cells["WIDE"].known
    assert time.process_time() - begin < 2


@pytest.mark.parametrize("text", ["(" * 41 + "A" + ")" * 41, "!" * 41 + "A", "A &" * 2000 + " A", "A; $finish",
                                  "A\u00e4", "A[0:1]", "`x`", "$x"])
def test_functions_that_are_none_are_refused(text, tmp_path):
    path = tmp_path / "x.lib"
    path.write_text(_with_function(text), encoding="latin-1")
    with pytest.raises(IllegalSetting, match="no boolean expression"):
        read_library(path)


@pytest.mark.parametrize("text", ["(" * 39 + "A" + ")" * 39, "A" + "'" * 3000, "!(!(!A))"])
def test_deep_functions(text, tmp_path):
    path = tmp_path / "x.lib"
    path.write_text(_with_function(text))
    assert read_library(path).cells["WIDE"].known


def test_groups_in_each_other_have_a_limit(tmp_path):
    path = tmp_path / "x.lib"
    path.write_text("library(x) {" + "a(b) {" * 40 + "}" * 41)
    with pytest.raises(IllegalSetting, match="line 1 is none"):
        read_library(path)


def test_a_bomb_is_refused(tmp_path):
    path = tmp_path / "x.lib.gz"
    with gzip.GzipFile(path, "wb") as file:
        for _ in range(257):
            file.write(b" " * (1 << 20))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(IllegalSetting, match="at most 256 MiB when unpacked"):
        read_library(path)


def test_what_never_ends_is_refused():
    for name in ("/dev/zero", "/dev"):
        with pytest.raises(IllegalSetting, match="liberty must be a Liberty file"):
            read_library(TINY.parent / name)


def test_comments_and_strings_are_read_as_such(tmp_path):
    path = tmp_path / "x.lib"
    path.write_text(TINY.read_text().replace("  cell(INV) {", """  // cell(X) { {
  /* cell(Y) { "*/
  cell (INV) /* { */ {
    notes : "cell(Z) { \\" } ;" ;
    values ( "1, 2", \\
             "3, 4" );
""", 1))
    assert list(read_library(path).cells) == list(read_library(TINY).cells)


@pytest.mark.parametrize("name", LIBRARIES)
def test_models_of_all_cells(name, tmp_path):
    library = read_library(library_file(name))
    text = library_models(library)
    for cell in library.cells.values():
        assert (f"\nmodule {cell.name}(" in text) == cell.known
        assert cell.known or f"{cell.name}" in text.partition("\nmodule ")[0]
    if shutil.which("iverilog"):
        (tmp_path / "cells.v").write_text(text)
        subprocess.run(["iverilog", "-g2005", "-Wall", "-o", "x", "cells.v"], cwd=tmp_path, check=True)


def test_a_buffer_that_may_let_go_is_not_modelled_as_one_that_drives(tmp_path):
    path = tmp_path / "x.lib"
    text = TINY.read_text()
    begin = text.index("cell(BUF)")
    path.write_text(text[:begin] + text[begin:].replace('function : "A";', 'function : "A"; three_state : "E";', 1))
    library = read_library(path)
    assert not library.cells["BUF"].known and library.driver.name != "BUF"
