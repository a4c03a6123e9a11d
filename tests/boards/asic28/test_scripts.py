"""The Tcl scripts of the 28 nm handoff: the commands that they issue, and where they stop."""

import re
from pathlib import Path

import pytest

from quadcim.sim.case import Case
from tests.boards.asic28.cases import MACROS, SUBJECTS, build, in_space, run_script

_UNITS = "Time_unit : {time}\nCapacitive_load_unit : {load}"
_ANSWERS = {**dict.fromkeys(("analyze", "elaborate", "link", "compile_ultra", "set_top", "verify", "read_verilog",
                             "link_design"), "1"),
            "get_db": "12.5", "get_attribute": "0.01", "worst_slack": "0.01", "get_timing_paths": "paths",
            "report_units": _UNITS.format(time="1.0e-09 Second(ns)", load="1.0e-12 Farad(pF)")}
_FLOWS = {
    "genus.tcl": ["read_libs", "read_hdl", "elaborate", "check_design", "read_sdc", "check_timing_intent",
                  "syn_generic", "syn_map", "syn_opt", "report_area", "report_timing", "report_power", "report_qor",
                  "write_hdl", "write_sdc", "write_sdf"],
    "dc.tcl": ["analyze", "elaborate", "current_design", "link", "compile_ultra", "change_names", "write", "write_sdc",
               "write_sdf"],
    "sta.tcl": ["read_liberty", "read_verilog", "link_design", "read_sdc", "check_setup", "report_checks",
                "report_power", "write_sdf", "worst_slack"],
    "formality.tcl": ["set_svf", "read_db", "read_verilog", "set_top", "match", "verify"],
    "conformal.do": ["tclmode", "read_library", "read_design", "set_system_mode", "add_compared_points", "compare",
                     "report_verification"],
}


@pytest.fixture(params=SUBJECTS)
def case(request, make_case, tmp_path) -> Case:
    """A copy of a case, under a path with a space."""
    return in_space(build(request.param, make_case), tmp_path)


def run(case: Case, script: str, scratch: Path, *, answers: dict[str, str] | None = None,
        settings: dict[str, str] | None = None) -> tuple[list[list[str]], str]:
    """Run a script from another folder, with files that stand for libraries and netlists."""
    path, known = case.folder / f"asic28/{case.top}_{script}", {}
    for name in ("LIBERTY", "LIBERTY_DB", "NETLIST", "SVF", "MACRO_DB"):
        (scratch / f"a {name}").write_text("")
        known[name] = str(scratch / f"a {name}")
    if path.suffix == ".do":
        commands = re.sub(r"^//.*\n", "", path.read_text(), flags=re.MULTILINE)
        path = scratch / path.name
        # Conformal's exit takes a word that Tcl's own does not.
        path.write_text(commands.removesuffix("exit -force\n"))
        known["ASIC28"] = str(case.folder / "asic28")
    return run_script(path, scratch=scratch, answers=_ANSWERS | (answers or {}), settings=known | (settings or {}))


@pytest.mark.parametrize("script", _FLOWS)
def test_flow(case, script, tmp_path):
    calls, said = run(case, script, tmp_path)
    assert said == "" or said.startswith("worst slack ")
    commands = [call[0] for call in calls]
    assert [command for command in dict.fromkeys(commands) if command in _FLOWS[script]] == _FLOWS[script]
    built = {path.relative_to(case.folder).parts[:3] for path in case.folder.rglob("*") if "build" in path.parts}
    assert built - {("asic28", "build")} == {("asic28", "build", script.partition(".")[0])}
    sources = [str(path) for path in case.rtl]
    words = {word for call in calls for word in call} | {" ".join(call) for call in calls}
    if script != "sta.tcl":
        listed = [word for word in words if all(source in word for source in sources)]
        assert listed, "the sources are not read"


def test_the_sdc_is_the_one_of_the_case(case, tmp_path):
    sdc = str(case.folder / f"asic28/{case.top}.sdc")
    for script in ("genus.tcl", "sta.tcl"):
        assert ["read_sdc", sdc] in run(case, script, tmp_path)[0]
    assert any(call[0] == "create_clock" for call in run(case, "dc.tcl", tmp_path)[0])


@pytest.mark.parametrize("script, library", [
    ("genus.tcl", "LIBERTY"), ("dc.tcl", "LIBERTY_DB"), ("yosys.tcl", "LIBERTY"), ("sta.tcl", "LIBERTY"),
    ("formality.tcl", "LIBERTY_DB"), ("conformal.do", "LIBERTY"), ("equivalence_yosys.tcl", "LIBERTY")])
def test_without_a_library_it_says_which_variable(script, library, make_case, tmp_path):
    case = in_space(build("3-elastic", make_case), tmp_path)
    calls, said = run(case, script, tmp_path, settings={library: "/nowhere/cells"})
    assert said == f"Error: {library} must name a file, got '/nowhere/cells'"
    assert not [call for call in calls if "read" in call[0] or "analyze" in call[0]]


@pytest.mark.parametrize("script, answers, said", [
    ("genus.tcl", {"get_db": "-3.5"}, "Error: timing is not met: worst slack -3.5 ps"),
    ("dc.tcl", {"get_attribute": "-0.25"}, "Error: timing is not met: worst slack -0.25 ns"),
    ("sta.tcl", {"worst_slack": "-0.25"}, "Error: timing is not met: worst slack -0.25 ns"),
    ("genus.tcl", {"get_db": "1.76 -0.5 no_value"}, "Error: timing is not met: worst slack -0.5 ps"),
    ("dc.tcl", {"get_attribute": "1.76 -0.5"}, "Error: timing is not met: worst slack -0.5 ns"),
    ("genus.tcl", {"get_db": ""}, "Error: no path is timed: the slack is ''"),
    ("genus.tcl", {"get_db": "no_value"}, "Error: no path is timed: the slack is 'no_value'"),
    ("dc.tcl", {"get_attribute": ""}, "Error: no path is timed: the slack is ''"),
    ("sta.tcl", {"worst_slack": "1e+30"}, "Error: no path is timed: the slack is '1e+30'"),
    ("dc.tcl", {"report_units": _UNITS.format(time="1.0e-12 Second(ps)", load="1.0e-12 Farad(pF)")},
     "Error: the constraints are in ns and pF, the first library of LIBERTY_DB is not:"),
    ("dc.tcl", {"report_units": _UNITS.format(time="1ns", load="1.0e-15 Farad(fF)")},
     "Error: the constraints are in ns and pF, the first library of LIBERTY_DB is not:"),
    ("sta.tcl", {"link_design": "0"}, "Error: there are unresolved references"),
    ("sta.tcl", {"read_verilog": "0"}, "Error: the netlist cannot be read"),
    ("dc.tcl", {"link": "0"}, "Error: there are unresolved references"),
    ("dc.tcl", {"analyze": "0"}, "Error: analyze failed"),
    ("dc.tcl", {"elaborate": "0"}, "Error: elaborate failed"),
    ("formality.tcl", {"set_top": "0"}, "Error: the RTL has unresolved references"),
    ("formality.tcl", {"verify": "0"}, "Error: the netlist is not proven equivalent: see "),
])
def test_it_stops(script, answers, said, make_case, tmp_path):
    case = in_space(build("3-elastic", make_case), tmp_path)
    calls, error = run(case, script, tmp_path, answers=answers)
    assert error.startswith(said)
    if "link" in answers or "elaborate" in answers or "analyze" in answers:
        assert not {"compile_ultra", "write"} & {call[0] for call in calls}
    if "report_units" in answers:
        assert not {"create_clock", "compile_ultra", "write"} & {call[0] for call in calls}
    if "timing" in said:
        _calls, allowed = run(case, script, tmp_path, answers=answers, settings={"ALLOW_VIOLATIONS": "1"})
        assert allowed.startswith("worst slack -")


def test_genus_takes_black_boxes_for_errors(make_case, tmp_path):
    case = in_space(build("3-elastic", make_case), tmp_path)
    calls, _said = run(case, "genus.tcl", tmp_path, settings={"CLOCK_GATING": "1"})
    before = [" ".join(call) for call in calls][:[call[0] for call in calls].index("elaborate")]
    assert "set_db hdl_error_on_blackbox true" in before
    assert "set_db lp_insert_clock_gating true" in before


@pytest.mark.parametrize("script, command, before", [
    ("genus.tcl", "set_db time_recovery_arcs true", "read_sdc"),
    ("dc.tcl", "set_app_var enable_recovery_removal_arcs true", "create_clock"),
    ("sta.tcl", "set_cmd_units -time ns -capacitance pF", "read_sdc"),
    ("conformal.do", "set_flatten_model -seq_constant", "set_system_mode"),
    ("conformal.do", "set_flatten_model -gated_clock", "set_system_mode"),
    ("conformal.do", "set_analyze_option -auto", "set_system_mode"),
])
def test_what_tools_do_only_if_asked(script, command, before, make_case, tmp_path):
    case = in_space(build("3-elastic", make_case), tmp_path)
    calls, _said = run(case, script, tmp_path)
    assert command in [" ".join(call) for call in calls[:[call[0] for call in calls].index(before)]]


@pytest.mark.parametrize("script, reads", [
    ("genus.tcl", ["read_power_intent", "apply_power_intent", "commit_power_intent", "read_sdc", "syn_generic"]),
    ("dc.tcl", ["link", "load_upf", "set_voltage", "create_clock", "compile_ultra", "save_upf"])])
def test_power_intent_is_read_if_asked(script, reads, make_case, tmp_path):
    case = in_space(build("loaded-async-low", make_case), tmp_path)
    upf = case.folder / f"asic28/{case.top}.upf"
    assert not any(str(upf) in call for call in run(case, script, tmp_path)[0])
    calls, said = run(case, script, tmp_path, settings={"POWER_INTENT": "1"})
    assert said.startswith("worst slack ")
    assert [command for command in dict.fromkeys(call[0] for call in calls) if command in reads] == reads
    assert str(upf) in next(call for call in calls if call[0] in ("read_power_intent", "load_upf"))


@pytest.mark.parametrize("script", ["genus.tcl", "dc.tcl", "yosys.tcl"])
def test_a_failure_leaves_no_results_of_an_earlier_run(script, make_case, tmp_path):
    case = in_space(build("3-elastic", make_case), tmp_path)
    folder = case.folder / "asic28/build" / script.partition(".")[0]
    folder.mkdir(parents=True)
    for name in (f"{case.top}.v", f"{case.top}.sdf", "area.rpt", "notes.txt"):
        (folder / name).write_text("")
    run(case, script, tmp_path, settings=dict.fromkeys(("LIBERTY", "LIBERTY_DB"), "/nowhere"))
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_yosys_reads_the_clock_of_the_sdc(make_case, tmp_path):
    case = in_space(build("3-elastic", make_case), tmp_path)

    def limit(**settings: str) -> str:
        abc, = (call for call in run(case, "yosys.tcl", tmp_path, settings=settings)[0] if call[1] == "abc")
        return abc[-1]

    assert limit() == "1000"
    sdc = case.folder / f"asic28/{case.top}.sdc"
    sdc.write_text(sdc.read_text().replace("1.250", "2.5"))
    assert limit() == "2000"
    assert limit(LOGIC_PS="700") == "700"
    sdc.write_text(sdc.read_text().replace("set clock_period", "set another_period"))
    assert run(case, "yosys.tcl", tmp_path)[1] == f"Error: {sdc} sets no clock_period: set LOGIC_PS"


def test_clock_gating_in_design_compiler(make_case, tmp_path):
    case = in_space(build("3-elastic", make_case), tmp_path)
    assert ["compile_ultra", "-gate_clock"] in run(case, "dc.tcl", tmp_path, settings={"CLOCK_GATING": "1"})[0]
    assert ["compile_ultra"] in run(case, "dc.tcl", tmp_path)[0]


@pytest.mark.parametrize("name", MACROS)
@pytest.mark.parametrize("script", ["genus.tcl", "dc.tcl", "yosys.tcl", "formality.tcl", "conformal.do"])
def test_macros_are_kept(name, script, make_case, tmp_path):
    """Their module leaves the RTL, whole and alone, and their library is read."""
    case = in_space(build(name, make_case), tmp_path)
    calls, said = run(case, script, tmp_path, settings={"KEEP_MACROS": "1"})
    assert said == "" or said.startswith("worst slack ")
    module, folder = f"{case.top}_bit_cells", case.folder / f"asic28/build/{script.partition('.')[0]}"
    kept = (folder / f"rtl/{case.top}.v").read_text()
    whole = (case.folder / f"rtl/{case.top}.v").read_text()
    definition, = re.findall(rf"\nmodule {module} \(.*?\nendmodule\n", whole, re.DOTALL)
    assert kept == whole.replace(definition, "")
    assert f"  {module} cells_0 (" in kept
    libraries = " ".join(word for call in calls for word in call)
    assert (f"{module}.lib" in libraries) != (script in ("dc.tcl", "formality.tcl"))
    assert (str(tmp_path / "a MACRO_DB") in libraries) == (script in ("dc.tcl", "formality.tcl"))
    assert not any(word == str(case.folder / f"rtl/{case.top}.v") for call in calls for word in call)


def test_without_macros_nothing_is_copied(make_case, tmp_path):
    case = in_space(build("3-elastic", make_case), tmp_path)
    calls, _said = run(case, "yosys.tcl", tmp_path, settings={"KEEP_MACROS": "1"})
    assert ["yosys", "read_verilog", f"../../../rtl/{case.top}.v"] in calls
    assert not (case.folder / "asic28/build/yosys/rtl").exists()
