"""Power intent (UPF, IEEE 1801) of a unit for standard cells."""

from quadcim.boards.handoff import Handoff
from quadcim.boards.text import TclTemplate
from quadcim.spec.quoting import comment

__all__ = ["SUPPLY_V", "power_intent"]

SUPPLY_V = "0.90"
"""The supply that power intent and stubs assume."""

_UPF = TclTemplate("""
# Power intent, IEEE 1801: one domain that is always on, so nothing is isolated, shifted or retained.
#
# To gate its power, add a state {off off} to VDD and a power switch, and clamp the outputs to 0 with set_isolation,
# whose control stays on. @retention
upf_version 2.0

create_power_domain PD_TOP -elements {.}

create_supply_port VDD -domain PD_TOP -direction in
create_supply_port VSS -domain PD_TOP -direction in
create_supply_net VDD -domain PD_TOP
create_supply_net VSS -domain PD_TOP
connect_supply_net VDD -ports {VDD}
connect_supply_net VSS -ports {VSS}
set_domain_supply_net PD_TOP -primary_power_net VDD -primary_ground_net VSS

add_port_state VDD -state {on @supply}
add_port_state VSS -state {ground 0.00}
create_pst states -supplies {VDD VSS}
add_pst_state run -pst states -state {on ground}
""")

_RESET = ("No register holds state that is needed across power-down: hold the reset for a cycle after\n"
          "# power-up; beats that were inside are gone.")
_WEIGHTS = (" Weights are lost too: load them again, or put the registers\n"
            "# that hold them under set_retention.")


def power_intent(handoff: Handoff) -> str:
    """The UPF file."""
    retention = "It has no registers, so nothing is lost." if not handoff.clocked else _RESET
    if handoff.stream("w"):
        retention += _WEIGHTS
    return comment(handoff.header, "#") + _UPF.substitute(retention=retention, supply=SUPPLY_V)
