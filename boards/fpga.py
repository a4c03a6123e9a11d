"""Handoff to Vivado for the VCU128: an AXI4-Stream wrapper, and a self-test for the board."""

from quadcim.boards.axi import AxiStreamWrapper
from quadcim.boards.handoff import Handoff
from quadcim.boards.ipxact import component_xml
from quadcim.boards.package_ip import package_script
from quadcim.boards.self_test import checksum, stimulus
from quadcim.boards.units import ExternalUnit
from quadcim.boards.vivado import timing_plan, vivado_plan
from quadcim.hw.verilog import emit_verilog

__all__ = ["vcu128_files"]


def vcu128_files(handoff: Handoff) -> dict[str, str]:
    """Make the files for the board; equal settings give equal bytes."""
    if handoff.kind != "activation":
        return {}
    input, output = (handoff.stream(name)["payload"].format for name in ("i", "o"))
    assert input is not None and output is not None
    top, header = handoff.top, handoff.header

    def instance() -> ExternalUnit:
        return ExternalUnit(module=top, input=input, output=output, stages=handoff.plan.stages)

    about = f"{header}\n\nAXI4-Stream wrapper of this unit: a register slice before it adds 1 cycle of latency"
    wrapper = emit_verilog(AxiStreamWrapper(unit=instance()), name=f"{top}_axis", header=about)
    mask = (1 << input.width) - 1
    outputs = handoff.golden([raw & mask for raw in stimulus(input)], [])
    return {
        f"{top}_axis.v": wrapper.text,
        "ip/component.xml": component_xml(handoff), f"{top}_package_ip.tcl": package_script(handoff),
        **timing_plan(module=top, clock_mhz=handoff.clock_mhz, header=header),
        **vivado_plan(unit=instance(), expected=checksum(outputs, width=output.width), header=header),
    }
