"""Names of cases: what every module, file, core and IP of a case begins with, so that one design can hold them all."""

import re

from quadcim.spec.canonical import digest
from quadcim.spec.errors import IllegalSetting

__all__ = ["KEYWORDS", "LONGEST_NAME", "case_name", "check_case_name"]

LONGEST_NAME = 30
"""In characters: what names begin with it (``_axis``, ``_selftest``, ``_picture``, ``_bit_cells``) has at most 40."""

_NAME = re.compile(f"[A-Za-z][A-Za-z0-9_]{{0,{LONGEST_NAME - 1}}}")
_HASH_DIGITS = 8
_OURS = re.compile("quadcim_.*")
# Of AMD's devices (UG974, UG953): boards instantiate some, and synthesis makes others, whatever module has their name.
_PRIMITIVE = re.compile(r"""
    AND2B1L | BITSLICE_CONTROL | BSCAN\w* | (?:I|O|IO)BUF\w* | BUF[GHIMPRT]\w* | CAPTURE\w* | CARRY\d | CFGLUT5 |
    CMAC\w* | CRC\d+ | DCIRESET | DCM\w* | DNA_PORT\w* | DSP48\w* | EFUSE_USR | \w*EMAC\w* | [IO]?F(?:D\w*)?E(?:_1)? |
    [IO]?FDDR\w* | FIFO\d\w* | FRAME_ECC\w* | GND | GT\w* | HARD_SYNC | HBM_\w* | HPIO_VREF | HS[AD][AD]C | ICAP\w* |
    [IO]DDR\w* | I?O?DELAY\w* | ILKN\w* | INV | (?:IN|OUT)_FIFO | IODRP2\w* | [IO]SERDES\w* | KEEPER | KEY_CLEAR |
    LDC?P?E | LUT\d\w* | MASTER_JTAG | MCB | MMCM\w* | MULT\w* | MUXCY | MUXF\d | OR2L | ORCY | PCIE\w* | PHASER_\w* |
    PHY_CONTROL | PLL\w* | PMCD | POST_CRC_INTERNAL | PPC4\w* | PS[78] | PULL(?:DOWN|UP) | RAM[B\d]\w* | RF[AD][AD]C |
    RIU_OR | ROM\d+X1 | (?:RX)?(?:TX)?_BITSLICE\w* | SPI_ACCESS | SRLC?\d+E? | STARTUP\w* | SUSPEND_SYNC | SYSMON\w* |
    URAM\w* | USR_ACCESS\w* | VCC | VCU | XADC | XORCY""", re.VERBOSE)
# What SystemVerilog has in every scope: a package, and its classes.
_BUILT_IN = "std mailbox process semaphore"
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
KEYWORDS = frozenset(_KEYWORDS.split())
"""Words that no name can be in Verilog."""


def check_case_name(name: str) -> str:
    """Give back a name that a case may have.

    Raises
    ------
    IllegalSetting
        If Verilog, a file system or the models of primitives could take it for anything else, or it is too long.
    """
    reserved = not isinstance(name, str) or name in KEYWORDS or name in _BUILT_IN.split()
    if reserved or not _NAME.fullmatch(name) or _OURS.fullmatch(name) or _PRIMITIVE.fullmatch(name):
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
