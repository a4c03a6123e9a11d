"""Names of cases: what every module, file, core and IP of a case begins with, so that one design can hold them all."""

import re

from quadcim.spec.canonical import digest
from quadcim.spec.errors import IllegalSetting

__all__ = ["LONGEST_NAME", "case_name", "check_case_name"]

LONGEST_NAME = 30
"""In characters: what names begin with it (``_axis``, ``_tb``, ``_selftest``, ``_bit_cells``) has at most 40."""

_NAME = re.compile(f"[A-Za-z][A-Za-z0-9_]{{0,{LONGEST_NAME - 1}}}")
_HASH_DIGITS = 8
_OURS = re.compile("quadcim_.*|CARRY8|DSP48E2|LUT6_2|RAM32M16")
# Of SystemVerilog (IEEE 1800-2017, annex B), which has those of Verilog among them.
_KEYWORDS = """
    accept_on alias always always_comb always_ff always_latch and assert assign assume automatic before begin bind bins
    binsof bit break buf bufif0 bufif1 byte case casex casez cell chandle checker class clocking cmos config const
    constraint context continue cover covergroup coverpoint cross deassign default defparam design disable dist do edge
    else end endcase endchecker endclass endclocking endconfig endfunction endgenerate endgroup endinterface endmodule
    endpackage endprimitive endprogram endproperty endsequence endspecify endtable endtask enum event eventually expect
    export extends extern final first_match for force foreach forever fork forkjoin function generate genvar global
    highz0 highz1 if iff ifnone ignore_bins illegal_bins implements implies import incdir include initial inout input
    inside instance int integer interconnect interface intersect join join_any join_none large let liblist library local
    localparam logic longint macromodule matches medium modport module nand negedge nettype new nexttime nmos nor
    noshowcancelled not notif0 notif1 null or output package packed parameter pmos posedge primitive priority program
    property protected pull0 pull1 pulldown pullup pulsestyle_ondetect pulsestyle_onevent pure rand randc randcase
    randsequence rcmos real realtime ref reg reject_on release repeat restrict return rnmos rpmos rtran rtranif0
    rtranif1 s_always s_eventually s_nexttime s_until s_until_with scalared sequence shortint shortreal showcancelled
    signed small soft solve specify specparam static string strong strong0 strong1 struct super supply0 supply1
    sync_accept_on sync_reject_on table tagged task this throughout time timeprecision timeunit tran tranif0 tranif1 tri
    tri0 tri1 triand trior trireg type typedef union unique unique0 unsigned until until_with untyped use uwire var
    vectored virtual void wait wait_order wand weak weak0 weak1 while wildcard wire with within wor xnor xor
    """


def check_case_name(name: str) -> str:
    """Give back a name that a case may have.

    Raises
    ------
    IllegalSetting
        If Verilog, a file system or the models of primitives could take it for anything else, or it is too long.
    """
    if not _NAME.fullmatch(name) or name in _KEYWORDS.split() or _OURS.fullmatch(name):
        raise IllegalSetting("name", f"a letter, then at most {LONGEST_NAME - 1} letters, digits and underscores, and "
                             "no keyword, primitive or quadcim_...", name)
    return name


def case_name(readable: str, settings: object) -> str:
    """A name that is unique by construction: a readable part, and a hash of all that the hardware depends on.

    Parameters
    ----------
    readable : str
        What people know it by: a letter, then anything; what a name cannot hold is left out.
    settings : object
        Whatever reaches the Verilog, as JSON.
    """
    words = re.sub("[^a-z0-9]+", "_", readable.lower()).replace("quadcim_", "quadcim")
    return f"{words[:LONGEST_NAME - _HASH_DIGITS - 1].rstrip('_')}_{digest(settings)[:_HASH_DIGITS]}"
