"""A Vivado script that packages the AXI4-Stream wrapper by Vivado's own means, with copies of its sources."""

from quadcim.boards.handoff import Handoff
from quadcim.boards.targets import VCU128_PART
from quadcim.boards.vcu128.ip import (
    FAMILIES,
    LIBRARY,
    VENDOR,
    VERSION,
    axi_streams,
    packaged_description,
    packaged_sources,
    wrapper_name,
)
from quadcim.spec.quoting import comment, tcl_list, tcl_word

__all__ = ["package_script"]

_USAGE = """
# Usage, from any folder: vivado -mode batch -source {script}
# Packages {name} with copies of its sources: a folder for IP repositories that depends on no other.
# (ip/ beside this script is the same package without copies, ready as it is.)
"""
_PACKAGE = """
set here [file dirname [file normalize [info script]]]
set package [file join $here build ip $name]
file delete -force $package
file mkdir $package
create_project -force package_$name [file join $here build package_$name] -part $part
foreach source $sources {
  add_files -norecurse [list [file join $here .. $source]]
}
foreach image $images {
  set file [file join $here .. $image]
  add_files -norecurse [list $file]
  set_property file_type {Memory Initialization Files} [get_files [list $file]]
}
set_property top $name [current_fileset]

ipx::package_project -root_dir $package -vendor $vendor -library $library -taxonomy /UserIP -import_files -force
set core [ipx::current_core]
set_property name $name $core
set_property version $version $core
set_property display_name $name $core
set_property description $description $core
set_property supported_families $families $core
set_property core_revision 1 $core

# The clock and the reset of all streams
ipx::infer_bus_interfaces xilinx.com:interface:axis_rtl:1.0 $core
ipx::infer_bus_interface aclk xilinx.com:signal:clock_rtl:1.0 $core
ipx::infer_bus_interface aresetn xilinx.com:signal:reset_rtl:1.0 $core
foreach stream $streams {
  ipx::associate_bus_interfaces -busif $stream -clock aclk $core
}
ipx::associate_bus_interfaces -clock aclk -reset aresetn $core

ipx::create_xgui_files $core
ipx::update_checksums $core
ipx::check_integrity $core
ipx::save_core $core
set_property ip_repo_paths [list $package] [current_project]
update_ip_catalog -rebuild
puts "packaged $name: add $package to the IP repositories of a project"
"""


def package_script(handoff: Handoff) -> str:
    """Write the script; equal settings give equal bytes."""
    name = wrapper_name(handoff.top)
    values = {
        "name": tcl_word(name), "vendor": VENDOR, "library": LIBRARY, "version": VERSION, "part": VCU128_PART,
        "description": tcl_word(packaged_description(handoff)),
        "families": tcl_list(word for family in FAMILIES for word in (family, "Production")),
        "streams": tcl_list(stream.name for stream in axi_streams(handoff)),
        "images": tcl_list(handoff.images),
        "sources": "\n".join(["{", *(f"  {tcl_word(source)}" for source in packaged_sources(handoff)), "}"]),
    }
    return "".join([
        comment(handoff.header, "#"), _USAGE.format(name=name, script=f"{handoff.top}_package_ip.tcl"),
        *(f"set {key} {value}\n" for key, value in values.items()), _PACKAGE])
