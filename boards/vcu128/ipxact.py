"""The AXI4-Stream wrapper as an IP-XACT component (IEEE 1685-2009, which Vivado's IP Integrator reads)."""

from xml.etree import ElementTree as Xml

from quadcim.boards.handoff import Handoff
from quadcim.boards.vcu128.ip import (
    FAMILIES,
    LIBRARY,
    RESET_PARAMETERS,
    VENDOR,
    VERSION,
    AxiStream,
    axi_streams,
    clock_parameters,
    packaged_description,
    packaged_sources,
    status_ports,
    wrapper_name,
)

__all__ = ["component_xml"]

_NAMESPACES = {
    "xmlns:spirit": "http://www.spiritconsortium.org/XMLSchema/SPIRIT/1685-2009", "xmlns:xilinx": "http://www.xilinx.com",
}
_ROOT = "../../"
"""The case directory, seen from ``vcu128/ip/``."""
_VIEWS = {
    "xilinx_verilogsynthesis": ("Synthesis", "verilogSource:vivado.xilinx.com:synthesis"),
    "xilinx_verilogbehavioralsimulation": ("Simulation", "verilogSource:vivado.xilinx.com:simulation"),
}
_OPTIONAL = ("TLAST", "TUSER")
"""Inputs that a sender may lack; then they are 0."""


def component_xml(handoff: Handoff) -> str:
    """Describe ``<top>_axis``, with the case's own files; equal settings give equal bytes."""
    root = Xml.Element("spirit:component", _NAMESPACES)
    _texts(root, vendor=VENDOR, library=LIBRARY, name=wrapper_name(handoff.top), version=VERSION)
    streams = axi_streams(handoff)
    interfaces = _add(root, "busInterfaces")
    for stream in streams:
        _stream(interfaces, stream)
    _signal(interfaces, "aresetn", "reset", "RST", RESET_PARAMETERS)
    _signal(interfaces, "aclk", "clock", "CLK", clock_parameters(handoff))
    _model(_add(root, "model"), handoff, streams)
    _file_sets(_add(root, "fileSets"), handoff)
    _texts(root, description=packaged_description(handoff))
    parameter = _add(_add(root, "parameters"), "parameter")
    _texts(parameter, name="Component_Name")
    _add(parameter, "value", _resolved("user", "PARAM_VALUE.Component_Name"), text=wrapper_name(handoff.top))
    _extensions(_add(root, "vendorExtensions"), handoff)
    Xml.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{Xml.tostring(root, encoding="unicode")}\n'


def _add(parent: Xml.Element, name: str, attributes: dict[str, str] | None = None, text: str | None = None,
         prefix: str = "spirit") -> Xml.Element:
    """Append an element; attributes without a prefix of their own get the element's."""
    element = Xml.SubElement(parent, f"{prefix}:{name}",
                             {f"{prefix}:{key}": value for key, value in (attributes or {}).items()})
    element.text = text
    return element


def _texts(parent: Xml.Element, **texts: str) -> None:
    for name, text in texts.items():
        _add(parent, name, text=text)


def _resolved(how: str, name: str) -> dict[str, str]:
    return {"resolve": how, "id": name}


def _interface(parent: Xml.Element, name: str, kind: tuple[str, str], *, receives: bool,
               ports: dict[str, str], parameters: dict[str, str]) -> None:
    """A bus interface of one of Vivado's types, which are ``xilinx.com:<library>:<name>:1.0``."""
    interface = _add(parent, "busInterface")
    _texts(interface, name=name)
    for element, suffix in (("busType", ""), ("abstractionType", "_rtl")):
        _add(interface, element, {"vendor": "xilinx.com", "library": kind[0], "name": f"{kind[1]}{suffix}",
                                  "version": "1.0"})
    _add(interface, "slave" if receives else "master")
    maps = _add(interface, "portMaps")
    for logical, physical in ports.items():
        entry = _add(maps, "portMap")
        _texts(_add(entry, "logicalPort"), name=logical)
        _texts(_add(entry, "physicalPort"), name=physical)
    values = _add(interface, "parameters")
    for key, value in parameters.items():
        parameter = _add(values, "parameter")
        _texts(parameter, name=key)
        _add(parameter, "value", {"id": f"BUSIFPARAM_VALUE.{name.upper()}.{key}"}, text=value)


def _stream(parent: Xml.Element, stream: AxiStream) -> None:
    _interface(parent, stream.name, ("interface", "axis"), receives=stream.receives,
               ports={logical: stream.port(logical) for logical, _, _ in stream.ports},
               parameters=stream.parameters)


def _signal(parent: Xml.Element, name: str, kind: str, logical: str, parameters: dict[str, str]) -> None:
    _interface(parent, name, ("signal", kind), receives=True, ports={logical: name}, parameters=parameters)


def _model(model: Xml.Element, handoff: Handoff, streams: tuple[AxiStream, ...]) -> None:
    """The views, each with its files, and the ports."""
    views = _add(model, "views")
    for name, (title, environment) in _VIEWS.items():
        view = _add(views, "view")
        _texts(view, name=name, displayName=title, envIdentifier=environment, language="verilog",
               modelName=wrapper_name(handoff.top))
        _texts(_add(view, "fileSetRef"), localName=f"{name}_view_fileset")
    ports = _add(model, "ports")
    for name in ("aclk", "aresetn"):
        _port(ports, name, "in", 1)
    for stream in streams:
        for logical, direction, width in stream.ports:
            _port(ports, stream.port(logical), direction, width, optional=stream.receives and logical in _OPTIONAL)
    for name in status_ports(handoff):
        _port(ports, name, "out", 1)


def _port(parent: Xml.Element, name: str, direction: str, width: int, *, optional: bool = False) -> None:
    port = _add(parent, "port")
    _texts(port, name=name)
    wire = _add(port, "wire")
    _texts(wire, direction=direction)
    if width > 1:
        vector = _add(wire, "vector")
        _add(vector, "left", {"format": "long"}, text=str(width - 1))
        _add(vector, "right", {"format": "long"}, text="0")
    types = _add(_add(wire, "wireTypeDefs"), "wireTypeDef")
    _texts(types, typeName="wire")
    for view in _VIEWS:
        _texts(types, viewNameRef=view)
    if optional:
        _add(_add(wire, "driver"), "defaultValue", {"format": "long"}, text="0")


def _file_sets(parent: Xml.Element, handoff: Handoff) -> None:
    """The same sources for each view: Vivado has models of its own of the primitives that a unit instantiates."""
    for view in _VIEWS:
        group = _add(parent, "fileSet")
        _texts(group, name=f"{view}_view_fileset")
        for name in packaged_sources(handoff):
            _texts(_add(group, "file"), name=f"{_ROOT}{name}", fileType="verilogSource")
        for name in handoff.images:
            _texts(_add(group, "file"), name=f"{_ROOT}{name}", userFileType="mem")


def _extensions(parent: Xml.Element, handoff: Handoff) -> None:
    """What Vivado's catalogue asks for beyond the standard; nothing in it depends on when or where it was made."""
    core = _add(parent, "coreExtensions", prefix="xilinx")
    families = _add(core, "supportedFamilies", prefix="xilinx")
    for family in FAMILIES:
        _add(families, "family", {"lifeCycle": "Production"}, text=family, prefix="xilinx")
    _add(_add(core, "taxonomies", prefix="xilinx"), "taxonomy", text="/UserIP", prefix="xilinx")
    _add(core, "displayName", text=wrapper_name(handoff.top), prefix="xilinx")
    _add(core, "vendorDisplayName", text="quadcim", prefix="xilinx")
    _add(core, "coreRevision", text="1", prefix="xilinx")
