"""What Vivado reads beside the ports of an AXI4-Stream wrapper: the interfaces that they belong to.

With these attributes the module is a block of its IP Integrator as it stands, and what it is packaged as.
"""

import re
from collections.abc import Mapping

from quadcim.boards.handoff import Handoff
from quadcim.boards.vcu128.ip import RESET_PARAMETERS, axi_streams, clock_parameters

__all__ = ["with_port_attributes"]


def with_port_attributes(verilog: str, handoff: Handoff) -> str:
    """The wrapper's text with an attribute before each port of its top module, which comes first."""
    attributes = {"aclk": _attribute("signal:clock", "aclk", "CLK", clock_parameters(handoff)),
                  "aresetn": _attribute("signal:reset", "aresetn", "RST", RESET_PARAMETERS)}
    for stream in axi_streams(handoff):
        for number, (logical, _, _) in enumerate(stream.ports):
            # Its parameters stand with one of an interface's ports.
            attributes[stream.port(logical)] = _attribute("interface:axis", stream.name, logical,
                                                          {} if number else stream.parameters)
    return re.sub(r"^  (?:input|output) .*?(\w+),?$", lambda port: attributes.pop(port[1], "") + port[0], verilog,
                  flags=re.MULTILINE)


def _attribute(kind: str, interface: str, logical: str, parameters: Mapping[str, str]) -> str:
    lines = {"X_INTERFACE_INFO": f"xilinx.com:{kind}:1.0 {interface} {logical}"}
    if parameters:
        lines["X_INTERFACE_PARAMETER"] = ", ".join([
            f"XIL_INTERFACENAME {interface}", *(f"{key} {value}" for key, value in parameters.items())])
    return "".join(f'  (* {key} = "{text}" *)\n' for key, text in lines.items())
